"""Metrics of predictions, for many weightings of the rows at once. Pure arithmetic on arrays.

A resample of n rows is a vector of n counts. Every function here takes such counts as a matrix (one row for each
resample) and returns one value for each, so a bootstrap of 10,000 resamples is a few matrix products. NaN marks a
resample for which a metric is not defined.

Metrics of more than two classes are macro averages over the classes that occur in the truth (one-vs-rest for ROC AUC
and average precision); with two classes they are those of the positive class.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mintmark.core.question import Label

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_SMALLEST: Final = float(np.finfo(np.float64).eps)
_LARGEST_SQUARED: Final = 1e150  # the sum of many squares of such numbers is still one
_ROUNDING: Final = 1e-9  # how far arithmetic alone takes a probability beyond 0 or 1
_CACHED_CELLS: Final = 50_000  # of float64: 400 KB


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
        if not (
            np.isfinite(probabilities).all()
            and (probabilities >= -_ROUNDING).all()
            and (probabilities <= 1 + _ROUNDING).all()
        ):
            raise ValueError("probabilities must lie between 0 and 1")
        probabilities = probabilities.clip(0, 1)
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


def metric_values(names: Iterable[str], outcomes: Outcomes, counts: Floats) -> dict[str, Floats]:
    """Return one value of each metric for each row of `counts`, shape (resamples, n); NaN where it is not defined.

    What several metrics rest on is counted once, so asking for all of them at once is much faster than one by one.
    """
    sample = _Sample(outcomes, counts, tuple(names))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return {name: _METRICS[name](sample) for name in sample.names}


def metric_value(name: str, outcomes: Outcomes) -> float:
    """Return a metric of the rows as they are; NaN where it is not defined."""
    return float(metric_values([name], outcomes, np.ones((1, len(outcomes))))[name][0])


def undefined_reason(name: str, outcomes: Outcomes) -> str:
    """Return why a metric is no finite number for these rows, in the words of metrics.json."""
    is_huge = max(np.abs(outcomes.truth).max(), np.abs(outcomes.prediction).max()) > _LARGEST_SQUARED
    if name in ("r2", "explained_variance") and not is_huge:
        is_constant = outcomes.truth.min() == outcomes.truth.max()
        return f"the target {'is constant' if is_constant else 'hardly varies'} in these rows"
    if name in _AREAS:
        present = np.unique(outcomes.truth)
        if len(present) == 1:
            return f"every row has the class {outcomes.classes[int(present[0])]!r}"
    return "it is too large for a number"


class _Sample:
    """Outcomes with the counts of some resamples, the metrics that are asked for, and what these share."""

    def __init__(self, outcomes: Outcomes, counts: Floats, names: tuple[str, ...]) -> None:
        self.outcomes, self.counts, self.names = outcomes, counts, names

    @cached_property
    def sizes(self) -> Floats:
        """The number of rows in each resample."""
        sizes: Floats = self.counts.sum(axis=1)
        return sizes

    @cached_property
    def tallies(self) -> tuple[Floats, Floats, Floats]:
        """For each resample and class: rows that are both, rows truly of the class, rows predicted as it."""
        o, k = self.outcomes, len(self.outcomes.classes)
        true, predicted = is_class(o.truth, k), is_class(o.prediction, k)
        counted = self.counts @ np.concatenate([true * predicted, true, predicted], axis=1)  # whole numbers: exact
        return counted[:, :k], counted[:, k : 2 * k], counted[:, 2 * k :]

    @cached_property
    def areas(self) -> dict[str, Floats]:
        """Each area under a curve that is asked for: of the positive class, or the mean over classes that define it."""
        o = self.outcomes
        classes = range(len(o.classes)) if o.positive is None else [o.positive]
        each = {name: np.empty((len(self.counts), len(classes))) for name in _AREAS if name in self.names}
        for column, k in enumerate(classes):
            ranking = _Ranking((o.truth == k).astype(np.float64), given_probabilities(o)[:, k])
            for rows in _pieces(self.counts):
                inside, outside = ranking.counted(self.counts[rows])
                hits = np.cumsum(inside, axis=1)
                for name, found in each.items():
                    found[rows, column] = _AREAS[name](inside, outside, hits)
        return {name: _mean_of_defined(found) for name, found in each.items()}


# -- losses of rows -------------------------------------------------------------------------------------------------


def errors(o: Outcomes) -> Floats:
    """Return truth minus prediction."""
    return o.truth - o.prediction


def _relative(o: Outcomes) -> Floats:
    """As scikit-learn has it: a share, with the truth held away from zero by the smallest relative step of a float."""
    relative: Floats = np.abs(errors(o)) / np.maximum(np.abs(o.truth), _SMALLEST)
    return relative


def _surprise(o: Outcomes) -> Floats:
    given = given_probabilities(o)[np.arange(len(o)), o.truth.astype(np.intp)]
    surprise: Floats = -np.log(np.clip(given, _SMALLEST, 1))
    return surprise


def _brier(o: Outcomes) -> Floats:
    """Brier 1950: the squared distance to the truth, summed over classes.

    With two classes half of that, as is usual.
    """
    distance: Floats = ((given_probabilities(o) - is_class(o.truth, len(o.classes))) ** 2).sum(axis=1)
    return distance / 2 if o.positive is not None else distance


def given_probabilities(o: Outcomes) -> Floats:
    """Return the probabilities; raise `ValueError` where there are none."""
    if o.probabilities is None:
        raise ValueError("this metric needs probabilities")
    return o.probabilities


def is_class(codes: Floats, k: int) -> Floats:
    """Return a column for each of k classes, 1 where the row is of it."""
    result: Floats = (codes[:, None] == np.arange(k)).astype(np.float64)
    return result


LOSSES: Final[dict[str, Callable[[Outcomes], Floats]]] = {
    "mse": lambda o: np.square(errors(o)),
    "mae": lambda o: np.abs(errors(o)),
    "mape": _relative,
    "log_loss": _surprise,
    "brier": _brier,
}


# -- regression ------------------------------------------------------------------------------------------------------


def _mean(values: Floats, s: _Sample) -> Floats:
    result: Floats = (s.counts @ values) / s.sizes
    return result


def _mean_loss(name: str) -> Callable[[_Sample], Floats]:
    return lambda s: _mean(LOSSES[name](s.outcomes), s)


def _rmse(s: _Sample) -> Floats:
    result: Floats = np.sqrt(_mean_loss("mse")(s))
    return result


def _max_error(s: _Sample) -> Floats:
    sizes = np.abs(errors(s.outcomes))
    order = np.argsort(-sizes, kind="stable")
    worst = (s.counts[:, order] > 0).argmax(axis=1)
    result: Floats = sizes[order][worst]
    return result


def _variance(values: Floats, s: _Sample) -> Floats:
    centred = values - values.mean()  # against cancellation in the difference of squares
    return _mean(centred**2, s) - _mean(centred, s) ** 2


def _share_explained(unexplained: Floats, s: _Sample) -> Floats:
    """One minus a share of the variance of the truth; NaN where that variance is what rounding makes of none."""
    truth = s.outcomes.truth
    total = _variance(truth, s)
    noise = np.maximum(
        32 * _SMALLEST * _mean((truth - truth.mean()) ** 2, s), (4 * _SMALLEST * np.abs(truth).max()) ** 2
    )
    result: Floats = np.where(total > noise, 1 - unexplained / total, np.nan)
    return result


def _r2(s: _Sample) -> Floats:
    return _share_explained(_mean_loss("mse")(s), s)


def _explained_variance(s: _Sample) -> Floats:
    return _share_explained(_variance(errors(s.outcomes), s), s)


# -- classes ---------------------------------------------------------------------------------------------------------


def _accuracy(s: _Sample) -> Floats:
    return _mean((s.outcomes.truth == s.outcomes.prediction).astype(np.float64), s)


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


def _balanced_accuracy(s: _Sample) -> Floats:
    """The mean recall over classes that occur, for two classes as well (Brodersen et al. 2010)."""
    hits, true, _ = s.tallies
    present = true > 0
    result: Floats = np.where(present, hits / true, 0).sum(axis=1) / present.sum(axis=1)
    return result


def _precision(s: _Sample) -> Floats:
    hits, true, predicted = s.tallies
    return _average(_zero_for_nothing(hits, predicted), true, s.outcomes)


def _recall(s: _Sample) -> Floats:
    hits, true, _ = s.tallies
    return _average(_zero_for_nothing(hits, true), true, s.outcomes)


def _f1(s: _Sample) -> Floats:
    hits, true, predicted = s.tallies
    return _average(_zero_for_nothing(2 * hits, true + predicted), true, s.outcomes)


# -- probabilities ---------------------------------------------------------------------------------------------------


def _mean_of_defined(values: Floats) -> Floats:
    defined = ~np.isnan(values)
    result: Floats = np.where(defined, values, 0).sum(axis=1) / defined.sum(axis=1)
    return result


def _pieces(counts: Floats) -> Iterator[slice]:
    """Yield rows of counts in pieces that stay in the processor's cache."""
    step = max(1, _CACHED_CELLS // max(counts.shape[1], 1))
    yield from (slice(start, start + step) for start in range(0, len(counts), step))


class _Ranking:
    """Rows from the highest score down."""

    def __init__(self, is_class: Floats, score: Floats) -> None:
        self._order = np.argsort(-score, kind="stable")
        self._is_class = is_class[self._order]
        self._starts = np.flatnonzero(np.r_[True, np.diff(score[self._order]) != 0])

    def counted(self, counts: Floats) -> tuple[Floats, Floats]:
        """Counts of rows in the class and of others at each distinct score, of shape (resamples, scores)."""
        weights = counts[:, self._order]
        inside = weights * self._is_class
        if len(self._starts) == len(self._order):
            return inside, weights - inside
        inside = np.add.reduceat(inside, self._starts, axis=1)
        return inside, np.add.reduceat(weights, self._starts, axis=1) - inside


def _auc(inside: Floats, outside: Floats, hits: Floats) -> Floats:
    """The share of pairs in the right order, ties half (Hanley and McNeil 1982, the Mann-Whitney form)."""
    right = np.einsum("ij,ij->i", outside, hits - inside / 2)
    result: Floats = right / (hits[:, -1] * outside.sum(axis=1))
    return result


def _ap(inside: Floats, outside: Floats, hits: Floats) -> Floats:
    """The sum of precision times the step in recall over thresholds, without interpolation (as scikit-learn has it)."""
    found = hits + np.cumsum(outside, axis=1)
    precision = np.divide(hits, found, out=np.zeros_like(hits), where=found > 0)
    result: Floats = np.einsum("ij,ij->i", precision, inside) / hits[:, -1]
    return result


_AREAS: Final[dict[str, Callable[[Floats, Floats, Floats], Floats]]] = {"roc_auc": _auc, "average_precision": _ap}

_METRICS: Final[dict[str, Callable[[_Sample], Floats]]] = {
    **{name: _mean_loss(name) for name in LOSSES},
    "rmse": _rmse,
    "r2": _r2,
    "explained_variance": _explained_variance,
    "max_error": _max_error,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "roc_auc": lambda s: s.areas["roc_auc"],
    "average_precision": lambda s: s.areas["average_precision"],
}
