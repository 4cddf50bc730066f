"""Windows of the reference that differ by themselves let a new one differ as much."""

from __future__ import annotations

import numpy as np
import pytest

from mintmark.core.statistics.live.drift import compare_levels, compare_ordered
from mintmark.core.statistics.live.spread import NO_SPREAD, Spread, spread_of

EDGES = np.linspace(-1.5, 1.5, 9)


def days(generator, count, rows, *, wobble):
    """Counts of so many days, each of which has a mean of its own."""
    values = generator.normal(generator.normal(0, wobble, (count, 1)), 1, (count, rows))
    return np.stack([np.bincount(np.searchsorted(EDGES, day), minlength=10) for day in values])


def alarms(wobble, *, told):
    generator, found = np.random.default_rng(5), 0
    for _ in range(200):
        reference, (window,) = days(generator, 12, 400, wobble=wobble), days(generator, 1, 4_000, wobble=wobble)
        spread = spread_of(reference, ordered=True) if told else NO_SPREAD
        found += compare_ordered(reference.sum(axis=0), window, spread).p_value <= 0.01
    return found


def test_days_that_are_alike_have_no_spread():
    generator = np.random.default_rng(1)
    found = [spread_of(days(generator, 12, 400, wobble=0), ordered=True) for _ in range(100)]
    assert sum(each == NO_SPREAD for each in found) >= 50
    assert max(each.correlation for each in found) < 0.01


def test_days_that_differ_cry_wolf_unless_it_is_told():
    assert alarms(0.2, told=False) > 100
    assert alarms(0.2, told=True) <= 8
    assert alarms(0.0, told=True) <= 6


def test_a_change_beyond_the_spread_is_found():
    generator = np.random.default_rng(2)
    reference = days(generator, 12, 400, wobble=0.1)
    window = np.bincount(np.searchsorted(EDGES, generator.normal(0.8, 1, 4_000)), minlength=10)
    assert compare_ordered(reference.sum(axis=0), window, spread_of(reference, ordered=True)).p_value < 1e-4


@pytest.mark.parametrize("windows", [np.ones((4, 3)) * 100, np.ones((30, 1)) * 50, np.ones((30, 3)), np.zeros((0, 3))])
def test_too_little_says_nothing(windows):
    assert spread_of(windows, ordered=True) == NO_SPREAD


def test_counts_weigh_no_more_than_the_windows_they_come_from():
    before, now = Spread(correlation=0.01, windows=10).weigh(np.array([5e6, 5e6]), np.array([5e6, 5e6]))
    assert before.sum() == pytest.approx(1_000, rel=0.01)  # ten windows of 1 / 0.01
    assert now.sum() == pytest.approx(100, rel=0.01)


def test_levels_whose_shares_differ_by_day():
    generator, found = np.random.default_rng(3), [0, 0]
    for _ in range(50):
        reference, (window,) = shares_of_days(generator, 12, 400), shares_of_days(generator, 1, 4_000)
        for place, spread in enumerate((NO_SPREAD, spread_of(reference, ordered=False))):
            found[place] += compare_levels(reference.sum(axis=0), window, spread).p_value <= 0.01
    assert found[0] > 40
    assert found[1] <= 2


def shares_of_days(generator, count, rows):
    usual = 1 / np.arange(1, 9)
    return np.stack([generator.multinomial(rows, generator.dirichlet(200 * usual / usual.sum())) for _ in range(count)])
