"""Read a column of times, as text has them. Reads no files."""

from __future__ import annotations

from typing import Final

import pandas as pd

ISO: Final = "ISO8601"


def parse_times(column: pd.Series, form: str = ISO) -> pd.Series:
    """Return a column of text as times; those with zones, which change with the season, are in UTC.

    Raises `ValueError` for text that is no time of this form, and where some times have a zone and others have none.
    Words such as `now` and `NaT` are no times, though pandas knows them.
    """
    words = [value for value in column.dropna().unique() if isinstance(value, str) and not any(map(str.isdigit, value))]
    if words:
        raise ValueError(f"{words[0][:40]!r} is no time")
    try:
        return pd.to_datetime(column, format=form)
    except ValueError:
        moments = pd.to_datetime(column, format=form, utc=True)
    bare = [value for value in column.dropna().unique() if pd.to_datetime(value, format=form).tzinfo is None]
    if bare:
        raise MixedZones(
            f"some of its times have a zone, and others have none, such as {bare[0]!r}; nobody can order those"
        )
    return moments


class MixedZones(ValueError):  # noqa: N818 - a fault in data
    """Times with a zone and times without one in the same column."""
