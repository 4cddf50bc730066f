"""The rows that two models are asked about to see whether they are one: given rows, and what is made of them. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GIVEN: Final = "the rows as given"
AGAIN: Final = "the same rows again"
MISSING: Final = "a missing value"
LEVELS: Final = "levels of text"
NUMBERS: Final = "numbers beyond those of the rows"
THRESHOLDS: Final = "at thresholds"
BATCHES: Final = "in batches of 1, 2 and 7"
KINDS: Final = (GIVEN, AGAIN, MISSING, LEVELS, NUMBERS, THRESHOLDS, BATCHES)
MOST_COLUMNS: Final = 200  # that are changed, one in turn
_SIZES: Final = (1, 2, 7)
# Rows of all parts of a table in which a cell is missing, or unusual: what a tree does may depend on the other cells.
_COPIES: Final = 25
_COPIES_OF_VALUE: Final = 5  # for each unusual value
_BATCHED: Final = 14  # rows
_TEXTS: Final = ("", "Größe – ångström 東京", "never seen before", "NEVER SEEN BEFORE ")
_OF: Final = ": "


class Edit(NamedTuple):
    """One cell to change in a copy of a row, both by position."""

    row: int
    column: int
    value: float


def make_probes(rows: pd.DataFrame, edits: Sequence[Edit] = ()) -> dict[str, pd.DataFrame]:
    """Return tables by name, `kind` or `kind: what`; the same arguments give the same tables in any process.

    `edits` are cells at thresholds, one to a row (see `edges.find_edges`).
    """
    probes = {GIVEN: rows, AGAIN: rows}
    for position in changed_columns(rows):
        name = str(rows.columns[position])
        probes[f"{MISSING}{_OF}{name}"] = _with_missing(rows, position)
        values = list(_unusual(rows.iloc[:, position]))
        kind = LEVELS if is_text(rows.iloc[:, position]) else NUMBERS
        if values:
            probes[f"{kind}{_OF}{name}"] = _with_values(rows, position, values)
    if edits:
        probes[THRESHOLDS] = apply_edits(rows, edits)
    for size in _SIZES:
        for number, start in enumerate(range(0, min(_BATCHED, len(rows)), size)):
            probes[f"{BATCHES}{_OF}{size}, {number}"] = rows.iloc[start : start + size].reset_index(drop=True)
    return probes


def kind_of_probe(name: str) -> tuple[str, str]:
    """Return the kind of a table and what it is of, of the name that `make_probes` gave it."""
    kind, _, what = name.partition(_OF)
    return kind, what


def changed_columns(rows: pd.DataFrame) -> list[int]:
    """Return the positions of the columns that are changed one by one: all of them, or an even choice of many."""
    count = rows.shape[1]
    return sorted({round(n) for n in np.linspace(0, count - 1, min(count, MOST_COLUMNS))})


def is_text(column: pd.Series) -> bool:
    """Whether a column holds text or levels, and neither numbers, truths nor times."""
    return not pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_datetime64_any_dtype(column.dtype)


def apply_edits(rows: pd.DataFrame, edits: Sequence[Edit]) -> pd.DataFrame:
    """Return one row for each edit, with that cell changed."""
    table = rows.iloc[[edit.row for edit in edits]].reset_index(drop=True)
    columns: dict[int, list[tuple[int, float]]] = {}
    for place, edit in enumerate(edits):
        columns.setdefault(edit.column, []).append((place, edit.value))
    for column, changes in columns.items():
        values = table.iloc[:, column].to_numpy(copy=True)
        for place, value in changes:
            values[place] = value
        table.isetitem(column, values)
    return table


def _with_missing(rows: pd.DataFrame, position: int) -> pd.DataFrame:
    table = _spread(rows, _COPIES)
    column = table.iloc[:, position]
    missing: Any = pd.Series([None] * len(column), dtype=object if is_text(column) else "float64")
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        missing = pd.Series([pd.NaT] * len(column), dtype=column.dtype)
    return _replaced(table, position, missing)


def _with_values(rows: pd.DataFrame, position: int, values: Sequence[Any]) -> pd.DataFrame:
    """Return some rows once with each value, which keeps the type of the column where that holds them."""
    copies = _spread(rows, _COPIES_OF_VALUE)
    table = pd.concat([copies] * len(values))
    kind = rows.iloc[:, position].dtype
    return _replaced(table, position, pd.Series([value for value in values for _ in range(len(copies))], dtype=kind))


def _spread(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return rows from everywhere in a table, which may be sorted."""
    return rows.iloc[sorted({round(n) for n in np.linspace(0, len(rows) - 1, min(len(rows), most))})]


def _replaced(rows: pd.DataFrame, position: int, column: pd.Series) -> pd.DataFrame:
    table = rows.reset_index(drop=True)
    table.isetitem(position, column)
    return table


def _unusual(column: pd.Series) -> Iterator[Any]:
    present = column.dropna()
    if not len(present) or pd.api.types.is_bool_dtype(column.dtype):
        return
    if is_text(column):
        counts = present.value_counts(sort=False)
        yield from _TEXTS
        yield str(min(counts.items(), key=lambda item: (item[1], str(item[0])))[0])  # the rarest
        return
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return
    low, high = present.min().item(), present.max().item()
    if pd.api.types.is_integer_dtype(column.dtype):
        bounds = np.iinfo(column.dtype.name.lower())
        yield from (n for n in (low - 1, high + 1, 0, -1, 16_777_217) if bounds.min <= n <= bounds.max)
    elif math.isfinite(low) and math.isfinite(high):
        width = (high - low) or 1.0
        yield from (low - width, high + width, 0.0, -0.0, low + width / 3)
