"""Workflow commands: escaped, the most important ones within GitHub's limits, and never one that a proposal wrote."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from tests.publishing.hostile_reviews import REVIEWS, any_check
from tests.publishing.sample_review import HOSTILE, failed_review, rollback_review, sample_review
from tests.scaffold.examples import examples

from mintmark.core.finding import Finding
from mintmark.core.judgement.review import Review
from mintmark.publishing.review.annotations import format_annotation, format_annotations

COMMAND = re.compile(
    r"::(error|warning|notice)(?: (?:file|line|col|title)=[^,:\r\n]*(?:,(?:file|line|title)=[^,:\r\n]*)*)?::([^\r\n]*)"
)


def test_the_annotations_of_a_failed_review() -> None:
    assert format_annotations(failed_review()).splitlines() == [
        (
            "::error file=models/breast-cancer/model.yaml,line=42,title=floor%3A recall::"
            "the lower bound of recall is 0.8133 (0.8933); at least 0.85 is required"
        ),
        "::warning file=dvc.lock,title=evaluation data::the proposal changes the evaluation rows",
        (
            "::warning file=models/breast-cancer/model.yaml,line=52,title=slice%3A clinic::"
            "12 rows are too few to judge (50 are needed)"
        ),
        (
            "::notice title=Review::Fail: the lower bound of recall is 0.8133, and at least 0.85 is required "
            "(1 failed, 1 open, 1 to note, 8 passed)"
        ),
    ]


def test_a_review_that_passes_has_its_verdict_as_a_notice() -> None:
    (line,) = format_annotations(rollback_review()).splitlines()
    assert line == (
        "::notice title=Review::Pass: production goes back to breast-cancer@1.0.0, which it held before (1 passed)"
    )


def test_a_check_without_a_path_has_no_place() -> None:
    review = replace(rollback_review(), checks=[any_check(name="owner", verdict="fail", message="nobody", line=3)])
    assert format_annotations(review).splitlines()[0] == "::error title=owner::nobody"


def test_as_many_as_github_shows_and_the_open_ones_before_those_to_note() -> None:
    verdicts = ["warn"] * 30 + ["decide"] * 8 + ["fail"] * 500 + ["pass"] * 9
    checks = [any_check(name=f"c{n}", verdict=verdict, message=verdict) for n, verdict in enumerate(verdicts)]  # type: ignore[arg-type]
    lines = format_annotations(replace(sample_review(), checks=checks)).splitlines()
    assert Counter(line.split()[0].partition(":")[0] + line.split("::")[1].split()[0] for line in lines) == {
        "error": 10,
        "warning": 10,
        "notice": 1,
    }
    assert lines[0] == "::error title=c38::fail"
    assert lines[9] == "::error::… and 491 more, see report.json"
    assert [line.rpartition("::")[2] for line in lines[10:19]] == ["decide"] * 8 + ["warn"]
    assert lines[19] == "::warning::… and 29 more, see report.json"
    assert lines[-1].startswith("::notice title=Review::")


def test_ten_are_shown_without_a_rest() -> None:
    checks = [any_check(name=f"c{n}", verdict="fail", message="m") for n in range(10)]
    lines = format_annotations(replace(sample_review(), checks=checks)).splitlines()
    assert [line for line in lines if "more" in line] == []
    assert len(lines) == 11


@pytest.mark.parametrize("text", [*HOSTILE, "a,b:c%d\r\n::error::x", "x" * 100_000], ids=lambda text: repr(text)[:20])
def test_a_hostile_check_is_one_command(text: str) -> None:
    check = any_check(name=text, verdict="fail", message=text, path=text, line=1)
    output = format_annotations(replace(sample_review(), reason=text, checks=[check]))
    lines = output.split("\n")
    assert len(lines) == 3
    assert lines[-1] == ""
    for line in lines[:-1]:
        assert COMMAND.fullmatch(line), line
        assert line.isprintable()
        assert len(line) < 20_000


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(REVIEWS)
def test_any_review_gives_only_commands(review: Review) -> None:
    for line in format_annotations(review).removesuffix("\n").split("\n"):
        assert COMMAND.fullmatch(line), line


def test_what_a_command_means_is_what_was_written() -> None:
    """GitHub's runner reads %25, %0D, %0A, and in properties %3A and %2C, back."""
    check = any_check(name="a:b,c%d", verdict="fail", message="100%: x, y", path="p,q:r%3A.yaml", line=2)
    line = format_annotations(replace(sample_review(), checks=[check])).splitlines()[0]
    assert line == "::error file=p%2Cq%3Ar%253A.yaml,line=2,title=a%3Ab%2Cc%25d::100%25: x, y"


def test_a_finding_is_annotated_as_before() -> None:
    finding = Finding(path="a,b:c%d\ne", message="100%\r\n::x", line=1, column=2, rule="R1", where="x.y")
    assert format_annotation(finding) == "::error file=a%2Cb%3Ac%25d%0Ae,line=1,col=2,title=R1::x.y: 100%25%0D%0A::x"
    assert format_annotation(Finding(path="a", message="m", severity="warning")) == "::warning file=a::m"
