"""What a model card says of what is asked of a version: gates, behaviour tests, monitoring. Reads nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.layout import model_path
from mintmark.core.records import parse_size
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.publishing.card.blocks import code, literal, number, seconds, share, size, unwritten, value
from mintmark.publishing.markdown import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mintmark.core.model import Model

_MOST_COLUMNS: Final = 12
_TIMES: Final = {
    "load_seconds": "time to load it",
    "latency_row_seconds": "time to predict one row",
    "latency_batch_seconds": "time to predict a batch",
}
_INPUTS: Final = {
    "missing-column": "a missing column",
    "nan": "NaN",
    "wrong-type": "a value of the wrong type",
    "no-rows": "no rows",
}
_METHODS: Final = {
    "psi": "population stability index",
    "ks": "Kolmogorov-Smirnov distance",
    "wasserstein": "Wasserstein distance",
}
_SPANS: Final = {"h": "hours", "d": "days", "w": "weeks"}


def gates(model: Model, measured: Mapping[str, Any]) -> str:
    """Return what model.yaml asks of a version now, and where this one stands."""
    about = (
        f"What `{model_path(model.name)}` asks of every version now; it may have asked something else when this one "
        "was proposed. A floor is held against the worse bound of the interval."
    )
    rows = [*_comparisons(model), *_floors(model, measured), *_costs(model, measured)]
    return f"{about}\n\n{table(('gate', 'what is asked', 'this version'), rows)}"


def _comparisons(model: Model) -> Iterator[tuple[str, str, str]]:
    """Yield the gates that a champion is needed for."""
    asked, primary = model.document["gates"], code(model.metric.name)
    alone = "its record alone cannot tell"
    yield "margin", f"{primary} at most {number(asked['margin'])} worse than the champion's", alone
    yield "slice margin", f"in no slice more than {number(asked.get('slice_margin', asked['margin']))} worse", alone
    if "leak_cap" in asked:
        yield "leak cap", f"{primary} at most {number(asked['leak_cap'])} better; more may be a leak", alone


def _floors(model: Model, measured: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, floor in model.document["gates"].get("floors", {}).items():
        most = not greater_is_better(name)
        asked = f"at {'most' if most else 'least'} {number(floor)}"
        yield f"floor of {code(name)}", asked, _against_floor(measured["metrics"].get(name), floor, most=most)


def _against_floor(found: Mapping[str, float] | None, floor: float, *, most: bool) -> str:
    if found is None:
        return "not measured"
    bound = found.get("high" if most else "low")
    if bound is None:
        return f"{number(found['value'])}, without an interval"
    return f"{number(bound)}: {'met' if (bound <= floor if most else bound >= floor) else '**not met**'}"


def _costs(model: Model, measured: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    asked, found = model.document["gates"].get("cost", {}), measured.get("cost", {})
    if "size" in asked:
        limit = _bytes(asked["size"])
        yield "size", f"at most {size(limit)}", _against_limit(found.get("size"), limit, size)
    for name, label in _TIMES.items():
        if name in asked:
            yield label, f"at most {seconds(asked[name])}", _against_limit(found.get(name), asked[name], seconds)


def _bytes(asked: float | str) -> float:
    try:
        return parse_size(asked)
    except OverflowError:  # hundreds of digits
        return math.inf


def _against_limit(found: Any, limit: float, shown: Callable[[Any], str]) -> str:
    return "not measured" if found is None else f"{shown(found)}: {'met' if found <= limit else '**not met**'}"


def behaviour(model: Model) -> str:
    """Return the behaviour tests as model.yaml declares them."""
    declared = model.document.get("behaviour", ())
    if not declared:
        return unwritten("behaviour", model.name)
    rows = [(code(test["name"]), test["kind"].replace("-", " "), _held(test, model)) for test in declared]
    about = (
        f"What `{model_path(model.name)}` declares now. `mintmark review` runs these tests on a pull request; how this "
        "version did in them is not in its record."
    )
    return f"{about}\n\n{table(('test', 'kind', 'what is held'), rows)}"


def _held(test: Mapping[str, Any], model: Model) -> str:
    match test["kind"]:
        case "minimum-functionality":
            held = "<br>".join(f"{_given(case['row'])}: {_answer(case)}" for case in test["cases"])
        case "malformed":
            ends = "an error" if test["expect"] == "error" else "a prediction for each row"
            held = f"{', '.join(_INPUTS[name] for name in test['inputs'])}: {ends}"
        case "invariance":
            held = f"{_changed(test, model)} moves by at most {number(test['tolerance'])} {_in_rows(test)}"
        case _:
            wrong, right = ("fall", "rises") if test["expect"] == "increase" else ("rise", "falls")
            held = f"{_changed(test, model)} does not {wrong} {_in_rows(test)}, and {right} in some"
    return f"{literal(test['description'])}<br>{held}" if "description" in test else held


def _given(row: Mapping[str, Any]) -> str:
    if len(row) > _MOST_COLUMNS:
        return f"a row with {len(row)} given columns"
    return ", ".join(f"{code(column)} {value(given)}" for column, given in row.items())


def _answer(case: Mapping[str, Any]) -> str:
    words = {"expect": "", "at_least": "at least ", "at_most": "at most "}
    return " and ".join(f"{word}{value(case[key])}" for key, word in words.items() if key in case)


def _in_rows(test: Mapping[str, Any]) -> str:
    return f"in at least {share(test['share'])} of the rows"


def _changed(test: Mapping[str, Any], model: Model) -> str:
    """Return a change and what is looked at: `` `age` plus 1: the prediction ``."""
    change = test["change"]
    words = {"add": "plus", "multiply": "times", "noise": "with noise of", "set": "set to"}
    key = next(key for key in words if key in change)
    return f"{code(change['column'])} {words[key]} {value(change[key])}: {_output(model)}"


def _output(model: Model) -> str:
    positive = model.document.get("positive_class")
    if model.task == "regression":
        return "the prediction"
    if model.task == "multiclass-classification":
        return "each probability"
    return f"the probability of {'the second class' if positive is None else value(positive)}"


def monitoring(model: Model) -> str:
    """Return what model.yaml says is watched in production."""
    watched = model.document.get("monitoring", {})
    facts = []
    if drift := watched.get("drift"):
        facts.append(("drift", f"{_METHODS[drift['method']]}, from {number(drift['threshold'])} on"))
    if columns := watched.get("columns"):
        facts.append(("inputs that are watched", ", ".join(map(code, columns))))
    if span := watched.get("window"):
        facts.append(("rows that are looked at", f"those of the last {span[:-1]} {_SPANS[span[-1]]}"))
    if least := watched.get("minimum_rows"):
        facts.append(("fewest rows that say something", f"{least:,}"))
    if not facts:
        return unwritten("monitoring", model.name)
    return f"What `{model_path(model.name)}` declares now.\n\n{table(('what', 'how'), facts)}"
