"""How far an estimate of a regression's errors may be off, by its evaluation rows and by the window's. Pure.

Percentiles of draws are too short here. A window that moved visits predictions of which the evaluation has few rows,
and in most samples none of these has one of its rare large errors: then the estimate is too low, and so is its scatter.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from mintmark.core.statistics.metrics import LOSSES, errors

if TYPE_CHECKING:
    from mintmark.core.statistics.live.bent_line import BentLine
    from mintmark.core.statistics.metrics import Floats, Outcomes

_TAIL: Final = 0.975
_NEVER_SINGULAR: Final = 1e-9  # added to squares whose mean is about 1, where predictions hardly vary
_LEAST_REST: Final = 0.05  # of 1 - leverage
_LEAST_LOSS: Final = 0.25  # of the mean loss: a line that bends may pass below zero
# Chosen by simulation (tests/bench/estimates.py).
_MOST_POOLED: Final = 4.0  # times the variance that the errors of the place itself show
_LEAST_FREEDOM: Final = 2.0
_LEAST_SKEWED: Final = 1e-6
_MOST_SKEWED: Final = 1.5


class _Term(NamedTuple):
    """A number that the window is estimated to have, and how far each evaluation row and each bin may move it.

    `pooled` is how much larger the variance by the evaluation rows is if errors scatter everywhere in proportion.
    """

    value: float
    moves: Floats
    pooled: float = 1.0


class ErrorBounds:
    """95% bounds of each metric of a window, by the evaluation rows of a version; they serve any number of windows.

    They are those of a ratio: of the logarithm of an error, and of 1 - R². The variance is that of the jackknife (HC3:
    MacKinnon and White 1985, Journal of Econometrics 29:305), or that of errors which scatter everywhere in proportion
    to their size, whichever is larger. How sure this variance is decides the quantile of Student's t (Satterthwaite
    1946), with half of the degrees of freedom, because losses have long tails. Above, the interval also follows the
    skewness of the estimate.
    """

    def __init__(self, evaluation: Outcomes, line: BentLine) -> None:
        self._line, self._rows = line, len(evaluation)
        features = line.features(evaluation.prediction)
        size = features.shape[1]
        losses = {name: LOSSES[name](evaluation) for name in ("mse", "mae", "mape")} | {"error": errors(evaluation)}
        self._fits = {name: _Fit(features[:, : size - (name != "mse")], loss) for name, loss in losses.items()}

    def of(self, window: Floats) -> dict[str, tuple[float, float]]:
        """Return the bounds by the counts of a window; without those of what is not defined, or has no error."""
        terms = self._terms(window)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            mse, mae, mape, bias, together = (terms[name] for name in ("mse", "mae", "mape", "error", "together"))
            said, spread = terms["said"], terms["spread"]
            scale = self._line.scale
            varies = (
                scale**2 * (spread.value - said.value**2)
                + 2 * scale * (together.value - said.value * bias.value)
                + mse.value
                - bias.value**2
            )
            moves = scale**2 * (spread.moves - 2 * said.value * said.moves)
            moves = moves + 2 * scale * (together.moves - said.value * bias.moves - said.moves * bias.value)
            truth = _Term(varies, moves + mse.moves - 2 * bias.value * bias.moves)
            scatter = _Term(mse.value - bias.value**2, mse.moves - 2 * bias.value * bias.moves, mse.pooled)
            low, high = _ratio(mse, self._rows)
            unexplained, unexplained_scatter = _ratio(mse, self._rows, truth), _ratio(scatter, self._rows, truth)
            found = {
                "mse": (low, high),
                "rmse": (math.sqrt(low), math.sqrt(high)),
                "mae": _ratio(mae, self._rows),
                "mape": _ratio(mape, self._rows),
                "r2": (1 - unexplained[1], 1 - unexplained[0]),
                "explained_variance": (1 - unexplained_scatter[1], 1 - unexplained_scatter[0]),
            }
        return {name: bounds for name, bounds in found.items() if np.isfinite(bounds).all()}

    def _terms(self, window: Floats) -> dict[str, _Term]:
        """Return the means over the window that metrics rest on."""
        rows = window[0]
        whole = self._line.moments(window[None])
        each = self._line.moments(window[None] * np.eye(len(rows))[rows > 0][:, None])
        weights = np.sqrt(rows[rows > 0]) / rows.sum()
        none = np.zeros(self._rows)

        def of_window(mean: Floats, by_bin: Floats) -> _Term:
            return _Term(float(mean), np.concatenate([none, weights * (by_bin - mean)]))

        terms = {
            "said": of_window(whole.features[0, 1], each.features[:, 1]),
            "spread": of_window(whole.products[0, 1], each.products[:, 1]),
        }
        for name, fit in self._fits.items():
            terms[name] = fit.mean(whole.features[0], each.features, weights)
        terms["together"] = self._fits["error"].mean(whole.products[0], each.products, weights)
        return terms


class _Fit:
    """Least squares of a loss on features, and what each row does to it."""

    def __init__(self, features: Floats, loss: Floats) -> None:
        size = features.shape[1]
        self._features, self._loss = features, loss
        squares = features.T @ features + np.eye(size) * _NEVER_SINGULAR * len(features)
        self._inverse = np.linalg.inv(squares)
        self._slopes = self._inverse @ (features.T @ loss)
        self._fitted = features @ self._slopes
        self._leverage = np.einsum("ij,jk,ik->i", features, self._inverse, features)

    def mean(self, features: Floats, by_bin: Floats, weights: Floats) -> _Term:
        """Return the mean of the loss over rows, from the mean of their features, in all and in each bin."""
        size = self._features.shape[1]
        wanted = np.zeros(size)
        used = min(size, len(features))
        wanted[:used] = features[:used]
        value = float(wanted @ self._slopes)
        steps = self._features @ (self._inverse @ wanted)
        beside = self._loss - self._fitted
        moves = steps * beside / np.maximum(_LEAST_REST, 1 - self._leverage)
        of_bins = weights * (by_bin[:, :used] @ self._slopes[:used] - value)
        return _Term(value, np.concatenate([moves, of_bins]), self._pooled(steps, beside, moves))

    def _pooled(self, steps: Floats, beside: Floats, moves: Floats) -> float:
        """Return by how much the variance grows if each row scatters in proportion to its fitted loss."""
        variance = float((moves**2).sum())
        if not variance > 0:
            return 1.0
        sizes = np.maximum(self._fitted, _LEAST_LOSS * self._loss.mean())
        rows, size = self._features.shape
        scatter = float(((beside / sizes) ** 2).sum()) / (rows - size)
        pooled = scatter * float(((steps * sizes) ** 2).sum())
        return min(_MOST_POOLED, max(1.0, float(pooled / variance)))


def _ratio(term: _Term, rows: int, other: _Term | None = None) -> tuple[float, float]:
    """Return bounds of a number above zero, or of its ratio to another one; NaN where that is not defined."""
    from scipy.special import stdtrit

    value = term.value if other is None else term.value / other.value
    if not value > 0:
        return math.nan, math.nan
    moves = term.moves / term.value - (0 if other is None else other.moves / other.value)
    squares = moves**2
    total, by_rows = float(squares.sum()), float(squares[:rows].sum())
    deviation = math.sqrt(total + (term.pooled - 1) * by_rows)
    freedom = total**2 / float((squares[:rows] ** 2).sum()) if by_rows > 0 else math.inf
    quantile = float(stdtrit(max(_LEAST_FREEDOM, min(freedom, 1e9)), _TAIL))
    skewness = float((moves**3).sum()) / deviation**3 if deviation else 0.0
    above = deviation * max(quantile, _skewed(quantile, skewness))
    return value * math.exp(-deviation * quantile), value * math.exp(min(above, 700.0))


def _skewed(quantile: float, skewness: float) -> float:
    """Return how many deviations a mean may be above its estimate, where that is skewed (Hall 1992, JRSS B 54:221)."""
    skewness = min(skewness, _MOST_SKEWED)
    if skewness < _LEAST_SKEWED:
        return quantile
    inside = float(np.cbrt(1 - skewness * (quantile + skewness / 6)))
    return 3 / skewness * (1 - inside)
