"""Tell people what was found in windows, in plain text. Prints nothing."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from mintmark.commands.text_columns import EMPTY, format_table
from mintmark.core.finding import one_line
from mintmark.core.words import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.measured import Measured
    from mintmark.monitoring.watching import LabelTally, Watched

_SHOWN: Final = 20  # findings of a window
_HEADERS: Final = ("window", "version", "requests", "rows", "failed", "p95", "labels", "metric", "", "verdict")


def format_watched(watched: Watched) -> str:
    """Return what was found, model by model: a line for each window, the findings of the last one, and open alarms."""
    parts: list[str] = []
    for (model, channel, role), members in groupby(
        watched.documents, lambda each: (each.model, each.channel, each.role)
    ):
        where = f"{model} in {channel}" if role == "served" else f"{model} in {channel}, as a shadow"
        parts.append("\n".join([where, *_channel(list(members))]))
    parts += [_labels(model, tally) for model, tally in watched.labels.items()]
    if watched.open_alarms:
        parts.append("\n".join(["Alarms:", *(f"  {_alarm(each)}" for each in watched.open_alarms)]))
    elif watched.documents:
        parts.append("No alarm is open.")
    if watched.notes:
        parts.append("\n".join(one_line(each) for each in watched.notes))
    if watched.faults:
        remedy = "  Write these files again from a copy, or move them out of the log."
        parts.append("\n".join(["Not read:", *(f"  {one_line(each)}" for each in watched.faults), remedy]))
    return "\n\n".join(parts) if parts else "Nothing to judge: the log has no rows of these models."


def _channel(documents: Sequence[WindowDocument]) -> Iterator[str]:
    yield format_table(_headers(documents), [_row(each) for each in documents])
    for document in documents[-1:]:
        if document.estimate is not None:
            yield f"  Where no label is counted, the metric is {document.estimate.assumption}."
        if document.performance is not None and document.performance.assumption:
            yield f"  With labels, {one_line(document.performance.assumption)}."
        for finding in document.findings[:_SHOWN]:
            yield f"  {finding.severity}: {one_line(finding.words)}"
        if len(document.findings) > _SHOWN:
            yield f"  and {len(document.findings) - _SHOWN} more"


def _headers(documents: Sequence[WindowDocument]) -> tuple[str, ...]:
    return tuple(_metric_name(documents) if name == "metric" else name for name in _HEADERS)


def _metric_name(documents: Sequence[WindowDocument]) -> str:
    return next((name for each in documents for name, _, _ in [_metric(each)] if name), "metric")


def _row(document: WindowDocument) -> tuple[str, ...]:
    traffic, labels = document.traffic, document.labels
    start = document.window.start
    when = f"{start:%Y-%m-%d}" if document.window.span.endswith(("d", "w")) else f"{start:%Y-%m-%d %H:%M}"
    _, measured, how = _metric(document)
    return (
        when,
        document.version,
        f"{traffic.requests:,}",
        f"{traffic.rows:,}",
        f"{traffic.failed:,}",
        EMPTY if traffic.latency is None else numbers.seconds(traffic.latency.p95),
        EMPTY if labels is None else f"{numbers.share(labels.coverage)}{'' if labels.matured else ' so far'}",
        EMPTY if measured is None else numbers.interval(measured.value, measured.low, measured.high),
        how,
        document.verdict,
    )


def _metric(document: WindowDocument) -> tuple[str, Measured | None, str]:
    """Return the primary metric of a window with its name, by labels or else as it is estimated."""
    for found, how in ((document.performance, "by labels"), (document.estimate, "estimated")):
        if found is None:
            continue
        name = document.metric
        measured = found.metrics.get(name)
        if measured is not None and measured.value is not None:
            return name, measured, how
    return "", None, ""


def _labels(model: str, tally: LabelTally) -> str:
    told = f"{model}: {numbers.count(tally.labels, 'row')} with a label"
    return (
        f"{told}; {tally.unmatched:,} of them name no prediction in these windows." if tally.unmatched else f"{told}."
    )


def _alarm(alarm: Alarm) -> str:
    windows = numbers.count(alarm.windows, "window")
    where = f"{alarm.model}@{alarm.version} in {alarm.channel}"
    return f"{where}, since {alarm.since:%Y-%m-%d %H:%M} ({windows}): {one_line(alarm.words)}"
