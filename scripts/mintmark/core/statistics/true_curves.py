"""The curves of one or two models through their real corners, as steps where they are steps. Pure.

Of more corners than a drawing can show, some are chosen: each is a point of the true curve, and what lies between two
of them is closer to one of them than a drawing can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.curves import one_vs_rest, tallies_of
from mintmark.core.statistics.review_curves import absolute_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mintmark.core.statistics.curves import Points
    from mintmark.core.statistics.metrics import Floats, Outcomes

MOST_CORNERS: Final = 400
_FINEST: Final = 1 / 400  # of an axis: less than a pixel of the drawings


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueCurve:
    """A chart: each of `lines` (label, x, y) goes straight from corner to corner, x rising from `start` to `end`."""

    title: str
    x_label: str
    y_label: str
    start: float
    end: float
    lines: Sequence[tuple[str, Sequence[float], Sequence[float]]]


def true_curves(models: Sequence[tuple[str, Outcomes]]) -> list[TrueCurve]:
    """Return the curves that mean something for these outcomes, with a line for each model.

    Classification with probabilities: ROC, which is straight between two thresholds (Fawcett 2006), and precision by
    recall, which is a step (Davis and Goadrich 2006). For more than two classes both are averages over one-vs-rest.
    Regression: the share of rows whose absolute error stays below a bound (Bi and Bennett 2003).
    """
    first = models[0][1]
    if not first.classes:
        return [_errors(models)]
    drawn = [(label, model) for label, model in models if model.probabilities is not None]
    if not drawn or drawn[0][1] is not first or len(np.unique(first.truth)) < 2:
        return []
    tallied = [(label, [tallies_of(*sides) for sides in one_vs_rest(model)]) for label, model in drawn]
    roc = [(label, *_chosen(_roc(found), 1.0)) for label, found in tallied]
    precise = [(label, *_chosen(_precision(found), 1.0)) for label, found in tallied]
    return [
        TrueCurve(
            title="ROC curve", x_label="False positive rate", y_label="True positive rate", start=0, end=1, lines=roc
        ),
        TrueCurve(title="Precision and recall", x_label="Recall", y_label="Precision", start=0, end=1, lines=precise),
    ]


def _roc(tallies: Sequence[Points]) -> Points:
    """Return the corners of an ROC curve, or of the average of several at every false positive rate."""
    curves = [(np.r_[0, alarms / alarms[-1]], np.r_[0, hits / hits[-1]]) for hits, alarms in tallies]
    if len(curves) == 1:
        return curves[0]
    x = np.unique(np.concatenate([rates for rates, _ in curves]))
    low, high = (np.mean(sides, axis=0) for sides in zip(*(_at(*curve, x) for curve in curves), strict=True))
    return _zipped(x, x), _zipped(low, high)


def _at(x: Floats, y: Floats, wanted: Floats) -> Points:
    """Return the lower and the upper end of a rising curve at each place: they differ where it goes straight up."""
    starts = np.flatnonzero(np.append(True, x[1:] != x[:-1]))
    places, low, high = x[starts], y[starts], np.maximum.reduceat(y, starts)
    here = np.searchsorted(places, wanted, side="right") - 1
    after = np.minimum(here + 1, len(places) - 1)
    width = np.where(after > here, places[after] - places[here], 1.0)
    between = high[here] + (wanted - places[here]) / width * (low[after] - high[here])
    is_place = places[here] == wanted
    return np.where(is_place, low[here], between), np.where(is_place, high[here], between)


def _precision(tallies: Sequence[Points]) -> Points:
    """Return the corners of precision by recall: the precision at a recall holds from the recall before it."""
    curves = []
    for hits, alarms in tallies:
        recall, precision = hits / hits[-1], hits / (hits + alarms)
        firsts = np.flatnonzero(np.append(recall[0] > 0, recall[1:] != recall[:-1]))
        curves.append((recall[firsts], precision[firsts]))
    ends = np.unique(np.concatenate([recall for recall, _ in curves]))
    steps = np.mean([y[np.searchsorted(x, ends, side="left")] for x, y in curves], axis=0)
    return _zipped(np.r_[0, ends[:-1]], ends), _zipped(steps, steps)


def _errors(models: Sequence[tuple[str, Outcomes]]) -> TrueCurve:
    found = [(label, np.sort(absolute_errors(model))) for label, model in models]
    end = float(f"{max(np.quantile(errors, 0.95) for _, errors in found):.3g}") or 1.0
    lines = []
    for label, errors in found:
        x, counts = np.unique(errors[errors <= end], return_counts=True)
        share = np.cumsum(counts) / len(errors)
        corners = np.r_[0, _zipped(x, x), end], np.r_[0, _zipped(np.r_[0, share[:-1]], share), share[-1:]]
        lines.append((label, *_chosen(corners if len(x) else (np.array([0, end]), np.zeros(2)), end)))
    return TrueCurve(
        title="Errors", x_label="Absolute error", y_label="Share of rows within it", start=0, end=end, lines=lines
    )


def _zipped(first: Floats, second: Floats) -> Floats:
    whole: Floats = np.stack([first, second], axis=1).ravel()
    return whole


def _chosen(points: Points, width: float) -> tuple[list[float], list[float]]:
    """Return the corners that can be told apart, and fewer where they are too many; each is one of the curve."""
    x, y = (side.tolist() for side in points)
    finest = _FINEST
    kept = _apart(x, y, finest * width, finest)
    while len(kept) > MOST_CORNERS:
        finest *= 2
        kept = _apart(x, y, finest * width, finest)
    return [x[number] for number in kept], [y[number] for number in kept]


def _apart(x: list[float], y: list[float], right: float, up: float) -> list[int]:
    """Return the first and last point, and before and after each gap: none left out is farther from one of them."""
    kept = [0]
    last, last_x, last_y = 0, x[0], y[0]
    for number, (at, height) in enumerate(zip(x, y, strict=True)):
        if abs(at - last_x) >= right or abs(height - last_y) >= up:
            if last != number - 1:
                kept.append(number - 1)
            kept.append(number)
            last, last_x, last_y = number, at, height
    if last != len(x) - 1:
        kept.append(len(x) - 1)
    places = np.array(kept)
    return places[_is_corner(np.array(x)[places], np.array(y)[places])].tolist()  # type: ignore[no-any-return]


def _is_corner(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Return which points lie on no level or upright way between the two beside them; both ends are corners."""
    right, up = np.diff(x), np.diff(y)
    level = (up[:-1] == 0) & (up[1:] == 0)
    upright = (right[:-1] == 0) & (right[1:] == 0) & (up[:-1] * up[1:] >= 0)
    return np.concatenate([[True], ~(level | upright), [True]])[: len(x)]
