"""Windows of time: in UTC, aligned, and fitting into days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.errors import UsageError
from mintmark.monitoring.windows import chunks_of, days_of, in_utc, microseconds, places_in, windows_between

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SPANS = ["1h", "2h", "6h", "12h", "24h", "1d", "2d", "7d", "1w", "30d"]


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        ("1h", "2026-03-04T12:00:00Z", "2026-03-04T13:00:00Z"),
        ("6h", "2026-03-04T12:00:00Z", "2026-03-04T18:00:00Z"),
        ("1d", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        ("1w", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"),  # a Monday
        ("7d", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"),
    ],
)
def test_a_window_is_aligned_whenever_somebody_looks(span: str, start: str, end: str) -> None:
    (window,) = windows_between(NOON, NOON + timedelta(minutes=1), span, now=NOON)
    assert (window.start, window.end) == (datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert not window.is_over


def test_days_have_24_hours_when_the_clocks_change() -> None:
    """In Berlin 2026-03-29 has 23 hours, and 2026-10-25 has 25."""
    for day in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
        windows = windows_between(day, day + timedelta(days=3), "1d", now=day + timedelta(days=9))
        assert [window.end - window.start for window in windows] == [timedelta(days=1)] * 3


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=9)))
    assert windows_between(there, there + timedelta(hours=1), "1d", now=NOON) == windows_between(
        NOON, NOON + timedelta(hours=1), "1d", now=NOON
    )


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        in_utc(datetime(2026, 3, 4))


@pytest.mark.parametrize("span", ["5h", "7h", "25h", "36h"])
def test_a_span_that_does_not_fit_into_days_is_refused(span: str) -> None:
    with pytest.raises(UsageError, match="does not fit into days"):
        windows_between(NOON, NOON + timedelta(days=1), span, now=NOON)


def test_no_endless_list_of_windows() -> None:
    with pytest.raises(UsageError, match="over 10,000 windows"):
        windows_between(datetime(1970, 1, 1, tzinfo=UTC), NOON, "1h", now=NOON)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(1, 60), st.sampled_from(SPANS))
def test_windows_follow_each_other_and_each_day_is_in_one_chunk(start: datetime, days: int, span: str) -> None:
    since = start.replace(tzinfo=UTC)
    windows = windows_between(since, since + timedelta(days=days), span, now=since)
    assert windows[0].start <= since < windows[0].end
    assert all(one.end == other.start for one, other in pairwise(windows))
    chunks = list(chunks_of(windows))
    assert [window for chunk in chunks for window in chunk.windows] == windows
    listed = [day for chunk in chunks for day in chunk.days]
    assert len(listed) == len(set(listed))
    assert all(set(days_of(window)) <= set(chunk.days) for chunk in chunks for window in chunk.windows)


def test_each_moment_is_in_its_window_and_the_end_is_in_the_next() -> None:
    windows = windows_between(NOON, NOON + timedelta(hours=3), "1h", now=NOON)
    moments = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1),
               windows[-1].end - timedelta(microseconds=1), windows[-1].end]  # fmt: skip
    places = places_in(windows, np.array([microseconds(moment) for moment in moments]))
    assert places.tolist() == [-1, 0, 0, 1, 2, -1]
