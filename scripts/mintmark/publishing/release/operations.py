"""Which tags history asks for, in order, and which of them are still to be made. Asks neither Git nor a remote."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mintmark.core.tags.grammar import ChannelTag, Tag, VersionTag, format_tag, next_number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from mintmark.core.events import Event
    from mintmark.core.tags.message import TagKind
    from mintmark.publishing.release.remote_tags import KnownTag


class Key(NamedTuple):
    """What tells one operation of a model from every other."""

    channel: str | None
    version: str
    ends: bool
    commit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One tag that an event of history asks for: on which version, in which channel (None: the version itself)."""

    kind: TagKind
    event: Event
    version: str
    channel: str | None = None
    ends: bool = False

    @property
    def key(self) -> Key:
        """What tells it from every other operation of its model."""
        return Key(self.channel, self.version, self.ends, self.event.commit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A tag that is to be made: its name, the commit that it sits on, and the tagger's time in seconds since 1970."""

    operation: Operation
    tag: Tag
    commit: str
    time: int

    @property
    def name(self) -> str:
        """The name of the tag."""
        return format_tag(self.tag)


def operations_of(events: Iterable[Event]) -> Iterator[Operation]:
    """Yield the tags that the events of one model ask for, oldest first.

    Where a version is taken out of a channel, GTO falls back to the one that was assigned before it. A channel that
    was closed is empty, so every version in it is taken out: the oldest first, so that no other ever seems to hold it.
    """
    standing: dict[str, dict[str, None]] = defaultdict(dict)
    for event in events:
        if event.kind == "propose" and event.version:
            yield Operation(kind="register", event=event, version=event.version)
        elif event.kind == "withdraw" and event.version:
            yield Operation(kind="withdraw", event=event, version=event.version, ends=True)
        elif event.channel and event.kind in ("promote", "rollback") and event.after:
            held = standing[event.channel]
            held.pop(event.after, None)
            held[event.after] = None
            kind: TagKind = "promote" if event.kind == "promote" else "rollback"
            yield Operation(kind=kind, event=event, version=event.after, channel=event.channel)
        elif event.channel and event.kind == "close":
            for version in standing.pop(event.channel, {}):
                yield Operation(kind="close", event=event, version=version, channel=event.channel, ends=True)


def pending(operations: Sequence[Operation], known: Iterable[KnownTag]) -> list[Operation]:
    """Return the operations of a model that no tag stands for, in order.

    A version that has its tag is registered, whoever made the tag. Of the moves, those after the last one that a tag
    tells of are pending. Where there are tags of channels and none tells of a move of this history, it was rewritten,
    or somebody used GTO by hand: then only the last move of each channel counts.
    """
    tags = list(known)
    done = {Key(k.told.channel, k.told.version, k.tag.ends, k.told.commit) for k in tags if k.told}
    plain = {(k.tag.version, k.tag.ends) for k in tags if isinstance(k.tag, VersionTag) and k.tag.number is None}
    moves = [operation for operation in operations if operation.channel]
    left = {operation.key for operation in moves_left(moves, done, tagged=any(_of_channel(k) for k in tags))}
    seen: set[tuple[str, bool]] = set()
    found = []
    for operation in operations:
        if operation.channel:
            wanted = operation.key in left
        else:
            first = (operation.version, operation.ends) not in seen
            seen.add((operation.version, operation.ends))
            wanted = operation.key not in done and not (first and (operation.version, operation.ends) in plain)
        if wanted:
            found.append(operation)
    return found


def moves_left(moves: Sequence[Operation], done: Iterable[Key], *, tagged: bool) -> Sequence[Operation]:
    """Return the moves after the last one that is done; where none is and others are, the last one of each channel."""
    known = set(done)
    last = max((place for place, move in enumerate(moves) if move.key in known), default=None)
    if last is not None:
        return moves[last + 1 :]
    if not tagged:
        return moves
    newest = {move.channel: move.event.commit for move in moves}
    return [move for move in moves if newest[move.channel] == move.event.commit]


def _of_channel(known: KnownTag) -> bool:
    return isinstance(known.tag, ChannelTag)


def place_versions(
    operations: Iterable[Operation], known: Iterable[KnownTag], after: Callable[[str], Iterable[str]]
) -> dict[str, str]:
    """Return the commit that the tags of each version sit on: where its tag is, else the commit that registered it.

    GTO cannot tell two versions of a model on one commit apart. Where one commit brought several, as a copied
    repository begins, the others take the next commits of the branch (`after`); one that finds none is left out.
    """
    places = {k.tag.version: k.commit for k in known if isinstance(k.tag, VersionTag) and not k.tag.ends and k.commit}
    taken = set(places.values())
    for operation in operations:
        if operation.kind != "register" or operation.version in places:
            continue
        cause = operation.event.commit
        free = cause if cause not in taken else next((commit for commit in after(cause) if commit not in taken), None)
        if free is not None:
            places[operation.version] = free
            taken.add(free)
    return places


def number_steps(
    operations: Iterable[Operation], known: Sequence[KnownTag], places: dict[str, str], times: Callable[[Event], int]
) -> Iterator[Step]:
    """Yield a step for each operation until one has no commit yet: what comes after it has to wait, in order.

    Times grow from tag to tag, by a second at least: GTO orders by them.
    """
    time = max((k.time for k in known), default=0)
    tags = {k.tag for k in known}
    number = 0
    for operation in operations:
        commit = places.get(operation.version)
        if commit is None:
            return
        number = number or next_number(tags, operation.event.model)
        tag = _tag(operation, number, tags)
        number += tag.number is not None
        time = max(times(operation.event), time + 1)
        tags.add(tag)
        yield Step(operation=operation, tag=tag, commit=commit, time=time)


def _tag(operation: Operation, number: int, tags: Collection[Tag]) -> Tag:
    model = operation.event.model
    if operation.channel:
        return ChannelTag(model=model, channel=operation.channel, number=number, ends=operation.ends)
    plain = VersionTag(model=model, version=operation.version, ends=operation.ends)
    again = plain in tags
    return VersionTag(model=model, version=operation.version, ends=operation.ends, number=number if again else None)
