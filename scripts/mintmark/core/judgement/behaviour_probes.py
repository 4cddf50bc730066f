"""What a model is asked for the behaviour tests of model.yaml: tables of inputs. Runs no model and judges no answer."""

from __future__ import annotations

import hashlib
import math
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Literal, TypeGuard

import numpy as np
import pandas as pd

from mintmark.core.behaviour_tests import Malformed, MinimumFunctionality
from mintmark.core.finding import one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mintmark.core.behaviour_tests import BehaviourTest, ExpectedCase, InputChange, MalformedInput
    from mintmark.core.statistics.metrics import Floats

Holds = Literal["numbers", "booleans", "times", "text", "objects"]

MALFORMED_ROWS: Final = 5
LONGEST: Final = 200
_EXACT: Final = 2.0**53  # whole numbers up to here are exact as floats


class BehaviourFault(ValueError):  # noqa: N818 - a fault in data, which becomes a failed result
    """A behaviour test that does not fit the table, or an answer that cannot be judged."""


def probes(tests: Sequence[BehaviourTest], rows: pd.DataFrame, *, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables to ask a model about, by the names that `probe_names` gives.

    `rows` holds the inputs of the evaluation rows, in the order of the signature. A test that does not fit them has
    no table. minimum-functionality: a row for each case; a column that the case leaves out takes `typical_value`.
    invariance and direction: all rows with one column changed, a column of whole numbers staying one where it can;
    noise is Gaussian, and the same for the same seed and name of the test, wherever it stands. malformed: the first
    five rows without the first column (missing-column), with nothing in every column of the first row (nan), with
    text in the first column of numbers, or numbers in the first column where there is none (wrong-type), or none of
    them (no-rows).
    """
    rows = rows.reset_index(drop=True)
    asked: dict[str, pd.DataFrame] = {}
    for number, test in enumerate(tests):
        try:
            check_fit(test, rows)
        except BehaviourFault:
            continue
        asked |= zip(probe_names(number, test), _tables(test, rows, seed), strict=True)
    return asked


def probe_names(number: int, test: BehaviourTest) -> list[str]:
    """Return the names of the tables of a test by its position: `behaviour-0`, or `behaviour-4-nan` if malformed."""
    if isinstance(test, Malformed):
        return [f"behaviour-{number}-{fault}" for fault in test.inputs]
    return [f"behaviour-{number}"]


def check_fit(test: BehaviourTest, rows: pd.DataFrame) -> None:
    """Raise `BehaviourFault` where a test does not fit the inputs of the evaluation rows; it names the column."""
    if rows.empty:
        raise BehaviourFault("there are no evaluation rows to test with")
    if not rows.columns.is_unique:
        raise BehaviourFault("two columns of the evaluation rows have the same name")
    if isinstance(test, MinimumFunctionality):
        for case in test.cases:
            for name, value in case.row.items():
                _check_value(name, value, _column(rows, name))
    elif not isinstance(test, Malformed):
        _check_change(test.change, rows)


def _check_change(change: InputChange, rows: pd.DataFrame) -> None:
    name = change.column
    column = _column(rows, name)
    if change.verb != "set" and what_holds(column) != "numbers":
        raise BehaviourFault(f'"{name}" holds {what_holds(column)} and has no {change.verb}')
    _check_value(name, change.value, column)


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    if name not in rows.columns:
        raise BehaviourFault(f'the model has no input "{name}"')
    return rows[name]


def _check_value(name: str, value: Any, column: pd.Series) -> None:
    holds = what_holds(column)
    if value is not None and not _FITS[holds](value, column):
        raise BehaviourFault(f'"{name}" holds {holds}, which {shortened(repr(value))} is not')


def _is_time(value: Any, column: pd.Series) -> bool:
    try:
        return isinstance(value, str) and bool(_like([value], column).notna().all())
    except (ValueError, TypeError):
        return False


_FITS: Final[dict[Holds, Callable[[Any, pd.Series], bool]]] = {
    "numbers": lambda value, _: is_finite_number(value),
    "booleans": lambda value, _: isinstance(value, bool),
    "times": _is_time,
    "text": lambda value, _: isinstance(value, str),
    "objects": lambda *_: False,  # lists, bytes, decimals: nothing that YAML can write
}


def what_holds(column: pd.Series) -> Holds:
    """Return what a column holds, by its type or, where that is `object`, by its values."""
    kinds = pd.api.types
    if kinds.is_bool_dtype(column):
        return "booleans"
    if kinds.is_numeric_dtype(column):
        return "numbers"
    if kinds.is_datetime64_any_dtype(column):
        return "times"
    known: dict[str, Holds] = {"string": "text", "boolean": "booleans"}
    return known.get(kinds.infer_dtype(column, skipna=True), "objects")


def typical_value(column: pd.Series) -> Any:
    """Return the median of numbers and times, else the most frequent value; None where nothing is in the column.

    A median of whole numbers or times is one of them: the lower of the two in the middle. Of values that are equally
    frequent, the first as text is taken.
    """
    present = column.dropna()
    if present.empty:
        return None
    if what_holds(column) in ("numbers", "times"):
        between = "linear" if column.dtype.kind == "f" else "lower"
        return present.quantile(0.5, interpolation=between)
    texts = present.map(str)
    most = min(texts.value_counts().items(), key=lambda item: (-item[1], item[0]))[0]
    return present[texts == most].iloc[0]


def is_finite_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a number that a float can hold; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def shortened(text: str) -> str:
    """Return a text as one line of at most 200 characters."""
    return shorten(one_line(text[: LONGEST + 1]), LONGEST)


# -- tables ----------------------------------------------------------------------------------------------------------


def _tables(test: BehaviourTest, rows: pd.DataFrame, seed: int) -> list[pd.DataFrame]:
    if isinstance(test, Malformed):
        head = rows.head(MALFORMED_ROWS)
        return [_MALFORMED[fault](head) for fault in test.inputs]
    if isinstance(test, MinimumFunctionality):
        return [_cases(test.cases, rows)]
    name = test.change.column
    return [_with(rows, name, _changed(rows[name], test.change, _generator(seed, test.name)))]


def _generator(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed} {name}".encode("utf-8", "backslashreplace")).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def _with(rows: pd.DataFrame, name: str, column: pd.Series) -> pd.DataFrame:
    return rows.assign(**{name: column})


def _changed(column: pd.Series, change: InputChange, generator: np.random.Generator) -> pd.Series:
    if change.verb == "set":
        return _like([change.value] * len(column), column)
    amount = float(change.value or 0)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(over="ignore"):
        if change.verb == "add":
            values = values + amount
        elif change.verb == "multiply":
            values = values * amount
        else:
            values = values + generator.normal(0, amount, len(values))
    return _narrowed(values, column)


def _cases(cases: Sequence[ExpectedCase], rows: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name in rows.columns:
        typical = typical_value(rows[name])
        columns[name] = _like([case.row.get(name, typical) for case in cases], rows[name])
    return pd.DataFrame(columns)


def _like(values: Sequence[Any], column: pd.Series) -> pd.Series:
    """Return values as a column of the type of another, or of the next wider type that holds them all."""
    holds = what_holds(column)
    if holds == "numbers":
        return _narrowed(np.array([np.nan if value is None else float(value) for value in values]), column)
    if holds == "booleans" and None in values:
        return pd.Series(values, dtype=object)
    return pd.Series(values, dtype=column.dtype)


def _narrowed(values: Floats, column: pd.Series) -> pd.Series:
    """Return floats in the type of a column, or as they are where whole numbers would not hold them."""
    wide = pd.Series(values)
    if column.dtype.kind != "f" and not (np.abs(values) <= _EXACT).all():
        return wide
    with np.errstate(all="ignore"):
        narrow = wide.astype(column.dtype)
    return narrow if column.dtype.kind == "f" or (narrow == wide).all() else wide


def _without_first_column(head: pd.DataFrame) -> pd.DataFrame:
    return head.iloc[:, 1:]


def _with_missing_values(head: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: head[name].where(head.index > 0) for name in head.columns})


def _with_wrong_type(head: pd.DataFrame) -> pd.DataFrame:
    numbers = [name for name in head.columns if what_holds(head[name]) == "numbers"]
    if numbers:
        return _with(head, numbers[0], pd.Series(["not a number"] * len(head), dtype="str"))
    return _with(head, head.columns[0], pd.Series([0.5] * len(head)))


def _without_rows(head: pd.DataFrame) -> pd.DataFrame:
    return head.iloc[:0]


_MALFORMED: Final[dict[MalformedInput, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "missing-column": _without_first_column,
    "nan": _with_missing_values,
    "wrong-type": _with_wrong_type,
    "no-rows": _without_rows,
}
