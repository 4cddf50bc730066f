"""Scan the files of one version in some days of the log: each row once, each window by itself, in bounded memory.

The work on a file is a function of plain values. So threads do it here, and other machines may do it elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.core.question import PROBABILITY
from mintmark.monitoring.counting import RowCounts, count_rows
from mintmark.monitoring.groups import OTHER_CHANNEL, OUTSIDE, Group, group_numbers
from mintmark.monitoring.log.files import (
    FAULTS,
    NEEDED,
    LogFile,
    check_rows,
    open_log_file,
    read_head,
    tell_fault,
)
from mintmark.monitoring.repeated import find_repeated
from mintmark.monitoring.windows import microseconds, places_in
from mintmark.registry.logged.form import INPUT, Tally
from mintmark.registry.logged.opening import batches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from mintmark.monitoring.counting import Plan
    from mintmark.monitoring.groups import Span
    from mintmark.monitoring.log.files import Head
    from mintmark.monitoring.repeated import Spread
    from mintmark.registry.logged.reading import Place, PredictionLog

_PIECE: Final = 1_000_000  # rows of a file that are counted together
_THREADS: Final = 2
_OTHER_MODEL, _REPEATED, _OTHER_DAY = -3, -4, -5
_STRANGE: Final = {
    OTHER_CHANNEL: "are of channels that models/registry.yaml does not name",
    _OTHER_MODEL: "say that they are of another model",
    _OTHER_DAY: "are of another day than their folder",
}
_NO_ROWS: Final = np.empty(0, dtype=np.int64)


@dataclass(slots=True)
class Seen:
    """What the server counted of a group, also by status, and what came twice in the log."""

    tally: Tally = field(default_factory=Tally)
    statuses: dict[int, int] = field(default_factory=dict)
    duplicates: int = 0
    conflicts: int = 0


@dataclass(slots=True)
class Scanned:
    """What some days of one version hold.

    `faults` name the files that could not be read, and rows that belong to something else; `notes` tell of rows that
    nobody asked for. `sample` and `personal` are what the files say of themselves.
    """

    rows: dict[Group, RowCounts] = field(default_factory=dict)
    seen: dict[Group, Seen] = field(default_factory=lambda: defaultdict(Seen))
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sample: float = 1.0
    personal: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Piece:
    """What a part of a file holds; `strange` counts rows that are left out, by why."""

    rows: dict[Group, RowCounts] = field(default_factory=dict)
    strange: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    count: int = 0
    fault: str = ""


def in_threads(work: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Yield what `work` returns for each task, in their order.

    Two threads are enough for two cores: Arrow and NumPy let go of Python while they work.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_THREADS) as pool:
        waiting = [pool.submit(work, *task) for task in tasks]
        waiting.reverse()
        while waiting:
            yield waiting.pop().result()


def scan(
    log: PredictionLog,
    places: Sequence[Place],
    plan: Plan,
    span: Span,
    *,
    spread: Spread = in_threads,
    expect: Callable[[int], None] = lambda _: None,
    tell: Callable[[int], None] = lambda _: None,
) -> Scanned:
    """Return what the places of one version hold in windows; `spread` calls a function with each of many arguments.

    A file that cannot be read is named and left out as a whole. `expect` is given how many rows the files say that they
    have, and `tell` how many were counted meanwhile.
    """

    def read(listed: dict[Place, list[str]]) -> Scanned:
        files = [
            LogFile(log.where, f"{place.path}/{name}", place.model, place.version, log.address)
            for place, names in listed.items()
            for name in names
        ]
        heads = list(spread(read_head, ((file,) for file in files)))
        expect(sum(sum(head.groups) for head in heads if not head.fault))
        return _scan(heads, plan, span, spread, tell)

    return log.stable(places, read)


def scan_counts(log: PredictionLog, places: Sequence[Place], span: Span) -> Scanned:
    """Return what the server counted at places, without a look at any row."""

    def read(listed: dict[Place, list[str]]) -> Scanned:
        found = Scanned()
        for place, names in listed.items():
            for name in names:
                head = read_head(LogFile(log.where, f"{place.path}/{name}", place.model, place.version))
                if head.fault:
                    found.faults.append(head.fault)
                else:
                    _add_seen(found, head, span)
        return found

    return log.stable(places, read)


def _scan(heads: Sequence[Head], plan: Plan, span: Span, spread: Spread, tell: Callable[[int], None]) -> Scanned:
    """Count what is whole; a file that turns out to be broken in its middle is left out, and all is counted again."""
    broken = {head.file.path: head.fault for head in heads if head.fault}
    while True:
        whole = [head for head in heads if head.file.path not in broken]
        found, more = _count_all(whole, plan, span, spread, tell)
        if not more:
            break
        broken |= more
    found.faults[:0] = [broken[path] for path in sorted(broken)]
    for head in whole:
        _add_seen(found, head, span)
        found.sample = min(found.sample, head.sample)
        found.personal |= head.personal
    return found


def _add_seen(found: Scanned, head: Head, span: Span) -> None:
    """Add what the server counted, by the minute."""
    for what, tally in head.counts.items():
        moment = datetime.fromisoformat(what.minute).replace(tzinfo=UTC)
        window = int(places_in(span.windows, np.array([microseconds(moment)]))[0])
        if window < 0 or what.channel not in span.channels:
            continue
        seen = found.seen[Group(what.channel, what.shadow, window)]
        seen.tally += tally
        seen.statuses[what.status] = seen.statuses.get(what.status, 0) + tally.requests


def _count_all(
    heads: Sequence[Head], plan: Plan, span: Span, spread: Spread, tell: Callable[[int], None]
) -> tuple[Scanned, dict[str, str]]:
    """Return what the files hold, and what is wrong with files that are broken; where some are, the rest is void."""
    found = Scanned()
    repeated = find_repeated(heads, span, spread)
    if repeated.broken:
        return found, repeated.broken
    tasks = [
        (head.file, groups, start, repeated.rows.get(head.file.path, _NO_ROWS), plan, span)
        for head in heads
        for groups, start in _pieces(head.groups)
    ]
    broken: dict[str, str] = {}
    strange: dict[int, int] = defaultdict(int)
    for task, piece in zip(tasks, spread(count_piece, tasks), strict=True):
        if piece.fault:
            broken[task[0].path] = piece.fault
        for group, counts in piece.rows.items():
            found.rows.setdefault(group, RowCounts()).add(counts)
        for why, rows in piece.strange.items():
            strange[why] += rows
        tell(piece.count)
    for group, count in repeated.duplicates.items():
        found.seen[group].duplicates, found.seen[group].conflicts = count, repeated.conflicts[group]
    for why, rows in sorted(strange.items()):
        told = found.notes if why == OTHER_CHANNEL else found.faults
        told.append(f"{plan.model}/{plan.version}: {rows:,} rows {_STRANGE[why]}; they are left out")
    return found, broken


def _pieces(groups: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield groups of rows that are counted together, and the number of their first row."""
    members: list[int] = []
    start = rows = 0
    for number, count in enumerate(groups):
        members.append(number)
        rows += count
        if rows >= _PIECE:
            yield tuple(members), start
            members, start, rows = [], start + rows, 0
    if members:
        yield tuple(members), start


def count_piece(
    file: LogFile, groups: tuple[int, ...], start: int, repeated: NDArray[np.int64], plan: Plan, span: Span
) -> Piece:
    """Count some groups of rows of a file, without the rows whose numbers are in `repeated`."""
    found = Piece()
    try:
        with open_log_file(file) as reader:
            names = [name for name in reader.schema_arrow.names if _is_read(name, plan)]
            for rows in batches_of(reader, names, groups):
                check_rows(rows)
                found.count += len(rows)
                low, high = np.searchsorted(repeated, (start, start + len(rows)))
                _count_batch(rows, repeated[low:high] - start, plan, span, file.day, found)
                start += len(rows)
    except FileNotFoundError:
        raise
    except FAULTS as error:
        found.fault = tell_fault(file, error)
    return found


def _is_read(name: str, plan: Plan) -> bool:
    if name.startswith(INPUT):
        return name.removeprefix(INPUT) in plan.inputs
    return name in NEEDED or name == "prediction" or name.startswith(PROBABILITY)


def _count_batch(
    rows: pa.RecordBatch, repeated: NDArray[np.int64], plan: Plan, span: Span, day: str, found: Piece
) -> None:
    numbers = group_numbers(rows, span)
    numbers[(numbers == OUTSIDE) & _is_of_another_day(rows, day)] = _OTHER_DAY
    numbers[_is_other(rows, plan.model)] = _OTHER_MODEL
    numbers[repeated] = _REPEATED
    groups = span.groups
    for number, count in zip(*np.unique(numbers, return_counts=True), strict=True):
        if number >= 0:
            mine = rows if count == len(rows) else rows.filter(pa.array(numbers == number))
            found.rows.setdefault(groups[number], RowCounts()).add(count_rows(mine, plan))
        elif number in _STRANGE:
            found.strange[int(number)] += int(count)


def _is_of_another_day(rows: pa.RecordBatch, day: str) -> NDArray[np.bool_]:
    """Whether the time of each row lies in another day (UTC) than its folder says; none where that is no day."""
    try:
        first = np.datetime64(day, "D")
    except ValueError:
        return np.zeros(len(rows), dtype=bool)
    days = rows.column("time").cast(pa.int64()).to_numpy().view("datetime64[us]").astype("datetime64[D]")
    other: NDArray[np.bool_] = days != first
    return other


def _is_other(rows: pa.RecordBatch, model: str) -> NDArray[np.bool_]:
    names = rows.column("model")
    is_ours = np.array([*(name == model for name in names.dictionary.to_pylist()), False])
    theirs: NDArray[np.bool_] = ~is_ours[pc.fill_null(names.indices, len(is_ours) - 1).to_numpy(zero_copy_only=False)]
    return theirs
