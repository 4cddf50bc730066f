"""Put metrics, intervals, slices and importance of one evaluation together. Reads no files, knows no estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mintmark.core.question import PROBABILITY, RecipeFault
from mintmark.core.statistics.entities import entity_codes
from mintmark.core.statistics.figures import rounded
from mintmark.core.statistics.intervals import CONFIDENCE, METHOD, MetricInterval, metric_intervals
from mintmark.core.statistics.metric_names import metric_names
from mintmark.core.statistics.metrics import Codes, Floats, Outcomes, metric_value, undefined_reason
from mintmark.core.statistics.slices import SliceFault, slice_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.question import Label, Question


def measure(outcomes: Outcomes, rows: pd.DataFrame, question: Question, *, resamples: int, seed: int) -> dict[str, Any]:
    """Return metrics.json without cost and importance: every metric with its interval, in all and in each slice.

    `rows` is the evaluation table, in the order of `outcomes`. Raises `RecipeFault` (with a place in model.yaml) for
    a slice that does not fit the table, for rows without an entity, and for a primary metric that is not to be had or
    is not defined. Any other metric that is not defined is under `undefined`, by its place and with the reason.
    """
    names = metric_names(question.task, probabilities=outcomes.probabilities is not None)
    if question.metric not in names:
        raise RecipeFault(("metric", "name"), _unavailable(question, names))
    clusters = entity_codes(rows, question)
    undefined = _undefined(names, outcomes)
    if question.metric in undefined:
        raise RecipeFault(("metric", "name"), _without_value(question, undefined[question.metric]))
    slices: dict[str, Any] = {}
    for index, entry in enumerate(question.slices):
        try:
            mask = slice_mask(rows, entry.where)
        except SliceFault as fault:
            raise RecipeFault(("slices", index, "where"), str(fault)) from None
        part = None if clusters is None else _recode(clusters[mask])
        found = _intervals(names, outcomes.take(mask), resamples, seed, part) if mask.any() else {}
        slices[entry.name] = {"rows": int(mask.sum()), "metrics": found}
        if mask.any():
            reasons = _undefined(names, outcomes.take(mask))
            undefined |= {f"slices.{entry.name}.{name}": reason for name, reason in reasons.items()}
    measured = {
        "schema": 1,
        "task": question.task,
        "rows": len(outcomes),
        "confidence": CONFIDENCE,
        "resamples": resamples,
        "seed": seed,
        "intervals": METHOD,
        "metrics": _intervals(names, outcomes, resamples, seed, clusters),
        "slices": slices,
    }
    return measured | {"undefined": undefined} if undefined else measured


def _undefined(names: Sequence[str], outcomes: Outcomes) -> dict[str, str]:
    return {name: undefined_reason(name, outcomes) for name in names if not np.isfinite(metric_value(name, outcomes))}


def _without_value(question: Question, reason: str) -> str:
    return (
        f'{question.metric} has no value on the evaluation rows (column "{question.target}"): {reason}; '
        "evaluate on rows that differ, or take another metric"
    )


def _unavailable(question: Question, names: Sequence[str]) -> str:
    if question.metric in metric_names(question.task):
        return (
            f"{question.metric} needs probabilities, which this estimator does not give; calibrate it or take another"
        )
    return f"{question.metric} is not a metric of {question.task} ({', '.join(names)})"


def _intervals(
    names: Sequence[str], outcomes: Outcomes, resamples: int, seed: int, clusters: Codes | None
) -> dict[str, dict[str, float]]:
    found = metric_intervals(names, outcomes, resamples=resamples, seed=seed, clusters=clusters)
    return {name: _to_dict(interval) for name, interval in found.items()}


def _to_dict(interval: MetricInterval) -> dict[str, float]:
    bounds = {"value": interval.value, "low": interval.low, "high": interval.high}
    return {name: rounded(bound) for name, bound in bounds.items() if bound is not None}


def _recode(values: Any) -> Codes:
    codes: Codes = np.unique(values, return_inverse=True)[1].astype(np.intp)
    return codes


def format_predictions(
    row: pd.Series, truth: pd.Series, prediction: Any, probabilities: Floats | None, classes: Sequence[Label]
) -> pd.DataFrame:
    """Return the table of predictions.parquet: row, truth, prediction and, for a classifier, probability_<class>."""
    columns = {"row": row.to_numpy(), "truth": truth.to_numpy(), "prediction": prediction}
    if probabilities is not None:
        columns |= {f"{PROBABILITY}{label}": probabilities[:, i] for i, label in enumerate(classes)}
    return pd.DataFrame(columns)


def signature(
    inputs: pd.DataFrame, prediction: pd.Series, probabilities: Floats | None, classes: Sequence[Label]
) -> dict[str, Any]:
    """Return the columns with types that the model takes, in order, and what it gives; null is the number of rows."""
    outputs: dict[str, Any] = {"prediction": {"type": str(prediction.dtype), "shape": [None]}}
    if probabilities is not None:
        outputs["probabilities"] = {"type": "float64", "shape": [None, probabilities.shape[1]]}
    about: dict[str, Any] = {"inputs": {str(c): str(inputs[c].dtype) for c in inputs.columns}, "outputs": outputs}
    return about | {"classes": list(classes)} if classes else about
