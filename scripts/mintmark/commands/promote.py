"""`mintmark promote REF CHANNEL`: point a channel to a version, in one commit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mintmark.changing.channel_files import point_channel
from mintmark.changing.commits import NewCommit, commit_files, require_clean, require_ready
from mintmark.changing.lock import one_at_a_time
from mintmark.changing.model_state import read_standing, require_allowed
from mintmark.commands.pull_request import conclude
from mintmark.core import layout
from mintmark.core.announcement import Beside, message, metric_table
from mintmark.core.comparison import basis_of
from mintmark.core.judgement.rules import check_change
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.reading import as_reference
from mintmark.registry.stored.proof import prove_bytes
from mintmark.registry.stored.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.core.judgement.rules import ModelState
    from mintmark.core.records import VersionRecord


def promote(root: Path, reference: str, channel: str, *, here: bool = False, open_pr: bool = False) -> int:
    """Point `channel` to the version that `reference` means; 0 also when it is there already.

    Moving to a version that held the channel before is a rollback (R5) and is treated as one. Raises `MintmarkError`,
    with nothing written, when a rule forbids it.
    """
    registry = ClonedRegistry(root)
    wanted = as_reference(reference)
    with one_at_a_time(registry.root, "promote"):
        require_ready(registry.root)
        require_clean(registry.root)
        require_channel(registry, wanted.model, channel)
        version = str(registry.resolve_version(wanted))
        state = read_standing(registry, wanted.model)
        if state.channels.get(channel) == version:
            print(f"{wanted.model} {version} is in {channel} already; nothing to do")
            return 0
        made = move_channel(registry, state, channel, version, here=here)
        if state.move_kind(channel, version) == "rollback":
            print(f"{version} held {channel} before: this is a rollback, and only its bytes were checked")
        conclude(registry, made, open_pr=open_pr)
    return 0


def require_channel(registry: ClonedRegistry, model: str, channel: str) -> None:
    """Raise `UsageError` for a channel that the settings do not know, `InvalidRegistryError` for a broken file."""
    if registry.settings.channel(channel) is None:
        known = ", ".join(rule.name for rule in registry.settings.channels)
        raise UsageError(f'this registry has no channel "{channel}"; its channels are {known}')
    document = registry.read("channel", layout.channel_path(model, channel))
    require_allowed(document.findings if document else ())


def move_channel(
    registry: ClonedRegistry, state: ModelState, channel: str, version: str, *, here: bool, note: str = ""
) -> NewCommit:
    """Commit the move of a channel to a version, after the rules (R4, R5) and the bytes were checked."""
    model = state.model
    record = registry.record(model, version)
    _refuse_yanked(registry, state, version)
    _refuse_unmeasured(registry, record)
    require_allowed(check_change(state, state.moved(channel, version), registry.settings.channels))
    _require_bytes(registry, record)
    verb = state.move_kind(channel, version)
    path = layout.channel_path(model, channel)
    content = point_channel(registry.tree.read(path), version, path)
    return commit_files(
        registry.root,
        writes={path: content},
        message=_announce(registry, state, channel, record, verb, note),
        branch=None if here else f"{verb}/{model}-{version}-{channel}",
    )


def _refuse_unmeasured(registry: ClonedRegistry, record: VersionRecord) -> None:
    """Raise where nobody here measured a version: no gate can be held against what somebody said (R4)."""
    said_by = registry.metrics(record.model, record.version).get("said_by")
    if said_by:
        raise MintmarkError(
            f"{record.reference} enters no channel: its metrics are said by {said_by}, and nobody measured it here; "
            f"mintmark register {record.model} --artifact FILE --data EVALUATION makes a version that is measured"
        )


def _require_bytes(registry: ClonedRegistry, record: VersionRecord) -> None:
    """Raise `MintmarkError` where the artifact is not to be had; the other files serve judges, so they are warnings."""
    faults = prove_bytes(Store(registry.root), record)
    artifact = faults.pop(record.artifact.name, None)
    if artifact is not None:
        raise MintmarkError(f"{record.reference} cannot be used: {artifact}")
    for fault in faults.values():
        print(f"warning: {fault}", file=sys.stderr)


def _refuse_yanked(registry: ClonedRegistry, state: ModelState, version: str) -> None:
    if version in state.yanked:
        status = registry.status(state.model, version)
        reason = f": {status.reason.strip()}" if status else ""
        instead = f"; use {state.model}@{status.replacement}" if status and status.replacement else ""
        raise MintmarkError(f"{state.model} {version} is yanked{reason}{instead}")


def _announce(
    registry: ClonedRegistry, state: ModelState, channel: str, record: VersionRecord, verb: str, note: str
) -> str:
    model, version, present = state.model, str(record.version), state.channels.get(channel)
    step = f"from {present} to {version}" if present else f"to {version}, its first version"
    others = []
    if present in state.versions and present:
        held = registry.record(model, present)
        basis = basis_of(held.document, record.document)
        others.append(Beside(label=present, metrics=held.metrics, basis=basis))
    return message(
        f"{verb} {model} {version} {'to' if verb == 'promote' else 'in'} {channel}",
        f"{channel} of {model} goes {step}.",
        f"{version} held {channel} before, so nothing is evaluated again; its bytes are there and match their sha256."
        if verb == "rollback"
        else "",
        note,
        metric_table((version, record.metrics), others, registry.model(model).metric),
        f"To undo: git revert this commit, or mintmark rollback {model} {channel}." if present else "",
    )
