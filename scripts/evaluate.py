"""Stage 4 of 4: measure the model on the evaluation rows, and profile what it was made from. `evaluate.py MODEL`."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mintmark.artifacts.skops.format import load_trusted
from mintmark.core.layout import candidate_path
from mintmark.core.question import ROW, Question, RecipeFault
from mintmark.core.statistics import evaluation
from mintmark.core.statistics.figures import rounded
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.statistics.metrics import (
    Outcomes,
    class_outcomes,
    metric_value,
    regression_outcomes,
)
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_json, read_json, write_atomically
from mintmark.training import profile, tables
from mintmark.training.recipes import question_faults, read_question, read_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

PLOTS = ("roc", "precision_recall", "calibration", "confusion", "residuals", "predicted")
BATCH_ROWS = 1000


def evaluate(model: str) -> None:
    """Write metrics, scores, predictions, reference profile, signature and plots of a model's candidate."""
    recipe, question = read_recipe(model), read_question(model)
    data = read_json(Path(candidate_path(model, "data.json")))
    train, rows = (
        tables.parse_parquet(Path(candidate_path(model, f"{name}.parquet")).read_bytes())
        for name in ("train", "evaluation")
    )
    artifact = Path(candidate_path(model, "model.skops"))
    estimator = load_trusted(artifact, trusted=recipe.trusted)
    inputs, truth = rows[data["inputs"]], rows[question.target]
    with question_faults(model), threadpool_limits(limits=1):
        classes = classes_of(estimator, question)
        prediction, probabilities = predict(estimator, inputs)
        outcomes = judge(truth, prediction, probabilities, classes, question)
        metrics = evaluation.measure(outcomes, rows, question, resamples=recipe.resamples, seed=recipe.seed)
        metrics["cost"] = cost(artifact, recipe.trusted, inputs)
        metrics["importance"] = importance(
            estimator, inputs, truth, classes, question, repeats=recipe.importance_repeats, seed=recipe.seed
        )
    predicted = pd.Series(prediction)
    records = {
        "metrics.json": metrics,
        "scores.json": {name: interval["value"] for name, interval in metrics["metrics"].items()},
        "signature.json": evaluation.signature(inputs, predicted, probabilities, classes),
    }
    reference = profile.reference_profile(train[data["inputs"]], predicted, probabilities, classes)
    table = evaluation.format_predictions(rows[ROW], truth, prediction, probabilities, classes)
    write_plots(model, evaluation.plot_tables(outcomes))
    write_atomically(candidate_path(model, "predictions.parquet"), tables.format_parquet(table))
    write_atomically(candidate_path(model, "profile.json"), profile.format_profile(reference))
    for name, record in records.items():
        write_atomically(candidate_path(model, name), format_json(record).encode())


def classes_of(estimator: Any, question: Question) -> list[Any]:
    """Return the classes in the order of the probabilities; raise `RecipeFault` where they do not fit the task."""
    classes: list[Any] = np.asarray(getattr(estimator, "classes_", [])).tolist()
    if bool(classes) != question.is_classification:
        made = "classes" if classes else "numbers"
        raise RecipeFault(("task",), f"{question.task} does not fit an estimator that predicts {made}")
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
    """Return truth and predictions as outcomes; raise `MintmarkError` where they are not comparable."""
    try:
        if not question.is_classification:
            return regression_outcomes(truth.to_numpy(), prediction)
        return class_outcomes(truth.to_numpy(), prediction, probabilities, classes, positive=question.positive_class)
    except ValueError as error:
        raise MintmarkError(f"the model's predictions cannot be measured: {error}") from None


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
    """Return by how much the primary metric drops when a column is shuffled (Breiman 2001), mean and deviation."""
    from sklearn.inspection import permutation_importance

    if repeats == 0:
        return {}
    sign = 1 if greater_is_better(question.metric) else -1

    def score(model: Any, shuffled: pd.DataFrame, actual: pd.Series) -> float:
        return sign * metric_value(question.metric, judge(actual, *predict(model, shuffled), classes, question))

    found = permutation_importance(estimator, inputs, truth, scoring=score, n_repeats=repeats, random_state=seed)
    pairs = zip(inputs.columns, found.importances_mean, found.importances_std, strict=True)
    return {str(name): {"mean": rounded(mean), "std": rounded(std)} for name, mean, std in pairs}


def cost(artifact: Path, trusted: tuple[str, ...], inputs: pd.DataFrame) -> dict[str, float]:
    """Return size in bytes and median times in seconds: to load, and to predict one row and a thousand."""
    estimator = load_trusted(artifact, trusted=trusted)
    batch = inputs.iloc[np.arange(BATCH_ROWS) % len(inputs)].reset_index(drop=True)
    return {
        "size": artifact.stat().st_size,
        "load_seconds": seconds(lambda: load_trusted(artifact, trusted=trusted), 5),
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


def write_plots(model: str, plots: Any) -> None:
    """Write each plot into the folder of its own that dvc.yaml declares; those of another task stay empty."""
    for name in PLOTS:
        folder = Path(candidate_path(model, f"plots/{name}"))
        folder.mkdir(parents=True, exist_ok=True)
        if name in plots:
            write_atomically(folder / f"{name}.csv", tables.format_csv(plots[name]))


if __name__ == "__main__":
    try:
        evaluate(sys.argv[1])
    except MintmarkError as error:
        sys.exit(str(error))
