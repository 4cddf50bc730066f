"""Bind the rows of a request to the columns of a signature: by name, and cast by the signature, never by a guess.

What the values of a column may be is decided here once for JSON, tensors and CSV. The table that a model gets is the
one that `mintmark.load(...).predict` would make of the same rows, whoever else's rows are in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mintmark.core.finding import one_line, shorten
from mintmark.core.signature.column_types import Misfit, fit_column
from mintmark.core.signature.inputs import InputFault
from mintmark.core.words.meant import meant

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    Column = list[Any] | NDArray[Any]

_NUMBERS: Final = frozenset({int, float})
_LONGEST: Final = 60
_EXACT: Final = 2**53  # whole numbers up to here are exact as floats


@dataclass(slots=True)  # a frozen one takes twice as long to make
class BoundRows:
    """The checked rows of one request: a matrix where all columns are of one type, else a column each.

    `dtypes` says how the columns came out: a whole number that is missing makes floats of its column, and such rows
    are not put into one table with others, whose values it would change.
    """

    values: NDArray[Any] | tuple[NDArray[Any], ...]
    dtypes: tuple[str, ...] | str
    count: int

    @property
    def key(self) -> Hashable:
        """Rows with the same key may be put into one table."""
        return self.dtypes

    def __len__(self) -> int:
        return self.count


class Binding:
    """The columns of a signature, ready to bind rows to.

    `inputs` names each column with its type, in the order of the model.
    """

    def __init__(self, inputs: Mapping[str, str]) -> None:
        self.inputs = dict(inputs)
        self._names = tuple(inputs)
        self._index = pd.Index(self._names)
        wanted = set(inputs.values())
        self._one_type = wanted.pop() if wanted in ({"float64"}, {"float32"}) else None

    def from_records(self, rows: Sequence[Mapping[str, Any]]) -> BoundRows:
        """Bind rows that are objects of column and value; raise `InputFault`. Further columns are left out."""
        names = self._names
        try:
            if self._one_type is not None:
                return self._matrix([[row[name] for name in names] for row in rows])
            return self._columns([[row[name] for row in rows] for name in names])
        except KeyError as error:
            raise self._missing(rows, str(error.args[0])) from None
        except TypeError:
            odd = next(place for place, row in enumerate(rows) if not isinstance(row, dict))
            raise InputFault([f"row {odd:,} is no object of columns and values"]) from None

    def from_positions(self, rows: Sequence[Sequence[Any]]) -> BoundRows:
        """Bind rows that are lists of values in the order of the signature; raise `InputFault`."""
        width = len(self._names)
        for place, row in enumerate(rows):
            if not isinstance(row, list):
                raise InputFault([f"row {place:,} is no list of values"])
            if len(row) != width:
                raise InputFault([f"row {place:,} has {len(row):,} values, and the model takes {width:,}"])
        if self._one_type is not None:
            return self._matrix([list(row) for row in rows])
        return self._columns([list(column) for column in zip(*rows, strict=True)] or [[] for _ in self._names])

    def from_matrix(self, matrix: NDArray[Any]) -> BoundRows | None:
        """Bind finite or missing numbers in the order of the signature; None where that needs a look at each column."""
        if self._one_type is None or matrix.dtype.kind not in "iuf":
            return None
        # One pass tells of most that all are finite; the squares of large ones are infinite too.
        if not isfinite(np.vdot(matrix, matrix)) and np.isinf(matrix).any():
            return None
        return self._narrowed(matrix.astype(np.float64, copy=False))

    def from_columns(self, columns: Mapping[str, Column]) -> BoundRows:
        """Bind the values of each column, a list or an array; raise `InputFault`. Further columns are left out."""
        missing = [name for name in self._names if name not in columns]
        if missing:
            raise self._missing([columns], missing[0])
        lists = [columns[name] for name in self._names]
        sizes = {len(values) for values in lists}
        if len(sizes) > 1:
            raise InputFault([f"the columns have {min(sizes):,} to {max(sizes):,} values; each needs one for each row"])
        if self._one_type is None:
            return self._columns(lists)
        if all(isinstance(values, np.ndarray) and values.dtype.kind in "iuf" for values in lists):
            matrix = np.column_stack(lists).astype(np.float64, copy=False)
            return self._narrowed(matrix)
        return self._matrix([list(row) for row in zip(*map(_as_list, lists), strict=True)])

    def matrix(self, members: Sequence[BoundRows]) -> NDArray[Any] | None:
        """Return the rows of requests with the same key as one matrix, None where columns have several types."""
        values = [member.values for member in members if isinstance(member.values, np.ndarray)]
        if len(values) < len(members):
            return None
        return values[0] if len(values) == 1 else np.concatenate(values)

    def table(self, members: Sequence[BoundRows]) -> pd.DataFrame:
        """Return the rows of requests with the same key as one table, in their order."""
        matrix = self.matrix(members)
        if matrix is not None:
            return pd.DataFrame(matrix, columns=self._index, copy=False)
        values = [member.values for member in members]
        columns = {
            name: pd.Series(np.concatenate([value[place] for value in values]), dtype=dtype)
            for place, (name, dtype) in enumerate(zip(self._names, members[0].dtypes, strict=True))
        }
        return pd.DataFrame(columns, copy=False)

    def _matrix(self, rows: list[list[Any]]) -> BoundRows:
        if not rows:
            return BoundRows(np.empty((0, len(self._names)), self._one_type), str(self._one_type), 0)
        for row in rows:
            if not _NUMBERS.issuperset(map(type, row)):
                return self._matrix_with_gaps(rows)
        try:
            matrix = np.array(rows, dtype=np.float64)
        except OverflowError:
            return self._matrix_with_gaps(rows)
        return self._narrowed(matrix)

    def _matrix_with_gaps(self, rows: list[list[Any]]) -> BoundRows:
        """The same column by column, for rows with nulls, with true or false, or with a fault to name."""
        bound = self._columns([list(column) for column in zip(*rows, strict=True)])
        matrix = np.column_stack(list(bound.values))
        return BoundRows(matrix, str(matrix.dtype), len(rows))

    def _narrowed(self, matrix: NDArray[np.float64]) -> BoundRows:
        """Return a matrix in the type of all columns, where that holds every value."""
        if self._one_type == "float32" and not (np.abs(matrix) > np.finfo(np.float32).max).any():
            return BoundRows(matrix.astype(np.float32), "float32", len(matrix))
        return BoundRows(matrix, "float64", len(matrix))

    def _columns(self, lists: Sequence[Column]) -> BoundRows:
        fitted, faults = [], {}
        for (name, wanted), values in zip(self.inputs.items(), lists, strict=True):
            try:
                fitted.append(_fit(values, wanted))
            except Misfit as misfit:
                faults[name] = f'"{_shown(name)}" {misfit.says(0)}'
        if faults:
            raise InputFault(list(faults.values()), list(faults))
        arrays = tuple(column.to_numpy() for column in fitted)
        return BoundRows(arrays, tuple(str(column.dtype) for column in fitted), len(lists[0]) if lists else 0)

    def _missing(self, rows: Sequence[Mapping[str, Any]], name: str) -> InputFault:
        place, row = next((place, row) for place, row in enumerate(rows) if name not in row)
        close = meant(name, [other for other in row if other not in self.inputs])
        hint = f'; did you mean "{_shown(close)}"?' if close is not None else ""
        where = f"row {place:,} has" if len(rows) > 1 else "there is"
        return InputFault([f'{where} no column "{_shown(name)}"{hint}'], [name])


def _as_list(values: Column) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else values


def _fit(values: Column, wanted: str) -> pd.Series:
    """Return the values of a column in the type of the signature; raise `Misfit`."""
    is_whole = wanted.lower().startswith(("int", "uint"))
    if is_whole and isinstance(values, list) and all(type(value) is int for value in values):
        return pd.Series(_whole_numbers(values, wanted.lower()), dtype=wanted)
    given = pd.Series(values) if isinstance(values, np.ndarray) else pd.Series(values, dtype=object)
    column = fit_column(given, wanted)
    if is_whole and column.dtype.kind not in "iu":
        _check_exact(_as_list(values), wanted.lower())
    return column


def _whole_numbers(values: list[int], wanted: str) -> NDArray[Any]:
    """Return whole numbers as they are, which no float on the way may round; raise `Misfit` for one out of range."""
    limits = np.iinfo(wanted)
    for place, value in enumerate(values):
        if not limits.min <= value <= limits.max:
            raise Misfit(f"whole numbers from {limits.min:,} to {limits.max:,}", place, shorten(str(value), _LONGEST))
    return np.array(values, dtype=wanted)


def _check_exact(values: Sequence[Any], wanted: str) -> None:
    """Raise `Misfit` for the first value that is no whole number of this type; what is missing is none.

    Beside a missing value every number becomes a float, and a float stands for a whole number as far as it is exact.
    """
    limits = np.iinfo(wanted)
    most, least = min(limits.max, _EXACT), max(limits.min, -_EXACT)
    for place, value in enumerate(values):
        if value is not None and not isnan(value) and not (value == int(value) and least <= value <= most):
            raise Misfit(f"whole numbers from {least:,} to {most:,}", place, shorten(str(value), _LONGEST))


def _shown(name: str) -> str:
    return shorten(one_line(name[: 2 * _LONGEST]), 2 * _LONGEST)
