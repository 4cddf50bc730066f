"""Whether a column of a window drifted from its reference, from the counts of both. Pure; it counts nothing itself.

A column drifted where two things are so: the distance is large enough to matter, and chance does not make it. Both
sides are samples. Rows are taken as independent, but for what `spread` says of windows. Every number is finite,
whatever the counts are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.live.spread import NO_SPREAD, Spread
from mintmark.core.statistics.live.tails import anderson_darling, beyond_the_ends, chi_square, rare_with_rest
from mintmark.core.statistics.significance import holm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from mintmark.core.statistics.metrics import Floats

LEAST_DISTANCE: Final = 0.1  # of a distribution: one row in ten lies elsewhere
LEAST_SHARE: Final = 0.02  # of rows that are missing, unseen or out of range, more or fewer than in the reference
FALSE_ALARMS: Final = 0.02  # chance that any column of a window is taken for drifted where none is, at the most
QUALITY_FALSE_ALARMS: Final = 0.005  # the same of all tests of missing, infinite, unseen and out-of-range values
_SURE_DEVIATIONS, _SURE_ROWS = 3.0, 5.0  # above the rarest level of a list that is cut off, by simulation
_ON_ORDER: Final = 0.8  # of the chance of a false alarm goes to the test that knows the order of the bins


@dataclass(frozen=True, kw_only=True, slots=True)
class Distance:
    """How far a window is from its reference.

    `distance` is a share of rows between 0 and 1, `by_chance` what it is on average without any change, `p_value` the
    chance of so much without any change. `can_differ` is false where nothing could differ, as of a constant that stays
    one: such a test does not count among those that Holm corrects for (Tarone 1990, Biometrics 46:515).
    """

    distance: float
    by_chance: float
    p_value: float
    can_differ: bool = True


NO_DISTANCE: Final = Distance(distance=0.0, by_chance=0.0, p_value=1.0, can_differ=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What follows for one test among those of a window: `adjusted` is the p-value by Holm."""

    adjusted: float
    is_significant: bool
    is_large: bool

    @property
    def is_drift(self) -> bool:
        """Whether the distance is large enough to matter and no chance."""
        return self.is_significant and self.is_large


def compare_ordered(reference: ArrayLike, window: ArrayLike, spread: Spread = NO_SPREAD) -> Distance:
    """Compare counts in the same bins, in order of their values: of numbers, counts, grades, times.

    The distance is the total variation: the share of rows that would have to move to another bin. The p-value is the
    smaller one of Anderson and Darling's test, which finds a shift best, and of chi-square, which finds a spike; they
    share the chance of a false alarm four to one. `spread` (of `spread_of`) is how much windows differ by themselves.
    """
    return _distance(*_pair(reference, window), spread, _ordered_p_value)


def compare_levels(
    reference: ArrayLike, window: ArrayLike, spread: Spread = NO_SPREAD, *, rest: tuple[float, float] | None = None
) -> Distance:
    """Compare counts at the same levels, in any order; the distance is the total variation, the test chi-square.

    `rest` are the rows of both sides at levels that nobody lists. They count as one level with all that are rare.
    """
    before, now = _pair(reference, window)
    if rest is not None:
        before, now = rare_with_rest(before, now, rest)
    return _distance(before, now, spread, chi_square)


def compare_frequent(
    reference: ArrayLike, window: ArrayLike, rest: tuple[float, float], spread: Spread = NO_SPREAD
) -> Distance:
    """Compare counts at the levels that were the most frequent ones of the reference; `rest` is all that others have.

    A level is listed because it was frequent, by luck too: in the next sample, those near the end of the list are
    rarer. So only levels well above that end count by themselves, and the others together with the rest. Of these, one
    that has become more frequent counts too: luck made it look more frequent before, not less. Bonferroni corrects for
    their number, and both tests share the chance of a false alarm four to one.
    """
    before, now = _pair(reference, window)
    if not len(before) or not (before.sum() + rest[0] and now.sum() + rest[1]):
        return NO_DISTANCE
    is_sure = before >= before.min() + _SURE_DEVIATIONS * math.sqrt(before.min()) + _SURE_ROWS
    beyond = (float(before[~is_sure].sum()) + rest[0], float(now[~is_sure].sum()) + rest[1])
    found = compare_levels(before[is_sure], now[is_sure], spread, rest=beyond)
    if is_sure.all():
        return found
    rows_before, rows_now = float(before.sum()) + rest[0], float(now.sum()) + rest[1]
    gains = now[~is_sure] / rows_now - before[~is_sure] / rows_before
    place = int(gains.argmax())
    if gains[place] <= 0:
        return found
    hits, hits_now = float(before[~is_sure][place]), float(now[~is_sure][place])
    grown = _distance(*_pair((hits, rows_before - hits), (hits_now, rows_now - hits_now)), spread, chi_square)
    of = len(gains) / (1 - _ON_ORDER)
    return Distance(
        distance=max(found.distance, grown.distance),
        by_chance=max(found.by_chance, grown.by_chance),
        p_value=min(1.0, found.p_value / _ON_ORDER, grown.p_value * of),
    )


def compare_buckets(found: Distance, reference: ArrayLike, window: ArrayLike, spread: Spread = NO_SPREAD) -> Distance:
    """Return what `compare_frequent` found, or what buckets of all levels tell where that is less likely by chance.

    Levels that a list is too short for fall into a few buckets by a digest of their name. So the buckets are no matter
    of luck, and half of a hundred levels that are alike cannot vanish without a trace. Both tests share the chance of a
    false alarm four to one.
    """
    hashed = compare_levels(reference, window, spread)
    if not hashed.can_differ:
        return found
    listed = replace(found, p_value=min(1.0, found.p_value / _ON_ORDER))
    hashed = replace(hashed, p_value=min(1.0, hashed.p_value / (1 - _ON_ORDER)))
    return min(listed, hashed, key=lambda each: (each.p_value, -each.distance))


def compare_shares(hits_before: int, before: int, hits: int, now: int) -> Distance:
    """Compare a share of rows, such as the missing ones, by Fisher's exact test; the distance is its change."""
    if min(before, now) < 1:
        return NO_DISTANCE
    return compare_levels((hits_before, before - hits_before), (hits, now - hits))


def compare_unseen(single_before: int, double_before: int, before: int, unseen: int, now: int) -> Distance:
    """Compare the share of rows with a level that the reference lacks with what its own levels let expect.

    `single_before` and `double_before` are how many levels the reference saw in one row alone, and in two. The share of
    the first is the chance that the next row brings a level not seen before (Good 1953, Biometrika 40:237). A column of
    names brings new ones all the time. That share is less sure than one of as many rows: its variance is that of
    n1 + 2 n2 rows, and not of n1 (Good's 65). So the reference counts as one that is smaller.
    """
    found = compare_shares(single_before, before, unseen, now)
    scale = (single_before + 1) / (single_before + 1 + 2 * double_before)
    smaller = compare_shares(math.ceil(single_before * scale), max(1, round(before * scale)), unseen, now)
    return replace(found, p_value=max(found.p_value, smaller.p_value))


def compare_range(before: int, below: int, above: int, now: int) -> Distance:
    """Compare how many rows of the window lie below the reference's smallest value, and above its largest one.

    A sample does not reach the ends of its population, so some rows beyond them are expected: one in n + 1 at each end.
    """
    if min(before, now) < 1:
        return NO_DISTANCE
    p_value = min(1.0, 2 * min(beyond_the_ends(before, now, below), beyond_the_ends(before, now, above)))
    return Distance(distance=(below + above) / now, by_chance=2 / (before + 1), p_value=p_value)


def judge(
    distances: Sequence[Distance], least: Sequence[float], *, false_alarms: float = FALSE_ALARMS
) -> list[Verdict]:
    """Return a verdict for each test of a window; all of them are corrected for together.

    Judge tests of drift and those of quality (with `QUALITY_FALSE_ALARMS`) apart: a fault of quality has so small a
    p-value that it needs no more, and costs the tests of drift nothing then. `least` is from which distance on each
    matters: `LEAST_DISTANCE`, `LEAST_SHARE`, or what the policy says.
    """
    tested = [each.p_value for each in distances if each.can_differ]
    adjusted = iter(holm(tested))
    verdicts = []
    for each, large in zip(distances, least, strict=True):
        p_value = next(adjusted) if each.can_differ else 1.0
        verdicts.append(
            Verdict(adjusted=p_value, is_significant=p_value <= false_alarms, is_large=each.distance >= large)
        )
    return verdicts


def _pair(reference: ArrayLike, window: ArrayLike) -> tuple[Floats, Floats]:
    before, now = np.asarray(reference, dtype=np.float64), np.asarray(window, dtype=np.float64)
    if before.shape != now.shape or before.ndim != 1:
        raise ValueError(f"counts of shape {before.shape} and {now.shape}; both must be one count for each bin")
    if not (np.isfinite(before).all() and np.isfinite(now).all() and (before >= 0).all() and (now >= 0).all()):
        raise ValueError("counts must be finite and not negative")
    return before, now


def _distance(before: Floats, now: Floats, spread: Spread, test: Callable[[Floats, Floats], float]) -> Distance:
    occupied = before + now > 0
    if before.sum() <= 0 or now.sum() <= 0 or occupied.sum() < 2:
        return NO_DISTANCE
    before, now = before[occupied], now[occupied]
    moved = float(np.abs(before / before.sum() - now / now.sum()).sum()) / 2
    before, now = spread.weigh(before, now)
    shares = (before + now) / (before.sum() + now.sum())
    noise = math.sqrt(1 / before.sum() + 1 / now.sum())  # the mean of a normal deviate's size is sqrt(2 / pi)
    by_chance = float(np.sqrt(shares * (1 - shares)).sum()) * noise / math.sqrt(2 * math.pi)
    return Distance(distance=min(1.0, moved), by_chance=min(1.0, by_chance), p_value=test(before, now))


def _ordered_p_value(before: Floats, now: Floats) -> float:
    if len(before) == 2:  # the order of two bins says nothing
        return chi_square(before, now)
    return min(1.0, anderson_darling(before, now) / _ON_ORDER, chi_square(before, now) / (1 - _ON_ORDER))
