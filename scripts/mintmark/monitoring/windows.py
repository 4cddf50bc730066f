"""Windows of time in UTC: which ones there are, and in which one a moment lies. Reads no clock.

A window is some days, or a part of a day, so that the days of the log and windows fit into each other. Windows of weeks
begin on Mondays. UTC has no summer time: a day has 24 hours, whatever the clocks on the wall do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.moment import parse_span
from mintmark.errors import UsageError
from mintmark.monitoring.documents import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Moments = NDArray[np.int64]  # microseconds since 1970

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_MOST: Final = 10_000  # windows of one run


@dataclass(frozen=True, slots=True)
class Chunk:
    """Days of the log, and the windows that are in these days and in no others."""

    days: tuple[str, ...]
    windows: tuple[Window, ...]


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; raise `ValueError` for one that does not say where it is noon."""
    return _with_zone(moment).astimezone(UTC)


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it in UTC, as {moment.isoformat()}Z")
    return moment


def window_length(span: str) -> timedelta:
    """Return the length of a window; raise `UsageError` for a span that days cannot be made of."""
    try:
        length = parse_span(span)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if length % _DAY and _DAY % length:
        raise UsageError(f"a window of {span} does not fit into days; take 1h, 2h, 3h, 4h, 6h, 8h, 12h, days or weeks")
    return length


def windows_between(since: datetime, until: datetime, span: str, *, now: datetime) -> list[Window]:
    """Return the windows that have a moment from `since` up to, and without, `until`, in the order of time.

    A window that has not ended at `now` is not over. Raises `ValueError` for naive moments, and `UsageError` for a span
    that does not fit and for more windows than anybody can read.
    """
    since, until, now = (in_utc(moment) for moment in (since, until, now))
    length = window_length(span)
    anchor = _MONDAY if length % _WEEK == timedelta(0) else _EPOCH
    start = anchor + (since - anchor) // length * length
    if (until - start) / length > _MOST:
        raise UsageError(f"there are over {_MOST:,} windows of {span} since {since:%Y-%m-%d}; take a later day")
    found = []
    while start < until:
        end = start + length
        found.append(Window(start=start, end=end, span=span, is_over=end <= now))
        start = end
    return found


def chunks_of(windows: Sequence[Window]) -> Iterator[Chunk]:
    """Yield windows with the days that hold their rows: one window and its days, or one day and its windows."""
    together: dict[tuple[str, ...], list[Window]] = {}
    for window in windows:
        together.setdefault(days_of(window), []).append(window)
    for days, members in together.items():
        yield Chunk(days, tuple(members))


def days_of(window: Window) -> tuple[str, ...]:
    """Return the days (UTC) in which a window lies, as the log names them."""
    first = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    count = -(-(window.end - first) // _DAY)
    return tuple((first + number * _DAY).strftime("%Y-%m-%d") for number in range(count))


def microseconds(moment: datetime) -> int:
    """Return the microseconds from 1970 to a moment."""
    return (_with_zone(moment) - _EPOCH) // timedelta(microseconds=1)  # in UTC it may be a year that there is not


def moment_of(microseconds: int) -> datetime:
    """Return the moment so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def places_in(windows: Sequence[Window], moments: Moments) -> NDArray[np.intp]:
    """Return for each moment the place of its window among windows that follow each other, -1 for none."""
    starts = np.array([microseconds(window.start) for window in windows], dtype=np.int64)
    found = np.searchsorted(starts, moments, side="right") - 1
    found[moments >= microseconds(windows[-1].end)] = -1
    return found
