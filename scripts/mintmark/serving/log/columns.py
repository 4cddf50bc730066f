"""Make the columns of the log from decisions: in the types of the signature, exact, and without what is personal."""

from __future__ import annotations

import hmac
import json
import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from mintmark.core.question import PROBABILITY
from mintmark.registry.logged.form import INPUT, is_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mintmark.registry.logged.form import About
    from mintmark.serving.beside.decisions import Decision

    Convert = Callable[[Any, pa.DataType], pa.Array]

_FAULTS: Final = (pa.ArrowException, ValueError, TypeError, OverflowError, UnicodeError)
_MICROSECONDS: Final = 1_000_000


class InexactError(ValueError):
    """A value that the type of its column does not hold."""


def make_table(decisions: Sequence[Decision], schema: pa.Schema, about: About, key: bytes | None) -> pa.Table:
    """Return the rows of decisions of one version in the columns of its log.

    A value that its column does not hold is null, and its name is in `lost`. `key` is for columns that are hashed.
    """
    decisions = [one for one in decisions if one.rows is None or len(one.rows)]
    counts = [1 if one.rows is None else len(one.rows) for one in decisions]
    lost: dict[int, list[str]] = {}
    columns = {**_fixed(decisions, counts, schema), **_answers(decisions, counts, schema, lost)}
    blocks = list(_blocks(decisions, counts))
    for place, name in enumerate(about.inputs):
        if INPUT + name in schema.names:
            field = schema.field(INPUT + name)
            convert = _converter(field, about.personal.get(name), key, name)
            chunks = [_convert(block, place, field.type, convert, name, lost) for block in blocks]
            columns[field.name] = pa.chunked_array([each for found in chunks for each in found], type=field.type)
    columns["lost"] = _lost(lost, sum(counts))
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _fixed(decisions: Sequence[Decision], counts: Sequence[int], schema: pa.Schema) -> dict[str, pa.Array]:
    total, starts = sum(counts), np.cumsum([0, *counts])[:-1]
    places = np.arange(total) - np.repeat(starts, counts)
    unbound = np.repeat([one.rows is None for one in decisions], counts).astype(bool)
    values: dict[str, Sequence[Any]] = {
        "id": [one.id for one in decisions],
        "time": [int(one.time * _MICROSECONDS) for one in decisions],
        "model": [one.model for one in decisions],
        "version": [None if one.version is None else one.version.version for one in decisions],
        "channel": [one.channel for one in decisions],
        "commit": [None if one.version is None else one.version.commit for one in decisions],
        "latency": [one.seconds for one in decisions],
        "shadow": [one.shadow for one in decisions],
        "status": [one.status for one in decisions],
        "error": [one.error or None for one in decisions],
    }
    which = pa.array(np.repeat(np.arange(len(decisions)), counts))
    found = {name: pa.array(listed, type=schema.field(name).type).take(which) for name, listed in values.items()}
    return {**found, "row": pa.array(places, type=pa.int64(), mask=unbound)}


def _answers(
    decisions: Sequence[Decision], counts: Sequence[int], schema: pa.Schema, lost: dict[int, list[str]]
) -> dict[str, pa.ChunkedArray]:
    if "prediction" not in schema.names:
        return {}
    names = [name for name in schema.names if name.startswith(PROBABILITY)]
    fields = [schema.field("prediction"), *map(schema.field, names)]
    chunks: dict[str, list[pa.Array]] = {field.name: [] for field in fields}
    start = 0
    for kind, members in groupby(zip(decisions, counts, strict=True), key=lambda member: _kind_of(member[0])):
        told = list(members)
        sizes = [count for _, count in told]
        given = [one.answer for one, _ in told if one.answer is not None]
        both = _Block(start, sizes, None)
        if kind is not None:
            predictions = [answer.predictions for answer in given]
            shares = [answer.probabilities for answer in given if answer.probabilities is not None]
            both = _Block(start, sizes, (predictions, *_by_class(shares, len(names))))
        for place, field in enumerate(fields):
            convert = _as_json if is_json(field) else _as_type
            chunks[field.name] += _convert(both, place, field.type, convert, field.name, lost)
        start += sum(sizes)
    return {name: pa.chunked_array(found, type=schema.field(name).type) for name, found in chunks.items()}


def _kind_of(decision: Decision) -> tuple[Any, bool] | None:
    answer = decision.answer
    return None if answer is None else (answer.predictions.dtype, answer.probabilities is None)


def _by_class(shares: Sequence[Any], classes: int) -> list[list[Any] | None]:
    """Return the probabilities of each class as one array in a list; None where there are none."""
    if not shares:
        return [None] * classes
    together = np.concatenate(shares)
    return [[together[:, place]] for place in range(classes)]


class _Block(NamedTuple):
    """Neighbours whose columns are of the same types: where their rows start, how many each has, and the columns.

    A column is a list of arrays, to be put together, and None where there are no values.
    """

    start: int
    counts: Sequence[int]
    columns: Sequence[list[Any] | None] | None

    def column(self, place: int) -> list[Any] | None:
        return None if self.columns is None else self.columns[place]


def _blocks(decisions: Sequence[Decision], counts: Sequence[int]) -> Iterator[_Block]:
    start = 0
    pairs = zip(decisions, counts, strict=True)
    for kind, members in groupby(pairs, key=lambda pair: None if pair[0].rows is None else pair[0].rows.dtypes):
        told = list(members)
        sizes = [count for _, count in told]
        values = [one.rows.values for one, _ in told if one.rows is not None]
        if kind is None:
            yield _Block(start, sizes, None)
        elif isinstance(values[0], np.ndarray):
            together = np.concatenate(values)
            yield _Block(start, sizes, [[column] for column in np.ascontiguousarray(together.T)])
        else:
            yield _Block(start, sizes, [list(column) for column in zip(*values, strict=True)])
        start += sum(sizes)


def _convert(
    block: _Block, place: int, kind: pa.DataType, convert: Convert, name: str, lost: dict[int, list[str]]
) -> list[pa.Array]:
    """Return one column of a block: in one go, and request by request where a value is not held by its type."""
    column = block.column(place)
    if column is None:
        return [pa.nulls(sum(block.counts), kind)]
    values = column[0] if len(column) == 1 else np.concatenate(column)
    try:
        return [convert(values, kind)]
    except _FAULTS:
        return _alone(values, block, kind, convert, name, lost)


def _alone(
    values: Any, block: _Block, kind: pa.DataType, convert: Convert, name: str, lost: dict[int, list[str]]
) -> list[pa.Array]:
    chunks, begin = [], 0
    for count in block.counts:
        try:
            chunks.append(convert(values[begin : begin + count], kind))
        except _FAULTS:
            chunks.append(pa.nulls(count, kind))
            for row in range(block.start + begin, block.start + begin + count):
                lost.setdefault(row, []).append(name)
        begin += count
    return chunks


def _lost(lost: Mapping[int, list[str]], total: int) -> pa.Array:
    kind = pa.list_(pa.string())
    return pa.array([lost.get(row) for row in range(total)], type=kind) if lost else pa.nulls(total, kind)


# -- values ----------------------------------------------------------------------------------------------------------


def _converter(field: pa.Field, treatment: str | None, key: bytes | None, name: str) -> Convert:
    if treatment == "hash":
        if key is None:
            raise ValueError(f"{name} is hashed, and there is no key")
        return lambda values, kind: pa.array([_hashed(value, key, name) for value in values.tolist()], type=kind)
    return _as_json if is_json(field) else _as_type


def _as_type(values: Any, kind: pa.DataType) -> pa.Array:
    """Return values in a type of Arrow; what is missing is null. Raises where it does not hold one of them."""
    if pa.types.is_boolean(kind) and values.dtype != bool:
        return pa.array([None if _is_missing(value) else _truth(value) for value in values.tolist()], type=kind)
    if pa.types.is_floating(kind) and values.dtype.kind == "f" and kind.bit_width < 8 * values.dtype.itemsize:
        with np.errstate(over="ignore"):
            narrow = values.astype(f"f{kind.bit_width // 8}")
        if not np.array_equal(narrow.astype(values.dtype), values, equal_nan=True):
            raise InexactError("a number does not fit")
        values = narrow
    if pa.types.is_integer(kind) and values.dtype.kind == "f":
        whole = values[~np.isnan(values)]
        if (np.abs(whole) > 2**53).any() or (whole != np.floor(whole)).any():
            raise InexactError("a number is not whole")
    if pa.types.is_integer(kind) and values.dtype.kind == "b":
        raise InexactError("a truth value is no number")
    return pa.array(values, type=kind, from_pandas=True)


def _truth(value: Any) -> bool:
    if value not in (0, 1):
        raise InexactError("a value is neither true nor false")
    return bool(value)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) or value != value


def _as_json(values: Any, kind: pa.DataType) -> pa.Array:
    listed = [None if _is_plain(value) and _is_missing(value) else _json(value) for value in values.tolist()]
    return pa.array(listed, type=kind)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, (list, tuple, dict, np.ndarray))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=True, default=str)


def _hashed(value: Any, key: bytes, name: str) -> str | None:
    """Return the keyed hash of a value, the same for the same value of the same column; of nothing there is none.

    1 and 1.0 are one value, as they are to a model.
    """
    if _is_plain(value) and _is_missing(value):
        return None
    if isinstance(value, (bool, float)) and value == int(value if math.isfinite(value) else 0):
        value = int(value)
    text = f"{name}\0{type(value).__name__}\0{value if isinstance(value, str) else _json(value)}"
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
