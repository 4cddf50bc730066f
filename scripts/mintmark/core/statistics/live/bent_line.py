"""A line over predictions that bends at knots, and its mean over rows that were only counted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from mintmark.core.statistics.metrics import Floats

_KNOTS: Final = 4


class BentLine:
    """A line that bends at knots, as features of predictions, and their means from the counts of bins.

    The last feature is the square: where errors grow with the prediction, their squares grow with its square.
    """

    def __init__(self, edges: Floats, centre: float, scale: float) -> None:
        places = np.unique(np.linspace(0, len(edges) - 1, min(_KNOTS, len(edges))).round().astype(np.intp))
        self.centre, self.scale, self._bins = centre, scale or 1.0, places
        self._knots = (edges[places] - centre) / self.scale

    def features(self, predictions: Floats) -> Floats:
        """Return 1, the prediction in standard deviations, how far it is beyond each knot, and its square."""
        values = (predictions - self.centre) / self.scale
        beyond = np.maximum(0, values[:, None] - self._knots)
        return np.concatenate([np.ones((len(values), 1)), values[:, None], beyond, values[:, None] ** 2], axis=1)

    def moments(self, counts: Floats) -> Moments:
        """Return what the features are on average, from counts of shape (draws, 3, bins)."""
        rows = counts[:, 0]
        first = (counts[:, 1] - self.centre * rows) / self.scale
        second = (counts[:, 2] - 2 * self.centre * counts[:, 1] + self.centre**2 * rows) / self.scale**2
        above = np.arange(rows.shape[1])[None, :] > self._bins[:, None]  # bins beyond each knot
        features = [
            rows.sum(axis=1),
            first.sum(axis=1),
            *(first @ above.T - (rows @ above.T) * self._knots).T,
            second.sum(axis=1),
        ]
        products = [first.sum(axis=1), second.sum(axis=1), *(second @ above.T - (first @ above.T) * self._knots).T]
        total = rows.sum(axis=1, keepdims=True)
        return Moments(np.stack(features, axis=1) / total, np.stack(products, axis=1) / total, self.centre, self.scale)


@dataclass(frozen=True, slots=True)
class Moments:
    """The means of the features, and of each times the prediction in standard deviations; (draws, features)."""

    features: Floats
    products: Floats
    centre: float
    scale: float
