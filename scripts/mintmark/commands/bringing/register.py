"""`mintmark register MODEL`: make a model that was trained elsewhere a candidate, with all that a version has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mintmark.beginning.bringing import (
    Artifact,
    Asked,
    bring,
    bytes_of,
    read_artifact,
    read_evaluation,
    read_identity,
    read_training,
)
from mintmark.beginning.brought_stage import brought_folder, brought_stage, stage_name, with_stage
from mintmark.beginning.model_text import format_identity
from mintmark.core import layout
from mintmark.core.model import blanks_in
from mintmark.core.provenance.training import ELSEWHERE_TOLD
from mintmark.core.question import EVALUATION, Question, Task
from mintmark.core.statistics.metric_names import metric_names
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.dvc import run_dvc
from mintmark.registry.files import parse_json, read_text_file, unix_lines, write_atomically
from mintmark.registry.pipeline import PIPELINE, declared_stages
from mintmark.training.brought.measuring import measure_brought
from mintmark.training.brought.model import RUNNABLE, Brought
from mintmark.training.recipes import question_faults, read_question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ANSWERS: Final = "predictions"
_SUFFIXES: Final = (".csv", ".parquet")


def register(
    root: Path,
    model: str,
    *,
    artifact: Path | None,
    data: Path | None,
    predictions: Path | None,
    target: str | None,
    task: Task | None,
    entity: str | None,
    carry: list[str],
    classes: list[str],
    measure: bool,
    train: Path | None,
) -> int:
    """Measure a model that came ready, and write it as a candidate with a stage of its own in dvc.yaml.

    With `measure`, what was brought before is measured again, and only the candidate is written. Raises
    `MintmarkError`, with nothing written, for what cannot be registered.
    """
    registry = ClonedRegistry(root)
    if measure:
        _write_candidate(registry.root, model, _measure_again(registry, model, carry, classes, train))
        return 0
    if train is not None:
        raise UsageError("--train belongs to a stage that measures what a stage before it trained: --measure --train")
    if artifact is None:
        raise UsageError("name the model file: --artifact FILE")
    require_no_other(registry.root, model)
    taken = read_artifact(artifact, registry.trusted_names)
    place = data or _rows_of_last_time(registry.root, model)
    rows = read_evaluation(place)
    asked = Asked(target, task, entity)
    document, question = read_identity(registry, model, rows, asked, name=str(place))
    brought = bring(
        model, taken, rows, question, trusted=registry.trusted_names, carry=carry, classes=classes, answers=predictions
    )
    made = measure_brought(brought, question)
    is_new = not os.path.lexists(registry.root / layout.model_path(model))
    write_brought(registry.root, taken, brought, made, document, is_new=is_new, predictions=predictions)
    print("\n".join(_told(model, question, brought, made)))
    print("\n".join(_next(model, document, is_new=is_new)))
    return 0


def write_brought(
    root: Path,
    taken: Artifact,
    brought: Brought,
    made: Mapping[str, bytes],
    identity: Mapping[str, Any],
    *,
    is_new: bool = False,
    predictions: Path | None = None,
) -> None:
    """Write what was brought of a model, its stage in dvc.yaml and the candidate `made` of it; DVC tracks it then."""
    model, folder = brought.model, brought_folder(brought.model)
    told = None if predictions is None else f"{_ANSWERS}{predictions.suffix.lower()}"
    stage = brought_stage(model, taken.name, identity=identity, predictions=told, classes=brought.classes,
                          carried=brought.carried)  # fmt: skip
    writes = {PIPELINE: with_stage(_pipeline(root), model, stage).encode()}
    if is_new:
        writes[layout.model_path(model)] = format_identity(identity).encode()
    if told is not None and predictions is not None:
        writes[f"{folder}/{told}"] = bytes_of(predictions)
    tracked = {f"{folder}/{taken.name}": taken.content, f"{folder}/{EVALUATION}": made[EVALUATION]}
    _write(root, model, {**writes, **tracked}, made, tracked=tracked)


def require_no_other(root: Path, model: str) -> None:
    """Raise where the pipeline makes the model: two stages cannot write one candidate."""
    others = [name for name in declared_stages(root, model) if name != stage_name(model)]
    if others:
        message = f"{PIPELINE}: {model} is made by {', '.join(others[:4])}, so its candidate is not brought"
        raise MintmarkError(f"{message}; register the model under another name, or take it out of the pipeline first")


def _rows_of_last_time(root: Path, model: str) -> Path:
    place = f"{brought_folder(model)}/{EVALUATION}"
    if not (root / place).exists():
        pulled = f"dvc pull {place} brings those of last time" if (root / f"{place}.dvc").exists() else "there are none"
        raise UsageError(f"name rows to measure on: --data FILE, a .csv or .parquet file with the truth ({pulled})")
    return root / place


def _pipeline(root: Path) -> str:
    path = root / PIPELINE
    return unix_lines(read_text_file(path)).decode() if os.path.lexists(path) else ""


def _measure_again(
    registry: ClonedRegistry, model: str, carry: list[str], classes: list[str], train: Path | None
) -> Mapping[str, bytes]:
    """Return the candidate of what lies in the folder of what was brought."""
    folder = registry.root / brought_folder(model)
    files = [folder / f"model.{kind}" for kind in (*RUNNABLE, "safetensors")]
    present = next((path for path in files if path.exists()), None)
    if present is None:
        raise MintmarkError(f"{brought_folder(model)}: holds no model; mintmark register {model} --artifact FILE")
    taken: Artifact = read_artifact(present, registry.trusted_names)
    rows = read_evaluation(_rows_of_last_time(registry.root, model))
    question = read_question(model, registry.root)
    answers = [folder / f"{_ANSWERS}{suffix}" for suffix in _SUFFIXES]
    told = next((path for path in answers if path.exists()), None)
    trusted = registry.trusted_names
    learned = None if train is None else read_training(registry.root, train)
    brought = bring(
        model, taken, rows, question, trusted=trusted, carry=carry, classes=classes, answers=told, training=learned
    )
    with question_faults(model, registry.root):
        return measure_brought(brought, question)


def _write(
    root: Path, model: str, files: Mapping[str, bytes], made: Mapping[str, bytes], *, tracked: Iterable[str]
) -> None:
    """Write what was brought, let DVC track it, and write the candidate as the stage would."""
    for path in _left_over(root, model, files):
        path.unlink()
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(root / name, content)
    _write_candidate(root, model, made)
    run_dvc("add", "--quiet", *tracked, cwd=root)
    run_dvc("commit", "--force", "--quiet", stage_name(model), cwd=root)


def _left_over(root: Path, model: str, files: Mapping[str, bytes]) -> list[Path]:
    """Return what a registration before this one brought, and this one does not."""
    folder = root / brought_folder(model)
    kept = {(root / name).name for name in files}
    old = [path for path in folder.glob("*") if path.name.startswith(("model.", f"{_ANSWERS}.")) and path.is_file()]
    return [path for path in old if path.name.removesuffix(layout.POINTER_SUFFIX) not in kept]


def _write_candidate(root: Path, model: str, made: Mapping[str, bytes]) -> None:
    for name, content in made.items():
        path = root / layout.candidate_path(model, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)


def _told(model: str, question: Question, brought: Brought, made: Mapping[str, bytes]) -> list[str]:
    document = parse_json(made["metrics.json"])
    metrics = document["metrics"]
    classes = parse_json(made["signature.json"]).get("classes", [])
    lines = [
        f'{model}: {brought.name}, {question.task} of "{question.target}", {ELSEWHERE_TOLD}',
        f"  inputs: {numbers.count(len(brought.inputs(question)), 'column')}, in the order of the rows",
    ]
    if classes:
        lines.append(f"  classes, in the order of its probabilities: {', '.join(map(str, classes))}")
    lines.append(f"  measured on {numbers.count(len(brought.rows), 'row')}:")
    for name in metric_names(question.task):
        if name in metrics:
            value = metrics[name]
            lines.append(f"    {name} {numbers.interval(value['value'], value.get('low'), value.get('high'))}")
    if brought.runs_here and "importance" not in document:
        lines.append("  without the importance of its inputs, which takes more than two minutes to find out")
    if brought.predictions is not None and brought.runs_here:
        lines.append("  it answers here as --predictions says")
    return lines


def _next(model: str, document: Mapping[str, Any], *, is_new: bool) -> list[str]:
    lines = [f"write {PIPELINE}: the stage {stage_name(model)}, which measures what lies in {brought_folder(model)}/"]
    if is_new:
        path = layout.model_path(model)
        blank = ", ".join(key for key, _ in blanks_in(document))
        lines += [f"write {path}; blank: {blank}", f"next: fill in {path}, and git commit it by itself"]
    reason = "a person decides about it, because nobody knows its training rows (R11)"
    return [*lines, f"next: mintmark propose {model}; {reason}"]
