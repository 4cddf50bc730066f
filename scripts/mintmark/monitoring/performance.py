"""How well a version does in a window: measured where labels are there, estimated where they are not. Pure.

A window and a record are two samples. What is worse must be so by more than the margin, and by more than chance with
the intervals of both in the account.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.statistics.intervals import CONFIDENCE, metric_intervals
from mintmark.core.statistics.live import estimated_errors, estimated_performance
from mintmark.core.statistics.live.estimates import RESAMPLES
from mintmark.core.statistics.metric_names import greater_is_better, metric_names
from mintmark.core.statistics.metrics import undefined_reason
from mintmark.core.statistics.scores import normal_tail
from mintmark.core.statistics.significance import holm
from mintmark.core.words import numbers
from mintmark.monitoring.measured import Estimate, Measured, MeasuredSlice, Performance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mintmark.core.records import Interval
    from mintmark.core.statistics.live.estimates import Estimate as EstimatedMetric
    from mintmark.core.statistics.metrics import Codes, Outcomes
    from mintmark.monitoring.counting import SliceCounts
    from mintmark.monitoring.known_versions import KnownVersion
    from mintmark.monitoring.window_labels import LabelledRows

_DRAWS: Final = 1_000  # of an interval with labels
LEAST_LABELLED: Final = 30  # rows; with fewer hardly a metric has an interval
_LEVEL: Final = (1 - CONFIDENCE) / 2  # of a miss on one side
_OF_THE_POSITIVE: Final = ("precision", "recall", "f1")
_SLICE_RESAMPLES: Final = 100
_OF_A_SLICE: Final = "not compared: what scores mean is learned from all evaluation rows, not from the slice"


def measure_window(labelled: LabelledRows, known: KnownVersion, *, why_not: str = "") -> Performance:
    """Return the metrics of rows with labels, in all and by slice (None for one whose column nobody has).

    Where it is known which rows are of one entity, intervals draw whole entities, as those of the record do. `why_not`
    says why nothing is compared with the record yet, such as labels that are still to come.
    """
    model, outcomes, clusters = known.model, labelled.outcomes, labelled.clusters
    names = metric_names(model.task, probabilities=outcomes.probabilities is not None)
    margins: dict[str, float] = {model.metric.name: model.watched_margin}
    whole = _measure(names, outcomes, clusters, known.metrics, margins, why_not)
    slices = {}
    for name, mask in labelled.masks.items():
        if mask is None:
            slices[name] = MeasuredSlice(rows=0, reason="the log does not have its column")
            continue
        rows, least = int(mask.sum()), model.gates.slice_min_rows
        if rows < least:
            slices[name] = MeasuredSlice(
                rows=rows, reason=f"{numbers.count(rows, 'row')} with a label, and it takes {least:,}"
            )
            continue
        margins = {model.metric.name: model.gates.slice_margin}
        part = None if clusters is None else np.unique(clusters[mask], return_inverse=True)[1].astype(np.intp)
        registered = known.slices.get(name, {})
        found = _measure((model.metric.name,), outcomes.take(mask), part, registered, margins, why_not)
        slices[name] = MeasuredSlice(rows=rows, metrics=found)
    return Performance(
        rows=len(outcomes),
        metrics=whole,
        slices=_corrected(slices, model.metric.name),
        entities=None if clusters is None else len(np.unique(clusters)),
        assumption=labelled.assumption,
    )


def _measure(
    names: Sequence[str],
    outcomes: Outcomes,
    clusters: Codes | None,
    registered: Mapping[str, Interval],
    margins: Mapping[str, float],
    why_not: str,
) -> dict[str, Measured]:
    if not len(outcomes):
        return {
            name: Measured(value=None, registered=registered.get(name), reason="no row has a label") for name in names
        }
    found = metric_intervals(names, outcomes, resamples=_DRAWS, seed=0, clusters=clusters)
    measured = {}
    for name in names:
        one_class = _one_class_reason(name, outcomes)
        if one_class or name not in found:
            reason = one_class or undefined_reason(name, outcomes)
            measured[name] = Measured(value=None, registered=registered.get(name), reason=reason)
            continue
        interval = found[name]
        told: dict[str, Any] = {"value": interval.value, "low": interval.low, "high": interval.high}
        measured[name] = _compared(name, told, registered.get(name), margins.get(name, 0.0), why_not)
    return measured


def _one_class_reason(name: str, outcomes: Outcomes) -> str:
    """Return why a metric of the positive class says nothing of rows none of which is of it; empty where it does.

    By their definition they are 0 then, which would call a window of healthy patients the worst one there is.
    """
    positive = outcomes.positive
    if name not in _OF_THE_POSITIVE or positive is None or (outcomes.truth == positive).any():
        return ""
    return f"no row has the class {outcomes.classes[positive]!r}"


def _compared(name: str, told: dict[str, Any], registered: Interval | None, margin: float, why_not: str) -> Measured:
    """Hold a metric of a window against the registered one.

    The bound of the difference of two independent estimates follows from their own bounds (MOVER: Zou and Donner 2008,
    Statistics in Medicine 27:1693).
    """
    if registered is None:
        return Measured(**told, reason=why_not or "the record has no such metric")
    better_by = told["value"] - registered.value if greater_is_better(name) else registered.value - told["value"]
    told |= {"registered": registered, "better_by": better_by}
    if why_not:
        return Measured(**told, reason=why_not)
    width = _width_to_better(name, told["value"], told["low"], told["high"], registered)
    if width is None:
        return Measured(**told, reason="too few rows, or entities, for an interval")
    return Measured(**told, worse=better_by < -margin and better_by + width < 0)


def _width_to_better(
    name: str, value: float, low: float | None, high: float | None, registered: Interval
) -> float | None:
    """Return how far the difference to the record may lie on its better side, None without intervals."""
    if low is None or high is None or registered.low is None or registered.high is None:
        return None
    if greater_is_better(name):
        return math.hypot(high - value, registered.value - registered.low)
    return math.hypot(value - low, registered.high - registered.value)


def _corrected(slices: Mapping[str, MeasuredSlice], metric: str) -> dict[str, MeasuredSlice]:
    """Return slices of which each that is worse is so after Holm's correction over all that were compared."""
    compared = {name: each.metrics[metric] for name, each in slices.items() if metric in each.metrics}
    compared = {name: each for name, each in compared.items() if each.worse is not None}
    levels = dict(zip(compared, holm([_p_value(metric, each) for each in compared.values()]), strict=True))
    corrected = dict(slices)
    for name, each in compared.items():
        if each.worse and levels[name] > _LEVEL:
            told = Measured(value=each.value, low=each.low, high=each.high, registered=each.registered,
                            better_by=each.better_by, worse=False)  # fmt: skip
            corrected[name] = MeasuredSlice(rows=slices[name].rows, metrics={**slices[name].metrics, metric: told})
    return corrected


def _p_value(metric: str, found: Measured) -> float:
    """Return the chance of so bad a difference where there is none, from the width of the interval on that side."""
    if found.registered is None or found.value is None or found.better_by is None:
        return 1.0
    width = _width_to_better(metric, found.value, found.low, found.high, found.registered)
    if not width:
        return 1.0 if found.better_by >= 0 else 0.0
    return normal_tail(-found.better_by / (width / 1.959963984540054))


# -- without labels --------------------------------------------------------------------------------------------------


def estimate_window(
    scores: NDArray[Any] | None, slices: Mapping[str, SliceCounts], known: KnownVersion
) -> Estimate | None:
    """Return the metrics that follow from scores without labels, None of a version whose evaluation is not stored.

    A slice has the primary metric alone. `reason` says why there is no metric.
    """
    model = known.model
    method, assumption = (
        ("cbpe", estimated_performance.ASSUMPTION) if known.classes else ("dle", estimated_errors.ASSUMPTION)
    )
    if known.evaluation is None:
        return None
    if model.entity_column is not None:
        assumption = f'{assumption}, and that rows of one "{model.entity_column}" are independent'
    if scores is None or known.no_estimate_reason:
        why = known.no_estimate_reason or "the log has no answer that it could rest on"
        return Estimate(method=method, assumption=assumption, rows=0, reason=why)  # type: ignore[arg-type]
    names = metric_names(model.task) if known.classes else estimated_errors.ESTIMATED
    found = _estimated(scores, names, known)
    margins = {model.metric.name: model.watched_margin}
    metrics = {name: _held(name, each, known.metrics.get(name), margins.get(name, 0.0)) for name, each in found.items()}
    return Estimate(
        method=method,  # type: ignore[arg-type]
        assumption=assumption,
        rows=int(scores[0].sum()),
        metrics=metrics,
        slices={name: _estimated_slice(name, counts, known) for name, counts in slices.items()},
    )


def _estimated(
    scores: NDArray[Any], names: Sequence[str], known: KnownVersion, resamples: int = RESAMPLES
) -> dict[str, EstimatedMetric]:
    learned = known.learned(resamples)
    return {} if learned is None else learned.estimate(scores, names)


def _estimated_slice(name: str, counts: SliceCounts, known: KnownVersion) -> MeasuredSlice:
    metric, least = known.model.metric.name, known.model.gates.slice_min_rows
    if not counts.seen or counts.scores is None:
        return MeasuredSlice(rows=counts.rows, reason="the log does not have its column")
    if counts.rows < least:
        return MeasuredSlice(rows=counts.rows, reason=f"{numbers.count(counts.rows, 'row')}, and it takes {least:,}")
    found = _estimated(counts.scores, (metric,), known, _SLICE_RESAMPLES)
    registered = known.slices.get(name, {}).get(metric)
    told = {
        one: Measured(value=each.value, low=each.low, high=each.high, registered=registered, reason=_OF_A_SLICE)
        for one, each in found.items()
    }
    return MeasuredSlice(rows=counts.rows, metrics=told)


def _held(name: str, found: EstimatedMetric, registered: Interval | None, margin: float) -> Measured:
    """Hold an estimate against the same estimate of the evaluation rows: what is uncertain in both cancels."""
    more_is_better = greater_is_better(name)
    better_by = found.change if more_is_better else -found.change
    is_sure = found.change_high < 0 if more_is_better else found.change_low > 0
    return Measured(
        value=found.value,
        low=found.low,
        high=found.high,
        registered=registered,
        better_by=better_by,
        worse=is_sure and better_by < -margin,
    )
