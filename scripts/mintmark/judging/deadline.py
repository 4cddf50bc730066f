"""End a review in time, whatever it looks at. Judges nothing.

What is read of a change costs this process seconds. So it has a share of processor time that no honest change needs,
until the model runs, and an hour hand over all of it. Only the main thread of a process on Unix can be ended like this.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CPU_SECONDS: Final = 40.0  # of this process, before the model runs
SECONDS: Final = 20 * 60.0  # in all, without a reproduction
_AGAIN = 5.0  # where something caught the first one

if sys.platform != "win32":
    _TIMERS = {signal.SIGPROF: (signal.ITIMER_PROF, CPU_SECONDS), signal.SIGALRM: (signal.ITIMER_REAL, SECONDS)}


class OutOfTime(BaseException):
    """The time of a review is over; the message says which."""


@contextlib.contextmanager
def deadline() -> Iterator[None]:
    """Raise `OutOfTime` in the block when its time is over."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _TIMERS}
    left, begin = signal.getitimer(signal.ITIMER_REAL), time.monotonic()
    for number, (timer, seconds) in _TIMERS.items():
        signal.signal(number, _end)
        signal.setitimer(timer, seconds, _AGAIN)
    try:
        yield
    finally:
        for number, (timer, _) in _TIMERS.items():
            signal.signal(number, signal.SIG_IGN)
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
        if left[0]:  # somebody else's
            signal.setitimer(signal.ITIMER_REAL, max(left[0] - (time.monotonic() - begin), 0.001), left[1])


def begin_model() -> None:
    """Lift the limit of processor time: from here on models run, which have limits of their own."""
    if sys.platform != "win32" and signal.getsignal(signal.SIGPROF) is _end:
        signal.setitimer(signal.ITIMER_PROF, 0)


def begin_reproduction() -> None:
    """Lift every limit: stages run, which may take hours and have limits of their own."""
    begin_model()
    if sys.platform != "win32" and signal.getsignal(signal.SIGALRM) is _end:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _end(number: int, _: FrameType | None) -> None:
    if number == signal.SIGALRM:
        raise OutOfTime(f"the review was not done after {SECONDS / 60:g} minutes; make the change smaller")
    raise OutOfTime(
        f"reading the change took more than {CPU_SECONDS:g} seconds of processor time; make it smaller, or split it"
    )
