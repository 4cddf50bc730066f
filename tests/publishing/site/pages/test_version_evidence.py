"""The evidence on the page of a version: the verdict of its review, metrics, slices, tests and curves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.publishing.sample_review import sample_review
from tests.publishing.site.pages.version_pages import content, page
from tests.publishing.site.samples.sample_versions import (
    HOSTILE,
    Page,
    assert_safe,
    metrics,
    review,
    summaries,
    version,
)

# -- the verdict of its review ---------------------------------------------------------------------------------------


def test_the_verdict_of_the_review_comes_first_with_its_difference() -> None:
    made = page(version(review=review()))
    text = made.text("verdict")
    assert f"Pass {sample_review().reason}" in text
    assert "Paired difference +0.0133 [-0.0012, +0.0321], margin 0.01. A paired test says: no worse" in text
    assert "Request #12, approved by ada and grace · its check ended with success" in text
    assert "as the tag iris@v1.1.0 says: whoever may push tags may write that" in text
    assert {"https://github.com/acme/models/pull/12", "https://github.com/acme/models/actions/runs/77/job/5"} <= set(
        made.links()
    )
    drawn = content(version(review=review())).split('class="mm-chart mm-difference"')[1].split("</svg>")[0]
    assert all(word in drawn for word in ("no difference", "margin -0.01", "this version minus breast-cancer@1.0.0"))
    assert "mm-better" not in content(version(review=review()))


def test_behaviour_tests_show_how_they_came_out() -> None:
    told = review()
    told["report"]["behaviour"] = [
        {"name": "longer-is-surer", "verdict": "fail", "message": "It fell.", "share": 0.5},
        {"name": "gone", "verdict": "pass", "message": "Fine.", "share": None},
    ]
    text = page(version(review=told)).text("behaviour")
    assert "longer-is-surer direction ✗ failed 50% It fell." in text
    assert "broken malformed not kept" in text
    assert "gone no longer declared ✓ held Fine." in text


def told_as(standing: str, **bounds: float | None) -> dict[str, Any]:
    """A review whose paired test is said to have come out so."""
    told = review()
    told["report"]["verdict"] = "pass"
    told["report"]["comparison"]["difference"] |= {"standing": standing, **bounds}
    return told


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "No review kept: no tag tells of this version."),
        (
            review(fault="it is a lightweight tag, which has no message", report=None, outcome=None, approvers=[]),
            "No review kept: the tag iris@v1.1.0 is not believed, as it is a lightweight tag",
        ),
        (review(report=None), "No review kept: the tag iris@v1.1.0 names the change and holds no report."),
        (review(outcome="failure"), "The tag does not agree with itself: the check ended with failure"),
        (told_as("worse"), 'The tag does not agree with itself: it says "worse", which does not follow from'),
        (told_as("worse", low=-0.5, high=-0.3, bound=-0.4), "its report says pass, and its paired test says worse"),
        (told_as("better", low=-0.5, high=-0.3, bound=-0.4), 'it says "better", which does not follow from'),
        (told_as("no worse", low=None, high=None, bound=None), 'it says "no worse", which does not follow from'),
    ],
)
def test_what_a_tag_does_not_tell_is_said(told: dict[str, Any] | None, said: str) -> None:
    assert said in page(version(review=told)).text("verdict")


def test_what_a_tag_says_is_only_text() -> None:
    told = review(approvers=[HOSTILE], outcome=HOSTILE, run="https://evil.example/" + HOSTILE)
    for part in told["report"]["checks"] + told["report"]["behaviour"]:
        part |= {"name": HOSTILE, "message": HOSTILE}
    told["report"] |= {"reason": HOSTILE, "judge": HOSTILE}
    told["report"]["comparison"] |= {"against": HOSTILE, "metric": HOSTILE}
    made = content(version(review=told))
    assert_safe(made)
    assert "https://evil.example" not in [link for link in Page(made).links() if link.startswith("https")]


# -- evidence --------------------------------------------------------------------------------------------------------


def test_metrics_stand_beside_the_champion_without_a_verdict() -> None:
    document = version(metrics=metrics(roc_auc=0.96, log_loss=0.3))
    text = page(document, champion=version("1.0.0", metrics=metrics(roc_auc=0.95, log_loss=0.2))).text("metrics")
    assert "roc_auc primary 0.96 [0.94, 0.98] more 0.95 [0.93, 0.97] +0.01 not tested" in text
    assert "log_loss 0.3 [0.28, 0.32] less 0.2 [0.18, 0.22] +0.1 not tested" in text
    assert text.index("roc_auc") < text.index("log_loss")
    assert "measured on the same evaluation rows" in text
    assert not {"mm-better", "mm-worse"} & set(content(document, champion=version("1.0.0")).split('"'))


def test_other_evaluation_rows_are_pointed_out() -> None:
    data = [{"role": "evaluation", "path": "data/evaluation.parquet", "hash": "sha256:" + "0" * 64, "rows": 400}]
    text = page(champion=version("1.0.0", data=data, metrics=metrics(roc_auc=0.5))).text("metrics")
    assert "measured on other evaluation rows" in text
    assert "0.5 [0.48, 0.52] – measured on other rows" in text, "both values, and no difference"


def test_the_champion_is_not_compared_with_itself() -> None:
    made = page(version(), champion=version())
    assert "This version is the champion." in made.text("metrics")
    assert "Difference" not in made.text("metrics")
    assert "There is no champion" in page(version()).text("metrics")


def test_a_floor_of_an_error_is_an_upper_limit_and_bounds_count() -> None:
    text = page(version(metrics=metrics(roc_auc=0.91, log_loss=0.22, reach=0.02))).text("gates")
    assert "floor: roc_auc ✗ not met" in text  # the value reaches 0.9, its lower bound does not
    assert "floor: log_loss ✓ met" in text
    high = page(version(metrics=metrics(log_loss=0.24, reach=0.02))).text("gates")
    assert "floor: log_loss ✗ not met" in high
    assert "floor: roc_auc ✓ met" in high
    assert "cost: size ✓ met" in text
    assert "Judged in review: margin, roc_auc at most 0.01 worse" in text


def test_slices_show_their_rows_and_which_are_few() -> None:
    text = page().text("slices")
    assert "all rows 400" in text
    assert "small petal is below 2 Short petals. 20 few 0.95 [0.93, 0.97] 0.2 [0.18, 0.22]" in " ".join(text.split())


def test_what_has_no_value_says_why() -> None:
    document = version()
    document["metrics"]["slices"]["small"]["metrics"] = {}
    document["metrics"]["undefined"] = {"brier": HOSTILE, "slices.small.roc_auc": "every row has the class 'no'"}
    made = content(document)
    assert_safe(made)
    assert "not defined: every row has the class 'no'" in page(document).text("slices")
    assert "brier not defined: " in " ".join(page(document).text("metrics").split())


def test_what_was_not_measured_is_said() -> None:
    document = version()
    document["metrics"] = None
    made = page(document)
    assert "Its metrics.json cannot be read." in made.text("metrics")
    assert "Its metrics.json cannot be read." in made.text("slices")
    assert "was not measured" in made.text("importance")


def test_importances_are_bars_on_one_scale() -> None:
    made = content()
    assert "sepal0.2 ± 0.02" in re.sub(r"<[^>]*>|\n", "", made)
    bars = [tuple(map(float, found)) for found in re.findall(r'<rect x="([\d.]+)" y="2" width="([\d.]+)"', made)]
    (sepal, petal) = bars
    assert sepal[1] == pytest.approx(20 * petal[1], rel=0.02)  # 0.2 and -0.01
    assert petal[0] + petal[1] == pytest.approx(sepal[0], abs=0.1)  # one grows to the left of 0, one to the right
    assert max(map(float, re.findall(r"6H([\d.]+)", made))) == 200


def test_importance_of_one_shuffle_has_no_deviation() -> None:
    document = version()
    document["metrics"] = {**document["metrics"], "importance": {"sepal": {"mean": 0.2}, "petal": {"mean": -0.01}}}
    text = page(document).text("importance")
    assert "sepal 0.2" in text
    assert "±" not in text
    assert "deviation" not in text


def test_behaviour_tests_are_told_in_sentences_with_the_review() -> None:
    made = page()
    text = made.text("behaviour")
    assert "longer-is-surer direction Petals grow." in text
    assert (
        "petal plus 1: the probability of setosa does not fall in at least 99% of the rows, and rises in some" in text
    )
    assert "NaN: an error" in text
    assert "How they came out is not kept: the review was in #41." in text
    assert "https://github.com/acme/models/pull/41" in made.links()


def test_curves_are_shown_or_why_there_are_none() -> None:
    drawn = content(curves=[("ROC <curve>", "<svg id='roc'><path d='M0 0'/></svg>")])
    assert "<svg id='roc'>" in drawn
    assert "ROC &lt;curve&gt;" in drawn
    assert "Predictions are in another store." in page(no_curves="Predictions are in another store.").text("curves")


def test_classes_and_trials_are_told_where_the_files_are_here() -> None:
    made = page(version(**summaries()))
    assert "93 of 100 rows are answered right, 93%" in made.text("classes")
    assert "setosa 50 0.9057 0.96 0.932" in made.text("classes")
    assert "setosa 48 2" in made.text("classes")
    assert "1 1 0.92 ± 0.01 C 1.0" in made.text("tuning")
    without = page()
    assert "not kept" in without.text("tuning")
    assert "#classes" not in without.links()
