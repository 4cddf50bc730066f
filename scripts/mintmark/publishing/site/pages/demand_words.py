"""Conditions of slices and behaviour tests of model.yaml in plain sentences, not escaped. Reads no files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.finding import shorten
from mintmark.publishing.review.words import number, share

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_COLUMNS: Final = 12
_LONGEST: Final = 160
_INPUTS: Final = {
    "missing-column": "a missing column",
    "nan": "NaN",
    "wrong-type": "a value of the wrong type",
    "no-rows": "no rows",
}
_CHANGES: Final = {"add": "plus", "multiply": "times", "noise": "with noise of", "set": "set to"}
_EXPECTED: Final = {"expect": "", "at_least": "at least ", "at_most": "at most "}


def plain_value(given: Any, *, digits: bool = False) -> str:
    """Return any value of a record on a line: texts as they are, `none`, `true`, lists and mappings as JSON.

    Numbers are written out, or with `digits` as people compare them.
    """
    if isinstance(given, str):
        return shorten(given, _LONGEST)
    if given is None:
        return "none"
    if digits and isinstance(given, (int, float)) and not isinstance(given, bool):
        return number(given)
    return shorten(json.dumps(given, ensure_ascii=False), _LONGEST)


def condition(where: Mapping[str, Any]) -> str:
    """`age is at least 55`."""
    column = where["column"]
    if "equals" in where:
        return f"{column} is {plain_value(where['equals'])}"
    if "in" in where:
        return shorten(f"{column} is one of {', '.join(map(plain_value, where['in']))}", 2 * _LONGEST)
    bounds = (("at_least", "at least"), ("below", "below"))
    return f"{column} is " + " and ".join(f"{words} {number(where[key])}" for key, words in bounds if key in where)


def held(test: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """Return what a behaviour test holds a version to, a sentence for each of its cases."""
    match test["kind"]:
        case "minimum-functionality":
            return [f"{_given(case['row'])}: {_answer(case)}" for case in test["cases"]]
        case "malformed":
            ends = "an error" if test["expect"] == "error" else "a prediction for each row"
            return [f"{', '.join(_INPUTS[name] for name in test['inputs'])}: {ends}"]
        case "invariance":
            return [f"{_changed(test, model)} moves by at most {number(test['tolerance'])} {_in_rows(test)}"]
    wrong, right = ("fall", "rises") if test["expect"] == "increase" else ("rise", "falls")
    return [f"{_changed(test, model)} does not {wrong} {_in_rows(test)}, and {right} in some"]


def _given(row: Mapping[str, Any]) -> str:
    if len(row) > _MOST_COLUMNS:
        return f"a row with {len(row)} given columns"
    return ", ".join(f"{column} {plain_value(given, digits=True)}" for column, given in row.items())


def _answer(case: Mapping[str, Any]) -> str:
    found = (f"{word}{plain_value(case[key], digits=True)}" for key, word in _EXPECTED.items() if key in case)
    return " and ".join(found)


def _in_rows(test: Mapping[str, Any]) -> str:
    return f"in at least {share(test['share'])} of the rows"


def _changed(test: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """`age plus 1: the prediction`."""
    change = test["change"]
    key = next(key for key in _CHANGES if key in change)
    return f"{change['column']} {_CHANGES[key]} {plain_value(change[key], digits=True)}: {_output(model)}"


def _output(model: Mapping[str, Any]) -> str:
    if model["task"] == "regression":
        return "the prediction"
    if model["task"] == "multiclass-classification":
        return "each probability"
    positive = model.get("positive_class")
    return f"the probability of {'the second class' if positive is None else plain_value(positive)}"
