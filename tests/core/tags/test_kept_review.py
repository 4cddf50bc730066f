"""What a tag keeps of a review comes back, and nothing else passes for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.publishing.sample_review import sample_review

from mintmark.core.judgement.review import Subject
from mintmark.core.tags.kept_review import keep_review, parse_kept_review

REFERENCE = "breast-cancer@1.1.0"
KEPT: dict[str, Any] = json.loads(json.dumps(keep_review(sample_review(), REFERENCE)))


def test_a_review_comes_back_from_json() -> None:
    read = parse_kept_review(KEPT)
    assert read is not None
    assert (read.verdict, read.base) == ("pass", sample_review().base)
    assert read.comparison is not None
    assert read.comparison.difference is not None
    first = sample_review().evaluations[0].metrics[0]
    assert first.difference is not None
    assert (read.comparison.metric, read.comparison.rows) == ("roc_auc", sample_review().evaluations[0].rows)
    assert read.comparison.difference.bound == first.difference.bound
    assert [one.name for one in read.behaviour] == [one.name for one in sample_review().behaviour]


def test_a_review_of_something_else_is_not_kept() -> None:
    assert keep_review(sample_review(), "breast-cancer@1.0.0") is None
    assert keep_review(replace(sample_review(), subjects=[Subject(model="digits", version="1.1.0")]), REFERENCE) is None


def test_of_many_checks_the_gravest_are_kept() -> None:
    checks = [replace(sample_review().checks[0], verdict="pass")] * 100
    kept = keep_review(replace(sample_review(), checks=[*checks, *sample_review().checks]), REFERENCE)
    assert kept is not None
    assert len(kept["checks"]) == 60
    graver = [check.name for check in sample_review().checks if check.verdict != "pass"]
    assert set(graver) <= {check["name"] for check in kept["checks"]}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("verdict",), "excellent"),
        (("verdict",), ["pass"]),
        (("base",), "<script>"),
        (("checks",), {"name": "x"}),
        (("checks", 0, "verdict"), "better"),
        (("comparison", "rows"), True),
        (("comparison", "rows"), 10**30),
        (("comparison", "difference", "margin"), -1),
        (("comparison", "difference", "low"), 10**400),
        (("comparison", "difference", "value"), "0.2"),
        (("comparison", "difference", "standing"), "best"),
        (("comparison", "maximize"), 1),
        (("behaviour", 0, "share"), 7),
    ],
)
def test_what_a_review_never_says_is_not_taken(place: tuple[str | int, ...], value: object) -> None:
    data = json.loads(json.dumps(KEPT))
    *way, last = place
    part: Any = data
    for step in way:
        part = part[step]
    part[last] = value
    assert parse_kept_review(data) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_anything_else_is_no_review(data: object) -> None:
    assert parse_kept_review(data) is None


@given(st.text())
def test_texts_are_one_short_line(text: str) -> None:
    read = parse_kept_review({**KEPT, "reason": text})
    assert read is not None
    assert read.reason.isprintable()
    assert len(read.reason) <= 300
