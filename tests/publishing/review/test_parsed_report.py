"""A report that is read back says what the review said; bytes that are no report are refused with a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from tests.publishing.hostile_reviews import REVIEWS
from tests.publishing.sample_review import failed_review, rollback_review, sample_review
from tests.scaffold.examples import examples

from mintmark.core.judgement.review import Review
from mintmark.publishing.review.json_report import format_json
from mintmark.publishing.review.markdown_report import format_markdown
from mintmark.publishing.review.parsed_report import parse_report


@pytest.mark.parametrize("review", [sample_review(), failed_review(), rollback_review()], ids=lambda r: r.kind)
def test_a_report_that_is_read_back_makes_the_same_comment(review: Review) -> None:
    again = parse_report(format_json(review).encode())
    assert format_markdown(again) == format_markdown(review)
    assert format_json(again) == format_json(review)


@given(REVIEWS)
@settings(max_examples=examples(20))
def test_what_any_review_writes_can_be_shown_or_is_refused(review: Review) -> None:
    try:
        again = parse_report(format_json(review).encode())
    except ValueError:  # the name of a check that there is not, or a report of megabytes
        return
    assert len(format_markdown(again)) < 60_000


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(format_json(sample_review())), **fields}).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not valid JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[]", "schema"),
        (b"{}", "schema"),
        (b"[" * 100_000, "nested too deep"),
        (b" " * 2_000_000, "is larger than"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "digits"),
        (b'{"a": "\\ud800"}', "half of a character"),
        (changed(verdict="good"), "schema"),
        (changed(extra=1), "schema"),
        (changed(exit_code=1), "exit code"),
        (
            changed(checks=[{"name": "all good", "verdict": "pass", "message": "", "path": "", "line": None}]),
            "name of a",
        ),
        (changed(checks=[{"name": "leak cap", "verdict": "fail", "message": "", "path": "", "line": 1e999}]), "report"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_no_report_is_refused_with_a_sentence(content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_report(content)
