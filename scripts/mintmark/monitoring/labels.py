"""Labels that came later: which one of several counts, and which row of the log each belongs to. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.core.finding import one_line, shorten
from mintmark.errors import MintmarkError
from mintmark.monitoring.digests import digest_columns, mixed
from mintmark.registry.logged.form import FIXED, INPUT, arrow_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mintmark.registry.logged.form import About

MOST_SAMPLED: Final = 20_000  # rows with a label of which metrics are measured
REQUEST: Final = ("id", "row")
_MOMENT: Final = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True, eq=False)
class LabelIndex:
    """Labels by a digest of what names their row, in the order of digests; `log_columns` are those of the log."""

    log_columns: tuple[str, ...]
    digests: NDArray[np.uint64]

    def find(self, digests: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the place of the label of each row, -1 where it has none."""
        if not len(self.digests):
            return np.full(len(digests), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.digests, digests), len(self.digests) - 1)
        return np.where(self.digests[places] == digests, places, -1)

    def is_sampled(self, digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether a row is in the sample of which metrics are measured: all of them, where they are not too many."""
        if len(self.digests) <= MOST_SAMPLED:
            return np.ones(len(digests), dtype=bool)
        limit = np.uint64(int(MOST_SAMPLED / len(self.digests) * 2**64))
        return mixed(digests) < limit


@dataclass(frozen=True, slots=True, eq=False)
class KnownLabels:
    """One label for each row that has some.

    `values` and `times` (microseconds since 1970, of the newest one; None where labels do not say) are in the order of
    the index, and so are `entities`, to which their rows belong (None where labels do not tell). `again` says how often
    a label was said before the one that counts, and `conflicts` how often otherwise. `undecided` rows have labels in
    several files that differ, of which no time says which is newer. `changed` is when the last file was changed, in
    microseconds too.
    """

    index: LabelIndex
    values: pa.Array
    times: NDArray[np.int64] | None
    again: NDArray[np.int64]
    conflicts: NDArray[np.int64]
    entities: pa.Array | None = None
    undecided: int = 0
    changed: int | None = None

    def __len__(self) -> int:
        return len(self.values)


def know_labels(
    table: pa.Table, target: str, join: Sequence[str], time: str | None, kinds: Mapping[str, pa.DataType], *,
    entity: str | None = None, files: NDArray[np.intp] | None = None, changed: int | None = None, where: str
) -> KnownLabels:  # fmt: skip
    """Return what a table of labels says, the newest of each row; `kinds` are the types of the columns of the log.

    `entity` is the column that says which rows belong together, if the table has it. Without `time` the last one in the
    table is the newest. A row without a value is no label. `files` has the number of the file of each row, and
    `changed` is when the last of them was changed. Raises `MintmarkError` where the table lacks a column, or holds
    other values in it than the log does.
    """
    for name in (target, *join, *([time] if time else [])):
        if name not in table.column_names:
            raise MintmarkError(f'{where}: there is no column "{name}"; it is needed to know what a label is of')
    is_label = table.column(target).is_valid()
    of_files = np.zeros(len(table), dtype=np.intp) if files is None else files
    of_files = of_files[is_label.to_numpy(zero_copy_only=False)]
    table = table.filter(is_label)
    columns = [_as_logged(table.column(name), kinds[log_column(name)], name, where) for name in join]
    digests = digest_columns(columns)
    times: NDArray[np.int64] | None = None
    if time is not None:
        moments = moments_of(table.column(time), time, where)
        times = pc.fill_null(moments.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    order = np.lexsort((np.arange(len(digests)) if times is None else times, digests))
    ordered = digests[order]
    is_last = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    last = order[is_last]
    values = _whole(table.column(target))
    which = np.cumsum(np.append(0, is_last[:-1]))[: len(ordered)]
    said = digest_columns([values])[order]
    differs = said != said[np.flatnonzero(is_last)[which]] if len(ordered) else np.empty(0, dtype=bool)
    count = len(last)
    is_rival = np.append(ordered[1:] == ordered[:-1], False)[: len(ordered)]
    is_rival[: len(ordered) - 1] &= is_last[1:] & (of_files[order[1:]] != of_files[order[:-1]])
    if times is not None:
        is_rival[: len(ordered) - 1] &= times[order[1:]] == times[order[:-1]]
    return KnownLabels(
        index=LabelIndex(tuple(log_column(name) for name in join), ordered[is_last]),
        values=values.take(pa.array(last)),
        times=None if times is None else times[last],
        again=np.bincount(which, minlength=count) - 1 if count else np.empty(0, dtype=np.int64),
        conflicts=np.bincount(which[differs], minlength=count),
        entities=_whole(table.column(entity)).take(pa.array(last)) if entity in table.column_names else None,
        undecided=int((is_rival & differs).sum()),
        changed=changed,
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece."""
    found = column.combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def join_columns(
    columns: Sequence[str], about: About, *, target: str, declared: Sequence[str] = (), where: str
) -> tuple[str, ...]:
    """Return the columns by which labels find their rows: those that model.yaml names, else the request, else inputs.

    A request is `id`, and `row` where the labels have it; without it, requests had one row each. `about` is what the
    log says of the rows. Raises `MintmarkError` for columns that it does not have, or not as they were given.
    """
    join = tuple(declared)
    if not join and "id" in columns and "id" not in about.inputs:
        join = REQUEST if "row" in columns else ("id",)
    join = join or tuple(name for name in columns if name in about.inputs and name != target)
    if not join:
        raise MintmarkError(f"{where}: has neither the column id nor an input; the log names rows by id and row")
    for name in join:
        if name in about.personal:
            raise MintmarkError(f'{where}: the log does not hold "{name}" (personal); name the rows by id')
        if name not in REQUEST and arrow_type(about.inputs.get(name, "")) is None:
            raise MintmarkError(f'{where}: labels cannot be joined by "{name}", which the log does not have')
    return join


def join_kinds(join: Sequence[str], about: About) -> dict[str, pa.DataType]:
    """Return the types that the columns of a join have in the log."""
    return {
        log_column(name): FIXED.field(name).type if name in REQUEST else arrow_type(about.inputs[name]) for name in join
    }


def log_column(name: str) -> str:
    """Return the column of the log by which labels are joined: of the request, or an input."""
    return name if name in REQUEST else INPUT + name


def _as_logged(column: pa.ChunkedArray, kind: pa.DataType, name: str, where: str) -> pa.Array:
    try:
        return _whole(column.cast(kind))
    except pa.ArrowException as error:
        said = " ".join(str(error).split())[:200]
        raise MintmarkError(f'{where}: column "{name}" does not hold what the log has ({kind}): {said}') from None


def moments_of(column: pa.ChunkedArray, name: str, where: str) -> pa.Array:
    """Return times in UTC; a time without a zone is refused."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.array([_moment(text, name, where) for text in column.to_pylist()], _MOMENT)
    if pa.types.is_null(kind):
        return pa.nulls(len(column), _MOMENT)
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise MintmarkError(
            f'{where}: column "{name}" is {kind}; write times with their zone, such as 2026-03-04T12:00:00Z'
        )
    try:
        return _whole(column.cast(_MOMENT, safe=kind.unit != "ns"))
    except pa.ArrowException:
        raise MintmarkError(f'{where}: column "{name}" has times that are no times of labels') from None


def _moment(text: str | None, name: str, where: str) -> int | None:
    """Return the microseconds from 1970 to a time that is written, None where there is none."""
    from datetime import datetime

    from mintmark.monitoring.windows import microseconds

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        shown = one_line(shorten(text, 40))
        raise MintmarkError(f'{where}: column "{name}": "{shown}" is no time such as 2026-03-04T12:00:00Z') from None
    try:
        return microseconds(moment)
    except ValueError as error:
        raise MintmarkError(f'{where}: column "{name}": {error}') from None
