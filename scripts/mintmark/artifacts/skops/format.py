"""Write and read estimators as canonical skops files. Reading runs every safety check first."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mintmark.artifacts.skops.canonical import SCHEMA, canonical_bytes
from mintmark.artifacts.skops.nodes import Node, class_name, resolve
from mintmark.artifacts.skops.safety import read_skops
from mintmark.errors import InvalidRegistryError, MintmarkError

# Attributes that hold a memory address and that scikit-learn fills in again when they are missing.
_ADDRESSES = frozenset({"_stop_words_id"})


def import_skops_alone() -> None:
    """Import skops.io without its lists of the types that it trusts by itself, which take longer than all the rest.

    For them it imports all of scikit-learn and looks for every function of scipy.special in every module. Here each
    type has passed Mintmark's list, and skops is told every one of them. For processes of Mintmark's own: whoever else
    calls skops in this one misses those lists.
    """
    import scipy.special
    import sklearn.utils

    listed = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = lambda *_: []
    vars(scipy.special)["__dir__"] = list
    try:
        import skops.io  # noqa: F401
    finally:
        sklearn.utils.all_estimators = listed
        del vars(scipy.special)["__dir__"]


def dump_canonical(estimator: Any) -> bytes:
    """The estimator as a skops file; the same state gives the same bytes in any process.

    Plain `skops.io.load` reads the result. Raises MintmarkError where skops cannot write the estimator.
    """
    import skops.io

    try:
        raw = skops.io.dumps(estimator)
    except Exception as error:
        raise MintmarkError(
            f"{type(estimator).__qualname__} cannot be written as skops: {error}; "
            "leave out lambdas, open files and classes defined in a notebook, or export the model to ONNX"
        ) from error
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members[SCHEMA])
    for _, node in resolve(schema):
        _check_keys(node)
        _drop_addresses(node)
    return canonical_bytes(schema, members)


def load_trusted(source: Path | bytes, *, trusted: Sequence[str] = (), name: str | None = None) -> Any:
    """The object in a skops file, after every check of `skops_safety`. A file is read once.

    `trusted` holds full names of further types that may be loaded. Raises InvalidRegistryError with each
    fault, and MintmarkError where skops cannot build what passed. What is loaded is not the file but what
    the checks saw of it, written again, so that no second reader of zip or JSON can see something else.
    """
    import skops.io

    data = source if isinstance(source, bytes) else source.read_bytes()
    path = name or ("model.skops" if isinstance(source, bytes) else str(source))
    content = read_skops(data, path=path, trusted=trusted)
    if isinstance(content, list):
        raise InvalidRegistryError(content)
    checked = canonical_bytes(content.schema, content.members)
    try:
        return skops.io.loads(checked, trusted=sorted(content.types))
    except Exception as error:
        raise MintmarkError(
            f"{path}: skops cannot load it ({error}); write it with the versions it is read with"
        ) from error


def _check_keys(node: Node) -> None:
    """Keys such as 1 and "1" become one in JSON; skops would lose one of them and say nothing."""
    if node["__loader__"] == "DictNode" and len(node["content"]) != len(node["key_types"]["content"]):
        raise MintmarkError("the model holds a dictionary with keys that are equal as text; use keys of one type")
    if node["__loader__"] == "DictNode" and any(class_name(kind) == "builtins.bool" for kind in _kinds(node)):
        raise MintmarkError(
            "the model holds a dictionary with keys that are booleans, which skops mixes up; use 0 and 1"
        )


def _kinds(node: Node) -> list[Node]:
    kinds: list[Node] = node["key_types"]["content"]
    return kinds


def _drop_addresses(node: Node) -> None:
    if node["__loader__"] != "DictNode" or not _ADDRESSES & node["content"].keys():
        return
    kept = [name for name in node["content"] if name not in _ADDRESSES]
    kinds = dict(zip(node["content"], node["key_types"]["content"], strict=True))
    node["key_types"]["content"] = [kinds[name] for name in kept]
    node["content"] = {name: node["content"][name] for name in kept}
