"""Counts of a column: the same as by hand, however the rows are cut, and bounded whatever somebody sends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.statistics.histograms import bin_counts
from mintmark.monitoring.column_counts import ColumnCounts, Frequent, bins_of, count_column, from_json, outside
from mintmark.monitoring.reference_columns import ReferenceColumn, cuts_below, read_profile
from mintmark.training.profile import profile_column, reference_profile


def reference(values: Any, **more: Any) -> ReferenceColumn:
    """What a profile of these values knows."""
    column = pd.Series(values)
    profile = reference_profile(pd.DataFrame({"x": column}), pd.Series([0.5, 1.5]), None, [])
    return read_profile(profile).inputs["x"]


NORMAL = np.random.default_rng(0).normal(size=500)
NUMBERS = reference(NORMAL)
GRADES = reference([1, 2, 3, 4, 5] * 40)
LETTERS = reference(["a"] * 60 + ["b"] * 40)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_numbers_fall_into_the_bins_of_the_profile(dtype: str) -> None:
    values = np.random.default_rng(1).normal(size=2000).astype(dtype)
    counts = count_column(pa.array(values), NUMBERS)
    assert bins_of(counts, NUMBERS) == bin_counts(values.astype(float), NUMBERS.edges)
    assert outside(counts) == (int((values < NORMAL.min()).sum()), int((values > NORMAL.max()).sum()))
    assert (counts.smallest, counts.largest) == (values.min(), values.max())


def test_a_value_on_an_edge_is_in_the_bin_above_it() -> None:
    counts = count_column(pa.array(NUMBERS.edges), NUMBERS)
    assert bins_of(counts, NUMBERS) == bin_counts(np.array(NUMBERS.edges), NUMBERS.edges)
    assert outside(count_column(pa.array([NUMBERS.smallest, NUMBERS.largest]), NUMBERS)) == (0, 0)


def test_missing_and_infinite_values_are_counted_apart() -> None:
    counts = count_column(pa.array([1.0, None, math.inf, -math.inf, math.nan, 2.0]), NUMBERS)
    assert (counts.rows, counts.missing, counts.infinite, counts.finite) == (6, 2, 2, 2)
    assert sum(bins_of(counts, NUMBERS)) == 2
    nothing = count_column(pa.nulls(3, pa.float64()), NUMBERS)
    assert (nothing.rows, nothing.missing, nothing.is_constant) == (3, 3, False)
    assert count_column(pa.array([], pa.float64()), NUMBERS).rows == 0


def test_whole_numbers_are_exact_beyond_what_a_float_holds() -> None:
    large = 2**53
    known = reference(np.array([large + 1] * 30 + [large + 3] * 30, dtype=np.int64))
    counts = count_column(pa.array([large, large + 1, large + 2, large + 3, large + 4]), known)
    assert known.kind == "few"
    assert counts.levels is not None
    assert counts.levels.tolist() == [1, 1, 3]
    assert outside(counts) == (1, 1)
    assert set(counts.unseen.counts) == {str(large), str(large + 2), str(large + 4)}


def test_a_whole_number_that_came_as_a_float_is_the_same_level() -> None:
    for values in ([1, 5, None, 6], [1.0, 5.0, None, 6.0]):
        counts = count_column(pa.array(values), GRADES)
        assert counts.levels is not None
        assert counts.levels.tolist() == [1, 0, 0, 0, 1, 1]
        assert counts.unseen.counts == {"6": 1}
    labels = reference(pd.Series([0, 1] * 50).astype("category"))
    for more in ([0, 1, 2], [0.0, 1.0, 2.0]):
        found = count_column(pa.array(more), labels)
        assert found.levels is not None
        assert found.levels.tolist() == [1, 1, 1]


def test_truths_have_two_levels() -> None:
    counts = count_column(pa.array([True, None, False, True]), reference([True, False, True]))
    assert counts.levels is not None
    assert sorted(counts.levels.tolist()) == [0, 1, 2]
    assert (counts.missing, counts.unseen_rows) == (1, 0)


def test_an_unseen_level_is_named_and_a_vanished_one_has_no_rows() -> None:
    counts = count_column(pa.array(["a", "c", "c", None]), LETTERS)
    assert counts.levels is not None
    assert counts.levels.tolist() == [1, 0, 2]
    assert (counts.unseen_rows, counts.unseen.counts) == (2, {"c": 2})


def test_what_a_profile_sums_up_is_not_unseen() -> None:
    many = reference([f"v{number}" for number in range(80)] * 3)
    counts = count_column(pa.array(["v79", "new"]), many)
    assert counts.unseen_rows == 0
    assert counts.levels is not None
    assert counts.levels[-1] == 2


def test_times_count_in_seconds_whatever_their_unit() -> None:
    days = pd.Series(pd.date_range("2026-01-01", periods=300, freq="h", tz="UTC"))
    known = reference(days)
    for unit in ("s", "ms", "us", "ns"):
        counts = count_column(pa.array(days.dt.as_unit("ns")).cast(pa.timestamp(unit, tz="UTC")), known)
        assert bins_of(counts, known) == list(known.binned)
        assert outside(counts) == (0, 0)


def test_a_column_of_another_kind_has_its_missing_rows_counted() -> None:
    counts = count_column(pa.array(["1.5", None]), NUMBERS)
    assert (counts.rows, counts.missing, counts.below) == (2, 1, None)


def test_values_that_the_log_keeps_as_json_have_the_names_of_the_profile() -> None:
    column = from_json(pa.array(['"a"', "1.0", "true", None, "[1, 2]"]))
    assert column.to_pylist() == ["a", "1", "True", None, "[1, 2]"]


@given(st.lists(st.one_of(st.none(), st.floats(width=32)), max_size=60), st.integers(0, 60))
def test_counts_add_up_however_the_rows_are_cut(values: list[float | None], cut: int) -> None:
    whole = count_column(pa.array(values, pa.float64()), NUMBERS)
    added = ColumnCounts()
    for part in (values[:cut], values[cut:]):
        added.add(count_column(pa.array(part, pa.float64()), NUMBERS))
    assert bins_of(added, NUMBERS) == bins_of(whole, NUMBERS)
    for name in ("rows", "missing", "infinite", "finite", "smallest", "largest", "is_constant"):
        assert getattr(added, name) == getattr(whole, name)


def test_many_made_up_categories_take_bounded_memory_and_hide_no_frequent_one() -> None:
    counts = ColumnCounts()
    for batch in range(5):
        names = [f"{batch}-{number}" for number in range(40_000)] + ["attack"] * 4_000
        counts.add(count_column(pa.array(names), LETTERS))
        assert len(counts.unseen.counts) <= 500
    assert counts.unseen_rows == 5 * 44_000
    assert counts.unseen.counts["attack"] > 19_000
    assert max(counts.unseen.counts, key=counts.unseen.counts.__getitem__) == "attack"


def test_up_to_500_names_are_exact() -> None:
    found = Frequent()
    for _ in range(3):
        found.add([(f"v{number}", number) for number in range(500)])
    assert found.counts == {f"v{number}": 3 * number for number in range(500)}


def test_a_constant_is_told() -> None:
    assert count_column(pa.array([2.0, 2.0, None]), NUMBERS).is_constant
    assert not count_column(pa.array([2.0, 2.1]), NUMBERS).is_constant
    assert count_column(pa.array(["b", "b"]), LETTERS).is_constant
    assert count_column(pa.array(["new", "new"]), LETTERS).is_constant
    assert not count_column(pa.array(["new", "b"]), LETTERS).is_constant


def test_few_values_of_a_small_sample_are_no_levels() -> None:
    assert reference(np.arange(40) / 7).kind == "number"
    assert GRADES.kind == "few"


def test_the_first_format_of_profiles_is_read() -> None:
    about = profile_column(pd.Series(NORMAL))
    old = {name: about[name] for name in ("type", "mean", "std", "min", "max", "quantiles", "histogram")}
    data = {"schema": 1, "inputs": {"rows": 400, "columns": {"x": {**old, "missing": 0.25}}},
            "prediction": {"rows": 2, "type": "str", "missing": 0.0, "categories": {"a": 2}, "other": 0}}  # fmt: skip
    found = read_profile(data)
    assert (found.inputs["x"].missing, found.inputs["x"].present) == (100, 300)
    assert found.prediction is not None
    assert found.prediction.levels == ("a",)
    assert read_profile({"accuracy": 0.9}).inputs == {}


@pytest.mark.parametrize(("kind", "cut", "first"), [("int64", 2.5, 3), ("int8", 1000.0, 127), ("uint8", -4.0, 0)])
def test_a_cut_in_a_type_of_whole_numbers(kind: str, cut: float, first: int) -> None:
    assert cuts_below([cut], np.dtype(kind)).tolist() == [first]


def test_edges_that_the_first_format_made_one_number_part_nothing() -> None:
    """It kept seven digits: of a model that is sure, four bins ended at 1, and every window had drifted."""
    about = {
        "type": "float64",
        "missing": 0.0,
        "min": 0.0,
        "max": 1.0,
        "histogram": {
            "edges": [0.0, 0.2, 0.5, 0.5, 0.7, 0.9999995, 1.0, 1.0, 1.0],
            "counts": [1, 2, 4, 8, 16, 32, 64, 128],
        },
    }
    data = {"inputs": {"rows": 255, "columns": {"x": about}}, "prediction": {"rows": 255, "missing": 0, "type": "str"}}
    found = read_profile(data).inputs["x"]
    assert found.edges == (0.0, 0.2, 0.7, 0.9999995, 1.0)
    assert found.binned == (1, 14, 16, 224)
