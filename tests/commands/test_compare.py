from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_two_versions(scratch: Scratch) -> None:
    result = scratch.run("compare", "iris@1.0.0", "iris@production")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["METRIC", "iris@1.0.0", "iris@1.1.0", "DIFFERENCE"]
    assert lines[1].split()[0] == "roc_auc"
    assert lines[1].endswith("measured on other rows")
    assert "PARAMETERS  the same" in result.out
    assert "scripts/train.py  md5:1.0.0   md5:1.1.0" in result.out


def test_a_version_with_itself(scratch: Scratch) -> None:
    result = scratch.run("compare", "iris@1.0.0", "iris@1.0.0")
    assert result.out.count("the same") == 10  # kinds of difference
    assert result.out.count("not tested") == 2
    assert "Not tested: models/iris/model.yaml: the pipeline needs to know the column to predict" in result.out


def test_metrics_that_one_side_lacks_or_half_has(scratch: Scratch) -> None:
    scratch.add_version("iris", "2.0.0", metrics={"roc_auc": {"value": 0.9, "low": 0.8}, "f1": {"value": 0.5}})
    result = scratch.run("compare", "iris@1.0.0", "iris@2.0.0")
    assert result.code == 0
    assert [line.split()[0] for line in result.out.splitlines()[1:4]] == ["roc_auc", "log_loss", "f1"]


def test_json(scratch: Scratch) -> None:
    first = scratch.run("compare", "iris@1.0.0", "iris@1.1.0", "--json")
    assert first == scratch.run("compare", "iris@1.0.0", "iris@1.1.0", "--json")
    document = json.loads(first.out)
    assert (document["first"], document["second"]) == ("iris@1.0.0", "iris@1.1.0")
    assert set(document) == {
        "first", "second", "rows", "basis", "metrics", "parameters", "data", "code", "environment", "signature", "artifact",
        "search", "stages", "slices", "cost",
    }  # fmt: skip
    assert document["metrics"][0]["name"] == "roc_auc"
    assert (document["basis"], document["metrics"][0]["difference"], document["metrics"][0]["test"]) == (
        "other rows", None, None
    )  # fmt: skip


def test_versions_of_two_models(scratch: Scratch) -> None:
    result = scratch.run("compare", "iris@production", "wine@latest")
    assert result.code == 0
    assert "wine@1.0.0" in result.out
    assert "They are two models: their metrics are not compared." in result.out


@pytest.mark.parametrize(
    ("second", "code"),
    [("iris@9.9.9", 1), ("iris", 2), ("rose@latest", 1), ("wine@production", 1), ("iris@candidate", 1)],
)
def test_what_cannot_be_compared(scratch: Scratch, second: str, code: int) -> None:
    result = scratch.run("compare", "iris@1.0.0", second)
    assert (result.code, result.out) == (code, "")
    assert len(result.err.splitlines()) == 1


def test_at_a_day(scratch: Scratch) -> None:
    assert scratch.run("compare", "iris@production", "iris@latest", "--at", "2026-01-04").out.startswith(
        "METRIC    iris@1.0.0"
    )
