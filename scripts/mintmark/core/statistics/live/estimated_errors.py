"""The errors that a regression probably has in a window without labels, from its predictions. Pure.

A direct estimate of the loss from the evaluation rows: how large it is at each prediction, by least squares on a line
that bends at a few knots, averaged over the window's predictions. So it follows a window in which the model says more
often what it is bad at. It is right as long as errors at each prediction are what they were: no concept drift, and no
drift of an input that makes errors and not predictions. A model of the loss over all inputs (NannyML's) sees that, but
needs more rows than most versions are evaluated on, and costs a second prediction of each row.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.live.bent_line import BentLine, Moments
from mintmark.core.statistics.live.error_intervals import ErrorBounds
from mintmark.core.statistics.live.estimates import RESAMPLES, drawn_groups, summarised
from mintmark.core.statistics.metrics import LOSSES, errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.statistics.live.estimates import Estimate
    from mintmark.core.statistics.metrics import Codes, Floats, Outcomes

ASSUMPTION: Final = (
    "an estimate without labels, which assumes that errors at each prediction are what they were on the evaluation rows"
)
ESTIMATED: Final = ("mse", "rmse", "mae", "r2", "explained_variance", "mape")
_ROWS_IN_A_BIN: Final = 30
_MOST_BINS: Final = 20
_NEVER_SINGULAR: Final = 1e-9  # added to squares whose mean is about 1, where predictions hardly vary


def prediction_edges(predictions: Floats) -> Floats:
    """Return the inner edges of bins of predictions that the evaluation rows fill evenly; none where they are few."""
    bins = min(_MOST_BINS, len(predictions) // _ROWS_IN_A_BIN)
    if bins < 2:
        return np.empty(0)
    return np.unique(np.quantile(predictions, np.arange(1, bins) / bins))


def count_predictions(predictions: Floats, edges: Floats) -> Floats:
    """Return rows, sum and sum of squares of the predictions in each bin, shape (3, bins); they add up over batches."""
    bins = np.searchsorted(edges, predictions, side="right")
    return np.stack([np.bincount(bins, predictions**power, minlength=len(edges) + 1) for power in range(3)])


class LearnedErrors:
    """What the evaluation rows of a version tell of its errors, draw by draw.

    Learned once, it serves any number of windows, and each of them finds what it would find by itself. `evaluation`
    holds its stored evaluation rows with their truth, 30 or more of them.
    """

    def __init__(self, evaluation: Outcomes, *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        self._evaluation, self._resamples = evaluation, resamples
        edges = prediction_edges(evaluation.prediction)
        self._line = BentLine(edges, float(evaluation.prediction.mean()), float(evaluation.prediction.std()))
        self._generator = np.random.default_rng(seed)
        groups, weights = drawn_groups(len(evaluation), resamples, self._generator)
        self._fits, before = _fitted(evaluation, self._line, groups, weights)
        self._before = _metrics(self._fits, before)
        self._bounds = ErrorBounds(evaluation, self._line)
        self._shapes = _shapes(evaluation.prediction, edges)

    def estimate(self, window: Floats, names: Sequence[str] = ESTIMATED) -> dict[str, Estimate]:
        """Return each metric that follows from the counts of `count_predictions` between `prediction_edges`.

        The interval of a metric is that of `ErrorBounds`, and that of its change has percentiles over draws of both, as
        for a classification. `max_error` rests on one row and is not estimated. Nothing for a window without rows.
        """
        if not window[0].sum():
            return {}
        drawn = _drawn_window(window, self._shapes, self._resamples, deepcopy(self._generator))
        found, units = _metrics(self._fits, self._line.moments(drawn)), len(self._evaluation)
        estimates = {name: summarised(found[name], self._before[name], units) for name in names if name in found}
        bounds = self._bounds.of(window)
        return {
            name: replace(estimate, low=bounds[name][0], high=bounds[name][1]) if name in bounds else estimate
            for name, estimate in estimates.items()
            if estimate is not None
        }


def _fitted(evaluation: Outcomes, line: BentLine, groups: Codes, weights: Floats) -> tuple[dict[str, Floats], Moments]:
    """Return the coefficients of each loss and of the error over draws, and the moments of the evaluation rows."""
    features, wrong = line.features(evaluation.prediction), errors(evaluation)
    values = {name: LOSSES[name](evaluation) for name in ("mse", "mae", "mape")} | {"error": wrong}
    size, total = features.shape[1], weights @ np.bincount(groups)
    squares = _summed(features[:, :, None] * features[:, None, :], groups, weights)
    squares += np.eye(size) * _NEVER_SINGULAR * total[:, None, None]
    fits: dict[str, Floats] = {}
    for name, value in values.items():
        used = size - (name != "mse")
        sums = _summed(features[:, :used] * value[:, None], groups, weights)
        solved = np.linalg.solve(squares[:, :used, :used], sums[:, :, None])[:, :, 0]
        fits[name] = solved.astype(np.float64)
    mean = squares / total[:, None, None]
    return fits, Moments(mean[:, 0], mean[:, 1, :-1], line.centre, line.scale)


def _summed(values: Floats, groups: Codes, weights: Floats) -> Floats:
    """Return sums over rows of values, (rows, ...), by the weights of their groups, (draws, groups)."""
    flat = values.reshape(len(values), -1)
    by_group = np.stack([np.bincount(groups, column, minlength=weights.shape[1]) for column in flat.T], axis=1)
    summed: Floats = (weights @ by_group).reshape(len(weights), *values.shape[1:])
    return summed


def _shapes(predictions: Floats, edges: Floats) -> Floats:
    """Return how predictions scatter within each bin, shape (2, bins): their skewness, and what kurtosis adds to it."""
    bins = np.searchsorted(edges, predictions, side="right")
    rows = np.maximum(1, np.bincount(bins, minlength=len(edges) + 1))
    beside = predictions - (np.bincount(bins, predictions, minlength=len(rows)) / rows)[bins]
    second, third, fourth = (np.bincount(bins, beside**power, minlength=len(rows)) / rows for power in (2, 3, 4))
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness, kurtosis = third / second**1.5, fourth / second**2
    found = np.stack([skewness, np.sqrt(np.maximum(0, kurtosis - 1 - skewness**2))])
    return np.where(np.isfinite(found), found, 0.0)


def _drawn_window(window: Floats, shapes: Floats, resamples: int, generator: np.random.Generator) -> Floats:
    """Return counts of shape (draws, 3, bins), the first as they are.

    Rows scatter within a bin too, as those of the evaluation do: the outer bins hold tails, in which losses are large.
    """
    rows = window[0]
    drawn = generator.multinomial(int(rows.sum()), rows / rows.sum(), resamples)
    counts = np.concatenate([rows[None], drawn.astype(np.float64)])
    mean, square = (part / np.maximum(rows, 1) for part in window[1:])
    deviation = np.sqrt(np.maximum(0, square - mean**2))
    first, second = generator.standard_normal((2, *counts.shape)) / np.sqrt(np.maximum(counts, 1))
    first[0] = second[0] = 0
    spread = deviation**2 * (shapes[0] * first + shapes[1] * second)  # of the squares around the mean
    moved = deviation * first
    return np.stack([counts, counts * (mean + moved), counts * (square + 2 * mean * moved + spread)], axis=1)


def _metrics(fits: dict[str, Floats], moments: Moments) -> dict[str, Floats]:
    def mean(name: str, over: Floats) -> Floats:
        found: Floats = (fits[name] * over[:, : fits[name].shape[1]]).sum(axis=1)
        return found

    mse, mae, mape = (np.maximum(0, mean(name, moments.features)) for name in ("mse", "mae", "mape"))
    bias = mean("error", moments.features)
    said, spread = moments.features[:, 1], moments.products[:, 1]  # in standard deviations around the centre
    together = moments.scale * (mean("error", moments.products) - said * bias)  # covariance of prediction and error
    variance = moments.scale**2 * (spread - said**2) + 2 * together + mse - bias**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "mse": mse,
            "rmse": np.sqrt(mse),
            "mae": mae,
            "mape": mape,
            "r2": np.where(variance > 0, 1 - mse / variance, np.nan),
            "explained_variance": np.where(variance > 0, 1 - (mse - bias**2) / variance, np.nan),
        }
