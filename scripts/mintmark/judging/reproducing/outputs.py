"""Hold what stages made this time against what a version recorded. Runs no stage.

The files in the workshop were written by code that may be hostile: none is read through a link that leads out of it,
and no table is parsed here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import METRICS_RECORD, candidate_path, metrics_path
from mintmark.core.question import PREDICTIONS
from mintmark.judging.reproducing import prediction_gap
from mintmark.judging.reproducing.prediction_gap import PredictionGap
from mintmark.registry.files import parse_json
from mintmark.registry.pipeline import LOCK, parse_lock
from mintmark.registry.stored.streams import holds
from mintmark.registry.tree import GitTree
from mintmark.registry.yaml.text import MAX_BYTES, MAX_LOCK_BYTES, YamlFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.core.records import VersionRecord
    from mintmark.judging.reproducing.stage_runs import Workshop
    from mintmark.registry.pipeline import LockedFile, LockedStage

_MEASURED = "cost"  # the part of metrics.json that holds measured times


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One recorded output, the stage that made it again, and whether it is the same."""

    stage: str
    path: str
    same: bool


def new_stages(workshop: Workshop) -> dict[str, LockedStage]:
    """Return the stages that ran, from the dvc.lock that DVC wrote meanwhile."""
    content = workshop.read(LOCK, limit=MAX_LOCK_BYTES)
    return parse_lock(content) if content is not None else {}


def compare_outputs(
    root: Path, record: VersionRecord, commit: str, stages: Sequence[LockedStage], workshop: Workshop
) -> list[Output]:
    """Return each output of stages that ran, in their order.

    The files that the version keeps are compared themselves, all others by their hashes in dvc.lock. The times that
    metrics.json tells of do not count: no run takes as long as the last.
    """
    hashes = {out.path: out.hash for stage in new_stages(workshop).values() for out in stage.outs}
    kept = {candidate_path(record.model, file.name): file for file in record.stored_files}

    def is_same(out: LockedFile) -> bool:
        if out.path in kept:
            return workshop.contains(out.path) and holds(workshop.clone / out.path, kept[out.path])
        if hashes.get(out.path) == out.hash:
            return True
        return out.path == candidate_path(record.model, METRICS_RECORD) and _same_metrics(
            root, record, commit, workshop
        )

    return [Output(stage=stage.name, path=out.path, same=is_same(out)) for stage in stages for out in stage.outs]


def _same_metrics(root: Path, record: VersionRecord, commit: str, workshop: Workshop) -> bool:
    """Whether metrics.json says the same as the recorded one, but for measured times."""
    recorded = GitTree(root, commit).read(metrics_path(record.model, str(record.version)))
    new = workshop.read(candidate_path(record.model, METRICS_RECORD), limit=MAX_BYTES)
    try:
        one, other = (_without_times(parse_json(content or b"")) for content in (recorded, new))
    except YamlFault:
        return False
    return bool(one == other)


def _without_times(metrics: Any) -> Any:
    return {k: v for k, v in metrics.items() if k != _MEASURED} if isinstance(metrics, dict) else metrics


def predictions_gap(record: VersionRecord, recorded: Path, workshop: Workshop) -> PredictionGap:
    """Return how far the new predictions are from the recorded ones, which lie at `recorded`."""
    new = workshop.clone / candidate_path(record.model, PREDICTIONS)
    done = workshop.read_with(Path(prediction_gap.__file__), recorded, new)
    try:
        if done.code == 0:
            return PredictionGap(**json.loads(done.stdout))
    except (TypeError, ValueError):
        pass
    return PredictionGap(obstacle="the predictions cannot be read within the limits")


def changed_inputs(stages: Sequence[LockedStage], workshop: Workshop) -> Iterator[tuple[str, list[str]]]:
    """Yield the stages that ran with something else than recorded, each with what that is."""
    made = {out.path for stage in stages for out in stage.outs}
    ran = new_stages(workshop)
    for recorded in stages:
        if recorded.name in ran and (changed := _differences(recorded, ran[recorded.name], made)):
            yield recorded.name, changed


def _differences(recorded: LockedStage, new: LockedStage, made: set[str]) -> list[str]:
    hashes = {dep.path: dep.hash for dep in new.deps}
    changed = ["its command"] if new.cmd != recorded.cmd else []
    changed += [dep.path for dep in recorded.deps if dep.path not in made and hashes.get(dep.path) != dep.hash]
    return changed + [path for path, values in recorded.params.items() if new.params.get(path) != values]
