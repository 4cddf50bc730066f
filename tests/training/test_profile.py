"""The reference profile counts every row and can be compared with live data."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mintmark.training.profile import MOST_CATEGORIES, format_profile, profile_column, reference_profile


@given(arrays.arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e6, 1e6, width=32)))
@settings(max_examples=100, deadline=None)
def test_the_histogram_counts_every_value_once(values):
    found = profile_column(pd.Series(values))
    edges, counts = found["histogram"]["edges"], found["histogram"]["counts"]
    assert sum(counts) == len(values)
    assert min(counts) > 0
    assert len(edges) == len(counts) + 1 <= 11
    assert edges == sorted(edges)
    assert found["quantiles"] == sorted(found["quantiles"])


def test_bins_are_of_equal_frequency():
    found = profile_column(pd.Series(np.random.default_rng(1).lognormal(size=1000)))
    assert found["histogram"]["counts"] == [100] * 10
    assert found["quantiles"][50] == pytest.approx(1, abs=0.1)


def test_numbers_agree_with_numpy():
    values = np.array([1.0, 2.0, 2.0, 7.0, np.nan])
    found = profile_column(pd.Series(values))
    assert found["missing"] == 0.2
    assert (found["mean"], found["min"], found["max"]) == (3.0, 1.0, 7.0)
    assert found["std"] == pytest.approx(np.nanstd(values))


def test_a_value_on_an_edge_belongs_to_the_bin_above():
    found = profile_column(pd.Series([0.0] * 4 + [1.0] * 3 + [2.0] * 2))
    assert found["histogram"] == {"edges": [0.0, 1.0, 2.0], "counts": [4, 5]}


def test_a_constant_column_has_one_bin():
    assert profile_column(pd.Series([4.0, 4.0]))["histogram"] == {"edges": [4.0, 4.0], "counts": [2]}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["u", "v", "u", None], dtype="str"), {"u": 2, "v": 1}),
        (pd.Series([True, False, True]), {"True": 2, "False": 1}),
    ],
)
def test_categories_are_counted(column, expected):
    found = profile_column(column)
    assert (found["categories"], found["other"]) == (expected, 0)


def test_rare_categories_are_summed():
    found = profile_column(pd.Series([f"k{i:03}" for i in range(MOST_CATEGORIES + 5)] + ["k054"]))
    assert len(found["categories"]) == MOST_CATEGORIES
    assert found["other"] == 5
    assert next(iter(found["categories"])) == "k054"


def test_times_are_seconds():
    found = profile_column(pd.Series(pd.to_datetime(["1970-01-02", "1970-01-03"])))
    assert (found["min"], found["max"]) == (86400.0, 172800.0)


def test_labels_that_are_numbers_are_categories():
    inputs = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    profile = reference_profile(inputs, pd.Series([3, 8]), probabilities, [3, 8])
    assert profile["prediction"] == {
        "rows": 2,
        "type": "int64",
        "missing": 0.0,
        "categories": {"3": 1, "8": 1},
        "other": 0,
    }
    assert profile["inputs"]["rows"] == 3
    assert list(profile["probabilities"]) == ["3", "8"]
    assert profile["probabilities"]["8"]["mean"] == 0.45
    assert len(profile["quantile_levels"]) == len(profile["inputs"]["columns"]["x"]["quantiles"])
    assert json.loads(format_profile(profile)) == profile
