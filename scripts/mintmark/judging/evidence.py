"""What a verdict rests on: evaluation rows, and what a model answers to them. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.model_runner import run_model
from mintmark.core.grading import grade, read_answer
from mintmark.core.tables import ROW
from mintmark.errors import MintmarkError
from mintmark.judging.versions import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.core.answer import Answer, ModelRun
    from mintmark.core.metrics import Outcomes
    from mintmark.core.recipe import Question
    from mintmark.judging.versions import Version

RUNNABLE = ("skops", "onnx")
_MOST_ROWS = 10_000_000
_MOST_BYTES = 2 << 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Evaluation rows: the table with inputs and truth, and the sha256 of the file that holds it."""

    sha256: str
    table: pd.DataFrame = field(repr=False)


def read_rows(path: Path, sha256: str, question: Question) -> Rows:
    """Return the evaluation rows in a file; raise `MintmarkError` where it holds no such table."""
    table = read_table(path)
    if question.target not in table.columns:
        raise MintmarkError(f'the evaluation data has no column "{question.target}" (target in model.yaml)')
    if table.empty or table[question.target].isna().any():
        raise MintmarkError(f'the evaluation data has no rows, or rows without "{question.target}"')
    return Rows(sha256=sha256, table=table)


def read_table(path: Path) -> pd.DataFrame:
    """Return the table in a Parquet file of a proposal.

    A few bytes may claim to be a great many rows, and what pandas notes in a file may rename and hide its columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
        size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        if metadata.num_rows > _MOST_ROWS or size > _MOST_BYTES:
            raise MintmarkError(f"{path.name} holds {metadata.num_rows:,} rows, more than can be judged")
        table: pd.DataFrame = pq.read_table(path).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MintmarkError(f"{path.name} is not a table: {' '.join(str(error).split())[:200]}") from None
    if not table.columns.is_unique:
        raise MintmarkError(f"{path.name} has a column twice")
    return table


def take_inputs(version: Version, rows: Rows, question: Question) -> pd.DataFrame:
    """Return what a model is asked.

    Raises `MintmarkError` where the rows lack a column, or where the model would see the truth.
    """
    forbidden = {question.target, ROW} & set(version.inputs)
    if forbidden:
        raise MintmarkError(f'the model takes "{min(forbidden)}" as an input, which holds the truth or the row')
    missing = [name for name in version.inputs if name not in rows.table.columns]
    if missing:
        raise MintmarkError(f'the evaluation rows have no column "{missing[0]}", which {version.name} takes')
    return rows.table[version.inputs]


def ask(version: Version, tables: Mapping[str, pd.DataFrame], trusted: Sequence[str]) -> ModelRun:
    """Run a version's model on tables in a process of its own; raises `MintmarkError` where it does not answer.

    A graph without labels answers in the order of classes that its record names.
    """
    artifact = version.record.artifact
    path = version.files[artifact.name]
    run = run_model(path, version.record.format, tables, trusted=trusted, sha256=artifact.sha256)
    return run if run.classes else replace(run, classes=version.classes)


def stored_answer(version: Version) -> Answer:
    """Return the predictions that were stored with a version; raise `AnswerFault` where they cannot be read."""
    return read_answer(read_table(version.files[PREDICTIONS]), version.classes)


def outcomes_of(
    answer: Answer, rows: Rows, question: Question, classes: Sequence[Any], known: Sequence[Any] | None = None
) -> Outcomes:
    """Return the outcomes of an answer to evaluation rows; raise `AnswerFault` where it cannot be measured."""
    return grade(answer, rows.table[question.target], question, classes, known)
