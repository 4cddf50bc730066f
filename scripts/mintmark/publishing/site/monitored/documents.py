"""The documents of the static API that tell what was seen of a model in production. Pure."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

from mintmark.monitoring.documents import format_time
from mintmark.publishing.site.api.json_text import Document, format_document, split_rows
from mintmark.publishing.site.monitored.drift_over_time import drift_document
from mintmark.publishing.site.monitored.model_windows import known_metric

if TYPE_CHECKING:
    from mintmark.monitoring.documents import WindowDocument
    from mintmark.publishing.site.monitored.model_windows import ModelWindows

_BYTES: Final = 950_000  # of a page, as of an index
_LEAST: Final = 50_000
_MOST_CHANNELS: Final = 4  # of which the drift over time is told; the document of each window has it too
_MOST_DRIFTED: Final = 20  # names of a window


def monitoring_documents(model: str, seen: ModelWindows) -> list[Document]:
    """Return the windows of a model in pages, the newest first; the first page has the alarms and what is broken."""
    head: Document = {
        "$schema": "../../schemas/api-monitoring.schema.json",
        "name": model,
        "alarms": [each.to_dict() for each in reversed(seen.alarms)],
        "drift": [drift_document(seen, channel) for channel in seen.channels(())[:_MOST_CHANNELS]],
        "broken": [{"path": each.path, "line": each.line, "message": each.message} for each in seen.findings],
    }
    rows = [window_row(seen, each) for each in sorted(seen.windows, key=_newest_first)]
    first = max(_BYTES - len(format_document(head).encode()), _LEAST)
    parts = split_rows(rows, chain([first], repeat(_BYTES)))
    pages: list[Document] = [head, *({key: head[key] for key in ("$schema", "name")} for _ in parts[1:])]
    for number, (page, part) in enumerate(zip(pages, parts, strict=True), start=1):
        page["windows"] = part
        page["older"] = monitoring_name(number + 1) if number < len(parts) else None
    return pages


def monitoring_name(number: int) -> str:
    """Return the file of a page: `monitoring.json`, `monitoring-2.json`."""
    return f"monitoring{f'-{number}' if number > 1 else ''}.json"


def _newest_first(window: WindowDocument) -> tuple[Any, ...]:
    return (-window.window.start.timestamp(), window.channel, window.role, window.version)


def window_row(seen: ModelWindows, window: WindowDocument) -> Document:
    """Return what the list says of a window; its document says the rest."""
    traffic, labels, metric = window.traffic, window.labels, known_metric(window)
    return {
        "version": window.version,
        "channel": window.channel,
        "role": window.role,
        "start": format_time(window.window.start),
        "end": format_time(window.window.end),
        "span": window.window.span,
        "is_over": window.window.is_over,
        "revision": window.revision,
        "verdict": window.verdict,
        "requests": traffic.requests,
        "rows": traffic.rows,
        "failed": traffic.failed,
        "silent": traffic.silent,
        "latency_p95": None if traffic.latency is None else traffic.latency.p95,
        "coverage": None if labels is None else round(labels.coverage, 10),
        "matured": None if labels is None else labels.matured,
        "metric": None if metric is None else _metric(window, *metric),
        "drifted": [each.name for each in (*window.columns, *window.outputs) if each.drifted][:_MOST_DRIFTED],
        "findings": len(window.findings),
        "document": f"monitoring/{seen.places[window.path]}",
    }


def _metric(window: WindowDocument, how: str, measured: Any) -> Document:
    registered = measured.registered
    return {
        "name": window.metric,
        "known": how,
        "value": measured.value,
        "low": measured.low,
        "high": measured.high,
        "registered": None
        if registered is None
        else {"value": registered.value, "low": registered.low, "high": registered.high},
        "worse": measured.worse,
    }


def monitored(seen: ModelWindows, channel: str) -> Document | None:
    """Return how the last channel of a model stands in production, for models.json; None where nobody watched it."""
    windows = seen.served(channel)
    if not windows:
        return None
    judged = [each for each in windows if each.verdict not in ("not-enough-data", "not-over")]
    last = (judged or windows)[-1]
    return {
        "version": last.version,
        "start": format_time(last.window.start),
        "end": format_time(last.window.end),
        "verdict": last.verdict,
        "alarms": len(seen.open_alarms(channel)),
    }
