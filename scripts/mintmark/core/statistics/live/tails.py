"""Chances of the tests of drift: how often two samples of one population differ as much as these. Pure.

Each is conditional on the counts of both samples together, as in Fisher's test. So ties, empty bins and rare levels
need no care of their own, and the sampling of the reference is part of the null.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mintmark.core.statistics.metrics import Floats

LEAST: Final = 1e-300  # no p-value is zero: what is this unlikely is beyond any floating point
_LEAST_EXPECTED: Final = 2  # rows of a level on the smaller side, for a cell of its own
# Chosen by simulation: of levels with fewer rows than so many, chances below the small one are too small.
_FEW_EXPECTED, _SMALL_CHANCE, _TOO_SURE = 5, 0.02, 0.2
_STEPS: Final = 50  # of a bisection
_RELATIVE: Final = 1e-9  # within which two chances count as equal, as scipy's fisher_exact has it
_LONGEST: Final = 200_000  # terms of a sum; beyond it only those within 50 deviations of the mean or of what was seen


def anderson_darling(reference: Floats, window: Floats) -> float:
    """Return the p-value of the two-sample test of Anderson and Darling on counts in the same ordered bins.

    The statistic of Scholz and Stephens 1987 (JASA 82:918) with each edge weighted by the rows beside it. Its null is a
    sum of chi-squares, whose weights are the eigenvalues of the covariance of the empirical distribution functions at
    the edges; its tail comes from the saddlepoint (`_weighted_tail`). 1 for fewer than two bins with rows.
    """
    reference, window = _occupied(reference, window)
    if len(reference) < 2:
        return 1.0
    before, now = float(reference.sum()), float(window.sum())
    rows = before + now
    shares = (reference + window) / rows
    below = np.cumsum(shares)[:-1]
    weights = (shares[:-1] + shares[1:]) / 2 / (below * (1 - below))
    gaps = np.cumsum(reference)[:-1] / before - np.cumsum(window)[:-1] / now
    statistic = before * now / rows * (rows - 1) / rows * float((weights * gaps**2).sum())
    covariance = np.minimum.outer(below, below) - np.outer(below, below)
    scale = np.sqrt(weights)
    return _weighted_tail(np.linalg.eigvalsh(covariance * np.outer(scale, scale)), statistic)


def _weighted_tail(weights: Floats, value: float) -> float:
    """Return the chance that a sum of weighted chi-squares of one degree of freedom exceeds a value.

    The saddlepoint of Kuonen 1999 (Biometrika 86:929), with a relative error of a few hundredths also far out.
    """
    weights = weights[weights > weights.max() * 1e-9]
    mean = float(weights.sum())
    if value <= 0:
        return 1.0
    if abs(value / mean - 1) < 1e-4:  # where the formula is 0 / 0
        value = mean * (1 + 1e-4)
    low, high = (0.0, 0.5 / float(weights.max())) if value > mean else (-len(weights) / (2 * value), 0.0)
    numbers = weights.tolist()  # a dozen of them: plain arithmetic is the quicker one
    for _ in range(_STEPS):
        point = (low + high) / 2
        if sum(weight / (1 - 2 * point * weight) for weight in numbers) > value:
            high = point
        else:
            low = point
    point = (low + high) / 2
    rest = 1 - 2 * point * weights
    root = math.copysign(math.sqrt(max(0.0, 2 * point * value + float(np.log(rest).sum()))), point)
    slope = point * math.sqrt(2 * float((weights**2 / rest**2).sum()))
    z = root + math.log(slope / root) / root
    return min(1.0, max(LEAST, math.erfc(z / math.sqrt(2)) / 2))


def chi_square(reference: Floats, window: Floats) -> float:
    """Return the p-value of Pearson's chi-square on counts at the same levels, whose order does not matter.

    From a gamma distribution with the exact mean and variance that chi-square has where both margins are given (Haldane
    1940, Biometrika 31:346; Dawson 1954, The American Statistician 8:16). Levels of which the smaller side should have
    fewer than two rows count as one. That leaves it too sure of small chances where a level has few rows: simulated, 1
    in 1,000 is up to 1.7 in 1,000, and 1 in 8,000 up to 2.9 in 8,000. So these are made larger by as much. Fisher's
    test where two levels are left, 1 for fewer than two levels with rows.
    """
    from scipy.special import gammaincc

    reference, window = _rare_together(*_occupied(reference, window))
    levels, before, now = len(reference), float(reference.sum()), float(window.sum())
    rows = before + now
    if levels < 2:
        return 1.0
    if levels == 2:
        return fisher(round(reference[0]), round(before), round(window[0]), round(now))
    both = reference + window
    statistic = float(((reference * now - window * before) ** 2 / both).sum()) / (before * now)
    mean = rows * (levels - 1) / (rows - 1)
    free = (rows - 2) / (rows - 1), (levels - 1) * (rows - levels) / (rows - 1)
    uneven = (rows / before + rows / now - 4) / (rows - 2), (float((rows / both).sum()) - levels**2) / (rows - 2)
    variance = 2 * rows / (rows - 3) * (free[0] - uneven[0]) * (free[1] - uneven[1])
    variance += rows**2 / (rows - 1) * uneven[0] * uneven[1]
    if not variance > 0:
        return 1.0
    chance = min(1.0, max(LEAST, float(gammaincc(mean**2 / variance, statistic * mean / variance))))
    if chance < _SMALL_CHANCE and float(both.min()) * min(before, now) < _FEW_EXPECTED * rows:
        chance *= (_SMALL_CHANCE / chance) ** _TOO_SURE
    return chance


def fisher(hits_before: int, before: int, hits: int, now: int) -> float:
    """Return the two-sided p-value of Fisher's exact test: hits among the reference's rows and among the window's.

    The sum of the chances of all tables that are no more likely than this one. 1 where a side is empty.
    """
    together, rows = hits_before + hits, before + now
    if min(before, now) < 1 or together in (0, rows):
        return 1.0
    low, high = max(0, together - before), min(together, now)
    mean = together * now / rows
    reach = 50 * math.sqrt(mean * (1 - together / rows) * before / rows) + 50
    if high - low > _LONGEST:
        low, high = max(low, int(mean - reach)), min(high, int(mean + reach))
        if not low <= hits <= high:
            return LEAST
    logs = _hypergeometric(np.arange(low, high + 1, dtype=np.float64), together, before, now)
    seen = logs[hits - low]
    return min(1.0, max(LEAST, float(np.exp(logs[logs <= seen + _RELATIVE]).sum())))


def _hypergeometric(hits: Floats, together: int, before: int, now: int) -> Floats:
    """Return the logarithms of the chances that so many of all hits are among the window's rows."""
    from scipy.special import gammaln

    def ways(of: float, taken: Floats) -> Floats:
        found: Floats = gammaln(of + 1) - gammaln(taken + 1) - gammaln(of - taken + 1)
        return found

    total = float(ways(before + now, np.array(float(together))))
    chances: Floats = ways(now, hits) + ways(before, together - hits) - total
    return chances


def beyond_the_ends(before: int, now: int, outside: int) -> float:
    """Return the chance that so many rows of the window lie beyond one end of the reference, where nothing changed.

    Exact for any continuous column, as ranks are then equally likely: the `outside` most extreme of all rows are all
    of the window. Ties with the end make it smaller.
    """
    if outside <= 0 or min(before, now) < 1:
        return 1.0
    taken, rows = min(outside, now), before + now
    ways = math.lgamma(now + 1) - math.lgamma(now - taken + 1)
    return min(1.0, max(LEAST, math.exp(ways + math.lgamma(rows - taken + 1) - math.lgamma(rows + 1))))


def rare_with_rest(reference: Floats, window: Floats, rest: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return counts at levels, with all that are rare and the rows of no listed level as the last one."""
    before, now = float(reference.sum()) + rest[0], float(window.sum()) + rest[1]
    rare = _are_rare(reference, window, before, now)
    return (
        np.append(reference[~rare], reference[rare].sum() + rest[0]),
        np.append(window[~rare], window[rare].sum() + rest[1]),
    )


def _are_rare(reference: Floats, window: Floats, before: float, now: float) -> NDArray[np.bool_]:
    """Whether a level has too few rows on the side that has fewer, `before` or `now` of all levels, for chi-square."""
    rare: NDArray[np.bool_] = (reference + window) * min(before, now) < _LEAST_EXPECTED * (before + now)
    return rare


def _rare_together(reference: Floats, window: Floats) -> tuple[Floats, Floats]:
    rare = _are_rare(reference, window, float(reference.sum()), float(window.sum()))
    if rare.sum() < 2:
        return reference, window
    first, second = (np.append(side[~rare], side[rare].sum()) for side in (reference, window))
    return first, second


def _occupied(reference: Floats, window: Floats) -> tuple[Floats, Floats]:
    """Return the counts of both at what has rows on either side; nothing where a side is empty."""
    if reference.sum() <= 0 or window.sum() <= 0:
        return reference[:0], window[:0]
    kept = reference + window > 0
    return reference[kept], window[kept]
