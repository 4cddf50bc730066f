"""What a verdict rests on: evaluation rows, and what a model answers to them. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mintmark.artifacts.tables import read_table
from mintmark.core.judgement.grading import grade, read_answer
from mintmark.core.question import EVALUATION, PREDICTIONS, ROW
from mintmark.core.signature.inputs import InputFault, fit_inputs
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.question import Question
    from mintmark.core.statistics.metrics import Outcomes
    from mintmark.judging.fetched import FetchedVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Evaluation rows: the table with inputs and truth, and the sha256 of the file that holds it."""

    sha256: str
    table: pd.DataFrame = field(repr=False)


def read_rows(path: Path, sha256: str, question: Question) -> Rows:
    """Return the evaluation rows in a file; raise `MintmarkError` where it holds no such table."""
    table = read_table(path, EVALUATION)
    if question.target not in table.columns:
        raise MintmarkError(f'the evaluation data has no column "{question.target}" (target in model.yaml)')
    if table.empty or table[question.target].isna().any():
        raise MintmarkError(f'the evaluation data has no rows, or rows without "{question.target}"')
    _check_entities(table, question.entity_column)
    return Rows(sha256=sha256, table=table)


def _check_entities(table: pd.DataFrame, name: str | None) -> None:
    """Raise `MintmarkError` for entities that cannot be sorted; that there are none is told where they are needed."""
    try:
        if name in table.columns:
            np.unique(table[name].to_numpy())
    except TypeError:
        message = f'the evaluation data has something else than names or numbers in "{name}" (entity_column)'
        raise MintmarkError(message) from None


def take_inputs(version: FetchedVersion, rows: Rows, question: Question) -> pd.DataFrame:
    """Return what a model is asked.

    Raises `MintmarkError` where the rows do not fit the signature, or where the model would see the truth.
    """
    forbidden = {question.target, ROW} & set(version.inputs)
    if forbidden:
        raise MintmarkError(f'the model takes "{min(forbidden)}" as an input, which holds the truth or the row')
    try:
        return fit_inputs(rows.table, version.record.signature.inputs)
    except InputFault as fault:
        raise MintmarkError(f"the evaluation rows do not fit {version.name}: {'; '.join(fault.faults)}") from None


def stored_answer(version: FetchedVersion) -> Answer:
    """Return the predictions that were stored with a version; raise `AnswerFault` where they cannot be read."""
    return read_answer(read_table(version.files[PREDICTIONS], PREDICTIONS), version.classes)


def outcomes_of(
    answer: Answer, rows: Rows, question: Question, classes: Sequence[Any], known: Sequence[Any] | None = None
) -> Outcomes:
    """Return the outcomes of an answer to evaluation rows; raise `AnswerFault` where it cannot be measured."""
    return grade(answer, rows.table[question.target], question, classes, known)
