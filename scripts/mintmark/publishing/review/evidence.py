"""What a review measured, in Markdown: metrics, slices, cross-checks, curves and cost."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from mintmark.core.words.comparisons import standing_in_words
from mintmark.core.words.demands import cost_name, cost_words
from mintmark.core.words.numbers import NOTHING, better, bounds, capital, number, p_value, signed, signed_bounds
from mintmark.publishing.markdown import bold, bullets, code, escape, fence, table
from mintmark.publishing.mermaid import COLOURS, drawn_lines, format_curve
from mintmark.publishing.review.findings import SENTENCE, SIGNS, more_than
from mintmark.publishing.review.words import (
    describe_rows,
    explain_difference,
    is_version,
    primary_of,
    worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mintmark.core.judgement.review import Evaluation, Review, SliceResult
    from mintmark.core.records import Interval
    from mintmark.core.statistics.results import Curve, MetricResult, PairedDifference

_MOST_CURVES: Final = 4


def format_primary(review: Review, most: int) -> str:
    """Return the primary metric of candidate and champion, and the difference, for each set of rows."""
    blocks = [_primary(evaluation) for evaluation in review.evaluations[: _most_evaluations(most)]]
    return _section("Primary metric", blocks, len(review.evaluations))


def _primary(evaluation: Evaluation) -> str:
    metric = primary_of(evaluation)
    rows_of = f"{escape(describe_rows(evaluation), most=80)} (sha256 {code(evaluation.sha256[:12])})"
    intro = f"{_contest(evaluation)} on the {rows_of}."
    if metric is None:
        return f"{intro}\n\nNo metric could be measured."
    rows = [(f"Candidate {_name(evaluation.candidate)}", *_cells(metric.candidate))]
    if metric.champion is not None:
        role = "Champion" if is_version(evaluation.champion) else "No champion yet;"
        rows.append((f"{role} {_name(evaluation.champion)}", *_cells(metric.champion)))
    if metric.difference is not None:
        found = metric.difference
        rows.append(("**Difference**", f"**{signed(found.value)}**", signed_bounds(found.low, found.high)))
    header = (f"{code(metric.name)}, {_arrow(metric)} {better(maximize=metric.maximize)}", "Value", "95% interval")
    parts = [intro, table(header, rows, numeric=[1])]
    if metric.difference is not None:
        standing = metric.difference.standing.capitalize()
        parts.append(f"**{standing}.** {explain_difference(metric, metric.difference, evaluation.champion)}")
    return "\n\n".join(parts)


def _contest(evaluation: Evaluation) -> str:
    return f"{_name(evaluation.candidate)} against {_name(evaluation.champion)}"


def _name(reference: str) -> str:
    return code(reference) if is_version(reference) else escape(reference, most=80)


def format_metrics(review: Review, most: int) -> str:
    """Return every metric of each evaluation as a table, the primary one in bold."""
    return _per_evaluation("All metrics", review, most, _metrics)


def _metrics(evaluation: Evaluation, most: int) -> str:
    if not evaluation.metrics:
        return ""
    shown = evaluation.metrics[:most]
    with_floor = any(metric.floor is not None for metric in shown)
    header = ["Metric", "Candidate", "Champion", "Difference", "Standing", *(["Floor"] if with_floor else [])]
    rows = [_metric_row(metric)[: len(header)] for metric in shown]
    legend = (
        "↑ more is better, ↓ less is better; under each value its 95% interval. Only the primary metric has a margin."
    )
    return f"{table(header, rows)}\n\n{legend}{more_than(evaluation.metrics, most)}"


def _metric_row(metric: MetricResult) -> list[str]:
    name = f"{_arrow(metric)}&nbsp;{code(metric.name)}"
    return [
        f"**{name}**" if metric.primary else name,
        _interval(metric.candidate),
        _interval(metric.champion),
        _difference(metric.difference),
        _standing(metric),
        number(metric.floor),
    ]


def _standing(metric: MetricResult) -> str:
    if metric.difference is None:
        return NOTHING
    return capital(standing_in_words(metric.difference.standing, primary=metric.primary))


def _interval(found: Interval | None) -> str:
    if found is None:
        return NOTHING
    value, interval = _cells(found)
    return value + _second_line(interval)


def _difference(found: PairedDifference | None) -> str:
    if found is None:
        return NOTHING
    return signed(found.value) + _second_line(signed_bounds(found.low, found.high))


def _cells(found: Interval) -> tuple[str, str]:
    return number(found.value), bounds(found.low, found.high)


def _arrow(metric: MetricResult) -> str:
    return "↑" if metric.maximize else "↓"


def _second_line(text: str) -> str:
    return "<br>" + text.replace(" ", "&nbsp;") if text else ""


def format_slices(review: Review, most: int) -> str:
    """Return the primary metric in each slice, the failed ones first."""
    return _per_evaluation("Slices", review, most, _slices)


def _slices(evaluation: Evaluation, most: int) -> str:
    if not evaluation.slices:
        return ""
    shown = worst_first(evaluation.slices)[:most]
    grid = table(("", "Slice", "Rows", "Candidate", "Champion", "Difference", "p"), map(_slice_row, shown), numeric=[2])
    notes = [
        f"{SIGNS[result.verdict]} {code(result.name)}: {escape(result.message, most=SENTENCE)}"
        for result in shown
        if result.verdict != "pass"
    ]
    legend = "p: how likely a slice within its margin looks this bad by chance, corrected for all slices (Holm)."
    return "\n\n".join([grid, *([bullets(notes)] if notes else []), legend]) + more_than(evaluation.slices, most)


def _slice_row(result: SliceResult) -> list[str]:
    return [
        SIGNS[result.verdict],
        code(result.name),
        f"{result.rows:,}",
        _interval(result.candidate),
        _interval(result.champion),
        _difference(result.difference),
        p_value(result.p_value),
    ]


def format_cross_checks(review: Review, most: int) -> str:
    """Return what other tests say of the differences."""
    return _per_evaluation("Cross-checks", review, most, _cross_checks)


def _cross_checks(evaluation: Evaluation, most: int) -> str:
    checks = evaluation.cross_checks
    lines = [
        f"{bold(check.name, most=80)}: p is {p_value(check.p_value)}. {escape(check.message, most=SENTENCE)}"
        for check in checks[:most]
    ]
    return bullets(lines) + more_than(checks, most) if lines else ""


def format_curves(review: Review, most: int) -> str:
    """Return a few charts, each with a caption that names its lines by their colours."""
    each = max(1, _MOST_CURVES // max(1, len(review.evaluations)))
    return _per_evaluation("Curves", review, most, lambda evaluation, most: _curves(evaluation, min(most, each)))


def _curves(evaluation: Evaluation, most: int) -> str:
    drawn = ((curve, format_curve(curve)) for curve in evaluation.curves)
    charts = list(islice(((curve, chart) for curve, chart in drawn if chart), most))
    return "\n\n".join(f"{fence(chart, 'mermaid')}\n\n{_caption(curve)}" for curve, chart in charts)


def _caption(curve: Curve) -> str:
    lines = drawn_lines(curve)
    named = [f"{colour} is {escape(name, most=80)}" for (colour, _), (name, _) in zip(COLOURS, lines, strict=False)]
    missing = len(curve.lines) - len(lines)
    left = f" {missing:,} more lines cannot be drawn." if missing else ""
    return f"{escape(curve.title, most=80)}: {', '.join(named)}.{left}"


def format_cost(review: Review, most: int) -> str:
    """Return what the candidate costs beside the champion and the limits."""
    if not review.cost:
        return ""
    rows = [
        (
            "" if result.limit is None and result.verdict == "pass" else SIGNS[result.verdict],
            escape(cost_name(result.name), most=80),
            *map(cost_words(result.name), (result.value, result.champion, result.limit)),
        )
        for result in review.cost[:most]
    ]
    header = ("", "Cost", "Candidate", "Champion", "Limit")
    return f"### Cost\n\n{table(header, rows, numeric=[2, 3, 4])}{more_than(review.cost, most)}"


def _per_evaluation(title: str, review: Review, most: int, draw: Callable[[Evaluation, int], str]) -> str:
    """Return a section with a block for each evaluation; where there are several, each says which rows it is about."""
    blocks = []
    for evaluation in review.evaluations[: _most_evaluations(most)]:
        block = draw(evaluation, most)
        if block and len(review.evaluations) > 1:
            block = f"**{_contest(evaluation)}, {escape(describe_rows(evaluation), most=80)}**\n\n{block}"
        blocks.append(block)
    return _section(title, blocks, len(review.evaluations))


def _section(title: str, blocks: Sequence[str], evaluations: int) -> str:
    filled = [block for block in blocks if block]
    if not filled:
        return ""
    more = more_than(range(evaluations), len(blocks), "evaluations")
    return f"### {title}\n\n" + "\n\n".join(filled) + more


def _most_evaluations(most: int) -> int:
    return 1 if most == 1 else max(2, most // 10)
