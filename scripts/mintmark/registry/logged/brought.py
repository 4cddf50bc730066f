"""Read rows of a Parquet file that somebody brings, a few at a time: in bounded memory, whatever it unpacks to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mintmark.artifacts.parquet_pages import LyingFileError
from mintmark.errors import MintmarkError
from mintmark.registry.logged.folded import is_text
from mintmark.registry.logged.opening import batches_of, open_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

_BATCH_BYTES: Final = 128_000_000  # of texts, row by row


def read_tables(
    file: BinaryIO, name: str, *, rows: int = 65_536, only: Callable[[Sequence[str]], Sequence[str]] | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of a file in tables of at most so many, with the columns that `only` picks of their names.

    A text that the file holds once for many rows is in a table as often as it has rows, so such a table has fewer.
    Raises `MintmarkError` with the name of a file that is no Parquet, is larger than it says, or has a column twice.
    """
    try:
        schema = pq.read_schema(file)
        _check_names(name, schema.names)
        file.seek(0)
        with open_parquet(file) as reader:
            picked = None if only is None else list(only(schema.names))
            wanted = schema if picked is None else pa.schema([schema.field(each) for each in picked])
            yield from _gathered(_plain_parts(batches_of(reader, picked, most_rows=rows), wanted), rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise no_parquet(name, error) from None


def unpacked_size(table: pa.Table | pa.RecordBatch) -> int:
    """Return how many bytes a table takes with each text as often as it occurs."""
    chunks = (chunk for column in table.columns for chunk in getattr(column, "chunks", [column]))
    return max(int(table.nbytes), sum(int(_text_bytes(chunk).sum()) for chunk in chunks))


def no_parquet(name: str, error: Exception) -> MintmarkError:
    """Return what to say of a file that cannot be read as Parquet."""
    said = " ".join(str(error).split())[:200]
    if isinstance(error, LyingFileError):
        return MintmarkError(f"{name}: unpacks to more than it says, or than fits ({said}); write it again, or as .csv")
    return MintmarkError(f"{name}: is no Parquet file ({said})")


def _check_names(name: str, columns: Sequence[str]) -> None:
    column, count = Counter(columns).most_common(1)[0] if columns else ("", 0)
    if count > 1:
        raise MintmarkError(f'{name}: has the column "{column}" {count} times; keep one')


def _gathered(parts: Iterator[pa.Table], most: int) -> Iterator[pa.Table]:
    """Yield tables that are as large as they may be: some files have groups of few rows."""
    kept: list[pa.Table] = []
    rows = size = 0
    for part in parts:
        its_size = unpacked_size(part)
        if kept and (rows + len(part) > most or size + its_size > _BATCH_BYTES):
            yield pa.concat_tables(kept)
            kept, rows, size = [], 0, 0
        kept.append(part)
        rows, size = rows + len(part), size + its_size
    if kept:
        yield pa.concat_tables(kept)


def _plain_parts(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows in the types of the file, without dictionaries that are none there."""
    for batch in batches:
        ends = np.cumsum(sum((_text_bytes(column) for column in batch.columns), np.zeros(len(batch), dtype=np.int64)))
        first = 0
        while first < len(batch):
            before = int(ends[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(ends, before + _BATCH_BYTES, side="right")))
            part = pa.Table.from_batches([batch.slice(first, last - first)]).select(schema.names)
            columns = [_plain(column, kind) for column, kind in zip(part.columns, schema.types, strict=True)]
            whole = pa.table(columns, schema=schema)
            whole.validate(full=True)  # text that is no UTF-8
            yield whole
            first = last


def _plain(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(kind):
        column = column.cast(column.type.value_type)  # from which Arrow makes every kind of text
    if column.type == kind:
        return column
    if pa.types.is_nested(kind):  # Arrow casts all that lies below a part, so nothing else may
        column = pa.chunked_array([pa.concat_arrays([chunk]) for chunk in column.chunks], column.type)
    return column.cast(kind)


def _text_bytes(column: Any) -> NDArray[np.int64]:
    """Return for each row how many bytes its texts have that the file holds for several rows at once."""
    kind = column.type
    if pa.types.is_dictionary(kind) and (is_text(kind) or pa.types.is_binary(kind.value_type)):
        lengths = pc.binary_length(column.dictionary).take(column.indices)
        return np.asarray(pc.fill_null(lengths, 0).cast(pa.int64()).to_numpy(zero_copy_only=False))
    if pa.types.is_struct(kind):
        return sum((_text_bytes(part) for part in column.flatten()), np.zeros(len(column), dtype=np.int64))
    if pa.types.is_map(kind):
        entry = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        return _text_bytes(column.cast(pa.list_(entry)))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        ends = np.append(0, np.cumsum(_text_bytes(column.flatten())))
        places = np.cumsum(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False))
        return np.asarray(np.diff(ends[np.append(0, places)]))
    return np.zeros(len(column), dtype=np.int64)
