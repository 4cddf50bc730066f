"""`mintmark yank REF --reason TEXT`: say that a version must not be used any more, in one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.changing.channel_files import yanked_status
from mintmark.changing.commits import commit_files, require_clean, require_ready
from mintmark.changing.lock import one_at_a_time
from mintmark.changing.model_state import read_standing, require_allowed
from mintmark.commands.pull_request import conclude
from mintmark.core import layout
from mintmark.core.announcement import message
from mintmark.core.judgement.rules import check_change
from mintmark.core.version import is_version
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.core.judgement.rules import ModelState


def yank(
    root: Path,
    reference: str,
    *,
    reason: str,
    replacement: str | None = None,
    here: bool = False,
    open_pr: bool = False,
) -> int:
    """Write the status file of the version that `reference` means: its files stay, and no channel may point to it.

    Raises `MintmarkError`, with nothing written, when a channel points to it, when it is yanked already, or when the
    replacement cannot be used.
    """
    registry = ClonedRegistry(root)
    wanted = as_reference(reference)
    if not reason.strip():
        raise UsageError("--reason is empty; say what is wrong with the version")
    with one_at_a_time(registry.root, "yank"):
        require_ready(registry.root)
        require_clean(registry.root)
        version = str(registry.resolve_version(wanted))
        state = read_standing(registry, wanted.model)
        registry.record(wanted.model, version)
        _refuse(registry, state, version, replacement)
        require_allowed(check_change(state, state.yanked_too(version), registry.settings.channels))
        made = commit_files(
            registry.root,
            writes={layout.status_path(wanted.model, version): yanked_status(reason.strip(), replacement)},
            message=_announce(wanted.model, version, reason, replacement),
            branch=None if here else f"yank/{wanted.model}-{version}",
        )
        conclude(registry, made, open_pr=open_pr)
    return 0


def _refuse(registry: ClonedRegistry, state: ModelState, version: str, replacement: str | None) -> None:
    model = state.model
    if version in state.yanked:
        status = registry.status(model, version)
        raise MintmarkError(f"{model} {version} is yanked already{f': {status.reason.strip()}' if status else ''}")
    holding = [rule.name for rule in registry.settings.channels if state.channels.get(rule.name) == version]
    if holding:
        commands = ", ".join(f"mintmark rollback {model} {channel}" for channel in holding)
        points = f"{' and '.join(holding)} point{'s' if len(holding) == 1 else ''}"
        raise MintmarkError(f"{points} to {model} {version}; roll back first: {commands}")
    if replacement is None:
        return
    if not is_version(replacement):
        raise UsageError(f'--replacement "{replacement}" is not a version such as 1.4.2')
    if replacement == version or replacement not in state.usable():
        why = "the version itself" if replacement == version else "not there, or yanked"
        raise MintmarkError(f"--replacement {replacement} is {why}; mintmark list {model} shows what can be used")


def _announce(model: str, version: str, reason: str, replacement: str | None) -> str:
    return message(
        f"yank {model} {version}",
        reason,
        f"Use {model} {replacement} instead." if replacement else "",
        "Its files stay as they are; no channel may point to it any more. To undo: git revert this commit.",
    )
