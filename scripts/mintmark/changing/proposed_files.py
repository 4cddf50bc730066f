"""What a proposal carries besides its version: of what lies in the work tree, what the review lets it carry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mintmark.changing.commits import refuse_changed
from mintmark.changing.undeclared import left_out, locked_and_undeclared, uncommitted, undeclared_files
from mintmark.core import layout
from mintmark.core.judgement.carried import PIPELINE, belongs
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.pipeline import LOCK, model_stages, parse_lock, stage_sources
from mintmark.registry.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from mintmark.core.judgement.carried import Sources
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.pipeline import LockedStage

_MOST_NAMED = 5


def files_to_include(registry: ClonedRegistry, model: str, stages: Mapping[str, LockedStage]) -> set[str]:
    """Return the changed and the new files that belong to a proposal: the pipeline, and what its stages read.

    Raises `MintmarkError` for a change to the model's own identity (that would move the goalposts), for a file that a
    stage uses without declaring it, for any other changed file, and for new data that is too large for Git.
    """
    root = registry.root
    sources = stage_sources(stages)
    changed = git.changed_paths(root, [], untracked=False)
    _require_identity(root, model, changed)
    _require_declared(root, model, stages, sources)
    allowed = {path for path in changed if belongs(path, sources)}
    allowed |= _gone_files(root, model, changed - allowed)
    refuse_changed(changed - allowed)
    return allowed | _new_files(registry, sources)


def files_left_out(registry: ClonedRegistry, taken: set[str]) -> list[str]:
    """Return a sentence about the new scripts that a proposal goes without."""
    names = left_out(registry.root, taken)
    if not names:
        return []
    shown = ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED:,} more" if names[_MOST_NAMED:] else "")
    return [f"not in the proposal: {shown}. If a stage needs it, name it under deps in dvc.yaml and propose again."]


def _gone_files(root: Path, model: str, changed: Collection[str]) -> set[str]:
    """Return what is deleted and the stages read before, such as the pointer to a model of another format."""
    gone = {path for path in changed if not os.path.lexists(root / path)}
    content = GitTree(root, "HEAD").read(LOCK) if gone else None
    if content is None:
        return set()
    before = stage_sources(model_stages(parse_lock(content), model))
    return {path for path in gone if belongs(path, before)}


def _require_identity(root: Path, model: str, changed: Collection[str]) -> None:
    path = layout.model_path(model)
    if not git.list_tree(root, "HEAD", path):
        raise MintmarkError(f"{path}: is not committed yet; a model is described before it is proposed: git commit it")
    if path in changed:
        raise MintmarkError(
            f"{path}: changed together with a proposal; moving the goalposts is a change of its own: "
            f"git commit it by itself, or git restore {path}"
        )


def _require_declared(root: Path, model: str, stages: Mapping[str, LockedStage], sources: Sources) -> None:
    used = undeclared_files(root, stages, sources)
    for path in uncommitted(root, used):
        raise MintmarkError(
            f"{path}: {used[path]}, and no stage of {model} declares it, so the proposal would go without it; "
            "name it under deps in dvc.yaml, then dvc repro, and propose again"
        )
    for stage, left in locked_and_undeclared(root, stages):
        raise MintmarkError(
            f"dvc.lock: stages.{stage}: {left}; declare it, or dvc commit --force {stage} leaves it out"
        )


def _new_files(registry: ClonedRegistry, sources: Sources) -> set[str]:
    """Return the files that the stages read and that Git neither tracks nor ignores, and those of the pipeline."""
    wanted = sorted({*PIPELINE, *sources.paths, *(f"{path}.dvc" for path in sources.paths), *sources.beside})
    output = git.run_git("ls-files", "-z", "--others", "--exclude-standard", "--", *wanted, cwd=registry.root)
    found = set(output.decode("utf-8", "surrogateescape").split("\0")[:-1])
    for path in sorted(found):
        if not belongs(path, sources):
            raise MintmarkError(f"{path}: the pipeline reads it and it is not committed; git commit it by itself first")
        size = (registry.root / path).stat().st_size
        if size > registry.settings.file_limit:
            raise MintmarkError(f"{path}: {numbers.size(size)} of data is too much for Git; dvc add {path}")
    return found
