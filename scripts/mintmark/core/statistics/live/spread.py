"""How much windows of the reference differ by themselves, so that a new one may differ as much. Pure.

Days, months and years are not alike, however large they are. Where the training rows are in order of time, the profile
has the counts of each column in windows of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mintmark.core.statistics.metrics import Floats

_FEWEST_WINDOWS: Final = 5
_FEWEST_ROWS: Final = 10  # of a window
# Chosen by simulation (tests/bench/monitoring.py): calmer costs power where days are alike, bolder cries wolf.
_SURE: Final = 0.2  # chance of taking windows that are alike for different ones
_UPPER: Final = 0.7  # of the interval whose upper end counts
_LEAST_SHARE: Final = 0.05  # of rows, for a level to be looked at


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """The correlation of rows of one window, from 0 to 1, and how many windows the reference has."""

    correlation: float = 0.0
    windows: int = 1

    def weigh(self, reference: Floats, window: Floats) -> tuple[Floats, Floats]:
        """Return both counts as if of so many rows as tell as much independently (Kish 1965, the design effect)."""
        if not self.correlation:
            return reference, window
        before, now = float(reference.sum()), float(window.sum())
        return (
            reference / (1 + max(0.0, before / self.windows - 1) * self.correlation),
            window / (1 + max(0.0, now - 1) * self.correlation),
        )


NO_SPREAD: Final = Spread()


def spread_of(windows: ArrayLike, *, ordered: bool) -> Spread:
    """Return how much windows of the reference differ beyond chance; `windows` has shape (windows, bins).

    The intraclass correlation (Fisher 1925) of the place of a row among ordered bins and of how far it is from the
    middle, or of each frequent level. The largest one counts, because a test meets it in just that direction, and its
    upper end, as few windows show little of how much they may differ. None where windows are few, or where chance alone
    explains the difference.
    """
    counts = np.asarray(windows, dtype=np.float64)
    counts = counts[counts.sum(axis=1) >= _FEWEST_ROWS]
    counts = counts[:, counts.sum(axis=0) > 0]
    if len(counts) < _FEWEST_WINDOWS or counts.shape[1] < 2:
        return NO_SPREAD
    total = counts.sum(axis=0)
    scores = _places(total) if ordered else np.eye(len(total))[total >= _LEAST_SHARE * total.sum()]
    largest = max((_correlation(counts, score) for score in scores), default=0.0)
    return Spread(correlation=largest, windows=len(counts)) if largest else NO_SPREAD


def _places(counts: Floats) -> Floats:
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    return np.stack([middle, np.abs(middle - 0.5)])


def _correlation(counts: Floats, score: Floats) -> float:
    """Return the upper end of the correlation of a score within windows, 0 where an F-test does not see any."""
    from scipy.special import chdtri, fdtrc

    sizes, rows, freedom = counts.sum(axis=1), float(counts.sum()), len(counts) - 1
    means = counts @ score / sizes
    overall = float(sizes @ means) / rows
    within = float((counts * (score - means[:, None]) ** 2).sum()) / max(1.0, rows - len(counts))
    between = float(sizes @ (means - overall) ** 2) / freedom
    if within <= 0:
        return 1.0 if between > 0 else 0.0
    if float(fdtrc(freedom, rows - len(counts), between / within)) > _SURE:
        return 0.0
    typical = (rows - float((sizes**2).sum()) / rows) / freedom
    between *= freedom / float(chdtri(freedom, _UPPER))
    extra = (between - within) / typical
    return min(1.0, max(0.0, extra / (extra + within)))
