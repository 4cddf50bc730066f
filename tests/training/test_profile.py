"""The reference profile counts every row, stays true to its own column, and moves when the data does."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.scaffold.examples import examples

from mintmark.core.statistics.histograms import bin_counts
from mintmark.registry.schemas import accepts
from mintmark.training.profile import LEVELS, MOST_CATEGORIES, format_profile, profile_column, reference_profile

GENERATOR = np.random.default_rng(1)
COLUMNS = {
    "0 and 1": GENERATOR.integers(0, 2, 400),
    "rarely 1": (GENERATOR.random(400) < 0.03).astype(float),
    "sparse": np.where(GENERATOR.random(400) < 0.99, 0.0, GENERATOR.normal(size=400)),
    "constant": np.full(400, 4.25),
    "one row": np.array([1e-300]),
    "few values": GENERATOR.choice([1.5, 2.25, 7.0], 400),
    "heavy ties": np.round(GENERATOR.normal(size=400), 1),
    "smooth": GENERATOR.lognormal(size=400),
    "close to each other": 1e9 + GENERATOR.random(400) * 1e-3,
    "tiny": GENERATOR.random(400) * 1e-300,
    "huge": GENERATOR.normal(size=400) * 1e300,
    "negative": -GENERATOR.lognormal(size=400),
    "large whole numbers": 2**60 + GENERATOR.integers(0, 100, 400),
    "many thirds": GENERATOR.integers(0, 3000, 400) / 3,
}


def psi(expected: list[int], actual: list[int]) -> float:
    """The population stability index of two counts of the same bins; an empty bin counts as half a row."""
    shares = [[max(n, 0.5) / sum(counts) for n in counts] for counts in (expected, actual)]
    return sum((a - e) * math.log(a / e) for e, a in zip(*shares, strict=True))


def again(found: dict[str, object], values: np.ndarray) -> list[int]:
    """Count a column by the edges that a file gives back."""
    edges = json.loads(json.dumps(found["histogram"]))["edges"]
    return bin_counts(values, edges)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_not_drifted_from_itself(name: str) -> None:
    values = COLUMNS[name]
    found = profile_column(pd.Series(values))
    counts = found["histogram"]["counts"]
    assert sum(counts) == len(values)
    assert psi(counts, again(found, values)) == 0
    quantiles = json.loads(json.dumps(found["quantiles"]))
    for level, quantile in zip(LEVELS, quantiles, strict=True):
        assert (values < quantile).mean() <= level / 1000 + 1e-12
        assert (values <= max(v for v in values if v >= quantile)).mean() >= level / 1000


@given(arrays.arrays(np.float64, st.integers(1, 80), elements=st.floats(allow_nan=False, allow_infinity=False)))
@settings(max_examples=examples(150), deadline=None)
def test_any_column_is_counted_once_and_found_again(values: np.ndarray) -> None:
    found = profile_column(pd.Series(values))
    edges, counts = found["histogram"]["edges"], found["histogram"]["counts"]
    assert len(edges) == len(counts) + 1
    assert edges == sorted(edges)
    assert found["quantiles"] == sorted(found["quantiles"])
    assert again(found, values) == counts
    assert sum(counts) == len(values)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([0] * 60 + [1] * 40, [0] * 30 + [1] * 70),
        ([0] * 97 + [1] * 3, [0] * 80 + [1] * 20),
        ([0.0] * 99 + [5.0], [0.0] * 90 + [5.0] * 10),
        ([3] * 100, [3] * 50 + [4] * 50),
        ([3] * 100, [3] * 50 + [2] * 50),
        ([3.0] * 100, [3.0] * 50 + [3.01] * 50),
    ],
)
def test_what_moves_in_a_column_of_few_values_is_seen(before: list[float], after: list[float]) -> None:
    found = profile_column(pd.Series(before))
    assert psi(found["histogram"]["counts"], again(found, np.array(after))) > 0.1


def test_bins_are_of_equal_frequency() -> None:
    found = profile_column(pd.Series(np.random.default_rng(1).lognormal(size=1000)))
    assert found["histogram"]["counts"] == [100] * 10
    assert found["quantiles"][LEVELS.index(500)] == pytest.approx(1, abs=0.1)


def test_numbers_agree_with_numpy() -> None:
    values = np.array([1.0, 2.0, 2.0, 7.0, np.nan, np.inf, -np.inf])
    found = profile_column(pd.Series(values))
    assert (found["missing"], found["infinite"], found["distinct"]) == (1, 2, 3)
    assert (found["mean"], found["min"], found["max"]) == (3.0, 1.0, 7.0)
    assert found["std"] == pytest.approx(np.std([1, 2, 2, 7]))
    assert found["values"] == [[1.0, 1], [2.0, 2], [7.0, 1]]


def test_values_are_counted_up_to_fifty_of_them() -> None:
    assert len(profile_column(pd.Series(range(50)))["values"]) == 50
    assert "values" not in profile_column(pd.Series(range(51)))


@pytest.mark.parametrize("column", [pd.Series([np.nan, np.nan]), pd.Series([np.inf]), pd.Series([], dtype=float)])
def test_a_column_without_a_number_says_so(column: pd.Series) -> None:
    found = profile_column(column)
    assert found["distinct"] == 0
    assert found["missing"] + found["infinite"] == len(column)
    assert "histogram" not in found


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["u", "v", "u", None], dtype="str"), {"u": 2, "v": 1}),
        (pd.Series([True, False, True]), {"True": 2, "False": 1}),
    ],
)
def test_categories_are_counted(column: pd.Series, expected: dict[str, int]) -> None:
    found = profile_column(column)
    assert (found["categories"], found["other"], found["distinct"]) == (expected, 0, 2)


def test_rare_categories_are_summed() -> None:
    found = profile_column(pd.Series([f"k{i:03}" for i in range(MOST_CATEGORIES + 5)] + ["k054"]))
    assert len(found["categories"]) == MOST_CATEGORIES
    assert (found["other"], found["distinct"]) == (5, 55)
    assert next(iter(found["categories"])) == "k054"
    assert (len(found["buckets"]), sum(found["buckets"])) == (32, MOST_CATEGORIES + 6)
    assert "buckets" not in profile_column(pd.Series(["a", "b"])), "where every level is known by its name"


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_are_seconds(zone: str | None) -> None:
    found = profile_column(pd.Series(pd.to_datetime(["1970-01-02", "1970-01-03"]).tz_localize(zone)))
    assert found["max"] - found["min"] == 86400
    assert zone or found["min"] == 86400.0


def test_labels_that_are_numbers_are_categories() -> None:
    inputs = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    profile = reference_profile(inputs, pd.Series([3, 8]), probabilities, [3, 8])
    assert profile["prediction"] == {
        "rows": 2, "type": "int64", "missing": 0, "infinite": 0, "distinct": 2, "categories": {"3": 1, "8": 1},
        "other": 0,
    }  # fmt: skip
    assert profile["inputs"]["rows"] == 3
    assert list(profile["probabilities"]) == ["3", "8"]
    assert profile["probabilities"]["8"]["mean"] == 0.45
    assert len(profile["quantile_levels"]) == len(profile["inputs"]["columns"]["x"]["quantiles"])
    assert json.loads(format_profile(profile)) == profile
    assert accepts("profile", profile)


def test_what_a_monitor_needs_beside_the_columns() -> None:
    rows = 300
    x = GENERATOR.normal(size=rows)
    inputs = pd.DataFrame({"x": x, "same": x, "turned": -x, "flat": 1.0, "colour": ["red", "blue", "red"] * 100})
    times = pd.Series(pd.date_range("2026-01-05", periods=rows, freq="D"), name="day")
    profile = reference_profile(inputs, pd.Series(x), None, [], entities=pd.Series(np.arange(rows) // 3), times=times)
    found = profile["inputs"]
    assert found["entities"] == 100
    assert found["correlations"]["columns"] == ["x", "same", "turned", "flat"]
    assert found["correlations"]["left_out"] == 0
    assert found["correlations"]["ranks"] == [[1.0], [-1.0, -1.0], [None, None, None]]
    assert found["windows"]["column"] == "day"
    assert found["windows"]["starts"][:2] == ["2026-01-01", "2026-02-01"]
    for name in ("x", "colour"):
        windows = found["columns"][name]["windows"]
        assert len(windows) == len(found["windows"]["starts"])
        assert [sum(window) for window in windows][:2] == [27, 28]
    assert [sum(each) for each in zip(*found["columns"]["x"]["windows"], strict=True)] == found["columns"]["x"][
        "histogram"
    ]["counts"]
    assert accepts("profile", profile)


@pytest.mark.parametrize(
    ("numbers", "starts"),
    [
        ([2024, 2024, 2025, 2026, None], [2024.0, 2025.0, 2026.0]),
        (list(range(48)), [each * 47 / 24 for each in range(24)]),
        ([3, 3, 3], None),
    ],
)
def test_time_that_is_counted_has_windows_too(numbers: list[int | None], starts: list[float] | None) -> None:
    times = pd.Series(numbers, name="year")
    inputs = pd.DataFrame({"x": GENERATOR.normal(size=len(numbers))})
    profile = reference_profile(inputs, inputs["x"], None, [], times=times)
    assert accepts("profile", profile)
    found = profile["inputs"].get("windows")
    assert (None if found is None else found["starts"]) == (None if starts is None else pytest.approx(starts))
    if starts is not None:
        counted = sum(map(sum, profile["inputs"]["columns"]["x"]["windows"]))
        assert counted == times.notna().sum()


def test_wide_data_says_how_many_columns_its_correlations_leave_out() -> None:
    inputs = pd.DataFrame(GENERATOR.normal(size=(20, 60)), columns=[f"c{n}" for n in range(60)])
    found = reference_profile(inputs, pd.Series([1.0] * 20), None, [])["inputs"]["correlations"]
    assert (len(found["columns"]), found["left_out"]) == (50, 10)


def test_a_profile_of_an_older_version_is_still_one() -> None:
    old = {"rows": 3, "type": "float64", "missing": 0.5}
    assert accepts(
        "profile", {"schema": 1, "quantile_levels": [0.5], "inputs": {"rows": 3, "columns": {}}, "prediction": old}
    )


def test_what_is_too_large_or_too_long_is_still_a_profile() -> None:
    inputs = pd.DataFrame({"x": [1.7976931348623157e308, 1.79769313486e308], "text": ["a" * 20_000, "b"]})
    profile = reference_profile(inputs, pd.Series([1.0, 2.0]), None, [])
    assert profile["inputs"]["columns"]["text"]["categories"] == {"b": 1}
    assert profile["inputs"]["columns"]["text"]["other"] == 1
    assert json.loads(format_profile(profile)) == profile
    assert accepts("profile", profile)
