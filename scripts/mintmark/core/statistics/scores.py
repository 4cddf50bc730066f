"""Bounds by formula: Student's t, Tango's score bounds, and what clusters cost. Pure, and without scipy's import time.

A level is the chance of a miss on one side: 0.05 for a one-sided 95% bound, 0.025 for each end of a 95% interval.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from mintmark.core.statistics.metrics import Codes, Floats

_STEPS: Final = 60  # of a bisection: to the last bits of a share


def z_quantile(level: float) -> float:
    """Return the normal deviate that is exceeded with probability `level`."""
    from statistics import NormalDist

    return -NormalDist().inv_cdf(level)


def t_quantile(level: float, freedom: int) -> float:
    """Return Student's t that is exceeded with probability `level` (Abramowitz and Stegun 1964, 26.7.5).

    Good to four digits from 10 degrees of freedom on, which is all that is asked of it.
    """
    z = z_quantile(level)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def normal_tail(z: float) -> float:
    """Return the probability that a normal deviate exceeds `z`."""
    return math.erfc(z / math.sqrt(2)) / 2


def expanded_level(level: float, units: int) -> float:
    """Return the level at which a percentile of the bootstrap is read so that it keeps `level` for few units.

    The expanded percentile interval of Hesterberg 2015 (The American Statistician 69:371): as far out as Student's t
    and the divisor n - 1 go for a mean.
    """
    return normal_tail(math.sqrt(units / (units - 1)) * t_quantile(level, units - 1))


def unseen_share(level: float, units: float) -> float:
    """Return the largest share of rows that may differ when none of `units` does: z^2 / (n + z^2), as Tango has it."""
    square = z_quantile(level) ** 2
    return square / (units + square)


def tango_bounds(candidate_alone: float, champion_alone: float, rows: float, level: float) -> tuple[float, float]:
    """Return the lower and the upper bound of a difference of two paired shares, such as two accuracies.

    The score bounds of Tango 1998 (Statistics in Medicine 17:891), from how many rows one model alone has right.
    They are the differences that the score test with the nuisance share at its constrained maximum does not reject.
    Never without width. Counts may be fractions, as clusters leave them.
    """
    z, value = z_quantile(level), (candidate_alone - champion_alone) / rows

    def rejects(shift: float) -> bool:
        return abs(_tango_z(candidate_alone, champion_alone, rows, shift)) > z

    return _last_kept(value, -1.0, rejects), _last_kept(value, 1.0, rejects)


def _tango_z(candidate_alone: float, champion_alone: float, rows: float, shift: float) -> float:
    middle = -candidate_alone - champion_alone + (2 * rows - candidate_alone + champion_alone) * shift
    last = -champion_alone * shift * (1 - shift)
    share = (math.sqrt(max(0.0, middle * middle - 8 * rows * last)) - middle) / (4 * rows)
    variance = rows * (2 * share + shift * (1 - shift))
    distance = candidate_alone - champion_alone - rows * shift
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _last_kept(start: float, end: float, rejects: Callable[[float], bool]) -> float:
    """Return, on the way from `start` (kept) to `end`, the last value that is kept."""
    if not rejects(end):
        return end
    kept, out = start, end
    for _ in range(_STEPS):
        between = (kept + out) / 2
        if rejects(between):
            out = between
        else:
            kept = between
    return kept


def count_units(clusters: Codes | None, rows: int) -> int:
    """Return how many things were drawn by themselves: the entities, or the rows where there are none."""
    return rows if clusters is None else len(np.unique(clusters))


def design_effect(values: Floats, clusters: Codes | None) -> float:
    """Return by how much clusters inflate the variance of a mean (Kish 1965; Rao and Scott 1992, Biometrics 48:577).

    At least 1. Where the values do not vary nothing is known of it, and the rows of an entity count as one.
    """
    if clusters is None:
        return 1.0
    entities = len(np.unique(clusters))
    residuals = values - values.mean()
    within = float((residuals**2).sum())
    if within <= 0 or entities < 2:
        return len(values) / entities
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], residuals)
    return max(1.0, float((sums**2).sum()) * entities / (entities - 1) / within)
