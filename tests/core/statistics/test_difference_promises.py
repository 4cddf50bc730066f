"""What the verdicts of the paired bootstrap promise, held over many pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.core.statistics.paired_predictions import APART, PASSES, classes, judged, made, random_pair
from tests.scaffold.examples import examples

from mintmark.core.statistics.differences import judge_difference, judge_slice, paired_bootstrap
from mintmark.core.statistics.metric_names import CLASSIFICATION, REGRESSION
from mintmark.core.statistics.metrics import regression_outcomes

ROWS = 3_000
MARGIN = 0.01


def share_passing(pairs):
    verdicts = [judge_difference(pair, maximize=True, margin=MARGIN).standing for pair in pairs]
    return sum(verdict in PASSES for verdict in verdicts) / len(verdicts)


@pytest.mark.long
def test_equally_accurate_models_mostly_pass():
    """Some 73% do: an equal model is refused about one time in four, and by the naive rule every second time."""
    assert 0.65 <= share_passing(judged(ROWS, gain=0, seed=100)) <= 0.80


@pytest.mark.slow
def test_a_model_that_is_one_margin_worse_rarely_passes_and_is_rarely_called_worse():
    """Some 5% pass, and no more are found worse."""
    pairs = judged(ROWS, gain=-MARGIN, seed=100)
    assert 0.02 <= share_passing(pairs) <= 0.08
    p_values = np.array([judge_slice(pair, maximize=True, margin=MARGIN)[1] for pair in pairs])
    assert 0.02 <= (p_values <= 0.05).mean() <= 0.07
    assert 0.42 <= (p_values <= 0.5).mean() <= 0.58


@pytest.mark.slow
def test_the_rows_that_are_asked_for_do_decide():
    """Two models with the same accuracy on 1,500 rows are told a number of rows; with so many, four of five such pairs pass."""
    truth = np.arange(1_500) % 2
    right = np.r_[np.ones(1_410, bool), np.zeros(90, bool)]
    other = right.copy()
    other[:45], other[-45:] = False, True
    candidate, champion = (classes(truth, np.where(side, truth, 1 - truth)) for side in (right, other))
    found = judge_difference(
        paired_bootstrap(["accuracy"], candidate, champion)["accuracy"], maximize=True, margin=MARGIN
    )
    assert (found.value, found.standing) == (0, "inconclusive")
    expected = APART * ((stats.norm.ppf(0.95) + stats.norm.ppf(0.80)) / MARGIN) ** 2
    assert found.rows_needed.rows == pytest.approx(expected, rel=0.04)
    assert 0.72 <= share_passing(judged(found.rows_needed.rows, gain=0, seed=3, resamples=1_000)) <= 0.87


# -- p-values of a regression ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("maximize", [True, False])
def test_the_p_value_is_where_the_bound_reaches_the_margin(maximize):
    gains = np.random.default_rng(1).normal(-0.08, 0.05, 4_000)
    resampled = made(gains, maximize=maximize, rows=100_000)
    for margin in (0.0, 0.05, 0.1):
        _, p_value = judge_slice(resampled, maximize=maximize, margin=margin)
        expected = stats.norm.sf((-margin - gains.mean()) / gains.std())
        assert p_value == pytest.approx(expected if margin < 0.08 else 1, rel=0.1)
    assert judge_slice(made(gains - 9, maximize=maximize), maximize=maximize, margin=0)[1] == 1 / 4_001


def agree(resampled, *, maximize, margin):
    """A difference and its p-value say the same: worse where p is at most 0.05, and nowhere else."""
    found, p_value = judge_slice(resampled, maximize=maximize, margin=margin)
    assert 0 < p_value <= 1
    assert (found.standing == "worse") == (p_value <= 0.05), (found, p_value)
    if found.bound is None:
        assert p_value == 1
    return p_value


@given(
    seed=st.integers(0, 2**32 - 1),
    shift=st.floats(-0.2, 0.1),
    rows=st.integers(1, 500),
    units=st.sampled_from([None, 2, 20, 500]),
    reach=st.sampled_from([None, 0.0, 0.1]),
)
@settings(max_examples=examples(40), deadline=None)
def test_worse_means_a_small_p_value(seed, shift, rows, units, reach):
    bounds = None if reach is None else lambda level: (shift - reach - (1 - level), shift + reach * (1 - level))
    resampled = replace(
        made(np.random.default_rng(seed).normal(shift, 0.05, 400), rows=rows), units=units, bounds=bounds
    )
    agree(resampled, maximize=True, margin=0.05)


@given(seed=st.integers(0, 2**32 - 2), rows=st.integers(30, 200), entities=st.sampled_from([None, 25]))
@settings(max_examples=examples(5), deadline=None)
def test_worse_means_a_small_p_value_for_every_metric(seed, rows, entities):
    clusters = None if entities is None else np.arange(rows) % entities
    candidate, champion = random_pair(seed, rows)
    for name, found in paired_bootstrap(CLASSIFICATION, candidate, champion, clusters=clusters, resamples=100).items():
        agree(found, maximize=name not in ("log_loss", "brier"), margin=0.0)
    truth, errors = np.random.default_rng(seed).normal(0, 1, (2, rows))
    sides = (regression_outcomes(truth, truth + scale * errors) for scale in (1.3, 1))
    for name, found in paired_bootstrap(REGRESSION, *sides, clusters=clusters, resamples=100).items():
        agree(found, maximize=name in ("r2", "explained_variance"), margin=0.0)
