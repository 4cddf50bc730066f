"""Files of the prediction log as a scan opens them, and what is wrong with those that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.core.question import PROBABILITY
from mintmark.registry.logged.form import FIXED, INPUT, UNSERVED, arrow_type, is_json, parse_about, read_counts
from mintmark.registry.logged.opening import LogParquet, open_parquet
from mintmark.registry.logged.reading import open_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.registry.logged.form import About, Counted, Tally

_LARGEST_STATUS: Final = 999
_LARGEST_COUNT: Final = 2**53
NEEDED: Final = ("id", "row", "time", "model", "channel", "shadow", "latency", "status", "lost")
_AT_MOST: Final = {"row": _LARGEST_COUNT, "status": _LARGEST_STATUS}  # and none is below 0
_FILLED: Final = ("id", "time", "shadow", "status")  # a row without one of them is none that a server writes
# What Arrow and files of others raise; a file that is gone is no fault, for another one has its rows.
FAULTS: Final = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, RecursionError)
_NAMES: Final = ("channel", "model")  # always dictionaries
_KINDS: Final = {each.name: each.type for each in FIXED}


class LogFile(NamedTuple):
    """A file of the log: the address of the log, where it lies there, and what its rows must say of themselves.

    `address` is that of the log from wherever else the file is read.
    """

    where: str
    path: str
    model: str
    version: str
    address: str = ""

    @property
    def day(self) -> str:
        """The day (UTC) of its folder."""
        return self.path.split("/")[-2] if "/" in self.path else ""

    @property
    def name(self) -> str:
        """The whole address."""
        return f"{self.where.rstrip('/')}/{self.path}"


@dataclass(slots=True)
class Head:
    """What the end of a file says of its rows; `groups` has how many are in each group of rows of the Parquet file."""

    file: LogFile
    groups: tuple[int, ...] = ()
    counts: Mapping[Counted, Tally] = field(default_factory=dict)
    sample: float = 1.0
    personal: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


def open_log_file(file: LogFile) -> LogParquet:
    """Open a file, with texts as dictionaries where the file has them so."""
    files, root = open_files(file.address or file.where)
    opened = files.open(f"{root}/{file.path}", "rb")
    try:
        return open_parquet(opened, names=_NAMES)
    except BaseException:
        opened.close()
        raise


def read_head(file: LogFile) -> Head:
    """Read what the end of a file says of its rows, or what is wrong with it."""
    head = Head(file)
    try:
        with open_log_file(file) as reader:
            schema, metadata = reader.schema_arrow, reader.metadata
            about = parse_about(schema)
            head.groups = tuple(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
            head.counts = read_counts(schema)
            _check(about, head.counts)
    except FileNotFoundError:
        raise
    except FAULTS as error:
        head.fault = tell_fault(file, error)
        return head
    if about is None:
        head.fault = f"{file.name}: is no file of a prediction log that this mintmark reads; it is left out"
    elif (about.model, about.version) != (file.model, file.version):
        head.fault = f"{file.name}: says that it is of {about.model}@{about.version}; it is left out"
    else:
        head.sample, head.personal = about.sample, about.personal
        head.fault = (
            _misfit(file, schema) or _misfit_of_inputs(file, schema, about) or _misfit_of_answers(file, schema, about)
        )
    return head


class OddRowsError(ValueError):
    """Rows of a file that no server writes; the text says which."""


def check_rows(rows: pa.RecordBatch) -> None:
    """Raise `OddRowsError` for rows that do not say what they are: no request, no time, no status."""
    for name in _FILLED:
        if name in rows.schema.names and rows.column(name).null_count:
            raise OddRowsError(f"its column {name} has rows without a value")
    for name, most in _AT_MOST.items():
        if name in rows.schema.names and rows.num_rows:
            column = rows.column(name)
            ends = pc.min_max(pc.dictionary_decode(column) if pa.types.is_dictionary(column.type) else column).as_py()
            if ends["min"] is not None and not 0 <= ends["min"] <= ends["max"] <= most:
                raise OddRowsError(f"its column {name} goes from {ends['min']} to {ends['max']}")


def _check(about: About | None, counts: Mapping[Counted, Tally]) -> None:
    """Raise `ValueError` where what a file says of itself is not what a server writes: anybody may have written it."""
    for what, tally in counts.items():
        datetime.fromisoformat(what.minute)
        numbers = (what.status, *tally)
        are_counts = all(type(number) is int and 0 <= number < _LARGEST_COUNT for number in numbers)
        if not are_counts or what.status > _LARGEST_STATUS:
            raise ValueError("its counts are no numbers")
        if not isinstance(what.channel, str) or type(what.shadow) is not bool:
            raise ValueError("its counts are of no channel")
    if about is None:
        return
    if not isinstance(about.sample, (int, float)) or not 0 < about.sample <= 1:
        raise ValueError("its sample is no share")
    if not all(isinstance(name, str) and how in ("drop", "hash") for name, how in about.personal.items()):
        raise ValueError("it does not say what is personal")


def tell_fault(file: LogFile, error: Exception) -> str:
    """Return the sentence for a file that is not whole, or that holds what the log has no place for."""
    if isinstance(error, OddRowsError):
        return f"{file.name}: {error}; it is left out"
    is_broken = isinstance(error, (pa.ArrowInvalid, OSError))
    what = "is no whole Parquet file" if is_broken else "holds what no server writes"
    return f"{file.name}: {what} ({' '.join(str(error).split())[:200]}); it is left out"


def _misfit(file: LogFile, schema: pa.Schema) -> str:
    twice = next((name for name in schema.names if len(schema.get_all_field_indices(name)) > 1), None)
    if twice is not None:
        return f"{file.name}: has two columns {twice}; it is left out"
    if file.version == UNSERVED:
        return ""
    for name in NEEDED:
        if name not in schema.names:
            return f"{file.name}: has no column {name}; it is left out"
        found = _plain(schema.field(name).type)
        if found != _KINDS[name]:
            naive = ", and a time without a zone says no moment" if _is_naive(found) else ""
            return f"{file.name}: its column {name} is {found}, not {_KINDS[name]}{naive}; it is left out"
    return ""


def _misfit_of_inputs(file: LogFile, schema: pa.Schema, about: About) -> str:
    """Say which input is not there, or of another kind than the signature has it; no server writes that."""
    for name, said in about.inputs.items():
        if INPUT + name not in schema.names:
            if about.personal.get(name) == "drop":
                continue
            return f"{file.name}: has no column {INPUT}{name}; it is left out"
        as_text = about.personal.get(name) == "hash"
        wanted = pa.string() if as_text else arrow_type(said) or pa.string()
        found = _plain(schema.field(INPUT + name).type)
        if not pa.types.is_null(found) and _kind(found) != _kind(wanted):  # no value at all is no other kind
            return f"{file.name}: its column {INPUT}{name} is {found}, not {wanted}; it is left out"
    return ""


def _misfit_of_answers(file: LogFile, schema: pa.Schema, about: About) -> str:
    """Say which answer is of a kind that no model gives: a prediction is one value, and a probability is a number."""
    for column in schema:
        name, found = column.name, _plain(column.type)
        if name == "prediction" and not (_is_value(found) if about.classes or is_json(column) else _is_number(found)):
            wanted = "the name of a class" if about.classes else "a number"
        elif name.startswith(PROBABILITY) and not _is_number(found):
            wanted = "a number"
        else:
            continue
        return f"{file.name}: its column {name} is {found}, not {wanted}; it is left out"
    return ""


def _is_value(kind: Any) -> bool:
    return _is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _kind(kind: Any) -> str:
    if _is_number(kind):
        return "number"
    return "time" if pa.types.is_timestamp(kind) else str(kind)


def _plain(kind: Any) -> Any:
    """Return a type as the log has it, whether texts were read as dictionaries or not."""
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_naive(kind: Any) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is None
