"""Simulate how often the interval of an estimate without labels holds the true metric, with Mintmark's own code.

`python tests/bench/estimates.py` prints the figures of docs/explanation/monitoring.md in some minutes. In every world the
inputs of the window have shifted, and what is true at each score has not: this is what an estimate assumes. `calm` says
how often an estimate moves in a window that did not shift: 5 of 100 may. The width is the median one, of the metric.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from mintmark.core.statistics.live.estimated_errors import LearnedErrors, count_predictions, prediction_edges
from mintmark.core.statistics.live.estimated_performance import LearnedScores, no_estimate_reason
from mintmark.core.statistics.live.estimates import Estimate
from mintmark.core.statistics.live.score_counts import outcome_counts
from mintmark.core.statistics.metrics import Outcomes, metric_value, regression_outcomes

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, float], Outcomes]
SIZES = ((300, 1_000), (2_000, 1_000), (2_000, 20_000))  # rows of the evaluation and of the window
SHIFT = 0.7  # standard deviations of the only input
HEAD = "| world | evaluation | window | metric | interval holds | its width | calm |"
_POPULATION = 500_000
_RESAMPLES = 200
_ERRORS = ("mae", "rmse", "r2")


def _chance(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)))


def two_classes(base: float, *, steep: float = 1.0, digits: int | None = None) -> Draw:
    """The chance of the positive class goes with one input; the model says it, or is too sure of it (`steep`)."""

    def draw(generator: np.random.Generator, rows: int, shift: float) -> Outcomes:
        logit = 2 * generator.normal(shift, 1, rows) + base
        truth = generator.random(rows) < _chance(logit)
        said = _chance(steep * logit)
        if digits is not None:
            said = said.round(digits)
        return _outcomes(truth.astype(np.float64), np.c_[1 - said, said])

    return draw


def many_classes(count: int, *, steep: float = 1.0) -> Draw:
    """The chances of classes go with a score for each; the shift makes the later classes more frequent."""

    def draw(generator: np.random.Generator, rows: int, shift: float) -> Outcomes:
        logits = 2 * generator.normal(0, 1, (rows, count)) + shift * np.linspace(0, 1, count)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        truth = (generator.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1)
        said = np.exp(steep * logits) / np.exp(steep * logits).sum(axis=1, keepdims=True)
        return _outcomes(truth.clip(0, count - 1).astype(np.float64), said)

    return draw


def _outcomes(truth: Floats, said: Floats) -> Outcomes:
    classes = tuple(range(said.shape[1]))
    positive = 1 if len(classes) == 2 else None
    prediction = said.argmax(axis=1).astype(np.float64)
    return Outcomes(truth=truth, prediction=prediction, probabilities=said, classes=classes, positive=positive)


def regression(generator: np.random.Generator, rows: int, shift: float) -> Outcomes:
    """Errors that grow with what is said."""
    said = np.exp(2 + 0.5 * generator.normal(shift, 1, rows))
    return regression_outcomes(said * (1 + 0.2 * generator.normal(0, 1, rows)), said)


def regression_at_both_ends(generator: np.random.Generator, rows: int, shift: float) -> Outcomes:
    """Errors that grow to both ends of what is said."""
    place = generator.normal(shift, 1, rows)
    return regression_outcomes(10 + 3 * place + generator.normal(0, 1, rows) * (0.5 + 0.3 * place**2), 10 + 3 * place)


def regression_long_tails(generator: np.random.Generator, rows: int, shift: float) -> Outcomes:
    """Errors of one size, of which some are very large (Student's t with five degrees of freedom)."""
    said = 10 + 3 * generator.normal(shift, 1, rows)
    return regression_outcomes(said + generator.standard_t(5, rows), said)


def regression_wrong_shape(generator: np.random.Generator, rows: int, shift: float) -> Outcomes:
    """A straight line that was fitted to a curve."""
    place = generator.normal(shift, 1, rows)
    said = 10 + 3 * place
    return regression_outcomes(said + 0.6 * (place**2 - 1) + generator.normal(0, 1, rows), said)


WORLDS: Mapping[str, tuple[Draw, tuple[str, ...]]] = {
    "two classes": (two_classes(-1.0), ("accuracy", "f1", "roc_auc", "log_loss")),
    "two classes, too sure": (two_classes(-1.0, steep=2.0), ("accuracy", "f1", "roc_auc", "log_loss")),
    "two classes, 13% positive": (two_classes(-3.0), ("accuracy", "f1", "roc_auc", "log_loss")),
    "two classes, many ties": (two_classes(-1.0, steep=1.5, digits=1), ("accuracy", "f1", "roc_auc", "log_loss")),
    "four classes": (many_classes(4), ("accuracy", "f1", "roc_auc", "log_loss")),
    "regression": (regression, _ERRORS),
    "regression, worse at both ends": (regression_at_both_ends, _ERRORS),
    "regression, long tails": (regression_long_tails, _ERRORS),
    "regression, wrong shape": (regression_wrong_shape, _ERRORS),
}


def lines(world: str, samples: int) -> Iterator[str]:
    """Yield the lines of one world, in Markdown."""
    draw, names = WORLDS[world]
    population = draw(np.random.default_rng(0), _POPULATION, SHIFT)
    true = {name: metric_value(name, population) for name in names}
    if len(population.classes) > 2:
        samples //= 2  # each takes twice as long, or more
    for evaluation_rows, rows in SIZES:
        held, calm, count = dict.fromkeys(names, 0), dict.fromkeys(names, 0), 0
        widths: dict[str, list[float]] = {name: [] for name in names}
        for seed in range(samples):
            generator = np.random.default_rng((evaluation_rows, rows, seed))
            evaluation = draw(generator, evaluation_rows, 0.0)
            shifted = _estimate(evaluation, draw(generator, rows, SHIFT), names, seed)
            same = _estimate(evaluation, draw(generator, rows, 0.0), names, seed)
            count += bool(shifted)  # none where fewer than 20 rows are of the smaller class
            for name in names if shifted else ():
                held[name] += shifted[name].low <= true[name] <= shifted[name].high
                calm[name] += same[name].moved
                widths[name].append(shifted[name].high - shifted[name].low)
        for name in names:
            width = float(np.median(widths[name])) / abs(true[name])
            told = f"{100 * held[name] / count:.0f} | {100 * width:.0f}% | {100 * calm[name] / count:.0f}"
            yield f"| {world} | {evaluation_rows:,} | {rows:,} | {name} | {told} |"


def _estimate(evaluation: Outcomes, window: Outcomes, names: tuple[str, ...], seed: int) -> dict[str, Estimate]:
    if not evaluation.classes:
        counts = count_predictions(window.prediction, prediction_edges(evaluation.prediction))
        return LearnedErrors(evaluation, resamples=_RESAMPLES, seed=seed).estimate(counts, names)
    if no_estimate_reason(evaluation):
        return {}
    return LearnedScores(evaluation, resamples=_RESAMPLES, seed=seed).estimate(outcome_counts(window), names)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=200, help="evaluations and windows for each line (200)")
    parser.add_argument("--only", default="", help="a word of a world's name")
    options = parser.parse_args()
    print(HEAD + "\n|---|--:|--:|---|--:|--:|--:|")
    for world in WORLDS:
        if options.only in world:
            for line in lines(world, options.samples):
                print(line, flush=True)


if __name__ == "__main__":
    main()
