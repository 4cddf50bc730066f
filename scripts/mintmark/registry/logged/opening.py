"""Open a Parquet file of the log, and read it a few rows at a time: in bounded memory, whatever somebody put there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mintmark.artifacts.parquet_pages import largest_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BATCH: Final = 65_536  # rows
_BATCH_BYTES: Final = 128_000_000  # of them, however long the texts are that somebody sent
_ROW_BY_ROW: Final = frozenset(("PLAIN", "RLE", "BIT_PACKED"))  # the last two are of what is missing


class LogParquet(pq.ParquetFile):  # type: ignore[misc]
    """A Parquet file with the file that it is read from, whose pages can be looked at before they are unpacked."""

    def __init__(self, file: BinaryIO, **how: Any) -> None:
        super().__init__(file, **how)
        self.file = file


def open_parquet(file: BinaryIO, *, names: Sequence[str] = ()) -> LogParquet:
    """Open a file, with texts as dictionaries where the file has them so, and always those of `names`.

    A text of a megabyte that every row has is small in the file, and must not become one for each row. Texts that the
    file has row by row are as long as it says, and are read as they are: that is quicker.
    """
    metadata = pq.read_metadata(file)
    file.seek(0)
    return LogParquet(file, metadata=metadata, read_dictionary=[*names, *_folded(metadata)])


def _folded(metadata: pq.FileMetaData) -> set[str]:
    """Return the paths of the columns of text of which a file may hold less than their rows have."""
    columns = (
        metadata.row_group(group).column(number)
        for group in range(metadata.num_row_groups)
        for number in range(metadata.num_columns)
    )
    return {
        each.path_in_schema
        for each in columns
        if each.physical_type == "BYTE_ARRAY" and not _ROW_BY_ROW.issuperset(each.encodings)
    }


def batches_of(
    reader: LogParquet,
    columns: Sequence[str] | None = None,
    groups: Sequence[int] | None = None,
    *,
    most_rows: int = _BATCH,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, or of some of its groups, in batches that are bounded in rows and in bytes.

    Raises `ValueError` for a file that is larger than it says, before anything of it is unpacked.
    """
    metadata = reader.metadata
    chosen = list(range(metadata.num_row_groups)) if groups is None else list(groups)
    leaves = _leaves(reader.schema_arrow, columns)
    numbers = leaves if leaves is not None else range(metadata.num_columns)
    longest = 1.0
    widths = {number: _width(metadata.schema.column(number)) for number in numbers}
    for group in (metadata.row_group(number) for number in chosen):
        sizes = (
            max(widths[number], largest_value(reader.file, group.column(number), group.num_rows)) for number in numbers
        )
        longest = max(longest, sum(sizes))
    rows = max(1, min(most_rows, int(_BATCH_BYTES / longest)))
    names = None if columns is None else list(columns)
    for number in chosen:  # Arrow cannot make one batch of lists whose dictionaries are of several groups
        yield from reader.iter_batches(rows, row_groups=[number], columns=names)


def _width(column: pq.ColumnSchema) -> int:
    """Return how many bytes a value takes that the file holds for several rows at once, as a place in a dictionary."""
    if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
        return int(column.length)
    return 8


def _leaves(schema: pa.Schema, columns: Sequence[str] | None) -> list[int] | None:
    """Return the numbers of the columns of the file that some columns of a table are of; None for all of them."""
    if columns is None:
        return None
    found: list[int] = []
    place = 0
    for field in schema:
        count = _leaf_count(field.type)
        found += range(place, place + count) if field.name in columns else ()
        place += count
    return found


def _leaf_count(kind: pa.DataType) -> int:
    if pa.types.is_dictionary(kind):
        return _leaf_count(kind.value_type)
    if kind.num_fields:
        return sum(_leaf_count(kind.field(number).type) for number in range(kind.num_fields))
    return 1
