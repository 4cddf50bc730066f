"""The verdict that checks add up to, and its exit code."""

from __future__ import annotations

from itertools import permutations

import pytest

from mintmark.core.judgement.checks import Check
from mintmark.core.judgement.review import EXIT_CODES, Review, overall


def checks(*verdicts):
    return [
        Check(name="evaluation data" if verdict != "warn" else "owner", verdict=verdict, message="")
        for verdict in verdicts
    ]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), "pass"),
        (("pass", "pass"), "pass"),
        (("pass", "warn"), "pass"),
        (("warn",), "pass"),
        (("pass", "warn", "decide"), "decide"),
        (("pass", "decide", "decide"), "decide"),
        (("pass", "decide", "fail"), "fail"),
        (("warn", "fail"), "fail"),
        (("pass", "fail"), "fail"),
    ],
)
def test_one_failure_fails_and_one_open_question_is_a_persons(verdicts, expected):
    for order in permutations(verdicts):
        assert overall(checks(*order)) == expected


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 1), ("decide", 42)])
def test_exit_codes(verdict, code):
    review = Review(verdict=verdict, reason="", kind="code", base="a", head="b", judge="c")
    assert review.exit_code == code
    assert set(EXIT_CODES.values()) == {0, 1, 42}
