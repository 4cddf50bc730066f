"""Two tables of predictions side by side, read from files as the program does that compares them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.judging.reproducing import prediction_gap
from mintmark.judging.reproducing.prediction_gap import PredictionGap, compare_predictions

ROWS = {"row": [1, 2, 3], "truth": ["a", "b", "a"], "prediction": ["a", "b", "b"], "probability_a": [0.9, 0.2, 0.4]}


def gap(**changes: Any) -> PredictionGap:
    """Between ROWS and what it is with some columns changed."""
    return compare_predictions(pa.table(ROWS), pa.table({**ROWS, **changes}))


def test_the_same() -> None:
    assert gap() == PredictionGap(rows=3)


def test_numbers_may_differ_by_rounding() -> None:
    found = gap(probability_a=[0.9 + 8e-7, 0.2, 0.4])
    assert (found.differing, found.column) == (0, "probability_a")
    assert found.largest == pytest.approx(8e-7)
    assert gap(probability_a=[0.9 + 1.2e-6, 0.2, 0.4]).differing == 1


def test_the_tolerance_is_that_of_the_recorded_number() -> None:
    recorded, new = pa.table({"prediction": [1e6, 0.0, 0.0]}), pa.table({"prediction": [1e6 + 0.9, 9e-10, 2e-9]})
    assert compare_predictions(recorded, new).differing == 1
    assert compare_predictions(recorded, pa.table({"prediction": [1e6 + 1.0000005, 0.0, 0.0]})).differing == 1


def test_labels_must_be_equal() -> None:
    found = gap(prediction=["a", "b", "a"])
    assert (found.rows, found.differing, found.largest, found.column) == (3, 1, 0.0, "")
    assert gap(prediction=["a", "b", None]).differing == 1
    missing = pa.table({"prediction": ["a", None]})
    assert compare_predictions(missing, missing).differing == 0
    assert compare_predictions(pa.table({"prediction": [0, 1]}), pa.table({"prediction": [0, 2]})).differing == 1
    flags = pa.table({"prediction": [True, False]})
    assert compare_predictions(flags, pa.table({"prediction": [True, True]})).differing == 1


def test_a_row_that_differs_in_two_columns_counts_once() -> None:
    found = gap(prediction=["b", "b", "b"], probability_a=[0.1, 0.2, 0.7])
    assert (found.differing, found.column) == (2, "probability_a")
    assert found.largest == pytest.approx(0.8)


def test_nan_is_nan_and_nothing_else() -> None:
    nan, inf = float("nan"), float("inf")
    odd = pa.table({"prediction": [nan, inf, 1.0]})
    assert compare_predictions(odd, odd) == PredictionGap(rows=3)
    found = compare_predictions(odd, pa.table({"prediction": [1.0, -inf, 1.0]}))
    assert (found.differing, found.largest) == (2, inf)
    assert (
        compare_predictions(pa.table({"prediction": [1.0, None]}), pa.table({"prediction": [1.0, 0.0]})).differing == 1
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"extra": [1, 2, 3]}, "the columns are row, truth, prediction, probability_a, extra where row"),
        ({"row": [1, 3, 2]}, "other rows of the data"),
        ({"row": [1, 2, 3.0000000001]}, "other rows of the data"),
        ({"prediction": [1.0, 2.0, 3.0]}, "the column prediction is of the type double where string is recorded"),
    ],
)
def test_what_cannot_be_compared(changes: dict[str, Any], says: str) -> None:
    found = gap(**changes)
    assert says in found.obstacle
    assert (found.rows, found.differing) == (0, 0)


def test_other_lengths_and_kinds_cannot_be_compared() -> None:
    assert "2 rows where 3" in compare_predictions(pa.table(ROWS), pa.table(ROWS).slice(1)).obstacle
    lists = pa.table({"prediction": [[1.0], [2.0]]})
    assert "list" in compare_predictions(lists, lists).obstacle


def run(first: Path, second: Path) -> Any:
    command = (sys.executable, "-I", str(prediction_gap.__file__), str(first), str(second))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_as_a_program_it_reads_what_every_writer_writes(tmp_path: Path) -> None:
    """Categories and the two types of text that pandas uses are texts to it."""
    frame = pd.DataFrame(ROWS)
    frame.astype({"truth": "category", "prediction": "category"}).to_parquet(tmp_path / "pandas.parquet")
    pq.write_table(pa.table(ROWS), tmp_path / "arrow.parquet", row_group_size=2)
    assert run(tmp_path / "arrow.parquet", tmp_path / "pandas.parquet") == {
        "rows": 3, "differing": 0, "largest": 0.0, "column": "", "obstacle": "",
    }  # fmt: skip
    frame["probability_a"] = np.float32([0.9, 0.2, 0.5])
    frame.to_parquet(tmp_path / "pandas.parquet")
    assert run(tmp_path / "arrow.parquet", tmp_path / "pandas.parquet")["differing"] == 1


def test_as_a_program_it_says_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more PAR1")
    found = run(tmp_path / "broken.parquet", tmp_path / "broken.parquet")
    assert found["obstacle"].startswith("they cannot be read as Parquet: ")
    assert run(tmp_path / "broken.parquet", tmp_path / "missing")["obstacle"]
