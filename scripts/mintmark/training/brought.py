"""Measure a model that came ready on evaluation rows, as the files of a candidate. Trains nothing.

What `scripts/evaluate.py` writes of a model of the pipeline is written here of one that was trained elsewhere, or by
stages of a team's own. Where nobody tells the rows that it was trained on, the profile is of the evaluation rows, and
the lineage names no training.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mintmark.core.judgement.answers import Answer, AnswerFault
from mintmark.core.judgement.grading import grade, read_answer
from mintmark.core.layout import COST, candidate_path
from mintmark.core.provenance.training_rows import digest_training
from mintmark.core.question import DIGEST, EVALUATION, FILLED, PREDICTIONS, ROW, TRAINING_ROWS, Question
from mintmark.core.statistics import evaluation
from mintmark.core.statistics.figures import rounded
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.statistics.metrics import metric_value
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_json
from mintmark.training import profile, summary, tables
from mintmark.training.importance import permutation_importance
from mintmark.training.recipe import DEFAULT_REPEATS, DEFAULT_RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mintmark.core.question import Label
    from mintmark.core.statistics.metrics import Outcomes

_SEED: Final = 20260601
_BATCH_ROWS: Final = 1000
_CLOSE: Final = 1e-4  # how far an answer here may lie from the one where the model was trained, in 32 bits
_PAGE: Final = "docs/how-to/bring-a-model.md shows how"


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """The rows that a model was trained on: where a stage wrote them, the digest of that file, and the table."""

    path: str
    hash: str
    rows: pd.DataFrame


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """A model that came ready: its file, what loads it (None: it cannot be run here), and what it is asked about.

    `labels` are the classes that the file names itself, `classes` those that a person named in the order of its
    probabilities. `carried` are columns of `rows` that it does not see. `predictions` are what it answered where it was
    trained, and `training` the rows that it was trained on, where stages of this repository made them.
    """

    model: str
    name: str
    artifact: bytes
    load: Callable[[], Any] | None
    labels: tuple[Label, ...]
    classes: tuple[Label, ...]
    rows: pd.DataFrame
    carried: tuple[str, ...]
    predictions: pd.DataFrame | None = None
    training: Training | None = None

    def inputs(self, question: Question) -> list[str]:
        """Return the columns that the model sees, in their order."""
        aside = {ROW, FILLED, question.target, question.entity_column, *self.carried}
        return [str(name) for name in self.rows.columns if name not in aside]


def measure_brought(brought: Brought, question: Question) -> dict[str, bytes]:
    """Return the files of its candidate by name; raise `MintmarkError` for what cannot be measured."""
    rows, names = brought.rows, brought.inputs(question)
    inputs, truth = rows[names], rows[question.target]
    with threadpool_limits(limits=1):
        estimator = None if brought.load is None else brought.load()
        classes = _classes(brought, estimator, truth, question)
        answer = _answer(brought, estimator, inputs, classes)
        _require_order(answer, classes, brought.name)
        outcomes = _grade(answer, truth, question, classes, brought.name)
        metrics = evaluation.measure(outcomes, rows, question, resamples=DEFAULT_RESAMPLES, seed=_SEED)
        if estimator is not None:
            metrics["importance"] = _importance(estimator, inputs, truth, classes, question, brought.name)
        cost = {} if estimator is None else _cost(brought, estimator, inputs)
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
        **({COST: cost} if cost else {}),
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


def _classes(brought: Brought, estimator: Any, truth: pd.Series, question: Question) -> list[Any]:
    """Return the classes in the order of the probabilities: the model's own, those that were told, or of the rows."""
    if not question.is_classification:
        return []
    own = np.asarray(getattr(estimator, "classes_", [])).tolist() or list(brought.labels)
    if own and brought.classes and own != list(brought.classes):
        raise MintmarkError(f"{brought.name}: has the classes {own}; leave --class out, or name them so")
    return own or list(brought.classes) or sorted(truth.unique().tolist())


def _require_order(answer: Answer, classes: Sequence[Label], name: str) -> None:
    """Raise where most labels are not the class with the greatest probability: the classes have another order."""
    if answer.probabilities is None or np.shape(answer.probabilities)[1:] != (len(classes),):
        return  # which the measurement says
    if not set(answer.prediction) <= set(classes):
        return
    likeliest = [classes[place] for place in np.argmax(answer.probabilities, axis=1)]
    same = sum(one == other for one, other in zip(answer.prediction, likeliest, strict=True))
    if 2 * same < len(likeliest):
        message = f"its probabilities, taken in the order {list(classes)}, speak for other labels than it gives"
        raise MintmarkError(f"{name}: {message}; --class names the classes in the order of its probabilities")


def _answer(brought: Brought, estimator: Any, inputs: pd.DataFrame, classes: Sequence[Label]) -> Answer:
    """Return what the model answers here, held against what it answered where it was trained."""
    told = None
    if brought.predictions is not None:
        try:
            told = read_answer(brought.predictions, classes)
        except AnswerFault as fault:
            raise MintmarkError(f"--predictions: {fault}") from None
    if estimator is None:
        if told is None:
            message = "cannot be run here; --predictions FILE has what it answers to the evaluation rows"
            raise MintmarkError(f"{brought.name}: {message}")
        return told
    answer = ask(estimator, inputs, brought.name)
    differ = 0 if told is None else _differing(answer, told)
    if differ:
        message = f"answers {differ:,} of {len(inputs):,} rows otherwise here than --predictions says"
        raise MintmarkError(f"{brought.name}: {message}; export the model again, with the same columns in this order")
    return answer


def ask(estimator: Any, inputs: pd.DataFrame, name: str) -> Answer:
    """Return what a model answers; raise `MintmarkError` with its words where it refuses the rows."""
    try:
        prediction = np.asarray(estimator.predict(inputs))
        shares = _shares(estimator, inputs)
    except MintmarkError as error:
        raise MintmarkError(f"{name}: {error}") from None
    except Exception as error:  # whatever a library says of these rows
        words = " ".join(str(error).split())[:300]
        raise MintmarkError(f"{name}: cannot answer the evaluation rows: {type(error).__name__}: {words}") from None
    if prediction.ndim != 1:
        shape = "x".join(map(str, prediction.shape))
        message = f"gives a table ({shape}) where one answer for each row belongs"
        raise MintmarkError(f"{name}: {message}; export it with the label first and the probabilities second: {_PAGE}")
    if len(prediction) != len(inputs):
        message = f"answers {len(prediction):,} of {len(inputs):,} rows; export it with a batch size that is free"
        raise MintmarkError(f"{name}: {message}: {_PAGE}")
    wide = prediction.astype(np.float64) if prediction.dtype.kind == "f" else prediction
    return Answer(prediction=wide.tolist(), probabilities=shares)


def _shares(estimator: Any, inputs: pd.DataFrame) -> list[list[float]] | None:
    if not hasattr(estimator, "predict_proba"):
        return None
    try:
        shares: list[list[float]] = np.asarray(estimator.predict_proba(inputs), dtype=np.float64).tolist()
    except MintmarkError:  # an ONNX model that has none
        return None
    return shares


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


def _grade(answer: Answer, truth: pd.Series, question: Question, classes: Sequence[Label], name: str) -> Outcomes:
    try:
        return grade(answer, truth, question, classes)
    except AnswerFault as fault:
        message = f'{name}: cannot be measured against "{question.target}": {fault}'
        advice = _advice(truth, question, classes) if question.is_classification else ""
        raise MintmarkError(f"{message}; {advice}" if advice else message) from None


def _advice(truth: pd.Series, question: Question, classes: Sequence[Label]) -> str:
    """Return what to do where the truth and the classes of a model do not fit."""
    if question.task == "binary-classification" and len(classes) > 2:
        return "the rows hold two of them: say --task multiclass-classification, or that in model.yaml"
    seen = set(truth.unique().tolist())
    if not seen <= set(classes) and set(map(str, seen)) <= set(map(str, classes)):
        return "one is text and the other a number, which a .csv cannot tell apart: write the rows as .parquet"
    return "write the truth as the model answers; --class names the classes in the order of its probabilities"


def _importance(
    estimator: Any, inputs: pd.DataFrame, truth: pd.Series, classes: Sequence[Label], question: Question, name: str
) -> dict[str, dict[str, float]]:
    sign = 1 if greater_is_better(question.metric) else -1

    def outcomes(rows: pd.DataFrame, copies: int) -> Iterator[Outcomes]:
        answer = ask(estimator, rows, name)
        shares = answer.probabilities
        for part in np.split(np.arange(len(rows)), copies):
            of = slice(int(part[0]), int(part[-1]) + 1)
            own = Answer(prediction=answer.prediction[of], probabilities=None if shares is None else shares[of])
            yield _grade(own, truth, question, classes, name)

    def score(found: Outcomes) -> float:
        return sign * metric_value(question.metric, found)

    return permutation_importance(inputs, outcomes, score, repeats=DEFAULT_REPEATS, seed=_SEED)


def _cost(brought: Brought, estimator: Any, inputs: pd.DataFrame) -> dict[str, Any]:
    """Return median times in seconds, with the digest of what they are of."""
    assert brought.load is not None
    batch = inputs.iloc[np.arange(_BATCH_ROWS) % len(inputs)].reset_index(drop=True)
    return {
        "schema": 1,
        "artifact": tables.digest_bytes(brought.artifact),
        "load_seconds": _seconds(brought.load, 3),
        "latency_row_seconds": _seconds(lambda: estimator.predict(batch.iloc[:1]), 30),
        "latency_batch_seconds": _seconds(lambda: estimator.predict(batch), 5),
        "batch_rows": _BATCH_ROWS,
    }


def _seconds(action: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return rounded(statistics.median(times), 3)
