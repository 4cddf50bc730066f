"""The curves of candidate and champion at equal steps, as charts without a canvas of their own need them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.curves import class_points
from mintmark.core.statistics.results import Curve

if TYPE_CHECKING:
    from mintmark.core.statistics.curves import Points
    from mintmark.core.statistics.metrics import Floats, Outcomes

STEPS = 33
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
    grid, points = np.linspace(0, 1, STEPS), [(label, *class_points(model)) for label, model in drawn]
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


def _highest(points: Points, grid: Floats) -> list[float]:
    """Return y at each x of the grid, the highest where a step of the curve stands."""
    x, y = points
    starts = np.flatnonzero(np.append(True, x[1:] != x[:-1]))
    return [round(v, 4) for v in np.interp(grid, x[starts], np.maximum.reduceat(y, starts)).tolist()]


def _error_curve(models: list[tuple[str, Outcomes]]) -> Curve:
    errors = [(label, np.sort(absolute_errors(model))) for label, model in models]
    end = float(f"{max(np.quantile(found, 0.95) for _, found in errors):.3g}") or 1.0
    grid = np.linspace(0, end, STEPS)
    lines = [
        (label, [round(float(v), 4) for v in np.searchsorted(found, grid, side="right") / len(found)])
        for label, found in errors
    ]
    return Curve(
        title="Errors", x_label="Absolute error", y_label="Share of rows within it", start=0, end=end, lines=lines
    )


def absolute_errors(outcomes: Outcomes) -> Floats:
    """Return the absolute error of each row, kept to numbers between which there are others."""
    truth, prediction = (np.clip(side, -_FARTHEST, _FARTHEST) for side in (outcomes.truth, outcomes.prediction))
    found: Floats = np.abs(truth - prediction)
    return found
