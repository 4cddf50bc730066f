"""Points of the curves that are drawn of an evaluation, as columns of numbers. Draws nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mintmark.core.statistics.metrics import Floats, Outcomes

    Points = tuple[Floats, Floats]  # x and y
    Columns = Mapping[str, NDArray[Any]]  # a table: columns of one length, by name

MOST_POINTS = 400
_GRID = np.linspace(0, 1, 101)  # where curves of several classes are averaged
_BINS = 10


def plot_columns(outcomes: Outcomes) -> dict[str, Columns]:
    """Return the table of each plot by its name; those that mean nothing for these outcomes have no rows."""
    empty = np.array([])
    plots: dict[str, Columns] = {
        "roc": {"fpr": empty, "tpr": empty},
        "precision_recall": {"recall": empty, "precision": empty},
        "calibration": {"predicted": empty, "observed": empty, "rows": empty},
        "confusion": {"actual": empty, "predicted": empty},
        "residuals": {"predicted": empty, "residual": empty},
        "predicted": {"actual": empty, "predicted": empty},
    }
    if not outcomes.classes:
        return plots | {"residuals": residuals(outcomes), "predicted": predicted_against_actual(outcomes)}
    plots["confusion"] = confusion_pairs(outcomes)
    if outcomes.probabilities is None:
        return plots
    roc, precise = class_points(outcomes)
    return plots | {
        "roc": {"fpr": roc[0], "tpr": roc[1]},
        "precision_recall": {"recall": precise[0], "precision": precise[1]},
        "calibration": calibration_curve(outcomes),
    }


def class_points(outcomes: Outcomes) -> tuple[Points, Points]:
    """Return the points of the ROC curve, and of recall and precision, at each threshold, x rising.

    For more than two classes both are macro averages of one-vs-rest at fixed rates and recalls (Fawcett 2006). Both
    rest on one sorting of the rows.
    """
    tallies = [tallies_of(is_class, score) for is_class, score in one_vs_rest(outcomes)]
    roc = [(np.r_[0, alarms / alarms[-1]], np.r_[0, hits / hits[-1]]) for hits, alarms in tallies]
    precise = [(recall, _precision(hits, alarms)) for (_, recall), (hits, alarms) in zip(roc, tallies, strict=True)]
    if not tallies:  # rows of one class alone
        nothing = np.array([])
        return (nothing, nothing), (nothing, nothing)
    if len(tallies) == 1:
        return _thin(*roc[0]), _thin(*precise[0])
    rate, precision = (np.mean([np.interp(_GRID, x, y) for x, y in found], axis=0) for found in (roc, precise))
    return (np.r_[0, _GRID], np.r_[0, rate]), (_GRID, precision)


def calibration_curve(outcomes: Outcomes) -> Columns:
    """Return mean `predicted` probability, `observed` share and `rows` in ten equal bins, empty ones left out.

    With more than two classes the probability is that of the predicted class (Guo et al. 2017, reliability diagram).
    """
    probabilities = outcomes.probabilities
    if probabilities is None:
        raise ValueError("a calibration curve needs probabilities")
    if outcomes.positive is not None:
        score, hit = probabilities[:, outcomes.positive], outcomes.truth == outcomes.positive
    else:
        score, hit = probabilities.max(axis=1), outcomes.truth == probabilities.argmax(axis=1)
    bins = np.searchsorted(np.linspace(0, 1, _BINS + 1)[1:-1], score)
    rows = np.bincount(bins, minlength=_BINS)
    there = rows > 0
    predicted, observed = (np.bincount(bins, weights=values, minlength=_BINS) for values in (score, hit))
    return {"predicted": predicted[there] / rows[there], "observed": observed[there] / rows[there], "rows": rows[there]}


def confusion_pairs(outcomes: Outcomes) -> Columns:
    """Return `actual` and `predicted` class of each row, from which a confusion matrix is counted."""
    names = np.array([str(label) for label in outcomes.classes])
    return {"actual": names[outcomes.truth.astype(int)], "predicted": names[outcomes.prediction.astype(int)]}


def residuals(outcomes: Outcomes) -> Columns:
    """Return `predicted` and `residual` (truth minus prediction) of each row."""
    predicted, residual = _thin(outcomes.prediction, outcomes.truth - outcomes.prediction)
    return {"predicted": predicted, "residual": residual}


def predicted_against_actual(outcomes: Outcomes) -> Columns:
    """Return `actual` and `predicted` of each row."""
    actual, predicted = _thin(outcomes.truth, outcomes.prediction)
    return {"actual": actual, "predicted": predicted}


def one_vs_rest(outcomes: Outcomes) -> Iterator[tuple[NDArray[np.bool_], Floats]]:
    """Yield which rows are of a class and their probability of it, for each class that some rows have and some not."""
    if outcomes.probabilities is None:
        raise ValueError("a curve needs probabilities")
    for k in range(len(outcomes.classes)) if outcomes.positive is None else [outcomes.positive]:
        is_class = outcomes.truth == k
        if 0 < np.count_nonzero(is_class) < len(is_class):
            yield is_class, outcomes.probabilities[:, k]


def tallies_of(is_class: NDArray[np.bool_], score: Floats) -> Points:
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


def _thin(x: Floats, y: Floats) -> Points:
    """Keep at most `MOST_POINTS` points, evenly chosen, the first and last among them."""
    if len(x) <= MOST_POINTS:
        return x, y
    kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return x[kept], y[kept]
