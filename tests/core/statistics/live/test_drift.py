"""Verdicts about columns: calm where nothing changed, sharp where something did, and a fixed answer for what is odd."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.scaffold.examples import examples

from mintmark.core.statistics.histograms import bin_counts, bin_edges
from mintmark.core.statistics.live.drift import (
    LEAST_DISTANCE,
    NO_DISTANCE,
    QUALITY_FALSE_ALARMS,
    compare_frequent,
    compare_levels,
    compare_ordered,
    compare_range,
    compare_shares,
    compare_unseen,
    judge,
)

COUNTS = st.integers(2, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(0, 5_000), min_size=bins, max_size=bins)] * 2)
)


@given(COUNTS)
@settings(max_examples=examples(100), deadline=None)
def test_every_number_is_finite_and_a_share(sides):
    for compare in (compare_ordered, compare_levels):
        found = compare(*sides)
        assert 0 <= found.distance <= 1
        assert 0 <= found.by_chance <= 1
        assert 0 < found.p_value <= 1
        assert found.can_differ or found.distance == 0


@given(COUNTS)
@settings(max_examples=examples(50), deadline=None)
def test_both_sides_and_the_direction_of_the_bins_weigh_the_same(sides):
    reference, window = sides
    found = compare_ordered(reference, window)
    for other in (compare_ordered(window, reference), compare_ordered(reference[::-1], window[::-1])):
        assert other.distance == pytest.approx(found.distance)
        assert math.log(other.p_value) == pytest.approx(math.log(found.p_value), rel=1e-6, abs=1e-6)


@given(COUNTS)
@settings(max_examples=examples(50), deadline=None)
def test_empty_bins_and_the_order_of_levels_do_not_matter(sides):
    reference, window = sides
    found, order = compare_levels(reference, window), np.random.default_rng(0).permutation(len(reference))
    assert compare_levels([*reference, 0], [*window, 0]) == found
    other = compare_levels(np.array(reference)[order], np.array(window)[order])
    assert other.p_value == pytest.approx(found.p_value, rel=1e-6)


@pytest.mark.parametrize(
    ("reference", "window"),
    [([0, 0], [0, 0]), ([455, 0], [100, 0]), ([0, 0, 0], [3, 4, 5]), ([3, 4, 5], [0, 0, 0]), ([7], [9]), ([], [])],
)
@pytest.mark.parametrize("compare", [compare_ordered, compare_levels])
def test_what_cannot_differ_has_a_fixed_answer(compare, reference, window):
    assert compare(reference, window) == NO_DISTANCE
    (verdict,) = judge([compare(reference, window)], [0.0])
    assert verdict.adjusted == 1
    assert not verdict.is_drift


def test_a_constant_that_becomes_another_is_all_drift():
    found = compare_ordered([455, 0], [0, 100])
    assert found.distance == 1
    assert found.p_value < 1e-50


def test_two_levels_are_a_fisher_test():
    expected = stats.fisher_exact([[400, 55], [70, 30]]).pvalue
    assert compare_levels([400, 55], [70, 30]).p_value == pytest.approx(expected)
    assert compare_ordered([400, 55], [70, 30]) == compare_levels([400, 55], [70, 30])
    assert compare_shares(55, 455, 30, 100).distance == pytest.approx(30 / 100 - 55 / 455)


@pytest.mark.parametrize("wrong", [([1, 2], [1, 2, 3]), ([1, -2], [1, 2]), ([1, math.nan], [1, 2]), ([[1]], [[1]])])
def test_what_are_no_counts_is_refused(wrong):
    with pytest.raises(ValueError, match="counts"):
        compare_ordered(*wrong)


def test_levels_that_the_reference_lacks_are_expected_where_it_saw_many_once():
    names, countries = compare_unseen(400, 20, 455, 85, 100), compare_unseen(0, 0, 455, 4, 100)
    assert names.p_value > 0.1
    assert countries.p_value < 0.01


@pytest.mark.parametrize("rows", [60, 400])
def test_a_level_that_only_one_sample_has_is_no_news_where_many_are_rare(rows):
    """Good's share is less sure than one of as many rows: half a percent of windows may alarm."""
    generator, alarms = np.random.default_rng(rows), 0
    for _ in range(400):
        levels, counts = np.unique(np.minimum(generator.geometric(0.1, rows), 40), return_counts=True)
        window = np.minimum(generator.geometric(0.1, 2_000), 40)
        unseen, singles = int((~np.isin(window, levels)).sum()), int((counts == 1).sum())
        found = compare_unseen(singles, int((counts == 2).sum()), rows, unseen, len(window))
        is_more = unseen * rows > singles * len(window)
        alarms += is_more and judge([found], [0.02], false_alarms=QUALITY_FALSE_ALARMS)[0].is_drift
    assert alarms <= 4


def test_levels_near_the_end_of_a_list_count_together_and_one_that_swells_counts():
    listed = [60, 50, *[8] * 48]
    calm = compare_frequent(listed, [60, 50, *[4] * 48], (500, 692))
    assert calm.p_value > 0.05, "luck put them on the list"
    assert compare_levels([*listed, 500], [60, 50, *[4] * 48, 692]).p_value < 0.05
    swollen = compare_frequent(listed, [60, 50, 300, *[6] * 47], (500, 302))
    assert (swollen.p_value < 1e-9, swollen.distance > 0.2) == (True, True)
    gone = compare_frequent(listed, [0, 50, *[6] * 48], (500, 656))
    assert gone.p_value < 1e-4, "a frequent one that is gone is no luck"


def test_rows_beyond_the_ends_are_expected_of_a_large_window():
    generator, alarms = np.random.default_rng(3), 0
    for _ in range(300):
        reference, window = generator.normal(0, 1, 200), generator.normal(0, 1, 5_000)
        below, above = (window < reference.min()).sum(), (window > reference.max()).sum()
        alarms += compare_range(200, int(below), int(above), 5_000).p_value <= 0.05
    assert 5 <= alarms <= 25  # 15 of 300; that nearly every window has such rows is no alarm
    assert compare_range(200, 0, 400, 5_000).p_value < 1e-5


def table(generator, rows, *, shift=0.0):
    """Ten columns, all related: numbers, counts, mostly zeros, categories."""
    latent = 0.6 * generator.normal(0, 1, (rows, 1)) + 0.8 * generator.normal(0, 1, (rows, 10))
    latent[:, 0] += shift
    return [
        *latent[:, :4].T,
        *np.floor(np.exp(latent[:, 4:6])).T,
        *np.where(latent[:, 6:8] > 1, latent[:, 6:8], 0).T,
        *np.floor(2 * latent[:, 8:] ** 2).clip(0, 9).T,
    ]


def drifted(generator, reference_rows, rows, *, shift=0.0):
    distances = []
    for before, now in zip(table(generator, reference_rows), table(generator, rows, shift=shift), strict=True):
        edges = bin_edges(before)
        distances.append(compare_ordered(bin_counts(before, edges), bin_counts(now, edges)))
    return [verdict.is_drift for verdict in judge(distances, [LEAST_DISTANCE] * len(distances))]


@pytest.mark.parametrize("rows", [100, 2_000])
def test_few_windows_alarm_where_nothing_changed(rows):
    generator = np.random.default_rng(11)
    assert sum(any(drifted(generator, 400, rows)) for _ in range(80)) <= 6  # 1.6 are expected at the most


def test_a_shift_is_found_where_it_is():
    generator = np.random.default_rng(12)
    found = [drifted(generator, 500, 1_000, shift=0.4) for _ in range(30)]
    assert sum(each[0] for each in found) >= 28
    assert sum(any(each[1:]) for each in found) <= 2


def test_a_small_shift_of_many_rows_is_significant_and_no_drift():
    generator = np.random.default_rng(13)
    before, now = generator.normal(0, 1, 20_000), generator.normal(0.1, 1, 50_000)
    edges = bin_edges(before)
    (verdict,) = judge([compare_ordered(bin_counts(before, edges), bin_counts(now, edges))], [LEAST_DISTANCE])
    assert verdict.is_significant
    assert not verdict.is_large
    assert not verdict.is_drift


def test_columns_that_cannot_differ_cost_the_others_nothing():
    found = compare_levels([400, 55], [80, 30])
    alone, among = judge([found], [0.1])[0], judge([found, *[NO_DISTANCE] * 40], [0.1] * 41)[0]
    assert alone == among


def test_a_stuck_value_is_found():
    """A tenth and a half of the rows say the median: no test of the order alone sees much of it."""
    generator = np.random.default_rng(14)
    before, now = generator.normal(0, 1, 2_000), generator.normal(0, 1, 2_000)
    now[:300] = 0.01
    edges = bin_edges(before)
    (verdict,) = judge([compare_ordered(bin_counts(before, edges), bin_counts(now, edges))], [LEAST_DISTANCE])
    assert verdict.is_drift
