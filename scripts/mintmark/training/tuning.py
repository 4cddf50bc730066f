"""Search for the best parameters: grid, random or successive halving. Knows no files or clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mintmark.core.question import KeyPath, Label, Question, RecipeFault, raise_faults
from mintmark.training import folds
from mintmark.training.estimators import build, build_value, hint, invalid_parameters
from mintmark.training.fit_faults import Part, fit_fault, parts_of
from mintmark.training.recipe import Tuning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.training.folds import Fold, Kept

Parameters = dict[str, Any]
_SCORERS = {
    "mse": "neg_mean_squared_error",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "r2": "r2",
    "explained_variance": "explained_variance",
    "mape": "neg_mean_absolute_percentage_error",
    "max_error": "neg_max_error",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "log_loss": "neg_log_loss",
}
_REGRESSION = ("mse", "rmse", "mae", "r2", "explained_variance", "mape", "max_error")


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found: parameters as params.yaml writes them, the mean score (more is better), and every trial."""

    parameters: Parameters
    score: float
    deviation: float
    trials: pd.DataFrame


def search(
    specification: Mapping[str, Any],
    tuning: Tuning,
    question: Question,
    inputs: pd.DataFrame,
    truth: pd.Series,
    *,
    seed: int,
    kept: Kept | None = None,
    progress: bool = False,
    decimal: str = ".",
) -> Search:
    """Try the space of `tuning` and return the best parameters, by the mean score over folds that the seed fixes.

    The folds are of the split's own kind: what `kept` keeps together, or in order, is so in each of them.

    The first of equal candidates wins. joblib's current backend decides where the work is done; the result does not
    depend on it. Raises `RecipeFault` for a parameter that the estimator has not or a value that it refuses; `decimal`
    is the sign that numbers have in the source.
    """
    raise_faults(search_faults(specification, tuning, question, seed=seed))
    estimator = build(specification, seed=seed)
    spaces, written, _ = _built_spaces(tuning, seed, specification.get("trusted", ()))
    cuts = folds.cut(inputs, truth, tuning.folds, is_classification=question.is_classification, seed=seed, kept=kept)
    engine = _engine(estimator, tuning, spaces, _scorer(tuning.metric or question.metric, question), cuts, seed)
    if progress:
        _show_progress(engine)
    try:
        engine.fit(inputs, truth)
    except Exception as error:  # whatever scikit-learn, or a class of the team's own, says of these rows
        parts = [*parts_of(estimator, specification, ("estimator",)), *_searched_parts(tuning, spaces)]
        raise fit_fault(error, parts, tuning.places(), inputs, decimal=decimal) from error
    _refuse_unscored(engine.cv_results_, tuning.metric or question.metric, truth, cuts)
    return _result(engine, written)


def search_faults(
    specification: Mapping[str, Any], tuning: Tuning, question: Question, *, seed: int
) -> list[RecipeFault]:
    """Return all that is wrong with an estimator, its space and the metric of its search, whatever the rows are."""
    spaces, _, faults = _built_spaces(tuning, seed, specification.get("trusted", ()))
    try:
        faults += _name_faults(build(specification, seed=seed), tuning, spaces)
    except RecipeFault as fault:
        faults = [*fault.faults, *faults]
    try:
        _scorer(tuning.metric or question.metric, question)
    except RecipeFault as fault:
        whose = "" if tuning.metric else "; it is the metric of model.yaml, so write another there"
        faults.append(RecipeFault(fault.place, f"{fault.message}{whose}"))
    return faults


def _searched_parts(tuning: Tuning, spaces: Sequence[Parameters]) -> Iterator[Part]:
    """Yield the estimators that the spaces put into the recipe's."""
    for index, space in enumerate(spaces):
        for name, choice in space.items():
            for i, value in enumerate(choice if isinstance(choice, list) else ()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    place = (*tuning.place(index, name), i)
                    yield from parts_of(value, tuning.spaces[index][name][i], place, name=name)


def _refuse_unscored(results: Mapping[str, Any], metric: str, truth: pd.Series, cuts: Sequence[Fold]) -> None:
    """Raise `RecipeFault` where no trial has a score on every fold: nothing tells which is the best."""
    if np.isfinite(results["mean_test_score"]).any():
        return
    fold = next(n for n in range(len(cuts)) if not np.isfinite(results[f"split{n}_test_score"]).all())
    labels = truth.iloc[cuts[fold][1]].unique()
    why = f"; its {len(cuts[fold][1])} rows all hold {labels.tolist()[0]!r}" if len(labels) == 1 else ""
    raise RecipeFault(
        ("tune", "folds"),
        f"{metric} has no value on fold {fold + 1} of {len(cuts)}{why}; write fewer folds, or tune by another metric",
    )


def _result(engine: Any, written: Mapping[int, Any]) -> Search:
    results = engine.cv_results_
    best = int(engine.best_index_)
    parameters = [{k: written.get(id(v), v) for k, v in trial.items()} for trial in results["params"]]
    return Search(
        parameters={k: _plain(v) for k, v in sorted(parameters[best].items())},
        score=float(results["mean_test_score"][best]),
        deviation=float(results["std_test_score"][best]),
        trials=_trials(results, parameters),
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _trials(results: Mapping[str, Any], parameters: Sequence[Parameters]) -> pd.DataFrame:
    """Return number, score, deviation, rank and parameters of each trial; no times, which vary."""
    frame = pd.DataFrame({"trial": range(len(parameters))})
    for column in ("iter", "n_resources"):
        if column in results:
            frame[column] = np.asarray(results[column])
    frame["score"] = results["mean_test_score"]
    frame["deviation"] = results["std_test_score"]
    frame["rank"] = results["rank_test_score"]
    for name in sorted({name for trial in parameters for name in trial}):
        frame[name] = [_shown(trial[name]) if name in trial else "" for trial in parameters]
    return frame


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "class" in value:
        return str(value["class"]).rpartition(".")[2]
    return str(value["function"]) if isinstance(value, dict) and set(value) == {"function"} else str(value)


def _built_spaces(
    tuning: Tuning, seed: int, trusted: Sequence[str]
) -> tuple[list[Parameters], dict[int, Any], list[RecipeFault]]:
    """Return the spaces with estimators built, for each of those (by `id`) how params.yaml writes it, and the faults.

    Choices with a fault are left out.
    """
    written: dict[int, Any] = {}
    spaces: list[Parameters] = []
    faults: list[RecipeFault] = []
    for index, space in enumerate(tuning.spaces):
        built: Parameters = {}
        for name, choice in space.items():
            place = tuning.place(index, name)
            if isinstance(choice, dict):
                built[name] = _range(choice)
                continue
            values = []
            for i, value in enumerate(choice):
                try:
                    built_value = build_value(value, seed=seed, trusted=trusted, place=(*place, i), name=name)
                except RecipeFault as fault:
                    faults += fault.faults
                else:
                    values.append(built_value)
            if len(values) < len(choice):
                built[name] = values
                continue
            written |= {id(b): v for b, v in zip(values, choice, strict=True) if isinstance(v, (dict, list))}
            built[name] = values
        spaces.append(built)
    return spaces, written, faults


def _range(choice: Mapping[str, Sequence[float]]) -> Any:
    from scipy import stats

    (kind, (low, high)) = next(iter(choice.items()))
    if kind == "uniform":
        return stats.uniform(low, high - low)
    if kind == "log_uniform":
        return stats.loguniform(low, high)
    return stats.randint(int(low), int(high) + 1)


def _name_faults(estimator: Any, tuning: Tuning, spaces: Sequence[Parameters]) -> list[RecipeFault]:
    """Return what is wrong with the names and values of the spaces.

    A name is known when the estimator has it, or an estimator that the same space puts in its place. A value is wrong
    where every estimator that it may be set on refuses it.
    """
    faults: list[RecipeFault] = []
    for index, space in enumerate(spaces):
        known = set(estimator.get_params(deep=True))
        for name, choice in space.items():
            options = choice if isinstance(choice, list) else []
            known |= {f"{name}__{p}" for o in options if hasattr(o, "get_params") for p in o.get_params(deep=True)}
        for name, choice in space.items():
            place = tuning.place(index, name)
            if name not in known:
                message = f'{type(estimator).__name__} has no parameter "{name}"{hint(name, known)}'
                faults.append(RecipeFault(place, message))
            elif isinstance(choice, list):
                faults += _refused(_owners(estimator, space, name), name.rpartition("__")[2], choice, place)
    return faults


def _owners(estimator: Any, space: Parameters, name: str) -> list[Any]:
    """Return the estimators that a parameter may be set on: those in the space where it has some, or the one."""
    prefix = name.rpartition("__")[0]
    put = space.get(prefix)
    owners = put if isinstance(put, list) else [estimator.get_params(deep=True).get(prefix)] if prefix else [estimator]
    leaf = name.rpartition("__")[2]
    return [owner for owner in owners if hasattr(owner, "get_params") and leaf in owner.get_params(deep=False)]


def _refused(owners: Sequence[Any], leaf: str, choice: Sequence[Any], place: KeyPath) -> list[RecipeFault]:
    faults = []
    for i, value in enumerate(choice):
        messages = [[m for _, m in invalid_parameters(type(owner), {leaf: value})] for owner in owners]
        if messages and all(messages):
            faults.append(RecipeFault((*place, i), messages[0][0]))
    return faults


def _engine(
    estimator: Any, tuning: Tuning, spaces: list[Parameters], scoring: Any, cuts: Sequence[Fold], seed: int
) -> Any:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - the import is what enables it
    from sklearn.model_selection import (
        GridSearchCV,
        HalvingGridSearchCV,
        HalvingRandomSearchCV,
        RandomizedSearchCV,
    )

    common = {
        "scoring": scoring,
        "cv": cuts,
        "refit": False,
        "error_score": "raise",
    }
    if tuning.search == "grid":
        return GridSearchCV(estimator, spaces, **common)
    if tuning.search == "random":
        return RandomizedSearchCV(estimator, spaces, n_iter=tuning.trials, random_state=seed, **common)
    halving = common | {"factor": tuning.factor, "random_state": seed}
    if tuning.trials is None:
        return HalvingGridSearchCV(estimator, spaces, **halving)
    return HalvingRandomSearchCV(estimator, spaces, n_candidates=tuning.trials, **halving)


def _scorer(metric: str, question: Question) -> Any:
    """Return scikit-learn's scorer for a metric, more is better: a worker elsewhere needs nothing of ours to run it."""
    if (metric in _REGRESSION) == question.is_classification:
        raise RecipeFault(("tune", "metric"), f"{metric} is not a metric of {question.task}")
    if metric in _SCORERS:
        return _SCORERS[metric]
    binary = question.task == "binary-classification"
    return _binary_scorer(metric, question.positive_class) if binary else _multiclass_scorer(metric)


def _binary_scorer(metric: str, positive: Label | None) -> Any:
    from sklearn import metrics

    label = {} if positive is None else {"pos_label": positive}
    if metric in ("precision", "recall", "f1"):
        return metrics.make_scorer(getattr(metrics, f"{metric}_score"), zero_division=0, **label)
    if metric == "roc_auc":
        return "roc_auc"  # the same for either class as the positive one
    if metric == "average_precision":
        return metrics.make_scorer(metrics.average_precision_score, response_method="predict_proba", **label)
    return metrics.make_scorer(
        metrics.brier_score_loss, greater_is_better=False, response_method="predict_proba", **label
    )


def _multiclass_scorer(metric: str) -> Any:
    from sklearn import metrics

    if metric in ("precision", "recall", "f1"):
        return metrics.make_scorer(getattr(metrics, f"{metric}_score"), average="macro", zero_division=0)
    if metric == "roc_auc":
        return "roc_auc_ovr"
    if metric == "average_precision":
        return metrics.make_scorer(metrics.average_precision_score, response_method="predict_proba")
    return metrics.make_scorer(metrics.brier_score_loss, greater_is_better=False, response_method="predict_proba")


def _show_progress(engine: Any) -> None:
    """Have scikit-learn draw a progress bar, where it can (1.9 and newer)."""
    try:
        from sklearn.callback import ProgressBar
    except ImportError:
        return
    engine.set_callbacks(ProgressBar(max_propagation_depth=0))
