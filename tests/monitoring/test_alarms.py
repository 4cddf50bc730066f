"""Which alarms follow from documents: one at once, a warning the second time, and when they are over."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from tests.monitoring.example_documents import CHANNEL, MODEL, VERSION, a_day, a_document, a_finding, a_silent_day

from mintmark.monitoring.alarms import Alarm, AlarmPolicy, alarms_of
from mintmark.monitoring.documents import Finding, WindowDocument

WARNING = a_finding("performance", "warning")
ALARM = a_finding("missing", "alarm", column="age")
NOTE = a_finding("drift", "note", column="age")
THIN = a_finding("not-enough-data", "not-enough-data")


def told(documents: list[WindowDocument], **how: object) -> list[tuple[str, int, int, int | None]]:
    """Each alarm: its kind, the days on which it was raised and last seen, and on which it ended."""

    def day(alarm: Alarm, name: str) -> int:
        return (getattr(alarm, name) - a_day(0).start).days

    found = alarms_of(documents, **how)  # type: ignore[arg-type]
    return [
        (each.kind, day(each, "raised"), day(each, "last"), None if each.is_open else day(each, "ended"))
        for each in found
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([(), (), ()], []),
        ([(NOTE,), (NOTE,), (NOTE,)], []),
        ([(ALARM,)], [("missing", 0, 0, None)]),
        ([(WARNING,)], []),
        ([(WARNING,), (WARNING,)], [("performance", 1, 1, None)]),
        ([(WARNING,), (), (WARNING,)], []),
        ([(ALARM,), ()], [("missing", 0, 0, 1)]),
        ([(ALARM,), (), (ALARM,)], [("missing", 0, 0, 1), ("missing", 2, 2, None)]),
        ([(ALARM,), (THIN,), (ALARM,)], [("missing", 0, 2, None)]),
        ([(ALARM,), (THIN,)], [("missing", 0, 0, None)]),
        ([(WARNING,), (THIN,), (WARNING,)], [("performance", 2, 2, None)]),
        ([(WARNING, ALARM), (WARNING,)], [("missing", 0, 0, 1), ("performance", 1, 1, None)]),
    ],
)
def test_what_follows_from_days_in_a_row(days: list[tuple[Finding, ...]], expected: list[tuple[object, ...]]) -> None:
    documents = [a_document(number, *findings) for number, findings in enumerate(days)]
    assert told(documents) == expected
    Random(1).shuffle(documents)
    assert told(documents) == expected, "the order of documents does not matter"


def test_a_window_that_still_runs_raises_and_ends_nothing_by_its_silence() -> None:
    running = a_document(1, window=a_day(1, is_over=False))
    assert told([a_document(0, ALARM), running]) == [("missing", 0, 0, None)]
    broken = a_document(1, ALARM, window=a_day(1, is_over=False))
    assert told([a_document(0), broken]) == [("missing", 1, 1, None)]


def test_silence_is_over_when_somebody_asks_however_little() -> None:
    assert told([a_silent_day(0), a_silent_day(1)]) == [("silence", 0, 1, None)]
    assert told([a_silent_day(0), a_document(1, THIN)]) == [("silence", 0, 0, 1)]


def test_silence_does_not_end_what_went_before() -> None:
    silent = replace(a_silent_day(1), findings=(*a_silent_day(1).findings, THIN))
    assert told([a_document(0, ALARM), silent]) == [("missing", 0, 0, None), ("silence", 1, 1, None)]


def test_another_version_in_the_channel_ends_an_alarm() -> None:
    after = replace(a_document(1), version="1.1.0")
    (alarm,) = alarms_of([a_document(0, ALARM), after])
    assert (alarm.version, alarm.ended, alarm.why) == (VERSION, a_day(1).start, "1.1.0 answers now")
    holders = {(MODEL, CHANNEL): "1.1.0"}
    (alarm,) = alarms_of([a_document(0, ALARM)], holders=holders)
    assert (alarm.is_open, alarm.why) == (False, "1.1.0 is in the channel now")
    assert told([a_document(0, ALARM)], holders={(MODEL, CHANNEL): VERSION}) == [("missing", 0, 0, None)]


def test_a_version_that_still_answers_a_little_keeps_its_alarm() -> None:
    """Two servers, one of which has not followed yet."""
    both = [a_document(0, ALARM), replace(a_document(0), version="1.1.0"), a_document(1, ALARM)]
    assert told(both) == [("missing", 0, 1, None)]


def test_the_newest_revision_of_a_window_counts() -> None:
    first, later = a_document(0, ALARM), replace(a_document(0), revision=2)
    assert told([later, first]) == []


def test_shadows_raise_nothing_and_models_and_channels_are_apart() -> None:
    assert told([replace(a_document(0, ALARM), role="shadow")]) == []
    other = replace(a_document(1), channel="staging")
    assert told([a_document(0, ALARM), other]) == [("missing", 0, 0, None)]


def test_how_often_a_warning_has_to_come_is_said_by_the_policy() -> None:
    days = [a_document(number, WARNING) for number in range(3)]
    assert told(days, policy=AlarmPolicy(in_a_row=3)) == [("performance", 2, 2, None)]
    (alarm,) = alarms_of(days)
    assert (alarm.since, alarm.windows) == (a_day(0).start, 3)
    assert alarm.to_dict()["since"] == "2026-03-04T00:00:00Z"
