"""Read a Parquet file that somebody else made as a table, and believe little of it. Knows no registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.artifacts.parquet_pages import largest_value
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_MOST_ROWS = 10_000_000
_MOST_BYTES = 2 << 30
_BATCH = 1 << 16
_LONGEST = 200


def read_table(path: Path, name: str) -> pd.DataFrame:
    """Return the table in a Parquet file of a proposal, which faults call by `name`.

    A few bytes may claim to be a great many rows, or one long text over and over, and what pandas notes in a file may
    rename and hide its columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema, leaves, metadata = file.schema_arrow, file.schema, file.metadata
        _check_size(name, schema, metadata.num_rows)
        _check_pages(path, name, metadata)
        texts = [leaf.path for leaf in map(leaves.column, range(len(leaves))) if leaf.physical_type == "BYTE_ARRAY"]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            batches, size = [], 0
            for batch in file.iter_batches(batch_size=_BATCH):
                size += sum(map(_size_of, batch.columns))
                if size > _MOST_BYTES:
                    raise MintmarkError(f"{name} holds more than {_MOST_BYTES:,} bytes, more than can be judged")
                batches.append(batch)
            whole = pa.Table.from_batches(batches, file.schema_arrow)
        table: pd.DataFrame = whole.cast(schema).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MintmarkError(f"{name} is not a table: {' '.join(str(error).split())[:200]}") from None
    if not table.columns.is_unique:
        raise MintmarkError(f"{name} has a column twice")
    return table


def _check_size(name: str, schema: pa.Schema, rows: int) -> None:
    """Raise `MintmarkError` for a table that is too large for certain, or that may be whatever it says."""
    import pyarrow as pa

    nested = next((field.name for field in schema if pa.types.is_nested(field.type)), None)
    if nested is not None:
        raise MintmarkError(f'{name} has lists or records in the column "{nested[:_LONGEST]}", which cannot be judged')
    size = rows * sum(map(_width, schema.types))
    if rows > _MOST_ROWS or size > _MOST_BYTES:
        raise MintmarkError(f"{name} holds {rows:,} rows, more than can be judged")


def _check_pages(path: Path, name: str, metadata: pq.FileMetaData) -> None:
    """Raise `MintmarkError` where pages unpack to too much, and `LyingFileError` where they lie about it."""
    size = 0
    with open(path, "rb") as file:
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for chunk in map(group.column, range(group.num_columns)):
                size += chunk.total_uncompressed_size
                if size > _MOST_BYTES:
                    raise MintmarkError(f"{name} unpacks to {size:,} bytes and more, more than can be judged")
                largest_value(file, chunk, group.num_rows)  # each page is what the size of the column says


def _width(kind: pa.DataType) -> int:
    """Return how many bytes a value takes at least."""
    try:
        return max(int(kind.bit_width) // 8, 1)
    except ValueError:  # a text, of any length
        return 1


def _size_of(column: pa.Array) -> int:
    """Return how many bytes a column takes when each text is there as often as it occurs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary) if _is_text(column.type.value_type) else None
    return int(column.nbytes if lengths is None else pc.sum(lengths.take(column.indices)).as_py() or 0)


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return any(
        is_one(kind) for is_one in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    )
