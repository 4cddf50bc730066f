"""Estimates without labels: what they are on rows with known chances, how they add up, and how often they are right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples

from mintmark.core.statistics.live.estimated_performance import (
    LearnedScores,
    no_estimate_reason,
)
from mintmark.core.statistics.live.score_counts import BINS, LOGITS, count_scores, outcome_counts, score_bins
from mintmark.core.statistics.metric_names import CLASSIFICATION
from mintmark.core.statistics.metrics import Outcomes, metric_value


def two_classes(rows, seed, *, shift=0.0, too_sure=1.0):
    """Rows whose chances are a model's own, or are stretched so that it is too sure of itself."""
    generator = np.random.default_rng(seed)
    logit = 2 * generator.normal(shift, 1, rows) - 0.5
    truth = generator.random(rows) < 1 / (1 + np.exp(-logit))
    given_ = 1 / (1 + np.exp(-too_sure * logit))
    return outcomes(truth, np.c_[1 - given_, given_])


def three_classes(rows, seed, *, shift=0.0):
    generator = np.random.default_rng(seed)
    logits = 1.5 * generator.normal(0, 1, (rows, 3)) + shift * np.arange(3)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return outcomes((generator.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1), chances)


def outcomes(truth, chances):
    classes = tuple(range(chances.shape[1]))
    return Outcomes(
        truth=np.asarray(truth, dtype=float),
        prediction=chances.argmax(axis=1).astype(float),
        probabilities=chances,
        classes=classes,
        positive=1 if len(classes) == 2 else None,
    )


def estimate(evaluation, window, names=CLASSIFICATION, **draws):
    return LearnedScores(evaluation, **draws).estimate(window, names)


@pytest.mark.parametrize("draw", [two_classes, three_classes])
def test_every_metric_of_a_shifted_window_is_estimated(draw):
    evaluation, window = draw(3_000, 1), draw(20_000, 2, shift=0.5)
    found = estimate(evaluation, outcome_counts(window), resamples=60)
    assert tuple(found) == CLASSIFICATION
    for name, each in found.items():
        truth = metric_value(name, window)
        assert each.value == pytest.approx(truth, abs=0.03), name
        assert each.low - 0.01 <= truth <= each.high + 0.01, name


def test_a_model_that_is_too_sure_of_itself_is_calibrated():
    evaluation, window = two_classes(3_000, 1, too_sure=3), two_classes(20_000, 2, too_sure=3)
    found = estimate(evaluation, outcome_counts(window), ["accuracy", "log_loss"], resamples=60)
    assert found["accuracy"].value == pytest.approx(metric_value("accuracy", window), abs=0.02)
    assert found["log_loss"].value == pytest.approx(metric_value("log_loss", window), rel=0.1)
    believed = np.maximum(*window.probabilities.T).mean()
    assert believed > found["accuracy"].value + 0.05  # what the probabilities say of themselves


def test_the_estimate_moves_with_the_inputs_and_not_without():
    evaluation = two_classes(2_000, 1)
    same = estimate(evaluation, outcome_counts(two_classes(5_000, 2)), ["accuracy"])
    harder = np.abs(two_classes(40_000, 3).probabilities[:, 1] - 0.5) < 0.3
    moved = estimate(evaluation, outcome_counts(two_classes(40_000, 3).take(harder)), ["accuracy"])
    assert not same["accuracy"].moved
    assert moved["accuracy"].moved
    assert moved["accuracy"].change_high < -0.05


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_interval_holds_the_metric_of_all_there_are(shift):
    truth = metric_value("accuracy", two_classes(200_000, 0, shift=shift))
    held = 0
    for seed in range(50):
        window = outcome_counts(two_classes(500, 1_000 + seed, shift=shift))
        found = estimate(two_classes(400, seed), window, ["accuracy"], resamples=100, seed=seed)
        held += found["accuracy"].low <= truth <= found["accuracy"].high
    assert 43 <= held < 50  # 95% are 47; never all of them, or the interval is too wide


def test_counts_of_batches_add_up():
    window = three_classes(1_000, 5)
    parts = [window.take(np.arange(start, 1_000, 3)) for start in range(3)]
    assert (sum(map(outcome_counts, parts)) == outcome_counts(window)).all()
    assert outcome_counts(window)[:, 1].sum() == outcome_counts(window)[0].sum() == 1_000


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
@settings(max_examples=examples(50), deadline=None)
def test_a_score_lies_in_the_bin_that_stands_for_it(scores):
    found = score_bins(np.array(scores))
    assert ((found >= 0) & (found < BINS)).all()
    stands = 1 / (1 + np.exp(-LOGITS[found]))
    assert stands == pytest.approx(np.array(scores), abs=0.003)


def test_zero_and_one_are_apart():
    assert score_bins(np.array([0.0, 1.0])).tolist() == [0, BINS - 1]
    with pytest.raises(ValueError, match="between 0 and 1"):
        score_bins(np.array([1.5]))


def test_the_same_seed_gives_the_same_interval():
    evaluation, window = two_classes(200, 1), outcome_counts(two_classes(100, 2))
    assert estimate(evaluation, window, seed=3) == estimate(evaluation, window, seed=3)


def test_what_cannot_be_estimated_says_why():
    window = outcome_counts(two_classes(100, 2))
    few, one_class = two_classes(29, 1), two_classes(500, 1).take(np.arange(500))
    one_class = one_class.take(one_class.truth == 0)
    for evaluation, word in ((few, "29 rows"), (one_class, "most frequent")):
        assert word in no_estimate_reason(evaluation)
    assert estimate(two_classes(200, 1), window * 0) == {}


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_window_that_says_one_thing_gives_finite_numbers(score):
    evaluation = two_classes(200, 1)
    chances = np.full((100, 2), score)
    chances[:, 0] = 1 - score
    found = estimate(evaluation, count_scores(chances, np.full(100, score > 0.5), 1), resamples=50)
    assert "accuracy" in found
    for name, each in found.items():
        assert np.isfinite([each.value, each.low, each.high, each.change, each.change_low, each.change_high]).all(), (
            name
        )


@pytest.mark.parametrize("make", [two_classes, three_classes])
def test_what_is_learned_once_says_of_each_window_what_it_says_by_itself(make):
    """In whatever order windows come: nobody's interval depends on the windows before."""
    evaluation, windows = make(300, 1), [outcome_counts(make(500, seed)) for seed in (2, 3)]
    learned = LearnedScores(evaluation, resamples=60)
    alone = [estimate(evaluation, window, resamples=60) for window in windows]
    assert [learned.estimate(window) for window in reversed(windows)] == alone[::-1]
    assert alone[0] != alone[1]
    assert learned.estimate(windows[0] * 0) == {}
