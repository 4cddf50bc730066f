"""The first recipe of a model for a table: cleaning, a stable split, and a plain baseline. Pure.

What `prepare` would refuse is tried here, on the rows themselves, so that the first `dvc repro` works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mintmark.core.question import ROW, Question, RecipeFault, Task
from mintmark.errors import MintmarkError
from mintmark.training import cleaning, folds, missing, splitting
from mintmark.training.recipe import Recipe

if TYPE_CHECKING:
    from mintmark.beginning.roles import Roles

_SHARES: Final = (0.3, 0.35, 0.4, 0.25, 0.45, 0.2, 0.5)
_FOLDS: Final = (5, 4, 3, 2)
_SEED = 1
_SKLEARN = "sklearn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A model's section of params.yaml, and how many rows fall on each side of its split."""

    section: dict[str, Any]
    training: int
    evaluation: int


def draft(frame: pd.DataFrame, roles: Roles, question: Question, source: dict[str, str], *, model: str) -> Draft:
    """Return the first section whose split leaves rows of every class on both sides, and folds that can be cut.

    Raises `MintmarkError` with what keeps every one from working.
    """
    last = RecipeFault((), "no split works")
    for share in _SHARES:
        for number in _FOLDS:
            section = _section(frame, roles, question, source, share=share, number=number)
            try:
                parts = _try(frame, Recipe.from_dict(model, section), question)
            except RecipeFault as fault:
                last = fault
                continue
            return Draft(section=section, training=parts[0], evaluation=parts[1])
    words = "\n".join(one.message for one in last.faults)
    raise MintmarkError(f"{source['path']}: no first recipe works for these rows: {words}")


def _section(
    frame: pd.DataFrame, roles: Roles, question: Question, source: dict[str, str], *, share: float, number: int
) -> dict[str, Any]:
    prepare: dict[str, Any] = {} if roles.id is None else {"id": roles.id}
    types = _types(frame, roles, question)
    if types:
        prepare["types"] = types
    if roles.left_out:
        prepare["drop"] = list(roles.left_out)
    if roles.times:
        prepare["carry"] = list(roles.times)
    rules = _missing(frame, roles, question)
    if rules:
        prepare["missing"] = {"columns": rules}
    repeated = frame.drop(columns=[name for name in (roles.id, *roles.left_out) if name is not None])
    if repeated.duplicated().any():
        prepare["duplicates"] = "drop"
    prepare["split"] = {"method": "hash", "evaluation": share}
    steps, space = _baseline(frame, roles, question.task)
    return {
        "seed": _SEED,
        "source": source,
        "prepare": prepare,
        "estimator": {"class": f"{_SKLEARN}.pipeline.Pipeline", "parameters": {"steps": steps}},
        "tune": {"search": "grid", "folds": number, "space": space},
        "evaluate": {"resamples": 2000, "explain": True},
    }


def _types(frame: pd.DataFrame, roles: Roles, question: Question) -> dict[str, str]:
    """Return what is declared: texts, which a later file might make numbers of, and times that are written as text."""
    types = dict.fromkeys(roles.texts, "string")
    types |= {name: "datetime" for name in roles.times if not pd.api.types.is_datetime64_any_dtype(frame[name].dtype)}
    target = frame[question.target]
    is_text = not pd.api.types.is_numeric_dtype(target.dtype)
    return types | ({question.target: "string"} if question.is_classification and is_text else {})


def _missing(frame: pd.DataFrame, roles: Roles, question: Question) -> dict[str, str]:
    """Return the rules for columns with gaps: the estimator fills inputs, as it must in production."""
    gaps = [name for name in frame.columns if frame[name].isna().any() and name not in roles.left_out]
    rules = {name: "keep" for name in gaps if name != question.target}
    return {question.target: "drop-row", **rules} if question.target in gaps else rules


def _baseline(frame: pd.DataFrame, roles: Roles, task: Task) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return the steps of a linear model behind the usual encodings, and the few values of its penalty to try."""
    if task == "regression":
        model: dict[str, Any] = {"class": f"{_SKLEARN}.linear_model.Ridge"}
        space: dict[str, list[Any]] = {"model__alpha": [0.1, 1, 10, 100]}
    else:
        model = {"class": f"{_SKLEARN}.linear_model.LogisticRegression", "parameters": {"max_iter": 2000}}
        space = {"model__C": [0.01, 0.1, 1, 10]}
    return {"columns": _columns(frame, roles), "model": model}, space


def _columns(frame: pd.DataFrame, roles: Roles) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if roles.numbers:
        steps: dict[str, Any] = {}
        if frame[list(roles.numbers)].isna().any().any():
            steps["fill"] = {"class": f"{_SKLEARN}.impute.SimpleImputer", "parameters": {"strategy": "median"}}
        steps["scale"] = {"class": f"{_SKLEARN}.preprocessing.StandardScaler"}
        parts["numbers"] = {"transformer": _pipeline(steps), "columns": list(roles.numbers)}
    if roles.texts:
        encoder = {"class": f"{_SKLEARN}.preprocessing.OneHotEncoder", "parameters": {"handle_unknown": "ignore"}}
        parts["texts"] = {"transformer": encoder, "columns": list(roles.texts)}
    return {"class": f"{_SKLEARN}.compose.ColumnTransformer", "parameters": {"transformers": parts}}


def _pipeline(steps: dict[str, Any]) -> dict[str, Any]:
    if len(steps) == 1:
        return dict(next(iter(steps.values())))
    return {"class": f"{_SKLEARN}.pipeline.Pipeline", "parameters": {"steps": steps}}


def _try(frame: pd.DataFrame, recipe: Recipe, question: Question) -> tuple[int, int]:
    """Clean, split and cut as `prepare` and `tune` will; raise `RecipeFault` where they would, or lack a class."""
    preparation, target = recipe.preparation, question.target
    rows = cleaning.select_columns(frame.copy(), preparation, target, entity=question.entity_column)
    rows = cleaning.apply_types(rows, preparation.types)
    rows = cleaning.drop_duplicates(rows, preparation.duplicates)
    needed = {target: "the target", question.entity_column: "entity_column in model.yaml"}
    aside = {*preparation.carry, question.entity_column}
    rows = missing.drop_missing(rows, preparation, needed=needed, carried=aside)
    inputs = [name for name in rows.columns if name not in {ROW, target, *aside}]
    for fault in (*cleaning.input_faults(rows, inputs), *cleaning.target_faults(rows[target], rows[ROW], question)):
        raise fault
    columns = splitting.Columns(
        target=target, inputs=inputs, entity=question.entity_column, has_id=preparation.id is not None
    )
    training, evaluation = splitting.split_rows(rows, preparation.split, columns, seed=recipe.seed)
    if question.is_classification:
        _require_classes(rows[target], training, evaluation)
    train = rows.iloc[training].reset_index(drop=True)
    unit = splitting.unit_of(preparation.split, columns)
    kept = folds.kept_by({"method": preparation.split.method, "by": unit}, train, question)
    folds.cut(
        train[inputs], train[target], recipe.tuning.folds, is_classification=question.is_classification,
        seed=recipe.seed, kept=kept,
    )  # fmt: skip
    return len(training), len(evaluation)


def _require_classes(truth: pd.Series, training: Any, evaluation: Any) -> None:
    for side, part in (("training", training), ("evaluation", evaluation)):
        lacking = set(truth) - set(truth.iloc[part])
        if lacking:
            label = min(lacking, key=str)
            raise RecipeFault((), f"the class {label!r} is too rare to be on both sides of a split: {side} lacks it")
