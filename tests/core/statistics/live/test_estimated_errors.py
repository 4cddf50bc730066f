"""Errors of a regression without labels: right where errors go with the prediction, and how often they are right."""

from __future__ import annotations

import numpy as np
import pytest

from mintmark.core.statistics.live.estimated_errors import (
    ESTIMATED,
    LearnedErrors,
    _drawn_window,
    _shapes,
    count_predictions,
    prediction_edges,
)
from mintmark.core.statistics.metrics import metric_value, regression_outcomes


def rows(count, seed, *, shift=0.0):
    """Errors that grow with the prediction."""
    generator = np.random.default_rng(seed)
    said = np.exp(generator.normal(2 + shift, 0.5, count))
    return regression_outcomes(said * (1 + 0.2 * generator.normal(0, 1, count)) + 0.3, said)


def estimate(evaluation, window, names=ESTIMATED, **draws):
    edges = prediction_edges(evaluation.prediction)
    return LearnedErrors(evaluation, **draws).estimate(count_predictions(window.prediction, edges), names)


def test_every_metric_follows_the_predictions():
    evaluation, window = rows(5_000, 1), rows(20_000, 2, shift=0.3)
    found = estimate(evaluation, window)
    assert tuple(found) == ESTIMATED
    for name in ESTIMATED:
        assert found[name].value == pytest.approx(metric_value(name, window), rel=0.12), name
    assert found["mae"].moved
    assert found["mae"].change == pytest.approx(metric_value("mae", window) - metric_value("mae", evaluation), rel=0.25)


def test_on_the_evaluation_rows_it_is_what_was_measured():
    evaluation = rows(500, 1)
    found = estimate(evaluation, evaluation)
    for name in ESTIMATED:
        assert found[name].value == pytest.approx(metric_value(name, evaluation)), name
        assert found[name].change == pytest.approx(0, abs=1e-6)
        assert not found[name].moved


def test_the_interval_holds_the_error_of_all_there_are():
    truth, held, widths = metric_value("mae", rows(200_000, 0)), 0, []
    for seed in range(60):
        found = estimate(rows(200, seed), rows(500, 1_000 + seed), names=["mae"], resamples=100, seed=seed)["mae"]
        held += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    assert held >= 55
    assert 0.15 * truth < np.median(widths) < 0.4 * truth


def test_the_interval_holds_squared_errors_where_the_evaluation_has_few_rows():
    """The window went to where errors are large: draws of the evaluation rows alone hold four of five (48)."""
    truth = {name: metric_value(name, rows(200_000, 0, shift=0.35)) for name in ("rmse", "r2")}
    held = dict.fromkeys(truth, 0)
    for seed in range(60):
        window = rows(500, 1_000 + seed, shift=0.35)
        found = estimate(rows(300, seed), window, names=list(truth), resamples=20, seed=seed)
        for name, value in truth.items():
            held[name] += found[name].low <= value <= found[name].high
    assert min(held.values()) >= 56


def test_a_model_without_an_error_has_none():
    said = np.random.default_rng(1).normal(0, 1, 300)
    found = estimate(regression_outcomes(said, said), regression_outcomes(said[:50], said[:50]))
    assert [found[name].value for name in ("mse", "mae", "r2")] == pytest.approx([0, 0, 1], abs=1e-9)
    assert all(np.isfinite([each.low, each.high]).all() for each in found.values())


def test_counts_of_batches_add_up():
    window, edges = rows(999, 3), prediction_edges(rows(400, 1).prediction)
    parts = [count_predictions(window.prediction[start::3], edges) for start in range(3)]
    assert sum(parts) == pytest.approx(count_predictions(window.prediction, edges))


def test_draws_of_a_window_scatter_as_draws_of_its_rows_do():
    """Losses are large in the tails, which the outer bins hold: one mean for each bin would scatter too little."""
    generator = np.random.default_rng(3)
    evaluation, window = generator.lognormal(0, 0.6, 2_000), generator.lognormal(0, 0.6, 500)
    edges = prediction_edges(evaluation)
    counts = count_predictions(window, edges)
    first, *drawn = _drawn_window(counts, _shapes(evaluation, edges), 2_000, generator).sum(axis=2)
    assert first == pytest.approx(counts.sum(axis=1))
    rows = window[generator.integers(0, 500, (2_000, 500))]
    for place, power in ((1, 1), (2, 2)):
        said = np.array(drawn)[:, place]
        assert said.mean() == pytest.approx((rows**power).sum(axis=1).mean(), rel=0.01)
        assert said.std() == pytest.approx((rows**power).sum(axis=1).std(), rel=0.1)


def test_nothing_of_nothing():
    assert estimate(rows(100, 1), rows(100, 2).take(np.zeros(100, dtype=bool))) == {}


def test_a_model_that_says_one_number_gives_finite_errors():
    generator = np.random.default_rng(1)
    truth = generator.normal(0, 1, 100)
    found = estimate(regression_outcomes(truth, np.zeros(100)), regression_outcomes(truth[:50], np.ones(50)))
    assert found["mae"].value == pytest.approx(np.abs(truth).mean())
    assert all(np.isfinite([each.value, each.low, each.high]).all() for each in found.values())


def test_what_is_learned_once_says_of_each_window_what_it_says_by_itself():
    evaluation = rows(300, 1)
    edges = prediction_edges(evaluation.prediction)
    windows = [count_predictions(rows(500, seed).prediction, edges) for seed in (2, 3)]
    learned = LearnedErrors(evaluation, resamples=60)
    alone = [LearnedErrors(evaluation, resamples=60).estimate(window) for window in windows]
    assert [learned.estimate(window) for window in reversed(windows)] == alone[::-1]
    assert alone[0] != alone[1]
