"""Find rows of the log that came again, and say which one of them counts. Counts nothing else of them.

Digests of all rows are held against each other, 20 million at a time. Only where some are equal are these rows read
again, to see which came first and whether they say the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.monitoring.digests import digest_columns
from mintmark.monitoring.groups import NAMING, digest_rows, group_numbers
from mintmark.monitoring.log.files import FAULTS, check_rows, open_log_file, tell_fault
from mintmark.registry.logged.opening import batches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from mintmark.monitoring.groups import Group, Span
    from mintmark.monitoring.log.files import Head, LogFile

    Spread = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]

_OK: Final = 200
_TOGETHER: Final = 20_000_000  # digests: 160 MB, and as much again to sort them
_NO_DIGESTS: Final = np.empty(0, dtype=np.uint64)
_NO_ROWS: Final = np.empty(0, dtype=np.int64)


@dataclass(slots=True)
class Repeated:
    """The numbers of rows that came before, by the path of their file, and how many there are in each group.

    `conflicts` are those that said something else than the row that counts. `broken` says what is wrong with files
    that cannot be read after all; then nothing else is told.
    """

    rows: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    duplicates: dict[Group, int] = field(default_factory=dict)
    conflicts: dict[Group, int] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def find_repeated(heads: Sequence[Head], span: Span, spread: Spread) -> Repeated:
    """Return which rows came before. Of rows with one id and number in one group, the one of the earliest time counts.

    An answer goes before a fault: a caller who was refused asks again by the same id. Which row counts does not depend
    on the order of files, unless two have the same time.
    """
    parts = max(1, -(-sum(sum(head.groups) for head in heads) // _TOGETHER))
    found = Repeated()
    for part in range(parts):
        twice = _twice(heads, span, spread, part, parts, found)
        if found.broken:
            return found
        if len(twice):
            _settle(heads, twice, span, spread, found)
    return found


def _twice(
    heads: Sequence[Head], span: Span, spread: Spread, part: int, parts: int, found: Repeated
) -> NDArray[np.uint64]:
    """Return the digests that several rows have, in order."""
    listed = []
    for head, digests in zip(
        heads, spread(read_digests, ((head.file, span, part, parts) for head in heads)), strict=True
    ):
        if isinstance(digests, str):
            found.broken[head.file.path] = digests
        else:
            listed.append(digests)
    together = np.concatenate([_NO_DIGESTS, *listed])
    listed.clear()
    together.sort()
    return np.unique(together[1:][together[1:] == together[:-1]])


def read_digests(file: LogFile, span: Span, part: int, parts: int) -> NDArray[np.uint64] | str:
    """Return the digests of the rows of a file, or of a part of them; or what is wrong with the file."""
    found = [_NO_DIGESTS]
    try:
        with open_log_file(file) as reader:
            for rows in batches_of(reader, NAMING):
                check_rows(rows)
                digests = digest_rows(rows, span)
                found.append(digests if parts == 1 else digests[digests % np.uint64(parts) == part])
    except FileNotFoundError:
        raise
    except FAULTS as error:
        return tell_fault(file, error)
    return np.concatenate(found)


def _settle(heads: Sequence[Head], twice: NDArray[np.uint64], span: Span, spread: Spread, found: Repeated) -> None:
    """Decide which one of rows with the same digest counts, and add the others to what was found."""
    listed: list[Copies] = list(spread(read_copies, ((head.file, twice, span) for head in heads)))
    files = np.repeat(np.arange(len(listed), dtype=np.int32), [len(each.digests) for each in listed])
    digests, times, rows, contents, groups, faulty = (
        np.concatenate([getattr(each, name) for each in listed]) for name in Copies.__slots__
    )
    listed.clear()  # of a log that is there twice, this is as large as all the rest
    order = np.lexsort((rows, files, times, faulty, digests))
    del times
    is_first = np.append(True, np.diff(digests[order]) != 0)
    del digests
    contents, faulty = contents[order], faulty[order]
    chosen = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
    differs = (contents != contents[chosen]) & (faulty == faulty[chosen])  # a fault is no other answer
    del contents, faulty, chosen
    files, rows, groups = files[order], rows[order], groups[order]
    del order
    for number, group in enumerate(span.groups):
        later = (groups == number) & ~is_first
        if later.any():
            found.duplicates[group] = found.duplicates.get(group, 0) + int(later.sum())
            found.conflicts[group] = found.conflicts.get(group, 0) + int((later & differs).sum())
    losers: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
    for number, head in enumerate(heads):
        losers[head.file.path].append(rows[(files == number) & ~is_first].astype(np.int64))
    for path, numbers in losers.items():
        found.rows[path] = np.sort(np.concatenate([found.rows.get(path, _NO_ROWS), *numbers]))


@dataclass(slots=True)
class Copies:
    """Rows of a file whose digest is among some: their digest, time, number, answer, group, and if it is a fault."""

    digests: NDArray[np.uint64]
    times: NDArray[np.int64]
    rows: NDArray[np.int32]
    contents: NDArray[np.uint64]
    groups: NDArray[np.int32]
    faulty: NDArray[np.bool_]


def read_copies(file: LogFile, twice: NDArray[np.uint64], span: Span) -> Copies:
    """Return the rows of a file whose digest is in a sorted list."""
    nothing = np.empty(0, dtype=np.int32)
    parts: list[tuple[NDArray[Any], ...]] = [
        (_NO_DIGESTS, _NO_ROWS, nothing, _NO_DIGESTS, nothing, np.empty(0, dtype=bool))
    ]
    start = 0
    with open_log_file(file) as reader:
        said = [name for name in ("status", "prediction") if name in reader.schema_arrow.names]
        for rows in batches_of(reader, [*NAMING, *said]):
            digests = digest_rows(rows, span)
            chosen = np.flatnonzero(_is_in(digests, twice))
            if len(chosen):
                some = rows.take(pa.array(chosen))
                contents = digest_columns([some.column(name) for name in said])
                times = some.column("time").cast(pa.int64()).to_numpy()
                numbers = (chosen + start).astype(np.int32)
                groups = group_numbers(some, span).astype(np.int32)
                faulty = pc.not_equal(some.column("status"), _OK).to_numpy(zero_copy_only=False)
                parts.append((digests[chosen], times, numbers, contents, groups, faulty))
            start += len(rows)
    return Copies(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _is_in(digests: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    places = np.minimum(np.searchsorted(known, digests), len(known) - 1)
    found: NDArray[np.bool_] = known[places] == digests
    return found
