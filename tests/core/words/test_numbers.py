"""Numbers in words: one way for each kind, at every size."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.statistics.results import RowsPlan
from mintmark.core.words import numbers
from mintmark.core.words.numbers import (
    apart,
    better,
    capital,
    count,
    difference,
    estimate,
    how_measured,
    interval,
    interval_of,
    number,
    p_value,
    seconds,
    share,
    signed,
    size,
    what_would_decide,
    written,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.98765, "0.9877"), (12345.6, "12346"), (0.0, "0"), (-0.0, "0"), (0.00001234, "1.234e-05"), (2.0, "2"),
        (123456789, "123456789"), (2e9, "2e+09"), (None, "–"), (math.nan, "not a number"), (math.inf, "infinite"),
        (-math.inf, "minus infinite"), (10**400, "beyond any measure"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2026, "2026"), (55.0, "55"), (0.1, "0.1"), (0.00125, "0.00125"), (123456.5, "123456.5")]
)
def test_what_somebody_wrote_keeps_every_digit(value: float, text: str) -> None:
    assert written(value) == text


def test_intervals() -> None:
    assert interval(0.99294, 0.97789, 1) == "0.9929 [0.9779, 1]"
    assert interval(0.98) == "0.98"
    assert interval(0.98, 0.9) == "0.98"
    assert interval(None) == "–"
    assert interval_of({"value": 0.98134, "low": 0.95, "high": 0.99}) == "0.9813 [0.95, 0.99]"
    assert interval_of({"value": 3}) == "3"
    assert interval_of(None) == "–"


def test_differences_have_a_sign_where_there_is_one() -> None:
    assert difference(0.01234, -0.003, 0.03) == "+0.0123 [-0.003, +0.03]"
    assert difference(-0.3) == "-0.3"
    assert [signed(value) for value in (0, -0.0, 1234567.0, None)] == ["0", "0", "+1234567", "–"]
    assert signed(math.nan) == "not a number"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (4962, "4.96 kB"), (10**7, "10 MB"), (5 * 10**11, "500 GB"),
        (999_999, "1 MB"), (1_234_567_890_123, "1235 GB"), (10**400, "beyond any measure"), (None, "–"),
    ],
)  # fmt: skip
def test_sizes(value: int | None, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0004, "400 µs"), (0.01, "10 ms"), (1.2, "1.2 s"), (0.99999, "1 s"), (0.000999999, "1 ms"), (0, "0 s"),
        (75, "75 s"), (None, "–"), (math.inf, "infinite"),
    ],
)  # fmt: skip
def test_times(value: float | None, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.995, "99.5%"), (1, "100%"), (0, "0%"), (0.99996, "99.996%"), (0.07, "7%"), (2.0, "2"), (None, "–")],
)
def test_shares(value: float | None, text: str) -> None:
    assert share(value) == text


@given(st.floats(0, 1, exclude_max=True))
def test_a_share_is_all_only_where_nothing_is_missing(value: float) -> None:
    assert share(value) != "100%"


def test_probabilities_of_tests() -> None:
    assert [p_value(p) for p in (0.0321, 1, 1e-9, None)] == ["0.032", "1", "under 0.0001", "–"]


def test_counts_and_estimates() -> None:
    assert [count(n, "row") for n in (0, 1, 2, 1200)] == ["no rows", "1 row", "2 rows", "1,200 rows"]
    assert count(2, "entity", "entities") == "2 entities"
    assert estimate(24_732) == "25,000"
    plan = RowsPlan(rows=24_732, low=18_100, high=34_900)
    told = "some 25,000 rows (18,000 to 35,000) find it no worse, four times in five"
    assert what_would_decide(plan, 0.01) == f"a plan: if the two are in truth equal, {told}"
    assert what_would_decide(RowsPlan(rows=3_710, low=2_210, high=6_280, labels=223), 0.01) == (
        "a plan: if the two are in truth equal, some 3,700 rows (2,200 to 6,300) find it no worse, four times in five; "
        "only those that the two answer differently need a label, some 220 of them (mintmark compare --unlabelled)"
    )
    assert what_would_decide(None, 0) == (
        "a plan: if the two are in truth equal, no number of rows finds it no worse without a margin"
    )
    assert what_would_decide(None, 0.01) == "", "nobody can tell"
    assert (
        how_measured({"rows": 1, "resamples": 2000, "seed": 7})
        == "Measured on 1 evaluation row; the intervals come from 2,000 bootstrap resamples, seed 7."
    )


def test_a_value_is_told_apart_from_its_limit() -> None:
    assert apart(0.94999, 0.95) == ("0.94999", "0.95")
    assert apart(0.9, 0.95) == ("0.9", "0.95")
    assert apart(0.95 + 1e-13, 0.95) == ("0.95", "0.95")
    assert apart(10_001, 10_000, size) == ("10.001 kB", "10 kB")
    assert apart(0.0100001, 0.01, seconds) == ("10.0001 ms", "10 ms")
    assert apart(math.nan, 1.0) == ("not a number", "1")


@given(st.floats(1e-6, 1), st.floats(1e-6, 1))
def test_the_greater_of_two_reads_as_the_greater(value: float, limit: float) -> None:
    told, most = map(float, apart(value, limit))
    assert math.isclose(value, limit, rel_tol=1e-9) or (told > most) == (value > limit)


def test_words_around_numbers() -> None:
    assert (better(maximize=True), better(maximize=False)) == ("more is better", "less is better")
    assert capital("some ROC") == "Some ROC"
    assert numbers.NOTHING == "–"
