"""The report on a terminal: its lines, and no control character of a proposal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from tests.publishing.hostile_reviews import REVIEWS, any_check
from tests.publishing.sample_review import HOSTILE, evaluation, failed_review, metrics, rollback_review, sample_review
from tests.scaffold.examples import examples

from mintmark.core.judgement.review import Review
from mintmark.publishing.review.terminal_report import format_terminal


def test_a_failed_review() -> None:
    lines = format_terminal(failed_review()).splitlines()
    assert lines[:8] == [
        "✗ Fail: the lower bound of recall is 0.8133, and at least 0.85 is required",
        "  Proposes breast-cancer@1.1.0, which enters staging.",
        "  with dvc.lock, data/[x](y)`|\\n.csv",
        "  roc_auc on 200 evaluation rows of the base:",
        "    breast-cancer@1.1.0: 0.9929 [0.9779, 1]",
        "    breast-cancer@1.0.0: 0.9795 [0.9534, 0.999]",
        (
            "    difference: +0.0133 [-0.0012, +0.0321], no worse. The difference is at least -0.0012 with 95% confidence; "
            "it must be no lower than -0.01 to be no worse."
        ),
        "  roc_auc on 200 evaluation rows that the proposal brings:",
    ]
    assert [line[0] for line in lines[11:22]] == ["✗", "?", "!", *"✓" * 8]
    assert lines[11] == (
        "✗ floor: recall: the lower bound of recall is 0.8133 (0.8933); at least 0.85 is required "
        "(models/breast-cancer/model.yaml:42)"
    )
    assert lines[12] == "? evaluation data: the proposal changes the evaluation rows (dvc.lock)"
    assert lines[-1] == "next: Raise the recall, or lower the floor in a pull request of its own."


def test_a_rollback() -> None:
    assert format_terminal(rollback_review()) == (
        "✓ Pass: production goes back to breast-cancer@1.0.0, which it held before\n"
        "  Rolls back production of breast-cancer to 1.0.0 instead of 1.1.0.\n"
        "✓ bytes: 4 files match their sha256\n"
        "next: Merge it.\n"
    )


def test_an_open_question() -> None:
    review = replace(rollback_review(), verdict="decide", reason="a gate is loosened")
    assert format_terminal(review).startswith("? A person must decide: a gate is loosened\n")


def test_without_a_champion_there_is_no_difference() -> None:
    metric = replace(metrics()[0], champion=None, difference=None)
    text = format_terminal(replace(sample_review(), evaluations=[replace(evaluation(), metrics=[metric])]))
    assert "difference" not in text
    assert "breast-cancer@1.1.0: 0.9929" in text
    assert "roc_auc" not in format_terminal(replace(rollback_review(), evaluations=[replace(evaluation(), metrics=[])]))


def test_many_checks_are_counted() -> None:
    checks = [any_check(name=f"c{n}", verdict="fail", message="m") for n in range(10_000)]
    lines = format_terminal(replace(sample_review(), checks=checks)).splitlines()
    assert "✗ c49: m" in lines
    assert "✗ c50: m" not in lines
    assert "  … and 9,950 more checks, see report.json" in lines


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_moves_no_cursor_and_begins_no_line(text: str) -> None:
    plain = replace(sample_review(), checks=[any_check(name="x", verdict="fail", message="x", path="x")], reason="x")
    hostile = replace(plain, checks=[any_check(name=text, verdict="fail", message=text, path=text or "x")], reason=text)
    lines = format_terminal(hostile).split("\n")
    assert len(lines) == len(format_terminal(plain).split("\n"))
    assert all(line.isprintable() for line in lines)


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(REVIEWS)
def test_any_review_has_only_printable_lines(review: Review) -> None:
    lines = format_terminal(review).split("\n")
    assert all(line.isprintable() and len(line) < 15_000 for line in lines)
    assert lines[0][0] in "✓?✗"
