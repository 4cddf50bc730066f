from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.tags.message import Approved, TagMessage, format_message, parse_message

MESSAGE = TagMessage(
    sentence="iris: 1.1.0 was promoted to production in place of 1.0.0.",
    kind="promote",
    model="iris",
    version="1.1.0",
    commit="e9da5d7015833f3bf8007b5d24ae9fca9e022737",
    subject="Promote iris 1.1.0 to production (#12)",
    time="2026-01-05T12:00:00Z",
    channel="production",
    before="1.0.0",
    after="1.1.0",
    approved=Approved(
        pull_request=12,
        head="0123456789" * 4,
        approvers=("ada", "grace"),
        approved_before=("linus",),
        review={"verdict": "pass"},
    ),
)


@pytest.mark.parametrize(
    "message",
    [MESSAGE, replace(MESSAGE, kind="register", channel=None, before=None, after=None, approved=Approved())],
)
def test_messages_come_back(message: TagMessage) -> None:
    assert parse_message(format_message(message)) == message


def test_the_first_line_is_for_people_and_the_rest_is_json() -> None:
    first, _, rest = format_message(MESSAGE).partition("\n\n")
    assert first == MESSAGE.sentence
    said = json.loads(rest)
    assert (said["pull_request"], said["approvers"], said["review"]) == (12, ["ada", "grace"], {"verdict": "pass"})


@given(st.text())
def test_a_subject_stays_inside_its_text(subject: str) -> None:
    text = format_message(replace(MESSAGE, subject=subject))
    assert text.isascii()
    assert all(line.isprintable() for line in text.splitlines())
    parsed = parse_message(text)
    assert parsed is not None
    assert parsed.subject == subject


@pytest.mark.parametrize(
    "text",
    ["", "by hand", "by hand\n\nnot JSON", "x\n\n[]", 'x\n\n{"mintmark": 2}', "x\n\n" + "[" * 100_000,
     format_message(MESSAGE).replace('"commit"', '"comet"'), format_message(MESSAGE).replace("promote\"", "prod\"")],
)  # fmt: skip
def test_other_messages_tell_nothing(text: str) -> None:
    assert parse_message(text) is None


def test_what_a_message_claims_of_the_wrong_kind_is_not_taken() -> None:
    data = format_message(MESSAGE).replace("12,", '"12",').replace('"grace"', "7").replace("0123456789" * 4, "main")
    parsed = parse_message(data)
    assert parsed is not None
    assert parsed.approved == Approved(approvers=("ada",), approved_before=("linus",), review={"verdict": "pass"})


def test_a_number_that_no_pull_request_has_is_not_taken() -> None:
    parsed = parse_message(format_message(MESSAGE).replace("12,", "9" * 30 + ","))
    assert parsed is not None
    assert parsed.approved.pull_request is None
    assert parsed.approved.approvers == MESSAGE.approved.approvers
