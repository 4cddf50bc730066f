"""The stage of a model that was trained elsewhere goes into dvc.yaml, and the rest stays as it is."""

from __future__ import annotations

import pytest
import yaml

from mintmark.beginning.brought_stage import brought_stage, with_stage
from mintmark.errors import MintmarkError

IDENTITY = {"task": "regression", "target": "y", "metric": {"name": "mae"}, "owners": ["@ada"]}
STAGE = brought_stage("iris", "model.onnx", identity=IDENTITY)


@pytest.mark.parametrize(
    "pipeline",
    [
        "",
        "stages:\n",
        "stages: {}\n",
        "# ours\nstages: # all of them\n  # first\n  fit:\n    cmd: fit # it\nartifacts:\n  a: {path: b}\n",
        "vars:\n  - a: 1\n",
        "stages:\n  fit:\n    cmd: fit",
    ],
)
def test_it_is_added_once_and_replaced_by_the_next(pipeline: str) -> None:
    grown = with_stage(pipeline, "iris", STAGE)
    assert yaml.safe_load(grown)["stages"]["register-iris"] == STAGE
    other = brought_stage("iris", "model.skops", identity=IDENTITY, classes=["a b"], carried=["region"])
    replaced = with_stage(grown, "iris", other)
    assert yaml.safe_load(replaced)["stages"]["register-iris"] == other
    assert with_stage(replaced, "iris", STAGE) == grown
    assert [line for line in pipeline.splitlines() if "#" in line and line.strip() not in grown] == []


def test_a_file_without_a_place_for_it_is_told() -> None:
    with pytest.raises(MintmarkError, match="add it:\n  register-iris:"):
        with_stage("stages: {fit: {cmd: fit}}\n", "iris", STAGE)


def test_its_command_says_what_the_rows_do_not() -> None:
    stage = brought_stage("iris", "model.onnx", identity=IDENTITY, classes=["a b", "c"], carried=["region"])
    assert stage["cmd"] == "mintmark register iris --measure --class 'a b' --class c --carry region"
    assert stage["params"] == [{"models/iris/model.yaml": ["task", "target", "metric"]}]
