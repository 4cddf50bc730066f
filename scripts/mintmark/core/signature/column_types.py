"""Bring one column into the type that a signature asks, or say what is in the way. Reads no files."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from mintmark.core.finding import one_line, shorten
from mintmark.core.signature.times import parse_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Kind = Literal["numbers", "booleans", "text", "times", "anything"]

_KINDS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("numbers", re.compile(r"u?int\d*|float\d*|double|integer|number")),
    ("booleans", re.compile(r"bool(ean)?")),
    ("text", re.compile(r"str|string(\[.*\])?|large_string")),
    ("times", re.compile(r"(datetime64|timestamp)(\[.*\])?")),
)
_NUMBERS: Final = (Real, Decimal, np.number, np.bool_)  # Real has Python's booleans, which are 0 and 1
_LONGEST: Final = 60
_EXACT: Final = 2.0**53  # whole numbers up to here are exact as floats


def kind_of(wanted: str) -> Kind:
    """Return what a column of a type in a signature holds; `anything` for a type that says too little to check."""
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(wanted.lower())), "anything")


class Misfit(ValueError):  # noqa: N818 - a fault in data
    """A column that holds something else; `says` follows its name. `row` is the place of `value`, None for no row."""

    def __init__(self, wanted: str, row: int | None = None, found: str = "", remedy: str = "") -> None:
        super().__init__(wanted)
        self._row, self._found, self._remedy = row, found, remedy

    def says(self, first_row: int) -> str:
        """Return the end of the sentence; rows count from `first_row`."""
        where = "it " if self._row is None else f"row {first_row + self._row:,} has "
        return f"wants {self}, and {where}{self._found}{self._remedy}"


@lru_cache(maxsize=1000)
def is_as_asked(dtype: Any, wanted: str) -> bool:
    """Whether a column of this type has the type of the signature, and cannot hold anything else."""
    return str(dtype) == wanted and not _is_object(dtype)


def _is_object(dtype: Any) -> bool:
    return bool(dtype == np.dtype(object))


def fit_column(column: pd.Series, wanted: str) -> pd.Series:
    """Return a column in a type of a signature, or as near to it as no value changes; raise `Misfit`.

    A number is a number: an integer does for a float, and 2.5 or nothing for an integer stays what it is. Text is
    never taken for a number, nor a number for text. Of true and false, 0 and 1 will do.
    """
    kind = kind_of(wanted)
    if kind == "anything" or is_as_asked(column.dtype, wanted):
        return column
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if not column.isna().any() else object)
    return {"numbers": _numbers, "booleans": _booleans, "text": _text, "times": _times}[kind](column, wanted)


def _numbers(column: pd.Series, wanted: str) -> pd.Series:
    if _is_object(column.dtype) or _holds_text(column):
        _check_values(column, lambda value: isinstance(value, _NUMBERS), "numbers")
    elif column.dtype.kind == "c" or not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise _misfit(column, "numbers")
    kind = column.dtype.kind
    if isinstance(column.dtype, np.dtype) and kind in "biuf":
        return _in_type(column, wanted)
    whole = kind in "biu" and not column.isna().any()
    try:
        values = column.to_numpy(dtype="?" if kind == "b" else f"{kind}8") if whole else _floats(column)
    except OverflowError:
        raise Misfit("numbers", None, "has one that no float can hold") from None
    return _in_type(pd.Series(values, index=column.index), wanted)


def _floats(column: pd.Series) -> NDArray[np.float64]:
    values: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _in_type(column: pd.Series, wanted: str) -> pd.Series:
    """Return numbers in a type where it holds every one of them, else as they are: 2.5 stays 2.5 for an integer."""
    try:
        dtype = pd.api.types.pandas_dtype(wanted)
    except TypeError:
        return column
    values = column.to_numpy()
    if dtype.kind in "iu":
        limits = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        finite = values[~np.isnan(values)] if values.dtype.kind == "f" else values
        missing = len(finite) < len(values)
        if values.dtype.kind == "f" and ((np.abs(finite) > _EXACT) | (finite != np.floor(finite))).any():
            return column
        if (missing and isinstance(dtype, np.dtype)) or not all(
            limits.min <= int(end) <= limits.max for end in ((finite.min(), finite.max()) if len(finite) else ())
        ):
            return column
    with np.errstate(over="ignore"):
        narrowed = column.astype(dtype)
    if dtype.kind == "f" and (np.isinf(narrowed.to_numpy(np.float64, na_value=np.nan)) & ~np.isinf(values)).any():
        return column
    return narrowed


def _booleans(column: pd.Series, wanted: str) -> pd.Series:
    if _is_object(column.dtype) or _holds_text(column):
        _check_values(column, _is_boolean, "true and false")
    elif not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise _misfit(column, "true and false")
    values = _floats(column)
    odd = ~(np.isnan(values) | (values == 0) | (values == 1))
    if odd.any():
        raise _misfit(column, "true and false", odd)
    if np.isnan(values).any():
        return pd.Series(values, index=column.index).astype("boolean" if wanted == "boolean" else np.float64)
    return pd.Series(values == 1, index=column.index).astype("boolean" if wanted == "boolean" else bool)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and value in (0, 1)


def _text(column: pd.Series, wanted: str) -> pd.Series:
    if not _holds_text(column):
        if not _is_object(column.dtype) and column.notna().any():
            raise _misfit(column, "text")
        _check_values(column, lambda value: isinstance(value, str), "text")
    values = column.astype(object)
    values = values.where(values.notna(), np.nan)
    dtype = pd.api.types.pandas_dtype("str" if wanted == "large_string" else wanted)
    return values.astype(dtype) if isinstance(dtype, pd.StringDtype) else values  # pandas 2 makes a text of NaN


def _times(column: pd.Series, wanted: str) -> pd.Series:
    given = column.dtype
    if not pd.api.types.is_datetime64_any_dtype(given):
        if not _is_object(given) and not _holds_text(column):
            raise _misfit(column, "times")
        _check_values(column, lambda value: isinstance(value, (str, date, np.datetime64)), "times")
        column = _parsed_times(column)
    try:
        dtype = pd.api.types.pandas_dtype(wanted)
    except TypeError:
        return column
    is_aware, wants_aware = getattr(column.dt, "tz", None) is not None, getattr(dtype, "tz", None) is not None
    if is_aware != wants_aware:
        has, wants = ("has", "without") if is_aware else ("has no", "with")
        raise Misfit(f"times {wants} a time zone", None, f"{has} one; .dt.tz_localize(...) changes that")
    return column.astype(dtype)


def _parsed_times(column: pd.Series) -> pd.Series:
    try:
        return parse_times(column)
    except (ValueError, TypeError):
        _check_values(column, _is_time, "times in ISO 8601")
        raise Misfit("times in ISO 8601", None, "has some with a time zone and some without") from None


def _is_time(value: Any) -> bool:
    try:
        parse_times(pd.Series([value], dtype=object))
    except (ValueError, TypeError):
        return False
    return True


def _holds_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype) or str(column.dtype) in ("string[pyarrow]", "large_string[pyarrow]")


def _check_values(column: pd.Series, fits: Callable[[Any], bool], wanted: str) -> None:
    """Raise `Misfit` for the first value that does not fit; what is missing does."""
    places = np.flatnonzero(column.notna())
    for place, value in zip(places, column.iloc[places].tolist(), strict=True):
        if not fits(value):
            raise Misfit(wanted, int(place), _value(value), _remedy(value, wanted))


def _misfit(column: pd.Series, wanted: str, odd: NDArray[np.bool_] | None = None) -> Misfit:
    places = np.flatnonzero(column.notna() if odd is None else odd)
    if not len(places):
        return Misfit(wanted, None, f"is of the type {column.dtype}")
    value = column.iloc[places[0]]
    return Misfit(wanted, int(places[0]), _value(value), _remedy(value, wanted))


def _value(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {shorten(one_line(repr(value[:_LONGEST])), _LONGEST)}"
    if isinstance(value, (bool, np.bool_)):
        return f"{bool(value)}"
    shown = value.item() if isinstance(value, np.generic) else value
    return shorten(one_line(str(shown)[: _LONGEST + 1]), _LONGEST)


def _remedy(value: Any, wanted: str) -> str:
    if wanted == "text" and isinstance(value, _NUMBERS):
        return "; read the column as text, as it was when the model was trained"
    return ""
