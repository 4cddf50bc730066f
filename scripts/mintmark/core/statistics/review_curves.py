"""The curves of candidate and champion at equal steps, as charts without a canvas of their own need them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.curves import MOST_POINTS
from mintmark.core.statistics.results import Curve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mintmark.core.statistics.metrics import Floats, Outcomes

    Points = tuple[Floats, Floats]  # x and y

STEPS = 33
_AVERAGED = np.linspace(0, 1, 101)  # where curves of several classes are averaged
_FARTHEST = 1e150  # what lies between two numbers of this size is still a number


def curves_of(name: str, outcomes: Outcomes, other: str = "", rival: Outcomes | None = None) -> list[Curve]:
    """Return the curves that mean something for these outcomes, a line for each model.

    Classification with probabilities: ROC and precision-recall. Regression: the share of rows whose absolute error
    stays below a bound (regression error characteristic, Bi and Bennett 2003).
    """
    models = [(name, outcomes), *([(other, rival)] if rival is not None else [])]
    if not outcomes.classes:
        return [_error_curve(models)]
    drawn = [(label, model) for label, model in models if model.probabilities is not None]
    if not drawn or len(np.unique(outcomes.truth)) < 2:
        return []
    grid, points = np.linspace(0, 1, STEPS), [(label, *_points(model)) for label, model in drawn]
    return [
        Curve(
            title="ROC curve",
            x_label="False positive rate",
            y_label="True positive rate",
            start=0,
            end=1,
            lines=[(label, _highest(roc, grid)) for label, roc, _ in points],
        ),
        Curve(
            title="Precision and recall",
            x_label="Recall",
            y_label="Precision",
            start=0,
            end=1,
            lines=[(label, _highest(precise, grid)) for label, _, precise in points],
        ),
    ]


def _points(outcomes: Outcomes) -> tuple[Points, Points]:
    """Return the points of the ROC curve and of precision and recall, x rising; both rest on one sorting of the rows.

    They are those of `curves.roc_curve` and `curves.precision_recall_curve`, without their tables.
    """
    tallies = [_tallies(is_class, score) for is_class, score in _one_vs_rest(outcomes)]
    roc = [(np.r_[0, alarms / alarms[-1]], np.r_[0, hits / hits[-1]]) for hits, alarms in tallies]
    precise = [(recall, _precision(hits, alarms)) for (_, recall), (hits, alarms) in zip(roc, tallies, strict=True)]
    if len(tallies) == 1:
        return _thin(roc[0]), _thin(precise[0])
    rate, precision = (np.mean([np.interp(_AVERAGED, x, y) for x, y in found], axis=0) for found in (roc, precise))
    return (np.r_[0, _AVERAGED], np.r_[0, rate]), (_AVERAGED, precision)


def _one_vs_rest(outcomes: Outcomes) -> Iterator[tuple[NDArray[np.bool_], Floats]]:
    """Yield which rows are of a class and their probability of it, for each class that some rows have and some not."""
    if outcomes.probabilities is None:
        raise ValueError("a curve needs probabilities")
    for k in range(len(outcomes.classes)) if outcomes.positive is None else [outcomes.positive]:
        is_class = outcomes.truth == k
        if 0 < np.count_nonzero(is_class) < len(is_class):
            yield is_class, outcomes.probabilities[:, k]


def _tallies(is_class: NDArray[np.bool_], score: Floats) -> Points:
    """Return hits and false alarms at each distinct score, from the highest down."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    ends = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(order) - 1)
    hits = np.cumsum(is_class[order])[ends]
    return hits, ends + 1 - hits


def _precision(hits: Floats, alarms: Floats) -> Floats:
    precision = hits / (hits + alarms)
    whole: Floats = np.r_[precision[0], precision]
    return whole


def _thin(points: Points) -> Points:
    x, y = points
    if len(x) <= MOST_POINTS:
        return points
    kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return x[kept], y[kept]


def _highest(points: Points, grid: Floats) -> list[float]:
    """Return y at each x of the grid, the highest where a step of the curve stands."""
    x, y = points
    starts = np.flatnonzero(np.append(True, x[1:] != x[:-1]))
    return [round(v, 4) for v in np.interp(grid, x[starts], np.maximum.reduceat(y, starts)).tolist()]


def _error_curve(models: list[tuple[str, Outcomes]]) -> Curve:
    errors = [(label, np.sort(_errors(model))) for label, model in models]
    end = float(f"{max(np.quantile(found, 0.95) for _, found in errors):.3g}") or 1.0
    grid = np.linspace(0, end, STEPS)
    lines = [
        (label, [round(float(v), 4) for v in np.searchsorted(found, grid, side="right") / len(found)])
        for label, found in errors
    ]
    return Curve(
        title="Errors", x_label="Absolute error", y_label="Share of rows within it", start=0, end=end, lines=lines
    )


def _errors(outcomes: Outcomes) -> Floats:
    truth, prediction = (np.clip(side, -_FARTHEST, _FARTHEST) for side in (outcomes.truth, outcomes.prediction))
    found: Floats = np.abs(truth - prediction)
    return found
