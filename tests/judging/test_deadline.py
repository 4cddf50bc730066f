"""A review ends in time, and what was limited before is limited again."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import pytest

from mintmark.judging import deadline


@pytest.mark.parametrize("number", [signal.SIGPROF, signal.SIGALRM], ids=["processor", "clock"])
def test_a_review_that_does_not_end_is_ended(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    timer, _ = deadline._TIMERS[number]
    monkeypatch.setitem(deadline._TIMERS, number, (timer, 0.05))
    monkeypatch.setattr(deadline, "_AGAIN", 0.05)

    def look_at_one_thing_after_another() -> None:
        end = time.monotonic() + 30
        with deadline.deadline():
            while time.monotonic() < end:
                with suppress(Exception):
                    sum(range(10_000))

    with pytest.raises(deadline.OutOfTime):
        look_at_one_thing_after_another()
    assert signal.getsignal(number) is not deadline._end


def test_the_model_and_a_reproduction_have_limits_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with deadline.deadline():
        deadline.begin_model()
        assert (signal.getitimer(signal.ITIMER_PROF)[0], signal.getitimer(signal.ITIMER_REAL)[0] > 0) == (0, True)
        deadline.begin_reproduction()
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    deadline.begin_model()  # outside of a review there is nothing to lift
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


def test_the_alarm_of_whoever_calls_goes_on() -> None:
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        with deadline.deadline():
            pass
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
