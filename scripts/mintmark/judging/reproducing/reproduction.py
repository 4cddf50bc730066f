"""Run the recorded stages of a version again, and tell whether they make the same. Writes nothing to the repository."""

from __future__ import annotations

import math
import platform
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core.judgement.review import Reproduction
from mintmark.core.layout import pointer_path
from mintmark.core.provenance.training import is_trained_elsewhere
from mintmark.core.question import PREDICTIONS, TRAINING_ROWS
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.furnishing import furnish
from mintmark.judging.reproducing.outputs import Output, changed_inputs, compare_outputs, predictions_gap
from mintmark.judging.reproducing.recorded_stages import recorded_stages
from mintmark.judging.reproducing.stage_runs import Workshop
from mintmark.judging.reproducing.training_table import dispute_training
from mintmark.registry.dvc import read_config
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import copy_verified
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mintmark.core.question import Question
    from mintmark.core.records import VersionRecord
    from mintmark.judging.reproducing.prediction_gap import PredictionGap
    from mintmark.registry.dvc import DvcConfig
    from mintmark.registry.pipeline import LockedStage

_MOST_PATHS = 3
_MEASURED_AGAIN = "the model was measured again, and not trained again: it was trained elsewhere"


def reproduce_version(
    root: Path,
    record: VersionRecord,
    commit: str,
    *,
    config: DvcConfig | None = None,
    question: Question | None = None,
    network: bool = False,
    folder: Path | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> Reproduction:
    """Run the stages of a record again in a clean clone of `commit`, which holds the version; compare what they make.

    Source data that DVC keeps comes from the remotes of `config` (by default the work tree's), and that of an embedded
    store from the commit; what a proposal says of remotes must not count. With `question`, the stored digests of
    training rows are held against the training table that was made. `network` lets the stages themselves reach
    other machines. The clone is made in `folder`, which must be empty and stays; by default in a temporary one.
    `on_stage` is told the name of each stage before it runs. Whatever keeps a stage from running, or the result from
    being compared, makes the outcome `failed`.
    """
    config = config or read_config(root)
    with _place(folder) as place:
        try:
            workshop = Workshop(folder=place, root=root, network=network)
            again = _run_again(root, record, commit, workshop, config, question, on_stage)
        except MintmarkError as error:
            again = Reproduction(outcome="failed", message=str(error))
    return replace(again, environment=tuple(environment_differences(record)))


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder.resolve()
        return
    with TemporaryFolder("reproduce") as made:
        yield made.resolve()


def environment_differences(record: VersionRecord) -> Iterator[tuple[str, str, str]]:
    """Yield what is installed here in another version than recorded: (package, recorded, installed)."""
    made_in = record.environment
    here = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    here |= {name: _installed(name) for name in made_in.packages}
    recorded = {"python": made_in.python, "platform": made_in.platform, **made_in.packages}
    for name, before in recorded.items():
        if here[name] != before:
            yield name, before, here[name]


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, ValueError):
        return "not installed"


def _run_again(
    root: Path,
    record: VersionRecord,
    commit: str,
    workshop: Workshop,
    config: DvcConfig,
    question: Question | None,
    on_stage: Callable[[str], None] | None,
) -> Reproduction:
    stages = recorded_stages(root, record, commit)
    recorded = _fetch_predictions(root, record, commit, config, workshop)
    furnish(workshop, commit, stages, config)
    for number, stage in enumerate(stages):
        if on_stage is not None:
            on_stage(stage.name)
        failure = workshop.run_stage(stage.name)
        if failure is not None:
            outputs = compare_outputs(root, record, commit, stages[:number], workshop)
            parts_at = next((output.stage for output in outputs if not output.same), stage.name)
            return Reproduction(outcome="failed", message=failure, parts_at=parts_at, files=_files(outputs))
    outputs = compare_outputs(root, record, commit, stages, workshop)
    if all(output.same for output in outputs):
        ran = numbers.count(len(stages), "stage")
        message = f"all {len(outputs)} outputs of {ran} are the recorded ones, measured times aside"
        again = Reproduction(outcome="identical bytes", message=message, files=_files(outputs))
    else:
        again = _tell_apart(outputs, predictions_gap(record, recorded, workshop))
    wrong = "" if question is None else _wrong_rows(root, record, commit, config, workshop, question)
    brought = [_MEASURED_AGAIN] if is_trained_elsewhere(record.document) else []
    message = "; ".join([again.message, *brought, *_notes(stages, workshop), *([wrong] if wrong else [])])
    return replace(again, message=message, wrong_rows=wrong)


def _wrong_rows(
    root: Path, record: VersionRecord, commit: str, config: DvcConfig, workshop: Workshop, question: Question
) -> str:
    """Return why the stored digests of training rows are not those of the training.

    Empty if they are, and where nobody can tell: a team's own stages may record no training table.
    """
    file = record.stored_file(TRAINING_ROWS)
    if file is None or all(source.role != "training" for source in record.data):
        return ""
    pointer = pointer_path(record.model, str(record.version), file.name)
    stored = Store(root, revision=commit, config=config).fetch(file, pointer=pointer)
    return dispute_training(workshop, record, stored, question)


def _fetch_predictions(root: Path, record: VersionRecord, commit: str, config: DvcConfig, workshop: Workshop) -> Path:
    """Put the recorded predictions where no stage can write; without them it is no use to begin."""
    file = record.stored_file(PREDICTIONS)
    if file is None:
        raise MintmarkError(f"{record.reference} has no {PREDICTIONS} to compare with")
    pointer = pointer_path(record.model, str(record.version), file.name)
    target = workshop.folder / "recorded.parquet"
    copy_verified(Store(root, revision=commit, config=config).fetch(file, pointer=pointer), file, target)
    return target


def _files(outputs: Sequence[Output]) -> tuple[tuple[str, bool], ...]:
    return tuple((output.path, output.same) for output in outputs)


def _tell_apart(outputs: Sequence[Output], gap: PredictionGap) -> Reproduction:
    """Return what to say of outputs that are not all the same."""
    differing = [output for output in outputs if not output.same]
    first = differing[0].stage
    parts = f"the outputs part at {first}: {_listed([output.path for output in differing if output.stage == first])}"
    same = not gap.obstacle and not gap.differing
    if same:
        say = f"all {gap.rows:,} predictions are the recorded ones{_within(gap)}"
    else:
        say = gap.obstacle or f"{gap.differing:,} of {gap.rows:,} predictions differ{_by(gap)}"
    return Reproduction(
        outcome="same predictions" if same else "different",
        message=f"{say}; {parts}",
        parts_at=first,
        files=_files(outputs),
    )


def _within(gap: PredictionGap) -> str:
    return f" (none is off by more than {numbers.number(gap.largest, 2)})" if gap.largest else ""


def _by(gap: PredictionGap) -> str:
    if not gap.column or not math.isfinite(gap.largest):
        return ""
    return f", by up to {numbers.number(gap.largest, 3)} in {gap.column}"


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return ", ".join(paths[:_MOST_PATHS]) + more


def _notes(stages: Sequence[LockedStage], workshop: Workshop) -> Iterator[str]:
    """Yield what ran otherwise than recorded: the first thing to look at where results differ."""
    for stage, changed in changed_inputs(stages, workshop):
        yield f"{stage} ran with other inputs than recorded: {_listed(changed)}"
