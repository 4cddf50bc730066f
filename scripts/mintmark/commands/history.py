"""`mintmark history`: every move of a model's channels, newest first."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from mintmark.commands.text_columns import EMPTY, format_table
from mintmark.core.layout import MODELS
from mintmark.core.words.events import MOVED
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.repository.names import warn

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.core.channels import Move


def history(root: Path, model: str, *, channel: str | None, at: str | None, as_json: bool) -> int:
    """Print who moved which channel of a model, when, from what to what, and in which commit."""
    registry = ClonedRegistry(root, at=at)
    registry.model(model)
    known = [rule.name for rule in registry.settings.channels]
    if channel is not None and channel not in known:
        raise MintmarkError(f'this registry has no channel "{channel}"; its channels are {", ".join(known)}')
    if at is None:
        _warn_of_unmerged(registry, model)
    moves = [move for move in registry.history(model).moves if channel in (None, move.channel)]
    moves.reverse()
    if as_json:
        print(json.dumps({"model": model, "moves": [asdict(move) for move in moves]}, indent=2, ensure_ascii=False))
    else:
        print(_as_text(model, moves))
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


def _as_text(model: str, moves: list[Move]) -> str:
    if not moves:
        return f"No channel of {model} was ever moved. mintmark promote {model}@VERSION CHANNEL moves one."
    rows = [
        (
            move.time,
            move.channel,
            MOVED[move.kind],
            f"{move.before or EMPTY} -> {move.after or EMPTY}",
            move.author.partition(" <")[0],
            move.commit[:10],
            move.subject,
        )
        for move in moves
    ]
    return format_table(("when", "channel", "what", "versions", "who", "commit", "subject"), rows)
