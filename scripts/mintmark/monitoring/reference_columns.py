"""The columns of a stored profile as a window is counted against them. Reads no files, counts nothing."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.monitoring.measured import ReferenceCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.monitoring.measured import ColumnKind

_MOST_SINGLES: Final = 0.05  # of rows whose value no other row has: more of them, and the values are no levels
_TIMES: Final = ("datetime", "timestamp")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceColumn:
    """A column of a profile.

    A number has `edges` and the counts of its bins (`binned`). All but numbers of many values have `levels`, and their
    counts with all others last (`levelled`). `singles` is how many levels one row alone had, None where the levels are
    not all known; then `buckets` counts the rows by a digest of their level, where the profile is not an older one
    (`bucket_of`). `smallest` and `largest` bound the values of a number. `windows` are the counts of bins, else of
    levels, by windows of time where the profile has some.
    """

    name: str
    kind: ColumnKind
    rows: int
    missing: int = 0
    infinite: int = 0
    distinct: int | None = None
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    binned: tuple[int, ...] = ()
    levelled: tuple[int, ...] = ()
    buckets: tuple[int, ...] = ()
    windows: tuple[tuple[int, ...], ...] = ()
    singles: int | None = None
    smallest: float | None = None
    largest: float | None = None

    @property
    def present(self) -> int:
        """Rows with a value that is finite."""
        return self.rows - self.missing - self.infinite

    @property
    def doubles(self) -> int:
        """How many of its levels two rows had."""
        return sum(count == 2 for count in self.levelled[:-1])

    @property
    def as_counts(self) -> ReferenceCounts:
        """What a document holds of it: the counts of levels where there are some, else of bins."""
        return ReferenceCounts(rows=self.rows, missing=self.missing, counts=self.levelled or self.binned)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceProfile:
    """The inputs of a profile by name, its prediction, and the probabilities by the text of their class."""

    inputs: Mapping[str, ReferenceColumn]
    prediction: ReferenceColumn | None = None
    probabilities: Mapping[str, ReferenceColumn]


def read_profile(data: Mapping[str, Any]) -> ReferenceProfile:
    """Return the columns of a profile of any format; there are none in the plain figures of a stage of one's own."""
    if "inputs" not in data or "columns" not in data.get("inputs", {}):
        return ReferenceProfile(inputs={}, probabilities={})
    rows, answers = data["inputs"]["rows"], data["prediction"]["rows"]
    return ReferenceProfile(
        inputs={name: _column(name, about, rows) for name, about in data["inputs"]["columns"].items()},
        prediction=_column("prediction", data["prediction"], answers),
        probabilities={name: _column(name, about, answers) for name, about in data.get("probabilities", {}).items()},
    )


def _column(name: str, about: Mapping[str, Any], rows: int) -> ReferenceColumn:
    missing = about["missing"]
    is_first = isinstance(missing, float)  # a share, in the first format
    if is_first:
        missing = round(missing * rows)
    told: dict[str, Any] = {
        "name": name,
        "rows": rows,
        "missing": missing,
        "infinite": about.get("infinite", 0),
        "distinct": about.get("distinct"),
        "windows": tuple(tuple(counts) for counts in about.get("windows", ())),
    }
    kind = str(about["type"]).lower()
    if "categories" in about:
        return _categories(told, about, "boolean" if kind.startswith("bool") else "category")
    if "histogram" not in about:
        return ReferenceColumn(kind="number", **told)
    histogram = about["histogram"]
    told |= {"smallest": about["min"], "largest": about["max"]}
    edges, binned = histogram["edges"], histogram["counts"]
    if is_first:
        edges, binned = _told_apart(edges, binned)
    told |= {"edges": tuple(edges), "binned": tuple(binned)}
    few = {} if kind.startswith(_TIMES) else _few(about.get("values", ()), rows)
    return ReferenceColumn(kind="few" if few else "time" if kind.startswith(_TIMES) else "number", **told, **few)


def _told_apart(edges: Sequence[float], counts: Sequence[int]) -> tuple[list[float], list[int]]:
    """Return bins without those that only digits told apart which the first format did not keep.

    It wrote edges with seven digits. Several that became one number, as of a model that is sure, say no more where a
    value belongs: the bins on both sides of them are one.
    """
    often = Counter(edges)
    kept = [place for place in range(1, len(counts)) if often[edges[place]] == 1]
    starts = [0, *kept]
    ends = [*kept, len(counts)]
    return (
        [edges[0], *(edges[place] for place in kept), edges[-1]],
        [sum(counts[start:end]) for start, end in zip(starts, ends, strict=True)],
    )


def _few(values: Sequence[Sequence[float]], rows: int) -> dict[str, Any]:
    """Return the levels of a number that has few values, nothing where they are few because the rows are."""
    singles = sum(count == 1 for _, count in values)
    if not values or singles > _MOST_SINGLES * rows:
        return {}
    return {
        "levels": tuple(number_level(value) for value, _ in values),
        "values": tuple(value for value, _ in values),
        "levelled": (*(count for _, count in values), 0),
        "singles": singles,
    }


def _categories(told: dict[str, Any], about: Mapping[str, Any], kind: ColumnKind) -> ReferenceColumn:
    levels, other = about["categories"], about["other"]
    return ReferenceColumn(
        kind=kind,
        levels=tuple(levels),
        levelled=(*levels.values(), other),
        buckets=tuple(about.get("buckets", ())) if other else (),
        singles=None if other else sum(count == 1 for count in levels.values()),
        **told,
    )


def number_level(value: float) -> str:
    """Return how a number is named as a level: 1 and 1.0 are one."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def cuts_below(cuts: Sequence[float], dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return for each cut the smallest value of a type that is not below it, so that x < cut stays exact.

    A cut beyond all values of the type is its largest one: no row can lie above that, and few do on it.
    """
    if dtype.kind == "f":
        found = np.asarray(cuts, dtype=dtype)
        short = found.astype(np.float64) < np.asarray(cuts, dtype=np.float64)
        return np.where(short, np.nextafter(found, dtype.type(np.inf)), found).astype(dtype)
    limits = np.iinfo(dtype)
    return np.array([min(max(math.ceil(cut), limits.min), limits.max) for cut in cuts], dtype=dtype)
