"""Texts of the log as dictionaries, so that a long one that many rows have is held once. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MOST_BYTES: Final = 500_000_000  # of texts, row by row
_FOLDED: Final = pa.dictionary(pa.int32(), pa.string())


def are(rows: pa.RecordBatch, wanted: Mapping[str, object]) -> NDArray[np.bool_]:
    """Return for each row whether its columns have these values; each text of a dictionary is looked at once."""
    found = np.ones(len(rows), dtype=bool)
    for name, value in wanted.items():
        column = rows.column(name)
        if pa.types.is_dictionary(column.type):
            same = np.append(
                pc.fill_null(pc.equal(column.dictionary, value), False).to_numpy(zero_copy_only=False), False
            )
            places = pc.fill_null(column.indices, len(same) - 1).to_numpy(zero_copy_only=False)
            found &= same[places]
        else:
            found &= pc.fill_null(pc.equal(column, value), False).to_numpy(zero_copy_only=False)
    return found


def folded(table: pa.Table) -> pa.Table:
    """Return a table with its texts as dictionaries that hold no more than its rows have.

    Some files have them so and others do not, and a batch brings the dictionary of a whole group of rows.
    """
    for number, each in enumerate(table.schema):
        if is_text(each.type):
            kind = _FOLDED
        elif pa.types.is_list(each.type) and is_text(each.type.value_type):
            kind = pa.list_(_FOLDED)
        else:
            continue
        column = pa.chunked_array([_fold(chunk) for chunk in table.column(number).chunks], kind)
        table = table.set_column(number, each.with_type(kind), column)
    return table


def unfolded(table: pa.Table, what: str) -> pa.Table:
    """Return a table with its texts row by row; raise `MintmarkError` where these would take too much memory."""
    texts = [(number, each) for number, each in enumerate(table.schema) if _is_folded(each.type)]
    size = sum(_bytes_of(chunk) for number, _ in texts for chunk in table.column(number).chunks)
    if size > MOST_BYTES:
        most = f"more than the {MOST_BYTES / 1e6:,.0f} MB that are read at once"
        raise MintmarkError(f"{what} have {size / 1e6:,.0f} MB of text, {most}; ask about fewer")
    for number, each in texts:
        plain = each.with_type(pa.list_(pa.string()) if pa.types.is_list(each.type) else pa.string())
        table = table.set_column(number, plain, table.column(number).cast(plain.type))
    return table


def is_text(kind: pa.DataType) -> bool:
    """Whether a type of Arrow holds texts, each by itself or as a dictionary."""
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _is_folded(kind: Any) -> bool:
    return bool(pa.types.is_dictionary(kind.value_type if pa.types.is_list(kind) else kind))


def _fold(chunk: Any) -> Any:
    if pa.types.is_list(chunk.type):
        whole = pa.concat_arrays([chunk])  # with offsets that begin at its own values
        values = whole.values if pa.types.is_dictionary(whole.values.type) else whole.values.dictionary_encode()
        return pa.ListArray.from_arrays(whole.offsets, values.cast(_FOLDED), mask=whole.is_null())
    return (_smaller(chunk) if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()).cast(_FOLDED)


def _smaller(chunk: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return an array without the texts of its dictionary that no row has."""
    used = np.unique(chunk.indices.drop_null().to_numpy())
    if len(used) == len(chunk.dictionary):
        return chunk
    places = np.searchsorted(used, pc.fill_null(chunk.indices, 0).to_numpy(zero_copy_only=False)).astype(np.int32)
    is_missing = chunk.indices.is_null().to_numpy(zero_copy_only=False)
    indices = pa.array(places, pa.int32(), mask=is_missing)
    return pa.DictionaryArray.from_arrays(indices, chunk.dictionary.take(pa.array(used)))


def _bytes_of(chunk: Any) -> int:
    """Return how many bytes the texts of dictionaries have row by row."""
    values = chunk.flatten() if pa.types.is_list(chunk.type) else chunk
    return int(pc.sum(pc.binary_length(values.dictionary).take(values.indices)).as_py() or 0)
