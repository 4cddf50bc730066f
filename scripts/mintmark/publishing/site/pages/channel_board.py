"""The channels of a model for its page: who stands where since when, and every move. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.words.events import MOVED
from mintmark.publishing.site.api.broken import in_a_sentence, unreadable_versions
from mintmark.publishing.site.pages.lost.broken_page import BrokenFile, broken_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHOWN_MOVES: Final = 20  # of each channel; the audit page has them all
_SIGNS: Final = {"promote": "▲", "rollback": "↩", "close": "✕"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelCard:
    """One channel. `held` is its entry in the index, None when it points nowhere.

    `problem` says, after the name of the channel, what of it cannot be read; it is empty where all is well. `cause` is
    the first of those faults, which tells whose commit made it so. `before`
    are sentences about the version that was there before and the one that a rollback goes to. `closed` is the move that
    closed the channel, `yanked` whether it points to a yanked version.
    """

    name: str
    description: str
    after: str | None
    last: bool
    held: Mapping[str, Any] | None
    problem: str
    cause: BrokenFile | None
    before: list[str]
    closed: Mapping[str, Any] | None
    yanked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveLine:
    """One move in words: `▲ promoted to 1.1.0`."""

    sign: str
    kind: str
    words: str
    version: str
    exists: bool
    event: Mapping[str, Any]


def channel_cards(config: Mapping[str, Any], index: Mapping[str, Any]) -> list[ChannelCard]:
    """Return every channel of the settings, in their order, whether it points to a version or not."""
    return [_card(config, index, rule, last=rule is config["channels"][-1]) for rule in config["channels"]]


def _card(config: Mapping[str, Any], index: Mapping[str, Any], rule: Mapping[str, Any], *, last: bool) -> ChannelCard:
    name = rule["name"]
    held = index["channels"].get(name)
    faults = [entry for entry in index["broken"] if entry["channel"] == name]
    problem = "; ".join(in_a_sentence(entry) for entry in faults)
    return ChannelCard(
        name=name,
        description=rule.get("description") or "",
        after=rule.get("after"),
        last=last,
        held=held,
        problem=problem,
        cause=next(iter(broken_files(config, faults)), None),
        before=list(told_before(index, name, held)) if held else [],
        closed=closing(index, name) if held is None and not problem else None,
        yanked=held is not None and any(r["yanked"] for r in index["versions"] if r["version"] == held["version"]),
    )


def closing(index: Mapping[str, Any], channel: str) -> Mapping[str, Any] | None:
    """Return the move that closed a channel, None where its newest move did something else, or there was none."""
    newest = next((move for move in index["moves"] if move["channel"] == channel), None)
    return newest if newest is not None and newest["kind"] == "close" else None


def told_before(index: Mapping[str, Any], channel: str, held: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was in a channel before, and where a rollback goes: two versions after a rollback or a yank."""
    rows = {row["version"]: row for row in index["versions"]}
    move = next((move for move in index["moves"] if move["channel"] == channel), None)
    before, target = held["replaced"], held["rollback_to"]
    if before is None and target is None:
        return
    if before == target:
        yield f"Before it: {before}."
    elif before is not None and move is not None:
        why = "was rolled back from" if move["kind"] == "rollback" else "is not to go back to"
        why = "is yanked" if before in rows and rows[before]["yanked"] else why
        if before not in rows:
            why = "cannot be read" if before in unreadable_versions(index) else "was withdrawn"
        yield f"Before it: {before}, which {why}."
        yield f"A rollback goes to {target}." if target else "There is no version to roll back to."
    else:
        yield f"A rollback goes to {target}."
    missed = rows[target].get("missed") if target in rows else None
    if missed:
        yield f"{target} misses a gate of today: {'; '.join(missed)}."


def move_lines(index: Mapping[str, Any], channel: str) -> tuple[list[MoveLine], int]:
    """Return the newest moves of a channel in words, and how many older ones the index holds."""
    known = {row["version"] for row in (*index["versions"], *index["withdrawn"])} | unreadable_versions(index).keys()
    found = [move for move in index["moves"] if move["channel"] == channel]
    return [_line(move, known) for move in found[:SHOWN_MOVES]], max(0, len(found) - SHOWN_MOVES)


def _line(move: Mapping[str, Any], known: set[str]) -> MoveLine:
    version = move["to"] or move["from"] or ""
    return MoveLine(
        sign=_SIGNS[move["kind"]],
        kind=move["kind"],
        words=f"{MOVED[move['kind']]} to" if move["to"] else f"{MOVED[move['kind']]}; it pointed to",
        version=version,
        exists=version in known,
        event=move,
    )


def timelines(config: Mapping[str, Any], index: Mapping[str, Any]) -> Sequence[tuple[str, list[MoveLine], int]]:
    """Return `(channel, moves, how many more)` of each channel that ever moved, closed and renamed ones included."""
    declared = [rule["name"] for rule in config["channels"]]
    others = dict.fromkeys(move["channel"] for move in index["moves"] if move["channel"] not in declared)
    found = ((name, *move_lines(index, name)) for name in [*declared, *others])
    return [(name, lines, more) for name, lines, more in found if lines]
