"""What a version was made from, what it was measured on, and what of it is code."""

from __future__ import annotations

import pytest

from mintmark.core.provenance.inputs import inputs_of, is_code


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("scripts/train.py", True), ("analysis/Fit.R", True), ("notebooks/eda.ipynb", True), ("run.sh", True),
        ("scripts", True), ("scripts/shared", True), ("scripts/settings.yaml", True), ("src/model.rs", True),
        ("data/train.parquet", False), ("scripts/rows.csv", False), ("requirements.lock", False), ("data/raw", False),
        ("py", False), ("notes.txt", False), ("scripts-old/rows", False), ("archive.py.zip", False),
    ],
)  # fmt: skip
def test_code_is_known_by_its_ending_and_by_where_it_lies(path: str, code: bool) -> None:
    assert is_code(path) == code


def test_each_file_has_the_role_that_its_stages_give_it() -> None:
    record = {
        "artifact": {"md5": "9"},
        "data": [{"role": "training", "path": "out/train.csv", "hash": "sha256:1", "rows": 1}],
        "stages": {
            "prepare": {"cmd": "a", "deps": {"raw.csv": "md5:2", "a.jl": "md5:3"}, "outs": {"out": "md5:4"}},
            "train": {
                "cmd": "b", "outs": {"model.onnx": "md5:9"},
                "deps": {"out/train.csv": "md5:5", "requirements.lock": "md5:6", "raw.csv": "md5:2"},
            },
            "measure": {"cmd": "c", "deps": {"model.onnx": "md5:9", "held-out.csv": "md5:7"}},
        },
        "environment": {"packages": {"numpy": "2.4.6"}},
    }  # fmt: skip
    assert set(inputs_of(record)) == {
        ("data", ("out/train.csv", "sha256:1", "training")),
        ("data", ("out/train.csv", "md5:5", "training")),
        ("data", ("raw.csv", "md5:2", "source")),
        ("data", ("held-out.csv", "md5:7", "evaluation")),
        ("scripts", ("a.jl", "md5:3")),
        ("packages", ("numpy", "2.4.6")),
    }
