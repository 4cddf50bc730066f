"""Read the bodies of requests that people and MLflow's clients send: JSON and CSV to rows that fit a signature.

JSON is strict: NaN and Infinity are no JSON, null is a missing value, and a name that is given twice is a fault.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from math import isinf
from typing import TYPE_CHECKING, Any, Final

import orjson

from mintmark.core.signature.column_types import kind_of
from mintmark.core.signature.inputs import InputFault
from mintmark.registry.files import parse_json as read_strictly
from mintmark.registry.yaml.text import YamlFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.serving.rows import Binding, BoundRows

_NAMES: Final = re.compile(rb'"\s*:')
_FORMS: Final = 'give {"rows": [{"COLUMN": VALUE, ...}, ...]}'
_MLFLOW: Final = ("dataframe_split", "dataframe_records", "inputs", "instances")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_NESTING: Final = frozenset({dict, list})
_TRUTH: Final = {"true": True, "false": False, "1": True, "0": False}


def parse_json(body: bytes) -> Any:
    """Return what a body holds; raise `InputFault` for what is no JSON, and for a name that an object has twice."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputFault([f"the body is no JSON: {error}"]) from None
    # Each name is followed by a colon. Where there are no more of these than names were read, none was there twice.
    colons = body.count(b":")
    try:
        if not _has_names(found, colons) and not _has_names(found, len(_NAMES.findall(body))):
            read_strictly(body)
    except RecursionError:
        raise InputFault(["the body is nested more deeply than any request"]) from None
    except YamlFault as fault:
        raise InputFault([f"the body {fault.message}"]) from None
    return found


def _has_names(value: Any, wanted: int) -> bool:
    """Whether the objects in a value have so many names; where that is soon found, the rest is not looked at."""
    count, waiting = 0, [value]
    while waiting and count < wanted:
        inner = waiting.pop()
        if type(inner) is dict:
            count += len(inner)
            inner = inner.values()
        elif type(inner) is not list or type(inner[0] if inner else None) not in _NESTING:
            continue
        waiting += [each for each in inner if type(each) in _NESTING]
    return count == wanted


def read_rows(body: bytes, binding: Binding) -> BoundRows:
    """Return the rows of `{"rows": [{column: value}, ...]}`; raise `InputFault`."""
    found = parse_json(body)
    if not isinstance(found, dict) or "rows" not in found:
        raise InputFault([f"there are no rows; {_FORMS}"])
    unknown = sorted(found.keys() - {"rows", "id"})
    if unknown:
        raise InputFault([f"{json.dumps(unknown[0])[:100]} is not known beside rows; {_FORMS}"])
    rows = found["rows"]
    if not isinstance(rows, list):
        raise InputFault([f"rows is no list; {_FORMS}"])
    return binding.from_records(rows)


def read_invocation(body: bytes, binding: Binding) -> BoundRows:
    """Return the rows of a body as MLflow's clients send it; raise `InputFault`.

    See https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally (Inference Server Specification).
    """
    found = parse_json(body)
    given = [name for name in _MLFLOW if isinstance(found, dict) and name in found]
    if len(given) != 1:
        raise InputFault([f"give one of {', '.join(_MLFLOW)}"])
    value = found[given[0]]
    match given[0]:
        case "dataframe_split":
            return _from_split(value, binding)
        case "dataframe_records":
            if not isinstance(value, list):
                raise InputFault(["dataframe_records is no list of objects"])
            return binding.from_records(value)
        case _:
            return _from_tensors(given[0], value, binding)


def _from_split(value: Any, binding: Binding) -> BoundRows:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise InputFault(['dataframe_split has no "data"; give {"columns": [...], "data": [[...], ...]}'])
    columns, data = value.get("columns"), value["data"]
    if columns is None:
        return binding.from_positions(data)
    names = _names(columns, "dataframe_split.columns")
    for place, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(names):
            size = f"{len(row):,} values" if isinstance(row, list) else "no list of values"
            raise InputFault([f"row {place:,} has {size}, and there are {len(names):,} columns"])
    lists = [list(column) for column in zip(*data, strict=True)] or [[] for _ in names]
    return binding.from_columns(dict(zip(names, lists, strict=True)))


def _names(columns: Any, where: str) -> list[str]:
    if not isinstance(columns, list):
        raise InputFault([f"{where} is no list of names"])
    names = [name if isinstance(name, str) else str(name) for name in columns]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputFault([f"there are {names.count(twice)} columns {json.dumps(twice)[:100]}; keep one"], [twice])
    return names


def _from_tensors(key: str, value: Any, binding: Binding) -> BoundRows:
    """`inputs` is a list of rows, or a list for each column; `instances` (of TensorFlow) a list of either."""
    if isinstance(value, dict) and key == "inputs":
        flat = {name: _flattened(name, values) for name, values in value.items()}
        return binding.from_columns(flat)
    if not isinstance(value, list):
        raise InputFault([f"{key} is no list of rows"])
    if value and isinstance(value[0], dict):
        return binding.from_records(value)
    if len(binding.inputs) == 1 and value and not isinstance(value[0], list):
        return binding.from_positions([[each] for each in value])
    return binding.from_positions(value)


def _flattened(name: str, values: Any) -> list[Any]:
    """A column of shape (n,) or (n, 1) as a list."""
    if not isinstance(values, list):
        raise InputFault([f"{json.dumps(name)[:100]} is no list of values"], [name])
    if values and all(isinstance(value, list) and len(value) == 1 for value in values):
        return [value[0] for value in values]
    return values


def read_csv(body: bytes, binding: Binding) -> BoundRows:
    """Return the rows of a CSV text (UTF-8, commas, a header); an empty field is a missing value. Raise `InputFault`.

    What a field means follows from the signature: text stays as it is.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFault([f"the body is no UTF-8 (byte {error.start:,})"]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise InputFault([f"line {reader.line_num:,} is no CSV: {error}"]) from None
    if not lines:
        raise InputFault(["the body is empty; its first line names the columns"])
    header = _names(lines[0], "the first line")
    for place, line in enumerate(lines[1:]):
        if len(line) != len(header):
            raise InputFault([f"row {place:,} has {len(line):,} fields, and the first line has {len(header):,}"])
    columns = dict(zip(header, map(list, zip(*lines[1:], strict=True)), strict=False)) if lines[1:] else {}
    given = {name: columns.get(name, []) for name in header}
    return binding.from_columns(
        {name: _read_fields(name, values, binding.inputs.get(name)) for name, values in given.items()}
    )


def _read_fields(name: str, values: Sequence[str], wanted: str | None) -> list[Any]:
    kind = kind_of(wanted) if wanted is not None else "anything"
    if kind in ("text", "times", "anything"):
        return [value if value != "" else None for value in values]
    read = _as_boolean if kind == "booleans" else _as_number
    return [read(name, place, value) if value != "" else None for place, value in enumerate(values)]


def _as_number(name: str, place: int, value: str) -> int | float:
    text = value.strip()
    if not _NUMBER.match(text):
        raise InputFault([f"{json.dumps(name)[:100]} wants numbers, and row {place:,} has {value[:60]!r}"], [name])
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if isinf(number):
        raise InputFault([f"{json.dumps(name)[:100]} is infinite in row {place:,}"], [name])
    return number


def _as_boolean(name: str, place: int, value: str) -> bool:
    found = _TRUTH.get(value.strip().lower())
    if found is None:
        message = f"{json.dumps(name)[:100]} wants true or false, and row {place:,} has {value[:60]!r}"
        raise InputFault([message], [name])
    return found
