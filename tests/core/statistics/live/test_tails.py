"""The tests of drift against scipy, and how often they alarm where nothing changed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.scaffold.examples import examples

from mintmark.core.statistics.live.tails import LEAST, anderson_darling, beyond_the_ends, chi_square, fisher

SIDES = st.integers(1, 3_000)


@given(before=SIDES, now=SIDES, hits_before=st.floats(0, 1), hits=st.floats(0, 1))
@settings(max_examples=examples(60), deadline=None)
def test_fisher_agrees_with_scipy(before, now, hits_before, hits):
    first, second = round(before * hits_before), round(now * hits)
    expected = stats.fisher_exact([[first, before - first], [second, now - second]]).pvalue
    assert fisher(first, before, second, now) == pytest.approx(expected, rel=1e-6, abs=1e-290)


def test_fisher_of_millions_agrees_with_scipy():
    expected = stats.fisher_exact([[100, 10**6 - 100], [1_200, 10**7 - 1_200]]).pvalue
    assert fisher(100, 10**6, 1_200, 10**7) == pytest.approx(expected, rel=1e-6)
    assert 0 < fisher(10**6, 4 * 10**6, 9 * 10**6, 10**7) < 1e-200


def test_chi_square_agrees_with_scipy_where_counts_are_large():
    generator = np.random.default_rng(1)
    shares = generator.dirichlet(np.full(9, 5))
    before, now = generator.multinomial(80_000, shares), generator.multinomial(30_000, shares)
    found = chi_square(before.astype(float), now.astype(float))
    assert found == pytest.approx(stats.chi2_contingency([before, now]).pvalue, rel=2e-3)


def test_chi_square_is_not_too_sure_of_levels_with_few_rows():
    """Held against the exact chance of all windows of twelve rows of six levels: without help it is a tenth of that."""
    bars = np.array(list(combinations(range(17), 5)))
    now = np.diff(bars, prepend=-1, append=17, axis=1) - 1
    chances = stats.multivariate_hypergeom.pmf(now, [40] * 6, 12)
    far = np.round(((now - 2) ** 2).sum(axis=1))
    for distance in np.unique(far):
        exact = chances[far >= distance].sum()
        if 1e-5 < exact < 0.01:
            window = now[far == distance][0].astype(float)
            assert 0.4 < chi_square(40 - window, window) / exact < 1.5


def test_anderson_darling_agrees_with_scipy_on_bins():
    generator = np.random.default_rng(3)
    before, now = generator.integers(0, 12, 700), np.clip(generator.integers(-1, 12, 500), 0, 11)
    found = anderson_darling(*(np.bincount(side, minlength=12).astype(float) for side in (before, now)))
    draw = stats.PermutationMethod(n_resamples=999, rng=np.random.default_rng(0))
    expected = stats.anderson_ksamp([before, now], variant="midrank", method=draw).pvalue
    assert found == pytest.approx(expected, abs=0.02)


def test_beyond_the_ends_is_the_chance_of_ranks():
    assert beyond_the_ends(455, 100, 3) == pytest.approx(stats.hypergeom.pmf(3, 555, 100, 3))
    assert beyond_the_ends(9, 1, 1) == pytest.approx(0.1)
    assert beyond_the_ends(455, 10_000_000, 200_000) == pytest.approx(np.exp(-455 * -np.log1p(-0.02)), rel=0.01)
    assert beyond_the_ends(455, 10_000_000, 10_000_000) == LEAST
    assert beyond_the_ends(455, 100, 0) == beyond_the_ends(0, 100, 3) == 1


@pytest.mark.parametrize("test", [anderson_darling, chi_square])
@pytest.mark.parametrize("shares", [np.full(10, 0.1), np.array([0.9, 0.04, 0.03, 0.02, 0.01])])
def test_one_in_a_hundred_alarms_where_nothing_changed(test, shares):
    generator = np.random.default_rng(7)
    before, now = generator.multinomial(400, shares, 1_200), generator.multinomial(100, shares, 1_200)
    found = np.array([test(*sides) for sides in zip(before.astype(float), now.astype(float), strict=True)])
    assert 0.003 <= (found <= 0.01).mean() <= 0.017
