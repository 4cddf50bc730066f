"""Moments in time as people write them. Reads no clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9]{2}:?[0-9]{2})?)?\Z")
_DAY_LENGTH = 10
_SPAN = re.compile(r"([1-9][0-9]{0,3})([hdw])\Z")
_UNITS = {"h": ("hour", timedelta(hours=1)), "d": ("day", timedelta(days=1)), "w": ("week", timedelta(weeks=1))}


def parse_moment(text: str) -> datetime | None:
    """Return the moment that `2026-06-01` or `2026-06-01T09:30Z` means, None when `text` is not a date at all.

    A day means its last second, so that what was deployed on that day counts; without an offset the time is UTC.
    Raises `ValueError` for a date that no calendar has.
    """
    if not _DATE.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f'"{text}" is not a date: {error}') from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if is_day(text):
        moment += timedelta(days=1, seconds=-1)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f'"{text}" is not a date: in UTC it lies beyond the years 1 to 9999') from None


def is_day(text: str) -> bool:
    """Whether a date names a whole day."""
    return len(text) == _DAY_LENGTH


def format_moment(seconds: float) -> str:
    """Return seconds since 1970 as UTC: `2026-06-01T09:30:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_span(text: str) -> timedelta:
    """Return the length of a span such as `6h`, `1d` or `2w`; raise `ValueError` for another text."""
    match = _SPAN.match(text)
    if match is None:
        raise ValueError(f'"{text}" is no span such as 6h, 1d or 2w')
    return int(match[1]) * _UNITS[match[2]][1]


def span_in_words(text: str) -> str:
    """Return a span as people say it: `6 hours`, `1 day`."""
    number, unit = text[:-1], _UNITS[text[-1]][0]
    return f"{number} {unit}{'' if number == '1' else 's'}"
