"""The paired bootstrap against scipy.stats.bootstrap, and its verdicts against what they promise over many pairs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
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
from mintmark.core.statistics.intervals import metric_intervals, resample_counts
from mintmark.core.statistics.metric_names import CLASSIFICATION, LABEL_METRICS, REGRESSION
from mintmark.core.statistics.metrics import (
    class_outcomes,
    metric_value,
    metric_values,
    regression_outcomes,
)

PASSES = ("better", "no worse")


def classes(truth, prediction, probability=None):
    """Outcomes of two classes, 0 and 1."""
    table = None if probability is None else np.c_[1 - probability, probability]
    return class_outcomes(np.asarray(truth, dtype=int), np.asarray(prediction, dtype=int), table, [0, 1])


def scored(truth, seed, *, skill=1.5):
    generator = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-(skill * (2 * truth - 1) + generator.normal(0, 1.5, len(truth)))))
    return classes(truth, probability > 0.5, probability)


def made(gains, *, maximize=True, rows=100, level=0.5):
    """Resamples with these gains (NaN: not defined) around their mean."""
    gains = np.asarray(gains, dtype=float)
    sign = 1 if maximize else -1
    return PairedResamples(
        rows=rows,
        candidate=level + sign * float(np.nanmean(gains)),
        candidate_resamples=level + sign * gains,
        champion=level,
        champion_resamples=np.full(len(gains), level),
    )


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


# -- what a verdict promises -----------------------------------------------------------------------------------------

PAIRS = 400
ROWS = 3_000
APART = 0.06  # of the rows, on which exactly one of the two models is right
MARGIN = 0.01


def judged(rows, *, gain, seed, resamples=RESAMPLES):
    """The resampled accuracies of PAIRS pairs of models.

    The candidate's true accuracy is that of the champion plus `gain`, and exactly one is right on APART of the rows.
    """
    generator = np.random.default_rng(seed)
    truth = np.arange(rows) % 2
    found = []
    for _ in range(PAIRS):
        toss, both = generator.random(rows), generator.random(rows) < 0.9
        ours, theirs = toss < (APART + gain) / 2, toss > 1 - (APART - gain) / 2
        sides = (ours | (both & ~theirs), theirs | (both & ~ours))
        pair = [classes(truth, np.where(side, truth, 1 - truth)) for side in sides]
        found.append(paired_bootstrap(["accuracy"], *pair, resamples=resamples)["accuracy"])
    return found


def share_passing(pairs):
    verdicts = [judge_difference(pair, maximize=True, margin=MARGIN).standing for pair in pairs]
    return sum(verdict in PASSES for verdict in verdicts) / len(verdicts)


@pytest.mark.slow
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


# -- properties ------------------------------------------------------------------------------------------------------


def random_pair(seed, rows):
    generator = np.random.default_rng(seed)
    truth = np.r_[0, 1, generator.integers(0, 2, rows - 2)]
    return scored(truth, seed), scored(truth, seed + 1)


def judge_all(candidate, champion, *, margin=0.02):
    found = paired_bootstrap(CLASSIFICATION, candidate, champion, resamples=200)
    return {
        name: judge_difference(resampled, maximize=name not in ("log_loss", "brier"), margin=margin)
        for name, resampled in found.items()
    }


@given(seed=st.integers(0, 2**32 - 2), rows=st.integers(5, 60))
@settings(max_examples=examples(25), deadline=None)
def test_swapping_the_two_mirrors_the_difference(seed, rows):
    candidate, champion = random_pair(seed, rows)
    one, other = judge_all(candidate, champion), judge_all(champion, candidate)
    for name, found in one.items():
        assert other[name].value == pytest.approx(-found.value, abs=1e-12), name
        if name in LABEL_METRICS:  # other cells are drawn first
            continue
        assert other[name].low == (None if found.high is None else pytest.approx(-found.high, abs=1e-12)), name
        assert other[name].high == (None if found.low is None else pytest.approx(-found.low, abs=1e-12)), name
        assert {found.standing, other[name].standing} != {"better"}


@given(seed=st.integers(0, 2**32 - 2), rows=st.integers(5, 60))
@settings(max_examples=examples(25), deadline=None)
def test_the_order_of_the_rows_does_not_matter_to_the_value(seed, rows):
    candidate, champion = random_pair(seed, rows)
    order = np.random.default_rng(seed).permutation(rows)
    one, other = judge_all(candidate, champion), judge_all(candidate.take(order), champion.take(order))
    for name, found in one.items():
        assert other[name].value == pytest.approx(found.value, abs=1e-12), name


def test_identical_models_are_no_worse_where_the_rows_could_have_told():
    """Thirty rows on which nobody differs are no evidence for a margin of a hundredth; three thousand are."""
    for rows, standing in ((30, "inconclusive"), (3_000, "no worse")):
        candidate, _ = random_pair(1, rows)
        for name, found in judge_all(candidate, candidate, margin=0.01).items():
            if name == "brier":  # a hundredth is a tenth of it
                continue
            assert (found.standing, found.value) == (standing, 0), name
            assert found.low is None or found.low < 0 < found.high, name


@given(seed=st.integers(0, 2**32 - 2), margins=st.lists(st.floats(0, 0.5), min_size=2, max_size=6))
@settings(max_examples=examples(40), deadline=None)
def test_more_margin_never_turns_a_pass_into_a_failure(seed, margins):
    candidate, champion = random_pair(seed, 40)
    found = paired_bootstrap(["f1", "log_loss"], candidate, champion, resamples=200)
    for name, maximize in (("f1", True), ("log_loss", False)):
        passed = [
            judge_difference(found[name], maximize=maximize, margin=margin).standing in PASSES
            for margin in sorted(margins)
        ]
        assert passed == sorted(passed)


# -- hostile and odd input -------------------------------------------------------------------------------------------


def test_models_of_other_rows_are_refused():
    truth = np.arange(10) % 2
    candidate = scored(truth, 1)
    for other in (scored(truth[::-1], 1), scored(truth[:-1], 1)):
        with pytest.raises(ValueError, match="same rows"):
            paired_bootstrap(["accuracy"], candidate, other)
    labels = class_outcomes(truth, truth, None, [0, 1], positive=0)
    renamed = class_outcomes(1 - truth, truth, None, [1, 0])
    for other in (labels, renamed, regression_outcomes(truth, truth)):
        with pytest.raises(ValueError, match="same classes"):
            paired_bootstrap(["accuracy"], candidate, other)
    with pytest.raises(ValueError, match="10 rows and the clusters of 9"):
        paired_bootstrap(["accuracy"], candidate, None, clusters=np.arange(9))


@pytest.mark.parametrize("wild", [1e160, -1e308, 1.7e308])
@pytest.mark.parametrize("many", [1, 59])
def test_a_wild_prediction_is_worse_and_not_undefined(wild, many):
    """Its square is no float any more; it must not make the metric vanish, and the gate with it."""
    truth = np.random.default_rng(1).normal(0, 1, 60)
    champion = regression_outcomes(truth, truth + 0.1)
    prediction = truth + 0.1
    prediction[:many] = wild
    found = paired_bootstrap(REGRESSION, regression_outcomes(truth, prediction), champion, resamples=400)
    assert tuple(found) == REGRESSION
    for name, resampled in found.items():
        maximize = name in ("r2", "explained_variance")
        judged = judge_difference(resampled, maximize=maximize, margin=0.1)
        assert judged.standing not in PASSES, name
        if name == "max_error":
            continue
        assert all(math.isfinite(number) for number in (judged.value, judged.low, judged.high, judged.bound)), name
    assert judge_slice(found["mse"], maximize=False, margin=0.1)[1] < 1


def test_a_metric_of_probabilities_needs_them():
    truth = np.random.default_rng(5).integers(0, 2, 60)
    full, bare = scored(truth, 1), classes(truth, truth)
    without = paired_bootstrap(CLASSIFICATION, bare, full, resamples=100)
    assert set(without) == {"accuracy", "balanced_accuracy", "precision", "recall", "f1"}
    found = paired_bootstrap(CLASSIFICATION, full, bare, resamples=100)
    assert tuple(found) == CLASSIFICATION
    assert found["roc_auc"].champion is found["roc_auc"].champion_interval is None
    assert found["f1"].champion == 1
    with pytest.raises(ValueError, match="no champion"):
        judge_difference(found["roc_auc"], maximize=True, margin=0)


def test_a_metric_that_the_rows_do_not_define_is_left_out():
    one_class = scored(np.ones(20, int), 1)
    found = paired_bootstrap(["accuracy", "roc_auc"], one_class, scored(np.ones(20, int), 2), resamples=100)
    assert set(found) == {"accuracy"}
    nothing = one_class.take(np.zeros(20, dtype=bool))
    assert paired_bootstrap(CLASSIFICATION, nothing, nothing) == {}
    none = regression_outcomes([], [])
    assert paired_bootstrap(REGRESSION, none, none, clusters=np.array([], dtype=np.intp)) == {}


def test_resamples_that_lose_a_class_do_not_count():
    """Rows drawn from all classes alike may lose the only positive there is: ROC AUC is of the other resamples."""
    truth = np.r_[np.ones(1, int), np.zeros(49, int)]
    lost = [
        np.isnan(metric_values(["roc_auc"], scored(truth, 1), counts)["roc_auc"]).mean()
        for counts in resample_counts(50, resamples=4_000, seed=1)
    ]
    assert np.mean(lost) == pytest.approx(0.98**50, abs=0.03)


def test_any_codes_will_do_for_clusters():
    """A slice leaves gaps in the codes of its entities; a gap is no entity that could be drawn."""
    truth = np.random.default_rng(5).integers(0, 2, 60)
    candidate, champion = scored(truth, 1), scored(truth, 2)
    dense = np.repeat(np.arange(12), 5)
    one = paired_bootstrap(["f1"], candidate, champion, clusters=dense, resamples=100)["f1"]
    other = paired_bootstrap(["f1"], candidate, champion, clusters=dense * 7 - 3, resamples=100)["f1"]
    assert (one.candidate_resamples == other.candidate_resamples).all()


def test_the_same_predictions_always_get_the_same_verdict():
    truth = np.random.default_rng(5).integers(0, 2, 80)
    one, other = (paired_bootstrap(["f1"], scored(truth, 1), scored(truth, 2))["f1"] for _ in range(2))
    assert judge_difference(one, maximize=True, margin=0.02) == judge_difference(other, maximize=True, margin=0.02)
    assert len(one.candidate_resamples) == RESAMPLES == 10_000


def test_the_arguments_are_left_alone():
    truth = np.array([1.0, 2.0, 3.0])
    prediction = np.array([1e200, 2.0, 3.0])
    outcomes = regression_outcomes(truth, prediction)
    paired_bootstrap(REGRESSION, outcomes, outcomes, resamples=10)
    assert prediction[0] == outcomes.prediction[0] == 1e200
