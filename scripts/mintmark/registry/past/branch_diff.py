"""What a tree changes since it left a base, asked of Git early: Git needs longer than all the rest. Judges nothing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.registry import git
from mintmark.registry.past.model_log import start_model_log
from mintmark.registry.tree import WATCHED, WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.past.history import ModelHistory


class BranchDiff:
    """The paths below `models/` and in the embedded store that differ from where a tree left `base`.

    Making one starts Git on what it takes longest for, the history of the models and the state of the work tree, and
    does not wait for it. Raises `MintmarkError` in a shallow clone and for a base that names no commit.
    """

    def __init__(self, registry: ClonedRegistry, base: str) -> None:
        git.require_history(registry.root)
        self._registry = registry
        self._base = git.resolve_commit(registry.root, base)
        self.start = git.git_text("merge-base", self._base, registry.revision, cwd=registry.root)
        committed = git.diff(registry.root, self.start, registry.revision, WATCHED)
        self._committed = {change.path for change in committed}
        self._logged = _models(self._committed)
        self._log = start_model_log(registry.root, self._base, self._logged)
        if isinstance(registry.tree, WorkTree):
            registry.tree.watch()

    @cached_property
    def paths(self) -> set[str]:
        """The changed paths, uncommitted ones included."""
        tree = self._registry.tree
        pending = [tree.changes(folder) for folder in WATCHED] if isinstance(tree, WorkTree) else []
        return self._committed.union(*pending)

    @property
    def folders(self) -> list[str]:
        """The folder of each model that changed paths lie in."""
        return [f"{layout.MODELS}/{model}" for model in _models(self.paths)]

    def histories(self) -> dict[str, ModelHistory]:
        """Return the history of these models on the base's side."""
        from mintmark.registry.past.history import read_history

        models = _models(self.paths)
        if models != self._logged:  # uncommitted files brought further ones
            self._log, self._logged = start_model_log(self._registry.root, self._base, models), models
        return read_history(self._registry.root, self._log())


def _models(paths: Iterable[str]) -> list[str]:
    inside = (path.split("/", 2) for path in paths)
    return sorted({parts[1] for parts in inside if len(parts) > 2 and parts[0] == layout.MODELS})
