"""Metrics of predictions, for many weightings of the rows at once. Pure arithmetic on arrays.

A resample of n rows is a vector of n counts. Every function here takes such counts as a matrix (one row for each
resample) and returns one value for each, so a bootstrap of 10,000 resamples is a few matrix products. NaN marks a
resample for which a metric is not defined.

Metrics of more than two classes are macro averages over the classes that occur in the truth (one-vs-rest for ROC AUC
and average precision); with two classes they are those of the positive class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mintmark.core.question import Label

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_SMALLEST: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What was true and what was predicted for n rows.

    regression: `truth` and `prediction` hold the values. classification: they hold positions in `classes`, as
    floats, and `probabilities` has shape (n, k) or is None; `positive` is the position of the positive class, None
    for more than two.
    """

    truth: Floats
    prediction: Floats
    probabilities: Floats | None = None
    classes: tuple[Label, ...] = ()
    positive: int | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: NDArray[np.bool_] | Codes) -> Outcomes:
        """Return the outcomes of some rows."""
        probabilities = None if self.probabilities is None else self.probabilities[rows]
        return Outcomes(
            truth=self.truth[rows],
            prediction=self.prediction[rows],
            probabilities=probabilities,
            classes=self.classes,
            positive=self.positive,
        )


def regression_outcomes(truth: Sequence[float] | Floats, prediction: Sequence[float] | Floats) -> Outcomes:
    """Return the outcomes of a regression; raise `ValueError` where a value is not finite or the lengths differ."""
    values, predicted = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    _check(values, predicted)
    return Outcomes(truth=values, prediction=predicted)


def class_outcomes(
    truth: Sequence[Label] | NDArray[np.generic],
    prediction: Sequence[Label] | NDArray[np.generic],
    probabilities: Floats | None,
    classes: Sequence[Label],
    *,
    positive: Label | None = None,
) -> Outcomes:
    """Return the outcomes of a classification.

    With two classes and no `positive`, the second one is it. Raises `ValueError` for a label that is not in
    `classes`, and for probabilities of the wrong shape, outside 0 to 1, or not summing to 1 (within 1e-6).
    """
    codes, predicted = _encode(truth, classes), _encode(prediction, classes)
    _check(codes, predicted)
    if probabilities is not None:
        probabilities = np.asarray(probabilities, dtype=np.float64)
        if probabilities.shape != (len(codes), len(classes)):
            raise ValueError(f"probabilities have shape {probabilities.shape}, not {(len(codes), len(classes))}")
        if not (np.isfinite(probabilities).all() and (probabilities >= 0).all() and (probabilities <= 1).all()):
            raise ValueError("probabilities must lie between 0 and 1")
        if np.abs(probabilities.sum(axis=1) - 1).max() > 1e-6:
            raise ValueError("the probabilities of a row must sum to 1")
    position = None
    if len(classes) == 2:
        position = 1 if positive is None else int(_encode([positive], classes)[0])
    return Outcomes(
        truth=codes, prediction=predicted, probabilities=probabilities, classes=tuple(classes), positive=position
    )


def _encode(labels: Sequence[Label] | NDArray[np.generic], classes: Sequence[Label]) -> Floats:
    positions = {label: i for i, label in enumerate(classes)}
    values = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    try:
        return np.array([positions[value] for value in values], dtype=np.float64)
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is not one of the classes {list(classes)}") from None


def _check(truth: Floats, prediction: Floats) -> None:
    if truth.shape != prediction.shape or truth.ndim != 1:
        raise ValueError(
            f"truth has shape {truth.shape} and prediction {prediction.shape}; both must be one column of rows"
        )
    if not (np.isfinite(truth).all() and np.isfinite(prediction).all()):
        raise ValueError("truth and prediction must be finite numbers")


def metric_values(name: str, outcomes: Outcomes, counts: Floats) -> Floats:
    """Return one value of a metric for each row of `counts`, shape (resamples, n); NaN where it is not defined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _METRICS[name](outcomes, counts)


def metric_value(name: str, outcomes: Outcomes) -> float:
    """Return a metric of the rows as they are; NaN where it is not defined."""
    return float(metric_values(name, outcomes, np.ones((1, len(outcomes))))[0])


# -- regression ------------------------------------------------------------------------------------------------------


def _mean(values: Floats, counts: Floats) -> Floats:
    result: Floats = (counts @ values) / counts.sum(axis=1)
    return result


def _errors(o: Outcomes) -> Floats:
    return o.truth - o.prediction


def _mse(o: Outcomes, counts: Floats) -> Floats:
    return _mean(_errors(o) ** 2, counts)


def _rmse(o: Outcomes, counts: Floats) -> Floats:
    result: Floats = np.sqrt(_mse(o, counts))
    return result


def _mae(o: Outcomes, counts: Floats) -> Floats:
    return _mean(np.abs(_errors(o)), counts)


def _mape(o: Outcomes, counts: Floats) -> Floats:
    """As scikit-learn has it: a share, with the truth held away from zero by the smallest relative step of a float."""
    return _mean(np.abs(_errors(o)) / np.maximum(np.abs(o.truth), _SMALLEST), counts)


def _max_error(o: Outcomes, counts: Floats) -> Floats:
    order = np.argsort(-np.abs(_errors(o)), kind="stable")
    worst = (counts[:, order] > 0).argmax(axis=1)
    result: Floats = np.abs(_errors(o))[order][worst]
    return result


def _variance(values: Floats, counts: Floats) -> Floats:
    centred = values - values.mean()  # against cancellation in the difference of squares
    return _mean(centred**2, counts) - _mean(centred, counts) ** 2


def _share_explained(unexplained: Floats, total: Floats) -> Floats:
    result: Floats = np.where(total > _SMALLEST, 1 - unexplained / total, np.nan)
    return result


def _r2(o: Outcomes, counts: Floats) -> Floats:
    return _share_explained(_mse(o, counts), _variance(o.truth, counts))


def _explained_variance(o: Outcomes, counts: Floats) -> Floats:
    return _share_explained(_variance(_errors(o), counts), _variance(o.truth, counts))


# -- classes ---------------------------------------------------------------------------------------------------------


def _is(codes: Floats, k: int) -> Floats:
    result: Floats = (codes[:, None] == np.arange(k)).astype(np.float64)
    return result


def _accuracy(o: Outcomes, counts: Floats) -> Floats:
    return _mean((o.truth == o.prediction).astype(np.float64), counts)


def _tallies(o: Outcomes, counts: Floats) -> tuple[Floats, Floats, Floats]:
    """For each resample and class: rows that are both, rows truly of the class, rows predicted as it."""
    k = len(o.classes)
    true, predicted = _is(o.truth, k), _is(o.prediction, k)
    return counts @ (true * predicted), counts @ true, counts @ predicted


def _average(values: Floats, support: Floats, o: Outcomes) -> Floats:
    """The positive class's value, or the mean over classes that occur (Sokolova and Lapalme 2009, macro average)."""
    if o.positive is not None:
        positive: Floats = values[:, o.positive]
        return positive
    present = support > 0
    result: Floats = np.where(present, values, 0).sum(axis=1) / present.sum(axis=1)
    return result


def _zero_for_nothing(part: Floats, whole: Floats) -> Floats:
    result: Floats = np.where(whole > 0, part / whole, 0.0)
    return result


def _balanced_accuracy(o: Outcomes, counts: Floats) -> Floats:
    """The mean recall over classes that occur, for two classes as well (Brodersen et al. 2010)."""
    hits, true, _ = _tallies(o, counts)
    present = true > 0
    result: Floats = np.where(present, hits / true, 0).sum(axis=1) / present.sum(axis=1)
    return result


def _precision(o: Outcomes, counts: Floats) -> Floats:
    hits, true, predicted = _tallies(o, counts)
    return _average(_zero_for_nothing(hits, predicted), true, o)


def _recall(o: Outcomes, counts: Floats) -> Floats:
    hits, true, _ = _tallies(o, counts)
    return _average(_zero_for_nothing(hits, true), true, o)


def _f1(o: Outcomes, counts: Floats) -> Floats:
    hits, true, predicted = _tallies(o, counts)
    return _average(_zero_for_nothing(2 * hits, true + predicted), true, o)


# -- probabilities ---------------------------------------------------------------------------------------------------


def _probabilities(o: Outcomes) -> Floats:
    if o.probabilities is None:
        raise ValueError("this metric needs probabilities")
    return o.probabilities


def _log_loss(o: Outcomes, counts: Floats) -> Floats:
    given = _probabilities(o)[np.arange(len(o)), o.truth.astype(np.intp)]
    return _mean(-np.log(np.clip(given, _SMALLEST, 1)), counts)


def _brier(o: Outcomes, counts: Floats) -> Floats:
    """Brier 1950: the squared distance to the truth, summed over classes.

    With two classes half of that, as is usual.
    """
    distance = ((_probabilities(o) - _is(o.truth, len(o.classes))) ** 2).sum(axis=1)
    return _mean(distance / 2 if o.positive is not None else distance, counts)


def _one_vs_rest(o: Outcomes, counts: Floats, measure: Callable[[Floats, Floats, Floats], Floats]) -> Floats:
    probabilities = _probabilities(o)
    if o.positive is not None:
        return measure((o.truth == o.positive).astype(np.float64), probabilities[:, o.positive], counts)
    each = np.stack(
        [measure((o.truth == k).astype(np.float64), probabilities[:, k], counts) for k in range(len(o.classes))], axis=1
    )
    defined = ~np.isnan(each)
    result: Floats = np.where(defined, each, 0).sum(axis=1) / defined.sum(axis=1)
    return result


def _by_threshold(is_class: Floats, score: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Counts of rows in the class and of others at each distinct score, from the highest down.

    Shapes (resamples, scores).
    """
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    weights = counts[:, order]
    inside = weights * is_class[order]
    if len(starts) == len(order):
        return inside, weights - inside
    inside = np.add.reduceat(inside, starts, axis=1)
    return inside, np.add.reduceat(weights, starts, axis=1) - inside


def _auc(is_class: Floats, score: Floats, counts: Floats) -> Floats:
    """The share of pairs in the right order, ties half (Hanley and McNeil 1982, the Mann-Whitney form)."""
    inside, outside = _by_threshold(is_class, score, counts)
    above = np.cumsum(inside, axis=1)
    right = np.einsum("ij,ij->i", outside, above - inside / 2)
    result: Floats = right / (above[:, -1] * outside.sum(axis=1))
    return result


def _ap(is_class: Floats, score: Floats, counts: Floats) -> Floats:
    """The sum of precision times the step in recall over thresholds, without interpolation (as scikit-learn has it)."""
    inside, outside = _by_threshold(is_class, score, counts)
    hits = np.cumsum(inside, axis=1)
    found = hits + np.cumsum(outside, axis=1)
    precision = np.divide(hits, found, out=np.zeros_like(hits), where=found > 0)
    result: Floats = np.einsum("ij,ij->i", precision, inside) / hits[:, -1]
    return result


def _roc_auc(o: Outcomes, counts: Floats) -> Floats:
    return _one_vs_rest(o, counts, _auc)


def _average_precision(o: Outcomes, counts: Floats) -> Floats:
    return _one_vs_rest(o, counts, _ap)


_METRICS: Final[dict[str, Callable[[Outcomes, Floats], Floats]]] = {
    "mse": _mse,
    "rmse": _rmse,
    "mae": _mae,
    "r2": _r2,
    "explained_variance": _explained_variance,
    "mape": _mape,
    "max_error": _max_error,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "log_loss": _log_loss,
    "brier": _brier,
}
