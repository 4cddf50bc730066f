"""Read rows in a CSV or Parquet file in batches, in the types that a signature asks for. Knows no model.

Text stays what the file holds, and a number is read exactly. What is no number where one is asked for stays the text
that it is, for the check of the signature to name it.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mintmark.core.signature.column_types import kind_of
from mintmark.core.signature.csv_form import TRUTHS, CsvForm
from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

Picked: TypeAlias = "Callable[[Sequence[str]], Sequence[str]]"  # of the columns of a file, those that are read
BATCH_ROWS: Final = 20_000
CSV, PARQUET = ".csv", ".parquet"
_SAMPLE: Final = 1 << 20  # bytes of a file that are looked at to tell its encoding


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file; `done` of `size_of` has been read up to here. `as_types` makes the table of them."""

    done: int
    as_types: Callable[[Mapping[str, str]], pd.DataFrame]

    @property
    def table(self) -> pd.DataFrame:
        """The rows as they are: in the text that a CSV file holds, or in the types that they have in Parquet."""
        return self.as_types({})


def check_suffix(path: Path) -> str:
    """Return `.csv` or `.parquet`; raise `UsageError` for another file."""
    suffix = path.suffix.lower()
    if suffix not in (CSV, PARQUET):
        raise UsageError(f"{path}: is neither .csv nor .parquet")
    return suffix


def read_batches(
    path: Path,
    *,
    forms: Sequence[CsvForm] = (),
    names: Iterable[str] = (),
    rows: int = BATCH_ROWS,
    only: Picked | None = None,
) -> Iterator[Batch]:
    """Yield the rows of a file; `Batch.as_types` reads them in types of a signature (name -> type), as often as asked.

    A CSV file is read in the first of `forms` in which its header has all `names`, else in the usual form. `only` picks
    the columns that are wanted. `Batch.done` counts bytes of a CSV file and rows of Parquet, as `size_of` does. Raises
    `MintmarkError` with the line where a file is no table: it has a column twice, or a row of another width than its
    header.
    """
    try:
        if check_suffix(path) == CSV:
            yield from _read_csv(path, find_form(path, forms, names), rows, only)
        else:
            yield from _read_parquet(path, rows, only)
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be read: {error.strerror or error}") from None


def size_of(path: Path) -> tuple[int, str]:
    """Return how much there is to read, and in which unit: bytes of CSV, rows of Parquet."""
    try:
        if check_suffix(path) == CSV:
            return os.stat(path).st_size, "B"
        import pyarrow as pa
        import pyarrow.parquet as pq

        from mintmark.registry.logged.brought import no_parquet

        try:
            return int(pq.read_metadata(path).num_rows), " rows"
        except pa.ArrowException as error:
            raise no_parquet(str(path), error) from None
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be read: {error.strerror or error}") from None


# -- CSV -------------------------------------------------------------------------------------------------------------


def find_form(path: Path, forms: Sequence[CsvForm], names: Iterable[str]) -> CsvForm:
    """Return the first form in which the header has all names, else the usual one, or the only one that was given.

    Who trained on semicolons may ask about a file with commas. Text in UTF-8 is told by its bytes.
    """
    with open(path, "rb") as file:
        sample = file.read(_SAMPLE)
    wanted = set(names)
    usual = CsvForm(missing=forms[0].missing if forms else None)
    tried = [_in_utf8(form, sample) for form in (*forms, usual) if _is_known(form.encoding)]
    for form in tried:
        text = sample.decode(form.encoding, errors="replace").removeprefix("\ufeff")
        try:
            if wanted <= set(next(csv.reader(io.StringIO(text, newline=""), delimiter=form.separator), [])):
                return form
        except csv.Error:  # told with its line by who reads the rows
            continue
    return tried[0]


def _is_known(encoding: str) -> bool:
    try:
        b" ".decode(encoding, errors="replace")
    except (LookupError, ValueError):
        return False
    return True


def _in_utf8(form: CsvForm, sample: bytes) -> CsvForm:
    """Bytes beyond ASCII that are whole characters of UTF-8 are no text in another encoding."""
    if sample.isascii():
        return form
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return form
    return replace(form, encoding="utf-8")


def _read_csv(path: Path, form: CsvForm, rows: int, only: Picked | None) -> Iterator[Batch]:
    encoding = "utf-8-sig" if form.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else form.encoding
    with open(path, "rb") as raw:
        text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        reader = csv.reader(text, delimiter=form.separator, strict=True)
        try:
            header = next(reader, [])
            _check_header(path, header, form)
            picked = frozenset(header if only is None else only(header))
            lines = _even_rows(path, reader, len(header))
            while batch := list(islice(lines, rows)):
                yield Batch(raw.tell(), partial(_csv_table, header, batch, form, picked))
        except UnicodeDecodeError as error:
            raise MintmarkError(
                f"{path}: is not text in {form.encoding} ({error.reason}); write it again as UTF-8"
            ) from None
        except csv.Error as error:
            raise MintmarkError(f"{path}:{reader.line_num}: is no row of a table ({error})") from None


def _check_header(path: Path, header: Sequence[str], form: CsvForm) -> None:
    if not header:
        raise MintmarkError(f"{path}: is empty; its first line names the columns")
    name, count = Counter(header).most_common(1)[0]
    if count > 1:
        raise MintmarkError(f'{path}:1: names the column "{name}" {count} times; keep one')
    other = next((sign for sign in ",;\t|" if len(header) == 1 and sign != form.separator and sign in header[0]), None)
    if other is not None:
        raise MintmarkError(
            f"{path}:1: has one column; its separator is {other!r}, and that of the model's source {form.separator!r}; "
            "write it with that one, or with commas"
        )


def _even_rows(path: Path, reader: Any, width: int) -> Iterator[list[str]]:
    for row in reader:
        if len(row) == width:
            yield row
        elif row:
            raise MintmarkError(f"{path}:{reader.line_num}: has {len(row):,} fields, and the header {width:,}")
        elif width == 1:
            yield [""]  # an empty line is a row of one empty field


def _csv_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    form: CsvForm,
    picked: Container[str],
    types: Mapping[str, str],
) -> pd.DataFrame:
    import pandas as pd

    columns = zip(header, zip(*rows, strict=True), strict=True)
    return pd.DataFrame(
        {name: _csv_column(values, types.get(name), form) for name, values in columns if name in picked}
    )


def _csv_column(values: Sequence[str], wanted: str | None, form: CsvForm) -> Any:
    import numpy as np
    import pandas as pd

    kind = "text as it is" if wanted is None else kind_of(wanted)
    if kind == "numbers":
        return _csv_numbers(values, form, whole=str(wanted).lower().startswith(("int", "uint")))
    if kind == "booleans":
        nothing = form.no_number
        found = [TRUTHS.get(word, None if word in nothing else value) for value in values for word in (value.strip(),)]
        return np.array(found, dtype=bool) if all(type(value) is bool for value in found) else _objects(found)
    if kind == "text as it is":
        return pd.Series(values, dtype="str")
    if kind == "anything":
        read = _csv_numbers(values, form, whole=False)
        return read if read.dtype != object else _objects(values)
    nothing = form.no_text
    return _objects([None if value in nothing else value for value in values])


def _csv_numbers(values: Sequence[str], form: CsvForm, *, whole: bool) -> Any:
    """Python reads a number exactly, and as one 1_000 and digits of other scripts too, which prepare reads as text."""
    import numpy as np

    if whole:
        try:
            return np.array([_whole(value) for value in values], dtype=np.int64)
        except (ValueError, OverflowError):
            pass
    nothing, decimal = form.no_number, form.decimal
    numbers = [_number(value, nothing, decimal) for value in values]
    return np.array(numbers) if all(type(value) is float for value in numbers) else _objects(numbers)


def _whole(text: str) -> int:
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return int(text)


def _number(text: str, nothing: Container[str], decimal: str) -> float | str:
    if text.strip() in nothing:
        return float("nan")
    written = text
    if decimal != ".":  # a point is no part of such a number
        written = "_" if "." in text else text.replace(decimal, ".")
    try:
        return text if "_" in written or not written.isascii() else float(written)
    except ValueError:
        return text


def _objects(values: Sequence[Any]) -> Any:
    import pandas as pd

    return pd.Series(list(values), dtype=object)


# -- Parquet ---------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path, rows: int, only: Picked | None) -> Iterator[Batch]:
    from mintmark.registry.logged.brought import read_tables

    done = 0
    with open(path, "rb") as file:
        for table in read_tables(file, str(path), rows=rows, only=only):
            done += len(table)
            yield Batch(done, partial(_parquet_table, table))


def _parquet_table(table: Any, types: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    from mintmark.registry.logged.folded import is_text

    asked = [name for name in table.column_names if name in types]
    wanted = table.select(asked)
    for place, column in enumerate(wanted.columns):
        if pa.types.is_dictionary(column.type) and is_text(column.type):  # as whoever holds it will have it
            wanted = wanted.set_column(place, asked[place], column.cast(column.type.value_type))
    columns = dict(wanted.to_pandas(ignore_metadata=True).items())
    kept = table.drop_columns(asked).to_pandas(ignore_metadata=True, types_mapper=pd.ArrowDtype)
    columns |= dict(kept.items())
    return pd.DataFrame({name: columns[name] for name in table.column_names})
