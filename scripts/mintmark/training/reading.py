"""Read tables as people have them: CSV whose text stays text, and Parquet. Types are decided over whole columns.

Knows no paths: it takes bytes and names, and gives tables.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from mintmark.core.question import RecipeFault, raise_faults
from mintmark.training.recipe import UNNAMED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.core.signature.csv_form import CsvForm

_PLACE: Final = ("source",)
_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE: Final = r"^[+-]?\d+$"
_CODE: Final = r"^[+-]?0\d"  # 01234 is a code, not a number
_INFINITE: Final = r"^[+-]?(?i:inf|infinity)$"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_UNSEEN: Final = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_EXACT: Final = 1 << 53  # whole numbers up to here are exact as floats
_TRUTHS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TEXTS: Final = ("string", "category")


def read_csv(name: str, content: bytes, source: CsvForm) -> pa.Table:
    """Return a CSV file with every cell as its text; raise `RecipeFault` with the line of what is wrong."""
    text, separator = _decoded(name, content, source.encoding), source.separator
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = next(rows, [])
    _check_header(name, header, separator)
    names = _named(header)
    try:
        return pa_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pa_csv.ReadOptions(
                column_names=names, skip_rows=rows.line_num, use_threads=False, block_size=1 << 26
            ),
            parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise RecipeFault(_PLACE, _why(name, text, separator, len(names), error)) from None


def _decoded(name: str, content: bytes, encoding: str) -> str:
    """Return the text of a file; raise `RecipeFault` with the line of what is no text."""
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise RecipeFault(
            (*_PLACE, "encoding"), f"there is no encoding {encoding!r}; utf-8 and latin-1 are two"
        ) from None
    except UnicodeError as error:
        line = content[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        own = "utf-16, as its first bytes say" if content.startswith(_UTF_16) else "latin-1, or its own"
        raise RecipeFault(_PLACE, f"{name}, line {line}: cannot be read as {encoding}; write encoding: {own}") from None
    odd = _NO_TEXT.search(text)
    if odd is not None:
        what = "a NUL character, so it is no text; is it UTF-16? (encoding:)"
        if odd[0] != "\0":
            what = "half of a pair of surrogates, which is no character; write another encoding:, or mend the file"
        raise RecipeFault(_PLACE, f"{name}, line {text.count(chr(10), 0, odd.start()) + 1}: holds {what}")
    return text


def _check_header(name: str, header: Sequence[str], separator: str) -> None:
    if not header:
        raise RecipeFault(_PLACE, f"{name} cannot be read: it is empty, and has no header")
    _check_names(f"{name}, line 1", [column for column in header if column.strip()])
    other = next((sign for sign in ";\t|" if len(header) == 1 and separator == "," and sign in header[0]), None)
    if other is not None:
        raise RecipeFault(
            (*_PLACE, "separator"), f"{name}, line 1: has one column; write separator: {other!r} if that divides them"
        )


def _check_names(where: str, names: Sequence[str]) -> None:
    """Raise `RecipeFault`s for columns of one name, and of names that look the same."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_UNSEEN.sub(" ", unicodedata.normalize("NFC", name)).strip(), []).append(name)
    faults = []
    for name, given in alike.items():
        if len(given) > 1:
            differ = "" if len(set(given)) == 1 else f" but for what nobody sees ({', '.join(map(ascii, given))})"
            many = "two" if len(given) == 2 else f"{len(given):,}"
            message = f'{where}: {many} columns are called "{name}"{differ}; give each a name of its own'
            faults.append(RecipeFault(_PLACE, message))
    raise_faults(faults)


def _named(header: Sequence[str]) -> list[str]:
    """Return a name for every column; one without a name is called as pandas calls it."""
    taken = set(header)
    names = []
    for number, column in enumerate(header):
        name = column if column.strip() else f"{UNNAMED}{number}"
        while not column.strip() and name in taken:
            name += ".1"
        taken.add(name)
        names.append(name)
    return names


def _why(name: str, text: str, separator: str, wanted: int, error: Exception) -> str:
    """Return the line of the first row with another number of fields, or the reader's own words."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in rows:
            if row and len(row) != wanted:
                return f"{name}, line {rows.line_num}: has {len(row)} fields, and the header has {wanted}"
    except csv.Error as fault:
        return f"{name}, line {rows.line_num}: {fault}"
    return f"{name} cannot be read: {' '.join(str(error).split())[:200]}"


def read_parquet(name: str, content: bytes, *, dropped: Sequence[str] = ()) -> pa.Table:
    """Return a Parquet file without the `dropped` columns; a date is a time.

    Raises `RecipeFault`s for all columns that no table holds.
    """
    try:
        table = pq.read_table(io.BytesIO(content))
        table.validate(full=True)  # text that is no UTF-8, such as half of a pair of surrogates
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RecipeFault(_PLACE, f"{name} cannot be read: {' '.join(str(error).split())[:200]}") from None
    _check_names(name, table.column_names)
    columns, faults = {}, []
    for field in table.schema:
        plain = _as_plain(field.type, table.column(field.name))
        if plain is not None:
            columns[field.name] = plain
        elif field.name in dropped:
            columns[field.name] = pa.chunked_array([pa.nulls(len(table))])
        else:
            message = f'{name}: the column "{field.name}" holds {field.type}, which is neither number, text nor time'
            faults.append(RecipeFault(_PLACE, f'{message}; write drop: ["{field.name}"], or store it as one of those'))
    raise_faults(faults)
    return pa.table(columns)


def _as_plain(kind: pa.DataType, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("us"))
    if pa.types.is_dictionary(kind):
        return _as_plain(kind.value_type, column.cast(kind.value_type))
    if pa.types.is_string_view(kind):
        return column.cast(pa.string())
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string, pa.types.is_timestamp)
    others = (pa.types.is_large_string, pa.types.is_null, pa.types.is_decimal)
    return column if any(is_one(kind) for is_one in (*plain, *others)) else None


def join_typed(parts: Mapping[str, pa.Table], source: CsvForm, types: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of several files with their types: those of CSV files are decided over all of them together."""
    if all(name.lower().endswith(".csv") for name in parts):
        return decide_types(join_tables(parts), source, types)
    typed = {name: pa.Table.from_pandas(decide_types(part, source, types)) for name, part in parts.items()}
    frame: pd.DataFrame = join_tables(typed).to_pandas(ignore_metadata=True)
    return frame


def join_tables(parts: Mapping[str, pa.Table]) -> pa.Table:
    """Return the rows of several files, one below the other; raise `RecipeFault` where their columns differ."""
    (first, table), *others = parts.items()
    for name, other in others:
        missing = [c for c in table.column_names if c not in other.column_names]
        more = [c for c in other.column_names if c not in table.column_names]
        if missing or more:
            which = f'lacks "{missing[0]}"' if missing else f'has "{more[0]}" besides'
            raise RecipeFault(_PLACE, f"{name} has other columns than {first}: it {which}")
    try:
        ordered = [part.select(table.column_names) for part in parts.values()]
        return pa.concat_tables(ordered, promote_options="permissive")
    except pa.ArrowException as error:
        raise RecipeFault(_PLACE, f"the files hold other types: {' '.join(str(error).split())[:200]}") from None


def decide_types(table: pa.Table, source: CsvForm, types: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table whose columns of text are numbers or truths where every value in them is one.

    Declared text stays as it is, whatever it looks like. A DECIMAL is a number.
    """
    columns = {}
    for name in table.column_names:
        column, declared = table.column(name), types.get(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = _decided(column.combine_chunks(), source, declared)
        elif pa.types.is_decimal(column.type):
            column = _of_decimals(column, declared)
        columns[name] = _with_gaps(column, declared)
    frame: pd.DataFrame = pa.table(columns).to_pandas(ignore_metadata=True)
    return frame


def _of_decimals(column: pa.ChunkedArray, declared: Any) -> pa.ChunkedArray:
    if declared in _TEXTS:
        return column.cast(pa.string())
    if column.type.scale > 0:
        return column.cast(pa.float64())
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column.cast(pa.string())  # more digits than a number keeps, as in a CSV file


def _with_gaps(column: pa.Array | pa.ChunkedArray, declared: Any) -> pa.Array | pa.ChunkedArray:
    """Return whole numbers as text where gaps would make floats of them, which do not tell the large ones apart."""
    if not (pa.types.is_integer(column.type) and column.null_count):
        return column
    if declared in _TEXTS or not _are_exact(column):
        return column.cast(pa.string())
    return column


def _are_exact(column: pa.Array | pa.ChunkedArray) -> bool:
    ends = pc.min_max(column).as_py()
    return all(end is None or abs(end) <= _EXACT for end in ends.values())


def _decided(column: pa.Array, source: CsvForm, declared: Any) -> pa.Array:
    as_text = _without(column, source.no_text)
    if declared in _TEXTS:
        return as_text
    trimmed = pc.utf8_trim_whitespace(column)
    present = _without(trimmed, source.no_number)
    values = present.drop_null()
    if not len(values):
        return pa.nulls(len(column), pa.float64()) if len(as_text.drop_null()) == 0 else as_text
    if source.decimal != ".":
        present = pc.replace_substring(present, ".", "x")  # a point is no part of such a number
        present = pc.replace_substring(present, source.decimal, ".")
        values = present.drop_null()
    if _all(values, _NUMBER + "|" + _INFINITE) and not _any(values, _CODE):
        return _numbers(present, values, as_text)
    if not as_text.null_count and set(pc.unique(values).to_pylist()) <= _TRUTHS.keys():
        return pa.array([_TRUTHS[text] for text in trimmed.to_pylist()])
    return as_text


def _without(column: pa.Array, words: Iterable[str]) -> pa.Array:
    return pc.if_else(
        pc.is_in(column, value_set=pa.array(sorted(words), column.type)), pa.scalar(None, column.type), column
    )


def _all(values: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _any(values: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())


def _numbers(present: pa.Array, values: pa.Array, as_text: pa.Array) -> pa.Array:
    plain = pc.replace_substring_regex(present, r"^\+", "")
    if _all(values, _WHOLE):
        try:
            return plain.cast(pa.int64())
        except pa.ArrowInvalid:
            return as_text  # more digits than a number keeps
    return plain.cast(pa.float64())
