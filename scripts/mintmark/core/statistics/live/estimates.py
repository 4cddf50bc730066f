"""What an estimate without labels tells of a metric, and the draws that its interval comes from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.scores import expanded_level

if TYPE_CHECKING:
    from mintmark.core.statistics.metrics import Codes, Floats

RESAMPLES: Final = 400
_TAIL: Final = 0.025
_FEWEST: Final = 11  # for which the expansion is known
_GROUPS: Final = 2_000  # of evaluation rows that are drawn together, where there are more rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A metric without labels and its 95% interval, and by how much it differs from that of the evaluation rows.

    Both are estimated in the same way, so what the evaluation rows leave uncertain mostly cancels in `change`. Its
    interval says whether the performance moved: 0 lies outside of it.
    """

    value: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float

    @property
    def moved(self) -> bool:
        """Whether the metric differs from that of the evaluation rows by more than chance."""
        return self.change_low > 0 or self.change_high < 0


def summarised(values: Floats, before: Floats, units: int) -> Estimate | None:
    """Return the estimate from a metric over draws, the first of which is of the rows as they are; None if undefined.

    `before` is the same metric of the evaluation rows, draw by draw, and `units` how many of these there are. The
    bounds are expanded percentiles (Hesterberg 2015, The American Statistician 69:371), as those of registered metrics.
    """
    changes = values - before
    if not (np.isfinite(values[0]) and np.isfinite(changes[0])):
        return None
    level = expanded_level(_TAIL, max(units, _FEWEST))
    low, high = _bounds(values, level)
    change_low, change_high = _bounds(changes, level)
    return Estimate(
        value=float(values[0]),
        low=low,
        high=high,
        change=float(changes[0]),
        change_low=change_low,
        change_high=change_high,
    )


def _bounds(values: Floats, level: float) -> tuple[float, float]:
    drawn = values[1:][np.isfinite(values[1:])]
    if not len(drawn):
        return float(values[0]), float(values[0])
    low, high = np.quantile(drawn, (level, 1 - level))
    return min(float(low), float(values[0])), max(float(high), float(values[0]))


def drawn_groups(rows: int, resamples: int, generator: np.random.Generator) -> tuple[Codes, Floats]:
    """Return the group of each row, and how often each group is drawn, (1 + resamples, groups); the first time once.

    A row is a group of its own. Of many rows, groups at random are drawn in their place, as good a bootstrap of sums.
    """
    groups = generator.permutation(rows) % min(rows, _GROUPS)
    count = int(groups.max()) + 1
    drawn = generator.multinomial(count, np.full(count, 1 / count), resamples)
    return groups, np.concatenate([np.ones((1, count)), drawn])
