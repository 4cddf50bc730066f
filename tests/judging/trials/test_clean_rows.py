"""A version is judged on the rows that neither it nor its champion was trained on (R11)."""

from __future__ import annotations

import pytest
from tests.judging.judged_fixture import propose, rewritten
from tests.scaffold.registry import Scratch
from tests.scaffold.review import Review

RECORD = "models/loans/versions/1.0.0/version.yaml"


def said(found: Review, name: str = "clean rows") -> list[tuple[str, str]]:
    return [(check["verdict"], check["message"]) for check in found.report["checks"] if check["name"] == name]


def test_rows_that_the_candidate_was_trained_on_are_left_out(judged: Scratch) -> None:
    """400 of the 600 rows of the base lie in its training: it is judged on the others alone."""
    judged.branch("greedy")
    propose(judged, C=1.0, seen=800)
    found = judged.review()
    (verdict, own), judged_on = said(found)
    assert (found.code, verdict) == (42, "decide"), "what its metrics.json says stays in the registry"
    assert own.startswith("400 of the 600 rows that loans@1.1.0 was evaluated on were in its own training")
    assert judged_on == (
        "pass",
        "400 of 600 rows were in the training of loans@1.1.0; judged on the 200 that are left",
    )
    evaluation = found.report["evaluations"][0]
    assert evaluation["rows"] == 200
    assert found.verdict("claims") == {"pass"}, "what a record claims is of all its rows"
    assert "400 of 600 rows were in the training" in found.markdown


@pytest.mark.long
def test_a_champion_that_saw_them_is_no_better_off(judged: Scratch) -> None:
    judged.branch("greedy")
    propose(judged, C=1.0, seen=800)
    for channel in ("staging", "production"):
        assert judged.mintmark("promote", "loans@1.1.0", channel, "--here").code == 0
    judged.branch("next", "greedy")
    propose(judged, "--version", "1.2.0", C=0.9)
    found = judged.review(base="greedy")
    assert said(found) == [
        ("pass", "400 of 600 rows were in the training of loans@1.1.0; judged on the 200 that are left")
    ]
    assert found.report["evaluations"][0]["rows"] == 200


@pytest.mark.slow
def test_a_person_decides_where_too_few_are_left(judged: Scratch) -> None:
    judged.branch("greedy")
    propose(judged, C=1.0, seen=1160)
    found = judged.review()
    assert found.code == 42
    assert said(found)[1:] == [
        (
            "decide",
            (
                "580 of 600 rows were in the training of loans@1.1.0; 20 rows are left, too few to judge on; bring rows that "
                "neither has seen"
            ),
        )
    ]
    assert not found.report["evaluations"]
    assert not found.verdict("champion")


@pytest.mark.slow
def test_nothing_is_better_where_nobody_knows_the_training_rows(judged: Scratch) -> None:
    """A champion that was registered before versions kept their training rows."""
    judged.branch("old")
    with rewritten(judged.path(RECORD)) as record:
        del record["files"]["training-rows.parquet"]
    judged.remove("models/loans/versions/1.0.0/training-rows.parquet.dvc")
    judged.commit("As it was registered then")
    judged.branch("new", "old")
    propose(judged, C=1.0)
    found = judged.review(base="old")
    assert found.code == 42
    assert said(found) == [
        (
            "decide",
            "nobody can tell which of these rows loans@1.0.0 was trained on: it keeps no training-rows.parquet",
        )
    ]
    ((verdict, message),) = said(found, "champion")
    assert verdict == "decide"
    assert "decides nothing" in message
    assert {metric["difference"]["standing"] for metric in found.report["evaluations"][0]["metrics"]} == {
        "inconclusive"
    }


@pytest.mark.slow
@pytest.mark.parametrize("what", ["left out", "another count"])
def test_a_candidate_says_which_rows_it_was_trained_on(judged: Scratch, what: str) -> None:
    judged.branch("silent", "better")
    with rewritten(judged.path(RECORD.replace("1.0.0", "1.1.0"))) as record:
        if what == "left out":
            del record["files"]["training-rows.parquet"]
            judged.remove("models/loans/versions/1.1.0/training-rows.parquet.dvc")
        else:
            for source in record["data"]:
                source["rows"] += source["role"] == "training"
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "training" in found.messages()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["hash", pytest.param("stratified", marks=pytest.mark.long)])
def test_rows_that_grown_data_adds_are_told_beside_those_of_the_base(judged: Scratch, method: str) -> None:
    """Under a split that keeps each row on its side, they need no person; they count from the next proposal on."""
    prepare = {"split": {"method": method, "evaluation": 0.5}}
    judged.branch("small", "main")
    propose(judged, C=1.0, every=3, prepare=prepare)
    for channel in ("staging", "production"):
        assert judged.mintmark("promote", "loans@1.1.0", channel, "--here").code == 0
    judged.branch("grown", "small")
    propose(judged, "--version", "1.2.0", C=0.9, prepare=prepare)
    found = judged.review(base="small")
    ((verdict, message),) = said(found, "evaluation data")
    assert [(each["source"], each["rows"]) for each in found.report["evaluations"]] == [
        ("base", 200),
        ("proposal", 600),
    ]
    if method == "hash":
        assert (verdict, message.startswith("the proposal adds rows under the same split")) == ("pass", True)
        assert len(said(found, "champion")) == 1, "the added rows decide nothing yet"
    else:
        assert verdict == "decide"
