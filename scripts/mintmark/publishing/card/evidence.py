"""What a model card says of how good a version is: metrics, slices, importances, cost. Reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.model import SIZE
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.words import explained
from mintmark.core.words.demands import TIMES, condition, cost_name, value_in_words
from mintmark.core.words.numbers import (
    bounds,
    how_measured,
    interval_of,
    number,
    seconds,
    share,
    signed,
    size,
    undefined,
    undefined_names,
)
from mintmark.publishing.card.blocks import code, literal, unwritten
from mintmark.publishing.markdown import details, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.core.model import Model
    from mintmark.core.question import Slice

_MEANINGS: Final = {
    "mse": "mean of the squared errors",
    "rmse": "root of the mean squared error, in the unit of the target",
    "mae": "mean of the absolute errors, in the unit of the target",
    "r2": "share of the target's variance that the model explains",
    "explained_variance": "the same share, with a constant error forgiven",
    "mape": "mean of the absolute errors as shares of the true values",
    "max_error": "the largest absolute error of any row",
    "accuracy": "share of the rows whose class is right",
    "balanced_accuracy": "recall of each class, averaged over the classes",
    "precision": "share of the rows predicted to be of the class that are",
    "recall": "share of the rows of the class that are found",
    "f1": "harmonic mean of precision and recall",
    "roc_auc": "chance that a row of the class gets a higher probability than one of another",
    "average_precision": "precision averaged over all levels of recall",
    "log_loss": "how much the truth surprises who trusts the probabilities",
    "brier": "mean squared error of the probabilities",
}
_OF_A_CLASS: Final = "Precision, recall, F1, ROC AUC and average precision are"
_SHOWN_IMPORTANCES: Final = 10
_SHOWN_CONTRIBUTIONS: Final = 5


def metrics(model: Model, measured: Mapping[str, Any]) -> str:
    """Return every metric with its interval, the primary one first."""
    found = measured["metrics"]
    rows = [_metric_row(name, found[name], model) for name in sorted(found, key=lambda name: name != model.metric.name)]
    absent = [name for name in undefined_names(measured) if name not in found]
    rows += [_undefined_row(name, undefined(measured, name), model) for name in absent]
    header = ("metric", "value", f"{share(measured.get('confidence', 0.95))} interval", "better is", "what it is")
    blocks = [how_measured(measured), table(header, rows)]
    if model.metric.name not in found:
        blocks.insert(0, f"The primary metric is {code(model.metric.name)}, which this version was not measured by.")
    return "\n\n".join([*blocks, *_whose_class(model, measured)])


def _metric_row(name: str, found: Mapping[str, float], model: Model) -> tuple[str, ...]:
    return (
        _label(name, model),
        number(found["value"]),
        bounds(found.get("low"), found.get("high")),
        "more" if greater_is_better(name) else "less",
        _MEANINGS.get(name, ""),
    )


def _undefined_row(name: str, reason: str | None, model: Model) -> tuple[str, ...]:
    goal = "more" if greater_is_better(name) else "less"
    return _label(name, model), literal(reason or ""), "", goal, _MEANINGS.get(name, "")


def _whose_class(model: Model, measured: Mapping[str, Any]) -> list[str]:
    positive = model.positive_class
    if measured["task"] == "multiclass-classification":
        return [f"{_OF_A_CLASS} averages over the classes, each against the rest."]
    if measured["task"] == "binary-classification" and positive is not None:
        return [f"{_OF_A_CLASS} those of the class {value_in_words(positive, code)}."]
    return []


def _label(name: str, model: Model) -> str:
    return f"{code(name)} (primary)" if name == model.metric.name else code(name)


def slices(model: Model, measured: Mapping[str, Any]) -> str:
    """Return the primary metric, and those with a floor, in each slice; a slice that only one side knows is told."""
    declared = {entry.name: entry for entry in model.slices}
    found = measured["slices"]
    names = [*declared, *(name for name in found if name not in declared)]
    if not names:
        return f"{unwritten('slices', model.name)} Without them nothing is known of single groups of rows."
    shown = list(dict.fromkeys([model.metric.name, *model.gates.floors]))
    header = ("slice", "its rows", "how many", *(_label(name, model) for name in shown))
    rows = [_slice_row(name, declared.get(name), measured, shown) for name in names]
    about = (
        "The primary metric, and those that have a floor, on parts of the evaluation rows, with intervals in brackets; "
        f"`metrics.json` has the others. A slice of fewer than {model.gates.slice_min_rows:,} rows says little."
    )
    return f"{about}\n\n{table(header, rows)}"


def _slice_row(name: str, declared: Slice | None, measured: Mapping[str, Any], shown: Sequence[str]) -> list[str]:
    found = measured["slices"].get(name)
    where = "(no longer declared)" if declared is None else condition(declared.where, code)
    if declared is not None and declared.description:
        where = f"{literal(declared.description)}<br>{where}"
    if found is None:
        return [code(name), where, "not measured", *("" for _ in shown)]
    cells = [_slice_cell(name, metric, found["metrics"].get(metric), measured) for metric in shown]
    return [code(name), where, f"{found['rows']:,}", *cells]


def _slice_cell(name: str, metric: str, found: Mapping[str, Any] | None, measured: Mapping[str, Any]) -> str:
    if found is not None:
        return interval_of(found)
    return literal(undefined(measured, metric, name) or "not defined")


def explanation(model: Model, measured: Mapping[str, Any]) -> str:
    """Return the permutation importance of each input, and what moves the answers where that was measured."""
    return "\n\n".join([_importance(model, measured), *_moved(measured)])


def _importance(model: Model, measured: Mapping[str, Any]) -> str:
    """Return the permutation importance of each input, the largest first, and how to read it."""
    found = measured.get("importance")
    if not found:
        return "Permutation importance was not measured for this version."
    order = sorted(found, key=lambda name: (-found[name]["mean"], name))
    spread = explained.has_spread(found)
    rows: list[tuple[str, ...]]
    rows = [(code(name), number(found[name]["mean"]), number(found[name].get("std", 0))) for name in order]
    header: tuple[str, ...] = ("input", "mean", "standard deviation")
    if not spread:
        header, rows = ("input", "importance"), [row[:2] for row in rows]
    blocks = [_how_to_read(model.metric.name, spread=spread), table(header, rows[:_SHOWN_IMPORTANCES])]
    if rest := rows[_SHOWN_IMPORTANCES:]:
        blocks.append(details(f"The other {len(rest)}", table(header, rest)))
    return "\n\n".join(blocks)


def _moved(measured: Mapping[str, Any]) -> Iterator[str]:
    """Yield partial dependence as the ends of each curve, and the largest contributions to each answer told."""
    found = measured.get("explanation")
    if not found:
        return
    yield f"{explained.HOW_CURVES_READ} {explained.background(found)}"
    if found["curves"]:
        header = ("input", "mean of", "at its lowest", "at its highest")
        yield table(header, [_curve_row(curve, found["by"]) for curve in found["curves"]])
    for name, reason in sorted(found.get("left_out", {}).items()):
        yield f"No curve of {code(name)}: {literal(reason)}."
    if found["rows"]:
        yield explained.HOW_ROWS_READ
    for row in found["rows"]:
        yield f"{explained.row_told(row, found['by'], code)}:"
        yield table(("input", "its value", "contribution"), _contribution_rows(row))


def _curve_row(curve: Mapping[str, Any], by: str) -> tuple[str, ...]:
    values, answers = curve["values"], curve["answers"]
    pairs = list(zip(answers, values, strict=False))
    ends = (
        f"{number(answer)} at {_value(value)}" for answer, value in (min(pairs, key=_answer), max(pairs, key=_answer))
    )
    return code(curve["input"]), explained.answered(by, curve.get("class"), code), *ends


def _answer(pair: tuple[float, Any]) -> float:
    return pair[0]


def _value(value: Any) -> str:
    return (
        number(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool)
        else value_in_words(value, code)
    )


def _contribution_rows(row: Mapping[str, Any]) -> list[tuple[str, ...]]:
    order = sorted(row["inputs"], key=lambda name: (-abs(row["inputs"][name]["value"]), name))
    parts = [(code(name), row["inputs"][name]) for name in order[:_SHOWN_CONTRIBUTIONS]]
    rows: list[tuple[str, ...]]
    rows = [(name, explained.standing(part), explained.contribution(part)) for name, part in parts]
    rest = [row["inputs"][name] for name in order[_SHOWN_CONTRIBUTIONS:]] + ([row["others"]] if "others" in row else [])
    return [*rows, ("all others together", "", signed(sum(part["value"] for part in rest)))] if rest else rows


def _how_to_read(metric: str, *, spread: bool) -> str:
    several = ", as the mean and the standard deviation of several shuffles"
    noise = "what lies within two deviations of 0 may be noise" if spread else "one shuffle does not tell what is noise"
    moves = "drops" if greater_is_better(metric) else "rises"
    return (
        f"Permutation importance: by how much {code(metric)} {moves} on the "
        f"evaluation rows when the values of one input are shuffled among the rows{several if spread else ''}. "
        "It says how much this model leans on an input. It does not say that the input "
        "causes anything, nor which way it pushes. Inputs that say the same share their importance, so each of them "
        f"can look unimportant, and {noise}."
    )


def cost(found: Mapping[str, Any]) -> str:
    """Return what the version costs to keep and to run, as it was measured when it was evaluated."""
    times = [(cost_name(name, found.get("batch_rows")), seconds(found[name])) for name in TIMES if name in found]
    rows = [(cost_name(SIZE), size(found[SIZE])), *times]
    return f"Times are medians, on the machine that evaluated it.\n\n{table(('what', 'how much'), rows)}"
