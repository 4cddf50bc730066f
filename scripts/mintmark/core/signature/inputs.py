"""Hold rows against the inputs of a signature: names, order and types. Reads no files and runs no model.

The table that comes out has the columns of the signature, in its order, and in its types wherever no value changes by
that. What does not fit is a fault that names the column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

import numpy as np
import pandas as pd

from mintmark.core.finding import one_line, shorten
from mintmark.core.signature.column_types import Kind, Misfit, fit_column, is_as_asked, kind_of
from mintmark.core.words.meant import meant

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_FAULTS: Final = 10
_LONGEST: Final = 60


class InputFault(ValueError):  # noqa: N818 - a fault in data, which callers turn into an error or a finding
    """Rows that a model does not take; `faults` has a sentence for each, and `columns` the columns they are about."""

    def __init__(self, faults: Sequence[str], columns: Sequence[str] = ()) -> None:
        shown = [*faults[:_MOST_FAULTS], *([f"and {len(faults) - _MOST_FAULTS} more"] * (len(faults) > _MOST_FAULTS))]
        super().__init__("\n".join(shown))
        self.faults, self.columns = tuple(faults), tuple(columns)


def fit_inputs(rows: Any, inputs: Mapping[str, str], *, first_row: int = 0) -> pd.DataFrame:
    """Return rows as a table of exactly these inputs (name -> type), in their order; raise `InputFault`.

    `rows` is a DataFrame, a dictionary of lists, a list of dictionaries, or what has `to_pandas` (an Arrow or Polars
    table): these are taken by name, and further columns are left out. A two-dimensional array, or a list of lists, is
    taken by position and must have as many columns as there are inputs. Faults count rows from `first_row`.
    """
    table = _as_table(rows, inputs)
    if list(table.columns) == list(inputs) and all(map(is_as_asked, table.dtypes, inputs.values())):
        return table
    _check_names(table, inputs)
    fitted, faults = {}, {}
    for name, wanted in inputs.items():
        try:
            fitted[name] = fit_column(_column(table, name), wanted)
        except Misfit as misfit:
            faults[name] = f'"{_shown(name)}" {misfit.says(first_row)}'
    if faults:
        raise InputFault(list(faults.values()), list(faults))
    return pd.DataFrame(fitted, index=table.index, columns=list(inputs))


def as_table(rows: Any) -> pd.DataFrame:
    """Return rows of any form that `fit_inputs` takes as a table with all their columns; raise `InputFault`."""
    return _as_table(rows, {})


# -- from what people have to a table --------------------------------------------------------------------------------


def _as_table(rows: Any, inputs: Mapping[str, str]) -> pd.DataFrame:
    if hasattr(rows, "to_pandas"):
        rows = rows.to_pandas()
    if isinstance(rows, pd.DataFrame):
        return rows
    if isinstance(rows, Mapping):
        return _from_columns(rows)
    if isinstance(rows, np.ndarray) and rows.dtype.names:
        return pd.DataFrame(rows)
    if isinstance(rows, (list, tuple)) and rows and all(isinstance(row, Mapping) for row in rows):
        return _from_records(rows, inputs)
    if isinstance(rows, (list, tuple, np.ndarray)) and not isinstance(rows, (str, bytes)):
        return _from_positions(rows, inputs)
    raise InputFault([f"{_kind_name(rows)} is no table of rows; {_FORMS}"])


_FORMS: Final = (
    "give a DataFrame, a list of dictionaries, a dictionary of lists, an Arrow table, or a two-dimensional array with "
    "the columns in the order of the signature"
)


def _from_columns(columns: Mapping[Any, Any]) -> pd.DataFrame:
    single = [name for name, values in columns.items() if isinstance(values, str) or not hasattr(values, "__len__")]
    if single:
        raise InputFault(
            [f'"{_shown(single[0])}" is one value and no list; a single row is a list of one: [{{...}}]'],
            [str(single[0])],
        )
    sizes = {name: len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        few, many = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
        message = f'"{_shown(few)}" has {sizes[few]:,} values and "{_shown(many)}" has {sizes[many]:,}'
        raise InputFault([f"{message}; each column needs one for each row"], [str(few), str(many)])
    return pd.DataFrame(dict(columns))


def _from_records(rows: Sequence[Mapping[Any, Any]], inputs: Mapping[str, str]) -> pd.DataFrame:
    """pandas would put nothing where a row leaves out a column, and say nothing."""
    faults = {}
    for name in inputs:
        without = [number for number, row in enumerate(rows) if name not in row]
        if 0 < len(without) < len(rows):
            faults[name] = f'row {without[0]:,} has no "{_shown(name)}"; write None where there is no value'
    if faults:
        raise InputFault(list(faults.values()), list(faults))
    return pd.DataFrame.from_records([dict(row) for row in rows])


def _from_positions(rows: Any, inputs: Mapping[str, str]) -> pd.DataFrame:
    if isinstance(rows, np.ndarray) and rows.ndim != 2:
        what = f"an array of {rows.ndim} dimension{'s' if rows.ndim != 1 else ''}"
        raise InputFault([f"{what} is no table of rows; a single row is array.reshape(1, -1), or [[...]]"])
    if not isinstance(rows, np.ndarray):
        _check_lists(rows)
    if not len(rows):
        return pd.DataFrame({name: pd.Series(dtype=_empty_type(wanted)) for name, wanted in inputs.items()})
    table = pd.DataFrame(rows).infer_objects()
    if not inputs:
        return table
    if (width := table.shape[1]) != len(inputs):
        sentence = f"the rows have {width:,} columns without names, and the model takes {len(inputs):,}"
        raise InputFault([f"{sentence}: {_listed(inputs)}"])
    return table.set_axis(list(inputs), axis="columns")


def _check_lists(rows: Sequence[Any]) -> None:
    sizes = [len(row) if isinstance(row, (list, tuple, np.ndarray)) else -1 for row in rows]
    odd = next((number for number, size in enumerate(sizes) if size != sizes[0] or size < 0), None)
    if odd is not None and sizes[odd] < 0:
        raise InputFault([f"row {odd:,} is {_kind_name(rows[odd])} and no list of values; {_FORMS}"])
    if odd is not None:
        raise InputFault([f"row {odd:,} has {sizes[odd]:,} values and row 0 has {sizes[0]:,}"])


def _empty_type(wanted: str) -> Any:
    known: dict[Kind, Any] = {"numbers": "float64", "booleans": "bool", "times": "datetime64[ns]"}
    return known.get(kind_of(wanted), object)


# -- names -----------------------------------------------------------------------------------------------------------


def _check_names(table: pd.DataFrame, inputs: Mapping[str, str]) -> None:
    """Raise `InputFault` for each input that is not there, or is there twice."""
    if table.columns.nlevels > 1:
        raise InputFault(["the columns have names of several levels; give them one: table.columns = [...]"])
    given = Counter(str(name) for name in table.columns)
    further = [name for name in given if name not in inputs]
    faults = {}
    for name in inputs:
        if name not in given:
            faults[name] = f'there is no column "{_shown(name)}"{_hint(name, further)}'
        elif given[name] > 1:
            faults[name] = f'there are {given[name]} columns "{_shown(name)}"; keep one'
    if faults:
        lines = list(faults.values())
        if further and table.columns.inferred_type == "integer":
            lines.append(f"the columns are numbered; table.to_numpy() is taken by position: {_listed(inputs)}")
        raise InputFault(lines, list(faults))


def _hint(name: str, further: Sequence[str]) -> str:
    same = next((other for other in further if normalize("NFC", other) == normalize("NFC", name)), None)
    if same is not None:
        form = "NFD" if normalize("NFC", name) == name else "NFC"
        return f"; it is there with its letters in the Unicode form {form}: rename it (unicodedata.normalize)"
    close = meant(name, further)
    return f'; did you mean "{_shown(close)}"?' if close is not None else ""


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if name in table.columns:
        return table[name]
    return table.iloc[:, [str(each) for each in table.columns].index(name)]


# -- words -----------------------------------------------------------------------------------------------------------


def _shown(name: Any) -> str:
    return shorten(one_line(str(name)[: 2 * _LONGEST]), 2 * _LONGEST)


def _listed(names: Iterable[str]) -> str:
    known = [_shown(name) for name in names]
    return ", ".join(known[:5]) + (f" and {len(known) - 5:,} more" if len(known) > 5 else "")


def _kind_name(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
