"""Write tables one after the other into a CSV or Parquet file, whole or not at all. Knows no model."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from mintmark.commands.measuring.row_files import CSV, check_suffix
from mintmark.registry.files import open_atomically
from mintmark.terminal import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

STANDARD_OUTPUT = "-"


class Writer(Protocol):
    """Takes the next rows of a table; every table has the columns of the first."""

    def write(self, table: pd.DataFrame) -> None:
        """Write some rows."""


@contextmanager
def open_writer(output: Path) -> Iterator[Writer]:
    """Yield what writes to a file by its suffix, or as CSV to standard output (`-`).

    The file appears when the block ends without an error, in place of one that may be there. Raises `MintmarkError`
    where it cannot be written.
    """
    if str(output) == STANDARD_OUTPUT:
        # A terminal is kept from obeying what a file holds; a pipe gets it as it is.
        yield _CsvWriter(sys.stdout if sys.stdout.isatty() else unescaped(sys.stdout))
        return
    suffix = check_suffix(output)
    with open_atomically(output) as file:
        if suffix == CSV:
            yield _CsvWriter(_Encoded(file))
        else:
            parquet = _ParquetWriter(file)
            yield parquet
            parquet.close()


class _Encoded:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> None:
        self._file.write(text.encode("utf-8"))


class _CsvWriter:
    def __init__(self, stream: Any) -> None:
        self._stream, self._header = stream, True

    def write(self, table: pd.DataFrame) -> None:
        self._stream.write(table.to_csv(index=False, header=self._header, lineterminator="\n"))
        self._header = False


class _ParquetWriter:
    def __init__(self, file: Any) -> None:
        self._file, self._writer = file, None

    def write(self, table: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.Table.from_pandas(table, preserve_index=False)
        if self._writer is None:
            rows = rows.replace_schema_metadata(None)
            self._writer = pq.ParquetWriter(self._file, rows.schema, compression="zstd")
        self._writer.write_table(rows.cast(self._writer.schema))  # type: ignore[attr-defined]

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
