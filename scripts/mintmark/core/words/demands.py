"""What model.yaml asks for, in words: conditions of slices, behaviour tests, gates, limits of cost. Pure.

Names and texts of model.yaml are anybody's, so every function that weaves them into a sentence is given the `escape`
of the place where the sentence is shown. The words around them are the same everywhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Protocol

from mintmark.core.behaviour_tests import Direction, Invariance, Malformed, MinimumFunctionality
from mintmark.core.finding import shorten
from mintmark.core.model import SIZE
from mintmark.core.words.numbers import number, seconds, share, size, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.behaviour_tests import BehaviourTest, ExpectedCase, InputChange
    from mintmark.core.model import Gates
    from mintmark.core.question import Condition
    from mintmark.core.words.numbers import InWords

_COSTS: Final = {
    SIZE: "size",
    "load_seconds": "time to load it",
    "latency_row_seconds": "time to predict one row",
    "latency_batch_seconds": "time to predict a batch",
}
TIMES: Final = tuple(name for name in _COSTS if name != SIZE)
_INPUTS: Final = {
    "missing-column": "a missing column",
    "nan": "NaN",
    "wrong-type": "a value of the wrong type",
    "no-rows": "no rows",
}
_CHANGES: Final = {"add": "plus", "multiply": "times", "noise": "with noise of", "set": "set to"}
_MOST_COLUMNS: Final = 12
_MOST_VALUES: Final = 20
_LONGEST: Final = 160


class Escape(Protocol):
    """A function that makes a text of anybody's safe to show, and shows it as it is."""

    def __call__(self, text: str, /) -> str:
        """Return a text as it is written where the sentence is shown."""


def as_it_is(text: str) -> str:
    """Escape nothing: for terminals, which take one line, and for templates, which escape what they are given."""
    return text


def value_in_words(given: Any, escape: Escape = as_it_is) -> str:
    """Return a value of YAML: a text through `escape`, a number with every digit, `true`, `none`, lists as JSON."""
    if given is None:
        return "none"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (int, float)):
        return written(given)
    return escape(shorten(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False), _LONGEST))


def condition(where: Condition, escape: Escape) -> str:
    """`age is at least 55`: which rows a slice has."""
    column = escape(where.column)
    if where.among is not None:
        listed = [value_in_words(given, escape) for given in where.among[:_MOST_VALUES]]
        more = len(where.among) - len(listed)
        return f"{column} is one of {', '.join(listed)}{f' and {more:,} more' if more else ''}"
    bounds = (("at least", where.at_least), ("below", where.below))
    told = [f"{words} {written(bound)}" for words, bound in bounds if bound is not None]
    return f"{column} is {' and '.join(told) or value_in_words(where.equals, escape)}"


def prediction(task: str, positive_class: Any, escape: Escape) -> str:
    """Return what behaviour tests look at: `the probability of malignant`."""
    if task == "regression":
        return "the prediction"
    if task == "multiclass-classification":
        return "each probability"
    positive = "the second class" if positive_class is None else value_in_words(positive_class, escape)
    return f"the probability of {positive}"


def behaviour(test: BehaviourTest, looked_at: str, escape: Escape) -> list[str]:
    """Return what a behaviour test asks, a sentence for each of its cases; `looked_at` comes from `prediction`."""
    match test:
        case MinimumFunctionality():
            return [f"{_row(case.row, escape)}: {_expected(case, escape)}" for case in test.cases]
        case Malformed():
            ends = "an error" if test.expect == "error" else "a prediction for each row"
            return [f"{', '.join(_INPUTS[name] for name in test.inputs)}: {ends}"]
        case Invariance():
            moves = f"moves by at most {written(test.tolerance)}"
            return [f"{_change(test.change, escape)}: {looked_at} {moves} {_in_rows(test.share)}"]
        case Direction():
            wrong, right = ("fall", "rises") if test.expect == "increase" else ("rise", "falls")
            some = f"does not {wrong} {_in_rows(test.share)}, and {right} in some"
            return [f"{_change(test.change, escape)}: {looked_at} {some}"]


def _row(row: Mapping[str, Any], escape: Escape) -> str:
    if len(row) > _MOST_COLUMNS:
        return f"a row with {len(row)} given columns"
    return ", ".join(f"{escape(column)} {value_in_words(given, escape)}" for column, given in row.items())


def _expected(case: ExpectedCase, escape: Escape) -> str:
    told = [] if case.expect is None else [value_in_words(case.expect, escape)]
    bounds = (("at least", case.at_least), ("at most", case.at_most))
    return " and ".join([*told, *(f"{words} {written(bound)}" for words, bound in bounds if bound is not None)])


def _in_rows(least: float) -> str:
    return f"in at least {share(least)} of the rows"


def _change(change: InputChange, escape: Escape) -> str:
    """`age plus 1`."""
    return f"{escape(change.column)} {_CHANGES[change.verb]} {value_in_words(change.value, escape)}"


def comparisons(metric: str, gates: Gates) -> Iterator[tuple[str, str]]:
    """Yield the gates that only a comparison can hold a version to, as name and sentence; `metric` is escaped."""
    yield "margin", f"{metric} at most {written(gates.margin)} worse than the champion's"
    yield "slice margin", f"in no slice more than {written(gates.slice_margin)} worse"
    if gates.leak_cap is not None:
        yield "leak cap", f"{metric} at most {written(gates.leak_cap)} better; more may be a leak"


def cost_name(name: str, batch_rows: int | None = None) -> str:
    """`time to predict a batch of 1,000 rows`; the own name of a cost that is not known."""
    rows = f" of {batch_rows:,} rows" if batch_rows is not None and name == "latency_batch_seconds" else ""
    return _COSTS.get(name, name) + rows


def cost_words(name: str) -> InWords:
    """Return the function that writes a cost: `14.2 kB`, `3.5 ms`."""
    return size if name == SIZE else seconds if name in TIMES else number
