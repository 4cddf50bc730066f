"""What this clone's tags tell of what was merged: who approved it, and its review. Asks neither a forge nor a remote.

Whoever may push tags may write such a message: it is shown as what a tag says, and nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.core.tags.grammar import VersionTag, parse_tag
from mintmark.core.tags.message import Approved, parse_message
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from mintmark.core.tags.grammar import Tag
    from mintmark.core.tags.message import TagMessage

_TAGS = "refs/tags/"
_LARGEST = 1_000_000
_NOTHING = Approved()
_FORMAT = "%(objecttype) %(objectname) %(*objecttype):%(*objectname) %(refname)"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldTag:
    """A tag in the grammar of releases: the commit that it is on, None for none, and what its message tells.

    A lightweight tag has no message.
    """

    name: str
    tag: Tag
    commit: str | None
    lightweight: bool = False
    told: TagMessage | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What the tag of a version tells of the change that registered it, or in `fault` why it is not believed."""

    tag: str
    approved: Approved = _NOTHING
    fault: str = ""


def read_told_tags(root: Path) -> list[ToldTag]:
    """Return the tags of this clone that have a name that `release` writes."""
    listed = git.git_text("for-each-ref", f"--format={_FORMAT}", _TAGS, cwd=root)
    found: dict[str, tuple[str, str, Tag]] = {}  # by reference: the object, the commit, what the name says
    for line in listed.splitlines():
        kind, oid, peeled, ref = line.split(" ", 3)
        tag = parse_tag(ref.removeprefix(_TAGS))
        if tag is not None:
            found[ref] = (oid if kind == "tag" else "", _commit(kind, oid, peeled), tag)
    oids = sorted({oid for oid, _, _ in found.values() if oid})
    messages = {oid: _told(content) for oid, content in git.read_blobs(root, oids, limit=_LARGEST)}
    return [
        ToldTag(
            name=ref.removeprefix(_TAGS), tag=tag, commit=commit or None, lightweight=not oid, told=messages.get(oid)
        )
        for ref, (oid, commit, tag) in found.items()
    ]


def _commit(kind: str, oid: str, peeled: str) -> str:
    if kind == "commit":
        return oid
    peeled_kind, _, commit = peeled.partition(":")
    return commit if peeled_kind == "commit" else ""


def _told(content: bytes) -> TagMessage | None:
    return parse_message(content.decode("utf-8", "replace").partition("\n\n")[2])


def approvals_of(tags: Iterable[ToldTag]) -> Mapping[tuple[str, str], Approved]:
    """Return what tags tell of the change that a commit merged, by model and commit."""
    return {
        (tag.told.model, tag.told.commit): tag.told.approved
        for tag in tags
        if tag.told is not None and tag.told.model == tag.tag.model and tag.told.approved != _NOTHING
    }


def registration_of(tags: Sequence[ToldTag], version: str, commit: str, *, alone: bool) -> Registration | None:
    """Return what the tag of a version of one model tells, None where it has no tag.

    `commit` registered the version. A tag is on that commit, or on a later one where the commit brought several
    versions of the model (not `alone`). A tag that fits goes before one that does not.
    """
    own = [tag for tag in tags if isinstance(tag.tag, VersionTag) and not tag.tag.ends and tag.tag.version == version]
    found = [(_fault(tag, version, commit, alone=alone), tag) for tag in own]
    found.sort(key=lambda each: (bool(each[0]), -(each[1].tag.number or 0)))
    if not found:
        return None
    fault, tag = found[0]
    approved = tag.told.approved if tag.told is not None and not fault else _NOTHING
    return Registration(tag=tag.name, approved=approved, fault=fault)


def _fault(tag: ToldTag, version: str, commit: str, *, alone: bool) -> str:
    told = tag.told
    if tag.lightweight:
        return "it is a lightweight tag, which has no message"
    if told is None:
        return "its message is not one that mintmark release writes"
    if (told.model, told.version, told.kind) != (tag.tag.model, version, "register"):
        return "its message tells of something else"
    if told.commit != commit or tag.commit is None or (alone and tag.commit != commit):
        return "it is on another commit than the one that registered this version, or tells of another"
    return ""
