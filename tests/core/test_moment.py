from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.moment import format_moment, parse_moment, parse_span, span_in_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01", "2026-06-01T23:59:59+00:00"),
        ("2024-02-29", "2024-02-29T23:59:59+00:00"),
        ("2026-06-01T09:30", "2026-06-01T09:30:00+00:00"),
        ("2026-06-01 09:30:15", "2026-06-01T09:30:15+00:00"),
        ("2026-06-01T09:30:00Z", "2026-06-01T09:30:00+00:00"),
        ("2026-06-01T09:30:00+02:00", "2026-06-01T07:30:00+00:00"),
        ("2026-01-01T00:30+0100", "2025-12-31T23:30:00+00:00"),
    ],
)
def test_dates_and_times(text: str, expected: str) -> None:
    moment = parse_moment(text)
    assert moment is not None
    assert moment.isoformat() == expected


@pytest.mark.parametrize(
    "text", ["", "main", "v1.0", "2026", "2026-6-1", "20260601", "yesterday", "2026-06-01x", "2026-06-01\n"]
)
def test_what_is_no_date_may_be_a_revision(text: str) -> None:
    assert parse_moment(text) is None


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "2025-02-29", "2026-06-01T25:00", "0000-01-01"])
def test_a_date_that_no_calendar_has(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        parse_moment(text)


def test_the_last_day_of_all() -> None:
    assert parse_moment("9999-12-31") == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))
def test_parse_reads_what_format_writes(moment: datetime) -> None:
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    parsed = parse_moment(format_moment(seconds))
    assert parsed is not None
    assert parsed.timestamp() == seconds


@given(st.text(alphabet="0123456789-T:Z+ .", max_size=28))
def test_nothing_but_value_errors(text: str) -> None:
    try:
        parse_moment(text)
    except ValueError as error:
        assert "is not a date" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "hours", "words"), [("6h", 6, "6 hours"), ("1d", 24, "1 day"), ("2w", 336, "2 weeks"), ("1h", 1, "1 hour")]
)
def test_a_span_is_a_number_of_hours_days_or_weeks(text: str, hours: int, words: str) -> None:
    assert (parse_span(text), span_in_words(text)) == (timedelta(hours=hours), words)


@pytest.mark.parametrize("text", ["", "0d", "d", "1", "1m", "-1d", "1.5d", "99999d", "1d "])
def test_no_other_text_is_a_span(text: str) -> None:
    with pytest.raises(ValueError, match="is no span"):
        parse_span(text)
