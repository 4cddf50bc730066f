"""Properties of the paired bootstrap, and what it does with hostile and odd input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.statistics.paired_predictions import PASSES, classes, random_pair, scored
from tests.scaffold.examples import examples

from mintmark.core.statistics.differences import RESAMPLES, judge_difference, judge_slice, paired_bootstrap
from mintmark.core.statistics.intervals import resample_counts
from mintmark.core.statistics.metric_names import CLASSIFICATION, LABEL_METRICS, REGRESSION
from mintmark.core.statistics.metrics import class_outcomes, metric_values, regression_outcomes


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
