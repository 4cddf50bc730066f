"""Classical tests of one model against another on the same rows, as second opinions on the bootstrap. Pure.

They take the rows as independent: where several rows belong to one entity, their p-values are too small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.areas import placements
from mintmark.core.statistics.differences import check_pair
from mintmark.core.statistics.results import CrossCheck
from mintmark.core.words.numbers import difference, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mintmark.core.statistics.metrics import Floats, Outcomes

_Z_TWO_SIDED: Final = 1.959963984540054  # of a two-sided 95% interval


def mcnemar(candidate_alone: int, champion_alone: int) -> float:
    """Return the exact two-sided p-value of McNemar's test, from the rows that one model alone has right.

    McNemar 1947 with the binomial distribution in place of chi-square (Edwards 1948; Fay 2010, R Journal 2(1):53):
    if neither is better, each of these rows is a toss of a fair coin. 1 where there are none.
    """
    tosses = candidate_alone + champion_alone
    fewer = min(candidate_alone, champion_alone)
    ways = np.arange(1, fewer + 1)  # log of "tosses choose k" by its quotients; scipy.special takes a second to import
    logs = np.concatenate([[0.0], np.cumsum(np.log((tosses - ways + 1) / ways))])
    return min(1.0, 2 * float(np.exp(logs - tosses * math.log(2)).sum()))


@dataclass(frozen=True, kw_only=True, slots=True)
class AucDifference:
    """Two areas under ROC curves of the same rows, and first minus second with its 95% interval."""

    first: float
    second: float
    difference: float
    standard_error: float
    z: float
    p_value: float
    low: float
    high: float


def delong(is_positive: NDArray[np.bool_], first: Floats, second: Floats) -> AucDifference:
    """Compare the ROC AUC of two scores of the same rows (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837).

    The placements come from sorting, as Sun and Xu 2014 (IEEE Signal Processing Letters 21:1389) have it, so the time
    grows as n log n. Each row's difference of placements takes the place of their covariance matrix; the variance is
    the same. Where it is zero, every row of a class says the same: p is 1 if the areas are equal, otherwise 0, with an
    interval of no width. That is the limit of the formula, and too sure of itself for a handful of rows.

    Raises `ValueError` for fewer than two positive or two negative rows: there is no variance then.
    """
    positives, negatives = int(is_positive.sum()), int((~is_positive).sum())
    if min(positives, negatives) < 2:
        raise ValueError(f"DeLong's test needs two rows of each class, not {positives} and {negatives}")
    pairs = positives * negatives
    one, other = placements(is_positive, first), placements(is_positive, second)
    inside, outside = one[0] - other[0], one[1] - other[1]
    error = math.sqrt(np.var(inside, ddof=1) * positives + np.var(outside, ddof=1) * negatives) / pairs
    difference = float(inside.sum()) / pairs
    z = difference / error if error > 0 else math.copysign(math.inf, difference) if difference else 0.0
    return AucDifference(
        first=float(one[0].sum()) / pairs,
        second=float(other[0].sum()) / pairs,
        difference=difference,
        standard_error=error,
        z=z,
        p_value=math.erfc(abs(z) / math.sqrt(2)),
        low=difference - _Z_TWO_SIDED * error,
        high=difference + _Z_TWO_SIDED * error,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many there are, in the order given.

    Holm 1979, Scandinavian Journal of Statistics 6:65. The smallest is multiplied by their number, the next by one
    less, and so on; none comes out smaller than one before it, nor above 1. To reject those at or below 5% keeps the
    chance of any false rejection at 5%. Raises `ValueError` for a value outside 0 to 1.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("a p-value lies between 0 and 1")
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def cross_checks(candidate: Outcomes, champion: Outcomes) -> list[CrossCheck]:
    """Return the tests that fit: McNemar for a classification, DeLong where both models give two classes probabilities.

    None for a regression, and no DeLong where a class has fewer than two rows. Raises `ValueError` where the two
    models did not predict the same rows.
    """
    check_pair(candidate, champion)
    if not candidate.classes:
        return []
    found = [_mcnemar_check(candidate, champion), _delong_check(candidate, champion)]
    return [check for check in found if check is not None]


def _mcnemar_check(candidate: Outcomes, champion: Outcomes) -> CrossCheck:
    right, champion_right = (model.prediction == model.truth for model in (candidate, champion))
    ours, theirs = int((right & ~champion_right).sum()), int((champion_right & ~right).sum())
    return CrossCheck(
        name="McNemar, exact",
        p_value=mcnemar(ours, theirs),
        message=f"Of {len(candidate):,} rows, {ours:,} are right by the candidate alone "
        f"and {theirs:,} by the champion alone.",
    )


def _delong_check(candidate: Outcomes, champion: Outcomes) -> CrossCheck | None:
    k = candidate.positive
    if k is None or candidate.probabilities is None or champion.probabilities is None:
        return None
    is_positive = candidate.truth == k
    if not 2 <= is_positive.sum() <= len(candidate) - 2:
        return None
    found = delong(is_positive, candidate.probabilities[:, k], champion.probabilities[:, k])
    return CrossCheck(
        name="DeLong",
        p_value=found.p_value,
        message=(
            f"ROC AUC {number(found.first)} against the champion's {number(found.second)}: a difference of "
            f"{difference(found.difference, found.low, found.high)}."
        ),
    )
