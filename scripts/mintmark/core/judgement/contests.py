"""Candidate against champion on one set of rows: every metric, every slice, cross-checks and curves. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mintmark.core.judgement.review import Evaluation, SliceResult
from mintmark.core.model import LEAST_SLICE_ROWS, Gates
from mintmark.core.statistics.differences import PairedResamples, judge_difference, judge_slice, paired_bootstrap
from mintmark.core.statistics.entities import entity_codes
from mintmark.core.statistics.metric_names import greater_is_better, metric_names
from mintmark.core.statistics.results import MetricResult
from mintmark.core.statistics.review_curves import curves_of
from mintmark.core.statistics.significance import cross_checks, holm
from mintmark.core.statistics.slices import SliceFault, slice_mask
from mintmark.core.words import numbers

if TYPE_CHECKING:
    from mintmark.core.question import Question, Slice
    from mintmark.core.statistics.metrics import Codes, Outcomes

LEVEL = 0.05
_LEAST_ENTITIES = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One side of a contest: a reference such as `iris@1.4.2`, and its outcomes for the rows."""

    name: str
    outcomes: Outcomes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Match:
    """What every part of a contest needs; `champion` is None where a constant answer stands in for it."""

    candidate: Outcomes
    champion: Outcomes | None
    rows: pd.DataFrame
    question: Question
    gates: Gates
    clusters: Codes | None


def contest(
    candidate: Contender,
    champion: Contender,
    rows: pd.DataFrame,
    question: Question,
    gates: Gates,
    *,
    source: str,
    sha256: str,
    is_dummy: bool = False,
) -> Evaluation:
    """Return how a candidate compares with a champion on the evaluation table `rows`, in the order of the outcomes.

    `is_dummy` says that the champion is a constant answer: then slices have nobody to be worse than. Raises
    `RecipeFault` where the rows do not tell their entities, and `ValueError` where the two did not answer these
    rows.
    """
    if len(rows) != len(candidate.outcomes):
        raise ValueError(f"there are {len(rows)} rows and {len(candidate.outcomes)} answers")
    names = _names(question, candidate.outcomes)
    clusters = entity_codes(rows, question)
    resampled = paired_bootstrap(names, candidate.outcomes, champion.outcomes, clusters=clusters)
    rival = None if is_dummy else champion.outcomes
    match = _Match(
        candidate=candidate.outcomes,
        champion=rival,
        rows=rows,
        question=question,
        gates=gates,
        clusters=clusters,
    )
    return Evaluation(
        candidate=candidate.name,
        champion=champion.name,
        source=source,
        sha256=sha256,
        rows=len(rows),
        metrics=[
            _with_labels(_metric_result(name, resampled[name], question, gates), candidate.outcomes, rival)
            for name in names
            if name in resampled
        ],
        slices=_slice_results(match),
        cross_checks=[] if rival is None else cross_checks(candidate.outcomes, rival),
        curves=curves_of(candidate.name, candidate.outcomes, champion.name, rival),
    )


def _names(question: Question, outcomes: Outcomes) -> list[str]:
    """Return the metrics to show, the primary one first."""
    names = metric_names(question.task, probabilities=outcomes.probabilities is not None)
    return sorted(names, key=lambda name: name != question.metric)


def _metric_result(name: str, resampled: PairedResamples, question: Question, gates: Gates) -> MetricResult:
    """Only the primary metric has a margin; for any other a difference is shown as it is."""
    primary = name == question.metric
    maximize = greater_is_better(name)
    comparable = resampled.champion is not None
    margin = gates.margin if primary else 0.0
    return MetricResult(
        name=name,
        maximize=maximize,
        primary=primary,
        candidate=resampled.candidate_interval,
        champion=resampled.champion_interval,
        difference=judge_difference(resampled, maximize=maximize, margin=margin) if comparable else None,
        floor=gates.floors.get(name),
    )


def _with_labels(result: MetricResult, ours: Outcomes, theirs: Outcomes | None) -> MetricResult:
    """Say how many rows of a plan for accuracy need a label: where both give one answer, the difference is 0."""
    found = result.difference
    if result.name != "accuracy" or theirs is None or found is None or found.rows_needed is None:
        return result
    share = float(np.mean(ours.prediction != theirs.prediction))
    plan = replace(found.rows_needed, labels=math.ceil(share * found.rows_needed.rows))
    return replace(result, difference=replace(found, rows_needed=plan))


def _slice_results(match: _Match) -> list[SliceResult]:
    found = [_slice_result(entry, match) for entry in match.question.slices]
    adjusted = iter(holm([result.p_value for result in found if result.p_value is not None]))
    return [result if result.p_value is None else _judge_slice(result, next(adjusted), match.gates) for result in found]


def _slice_result(entry: Slice, match: _Match) -> SliceResult:
    """Return one slice with its own p-value, or the reason why it is not judged."""
    name, metric = entry.name, match.question.metric
    try:
        mask = slice_mask(match.rows, entry.where)
    except SliceFault as fault:
        return SliceResult(name=name, rows=0, verdict="fail", message=f"cannot be looked at: {fault}")
    size = int(mask.sum())
    if size == 0:
        message = "no row of the evaluation data is in it: a missing slice fails"
        return SliceResult(name=name, rows=0, verdict="fail", message=message)
    clusters = None if match.clusters is None else match.clusters[mask]
    rival = None if match.champion is None else match.champion.take(mask)
    resampled = paired_bootstrap([metric], match.candidate.take(mask), rival, clusters=clusters).get(metric)
    if resampled is None:
        return SliceResult(name=name, rows=size, verdict="warn", message=f"{metric} is not defined for these rows")
    result = SliceResult(
        name=name,
        rows=size,
        verdict="pass",
        message="measured; there is no champion to be worse than",
        candidate=resampled.candidate_interval,
        champion=resampled.champion_interval,
    )
    if rival is None:
        return result
    if resampled.champion is None:
        return replace(result, verdict="warn", message=f"measured; the champion does not give {metric}")
    return _compare_slice(result, resampled, match, clusters)


def _compare_slice(
    result: SliceResult, resampled: PairedResamples, match: _Match, clusters: Codes | None
) -> SliceResult:
    maximize, margin = match.question.maximize, match.gates.slice_margin
    difference, p_value = judge_slice(resampled, maximize=maximize, margin=margin)
    compared = replace(result, difference=difference)
    too_few = _too_few(result.rows, clusters, match.gates.slice_min_rows)
    if too_few:
        return replace(compared, verdict="warn", message=too_few)
    if difference.bound is None:
        message = f"{match.question.metric} has no interval on these rows, so nobody can judge it"
        return replace(compared, verdict="warn", message=message)
    return replace(compared, p_value=p_value)


def _too_few(rows: int, clusters: Codes | None, least: int) -> str:
    """Say why a slice is too small to judge, empty where it is not.

    Of clusters there have to be 30: whole clusters are drawn, and with a handful of them the bootstrap takes every
    chance for certain (Cameron, Gelbach and Miller 2008, Review of Economics and Statistics 90:414).
    """
    if rows < least:
        floor = ", whatever slice_min_rows says" if least == LEAST_SLICE_ROWS else ""
        are = "is" if rows == 1 else "are"
        return f"{numbers.count(rows, 'row')} {are} too few to judge ({least:,} are needed{floor})"
    entities, enough = rows if clusters is None else len(np.unique(clusters)), _LEAST_ENTITIES
    if entities < enough:
        of = numbers.count(entities, "entity", "entities")
        return f"its {rows:,} rows are of {of}, too few to judge ({enough:,} are needed)"
    return ""


def _judge_slice(result: SliceResult, p_value: float, gates: Gates) -> SliceResult:
    """Return a slice with its verdict; `p_value` is adjusted for the number of slices that are judged."""
    margin = numbers.written(gates.slice_margin)
    change = f"{numbers.signed(result.difference.value)}, " if result.difference and result.difference.value else ""
    is_worse = p_value <= LEVEL
    finding = f"{'' if is_worse else 'not shown to be '}worse by more than {margin}"
    message = f"{finding} ({change}p is {numbers.p_value(p_value)} after Holm)"
    return replace(result, p_value=p_value, verdict="fail" if is_worse else "pass", message=message)
