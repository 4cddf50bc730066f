"""What a proposal may carry besides its version: the pipeline and what it reads. Anything else is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.changing.commits import refuse_changed
from mintmark.core import layout
from mintmark.core.judgement.kinds import JUDGES
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.pipeline import LockedStage

_PIPELINE = frozenset({"dvc.yaml", "dvc.lock", "params.yaml"})
_NOT_OURS = ("models/", *JUDGES)


def files_to_include(registry: ClonedRegistry, model: str, stages: Mapping[str, LockedStage]) -> set[str]:
    """Return the changed and the new files that belong to a proposal: the pipeline, stage scripts, data and pointers.

    Raises `MintmarkError` for a change to the model's own identity (that would move the goalposts), for any other
    changed file, and for new data that is too large for Git.
    """
    root = registry.root
    sources = _sources(stages)
    changed = git.changed_paths(root, [], untracked=False)
    _require_identity(root, model, changed)
    allowed = {path for path in changed if _belongs(path, sources)}
    refuse_changed(changed - allowed)
    return allowed | _new_files(registry, sources)


def _require_identity(root: Path, model: str, changed: Collection[str]) -> None:
    path = layout.model_path(model)
    if not git.list_tree(root, "HEAD", path):
        raise MintmarkError(f"{path}: is not committed yet; a model is described before it is proposed: git commit it")
    if path in changed:
        raise MintmarkError(
            f"{path}: changed together with a proposal; moving the goalposts is a change of its own: "
            f"git commit it by itself, or git restore {path}"
        )


def _sources(stages: Mapping[str, LockedStage]) -> set[str]:
    """Return the paths in the repository that the stages read and no stage made."""
    made = {file.path for stage in stages.values() for file in stage.outs}
    read = {file.path for stage in stages.values() for file in stage.deps} - made
    return {path for path in read if "://" not in path and not path.startswith(("/", "../"))}


def _belongs(path: str, sources: Iterable[str]) -> bool:
    if path in _PIPELINE:
        return True
    if path.startswith(_NOT_OURS):
        return False
    return path.startswith("scripts/") or any(_serves(path, source) for source in sources)


def _serves(path: str, source: str) -> bool:
    """Whether a file is a source, lies in one, is its pointer, or is the .gitignore that `dvc add` wrote for it."""
    ignore = f"{source.rpartition('/')[0]}/.gitignore".lstrip("/")
    return path in (source, f"{source}.dvc", ignore) or path.startswith(f"{source}/")


def _new_files(registry: ClonedRegistry, sources: set[str]) -> set[str]:
    """Return the files that the stages read and that Git neither tracks nor ignores, and those of the pipeline."""
    wanted = sorted({*_PIPELINE, *sources, *(f"{source}.dvc" for source in sources), *_ignores(sources)})
    output = git.run_git("ls-files", "-z", "--others", "--exclude-standard", "--", *wanted, cwd=registry.root)
    found = set(output.decode("utf-8", "surrogateescape").split("\0")[:-1])
    for path in sorted(found):
        if not _belongs(path, sources):
            raise MintmarkError(f"{path}: the pipeline reads it and it is not committed; git commit it by itself first")
        size = (registry.root / path).stat().st_size
        if size > registry.settings.file_limit:
            raise MintmarkError(f"{path}: {numbers.size(size)} of data is too much for Git; dvc add {path}")
    return found


def _ignores(sources: set[str]) -> set[str]:
    return {f"{source.rpartition('/')[0]}/.gitignore".lstrip("/") for source in sources if "/" in source}
