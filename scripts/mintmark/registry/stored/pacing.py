"""An end for what a server sends, whoever asks it: a least rate, and a last moment. Knows no remotes.

A library waits for as long as a server sends a byte now and then. So nobody waits for a library longer than the rate
allows; what it still does then is left to it.
"""

from __future__ import annotations

import io
import time
from typing import IO, TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")

GRACE = 60.0  # seconds before the rate of an answer counts
LEAST_RATE = 4096  # bytes a second, of the whole answer so far
LONGEST = 6 * 3600.0  # seconds for one answer
BLOCK = 4 << 20  # bytes that a library may ask for at once: until they are there, it tells of none


def seconds_for(size: int) -> float:
    """Return how many seconds so many bytes may take."""
    return min(GRACE + size / LEAST_RATE, LONGEST)


def within(seconds: float, work: Callable[[], _Result]) -> _Result:
    """Return what `work` returns, or raise what it raises; raise `TimeoutError` where that takes longer."""
    import multiprocessing
    from multiprocessing.pool import ThreadPool

    pool = ThreadPool(1)  # for whose thread nobody waits, not Python either when it ends
    try:
        return pool.apply_async(work).get(max(seconds, 0))
    except multiprocessing.TimeoutError:
        raise TimeoutError(f"it sends less than {LEAST_RATE:,} bytes a second") from None
    finally:
        pool.terminate()


class Paced(io.RawIOBase):
    """The stream of a library, as long as enough comes; else reading it raises `TimeoutError`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._begin, self._received = stream, time.monotonic(), 0

    def readable(self) -> bool:
        """Whether it can be read, which is all that it is for."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer as far as there is something."""
        left = seconds_for(self._received + BLOCK) - (time.monotonic() - self._begin)
        data = within(left, lambda: self._stream.read(len(buffer)))
        buffer[: len(data)] = data
        self._received += len(data)
        return len(data)

    def close(self) -> None:
        """Close the stream too."""
        self._stream.close()
        super().close()
