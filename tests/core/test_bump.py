from __future__ import annotations

import copy
from typing import Any

import pytest

from mintmark.core.bump import Changed, changes_between, default_bump, next_version
from mintmark.core.records import Provenance
from mintmark.core.version import Bump, parse_version

DOCUMENT: dict[str, Any] = {
    "model": "iris",
    "artifact": {"md5": "a"},
    "metrics": {"f1": {"value": 0.9}},
    "signature": {
        "inputs": {"length": "float64", "width": "float64"},
        "outputs": {"prediction": {"type": "str", "shape": [None]}},
        "classes": ["a", "b"],
    },
    "parameters": {"seed": 1, "best": {"C": 1}},
    "data": [{"role": "training", "path": "t.parquet", "hash": "sha256:1", "rows": 10}],
    "stages": {
        "prepare@iris": {
            "cmd": "python scripts/prepare.py iris",
            "deps": {"scripts/prepare.py": "md5:1", "data/a.csv": "md5:2", "requirements.lock": "md5:3"},
            "params": {"params.yaml": {"models.iris.prepare": {"split": 0.3}}},
            "outs": {"models/iris/candidate/train.parquet": "md5:4"},
        },
        "train@iris": {"cmd": "x", "deps": {"models/iris/candidate/train.parquet": "md5:4"}},
    },
    "environment": {"python": "3.11.7", "platform": "x", "packages": {"numpy": "2.0"}, "lock": "sha256:5"},
}

CASES: dict[str, tuple[tuple[Any, ...], Any, str, str, Bump]] = {
    "new input": (("signature", "inputs", "height"), "float64", "inputs or outputs", "input height", "major"),
    "input of another type": (("signature", "inputs", "width"), "int64", "inputs or outputs", "input width", "major"),
    "output": (("signature", "outputs", "p"), {"type": "f", "shape": [1]}, "inputs or outputs", "output p", "major"),
    "classes": (("signature", "classes"), ["a"], "inputs or outputs", "classes", "major"),
    "rows": (("data", 0, "rows"), 11, "data", "training t.parquet", "minor"),
    "source": (("stages", "prepare@iris", "deps", "data/a.csv"), "md5:9", "data", "data/a.csv", "minor"),
    "best": (("parameters", "best", "C"), 10, "parameters", "best.C", "minor"),
    "split": (
        ("stages", "prepare@iris", "params", "params.yaml", "models.iris.prepare", "split"),
        0.4,
        "parameters",
        "prepare.split",
        "minor",
    ),
    "script": (
        ("stages", "prepare@iris", "deps", "scripts/prepare.py"),
        "md5:9",
        "code",
        "scripts/prepare.py",
        "minor",
    ),
    "command": (("stages", "train@iris", "cmd"), "y", "code", "command of train@iris", "minor"),
    "package": (("environment", "packages", "numpy"), "2.1", "environment", "numpy", "patch"),
    "lock": (("environment", "lock"), "sha256:6", "environment", "requirements.lock", "patch"),
}


def changes(one: dict[str, Any], other: dict[str, Any]) -> list[Changed]:
    return changes_between(Provenance.from_dict(one), Provenance.from_dict(other))


@pytest.mark.parametrize("name", CASES)
def test_what_changed_decides_the_number(name: str) -> None:
    place, value, kind, shown, part = CASES[name]
    other = copy.deepcopy(DOCUMENT)
    target: Any = other
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    found = changes(DOCUMENT, other)
    assert [(change.kind, change.names) for change in found] == [(kind, (shown,))]
    assert default_bump(found) == part


def test_order_of_inputs_counts() -> None:
    other = copy.deepcopy(DOCUMENT)
    other["signature"]["inputs"] = {"width": "float64", "length": "float64"}
    assert default_bump(changes(DOCUMENT, other)) == "major"


def test_results_and_intermediate_files_do_not_count() -> None:
    other = copy.deepcopy(DOCUMENT)
    other["metrics"]["f1"]["value"] = 0.8
    other["artifact"]["md5"] = "b"
    other["stages"]["train@iris"]["deps"]["models/iris/candidate/train.parquet"] = "md5:8"
    other["stages"]["prepare@iris"]["outs"]["models/iris/candidate/train.parquet"] = "md5:8"
    other["stages"]["prepare@iris"]["deps"]["requirements.lock"] = "md5:8"
    assert changes(DOCUMENT, other) == []
    assert default_bump([]) == "patch"


def test_the_gravest_decides() -> None:
    other = copy.deepcopy(DOCUMENT)
    other["environment"]["python"] = "3.12.0"
    other["parameters"]["seed"] = 2
    found = changes(DOCUMENT, other)
    assert [change.kind for change in found] == ["parameters", "environment"]
    assert default_bump(found) == "minor"


@pytest.mark.parametrize(
    ("parent", "part", "used", "expected"),
    [
        (None, "minor", [], "1.0.0"),
        (None, "patch", ["1.0.0"], "1.0.1"),
        ("1.4.2", "major", [], "2.0.0"),
        ("1.4.2", "minor", ["1.5.0", "1.6.0"], "1.7.0"),
        ("1.4.2", "patch", ["1.4.3"], "1.4.4"),
        ("1.4.2", "patch", ["1.4.3+hotfix"], "1.4.4"),
        ("2.0.0-rc.1", "minor", [], "2.0.0"),
        ("2.0.0-rc.1", "minor", ["2.0.0"], "2.1.0"),
    ],
)
def test_next_version(parent: str | None, part: Bump, used: list[str], expected: str) -> None:
    assert str(next_version(parse_version(parent) if parent else None, part, used)) == expected
