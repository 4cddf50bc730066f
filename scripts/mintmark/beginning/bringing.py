"""Read what somebody brings of a model that was trained elsewhere: its file, evaluation rows and answers to them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from mintmark.artifacts.foreign import why_not_converted
from mintmark.artifacts.formats import canonical_artifact, detect_format
from mintmark.artifacts.onnx_labels import onnx_classes
from mintmark.beginning.asked import ask_of, margin_of
from mintmark.beginning.model_text import Said, identity
from mintmark.beginning.rows import read_rows
from mintmark.core.finding import Finding
from mintmark.core.layout import model_path
from mintmark.core.question import ROW, Question, Task
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry.schemas import accepts, explain
from mintmark.training import tables
from mintmark.training.brought.model import Brought, Training
from mintmark.training.recipes import read_question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.core.question import Label
    from mintmark.registry.clone import ClonedRegistry


class Artifact(NamedTuple):
    """A model file that may enter the registry: what it is called here, its format, its bytes, and where it was."""

    name: str
    format: str
    content: bytes
    source: str


class Asked(NamedTuple):
    """What a person says of the question that a model answers; model.yaml says it where it is there."""

    target: str | None = None
    task: Task | None = None
    entity: str | None = None


def read_artifact(path: Path, trusted: Sequence[str]) -> Artifact:
    """Return a model file as the registry stores it (R8); raise `MintmarkError` for what it does not store."""
    if path.is_dir():
        raise MintmarkError(f"{path}: {why_not_converted(path)}")
    content, name = bytes_of(path), str(path)
    found = detect_format(content, name=name)
    if isinstance(found, Finding):
        foreign = why_not_converted(path)
        if foreign is not None:
            raise MintmarkError(f"{path}: {foreign}")
        raise InvalidRegistryError([found])
    if found == "data":
        foreign = why_not_converted(path) or "holds data and no model; bring a skops, ONNX or safetensors file"
        raise MintmarkError(f"{path}: {foreign}")
    content, faults = canonical_artifact(content, name=name, declared_format=found, trusted=trusted)
    if faults:
        raise InvalidRegistryError(faults)
    return Artifact(f"model.{found}", found, content, name)


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a file that a person named; raise `MintmarkError` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise MintmarkError(f"{path}: {error.strerror or error}") from None


def read_evaluation(path: Path) -> pd.DataFrame:
    """Return evaluation rows with a column that numbers them, as everybody will read them later."""
    frame = read_rows(str(path), bytes_of(path)).frame
    if ROW not in frame.columns:
        frame.insert(0, ROW, range(len(frame)))
    if not frame[ROW].is_unique or frame[ROW].isna().any():
        raise MintmarkError(f'{path}: "{ROW}" does not number the rows: each needs a value of its own')
    return tables.parse_parquet(tables.format_parquet(frame))


def read_training(root: Path, path: Path) -> Training:
    """Return the rows that a stage of this repository trained a model on."""
    place, content = root / path, bytes_of(root / path)
    if path.is_absolute() or not place.resolve().is_relative_to(root.resolve()) or path.suffix != ".parquet":
        raise UsageError(f"--train {path}: is no .parquet file of this repository, which a stage made")
    return Training(path=path.as_posix(), hash=tables.digest_bytes(content), rows=tables.parse_parquet(content))


def read_identity(
    registry: ClonedRegistry, model: str, rows: pd.DataFrame, asked: Asked, *, name: str, said: Said | None = None
) -> tuple[dict[str, Any], Question]:
    """Return the identity of a model and what it answers: as model.yaml says, else as `said` and the rows do.

    `name` is what faults call the rows.
    """
    path = model_path(model)
    if os.path.lexists(registry.root / path):
        document, question = dict(registry.model(model).document), read_question(model, registry.root)
        known = (question.target, question.task, question.entity_column)
        for option, told, right in zip(("--target", "--task", "--entity"), asked, known, strict=True):
            if told is not None and told != right:
                raise UsageError(f"{option} {told}: {path} says {right or 'none'}; leave it out, or change that")
    else:
        if asked.target is None:
            raise UsageError(f"there is no {path} yet, so say what the model predicts: --target COLUMN")
        question = ask_of(rows, asked.target, asked.task, asked.entity, name)
        document = identity(model, question, said or Said(), margin=margin_of(rows[question.target], question.task))
        if not accepts("model", document):
            raise InvalidRegistryError(explain("model", document, path, {}))
    for column in filter(None, (question.target, question.entity_column)):
        if column not in rows.columns:
            raise MintmarkError(f'{name}: has no column "{column}", which {path} names')
    missing = int(rows[question.target].isna().sum())
    if missing:
        raise MintmarkError(f'{name}: {missing:,} rows have no "{question.target}"; leave them out')
    return document, question


def bring(
    model: str,
    artifact: Artifact,
    rows: pd.DataFrame,
    question: Question,
    *,
    trusted: Sequence[str],
    carry: Sequence[str] = (),
    classes: Sequence[str] = (),
    answers: Path | None = None,
    training: Training | None = None,
) -> Brought:
    """Return all of it; `answers` is a file of what the model answered where it was trained."""
    for column in carry:
        if column not in rows.columns:
            raise UsageError(f"--carry {column}: the rows have no such column")
    brought = Brought(
        model=model,
        name=artifact.name,
        source=artifact.source,
        format=artifact.format,
        artifact=artifact.content,
        trusted=tuple(trusted),
        labels=tuple(onnx_classes(artifact.content)) if artifact.format == "onnx" else (),
        classes=_labels(rows[question.target], classes) if question.is_classification else (),
        rows=rows,
        carried=tuple(carry),
        predictions=None if answers is None else read_rows(str(answers), bytes_of(answers)).frame,
        training=training,
    )
    if not brought.inputs(question):
        raise MintmarkError("the rows leave no column for the model to see, besides the truth and what is carried")
    return brought


def fitted_columns(artifact: Artifact, trusted: Sequence[str]) -> list[str] | None:
    """Return the columns that an estimator was fitted on; None where it does not know them by name, or is a graph."""
    if artifact.format != "skops":
        return None
    from mintmark.artifacts.skops.format import load_trusted

    names = getattr(load_trusted(artifact.content, trusted=trusted, name=artifact.source), "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _labels(truth: pd.Series, classes: Sequence[str]) -> tuple[Label, ...]:
    """Return classes that were named in words as the values that the truth has."""
    if len(set(classes)) < len(classes):
        raise UsageError("--class: a class is named twice")
    known = {str(label): label for label in truth.unique().tolist()}
    return tuple(known.get(text, text) for text in classes)
