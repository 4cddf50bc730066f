"""Count the values of one column against its profile, in counts that add up over batches, files and machines. Pure.

What is kept of a column is bounded by its profile, whatever somebody sends: counts in bins or at levels, the smallest
and the largest value, and the most frequent values that the profile does not know.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.core.finding import shorten
from mintmark.core.statistics.histograms import BUCKETS, bucket_of
from mintmark.monitoring.reference_columns import cuts_below, number_level
from mintmark.registry.logged.folded import is_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mintmark.monitoring.reference_columns import ReferenceColumn

    Numbers = NDArray[Any]
    Tallies = NDArray[np.int64]

_MOST_NAMED: Final = 500  # values that the profile does not know, at any time
_LONGEST: Final = 200  # characters of such a name, as in a profile
_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(slots=True)
class Frequent:
    """The most frequent of any number of values, by Misra and Gries' summary, which can be merged.

    Up to 500 different values all counts are exact. Beyond, a count is too low by at most a 500th of the rows, so no
    value of a fiftieth is ever missed (Misra and Gries 1982; Agarwal et al. 2012, PODS).
    """

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, found: Iterable[tuple[str, int]]) -> None:
        """Add values with how many rows have each."""
        for value, count in found:
            self.counts[value] = self.counts.get(value, 0) + count
        if len(self.counts) > _MOST_NAMED:
            least = sorted(self.counts.values(), reverse=True)[_MOST_NAMED]
            self.counts = {value: count - least for value, count in self.counts.items() if count > least}


@dataclass(slots=True)
class ColumnCounts:
    """What was counted of a column; `below` has how many finite values lie below each of some cuts (`_cuts`).

    `buckets` are counted where the profile has some.
    """

    rows: int = 0
    missing: int = 0
    infinite: int = 0
    finite: int = 0
    lost: int = 0
    below: Tallies | None = None
    levels: Tallies | None = None
    buckets: Tallies | None = None
    unseen_rows: int = 0
    unseen: Frequent = field(default_factory=Frequent)
    smallest: float = math.inf
    largest: float = -math.inf

    def add(self, other: ColumnCounts) -> None:
        """Add what was counted elsewhere of the same column."""
        for name in ("rows", "missing", "infinite", "finite", "lost", "unseen_rows"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.below = _sum(self.below, other.below)
        self.levels = _sum(self.levels, other.levels)
        self.buckets = _sum(self.buckets, other.buckets)
        self.unseen.add(other.unseen.counts.items())
        self.smallest, self.largest = min(self.smallest, other.smallest), max(self.largest, other.largest)

    @property
    def is_constant(self) -> bool:
        """Whether all rows that have a value have the same one."""
        if self.levels is not None and not self.finite:
            is_named = int(self.levels[-1]) == self.unseen_rows
            return is_named and int((self.levels[:-1] > 0).sum()) + len(self.unseen.counts) == 1
        return self.finite > 0 and not self.infinite and self.smallest == self.largest


def _sum(one: Tallies | None, other: Tallies | None) -> Tallies | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other


def count_column(column: pa.Array, reference: ReferenceColumn | None) -> ColumnCounts:
    """Return the counts of a column of the log, of which a profile knows `reference`.

    A column of another kind than the profile's has only its missing rows counted.
    """
    counts = ColumnCounts(rows=len(column), missing=column.null_count)
    if reference is None or pa.types.is_null(column.type):
        return counts
    present = column.drop_null() if column.null_count else column
    if reference.kind in ("category", "boolean"):
        return _count_levels(counts, present, reference)
    if not is_number(column.type):
        return counts
    return _count_numbers(counts, present, reference)


def outside(counts: ColumnCounts) -> tuple[int, int]:
    """Return how many rows lie below the smallest and above the largest value of the profile."""
    if counts.below is None or not len(counts.below):
        return 0, 0
    return int(counts.below[0]), counts.finite - int(counts.below[1])


def bins_of(counts: ColumnCounts, reference: ReferenceColumn) -> list[int]:
    """Return how many rows lie in each bin of the profile; none where it has no bins."""
    if counts.below is None or not len(counts.below):
        return []
    inner = counts.below[2 : len(reference.edges)]
    found: list[int] = np.diff([0, *inner.tolist(), counts.finite]).tolist()
    return found


def is_number(kind: pa.DataType) -> bool:
    """Whether a type of Arrow holds what a profile takes as numbers: times too, and truths do not."""
    found: bool = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind)
    return found


def is_one_of(column: pa.Array, wanted: Sequence[Any]) -> NDArray[np.bool_]:
    """Return for each row whether its text is one of some; each different text is looked at once."""
    encoded = column.dictionary_encode()
    among = pc.is_in(encoded.dictionary, value_set=pa.array(wanted, type=encoded.dictionary.type))
    found = np.append(among.to_numpy(zero_copy_only=False), False)
    inside: NDArray[np.bool_] = found[pc.fill_null(encoded.indices, len(found) - 1).to_numpy(zero_copy_only=False)]
    return inside


# -- numbers ---------------------------------------------------------------------------------------------------------


def _count_numbers(counts: ColumnCounts, present: pa.Array, reference: ReferenceColumn) -> ColumnCounts:
    """Count sorted values: sorting takes less time than to look for the bin of each."""
    values = np.sort(_plain(present))
    start, stop = 0, len(values)
    if values.dtype.kind == "f" and stop:
        stop = int(np.searchsorted(values, np.nan))
        counts.missing += len(values) - stop
        start = int(np.searchsorted(values[:stop], -np.inf, side="right"))
        end = int(np.searchsorted(values[:stop], np.inf))
        counts.infinite += start + stop - end
        stop = end
    values = values[start:stop]
    counts.finite = len(values)
    counts.below = np.searchsorted(values, _cuts(reference, values.dtype)).astype(np.int64)
    if len(values):
        counts.smallest, counts.largest = values[0].item(), values[-1].item()
    if reference.kind == "few":
        _count_values(counts, values, len(reference.edges))
    return counts


def _plain(present: pa.Array) -> Numbers:
    kind = present.type
    if pa.types.is_timestamp(kind):
        ticks = present.cast(pa.int64()).to_numpy(zero_copy_only=False)
        return np.asarray(ticks / _PER_SECOND[kind.unit])
    return np.asarray(present.to_numpy(zero_copy_only=False))


@lru_cache(maxsize=10_000)
def _cuts(reference: ReferenceColumn, dtype: np.dtype[Any]) -> Numbers:
    """Return where values are told apart: at both ends, at inner edges, and of few values at each and just above."""
    if reference.smallest is None or reference.largest is None:
        return np.empty(0, dtype=dtype)
    ends = cuts_below((reference.smallest, reference.largest), dtype)
    known = cuts_below(reference.values, dtype)
    pairs = np.stack([known, _above(known)], axis=1).ravel()
    return np.concatenate([ends[:1], _above(ends[1:]), cuts_below(reference.edges[1:-1], dtype), pairs])


def _above(values: Numbers) -> Numbers:
    if values.dtype.kind == "f":
        found: Numbers = np.nextafter(values, values.dtype.type(np.inf))
        return found
    most = np.iinfo(values.dtype).max
    return np.where(values < most, values + 1, most).astype(values.dtype)


def _count_values(counts: ColumnCounts, values: Numbers, start: int) -> None:
    """Count the known values, and name those between and beyond them."""
    places = counts.below[start:].reshape(-1, 2)  # type: ignore[index]
    counts.levels = np.append(places[:, 1] - places[:, 0], 0)
    unknown = len(values) - int(counts.levels.sum())
    counts.unseen_rows = unknown
    counts.levels[-1] = unknown
    if unknown:
        between = [values[:0], *(values[start:stop] for start, stop in _gaps(places, len(values)))]
        distinct, found = np.unique(np.concatenate(between), return_counts=True)
        counts.unseen.add(_largest(distinct, found))


def _gaps(places: Tallies, count: int) -> Iterable[tuple[int, int]]:
    ends = [0, *places.ravel().tolist(), count]
    return zip(ends[::2], ends[1::2], strict=True)


def _largest(distinct: Numbers, found: Tallies) -> list[tuple[str, int]]:
    order = np.argsort(-found, kind="stable")[: 2 * _MOST_NAMED]
    return [(number_level(distinct[place].item()), int(found[place])) for place in order.tolist()]


# -- levels ----------------------------------------------------------------------------------------------------------


def _count_levels(counts: ColumnCounts, present: pa.Array, reference: ReferenceColumn) -> ColumnCounts:
    is_number_here = not is_text(present.type)
    known = _places(reference, is_number_here)
    counts.levels = np.zeros(len(reference.levels) + 1, dtype=np.int64)
    is_whole = reference.singles is not None  # else a level that the profile sums up is not unseen
    if reference.buckets:
        counts.buckets = np.zeros(BUCKETS, dtype=np.int64)
    unseen = []
    for value, count in _value_counts(present):
        if counts.buckets is not None:
            counts.buckets[bucket_of(value)] += count
        place = known.get(value)
        if place is not None:
            counts.levels[place] += count
            continue
        counts.levels[-1] += count
        if is_whole:
            counts.unseen_rows += count
            unseen.append((shorten(value, _LONGEST), count))
    unseen.sort(key=lambda entry: (-entry[1], entry[0]))
    counts.unseen.add(unseen[: 2 * _MOST_NAMED])
    return counts


@lru_cache(maxsize=10_000)
def _places(reference: ReferenceColumn, is_number_here: bool) -> Mapping[str, int]:
    """Return the place of each level by its name, as values of the log are named."""
    return {_level_of(name) if is_number_here else name: place for place, name in enumerate(reference.levels)}


def _level_of(text: str) -> str:
    """Return the name of a level that a profile took from a number."""
    try:
        return number_level(float(text)) if any(sign in text for sign in ".eE") else text
    except ValueError:
        return text


def _value_counts(present: pa.Array) -> Sequence[tuple[str, int]]:
    found = pc.value_counts(present)
    values, counts = found.field("values").to_pylist(), found.field("counts").to_pylist()
    return [(level_name(value), count) for value, count in zip(values, counts, strict=True)]


def level_name(value: Any) -> str:
    """Return how a value of the log is named as a level."""
    return value if isinstance(value, str) else number_level(value)


def from_json(column: pa.Array) -> pa.Array:
    """Return the values of a column that keeps JSON as texts, as a profile names them: a dictionary."""
    encoded = column.dictionary_encode()
    names = [None if text is None else level_name(json.loads(text)) for text in encoded.dictionary.to_pylist()]
    places = {name: place for place, name in enumerate(dict.fromkeys(name for name in names if name is not None))}
    known = pa.array([None if name is None else places[name] for name in names], type=pa.int32())
    return pa.DictionaryArray.from_arrays(known.take(encoded.indices), pa.array(list(places), type=pa.string()))
