"""All that the documents of one model are made from, and how they tell who did something. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mintmark.core.events import Event, Registration, parse_pull_request, person_name
from mintmark.core.tags.grammar import VersionTag
from mintmark.publishing.site.api.broken import broken_entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.layout import Place
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.model_source import ModelSource
    from mintmark.publishing.site.stored.summaries import Summaries
    from mintmark.registry.past.approvals import ToldTag
    from mintmark.registry.past.chronicle import ModelChronicle
    from mintmark.registry.past.notes import Reproduced


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """All that the documents of one model are made from.

    `channels` are the names in the order of the settings, `published` the version and name of each stored file that the
    site carries, `reproduced` what notes say by version, `tags` the tags of this model,
    `summaries` what the stored files of its versions come to, `corners` their curves as JSON. `proved` tells by version
    whether all its stored files were there with the right bytes; one whose files nobody looked at is not in it.
    """

    source: ModelSource
    chronicle: ModelChronicle
    channels: tuple[str, ...]
    published: frozenset[tuple[str, str]] = frozenset()
    proved: Mapping[str, bool] = field(default_factory=dict)
    reproduced: Mapping[str, Reproduced] = field(default_factory=dict)
    tags: Sequence[ToldTag] = ()
    summaries: Mapping[str, Summaries] = field(default_factory=dict)
    corners: Mapping[str, str] = field(default_factory=dict)
    brought: Counter[str] = field(init=False, repr=False, default_factory=Counter)  # versions by the commit with them
    registrations: dict[str, Registration] = field(init=False, repr=False, default_factory=dict)
    _tags: dict[str, list[ToldTag]] = field(init=False, repr=False, default_factory=dict)
    _last: dict[tuple[str, str], Event] = field(init=False, repr=False, default_factory=dict)
    _broken: dict[tuple[bool, str], list[Document]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for event in self.chronicle.events:
            if event.kind in _GROUPS:
                self._last[_GROUPS[event.kind], event.channel or event.version or ""] = event
        self.brought.update(event.commit for event in self.chronicle.events if event.kind == "propose")
        self.registrations.update(self.chronicle.history.registrations)
        for tag in self.tags:
            if isinstance(tag.tag, VersionTag):
                self._tags.setdefault(tag.tag.version, []).append(tag)
        for entry in self.broken:
            self._broken.setdefault((bool(entry["channel"]), entry["channel"] or entry["version"] or ""), []).append(
                entry
            )

    @property
    def broken(self) -> list[Document]:
        """What of the model cannot be read."""
        return broken_entries(self.source.findings, self.source.broken_channels, self.cause)

    def cause(self, place: Place) -> Document | None:
        """Return the commit that damaged what a broken file belongs to, or last changed it; None where Git has none."""
        event: Event | None
        match place.kind:
            case "model":
                event = self.last_event("model")
            case "status":
                event = self.last_event("status", place.name)
            case "channel":
                held = self.source.broken_channels.get(place.name)
                name = held if held in self.source.unreadable else place.name
                event = self.last_event("damage", name) or self.last_event("channel", name)
            case _:
                event = self.last_event("damage", place.name)
        return {"kind": event.kind, **committed(event)} if event is not None and event.kind != "mend" else None

    def broken_in(self, *, version: str = "", channel: str = "") -> list[Document]:
        """Return what cannot be read of a version, or of a channel."""
        return self._broken.get((bool(channel), channel or version), [])

    @property
    def commit(self) -> str | None:
        """The last commit that changed anything of the model."""
        return self.chronicle.last.oid if self.chronicle.last else None

    def tags_of(self, version: str) -> Sequence[ToldTag]:
        """Return the tags that register a version, or take it out."""
        return self._tags.get(version, ())

    def last_event(self, group: _Group, name: str = "") -> Event | None:
        """Return the newest event of a version's record or status, of a channel or of model.yaml; None without any."""
        return self._last.get((group, name))


_Group = Literal["record", "status", "channel", "damage", "model"]
_GROUPS: Mapping[str, _Group] = {
    **dict.fromkeys(("propose", "withdraw"), "record"),
    **dict.fromkeys(("yank", "unyank"), "status"),
    **dict.fromkeys(("promote", "rollback", "close"), "channel"),
    **dict.fromkeys(("damage", "mend"), "damage"),
    **dict.fromkeys(("create", "describe", "remove"), "model"),
}


def committed(event: Event) -> Document:
    """Return who did something, when, in which commit and pull request; names only, no addresses."""
    return {
        "commit": event.commit,
        "by": written(person_name(event.author)),
        "time": event.time,
        "subject": written(event.subject),
        "pull_request": parse_pull_request(event.subject),
    }


def written(text: str) -> str:
    """Return text that can be written as UTF-8: Git keeps whatever bytes a name or a subject was typed with."""
    return text.encode("utf-8", "replace").decode()


def committed_or_not(event: Event | None) -> Document:
    """What no commit has yet was done by nobody, at no time."""
    if event is not None:
        return committed(event)
    return {"commit": None, "by": None, "time": None, "subject": None, "pull_request": None}
