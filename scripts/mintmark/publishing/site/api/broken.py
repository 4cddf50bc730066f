"""What cannot be read, as the documents tell it: which file and line, and what it belongs to (R10). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core.layout import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mintmark.core.finding import Finding
    from mintmark.core.layout import Place
    from mintmark.publishing.site.api.json_text import Document

_OF_VERSIONS = ("version", "metrics", "pointer", "status", "other")


def broken_entry(
    finding: Finding, held: Mapping[str, str | None], cause: Callable[[Place], Document | None]
) -> Document:
    """Return a fault with what its file belongs to: a model, and a version or a channel of it.

    `held` has the version that each broken channel of the model points to, `cause` tells what Git knows of who did it.
    """
    place = locate(finding.path)
    where = f"{finding.where}: " if finding.where else ""
    channel = place.name if place.kind == "channel" else None
    version = place.name if place.name and place.kind in _OF_VERSIONS else None
    return {
        "path": finding.path,
        "line": finding.line or 1,
        "message": f"{where}{finding.message}",
        "model": place.model or None,
        "version": held.get(channel) if channel else version,
        "channel": channel,
        "cause": cause(place),
    }


def broken_entries(
    findings: Iterable[Finding],
    held: Mapping[str, str | None],
    cause: Callable[[Place], Document | None] = lambda _: None,
) -> list[Document]:
    """Return faults in the order of their files and lines; see `broken_entry`."""
    return [broken_entry(finding, held, cause) for finding in sorted(findings, key=lambda finding: finding.sort_key)]


def unreadable_versions(index: Mapping[str, Any]) -> dict[str, Document]:
    """Return the versions of an index that are there and cannot be read, each with the first of its faults."""
    known = {row["version"] for row in index["versions"]}
    found: dict[str, Document] = {}
    for entry in index["broken"]:
        in_folder = locate(entry["path"]).kind in ("version", "metrics", "pointer")
        if in_folder and entry["version"] is not None and entry["version"] not in known:
            found.setdefault(entry["version"], entry)
    return found


def in_a_sentence(entry: Mapping[str, Any]) -> str:
    """Return what is wrong with a file, after the name of what it belongs to.

    `points to 1.0.0, whose record cannot be read (models/iris/versions/1.0.0/version.yaml, line 7)`, and of any other
    fault `cannot be read (models/iris/channels/production.yaml, line 1): version: is missing`.
    """
    message = str(entry["message"])
    if entry["channel"] and entry["version"]:
        return message
    return f"cannot be read ({entry['path']}, line {entry['line']}): {message}"
