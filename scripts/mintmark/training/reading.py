"""Read tables as people have them: CSV whose text stays text, and Parquet. Types are decided over whole columns.

Knows no paths: it takes bytes and names, and gives tables.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from mintmark.core.question import RecipeFault
from mintmark.training.recipe import UNNAMED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.core.signature.csv_form import CsvForm

_PLACE: Final = ("source",)
_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE: Final = r"^[+-]?\d+$"
_CODE: Final = r"^[+-]?0\d"  # 01234 is a code, not a number
_INFINITE: Final = r"^[+-]?(?i:inf|infinity)$"
_TRUTHS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TEXTS: Final = ("string", "category")


def read_csv(name: str, content: bytes, source: CsvForm) -> pa.Table:
    """Return a CSV file with every cell as its text; raise `RecipeFault` with the line of what is wrong."""
    separator, encoding = source.separator, source.encoding
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise RecipeFault(
            (*_PLACE, "encoding"), f"there is no encoding {encoding!r}; utf-8 and latin-1 are two"
        ) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RecipeFault(
            _PLACE,
            f"{name}, line {line}: cannot be read as {encoding}; write encoding: latin-1, or its own",
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise RecipeFault(
            _PLACE, f"{name}, line {line}: holds a NUL character, so it is no text; is it UTF-16? (encoding:)"
        )
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = next(rows, [])
    _check_header(name, header, separator)
    names = _named(header)
    try:
        return pa_csv.read_csv(
            io.BytesIO(text.encode("utf-8", "surrogatepass")),
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


def _check_header(name: str, header: Sequence[str], separator: str) -> None:
    if not header:
        raise RecipeFault(_PLACE, f"{name} cannot be read: it is empty, and has no header")
    given = [column for column in header if column.strip()]
    twice = next((column for number, column in enumerate(given) if column in given[:number]), None)
    if twice is not None:
        raise RecipeFault(_PLACE, f'{name}, line 1: two columns are called "{twice}"; give each a name of its own')
    other = next((sign for sign in ";\t|" if len(header) == 1 and separator == "," and sign in header[0]), None)
    if other is not None:
        raise RecipeFault(
            (*_PLACE, "separator"), f"{name}, line 1: has one column; write separator: {other!r} if that divides them"
        )


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


def read_parquet(name: str, content: bytes) -> pa.Table:
    """Return a Parquet file; a DECIMAL is a number, and a date a time. Raises `RecipeFault` for what no table holds."""
    try:
        table = pq.read_table(io.BytesIO(content))
        table.validate(full=True)  # text that is no UTF-8, such as half of a pair of surrogates
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RecipeFault(_PLACE, f"{name} cannot be read: {' '.join(str(error).split())[:200]}") from None
    twice = next((column for column in table.column_names if table.column_names.count(column) > 1), None)
    if twice is not None:
        raise RecipeFault(_PLACE, f'{name}: two columns are called "{twice}"; give each a name of its own')
    columns = [_as_plain(name, field, table.column(field.name)) for field in table.schema]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _as_plain(name: str, field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = field.type
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("us"))
    if pa.types.is_dictionary(kind):
        return _as_plain(name, field.with_type(kind.value_type), column.cast(kind.value_type))
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string, pa.types.is_timestamp)
    if not any(is_one(kind) for is_one in (*plain, pa.types.is_large_string, pa.types.is_null)):
        raise RecipeFault(
            _PLACE, f'{name}: the column "{field.name}" holds {kind}, which is neither number, text nor time'
        )
    return column


def join_typed(parts: Mapping[str, pa.Table], source: CsvForm, types: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of several files with their types: those of CSV files are decided over all of them together."""
    if all(name.endswith(".csv") for name in parts):
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

    Declared text stays as it is, whatever it looks like.
    """
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = _decided(column.combine_chunks(), source, types.get(name))
        columns[name] = column
    frame: pd.DataFrame = pa.table(columns).to_pandas(ignore_metadata=True)
    return frame


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
