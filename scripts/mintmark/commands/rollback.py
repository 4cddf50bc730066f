"""`mintmark rollback MODEL [CHANNEL]`: point a channel to the version that held it before, in one commit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mintmark.changing.commits import require_clean, require_ready
from mintmark.changing.lock import one_at_a_time
from mintmark.changing.model_state import read_standing
from mintmark.commands.promote import move_channel, require_channel
from mintmark.commands.pull_request import conclude
from mintmark.core.channels import ChannelStack
from mintmark.core.version import is_version
from mintmark.core.words.numbers import seconds
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.core.judgement.rules import ModelState


def rollback(
    root: Path,
    model: str,
    channel: str | None = None,
    *,
    to: str | None = None,
    here: bool = False,
    open_pr: bool = False,
) -> int:
    """Point a channel (the last one by default) back: to `to`, else to the nearest earlier version that can be used.

    Who held the channel comes from Git's history. Yanked and withdrawn versions are skipped. Raises `MintmarkError`,
    with nothing written, when there is nothing to go back to or its bytes are not right.
    """
    started = time.perf_counter()
    registry = ClonedRegistry(root)
    with one_at_a_time(registry.root, "rollback"):
        require_ready(registry.root)
        require_clean(registry.root)
        channel = channel or registry.settings.last_channel
        require_channel(registry, model, channel)
        state = read_standing(registry, model)
        present = state.channels.get(channel)
        if present is None:
            raise MintmarkError(f"no version of {model} is in {channel}, so there is nothing to roll back")
        if to == present:
            print(f"{model} {to} is in {channel} already; nothing to do")
            return 0
        target = _chosen(state, channel, to) if to else _nearest(state, channel, present)
        note = _skipped(state, channel, target)
        made = move_channel(registry, state, channel, target, here=here, note=note)
        if note:
            print(note)
        took = seconds(round(time.perf_counter() - started, 1))
        print(f"{channel} of {model} goes back from {present} to {target} ({took})")
        conclude(registry, made, open_pr=open_pr)
    return 0


def _chosen(state: ModelState, channel: str, to: str) -> str:
    if not is_version(to):
        raise UsageError(f'--to "{to}" is not a version such as 1.4.2')
    is_yanked = to in state.yanked  # refused later, with its reason
    if not is_yanked and state.move_kind(channel, to) != "rollback":
        how = "was itself rolled back from" if state.has_held(channel, to) else "never held"
        raise MintmarkError(
            f"{state.model} {to} {how} {channel}, so this is no rollback; mintmark history {state.model} shows "
            f"who held it, and mintmark promote {state.model}@{to} {channel} moves the channel to this one"
        )
    return to


def _nearest(state: ModelState, channel: str, present: str) -> str:
    target = state.rollback_target(channel)
    if target is None:
        raise MintmarkError(
            f"no version before {present} held {channel} of {state.model} and can still be used; "
            f"choose one: mintmark promote {state.model}@VERSION {channel}"
        )
    return target


def _skipped(state: ModelState, channel: str, target: str) -> str:
    """Tell which versions lie between the present one and the target, and why they were not taken."""
    reasons = []
    for version in ChannelStack(state.held.get(channel, ())).earlier:
        if version == target:
            break
        reasons.append(f"{version} ({'yanked' if version in state.yanked else _absence(state, version)})")
    return f"Passed over: {', '.join(reasons)}." if reasons else ""


def _absence(state: ModelState, version: str) -> str:
    return "by choice" if version in state.versions else "withdrawn"
