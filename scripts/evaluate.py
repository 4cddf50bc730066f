"""Stage 4 of 4: measure the model on the evaluation rows, and profile what it was made from. `evaluate.py MODEL`."""

from __future__ import annotations

from mintmark.training import arithmetic  # noqa: F401 - before NumPy: it settles how that computes

# isort: split

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mintmark.artifacts.loading import load_artifact
from mintmark.artifacts.skops.format import import_skops_alone, load_trusted
from mintmark.core.layout import candidate_path
from mintmark.core.question import ROW, Question, RecipeFault
from mintmark.core.statistics import evaluation
from mintmark.core.statistics.curves import plot_columns
from mintmark.core.statistics.figures import rounded
from mintmark.core.statistics.metric_names import PROBABILITY_METRICS, greater_is_better
from mintmark.core.statistics.metrics import (
    Outcomes,
    class_outcomes,
    metric_value,
    regression_outcomes,
)
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_json, read_json, write_atomically
from mintmark.training import profile, tables
from mintmark.training.compression import OnnxEstimator
from mintmark.training.explaining.explanation import explain
from mintmark.training.fit_faults import recipe_fault
from mintmark.training.importance import permutation_importance
from mintmark.training.recipes import question_faults, read_both, read_output, recipe_faults
from mintmark.training.splitting import ordered_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH_ROWS = 1000


def evaluate(model: str) -> None:
    """Write metrics, scores, predictions, reference profile, signature, plots and cost of a model's candidate."""
    recipe, question = read_both(model)
    data = read_json(Path(candidate_path(model, "data.json")))
    train, rows = (
        tables.parse_parquet(read_output(candidate_path(model, f"{name}.parquet"))) for name in ("train", "evaluation")
    )
    import_skops_alone()
    artifact = candidate_path(model, recipe.artifact)
    read_output(artifact)
    load = loader(Path(artifact), recipe.trusted, train[question.target], question)
    estimator = load()
    inputs, truth = rows[data["inputs"]], rows[question.target]
    with question_faults(model), threadpool_limits(limits=1):
        classes = classes_of(estimator, question)
        with recipe_faults(model):
            try:
                prediction, probabilities = predict(estimator, inputs)
            except Exception as error:  # whatever scikit-learn, or a class of the team's own, says of these rows
                raise recipe_fault(error, estimator, recipe, inputs) from error
        outcomes = judge(truth, prediction, probabilities, classes, question)
        metrics = evaluation.measure(outcomes, rows, question, resamples=recipe.resamples, seed=recipe.seed)
        metrics["importance"] = importance(
            estimator, inputs, truth, classes, question, repeats=recipe.importance_repeats, seed=recipe.seed
        )
        if recipe.explain:
            metrics["explanation"] = explanation(
                estimator, inputs, classes, question, found=metrics["importance"], seed=recipe.seed
            )
        measured = cost(Path(artifact), load, inputs)
    predicted = pd.Series(prediction)
    records = {
        "metrics.json": metrics,
        "scores.json": {name: interval["value"] for name, interval in metrics["metrics"].items()},
        "signature.json": evaluation.signature(inputs, predicted, probabilities, classes),
        "cost.json": measured,
    }
    reference = profile.reference_profile(
        train[data["inputs"]],
        predicted,
        probabilities,
        classes,
        entities=None if question.entity_column is None else train[question.entity_column],
        times=times_of(train, data),
    )
    table = evaluation.format_predictions(rows[ROW], truth, prediction, probabilities, classes)
    write_plots(model, outcomes)
    write_atomically(candidate_path(model, "predictions.parquet"), tables.format_parquet(table))
    write_atomically(candidate_path(model, "profile.json"), profile.format_profile(reference))
    for name, record in records.items():
        write_atomically(candidate_path(model, name), format_json(record).encode())


def times_of(train: pd.DataFrame, data: dict[str, Any]) -> pd.Series | None:
    """Return when each training row was: the column that the split goes by, else the only one that holds times."""
    if data["split"]["method"] == "time":
        return ordered_times(train[data["split"]["by"]])
    times = [name for name in train.columns if pd.api.types.is_datetime64_any_dtype(train[name])]
    return train[times[0]] if len(times) == 1 else None


def loader(artifact: Path, trusted: tuple[str, ...], truth: pd.Series, question: Question) -> Callable[[], Any]:
    """Return what loads the candidate: an estimator, or an ONNX model whose classes are those of the training rows."""
    if artifact.suffix != ".onnx":
        return lambda: load_trusted(artifact, trusted=trusted)
    classes = np.unique(truth.to_numpy()).tolist() if question.is_classification else []
    return lambda: OnnxEstimator(load_artifact(artifact, "onnx"), classes)


def classes_of(estimator: Any, question: Question) -> list[Any]:
    """Return the classes in the order of the probabilities; raise `RecipeFault` where they do not fit the task."""
    classes: list[Any] = np.asarray(getattr(estimator, "classes_", [])).tolist()
    if bool(classes) != question.is_classification:
        made = "classes" if classes else "numbers"
        raise RecipeFault(("task",), f"{question.task} does not fit an estimator that predicts {made}")
    if question.is_classification and len(classes) < 2:
        message = (
            f'all training rows have the "{question.target}" {classes[0]!r}; split so that other classes are there'
        )
        raise RecipeFault(("target",), message)
    if question.task == "binary-classification" and len(classes) != 2:
        raise RecipeFault(("task",), f"the model knows {len(classes)} classes; write multiclass-classification")
    if question.positive_class is not None and question.positive_class not in classes:
        raise RecipeFault(("positive_class",), f"{question.positive_class!r} is not one of the classes {classes}")
    return classes


def predict(estimator: Any, inputs: pd.DataFrame) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """Return the predictions, and the probabilities where the estimator gives them."""
    probabilities = estimator.predict_proba(inputs) if hasattr(estimator, "predict_proba") else None
    return estimator.predict(inputs), probabilities


def judge(truth: pd.Series, prediction: Any, probabilities: Any, classes: list[Any], question: Question) -> Outcomes:
    """Return truth and predictions as outcomes; raise `RecipeFault` where they are not comparable."""
    try:
        if not question.is_classification:
            return regression_outcomes(truth.to_numpy(), prediction)
        return class_outcomes(truth.to_numpy(), prediction, probabilities, classes, positive=question.positive_class)
    except ValueError as error:
        message = f'the model\'s predictions cannot be measured against "{question.target}" of the evaluation rows'
        raise RecipeFault(("target",), f"{message}: {error}") from None


def importance(
    estimator: Any,
    inputs: pd.DataFrame,
    truth: pd.Series,
    classes: list[Any],
    question: Question,
    *,
    repeats: int,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Return by how much the primary metric drops when a column is shuffled."""
    needs_probabilities = question.metric in PROBABILITY_METRICS
    sign = 1 if greater_is_better(question.metric) else -1

    def outcomes(rows: pd.DataFrame, copies: int) -> Iterator[Outcomes]:
        if needs_probabilities:  # the metric looks at nothing else
            probabilities = estimator.predict_proba(rows)
            prediction = np.asarray(classes)[probabilities.argmax(axis=1)]
        else:
            prediction, probabilities = np.asarray(estimator.predict(rows)), None
        for part in np.split(np.arange(len(rows)), copies):
            part_of = None if probabilities is None else probabilities[part]
            yield judge(truth, prediction[part], part_of, classes, question)

    def score(found: Outcomes) -> float:
        return sign * metric_value(question.metric, found)

    return permutation_importance(inputs, outcomes, score, repeats=repeats, seed=seed)


def explanation(
    estimator: Any,
    inputs: pd.DataFrame,
    classes: list[Any],
    question: Question,
    *,
    found: dict[str, dict[str, float]],
    seed: int,
) -> dict[str, Any]:
    """Return what moves the answers: probabilities where there are some, else how often each class is answered."""
    by = "prediction" if not classes else "probability" if hasattr(estimator, "predict_proba") else "share"

    def answers(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        if by == "probability":
            return np.asarray(estimator.predict_proba(rows), dtype=np.float64)
        given = np.asarray(estimator.predict(rows))
        told = given[:, None] == np.asarray(classes)[None, :] if classes else given.reshape(len(rows), -1)
        return told.astype(np.float64)

    positive = question.positive_class
    return explain(inputs, answers, classes, importance=found, positive=positive, by=by, seed=seed)


def cost(artifact: Path, load: Callable[[], Any], inputs: pd.DataFrame) -> dict[str, Any]:
    """Return median times in seconds: to load, to predict one row and a thousand; with the digest of what they are of.

    No run takes as long as the last, so this is no output of the stage: it would change dvc.lock each time.
    """
    estimator = load()
    batch = inputs.iloc[np.arange(BATCH_ROWS) % len(inputs)].reset_index(drop=True)
    return {
        "schema": 1,
        "artifact": tables.digest_bytes(artifact.read_bytes()),
        "load_seconds": seconds(load, 5),
        "latency_row_seconds": seconds(lambda: estimator.predict(batch.iloc[:1]), 30),
        "latency_batch_seconds": seconds(lambda: estimator.predict(batch), 5),
        "batch_rows": BATCH_ROWS,
    }


def seconds(action: Callable[[], Any], repeats: int) -> float:
    """Return the median time that an action takes, with three digits."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return rounded(statistics.median(times), 3)


def write_plots(model: str, outcomes: Outcomes) -> None:
    """Write each plot into the folder of its own that dvc.yaml declares; those of another task have no rows."""
    for name, columns in plot_columns(outcomes).items():
        path = Path(candidate_path(model, f"plots/{name}/{name}.csv"))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, tables.format_csv(pd.DataFrame(columns)))


if __name__ == "__main__":
    try:
        evaluate(sys.argv[1])
    except MintmarkError as error:
        sys.exit(str(error))
