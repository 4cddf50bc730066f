"""Whether a record tells how its model was trained: it follows from stages and data, and no field says so."""

from __future__ import annotations

from typing import Any

import pytest

from mintmark.core.provenance.candidate import required_names, stored_names
from mintmark.core.provenance.inputs import inputs_of
from mintmark.core.provenance.training import brought_artifact, is_trained_elsewhere, tells_training

ROWS = {"role": "evaluation", "path": "models/iris/candidate/evaluation.parquet", "hash": "sha256:1", "rows": 9}
TRAINING = {"role": "training", "path": "models/iris/candidate/train.parquet", "hash": "sha256:2", "rows": 20}
BROUGHT = "data/iris/model.onnx"
MADE = "models/iris/candidate/model.onnx"


def record(*stages: dict[str, Any], data: list[Any] | None = None) -> dict[str, Any]:
    named = {f"stage-{number}": stage for number, stage in enumerate(stages)}
    return {"artifact": {"md5": "a"}, "data": data or [ROWS], "stages": named}


MEASURED = {"cmd": "measure", "deps": {BROUGHT: "md5:a", "data/rows.parquet": "md5:b"}, "outs": {MADE: "md5:a"}}


@pytest.mark.parametrize(
    ("told", "about"),
    [
        (BROUGHT, record(MEASURED)),
        (None, record({"cmd": "train", "deps": {"data/rows.csv": "md5:c"}, "outs": {MADE: "md5:a"}})),
        (None, record(MEASURED, data=[TRAINING, ROWS])),
        # One stage trains, and the next one reads what it wrote.
        (None, record({"cmd": "train", "outs": {"m.onnx": "md5:a"}}, {"cmd": "copy", "deps": {"m.onnx": "md5:a"}})),
        (None, {}),
    ],
)
def test_a_model_was_trained_elsewhere_where_a_stage_read_it_and_none_made_it(told: str | None, about: Any) -> None:
    assert brought_artifact(about) == told
    assert is_trained_elsewhere(about) == (told is not None)


@pytest.mark.parametrize("lineage", [[ROWS], [], None, "training", ["training"], [{**TRAINING, "rows": 0}]])
def test_digests_are_left_out_where_no_training_is_told(lineage: Any) -> None:
    assert not tells_training(lineage)
    assert "training-rows.parquet" not in required_names(lineage)
    assert "training-rows.parquet" in stored_names({"training-rows.parquet"}, lineage)


def test_digests_belong_to_a_training_that_is_told() -> None:
    assert tells_training([ROWS, TRAINING])
    assert "training-rows.parquet" in required_names([ROWS, TRAINING])


def test_a_brought_artifact_is_no_data_and_its_rows_are_for_evaluation() -> None:
    found = [key for part, key in inputs_of(record(MEASURED)) if part == "data"]
    assert (BROUGHT, "md5:a") not in [key[:2] for key in found]
    assert ("data/rows.parquet", "md5:b", "evaluation") in found
