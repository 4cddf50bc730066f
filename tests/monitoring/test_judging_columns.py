"""What is said of one column of a window: true, finite and calm, whatever its values are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from tests.monitoring.test_column_counts import reference

from mintmark.core.model import Thresholds
from mintmark.monitoring.column_counts import count_column
from mintmark.monitoring.judging_columns import JudgedColumns, judge_columns

NORMAL = np.random.default_rng(0).normal(size=400)
ROWS = 500


def judged(before: Any, now: Any, minimum_rows: int = 100) -> JudgedColumns:
    known = reference(before)
    counts = count_column(now if isinstance(now, pa.Array) else pa.array(now), known)
    return judge_columns({"x": (counts, known)}, {}, Thresholds(), watched=(), hidden={}, minimum_rows=minimum_rows,
                         with_drift=True)  # fmt: skip


def words(found: JudgedColumns) -> dict[str, str]:
    return {each.kind: each.words for each in found.raised}


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (NORMAL, [math.inf] * ROWS, {"infinite"}),
        ([True, False] * 200, pa.nulls(ROWS, pa.bool_()), {"missing"}),
        ([3.0] * 400, [4.0] * ROWS, {"unseen", "drift"}),
        (["a", "b", "c"] * 100, ["c"] * ROWS, {"constant", "drift"}),
        ([0, 1] * 200, pa.array([0.0] * 250 + [1.0] * 200 + [None] * 50), {"missing"}),
        (pd.Series([1, 2, None, 3] * 100, dtype="Int64"), pa.array([1.0, 2.0, None, 3.0] * 125), set()),
        ([f"0{number}" for number in range(40)] * 10, pa.array(list(range(40)) * 12), {"unseen", "drift"}),
        (NORMAL * 1e300, [1e308] * ROWS, {"constant", "out-of-range", "drift"}),
        ([0.0, 1.0] * 200, [-0.0, 1.0] * 250, set()),
        (np.array([2**63 + 1, 2**63 + 3] * 200, np.uint64), pa.array([2**63 + 1, 2**63 + 3] * 250, pa.uint64()), set()),
    ],
)  # fmt: skip
def test_every_score_is_finite_and_each_fault_has_its_own_name(before: Any, now: Any, kinds: set[str]) -> None:
    found = judged(before, now)
    (column,) = found.columns
    for score in (column.distance, column.p_value, column.adjusted_p_value):
        assert score is None or 0 <= score <= 1
    assert set(words(found)) == kinds


def test_eight_values_among_missing_ones_raise_nothing_of_their_own() -> None:
    found = judged(NORMAL, [*np.full(8, 99.0), *[None] * (ROWS - 8)])
    assert words(found) == {"missing": '"x" has no value in 98.4% of the rows; in the profile in 0%.'}
    some = judged(NORMAL, [*np.arange(100.0, 250.0), *[None] * 150])
    assert "in 100% of the rows that have a value." in words(some)["out-of-range"]


def test_a_moment_is_written_as_one() -> None:
    hours = pd.Series(pd.date_range("2026-01-01", periods=300, freq="h", tz="UTC"))
    stuck = judged(hours, pa.array([pd.Timestamp("2026-01-05 06:30", tz="UTC")] * ROWS))
    assert words(stuck)["constant"] == '"x" has the same value in all rows: 2026-01-05 06:30.'
    later = judged(hours, pa.array(hours + pd.Timedelta(days=30)))
    assert "(2026-01-01 00:00 to 2026-01-13 11:00) in 100% of the rows." in words(later)["out-of-range"]


def test_a_profile_of_a_few_rows_cannot_tell_how_a_column_is_spread() -> None:
    (column,) = judged([1.5, 2.5, 3.5], NORMAL).columns
    assert (column.drifted, column.reason) == (None, "the profile has 3 rows with a value, and it takes 30")


# -- columns of many levels --------------------------------------------------------------------------------------------

Draw = Callable[[np.random.Generator, int], NDArray[np.int64]]
MANY: dict[str, Draw] = {
    "a thousand alike": lambda random, rows: random.integers(0, 1000, rows),
    "names": lambda random, rows: random.integers(0, 10**9, rows),
    "a hundred alike": lambda random, rows: random.integers(0, 100, rows),
    "a long tail": lambda random, rows: random.zipf(1.3, rows) % 10**6,
    "forty, some rare": lambda random, rows: np.minimum(random.geometric(0.1, rows), 40),
}


def texts(values: NDArray[np.int64]) -> list[str]:
    return [f"c{value}" for value in values.tolist()]


def alarms(draw: Draw, rows: int, samples: int, change: Draw | None = None) -> int:
    """In how many of some windows something is raised; each has a reference of its own, for that is a sample too."""
    found = 0
    for seed in range(samples):
        random = np.random.default_rng((rows, seed))
        found += bool(judged(texts(draw(random, rows)), texts((change or draw)(random, ROWS))).raised)
    return found


@pytest.mark.parametrize(
    "kind", ["a thousand alike", *(pytest.param(kind, marks=pytest.mark.slow) for kind in list(MANY)[1:])]
)
def test_a_column_of_many_levels_cries_no_wolf(kind: str) -> None:
    """A profile lists the fifty that it saw most often: by luck too, and the next sample has fewer of them."""
    assert alarms(MANY[kind], 400, 12) <= 1


def test_a_column_of_many_levels_still_tells_of_a_change() -> None:
    def swells(random: np.random.Generator, rows: int) -> NDArray[np.int64]:
        return np.where(random.random(rows) < 0.3, 0, random.integers(0, 8, rows))

    assert alarms(lambda random, rows: random.integers(0, 8, rows), 400, 3, swells) == 3
    known = [f"c{number}" for number in range(100)] * 4 + ["c7"] * 6
    found = judged(known, ["c7"] * 200 + known[:300])
    assert "drift" in words(found), "one of a hundred levels has most of the rows now"


def test_half_of_a_hundred_levels_that_are_alike_cannot_vanish_unseen() -> None:
    """Most of them are too rare for the list of a profile, which counts them in buckets too."""

    def half(random: np.random.Generator, rows: int) -> NDArray[np.int64]:
        return np.asarray(random.permutation(100)[:50][random.integers(0, 50, rows)])

    assert alarms(MANY["a hundred alike"], 1_000, 5, half) == 5


def test_whole_numbers_and_the_same_with_a_point_are_in_one_bucket() -> None:
    """A profile takes labels that are numbers as texts, and the log has them as numbers."""
    known = reference([f"{number}.0" for number in range(100)] * 5)
    counts = count_column(pa.array(list(range(100)) * 5), known)
    assert counts.buckets is not None
    assert counts.buckets.tolist() == list(known.buckets)


def test_an_older_profile_has_no_buckets_and_is_judged_as_before() -> None:
    known = replace(reference([f"c{number}" for number in range(100)] * 5), buckets=())
    counts = count_column(pa.array([f"c{number}" for number in range(50)] * 10), known)
    assert counts.buckets is None
    judge_columns({"x": (counts, known)}, {}, Thresholds(), watched=(), hidden={}, minimum_rows=100, with_drift=True)
