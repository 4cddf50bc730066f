"""How often a class is true at each of its probabilities, learned from rows with labels. Pure arithmetic on counts.

A logistic regression on the logit of the probability, whose slope may change at a few knots. It is shrunk to the
probabilities as they are. So few rows trust the model, and many rows show any shape; a line alone is Platt's scaling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.live.score_counts import LOGITS

if TYPE_CHECKING:
    from mintmark.core.statistics.metrics import Floats

_KNOTS: Final = tuple(np.arange(1, 10) / 10)  # quantiles of the logits
_BEYOND: Final = 1.0  # how far outside of the other logits those of 0 and 1 are taken to be, and any that were not seen
_SPREAD: Final = (1.0, 0.5, 0.5)  # of intercept, slope and changes of the slope, around 0, 1 and 0: a normal prior
_ROUNDS: Final = 25  # of Newton's method
_CLOSE: Final = 1e-8
_LARGEST: Final = 30.0  # of a logit in between


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Coefficients of several draws, (draws, features), and the features of each bin of `LOGITS`, (BINS, features)."""

    coefficients: Floats
    features: Floats

    def chances(self) -> Floats:
        """Return the chance of the class at each bin, (draws, BINS)."""
        return _chance(self.coefficients @ self.features.T)


def calibrate(hits: Floats, rows: Floats) -> Calibration:
    """Return how the chance of a class goes with its probability, for each of several draws at once.

    `hits` and `rows` have shape (draws, BINS): the weight of the rows of the class, and of all rows. The knots are the
    quantiles over all draws, so that draws of the same rows share them.
    """
    weights = rows.sum(axis=0)
    logits = _within_reach(weights)
    features = _features(logits, weights)
    used = weights > 0
    prior = np.array([0.0, 1.0, *[0.0] * (features.shape[1] - 2)])
    precision = 1 / np.array([*_SPREAD[:2], *[_SPREAD[2]] * (features.shape[1] - 2)]) ** 2
    return Calibration(_fit(features[used], hits[:, used], rows[:, used], prior, precision), features)


def _within_reach(weights: Floats) -> Floats:
    seen = LOGITS[1:-1][weights[1:-1] > 0]
    if not len(seen):
        return np.clip(LOGITS, -_BEYOND, _BEYOND)
    return np.clip(LOGITS, seen[0] - _BEYOND, seen[-1] + _BEYOND)


def _features(logits: Floats, weights: Floats) -> Floats:
    reached = np.cumsum(weights)
    knots = np.unique([logits[np.searchsorted(reached, share * reached[-1])] for share in _KNOTS])
    columns = [np.ones_like(logits), logits, *(np.maximum(0, logits - knot) for knot in knots)]
    return np.stack(columns, axis=1)


def _fit(features: Floats, hits: Floats, rows: Floats, prior: Floats, precision: Floats) -> Floats:
    """Return the coefficients, (draws, features), at the mode of likelihood times prior, by Newton's method."""
    found, count = np.tile(prior, (len(hits), 1)), features.shape[1]
    products = (features[:, :, None] * features[:, None, :]).reshape(-1, count * count)
    for _ in range(_ROUNDS):
        chance = _chance(found @ features.T)
        slope = (hits - rows * chance) @ features - (found - prior) * precision
        weights = rows * chance * (1 - chance)
        curvature = (weights @ products).reshape(-1, count, count) + np.diag(precision)
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        found = found + step / np.maximum(1, longest)  # no leap out of where the curve is flat
        if longest.max() < _CLOSE:
            break
    return found


def _chance(logits: Floats) -> Floats:
    chance: Floats = 1 / (1 + np.exp(-np.clip(logits, -_LARGEST, _LARGEST)))
    return chance
