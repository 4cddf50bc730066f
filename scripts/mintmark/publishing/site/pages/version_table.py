"""The versions of a model as rows for its page, yanked and withdrawn ones among them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.finding import shorten
from mintmark.core.version import is_version, parse_version
from mintmark.core.words.numbers import interval_of
from mintmark.publishing.site.api.broken import in_a_sentence, unreadable_versions
from mintmark.publishing.site.pages.texts import plain_text, render_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

SHOWN_ROWS: Final = 100  # in full; further versions are links
_SUMMARY: Final = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionLine:
    """One version; of a withdrawn one nothing is known but the event that took it away.

    `broken` says why one cannot be read.
    """

    version: str
    badges: list[tuple[str, str]]
    created: str | None = None
    author: str = ""
    measured: str = ""
    value: float | None = None
    size: int = 0
    summary: str = ""
    yanked: Mapping[str, Any] | None = None
    reason: Markup | str = ""
    withdrawn: Mapping[str, Any] | None = None
    broken: str = ""


def version_lines(index: Mapping[str, Any]) -> list[VersionLine]:
    """Return every version of the index, every one that cannot be read and every withdrawn one, the highest first."""
    primary = index["model"]["metric"]["name"]
    found = [_line(row, index, primary) for row in index["versions"]]
    found += [VersionLine(version=w["version"], badges=[("bad", "withdrawn")], withdrawn=w) for w in index["withdrawn"]]
    found += [_broken_line(version, entry, index) for version, entry in unreadable_versions(index).items()]
    return sorted(found, key=lambda line: _order(line.version), reverse=True)


def _broken_line(version: str, entry: Mapping[str, Any], index: Mapping[str, Any]) -> VersionLine:
    held = [("bad", name) for name, channel in index["channels"].items() if channel["version"] == version]
    return VersionLine(version=version, badges=[("bad", "cannot be read"), *held], broken=in_a_sentence(entry))


def _order(version: str) -> tuple[bool, tuple[object, ...]]:
    return (True, parse_version(version).order) if is_version(version) else (False, ())


def _line(row: Mapping[str, Any], index: Mapping[str, Any], primary: str) -> VersionLine:
    badges = [("bad" if row["yanked"] else "good", name) for name in row["channels"]]
    if row["yanked"]:
        badges.insert(0, ("bad", "yanked"))
    if row["version"] == index["latest"]:
        badges.append(("note", "latest"))
    if row["reproduced"] and row["reproduced"]["identical"]:
        badges.append(("good", "reproduced"))
    if row["registered"] is None:
        badges.append(("warn", "not committed"))
    return VersionLine(
        version=row["version"],
        badges=badges,
        created=row["created"],
        author=row["author"],
        measured=interval_of(row["metrics"].get(primary)),
        value=row["metrics"].get(primary, {}).get("value"),
        size=row["size"],
        summary=shorten(plain_text(row["summary"]), _SUMMARY),
        yanked=row["yanked"],
        reason=render_text(row["yanked"]["reason"]) if row["yanked"] else "",
    )
