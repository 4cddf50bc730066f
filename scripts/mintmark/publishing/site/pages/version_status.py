"""Where a version stands, in notes for the top of its page: yanked, newer ones, channels, reproduced. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.version import parse_version
from mintmark.publishing.site.pages.texts import render_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from markupsafe import Markup

NoteKind = Literal["good", "bad", "warn", "note"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One thing to know: a sentence, the version it leads to, and the event that made it so.

    `did` is what the event was, and `quoted` somebody's own text, rendered.
    """

    kind: NoteKind
    title: str
    text: str = ""
    version: str | None = None
    event: Mapping[str, Any] | None = None
    did: str = "Done"
    quoted: Markup | str = ""


def status_notes(index: Mapping[str, Any], version: Mapping[str, Any]) -> list[Note]:
    """Return what to know before using a version, the gravest first."""
    found = [*_yanked(version), *_committed(version), *_reproduced(version), *_age(index, version)]
    return sorted([*found, *_channels(index, version)], key=lambda note: note.kind not in ("bad", "warn"))


def badges(index: Mapping[str, Any], version: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the same in single words, as kind and word."""
    look = "bad" if version["status"] else "good"
    found = [(look, name) for name, at in index["channels"].items() if at["version"] == version["version"]]
    if version["status"]:
        found.insert(0, ("bad", "yanked"))
    if version["version"] == index["latest"]:
        found.append(("note", "latest"))
    if parse_version(version["version"]).is_prerelease:
        found.append(("warn", "pre-release"))
    if version["reproduced"] and version["reproduced"]["identical"]:
        found.append(("good", "reproduced"))
    return found


def _yanked(version: Mapping[str, Any]) -> Iterator[Note]:
    status = version["status"]
    if status is None:
        return
    instead = status["replacement"]
    text = "Use this one instead:" if instead else "Nobody has named a version to use instead."
    yield Note(
        kind="bad", title="Yanked", text=text, version=instead, event=status, quoted=render_text(status["reason"])
    )


def _committed(version: Mapping[str, Any]) -> Iterator[Note]:
    if version["registered"] is None:
        yield Note(
            kind="warn",
            title="Not committed",
            text="It is in the tree that this site was built from, and in no commit.",
        )


def _reproduced(version: Mapping[str, Any]) -> Iterator[Note]:
    found = version["reproduced"]
    if found is None:
        return
    when = f"by {found['by']} on {found['time'][:10]}"
    if found["identical"]:
        yield Note(kind="good", title="Reproduced", text=f"Made again from its sources, byte for byte, {when}.")
    else:
        text = f"Made again from its sources {when}, and the bytes were not the same."
        yield Note(kind="warn", title="Not reproduced", text=text)


def _age(index: Mapping[str, Any], version: Mapping[str, Any]) -> Iterator[Note]:
    own, latest = parse_version(version["version"]), index["latest"]
    if own.is_prerelease:
        yield Note(kind="warn", title="Pre-release", text="It is tried out, and no release.")
    if latest is None:
        return
    if own < parse_version(latest):
        yield Note(kind="note", title="Not the latest", text="There is a newer version:", version=latest)


def _channels(index: Mapping[str, Any], version: Mapping[str, Any]) -> Iterator[Note]:
    for name, at in index["channels"].items():
        if at["version"] == version["version"]:
            yield Note(kind="bad" if version["status"] else "good", title=f"In {name}", event=at, did="Moved there")
