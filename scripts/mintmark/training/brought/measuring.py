"""Measure a model that came ready on evaluation rows, as the files of a candidate. Trains nothing.

What `scripts/evaluate.py` writes of a model of the pipeline is written here of one that was trained elsewhere, or by
stages of a team's own. Where nobody tells the rows that it was trained on, the profile is of the evaluation rows, and
the lineage names no training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mintmark.core.judgement.answers import Answer, AnswerFault
from mintmark.core.judgement.grading import read_answer
from mintmark.core.layout import COST, candidate_path
from mintmark.core.provenance.training_rows import digest_training
from mintmark.core.question import DIGEST, EVALUATION, FILLED, PREDICTIONS, ROW, TRAINING_ROWS, Question
from mintmark.core.statistics import evaluation
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_json
from mintmark.training import profile, summary, tables
from mintmark.training.brought.answers import classes_of, grade_answer, require_order
from mintmark.training.brought.asking import Asked, ask_apart
from mintmark.training.brought.worker import SEED
from mintmark.training.recipe import DEFAULT_RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.question import Label
    from mintmark.training.brought.model import Brought, Training

_CLOSE: Final = 1e-4  # how far an answer here may lie from the one where the model was trained, in 32 bits


def measure_brought(brought: Brought, question: Question) -> dict[str, bytes]:
    """Return the files of its candidate by name; raise `MintmarkError` for what cannot be measured."""
    rows, names = brought.rows, brought.inputs(question)
    inputs, truth = rows[names], rows[question.target]
    asked = ask_apart(brought, inputs, truth, question) if brought.runs_here else None
    own = brought.labels if asked is None or not asked.classes else asked.classes
    classes = classes_of(own, brought.classes, truth, question, brought.source)
    answer = _answer(brought, asked, classes)
    require_order(answer, classes, brought.source)
    outcomes = grade_answer(answer, truth, question, classes, brought.source)
    metrics = evaluation.measure(outcomes, rows, question, resamples=DEFAULT_RESAMPLES, seed=SEED)
    if asked is not None and asked.importance is not None:
        metrics["importance"] = dict(asked.importance)
    predicted = pd.Series(list(answer.prediction))
    probabilities = None if answer.probabilities is None else np.asarray(answer.probabilities, dtype=np.float64)
    table = evaluation.format_predictions(rows[ROW], truth, predicted, probabilities, classes)
    content = tables.format_parquet(rows)
    learned = inputs if brought.training is None else _columns(brought.training, [*names, question.target])[names]
    described = profile.reference_profile(learned, predicted, probabilities, classes)
    digests = None if brought.training is None else _digests(brought.training, names, question)
    documents = {
        "metrics.json": metrics,
        "scores.json": {name: interval["value"] for name, interval in metrics["metrics"].items()},
        "signature.json": evaluation.signature(inputs, predicted, probabilities, classes),
        "data.json": _data(brought, question, names, content, digests),
        **({} if asked is None else {COST: _cost(brought, asked.cost)}),
    }
    return {
        brought.name: brought.artifact,
        EVALUATION: content,
        PREDICTIONS: tables.format_parquet(table),
        "profile.json": profile.format_profile(described),
        **({} if digests is None else {TRAINING_ROWS: tables.format_parquet(digests, ascending=[DIGEST])}),
        **{name: format_json(document).encode() for name, document in documents.items()},
    }


def _columns(training: Training, names: Sequence[str]) -> pd.DataFrame:
    """Return some columns of the training rows; raise `MintmarkError` where they lack one."""
    for name in names:
        if name not in training.rows.columns:
            raise MintmarkError(f'{training.path}: has no column "{name}", which the evaluation rows have')
    return training.rows[list(names)]


def _digests(training: Training, names: Sequence[str], question: Question) -> pd.DataFrame:
    entity = question.entity_column
    _columns(training, [entity] if entity is not None else [])
    return digest_training(
        training.rows, inputs=names, target=question.target, has_id=False, entity=entity, key=training.hash
    )


def _data(
    brought: Brought, question: Question, names: list[str], content: bytes, digests: pd.DataFrame | None
) -> dict[str, Any]:
    path, training = candidate_path(brought.model, EVALUATION), brought.training
    described = summary.describe_table(path, tables.digest_bytes(content), brought.rows)
    lineage, told = [{"role": "evaluation", **described}], {}
    if training is not None and digests is not None:
        learned = summary.describe_table(training.path, training.hash, training.rows)
        lineage.insert(0, {"role": "training", **learned})
        told = {"train": learned | summary.count_units(digests, training.rows, question.entity_column)}
    return {
        "schema": 1,
        **told,
        "evaluation": described,
        "lineage": lineage,
        "target": question.target,
        "inputs": names,
        "carried": list(brought.carried),
        "columns": summary.summarise_columns(brought.rows.drop(columns=FILLED, errors="ignore")),
    }


def _answer(brought: Brought, asked: Asked | None, classes: Sequence[Label]) -> Answer:
    """Return what the model answers here, held against what it answered where it was trained."""
    told = None
    if brought.predictions is not None:
        try:
            told = read_answer(brought.predictions, classes)
        except AnswerFault as fault:
            raise MintmarkError(f"--predictions: {fault}") from None
    if asked is None:
        if told is None:
            message = "cannot be run here; --predictions FILE has what it answers to the evaluation rows"
            raise MintmarkError(f"{brought.source}: {message}")
        return told
    differ = 0 if told is None else _differing(asked.answer, told)
    if differ:
        message = f"answers {differ:,} of {len(brought.rows):,} rows otherwise here than --predictions says"
        raise MintmarkError(f"{brought.source}: {message}; export it again, with the same columns in this order")
    return asked.answer


def _differing(one: Answer, other: Answer) -> int:
    """Return how many rows have another label, or a number that is off by more than 32 bits explain."""
    if len(one.prediction) != len(other.prediction):
        return max(len(one.prediction), len(other.prediction))
    pairs = zip(one.prediction, other.prediction, strict=True)
    differ = np.array([not _is_near(a, b) for a, b in pairs], dtype=bool)
    if one.probabilities is not None and other.probabilities is not None:
        ours, theirs = (np.asarray(each.probabilities, dtype=np.float64) for each in (one, other))
        if ours.shape != theirs.shape:
            return len(differ)
        differ |= (~np.isclose(ours, theirs, rtol=0, atol=_CLOSE)).any(axis=1)
    return int(differ.sum())


def _is_near(one: Label, other: Label) -> bool:
    if isinstance(one, float) and isinstance(other, (int, float)):
        return bool(np.isclose(one, float(other), rtol=_CLOSE, atol=_CLOSE * 1e-3))
    return one == other


def _cost(brought: Brought, measured: Mapping[str, float]) -> dict[str, Any]:
    """Return median times in seconds, with the digest of what they are of."""
    return {"schema": 1, "artifact": tables.digest_bytes(brought.artifact), **measured}
