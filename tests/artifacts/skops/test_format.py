from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io

from mintmark.artifacts.formats import check_artifact
from mintmark.artifacts.skops.format import dump_canonical, load_trusted
from mintmark.errors import InvalidRegistryError, MintmarkError

FIT_MODELS = Path(__file__).with_name("fit_models.py")


@pytest.mark.long
def test_the_same_fit_gives_the_same_bytes_in_another_process_under_another_hash_seed():
    """The script also checks predictions, writing what was read, and plain skops, for every model."""
    runs = [
        subprocess.Popen(
            [sys.executable, FIT_MODELS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    (first, errors), (second, _) = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors
    assert first.splitlines() == second.splitlines()
    assert len(first.splitlines()) == 19


def test_memory_addresses_times_and_padding_do_not_reach_the_file(data):
    from sklearn.tree import DecisionTreeClassifier

    first = dump_canonical(DecisionTreeClassifier(random_state=0).fit(*data))
    noise = [np.full(n, 0xAB, np.uint8) for n in range(64, 4096, 64)]
    del noise
    assert dump_canonical(DecisionTreeClassifier(random_state=0).fit(*data)) == first
    assert dump_canonical(load_trusted(first)) == first


def test_equal_constants_give_the_same_bytes_whether_or_not_they_are_one_object():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    def pipeline(solvers: tuple[str, str]) -> Pipeline:
        return Pipeline([(f"step {solver}", LogisticRegression(solver=solver)) for solver in solvers])

    shared, apart = "newton-" + "cg", "".join(["newton", "-cg"])
    assert shared is not apart
    assert dump_canonical(pipeline((shared, shared))) == dump_canonical(pipeline((shared, apart)))


def test_sets_are_written_in_one_order():
    from sklearn.feature_extraction.text import CountVectorizer

    words = [f"word {index}" for index in range(40)]
    first = dump_canonical(CountVectorizer(stop_words=set(words)))
    assert first == dump_canonical(CountVectorizer(stop_words={words[-index - 1] for index in range(40)}))
    assert load_trusted(first).stop_words == set(words)


def test_sets_of_things_with_members_are_written_in_one_order(skops_file):
    from sklearn.preprocessing import FunctionTransformer

    from mintmark.artifacts.skops.canonical import canonical_bytes
    from mintmark.artifacts.skops.nodes import resolve

    pairs = {(np.float64(index), "x") for index in range(9)}
    first = dump_canonical(FunctionTransformer(kw_args={"pairs": pairs}))
    file = skops_file(first)
    file.find("set")["content"].reverse()
    for number, item in enumerate(file.find("set")["content"]):
        scalar = item["content"][0]
        file.members[f"new-{number}.npy"] = file.members[scalar["file"]]
        scalar["file"] = f"new-{number}.npy"
    resolve(file.schema)
    assert canonical_bytes(file.schema, file.members) == first


def test_an_estimator_that_occurs_twice_is_written_once_and_loads_as_one(data):
    from sklearn.ensemble import RandomForestClassifier, VotingClassifier

    model = VotingClassifier([("a", RandomForestClassifier(5, random_state=0))]).fit(*data)
    loaded = load_trusted(dump_canonical(model))
    assert loaded.named_estimators_["a"] is loaded.estimators_[0]


def test_what_skops_cannot_write_is_told():
    from sklearn.cluster import Birch

    with pytest.raises(MintmarkError, match="Birch cannot be written as skops"):
        dump_canonical(Birch())


def test_keys_that_json_would_merge_are_told():
    from sklearn.preprocessing import FunctionTransformer

    with pytest.raises(MintmarkError, match="equal as text"):
        dump_canonical(FunctionTransformer(kw_args={1: "a", "1": "b"}))


def test_files_and_bytes_load_alike(dumped, data, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(dumped["forest"])
    table, _ = data
    assert np.array_equal(load_trusted(path).predict(table), load_trusted(dumped["forest"]).predict(table))


def test_a_file_as_skops_writes_it_loads_too(data):
    from sklearn.ensemble import GradientBoostingClassifier

    table, target = data
    model = GradientBoostingClassifier(n_estimators=3).fit(table, target)
    raw = skops.io.dumps(model)
    assert np.array_equal(load_trusted(raw).predict_proba(table), model.predict_proba(table))


def test_an_unlisted_type_stops_the_load_unless_it_is_trusted(data):
    from sklearn.neighbors import KNeighborsClassifier

    raw = dump_canonical(KNeighborsClassifier(algorithm="kd_tree").fit(*data))
    with pytest.raises(InvalidRegistryError, match=r"_kd_tree\.KDTree is not on the list.*algorithm='brute'"):
        load_trusted(raw)
    types = ["sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64"]
    assert load_trusted(raw, trusted=types).predict(data[0]).shape == (120,)


def test_nothing_runs_before_the_checks(take, tmp_path):
    mark = tmp_path / "ran"
    file = take("logistic")
    argument = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": []}
    file.schema["content"]["content"]["memory"] = {
        "__class__": "system", "__module__": "os", "__loader__": "ConstructorFromReduceNode",
        "content": {**argument, "content": [{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode",
                                             "content": f'"touch {mark}"'}]},
    }  # fmt: skip
    with pytest.raises(InvalidRegistryError, match=r"os\.system"):
        load_trusted(file.bytes())
    assert not mark.exists()


def _rezipped(data: bytes, **changes: Any) -> bytes:
    """The members as they are, in a zip that is not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", changes.get("compression", 0)) as new:
        for info in sorted(old.infolist(), key=lambda info: info.filename, reverse=changes.get("reverse", False)):
            fresh = zipfile.ZipInfo(info.filename, changes.get("date", (1980, 1, 1, 0, 0, 0)))
            fresh.create_system, fresh.external_attr, fresh.extra = 3, 0o600 << 16, changes.get("extra", b"")
            fresh.comment, fresh.compress_type = changes.get("note", b""), changes.get("compression", 0)
            new.writestr(fresh, old.read(info))
        for name, content in changes.get("members", {}).items():
            new.writestr(name, content)
        new.comment = changes.get("comment", b"")
    return buffer.getvalue()


def _schema_edited(data: bytes, old: str, new: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members["schema.json"].decode()
    assert old in text
    members["schema.json"] = text.replace(old, new, 1).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o600 << 16
            archive.writestr(info, content)
    return buffer.getvalue()


NOT_CANONICAL = {
    "a pickle that nothing reads": lambda d: _rezipped(d, members={"9.bin": pickle.dumps(print)}),
    "an array that nothing reads": lambda d: _rezipped(d, members={"99.npy": b"x" * 100}),
    "a comment": lambda d: _rezipped(d, comment=b"junk"),
    "a comment of a member": lambda d: _rezipped(d, note=b"junk"),
    "an extra field": lambda d: _rezipped(d, extra=b"\xff\xff\x04\x00junk"),
    "deflated": lambda d: _rezipped(d, compression=zipfile.ZIP_DEFLATED),
    "another order": lambda d: _rezipped(d, reverse=True),
    "another time": lambda d: _rezipped(d, date=(2026, 1, 1, 0, 0, 0)),
    "bytes behind it": lambda d: d + b"junk",
    "spaces in the schema": lambda d: _schema_edited(d, '{"__class__"', '{ "__class__"'),
    "a key twice": lambda d: _schema_edited(d, '"protocol":2', '"protocol":2,"protocol":2'),
    "a field that nothing reads": lambda d: _schema_edited(d, '"protocol":2', '"note":"junk","protocol":2'),
    "a field in a node": lambda d: _schema_edited(d, '"__loader__":"JsonNode"', '"__loader__":"JsonNode","a":"b"'),
    "an id that nobody needs": lambda d: _schema_edited(
        d, '"__loader__":"DictNode"', '"__id__":7,"__loader__":"DictNode"'
    ),
    "a plain value with spaces": lambda d: _schema_edited(d, '"content":"true"', '"content":" true "'),
    "another escape": lambda d: _schema_edited(d, "Pipeline", "\\u0050ipeline"),
}


@pytest.mark.parametrize("how", NOT_CANONICAL)
def test_what_is_not_canonical_is_refused(dumped, how):
    """What no reader reads may hide anything; what loads is the same."""
    data = NOT_CANONICAL[how](dumped["logistic"])
    assert data != dumped["logistic"]
    findings = check_artifact(data, name="model.skops", declared_format="skops")
    assert [finding.rule for finding in findings] == ["R8"]


@pytest.mark.parametrize(
    "name", ["logistic", "forest", "histogram", "boosting", "svc", "kmeans", "categories", "sparse"]
)
def test_what_is_canonical_is_accepted(dumped, name):
    assert check_artifact(dumped[name], name="model.skops", declared_format="skops") == []


def test_values_that_stand_for_a_million_are_refused_before_they_are_written(take, plain_node):
    """Tuples that hold the same tuple twice, by its id: the one form would write out each."""
    from tests.scaffold.work import calls_at_most

    file = take("logistic")
    node = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": [plain_node(1)]}
    for level in range(18):
        again = {**node, "__id__": 10_000 + level}
        node = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode",
                "content": [again, {**again, "content": []}]}  # fmt: skip
    file.attributes("LogisticRegression")["tol"] = node
    data = file.bytes()
    check_artifact(data[:200] + data[200:])  # what it imports is not counted
    with calls_at_most(300_000):
        (finding,) = check_artifact(data, declared_format="skops")
    assert "not in the one form" in finding.message


def test_the_header_of_an_array_has_one_form(take):
    file = take("logistic")
    node = file.find("numpy.ndarray")
    data = file.members[node["file"]]
    start = 10 + int.from_bytes(data[8:10], "little")
    header = data[10:start].rstrip() + b" # junk"
    header += b" " * (64 - (11 + len(header)) % 64) + b"\n"
    file.members[node["file"]] = data[:8] + len(header).to_bytes(2, "little") + header + data[start:]
    assert np.array_equal(file.array(node), take("logistic").array(node))
    assert file.canonical() == take("logistic").canonical()
