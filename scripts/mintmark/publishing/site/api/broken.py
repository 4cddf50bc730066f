"""What cannot be read, as the documents tell it: which file and line, and what it belongs to (R10). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core.layout import locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.core.finding import Finding
    from mintmark.publishing.site.api.json_text import Document

_OF_VERSIONS = ("version", "metrics", "pointer", "status", "other")


def broken_entry(finding: Finding) -> Document:
    """Return a fault with what its file belongs to: a model, and a version or a channel of it."""
    place = locate(finding.path)
    where = f"{finding.where}: " if finding.where else ""
    return {
        "path": finding.path,
        "line": finding.line or 1,
        "message": f"{where}{finding.message}",
        "model": place.model or None,
        "version": place.name if place.name and place.kind in _OF_VERSIONS else None,
        "channel": place.name if place.kind == "channel" else None,
    }


def broken_entries(findings: Iterable[Finding]) -> list[Document]:
    """Return faults in the order of their files and lines."""
    return [broken_entry(finding) for finding in sorted(findings, key=lambda finding: finding.sort_key)]


def in_a_sentence(entry: Mapping[str, Any]) -> str:
    """Return what is wrong with a file, after the name of what it belongs to.

    `points to 1.0.0, whose record cannot be read (models/iris/versions/1.0.0/version.yaml, line 7)`, and of any other
    fault `cannot be read (models/iris/channels/production.yaml, line 1): version: is missing`.
    """
    message = str(entry["message"])
    if message.startswith("points to "):
        return message
    return f"cannot be read ({entry['path']}, line {entry['line']}): {message}"
