"""Read a file of rows whose form nobody has declared: work out how it is written, then read it as `prepare` does."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.question import RecipeFault
from mintmark.core.signature.csv_form import CsvForm
from mintmark.errors import MintmarkError
from mintmark.registry.files import check_size
from mintmark.training import reading

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS: Final = (",", ";", "\t", "|")
_OTHER_TEXTS: Final = ("tsv", "tab", "txt")
_LOOKED_AT: Final = 200  # rows, of which the form is worked out
_MOST_COLUMNS: Final = 10_000  # more take hours to measure one by one
_COMMA_NUMBER: Final = re.compile(r"[+-]?\d+,\d+")
_POINT_NUMBER: Final = re.compile(r"[+-]?\d+\.\d+")
_BYTE_ORDER_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """A table as the pipeline will read it, and what its source has to declare (separator, decimal, encoding)."""

    frame: pd.DataFrame
    declared: dict[str, str]


def read_rows(name: str, content: bytes) -> Rows:
    """Return the rows of a .csv or .parquet file; raise `MintmarkError` with the line of what is wrong in it."""
    suffix = name.lower().rpartition(".")[2]
    if suffix not in ("csv", "parquet"):
        remedy = "call it .csv: any separator is found" if suffix in _OTHER_TEXTS else "save it as one of them"
        raise MintmarkError(f"{name}: is neither .csv nor .parquet; {remedy}")
    declared = _form_of(name, content) if suffix == "csv" else {}
    form = CsvForm(**declared)
    if suffix == "csv":
        head = content.partition(b"\n")[0].decode(declared.get("encoding", "utf-8"), "replace")
        _require_few(name, head.count(declared.get("separator", ",")) + 1)
    try:
        table = reading.read_csv(name, content, form) if suffix == "csv" else _read_parquet(name, content)
        frame = reading.join_typed({name: table}, form, {})
    except RecipeFault as fault:
        raise MintmarkError("\n".join(one.message for one in fault.faults)) from None
    if frame.empty:
        raise MintmarkError(f"{name}: holds no rows")
    return Rows(frame=frame, declared=declared)


def _require_few(name: str, columns: int) -> None:
    if columns > _MOST_COLUMNS:
        raise MintmarkError(
            f"{name}: has {columns:,} columns, and at most {_MOST_COLUMNS:,} are taken; leave out the rest"
        )


def _read_parquet(name: str, content: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(io.BytesIO(content)).names
    except (pa.ArrowException, OSError, ValueError):
        names = []  # the reader says why
    _require_few(name, len(names))
    _require_small(name, content)
    return reading.read_parquet(name, content, dropped=names)


def _require_small(name: str, content: bytes) -> None:
    """Raise `MintmarkError` for rows that take too much memory: few bytes may unpack to a great many."""
    from mintmark.registry.logged.brought import read_tables, unpacked_size

    size = 0
    for table in read_tables(io.BytesIO(content), name):
        size += unpacked_size(table)
        check_size(size, name, "give a sample of them")


def _form_of(name: str, content: bytes) -> dict[str, str]:
    """Return what has to be declared of a CSV file, which is nothing for the usual form."""
    encoding = _encoding_of(content)
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeError:
        raise MintmarkError(f"{name}: cannot be read as {encoding}; save it as UTF-8") from None
    separator = _separator_of(text)
    decimal = _decimal_of(text, separator)
    found = {"separator": separator, "decimal": decimal, "encoding": encoding}
    usual = {"separator": ",", "decimal": ".", "encoding": "utf-8"}
    return {key: value for key, value in found.items() if value != usual[key]}


def _encoding_of(content: bytes) -> str:
    """Return utf-8 where it is that, else what the first bytes say, else the one of Windows in western Europe."""
    marked = _BYTE_ORDER_MARKS.get(content[:2])
    if marked is not None:
        return marked
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _head(text: str, separator: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if len(rows) > _LOOKED_AT:
                break
            rows.append(row)
    except csv.Error:  # a field too long, or a quote without its pair: the reader proper says where
        pass
    return rows


def _separator_of(text: str) -> str:
    """Return the sign that divides most rows into as many fields as the header has, of several the one with most."""

    def fit(separator: str) -> tuple[bool, float, int]:
        rows = [row for row in _head(text, separator) if row]
        if not rows or len(rows[0]) < 2:
            return False, 0.0, 0
        widths = Counter(len(row) for row in rows)
        return True, widths[len(rows[0])] / len(rows), len(rows[0])

    best = max(_SEPARATORS, key=fit)
    return best if fit(best)[0] else ","


def _decimal_of(text: str, separator: str) -> str:
    cells = [cell.strip() for row in _head(text, separator)[1:] for cell in row]
    commas = sum(bool(_COMMA_NUMBER.fullmatch(cell)) for cell in cells)
    points = sum(bool(_POINT_NUMBER.fullmatch(cell)) for cell in cells)
    return "," if commas > points else "."
