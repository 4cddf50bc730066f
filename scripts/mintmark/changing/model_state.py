"""One model as a writing command finds it: its state at HEAD and what the base branch remembers. Writes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mintmark.errors import InvalidRegistryError
from mintmark.registry import git
from mintmark.registry.past.history import model_history
from mintmark.registry.snapshot import read_snapshot
from mintmark.registry.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.finding import Finding
    from mintmark.core.judgement.rules import ModelState
    from mintmark.registry.clone import ClonedRegistry


def read_standing(registry: ClonedRegistry, model: str) -> ModelState:
    """Return the state of a model at HEAD; numbers used on the base branch, here or at a remote, count as released.

    Raises `MintmarkError` in a shallow clone, for a model that is not there and where the base branch is nowhere.
    """
    registry.model(model)
    if registry.base is not None:
        registry.base.require()
    git.require_history(registry.root)
    head = git.resolve_commit(registry.root, "HEAD")
    snapshot = read_snapshot(GitTree(registry.root, head), registry.documents, [f"models/{model}"], records=())
    state = snapshot.state(model, model_history(registry.root, head, model))
    released = dict(state.released)
    for commit in _base_commits(registry) - {head}:
        released |= model_history(registry.root, commit, model).released
    return replace(state, released=released)


def _base_commits(registry: ClonedRegistry) -> set[str]:
    """Return the commits that the base branch is at, in this clone and at each remote as last fetched."""
    base = registry.settings.base_branch
    refs = (f"refs/heads/{base}", f"refs/remotes/*/{base}")
    return set(git.git_text("for-each-ref", "--format=%(objectname)", *refs, cwd=registry.root).split())


def require_allowed(findings: Iterable[Finding]) -> None:
    """Raise `InvalidRegistryError` with the findings, if there are any."""
    found = tuple(findings)
    if found:
        raise InvalidRegistryError(found)
