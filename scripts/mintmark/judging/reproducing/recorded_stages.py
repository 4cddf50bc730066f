"""The stages that a version was made by, in the order in which they run, and what they read. Runs none of them."""

from __future__ import annotations

import graphlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from mintmark.core.layout import candidate_path
from mintmark.core.records import StageRecord
from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.path_set import PathMap
from mintmark.registry.pipeline import LOCK, parse_lock
from mintmark.registry.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from mintmark.core.records import VersionRecord
    from mintmark.registry.pipeline import LockedStage


def recorded_stages(root: Path, record: VersionRecord, commit: str) -> tuple[LockedStage, ...]:
    """Return the stages of a record as dvc.lock has them at a commit, each after those that it depends on.

    Raises `MintmarkError` where dvc.lock says something else than the record, and where no stage made a stored file.
    """
    content = GitTree(root, commit).read(LOCK)
    if content is None:
        raise MintmarkError(f"there is no {LOCK} in {commit[:10]}, so nothing tells what made {record.reference}")
    locked = parse_lock(content)
    for name, recorded in record.stages.items():
        if name not in locked or StageRecord.from_dict(locked[name].to_dict()) != recorded:
            says = "says something else of" if name in locked else "knows no"
            made = f"so the pipeline of that commit did not make {record.reference}"
            raise MintmarkError(f"{LOCK} {says} {name} in {commit[:10]}, {made}")
    stages = {name: locked[name] for name in record.stages}
    outputs = {out.path for stage in stages.values() for out in stage.outs}
    for file in record.stored_files:
        if candidate_path(record.model, file.name) not in outputs:
            raise MintmarkError(f"no recorded stage of {record.reference} writes {file.name}")
    return tuple(stages[name] for name in _in_order(stages))


def _in_order(stages: Mapping[str, LockedStage]) -> Iterable[str]:
    """Return the names of stages, each after those whose outputs it reads; as they come where they go in a circle."""
    makers = PathMap((out.path, name) for name, stage in stages.items() for out in stage.outs)
    graph = {
        name: dict.fromkeys(maker for dep in stage.deps for maker in makers.touching(dep.path) if maker != name)
        for name, stage in stages.items()
    }
    try:
        return tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError:  # DVC refuses it with better words
        return tuple(stages)


def stages_behind(stages: Sequence[LockedStage], path: str) -> tuple[LockedStage, ...]:
    """Return the stage that writes a path and those that it depends on, in their order; none where no stage does."""
    wanted = {path}
    found: list[LockedStage] = []
    for stage in reversed(stages):
        outs = PathMap((out.path, out.path) for out in stage.outs)
        if any(outs.touching(each) for each in wanted):
            found.append(stage)
            wanted |= {dep.path for dep in stage.deps}
    return tuple(reversed(found))


class Source(NamedTuple):
    """A file or folder that a stage reads and none makes as a whole; of a folder, stages may make a part."""

    path: str
    stage: str
    partly_made: bool = False


def sources(stages: Sequence[LockedStage]) -> list[Source]:
    """Return what stages read and do not make, each with the first stage that reads it; addresses are left out.

    Raises `MintmarkError` for data outside the repository: nobody else has it.
    """
    makers = PathMap((out.path, stage.name) for stage in stages for out in stage.outs)
    found: dict[str, Source] = {}
    for stage in stages:
        for dep in stage.deps:
            path = PurePosixPath(dep.path)
            if "://" in dep.path or makers.around(dep.path):
                continue
            if path.is_absolute() or ".." in path.parts:
                raise MintmarkError(f"{stage.name} reads {path}, which lies outside the repository")
            found.setdefault(str(path), Source(str(path), stage.name, bool(makers.touching(dep.path))))
    return list(found.values())
