"""The paired bootstrap against scipy.stats.bootstrap, its standings, and how many rows would decide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.core.statistics.paired_predictions import made, scored
from tests.scaffold.examples import examples

from mintmark.core.records import Interval
from mintmark.core.statistics.differences import (
    MOST_ROWS,
    RESAMPLES,
    PairedResamples,
    judge_difference,
    judge_slice,
    paired_bootstrap,
)
from mintmark.core.statistics.intervals import metric_intervals
from mintmark.core.statistics.metric_names import CLASSIFICATION, REGRESSION
from mintmark.core.statistics.metrics import metric_value, regression_outcomes

# -- against scipy ---------------------------------------------------------------------------------------------------


def assert_close(found, expected, *, share):
    """Two Monte-Carlo intervals agree within a share of their width."""
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=share * width)
    assert found.high == pytest.approx(expected.high, abs=share * width)


def test_a_regression_agrees_with_scipys_paired_bootstrap():
    generator = np.random.default_rng(1)
    truth = generator.normal(0, 1, 150)
    shared = generator.standard_t(4, 150)
    first, second = truth + shared + generator.normal(0, 0.4, 150), truth + shared * 1.1

    def gap(truth, first, second, axis):
        rmse = [np.sqrt(((truth - prediction) ** 2).mean(axis=axis)) for prediction in (first, second)]
        return rmse[0] - rmse[1]

    expected = stats.bootstrap(
        (truth, first, second), gap, paired=True, vectorized=True, method="percentile", n_resamples=RESAMPLES, rng=7
    )
    candidate, champion = regression_outcomes(truth, first), regression_outcomes(truth, second)
    resampled = paired_bootstrap(["rmse"], candidate, champion)["rmse"]
    found = judge_difference(resampled, maximize=False, margin=0.1)
    assert found.value == pytest.approx(metric_value("rmse", candidate) - metric_value("rmse", champion))
    assert_close(
        found, expected.confidence_interval, share=0.25
    )  # the studentised bounds reach farther, never less far
    assert found.low <= expected.confidence_interval.low
    assert found.bound == pytest.approx(np.quantile(expected.bootstrap_distribution, 0.95), abs=0.004)


def test_a_classification_agrees_with_scipy_stratum_by_stratum():
    """Scipy draws from each of several samples by itself; a row is drawn with both of its predictions by drawing indices."""
    truth = np.r_[np.zeros(130, int), np.ones(40, int)]
    candidate, champion = scored(truth, 1), scored(truth, 2, skill=1)

    def auc(outcomes, rows):
        score = outcomes.probabilities[rows, 1]
        below = np.searchsorted(np.sort(score[:130]), score[130:])
        return below.mean() / 130

    def gap(first, second):
        rows = np.r_[first, second]
        return auc(candidate, rows) - auc(champion, rows)

    expected = stats.bootstrap(
        (np.arange(130), np.arange(130, 170)), gap, vectorized=False, method="percentile", n_resamples=RESAMPLES, rng=7
    )
    resampled = paired_bootstrap(["roc_auc"], candidate, champion)["roc_auc"]
    gains = resampled.candidate_resamples - resampled.champion_resamples
    low, high = np.quantile(gains, [0.025, 0.975])
    assert_close(Interval(value=0, low=low, high=high), expected.confidence_interval, share=0.04)
    found = judge_difference(resampled, maximize=True, margin=0.01)
    assert low - 0.02 < found.low <= low < high <= found.high < high + 0.02


def test_clusters_agree_with_scipy_over_whole_entities():
    generator = np.random.default_rng(4)
    entity = np.sort(generator.integers(0, 60, 400))
    truth = np.zeros(400)
    first = generator.normal(0, 1, 60)[entity] + generator.normal(0, 0.2, 400)
    second = generator.normal(0, 1, 60)[entity] + generator.normal(0, 0.2, 400)
    gaps = np.bincount(entity, np.abs(first) - np.abs(second), 60)
    sizes = np.bincount(entity, minlength=60).astype(float)

    def gap(gaps, sizes, axis):
        return gaps.sum(axis=axis) / sizes.sum(axis=axis)

    expected = stats.bootstrap(
        (gaps, sizes), gap, paired=True, vectorized=True, method="percentile", n_resamples=RESAMPLES, rng=7
    )
    candidate, champion = regression_outcomes(truth, first), regression_outcomes(truth, second)
    resampled = paired_bootstrap(["mae"], candidate, champion, clusters=entity)["mae"]
    found = judge_difference(resampled, maximize=False, margin=0)
    assert_close(found, expected.confidence_interval, share=0.12)
    by_rows = judge_difference(paired_bootstrap(["mae"], candidate, champion)["mae"], maximize=False, margin=0)
    assert found.high - found.low > 1.5 * (by_rows.high - by_rows.low)


@pytest.mark.parametrize("clustered", [False, True])
def test_the_intervals_of_each_are_those_of_the_metrics(clustered):
    """The same seed gives a model the interval that an evaluation of it alone gives."""
    truth = np.random.default_rng(5).integers(0, 2, 200)
    candidate, champion = scored(truth, 1), scored(truth, 2)
    clusters = np.arange(200) // 4 if clustered else None
    options = {"resamples": 500, "seed": 11, "clusters": clusters}
    found = paired_bootstrap(CLASSIFICATION, candidate, champion, **options)
    assert tuple(found) == CLASSIFICATION
    ours, theirs = (metric_intervals(CLASSIFICATION, o, **options) for o in (candidate, champion))
    for name, resampled in found.items():
        assert resampled.candidate_interval == interval(ours[name])
        assert resampled.champion_interval == interval(theirs[name])
        assert resampled.rows == 200


def interval(of):
    return Interval(value=of.value, low=of.low, high=of.high)


def test_without_a_champion_there_are_intervals_alone():
    truth = np.random.default_rng(5).integers(0, 2, 100)
    candidate = scored(truth, 1)
    found = paired_bootstrap(CLASSIFICATION, candidate, None, resamples=200)
    both = paired_bootstrap(CLASSIFICATION, candidate, scored(truth, 2), resamples=200)
    for name in CLASSIFICATION:
        assert found[name].champion is None
        assert found[name].champion_interval is None
        assert found[name].candidate_interval == both[name].candidate_interval
    for judge in (judge_difference, judge_slice):
        with pytest.raises(ValueError, match="no champion"):
            judge(found["f1"], maximize=True, margin=0)


# -- standings -------------------------------------------------------------------------------------------------------
AROUND_ZERO = np.linspace(-0.1, 0.1, 2_001)  # its 5% quantile is -0.09


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize(
    ("gains", "margin", "standing"),
    [
        (AROUND_ZERO + 0.0901, 0.0, "better"),
        (AROUND_ZERO + 0.0899, 0.0, "inconclusive"),
        (AROUND_ZERO + 0.0899, 0.01, "no worse"),
        (AROUND_ZERO + 0.2, 0.01, "better"),
        (AROUND_ZERO, 0.0901, "no worse"),
        (AROUND_ZERO, 0.0899, "inconclusive"),
        (AROUND_ZERO - 0.0901, 0.0, "worse"),
        (AROUND_ZERO - 0.0899, 0.0, "inconclusive"),
        (AROUND_ZERO - 0.1001, 0.01, "worse"),
        (AROUND_ZERO - 0.0999, 0.01, "inconclusive"),
        (AROUND_ZERO / 10 - 0.02, 0.03, "no worse"),  # less than the champion beyond doubt, and within the margin
    ],
)
def test_standings(gains, margin, standing, maximize):
    found = judge_difference(made(gains, maximize=maximize), maximize=maximize, margin=margin)
    assert found.standing == standing
    sign = 1 if maximize else -1
    assert found.value == pytest.approx(sign * gains.mean())
    assert found.bound == pytest.approx(sign * np.quantile(gains, 0.05))
    assert sorted([sign * found.low, sign * found.high]) == pytest.approx(np.quantile(gains, [0.025, 0.975]))
    assert found.low < found.high
    assert found.margin == margin
    assert (found.rows_needed is not None) == (standing == "inconclusive" and margin > 0)


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize(("ours", "theirs"), [(0.94, 0.95), (0.29, 0.30), (94, 94.01)])
def test_a_bound_exactly_at_the_margin_passes(ours, theirs, maximize):
    """In floats 0.94 - 0.95 is less than -0.01; nobody who reads the two numbers would fail that."""
    if not maximize:
        ours, theirs = theirs, ours
    above = (1 if maximize else -1) * np.r_[np.zeros(10), np.full(40, 0.001)]
    at_margin = PairedResamples(
        rows=100,
        candidate=ours,
        candidate_resamples=ours + above,
        champion=theirs,
        champion_resamples=np.full(50, theirs),
    )
    assert judge_difference(at_margin, maximize=maximize, margin=0.01).standing == "no worse"
    assert judge_difference(at_margin, maximize=maximize, margin=0.0099).standing == "inconclusive"
    assert judge_slice(at_margin, maximize=maximize, margin=0.01)[1] == 1


def test_bounds_without_width_decide_nothing():
    for gain in (-0.2, 0.0, 0.2):
        found = judge_difference(made([gain] * 50), maximize=True, margin=0.1)
        assert (found.value, found.low, found.high, found.bound) == (pytest.approx(gain), None, None, None)
        assert found.standing == "inconclusive"


def test_the_last_bits_of_a_prediction_decide_nothing():
    generator = np.random.default_rng(3)
    truth = generator.normal(0, 1, 80)
    first = generator.normal(0, 1, 80)
    second = first + np.where(first > truth, 1e-13, -1e-13)  # a little farther from the truth, on every row
    a, b = regression_outcomes(truth, first), regression_outcomes(truth, second)
    for candidate, champion in ((a, b), (b, a)):
        for name, resampled in paired_bootstrap(REGRESSION, candidate, champion, resamples=300).items():
            maximize = name in ("r2", "explained_variance")
            assert judge_difference(resampled, maximize=maximize, margin=0).standing == "inconclusive", name
            wide = judge_difference(resampled, maximize=maximize, margin=0.2)
            assert wide.standing == ("inconclusive" if name == "max_error" else "no worse"), name


@pytest.mark.parametrize("margin", [-0.01, math.nan, math.inf])
def test_a_margin_is_a_number_from_zero(margin):
    with pytest.raises(ValueError, match="margin"):
        judge_difference(made(AROUND_ZERO), maximize=True, margin=margin)


def test_bounds_are_left_out_where_too_few_resamples_define_the_metric():
    few = made([np.nan] * 51 + [0.2] * 49)
    found = judge_difference(few, maximize=True, margin=0.1)
    assert (found.low, found.high, found.bound, found.standing, found.rows_needed) == (
        None, None, None, "inconclusive", None,
    )  # fmt: skip
    assert found.value == pytest.approx(0.2)
    assert judge_slice(made([np.nan] * 51 + [-0.9] * 49), maximize=True, margin=0.1)[1] == 1
    enough = made([np.nan] * 50 + [0.2, 0.3] * 25)
    assert judge_difference(enough, maximize=True, margin=0.1).standing == "better"


# -- the plan: rows needed ---------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-0.05, 0.05), margin=st.floats(1e-5, 0.05))
@settings(max_examples=examples(60), deadline=None)
def test_the_plan_follows_the_formula_and_not_the_gain(seed, shift, margin):
    gains = np.random.default_rng(seed).normal(shift, 0.04, 500)
    found = judge_difference(made(gains, rows=200), maximize=True, margin=margin)
    z = stats.norm.ppf(0.95) + stats.norm.ppf(0.80)
    expected = 200 * (z * gains.std(ddof=1) / margin) ** 2
    if found.standing != "inconclusive" or expected > MOST_ROWS / 10:
        return
    assert found.rows_needed.rows == pytest.approx(expected, abs=1, rel=1e-6)
    assert 1 <= found.rows_needed.low < found.rows_needed.rows < found.rows_needed.high


def test_a_plan_ends_at_a_billion_and_needs_a_margin():
    assert judge_difference(made(AROUND_ZERO), maximize=True, margin=1e-7).rows_needed is None
    assert judge_difference(made(AROUND_ZERO), maximize=True, margin=0).rows_needed is None


@pytest.mark.slow
def test_a_plan_holds_the_truth_where_a_gain_divided_by_chance_did_not():
    """Accuracy, 6% of rows differ, margin 0.01: the truth is 3,710. At n = 300 to 3,000 (a few pairs of each are
    inconclusive by construction of the sample) the range holds it in nine of ten."""
    z = stats.norm.ppf(0.95) + stats.norm.ppf(0.80)
    truth = 0.06 * (z / 0.01) ** 2
    assert truth == pytest.approx(3_710, abs=2)
    generator, held, plans = np.random.default_rng(12), [], []
    for rows in (300, 1_000, 3_000):
        for _ in range(200):
            wins, losses, _ = generator.multinomial(rows, [0.03, 0.03, 0.94])
            draws = generator.multinomial(rows, [wins / rows, losses / rows, 1 - (wins + losses) / rows], size=4_000)
            resampled = made((draws[:, 0] - draws[:, 1]) / rows, rows=rows)
            plan = judge_difference(resampled, maximize=True, margin=0.01).rows_needed
            if plan is not None:
                held.append(plan.low <= truth <= plan.high)
                plans.append(plan.rows / truth)
    assert len(held) > 300
    assert np.mean(held) >= 0.88
    assert 0.85 <= np.median(plans) <= 1.15
