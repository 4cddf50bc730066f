"""What happened to a registry, as its Git history tells it: proposals, moves, yanks and the rest. Reads no Git."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from mintmark.core.version import is_version, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

EventKind = Literal[
    "create",
    "describe",
    "anchor",
    "remove",
    "propose",
    "withdraw",
    "promote",
    "rollback",
    "close",
    "yank",
    "unyank",
    "damage",
    "mend",
]
# The ways in which GitHub writes the number of a merged pull request into the first line of a commit.
_MERGED = re.compile(r"Merge pull request #([1-9][0-9]{0,8}) ")
_SQUASHED = re.compile(r".*\(#([1-9][0-9]{0,8})\)\s*\Z", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that one commit did: to a model, a version of it, a channel or the anchor (`before` to `after`).

    `author` is as Git has it (`Ada <ada@example.org>`), `time` UTC as `2026-06-01T09:30:00Z`; `reason` is that of a
    yank. A version is damaged by a change of its files after it was registered, a channel by a file that names no
    version.
    """

    kind: EventKind
    model: str
    version: str | None = None
    channel: str | None = None
    before: str | None = None
    after: str | None = None
    reason: str | None = None
    commit: str
    author: str
    time: str
    subject: str


def parse_pull_request(subject: str) -> int | None:
    """Return the number of the pull request that a commit merged, None when its first line names none."""
    match = _MERGED.match(subject) or _SQUASHED.match(subject)
    return int(match[1]) if match else None


def person_name(author: str) -> str:
    """`Ada` of `Ada <ada@example.org>`: what is published names people and does not spread their addresses."""
    name, _, address = author.partition(" <")
    return (name.strip() or address.strip("<>")).partition("@")[0].strip() or "unknown"


class Registration(NamedTuple):
    """When a version came to the base branch, UTC as `2026-06-01T09:30:00Z`, and as which of its model, from 1 on."""

    number: int
    time: str


def number_versions(first_seen: Mapping[str, str]) -> dict[str, int]:
    """Return the number of each version that ever was, from the commit that first had it, oldest commit first.

    Versions of one commit count in the order of Semantic Versioning. A version that was withdrawn keeps its number, and
    later commits change none, so no number ever means something else.
    """
    places = {commit: place for place, commit in enumerate(dict.fromkeys(first_seen.values()))}
    versions = [
        (places[commit], parse_version(name).order, name) for name, commit in first_seen.items() if is_version(name)
    ]
    return {name: number for number, (_, _, name) in enumerate(sorted(versions), start=1)}
