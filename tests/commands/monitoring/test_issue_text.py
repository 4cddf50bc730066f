"""What a log says is text in an issue, however it was meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.monitoring.example_documents import a_document
from tests.workflows.hostile_texts import HOSTILE, MEGABYTE, assert_text

from mintmark.commands.forge.at_forge import MOST_CHARACTERS
from mintmark.commands.monitoring.issue_text import alarm_list, issue_title, windows_table
from mintmark.monitoring.alarms import Alarm

MOMENT = datetime(2026, 3, 4, tzinfo=UTC)


def alarm(words: str, **about: str) -> Alarm:
    return Alarm(model="people", version="1.0.0", channel="production", kind="unseen", fingerprint="f" * 16, words=words,
                 since=MOMENT, raised=MOMENT, last=MOMENT, windows=1, **about)  # fmt: skip


def test_words_of_a_log_are_escaped_and_cut() -> None:
    for words in (HOSTILE, MEGABYTE, "# Title", "![x](http://evil.example)", "@acme/everyone", "#1 and GH-1"):
        said = alarm_list([alarm(words)])
        assert_text(said)
        assert "\n" not in said
        assert len(said) < 3_000
        assert not any(each in said for each in ("](http", "@acme", " #1", "GH-1", "- # "))


def test_many_alarms_fit_into_an_issue() -> None:
    said = alarm_list([alarm(MEGABYTE)] * 10_000)
    assert len(said) < 3 * MOST_CHARACTERS, "what is longer than an issue may be is cut at a line"
    assert said.endswith("- and 9,950 more")


def test_a_title_is_one_short_line() -> None:
    title = issue_title(alarm("x", column=MEGABYTE))
    assert len(title) < 400
    assert "\n" not in title
    assert title.startswith("people@1.0.0 in production: values are unknown (")


def test_a_table_of_windows_says_what_its_estimates_assume() -> None:
    window = a_document(0)
    assert window.performance is not None
    measured = windows_table([replace(window, performance=replace(window.performance, assumption="rows *alone*"))])
    assert "What is estimated" not in measured
    assert measured.endswith("Rows &#42;alone&#42;.")
    estimated = windows_table([replace(window, performance=None)])
    assert estimated.endswith(
        "What is estimated is the relation of inputs and target is still the one of the evaluation rows."
    )
    assert windows_table([]) == ""
