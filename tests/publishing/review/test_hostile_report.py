"""What a proposal may try: no text gets through the report, and it stays short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from tests.publishing.hostile_reviews import REVIEWS, any_check
from tests.publishing.review.report_texts import HEADINGS, check_whole, headings, text_of
from tests.publishing.sample_review import HOSTILE, evaluation, failed_review, lineage, metrics, sample_review, slices
from tests.scaffold.examples import examples
from tests.scaffold.marks import first_quick

from mintmark.core.judgement.review import CarriedFile, Evaluation, Review, Subject, Table
from mintmark.core.records import Interval
from mintmark.publishing.review.markdown_report import format_markdown


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_proposal_gets_through(text: str) -> None:
    sample = sample_review()
    hostile = replace(
        sample,
        reason=text,
        author=text,
        summary=text,
        judge=text,
        checks=[any_check(name=text, verdict="fail", message=text, path=text), any_check(name=text, verdict="pass", message=text)],
        evaluations=[
            Evaluation(
                candidate=text,
                champion=text,
                source=text,
                sha256=text,
                rows=1,
                metrics=[replace(metric, name=text) for metric in metrics()],
                slices=[replace(entry, name=text, message=text) for entry in slices()],
                cross_checks=[replace(check, name=text, message=text) for check in sample.evaluations[0].cross_checks],
                curves=[
                    replace(curve, title=text, x_label=text, y_label=text, lines=[(text, [0, 1]), (text, [1, 0])])
                    for curve in sample.evaluations[0].curves
                ],
            )
        ],
        behaviour=[
            replace(entry, name=text, kind=text, message=text, description=text, failures=[{text: text, "b": 1}])
            for entry in sample.behaviour
        ],
        cost=[replace(entry, name=text) for entry in sample.cost],
        files=[CarriedFile(path=text, change="added", what=text)] * 3,
        tables=[Table(title=text, header=[text, "b"], rows=[[text, text]] * 20)],
        lineage=[
            replace(step, stage=text, command=text, inputs=[(text, text)], outputs=[(text + "2", text)])
            for step in lineage()
        ],
        isolation={text: text},
        next_steps=[text],
    )  # fmt: skip
    page = check_whole(format_markdown(hostile))
    assert headings(page) == [heading for heading in HEADINGS if heading != "Summary by the author" or text.strip()]


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(REVIEWS)
def test_nothing_that_a_review_holds_breaks_the_report(review: Review) -> None:
    check_whole(format_markdown(review))
    check_whole(format_markdown(review, limit=10_000), 10_000)


LONG = "long-name-" * 20
MANY: dict[str, Callable[[Review], Review]] = {
    "500 subjects": lambda review: replace(
        review,
        subjects=[Subject(model=f"model-{n}", version=f"1.0.{n}", channel="staging") for n in range(500)],
    ),
    "10,000 failed checks": lambda review: replace(
        review,
        checks=[
            any_check(name=f"check {n}", verdict="fail", message=LONG * 20, path=LONG, line=n) for n in range(10_000)
        ],
    ),
    "10,000 passed checks": lambda review: replace(
        review, checks=[*review.checks, *[any_check(name=LONG, verdict="pass", message=LONG * 20)] * 10_000]
    ),
    "a summary of 20,000 characters": lambda review: replace(review, summary="$@|`\n" * 4_000),
    "200 slices": lambda review: replace(
        review, evaluations=[replace(evaluation(), slices=[replace(s, name=LONG) for s in slices() for _ in range(70)])]
    ),
    "500 evaluations": lambda review: replace(review, evaluations=[evaluation()] * 500),
    "300 metrics with long names": lambda review: replace(
        review, evaluations=[replace(evaluation(), metrics=[replace(m, name="@" * 200) for m in metrics()] * 40)]
    ),
    "500 behaviour tests with failures": lambda review: replace(
        review,
        behaviour=[
            replace(b, failures=[{f"{LONG}{n}": LONG for n in range(100)}] * 50) for b in [*review.behaviour] * 170
        ],
    ),
    "2,000 costs": lambda review: replace(review, cost=[replace(c, name="$" * 200) for c in review.cost] * 500),
    "100 tables of 1,000 rows": lambda review: replace(
        review, tables=[Table(title=LONG, header=[LONG] * 30, rows=[["$" * 200] * 30] * 1_000)] * 100
    ),
    "1,000 stages": lambda review: replace(review, lineage=lineage() * 250),
    "1,000 next steps": lambda review: replace(review, next_steps=["$" * 2_000] * 1_000),
    "long names all over": lambda review: replace(
        review,
        reason="$" * 5_000,
        author="@" * 5_000,
        judge="#" * 5_000,
        base="`" * 5_000,
        head="|" * 5_000,
        isolation={"@" * 300 + str(n): "$" * 300 for n in range(500)},
    ),
}


@pytest.mark.parametrize("limit", [60_000, 10_000])
@pytest.mark.parametrize("name", first_quick(["all of it", *MANY]))
def test_it_stays_short_whatever_the_review_holds(name: str, limit: int) -> None:
    review = failed_review()
    for grow in MANY.values() if name == "all of it" else [MANY[name]]:
        review = grow(review)
    markdown = format_markdown(review, limit=limit)
    page = check_whole(markdown, limit)
    shown = headings(page)
    assert shown[0] == "Primary metric"
    assert "Checks to look at" in shown
    assert "report.json" in page.text
    if name not in ("10,000 failed checks", "all of it"):
        assert "floor: recall" in page.text
    else:
        assert "check 0" in page.text


def test_many_files_are_folded_and_counted() -> None:
    files = [CarriedFile(path=f"data/{n}.csv", change="added", what="a stage reads it") for n in range(600)]
    text = text_of(replace(failed_review(), files=files))
    assert "600 files beside the records" in text
    assert "and 550 more" in text


def test_what_is_not_shown_is_counted() -> None:
    review = failed_review()
    many = replace(review, checks=[any_check(name=f"c{n}", verdict="fail", message="m") for n in range(530)])
    text = text_of(many)
    assert "c49" in text
    assert "c50" not in text
    assert "… and 480 more, see report.json (480 failed)." in text
    subjects = [Subject(model=f"model-{n}", version="1.0.0") for n in range(500)]
    assert "and 495 more, see report.json" in text_of(replace(review, subjects=subjects))


def test_what_matters_least_is_left_out_first_and_named() -> None:
    review = failed_review()
    for grow in MANY.values():
        review = grow(review)
    text = text_of(review)
    assert "Left out to keep this short: isolation" in text
    assert "report.json has it all." in text
    short = text_of(failed_review())
    assert "Left out" not in short
    assert "… and" not in short


def test_a_limit_that_no_report_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 10,000 characters, not 9,999"):
        format_markdown(sample_review(), limit=9_999)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "not a number"),
        (float("inf"), "infinite"),
        (float("-inf"), "minus infinite"),
        (10**400, "beyond any measure"),
        (1e308, "1e+308"),
        (5e-324, "4.941e-324"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_numbers_that_are_none_are_said_in_words(value: float, words: str) -> None:
    metric = replace(metrics()[0], candidate=Interval(value=value, low=value, high=value))
    text = text_of(replace(sample_review(), evaluations=[replace(evaluation(), metrics=[metric])]))
    assert words in text
