"""Bootstrap intervals against scipy.stats.bootstrap, and what a resample may look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.scaffold.examples import examples

from mintmark.core.statistics import intervals
from mintmark.core.statistics.intervals import metric_intervals, percentile_interval, resample_counts
from mintmark.core.statistics.metrics import class_outcomes, metric_value, regression_outcomes

RESAMPLES = 20_000


def blocks(*args, **options):
    return np.concatenate(list(resample_counts(*args, **options)))


def test_regression_agrees_with_scipy():
    """The outer of the percentile and the studentised bootstrap, whose draws are scipy's here."""
    generator = np.random.default_rng(1)
    truth = generator.normal(0, 1, 120)
    prediction = truth + generator.standard_t(4, 120)
    found = metric_intervals(["mae"], regression_outcomes(truth, prediction), resamples=RESAMPLES, seed=5)["mae"]
    loss = np.abs(truth - prediction)

    def mean_and_error(values, axis):
        return np.stack([values.mean(axis=axis), stats.sem(values, axis=axis)])

    means, errors = stats.bootstrap(
        (loss,), mean_and_error, method="percentile", n_resamples=RESAMPLES, rng=7
    ).bootstrap_distribution
    low, high = np.quantile(means, [0.025, 0.975])
    farthest, nearest = np.quantile((means - loss.mean()) / errors, [0.025, 0.975])
    width = high - low
    assert found.low == pytest.approx(min(low, loss.mean() - nearest * stats.sem(loss)), abs=0.03 * width)
    unseen = 2 * (loss.max() - loss.mean()) / len(loss)  # two more rows like the farthest
    upper = max(high, loss.mean() - farthest * stats.sem(loss)) + unseen
    assert found.high == pytest.approx(upper, abs=0.04 * width)
    assert found.high > high + 0.1 * width  # a long tail reaches farther than what was seen of it
    assert found.value == pytest.approx(loss.mean())


def test_accuracy_has_the_quantiles_of_its_beta_distribution():
    """Four cells of 1/2 each, two of them right: the accuracy of the draws is Beta(right + 1, wrong + 1)."""
    truth = np.r_[np.zeros(150, int), np.ones(30, int)]
    prediction = np.where(np.random.default_rng(2).random(180) < 0.1, 1 - truth, truth)
    right = int((truth == prediction).sum())
    outcomes = class_outcomes(truth, prediction, None, [0, 1])
    found = metric_intervals(["accuracy", "recall"], outcomes, resamples=RESAMPLES, seed=5)
    expected = stats.beta(right + 1, 180 - right + 1).ppf([0.025, 0.975])
    assert [found["accuracy"].low, found["accuracy"].high] == pytest.approx(expected, abs=0.003)
    hits = int((truth & prediction).sum())
    expected = stats.beta(hits + 0.5, 30 - hits + 0.5).ppf([0.025, 0.975])
    assert [found["recall"].low, found["recall"].high] == pytest.approx(expected, abs=0.006)


@pytest.mark.slow
def test_roc_auc_agrees_with_scipy_over_whole_rows():
    from sklearn.metrics import roc_auc_score

    generator = np.random.default_rng(3)
    truth = np.r_[np.zeros(60, int), np.ones(40, int)]
    score = 1 / (1 + np.exp(-(1.5 * truth + generator.normal(0, 1, 100))))
    outcomes = class_outcomes(truth, (score > 0.5).astype(int), np.c_[1 - score, score], [0, 1])
    found = metric_intervals(["roc_auc"], outcomes, resamples=4000, seed=5)["roc_auc"]

    def auc(negative, positive):
        return roc_auc_score(np.r_[np.zeros(len(negative)), np.ones(len(positive))], np.r_[negative, positive])

    expected = stats.bootstrap(
        (score[truth == 0], score[truth == 1]), auc, method="percentile", n_resamples=2000, rng=7, vectorized=False
    ).confidence_interval
    assert found.low == pytest.approx(expected.low, abs=0.012)
    assert found.high == pytest.approx(expected.high, abs=0.012)


def test_coverage_is_near_95_percent():
    """Over 400 samples the interval of a mean absolute error holds the true one about 95 times in a hundred."""
    true_value = np.sqrt(2 / np.pi)
    held = 0
    for seed in range(400):
        error = np.random.default_rng(seed).normal(0, 1, 100)
        found = metric_intervals(["mae"], regression_outcomes(error, np.zeros(100)), resamples=400, seed=seed)["mae"]
        held += found.low <= true_value <= found.high
    assert 0.90 <= held / 400 <= 0.98


@given(rows=st.integers(1, 30), seed=st.integers(0, 2**32), strata=st.integers(1, 4))
@settings(max_examples=examples(50), deadline=None)
def test_strata_keep_their_size(rows, seed, strata):
    codes = np.random.default_rng(seed).integers(0, strata, rows)
    counts = blocks(rows, resamples=20, seed=seed, strata=codes)
    assert counts.shape == (20, rows)
    for stratum in np.unique(codes):
        assert (counts[:, codes == stratum].sum(axis=1) == (codes == stratum).sum()).all()


@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(1, 5), min_size=1, max_size=8))
@settings(max_examples=examples(50), deadline=None)
def test_clusters_stay_whole(seed, sizes):
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    counts = blocks(len(clusters), resamples=20, seed=seed, clusters=clusters)
    first = np.r_[0, np.cumsum(sizes)[:-1]]
    assert (counts == counts[:, first][:, clusters]).all()
    assert (counts[:, first].sum(axis=1) == len(sizes)).all()


def test_every_row_is_drawn_equally_often():
    counts = blocks(10, resamples=20_000, seed=1)
    assert counts.mean(axis=0) == pytest.approx(np.ones(10), abs=0.03)
    assert counts.var(axis=0) == pytest.approx(np.full(10, 0.9), abs=0.05)


def test_a_seed_fixes_the_counts_and_another_changes_them():
    same = blocks(50, resamples=30, seed=3)
    assert (blocks(50, resamples=30, seed=3) == same).all()
    assert (blocks(50, resamples=30, seed=4) != same).any()


def test_blocks_hold_memory_down(monkeypatch):
    monkeypatch.setattr(intervals, "_CELLS", 100)
    sizes = [len(block) for block in resample_counts(30, resamples=10, seed=1)]
    assert sizes == [3, 3, 3, 1]


def test_clusters_widen_an_interval_of_repeated_rows():
    generator = np.random.default_rng(4)
    errors = np.repeat(generator.normal(0, 1, 30), 10)
    outcomes = regression_outcomes(errors, np.zeros(300))
    rows = metric_intervals(["mae"], outcomes, resamples=2000, seed=1)["mae"]
    entities = metric_intervals(["mae"], outcomes, resamples=2000, seed=1, clusters=np.repeat(np.arange(30), 10))["mae"]
    assert (entities.high - entities.low) > 2 * (rows.high - rows.low)


def test_a_metric_without_a_value_is_left_out():
    outcomes = class_outcomes(["y", "y"], ["y", "y"], np.array([[0.1, 0.9], [0.2, 0.8]]), ["n", "y"])
    assert set(metric_intervals(["accuracy", "roc_auc"], outcomes, resamples=100, seed=1)) == {"accuracy"}


def test_bounds_are_left_out_where_too_few_resamples_define_the_metric():
    few = percentile_interval(0.5, np.array([0.4, np.nan, np.nan]))
    assert (few.value, few.low, few.high) == (0.5, None, None)
    enough = percentile_interval(0.5, np.array([0.4, 0.6, np.nan]))
    assert (enough.low, enough.high) == pytest.approx((0.405, 0.595))


def test_there_is_no_interval_without_width_and_none_that_leaves_its_value_out():
    still = percentile_interval(0.5, np.full(100, 0.5))
    assert (still.value, still.low, still.high) == (0.5, None, None)
    beside = percentile_interval(0.5, np.linspace(0.6, 0.7, 11))
    assert (beside.low, beside.high) == (0.5, pytest.approx(0.6975))


def test_the_value_lies_where_the_metric_does():
    outcomes = regression_outcomes(np.arange(40.0), np.arange(40.0) ** 1.1)
    found = metric_intervals(["mse", "r2"], outcomes, resamples=500, seed=1)
    for name, interval in found.items():
        assert interval.value == metric_value(name, outcomes)
        assert interval.low < interval.value < interval.high
