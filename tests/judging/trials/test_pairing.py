"""`compare` holds the paired test of a review; only its result is called better or worse."""

from __future__ import annotations

import json

import pytest
from tests.judging.judged_fixture import nearly, propose, set_params
from tests.scaffold.registry import Scratch


def compared(judged: Scratch, *references: str) -> tuple[list[list[str]], str]:
    """The rows of the table of metrics, and all of the text."""
    done = judged.mintmark("compare", *references)
    assert done.code == 0, done.text
    table = done.text.split("\n\n")[0].splitlines()
    return [line.split("  ") for line in table[1:]], done.text


@pytest.mark.slow
def test_compare_says_what_the_review_says(judged: Scratch) -> None:
    judged.git("switch", "--quiet", "better")
    rows, text = compared(judged, "loans@1.0.0", "loans@1.1.0")
    found = judged.review(head="better")
    review = {metric["name"]: metric["difference"] for metric in found.report["evaluations"][0]["metrics"]}
    document = json.loads(judged.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "--json").text)
    assert document["basis"] == "same rows"
    assert document["rows"]["judged"] == 600
    assert {metric["name"]: metric["test"] for metric in document["metrics"]} == nearly(review)
    assert review["accuracy"]["standing"] == "better"
    assert next(row for row in rows if row[0] == "accuracy")[-1].strip() == "better"
    assert "None of the 600 rows was in the training of loans@1.1.0 or loans@1.0.0." in text
    assert "Paired bootstrap on 600 rows; the primary metric has a margin of 0.02." in text


@pytest.mark.slow
def test_the_candidate_is_tested_too_and_clean_rows_are_counted(judged: Scratch) -> None:
    set_params(judged, C=1.0, seen=800)
    judged.repro()
    _, text = compared(judged, "loans@production", "loans@candidate")
    assert "400 of 600 rows were in the training of loans@candidate; judged on the 200 that are left." in text
    listed = judged.mintmark("list", "--candidates").text
    assert "better" not in listed
    assert "not tested" in listed


def test_other_rows_are_never_better(judged: Scratch) -> None:
    judged.branch("fewer")
    propose(judged, C=1.0, every=3)
    rows, text = compared(judged, "loans@1.0.0", "loans@1.1.0")
    assert {row[-1].strip() for row in rows} == {"measured on other rows"}
    assert "better" not in text
    document = json.loads(judged.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "--json").text)
    assert {metric["difference"] for metric in document["metrics"]} == {None}
    assert "They were measured on other rows" in text
    subject, summary = judged.git("log", "-1", "--format=%s%n%b").split("\n", 1)
    assert subject == "propose loans 1.1.0"
    assert "in 1.0.0, measured on other rows" in summary
    assert "difference to" not in summary
    listed = judged.mintmark("list", "--candidates").text
    assert "worse" not in listed
    assert "better" not in listed


def test_what_nobody_knows_has_no_verdict(judged: Scratch) -> None:
    """A version that keeps no digests of its training rows may have seen all of them (R11)."""
    judged.git("switch", "--quiet", "better")
    path = "models/loans/versions/1.0.0/version.yaml"
    text = judged.read(path)
    start = text.index("  training-rows.parquet:")
    end = text.index("\n", text.index("size:", start))
    end = start + min(
        text[start:].index("\n  " + key)
        for key in ("profile.json", "predictions.parquet")
        if ("\n  " + key) in text[start:]
    )
    judged.write(path, text[:start].rstrip(" ") + text[end + 1 :])
    rows, text = compared(judged, "loans@1.0.0", "loans@1.1.0")
    assert {row[-1].strip() for row in rows} == {"no verdict"}
    assert "nobody can tell which of these rows loans@1.0.0 was trained on" in text.lower()
    assert "So nothing is called better or worse (R11)." in text
