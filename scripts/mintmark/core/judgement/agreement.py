"""How far two models agree on rows without labels: it tells no better from worse. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.records import Interval
from mintmark.core.statistics.scores import design_effect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.statistics.metrics import Codes

_Z: Final = 1.959963984540054  # of a two-sided 95% interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """The share of rows of which two models say the same, with its 95% interval, and how far apart they are.

    `distance` is the mean absolute difference of probabilities, of numbers for a regression, None where there are none.
    `differing` are the places of the rows of which they say something else, those farthest apart first.
    """

    rows: int
    share: Interval
    distance: float | None
    differing: tuple[int, ...]


def agreement(first: Answer, second: Answer, clusters: Codes, *, labels: bool) -> Agreement:
    """Compare two answers to the same rows, one or more. `clusters` has a code for each row, one for all of a request.

    Without `labels` predictions are numbers. The share has Wilson's score interval (1927, JASA 22:209), widened where
    rows of one request are alike.
    """
    rows = len(first.prediction)
    same = _same(first.prediction, second.prediction)
    apart = _distances(first, second, labels=labels)
    order = np.argsort(-apart, kind="stable") if apart is not None else np.arange(rows)
    return Agreement(
        rows=rows,
        share=wilson(float(same.sum()), rows, design_effect(same.astype(np.float64), clusters)),
        distance=None if apart is None else float(apart.mean()),
        differing=tuple(int(place) for place in order if not same[place]),
    )


def _same(first: Sequence[Any], second: Sequence[Any]) -> NDArray[np.bool_]:
    return np.array([one == other for one, other in zip(first, second, strict=True)], dtype=bool)


def _distances(first: Answer, second: Answer, *, labels: bool) -> NDArray[np.float64] | None:
    if not labels:
        numbers = [np.asarray(answer.prediction, dtype=np.float64) for answer in (first, second)]
        return np.abs(numbers[0] - numbers[1])
    if first.probabilities is None or second.probabilities is None:
        return None
    shares = [np.asarray(answer.probabilities, dtype=np.float64) for answer in (first, second)]
    if shares[0].shape != shares[1].shape:
        return None
    distances: NDArray[np.float64] = np.abs(shares[0] - shares[1]).mean(axis=1)
    return distances


def wilson(successes: float, rows: int, design: float = 1.0) -> Interval:
    """Return a share of rows with its 95% interval; `design` is by how much clusters inflate its variance."""
    share, size = successes / rows, rows / max(design, 1.0)
    middle = (share + _Z**2 / (2 * size)) / (1 + _Z**2 / size)
    reach = _Z / (1 + _Z**2 / size) * math.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2))
    return Interval(value=share, low=max(0.0, middle - reach), high=min(1.0, middle + reach))
