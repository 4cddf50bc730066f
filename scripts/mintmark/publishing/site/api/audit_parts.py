"""The audit in documents that do not grow without end: one for a year, and several for a busy one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.publishing.site.api.json_text import Document

MOST: Final = 2_000  # events in a document, about a megabyte


def audit_parts(audit: Mapping[str, Any]) -> dict[str, Document]:
    """Return `audit.json`, which has the newest events, and the older documents that it names, by path.

    They are cut counting from the first event, so one that is full never gets another. A commit whose clock was slow
    stays among its neighbours: the year of an event is that of the latest before it.
    """
    parts: list[tuple[str, list[Document]]] = []
    for event in reversed(audit["events"]):
        year = max(parts[-1][0], event["time"][:4]) if parts else event["time"][:4]
        if not parts or parts[-1][0] != year or len(parts[-1][1]) == MOST:
            parts.append((year, []))
        parts[-1][1].append(event)
    newest = parts.pop()[1] if parts else []
    years = [year for year, _ in parts]
    older = {
        f"audit/{year}{f'-{nth}' if (nth := years[: place + 1].count(year)) > 1 else ''}.json": events[::-1]
        for place, (year, events) in enumerate(parts)
    }
    first = {**audit, "events": newest[::-1], "parts": [_named(*part) for part in reversed(older.items())]}
    return {"audit.json": first, **{path: _part(events) for path, events in older.items()}}


def _named(path: str, events: list[Document]) -> Document:
    times = [event["time"] for event in events]
    return {"path": path, "events": len(events), "from": min(times), "to": max(times)}


def _part(events: list[Document]) -> Document:
    return {
        "$schema": "../schemas/api-audit.schema.json",
        "commit": events[0]["commit"],
        "events": events,
        "parts": [],
    }
