"""Groups of rows that are told of together: of one channel, served or of a shadow, in one window. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.monitoring.digests import digest_columns
from mintmark.monitoring.windows import places_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mintmark.monitoring.documents import Window

OUTSIDE: Final = -1  # of a row in no window
OTHER_CHANNEL: Final = -2
NAMING: Final = ("id", "row", "time", "channel", "shadow")  # the columns that name a row and its group


class Group(NamedTuple):
    """Rows of one channel, served or of a shadow, in one window by its number."""

    channel: str
    shadow: bool
    window: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """What of a log is looked at: windows that follow each other, and channels by name."""

    windows: tuple[Window, ...]
    channels: frozenset[str]

    @property
    def groups(self) -> list[Group]:
        """Every group that there can be, in the order of their numbers."""
        return [
            Group(channel, shadow, window)
            for channel in sorted(self.channels)
            for shadow in (False, True)
            for window in range(len(self.windows))
        ]


def group_numbers(rows: pa.RecordBatch, span: Span) -> NDArray[np.int64]:
    """Return the number of the group of each row; below zero for rows that are in none."""
    channels = rows.column("channel")
    places = {name: place for place, name in enumerate(sorted(span.channels))}
    known = np.array([*(places.get(name, -1) for name in channels.dictionary.to_pylist()), -1], dtype=np.int64)
    of_channel = known[pc.fill_null(channels.indices, len(known) - 1).to_numpy(zero_copy_only=False)]
    is_shadow = rows.column("shadow").to_numpy(zero_copy_only=False).astype(np.int64)
    windows = windows_of(rows, span)
    numbers: NDArray[np.int64] = (of_channel * 2 + is_shadow) * len(span.windows) + windows
    numbers[of_channel < 0] = OTHER_CHANNEL
    numbers[windows < 0] = OUTSIDE
    return numbers


def windows_of(rows: pa.RecordBatch, span: Span) -> NDArray[np.int64]:
    """Return the place of the window of each row, -1 for none."""
    return places_in(span.windows, rows.column("time").cast(pa.int64()).to_numpy()).astype(np.int64)


def digest_rows(rows: pa.RecordBatch, span: Span) -> NDArray[np.uint64]:
    """Digest what names each row: its id and number, and its group, so that other windows and channels are others."""
    named = [rows.column(name) for name in ("id", "row", "channel", "shadow")]
    return digest_columns([*named, pa.array(windows_of(rows, span))])
