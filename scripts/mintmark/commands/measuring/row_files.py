"""Read rows in a CSV or Parquet file in batches, in the types that a signature asks for. Knows no model.

Text stays what the file holds, and a number is read exactly. What is no number where one is asked for stays the text
that it is, for the check of the signature to name it.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.signature.column_types import kind_of
from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

BATCH_ROWS: Final = 20_000
CSV, PARQUET = ".csv", ".parquet"
_NOTHING: Final = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "<NA>"})  # where numbers belong
_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file; `done` of `Source.size` has been read up to here."""

    table: pd.DataFrame
    done: int


def check_suffix(path: Path) -> str:
    """Return `.csv` or `.parquet`; raise `UsageError` for another file."""
    suffix = path.suffix.lower()
    if suffix not in (CSV, PARQUET):
        raise UsageError(f"{path}: is neither .csv nor .parquet")
    return suffix


def read_batches(path: Path, types: Mapping[str, str], *, rows: int = BATCH_ROWS) -> Iterator[Batch]:
    """Yield the rows of a file; columns in `types` (name -> type of a signature) are read as these.

    The others come as the text that a CSV file holds, or in the type that they have in Parquet. `Batch.done` counts
    bytes of a CSV file and rows of Parquet, as `size_of` does. Raises `MintmarkError` with the line where a file is no
    table: it has a column twice, or a row of another width than its header.
    """
    try:
        yield from (_read_csv if check_suffix(path) == CSV else _read_parquet)(path, types, rows)
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be read: {error.strerror or error}") from None


def size_of(path: Path) -> tuple[int, str]:
    """Return how much there is to read, and in which unit: bytes of CSV, rows of Parquet."""
    try:
        if check_suffix(path) == CSV:
            return os.stat(path).st_size, "B"
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return int(pq.read_metadata(path).num_rows), " rows"
        except pa.ArrowException as error:
            raise _no_parquet(path, error) from None
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be read: {error.strerror or error}") from None


# -- CSV -------------------------------------------------------------------------------------------------------------


def _read_csv(path: Path, types: Mapping[str, str], rows: int) -> Iterator[Batch]:
    with open(path, "rb") as raw:
        import io

        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        reader = csv.reader(text, strict=True)
        try:
            header = next(reader, [])
            _check_header(path, header)
            lines = _even_rows(path, reader, len(header))
            while batch := list(islice(lines, rows)):
                yield Batch(_csv_table(header, batch, types), raw.tell())
        except UnicodeDecodeError as error:
            raise MintmarkError(f"{path}: is not text in UTF-8 ({error.reason}); write it again as UTF-8") from None
        except csv.Error as error:
            raise MintmarkError(f"{path}:{reader.line_num}: is no row of a table ({error})") from None


def _check_header(path: Path, header: Sequence[str]) -> None:
    if not header:
        raise MintmarkError(f"{path}: is empty; its first line names the columns")
    name, count = Counter(header).most_common(1)[0]
    if count > 1:
        raise MintmarkError(f'{path}:1: names the column "{name}" {count} times; keep one')


def _even_rows(path: Path, reader: Any, width: int) -> Iterator[list[str]]:
    for row in reader:
        if len(row) == width:
            yield row
        elif row:
            raise MintmarkError(f"{path}:{reader.line_num}: has {len(row):,} fields, and the header {width:,}")
        elif width == 1:
            yield [""]  # an empty line is a row of one empty field


def _csv_table(header: Sequence[str], rows: Sequence[Sequence[str]], types: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    columns = zip(header, zip(*rows, strict=True), strict=True)
    return pd.DataFrame({name: _csv_column(values, types.get(name)) for name, values in columns})


def _csv_column(values: Sequence[str], wanted: str | None) -> Any:
    import numpy as np
    import pandas as pd

    kind = "text as it is" if wanted is None else kind_of(wanted)
    if kind == "numbers":
        return _csv_numbers(values, whole=str(wanted).lower().startswith(("int", "uint")))
    if kind == "booleans":
        found = [_BOOLEANS.get(value.lower(), None if value in _NOTHING else value) for value in values]
        return np.array(found, dtype=bool) if all(type(value) is bool for value in found) else _objects(found)
    if kind == "text as it is":
        return pd.Series(values, dtype="str")
    if kind == "anything":
        read = _csv_numbers(values, whole=False)
        return read if read.dtype != object else _objects(values)
    return _objects([value or None for value in values])


def _csv_numbers(values: Sequence[str], *, whole: bool) -> Any:
    """Python reads a number exactly, and 1_000 as one, which nobody writes into a file."""
    import numpy as np

    if whole:
        try:
            return np.array([_whole(value) for value in values], dtype=np.int64)
        except (ValueError, OverflowError):
            pass
    numbers = [_number(value) for value in values]
    return np.array(numbers) if all(type(value) is float for value in numbers) else _objects(numbers)


def _whole(text: str) -> int:
    if "_" in text:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float | str:
    if text in _NOTHING:
        return float("nan")
    try:
        return text if "_" in text else float(text)
    except ValueError:
        return text


def _objects(values: Sequence[Any]) -> Any:
    import pandas as pd

    return pd.Series(list(values), dtype=object)


# -- Parquet ---------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path, types: Mapping[str, str], rows: int) -> Iterator[Batch]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    done = 0
    try:
        with closing(pq.ParquetFile(path)) as file:
            name, count = Counter(file.schema_arrow.names).most_common(1)[0] if file.schema_arrow.names else ("", 0)
            if count > 1:
                raise MintmarkError(f'{path}: has the column "{name}" {count} times; keep one')
            for part in file.iter_batches(batch_size=rows):
                done += part.num_rows
                table = pa.Table.from_batches([part])
                asked = [name for name in table.column_names if name in types]
                columns = dict(table.select(asked).to_pandas(ignore_metadata=True).items())
                kept = table.drop_columns(asked).to_pandas(ignore_metadata=True, types_mapper=pd.ArrowDtype)
                columns |= dict(kept.items())
                yield Batch(pd.DataFrame({name: columns[name] for name in table.column_names}), done)
    except pa.ArrowException as error:
        raise _no_parquet(path, error) from None


def _no_parquet(path: Path, error: Exception) -> MintmarkError:
    return MintmarkError(f"{path}: is no Parquet file ({' '.join(str(error).split())[:200]})")
