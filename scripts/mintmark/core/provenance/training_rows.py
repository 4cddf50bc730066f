"""Which rows a version was trained on, as keyed digests that can be asked for a row and not be read. Pure.

A table with a column `of` (what a digest is of: a row, an id or an entity) and a column `digest`, sorted. Sorted whole
numbers from a range in proportion to their count take some 22 bits each in a Parquet file (DELTA_BINARY_PACKED), so
the same table is a list of a few rows and a filter of millions. A row that was not there passes for one that was once
in a million.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mintmark.core.question import DIGEST, FILLED, OF, ROW

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

BY_ROW, BY_ID, BY_ENTITY = "row", "id", "entity"
KINDS: Final = (BY_ROW, BY_ID, BY_ENTITY)
SPREAD: Final = 1 << 20  # how many values there are for each entry: an unseen one matches once in so many
_MISSING: Final = np.uint64(0x7FF8_0000_0000_0001)  # a NaN that no number gives
_TEXT: Final = b"text\0"
_TRUTHS: Final = {"true": 1.0, "false": 0.0}


class UnknownRowsFault(ValueError):  # noqa: N818 - a fault in data, which callers turn into a finding
    """Nobody can tell which rows a version was trained on; the message says why."""


def digest_training(
    train: pd.DataFrame,
    *,
    inputs: Sequence[str],
    target: str,
    has_id: bool,
    entity: str | None,
    key: str,
) -> pd.DataFrame:
    """Return the digests of a training table: one of each row, and one of each id and each entity there is.

    A cell that was missing and filled, as `filled_columns` of the table says, counts as missing. `key` is the hash of
    the training table in the version's record; other versions have other digests of a row.
    """
    of = {BY_ROW: _row_cells(train, inputs, target, filled_cells(train))}
    if has_id:
        of[BY_ID] = np.unique(_cells(train[ROW]))[:, None]
    if entity is not None:
        of[BY_ENTITY] = np.unique(_cells(train[entity]))[:, None]
    digests = {kind: np.sort(_digests(cells, kind, key, len(cells))) for kind, cells in of.items()}
    kinds = np.repeat(list(digests), [len(each) for each in digests.values()])
    return pd.DataFrame({OF: pd.Series(kinds, dtype="str"), DIGEST: np.concatenate(list(digests.values()))})


def seen(
    digests: pd.DataFrame, rows: pd.DataFrame, *, inputs: Sequence[str], target: str, entity: str | None, key: str
) -> NDArray[np.bool_]:
    """Return for each row of an evaluation table whether a version was trained on it.

    The entity decides where there is one, else a declared id that is text, else what the row holds. An id in numbers
    may be the place of a row in another source, so what the row holds counts beside it. `inputs` and `key` are those of
    the version that the digests are of. Raises `UnknownRowsFault` where the rows lack a column of that version, and
    where entities are asked for and it has no digests of any.
    """
    absent = [name for name in (*inputs, target, *([entity] if entity else [])) if name not in rows.columns]
    if absent:
        raise UnknownRowsFault(f'the rows have no column "{absent[0]}", so nobody can tell which of them it has seen')
    known = {kind: digests.loc[digests[OF] == kind, DIGEST].to_numpy(dtype=np.int64) for kind in KINDS}
    if entity is not None and not len(known[BY_ENTITY]):
        raise UnknownRowsFault(
            f'it keeps no digests of "{entity}" (entity_column), so nobody can tell whom it has seen'
        )
    asked = {}
    has_ids = bool(len(known[BY_ID])) and ROW in rows.columns
    if entity is not None:
        asked[BY_ENTITY] = _cells(rows[entity])[:, None]
    elif has_ids:
        asked[BY_ID] = _cells(rows[ROW])[:, None]
    if entity is None and not (has_ids and not pd.api.types.is_numeric_dtype(rows[ROW])):
        asked[BY_ROW] = _row_cells(rows, inputs, target, filled_cells(rows))
    found = np.zeros(len(rows), dtype=bool)
    for kind, cells in asked.items():
        found |= np.isin(_digests(cells, kind, key, len(known[kind])), known[kind])
    return found


def shares_of_values(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each row that follows from its values in some columns alone, and spreads evenly.

    The same values give the same number in any table, whatever type a column has there.
    """
    return _hashes(_matrix(table, names), "split", "").astype(np.float64) / 2.0**64


def holds_all(larger: pd.DataFrame, smaller: pd.DataFrame, names: Sequence[str]) -> bool:
    """Whether each row of a table is in a larger one too, as often, by its values in some columns."""
    if any(name not in table.columns for table in (larger, smaller) for name in names):
        return False
    counts = []
    for table in (larger, smaller):
        filled = filled_cells(table)
        cells = _row_cells(table, names[:-1], names[-1], filled)
        values, found = np.unique(_hashes(cells, BY_ROW, ""), return_counts=True)
        counts.append(dict(zip(values.tolist(), found.tolist(), strict=True)))
    return all(counts[0].get(value, 0) >= number for value, number in counts[1].items())


def count_of(digests: pd.DataFrame, kind: str) -> int:
    """Return how many rows, ids or entities the digests are of."""
    return int((digests[OF] == kind).sum())


def counts_of(digests: pd.DataFrame) -> dict[str, int]:
    """Return how many ids and how many entities the digests are of, as data.json calls them."""
    return {"ids": count_of(digests, BY_ID), "entities": count_of(digests, BY_ENTITY)}


def filled_column(filled: pd.DataFrame) -> pd.Series:
    """Return for each row the columns that were filled, as the column `filled_columns` of a table holds them."""
    names = list(map(str, filled.columns))
    return pd.Series([_names(names, row) for row in filled.to_numpy(dtype=bool)], index=filled.index, dtype="str")


def _names(names: Sequence[str], row: Iterable[bool]) -> str:
    chosen = [name for name, is_filled in zip(names, row, strict=True) if is_filled]
    return json.dumps(chosen, ensure_ascii=False) if chosen else ""


def filled_cells(rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return which cells of a table were filled, by its column `filled_columns`; None where it has none.

    What is no such list says of no cell that it was filled.
    """
    if FILLED not in rows.columns:
        return None
    told = [_parse(text) for text in rows[FILLED].tolist()]
    names = sorted({name for each in told for name in each} & set(map(str, rows.columns)))
    return pd.DataFrame({name: [name in each for each in told] for name in names}, index=rows.index)


def _parse(text: Any) -> frozenset[str]:
    try:
        names = json.loads(text) if isinstance(text, str) and text else []
    except ValueError:
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def _row_cells(
    table: pd.DataFrame, inputs: Sequence[str], target: str, filled: pd.DataFrame | None
) -> NDArray[np.uint64]:
    """Return a table as numbers, shape (rows, columns): the inputs in the order of their names, then the target."""
    names = [*sorted(inputs), target]
    cells = _matrix(table, names)
    if filled is not None:
        for position, name in enumerate(names):
            if name in filled.columns:
                cells[filled[name].to_numpy(dtype=bool), position] = _MISSING
    return cells


def _matrix(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.uint64]:
    cells = np.empty((len(table), len(names)), dtype=np.uint64)
    for position, name in enumerate(names):
        cells[:, position] = _cells(table[name])
    return cells


def _cells(column: pd.Series) -> NDArray[np.uint64]:
    """Return a number for each value, the same for one value in any type: 1, 1.0, True, "1" and "true" are one."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        return _text_cells(pd.Series([_moment(value) for value in column], dtype=object))
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        wide = pd.api.types.is_integer_dtype(kind) and len(column) and _is_wide(column)
        if not wide:
            return _number_cells(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))
    return _text_cells(column)


def _is_wide(column: pd.Series) -> bool:
    """Whether a column holds whole numbers that no float holds: those count as text."""
    present = column.dropna()
    return bool(len(present)) and max(abs(int(present.min())), abs(int(present.max()))) > 1 << 53


def _number_cells(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    cells = (values + 0.0).view(np.uint64).copy()  # -0.0 + 0.0 is 0.0
    cells[np.isnan(values)] = _MISSING
    return cells


def _text_cells(column: pd.Series) -> NDArray[np.uint64]:
    codes, values = pd.factorize(column.astype(object), use_na_sentinel=True)
    cells = np.array([*map(_text_cell, values), _MISSING], dtype=np.uint64)
    found: NDArray[np.uint64] = cells[codes]
    return found


def _text_cell(value: Any) -> np.uint64:
    """Return the cell of one value: that of the number that it reads as, else one of its text."""
    if isinstance(value, (bool, np.bool_)):
        value = int(value)
    text = value if isinstance(value, str) else _moment(value) if hasattr(value, "isoformat") else str(value)
    number = _TRUTHS.get(text.lower()) if isinstance(value, str) else None  # one blank makes a column of truths text
    if number is None:
        number = _number(text)
    if number is not None:
        return np.uint64(_number_cells(np.array([number]))[0])
    digest = hashlib.blake2b(_TEXT + text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if "_" in text or not math.isfinite(value):
        return None
    return value if abs(value) <= 1 << 53 or "." in text or "e" in text.lower() else None


def _moment(value: Any) -> Any:
    """Return a time as text in UTC, so that a zone or a unit makes no difference; a missing one as it is."""
    if value is None or value is pd.NaT:
        return None
    moment = pd.Timestamp(value)
    return (moment if moment.tzinfo is None else moment.tz_convert("UTC").tz_localize(None)).isoformat()


def _digests(cells: NDArray[np.uint64], kind: str, key: str, entries: int) -> NDArray[np.int64]:
    """Return a digest of each row of cells, below `entries` times the spread."""
    return (_hashes(cells, kind, key) % np.uint64(max(entries, 1) * SPREAD)).astype(np.int64)


def _hashes(cells: NDArray[np.uint64], kind: str, key: str) -> NDArray[np.uint64]:
    secret = hashlib.blake2b(f"{kind}\0{key}".encode(), digest_size=32).digest()
    base, size = hashlib.blake2b(key=secret, digest_size=8), cells.shape[1] * 8
    content = np.ascontiguousarray(cells).tobytes()
    found = bytearray()
    for start in range(0, len(content), size):
        each = base.copy()
        each.update(content[start : start + size])
        found += each.digest()
    return np.frombuffer(bytes(found), dtype="<u8")
