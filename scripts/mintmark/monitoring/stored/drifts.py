"""How far each column had drifted in each window, which a month keeps when it lets go of the columns. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.core.statistics.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.monitoring.documents import WindowDocument

MOST_VALUES: Final = 200_000  # of a month: some 2 MB of its document; of more columns, those that went farthest


class Name(NamedTuple):
    """A column by its name; an input may be called as an output is."""

    name: str
    is_output: bool


class Point(NamedTuple):
    """The distance of a column in a window, None where nothing could be said, and whether a test called it drift."""

    distance: float | None
    drifted: bool


Drift = dict[Name, Point]


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnDrift:
    """One column over windows that follow each other: one point for each."""

    name: str
    is_output: bool = False
    points: tuple[Point, ...] = ()

    @property
    def largest(self) -> float:
        """The largest distance, 0 where there is none."""
        return max((point.distance for point in self.points if point.distance is not None), default=0.0)

    @property
    def times(self) -> int:
        """In how many windows it had drifted."""
        return sum(point.drifted for point in self.points)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values: `drifted` has the places of the windows in which it had."""
        return {
            "name": self.name,
            "output": self.is_output,
            "distances": [point.distance for point in self.points],
            "drifted": [place for place, point in enumerate(self.points) if point.drifted],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ColumnDrift:
        """Build it from what `to_dict` gave."""
        drifted = set(data["drifted"])
        points = tuple(Point(distance, place in drifted) for place, distance in enumerate(data["distances"]))
        return cls(name=data["name"], is_output=data["output"], points=points)


def drift_of(window: WindowDocument) -> Drift:
    """Return how far the columns and outputs of a window have drifted, of those of which something can be said."""
    return {
        Name(column.name, is_output): Point(rounded(column.distance), bool(column.drifted))
        for is_output, columns in ((False, window.columns), (True, window.outputs))
        for column in columns
        if column.distance is not None
    }


def over_windows(drifts: Sequence[Drift], most: int | None = None) -> tuple[ColumnDrift, ...]:
    """Return each column over some windows in the order in which they come up, at `most` so many of them.

    Of more, those that had drifted most often and farthest stay.
    """
    names = dict.fromkeys(name for drift in drifts for name in drift)
    nothing = Point(None, False)
    found = [
        ColumnDrift(
            name=name.name, is_output=name.is_output, points=tuple(drift.get(name, nothing) for drift in drifts)
        )
        for name in names
    ]
    if most is None or len(found) <= most:
        return tuple(found)
    chosen = sorted(range(len(found)), key=lambda place: (-found[place].times, -found[place].largest, place))[:most]
    return tuple(found[place] for place in sorted(chosen))


def by_window(columns: Iterable[ColumnDrift], count: int) -> list[Drift]:
    """Return what columns say of each of so many windows: the twin of `over_windows`."""
    drifts: list[Drift] = [{} for _ in range(count)]
    for column in columns:
        for drift, point in zip(drifts, column.points, strict=True):
            if point.distance is not None:
                drift[Name(column.name, column.is_output)] = point
    return drifts
