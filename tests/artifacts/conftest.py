from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from mintmark.artifacts.skops.canonical import canonical_bytes
from mintmark.artifacts.skops.nodes import resolve

Bytes = bytes  # inside of a class that has a method of that name
Edit = Callable[[dict[str, Any], dict[str, bytes]], None]


def unzip(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The schema and the members of a skops file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(members.pop("schema.json")), members


def zipped(schema: Any, members: dict[str, bytes]) -> bytes:
    text = schema if isinstance(schema, bytes) else json.dumps(schema).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"schema.json": text, **members}.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every node of a schema, parents first."""
    if isinstance(node, dict):
        if "__loader__" in node:
            yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


class Skops:
    """A skops file that tests take apart, change and put together again."""

    def __init__(self, data: bytes) -> None:
        self.schema, self.members = unzip(data)

    def find(self, name: str) -> dict[str, Any]:
        """The first node of a class, named in full or by its last part."""
        return next(n for n in nodes(self.schema) if name in (n["__class__"], f"{n['__module__']}.{n['__class__']}"))

    def attributes(self, name: str) -> dict[str, Any]:
        return self.find(name)["content"]["content"]

    def array(self, node: dict[str, Any]) -> np.ndarray:
        return np.load(io.BytesIO(self.members[node["file"]]))

    def put(self, node: dict[str, Any], array: np.ndarray) -> None:
        """Give a node an array of its own."""
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        self.put_bytes(node, buffer.getvalue())

    def put_bytes(self, node: dict[str, Any], data: bytes) -> None:
        node["file"] = f"new-{len(self.members)}.npy"
        self.members[node["file"]] = data

    def bytes(self) -> bytes:
        return zipped(self.schema, self.members)

    def canonical(self) -> Bytes:
        schema = json.loads(json.dumps(self.schema))
        resolve(schema)
        return canonical_bytes(schema, self.members)


def plain(value: Any) -> dict[str, Any]:
    """A node that holds a plain value."""
    node = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "is_json": True}
    return {**node, "content": json.dumps(value)}


@pytest.fixture(scope="session")
def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    table = random.random((120, 4))
    return table, (table[:, 0] + table[:, 1] > 1).astype(int) + (table[:, 2] > 0.8)


@pytest.fixture(scope="session")
def dumped(data: tuple[np.ndarray, np.ndarray]) -> dict[str, bytes]:
    """Small fitted models as canonical skops, by name."""
    from sklearn.cluster import KMeans
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
    )
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    from mintmark.artifacts.skops.format import dump_canonical

    table, target = data
    models: dict[str, Any] = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
        "forest": RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0),
        "boosting": GradientBoostingClassifier(n_estimators=2, max_depth=2, random_state=np.random.RandomState(0)),
        "histogram": HistGradientBoostingClassifier(max_iter=2, random_state=0, early_stopping=False),
        "svc": SVC(),
        "kmeans": KMeans(3, n_init=1, random_state=0),
        "neighbours": KNeighborsClassifier(algorithm="brute"),
    }
    result = {name: dump_canonical(model.fit(table, target)) for name, model in models.items()}
    words = np.array([["red"], ["green"], ["blue"]], dtype=object)
    result["categories"] = dump_canonical(OneHotEncoder(drop="first").fit(words))
    import scipy.sparse

    result["sparse"] = dump_canonical(SVC().fit(scipy.sparse.csr_matrix(table), target))
    return result


@pytest.fixture
def take(dumped: dict[str, bytes]) -> Callable[[str], Skops]:
    return lambda name: Skops(dumped[name])


@pytest.fixture
def plain_node() -> Callable[[Any], dict[str, Any]]:
    return plain


@pytest.fixture
def zip_of() -> Callable[[Any, dict[str, bytes]], bytes]:
    return zipped


@pytest.fixture
def messages() -> Callable[..., str]:
    """The findings of a skops file as one text."""
    from mintmark.artifacts.skops.safety import inspect_skops

    return lambda data, **kw: "\n".join(map(str, inspect_skops(data, path="model.skops", **kw)))


@pytest.fixture
def skops_file() -> type[Skops]:
    return Skops
