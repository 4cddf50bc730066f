"""`mintmark history`: every move of a model's channels and of its anchor, newest first."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from mintmark.commands.text_columns import EMPTY, format_table
from mintmark.core.layout import MODELS
from mintmark.core.words.events import FIRST_CHAMPION, MOVED
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.repository.names import warn

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.core.channels import Move
    from mintmark.core.events import Event

_OF_AN_ANCHOR = ("before", "after", "commit", "author", "time", "subject")


def history(root: Path, model: str, *, channel: str | None, at: str | None, as_json: bool) -> int:
    """Print who moved which channel of a model, or its anchor, when, from what to what, and in which commit."""
    registry = ClonedRegistry(root, at=at)
    registry.model(model)
    known = [rule.name for rule in registry.settings.channels]
    if channel is not None and channel not in known:
        raise MintmarkError(f'this registry has no channel "{channel}"; its channels are {", ".join(known)}')
    if at is None:
        _warn_of_unmerged(registry, model)
    past = registry.history(model)
    moves = [move for move in reversed(past.moves) if channel in (None, move.channel)]
    anchors = list(reversed(past.anchors)) if channel is None else []
    if as_json:
        found = {"moves": [asdict(move) for move in moves], "anchors": [_told(anchor) for anchor in anchors]}
        print(json.dumps({"model": model, **found}, indent=2, ensure_ascii=False))
    else:
        print(_as_text(model, moves, anchors))
    return 0


def _warn_of_unmerged(registry: ClonedRegistry, model: str) -> None:
    """Say where this branch has moved channels, which has not happened before it is merged."""
    root, base, head = registry.root, registry.base, registry.head
    if base is None or head is None or base.told == head:
        return
    start = git.ask_git("merge-base", base.told, head, cwd=root)
    if start is not None and git.diff(root, start, head, [f"{MODELS}/{model}/channels"]):
        branch = git.current_branch(root) or "this commit"
        warn(f"{branch} moves channels of {model} that {base.name} does not yet; --at HEAD tells of them")


def _told(anchor: Event) -> dict[str, str | None]:
    return {key: value for key, value in asdict(anchor).items() if key in _OF_AN_ANCHOR}


def _as_text(model: str, moves: list[Move], anchors: list[Event]) -> str:
    if not moves and not anchors:
        return f"No channel of {model} was ever moved. mintmark promote {model}@VERSION CHANNEL moves one."
    rows = [_row(move, move.channel, MOVED[move.kind], EMPTY) for move in moves]
    for anchor in anchors:
        place = next((place for place, row in enumerate(rows) if row[0] <= anchor.time), len(rows))
        rows.insert(place, _row(anchor, "(anchor)", "moved", FIRST_CHAMPION))
    return format_table(("when", "channel", "what", "versions", "who", "commit", "subject"), rows)


def _row(step: Move | Event, channel: str, what: str, nothing: str) -> tuple[str, ...]:
    return (
        step.time,
        channel,
        what,
        f"{step.before or nothing} -> {step.after or nothing}",
        step.author.partition(" <")[0],
        step.commit[:10],
        step.subject,
    )
