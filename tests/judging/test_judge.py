"""Each kind of change on a real registry with the real command: its kind, its verdict, and what the report tells."""

from __future__ import annotations

import shutil

import pytest
from tests.judging.judged_fixture import propose, rewritten, set_params
from tests.scaffold.registry import Scratch
from tests.scaffold.review import Review


def test_a_better_model_passes(judged: Scratch) -> None:
    found = judged.review(head="better")
    assert (found.code, found.kind) == (0, "propose")
    assert found.report["verdict"] == "pass"
    assert [(file["path"], file["what"]) for file in found.report["files"]] == [
        ("dvc.lock", "it is the pipeline"),
        ("params.yaml", "it is the pipeline"),
    ]
    assert "  with dvc.lock, params.yaml\n" in found.text
    assert "| `params.yaml` | changed | it is the pipeline |" in found.markdown
    evaluation = found.report["evaluations"][0]
    assert (evaluation["candidate"], evaluation["champion"]) == ("loans@1.1.0", "loans@1.0.0")
    primary = evaluation["metrics"][0]
    assert (primary["name"], primary["difference"]["standing"]) == ("accuracy", "better")
    assert {entry["name"] for entry in evaluation["slices"]} == {"young", "region-b"}
    assert {entry["name"] for entry in found.report["behaviour"]} == {"rich-pay", "income-helps", "refuses-nonsense"}
    assert all(entry["verdict"] == "pass" for entry in found.report["behaviour"])
    assert {entry["name"] for entry in evaluation["cross_checks"]} == {"McNemar, exact", "DeLong"}
    assert "loans 1.1.0" in found.markdown or "loans@1.1.0" in found.markdown
    assert "```mermaid" in found.markdown


@pytest.mark.slow
def test_a_worse_model_fails(judged: Scratch) -> None:
    found = judged.review(head="worse")
    assert (found.code, found.kind) == (1, "propose")
    assert found.verdict("champion") == {"fail"}
    assert found.verdict("floor: accuracy") == {"fail"}
    assert found.verdict("claims") == {"pass"}


@pytest.mark.slow
def test_the_same_model_again_is_no_worse(judged: Scratch) -> None:
    """With another number for the same artifact: nothing is better, and nothing is lost."""
    judged.branch("again", "better")
    for channel in ("staging", "production"):
        assert judged.mintmark("promote", "loans@1.1.0", channel, "--here").code == 0
    judged.branch("base-now", "again")
    judged.branch("proposal", "again")
    propose(judged, "--version", "1.2.0", C=1.001)
    found = judged.review(base="base-now")
    assert found.code == 0
    assert found.report["evaluations"][0]["metrics"][0]["difference"]["standing"] == "no worse"


@pytest.mark.slow
def test_a_verdict_needs_neither_the_head_nor_the_work_tree(judged: Scratch) -> None:
    """On main, with a proposal on another branch and rubbish in the work tree."""
    judged.write("models/loans/model.yaml", "rubbish")
    judged.write("params.yaml", "rubbish")
    before = judged.git("status", "--porcelain")
    assert judged.review(head="better").code == 0
    assert judged.git("status", "--porcelain") == before


@pytest.mark.slow
def test_a_proposal_may_enter_the_first_channel(judged: Scratch) -> None:
    judged.branch("eager")
    propose(judged, "--promote", C=1.0)
    found = judged.review()
    assert (found.code, found.kind) == (0, "propose")
    assert found.report["subjects"][0]["channel"] == "staging"


def _merge(judged: Scratch, branch: str) -> None:
    judged.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)


@pytest.mark.slow
def test_a_promotion_is_the_same_comparison(judged: Scratch) -> None:
    _merge(judged, "better")
    judged.branch("up", "main")
    assert judged.mintmark("promote", "loans@1.1.0", "staging", "--here").code == 0
    found = judged.review()
    assert (found.code, found.kind) == (0, "promote")
    assert found.report["subjects"] == [
        {"model": "loans", "version": "1.1.0", "incumbent": "1.0.0", "channel": "staging"}
    ]
    assert found.report["evaluations"][0]["metrics"][0]["difference"]["standing"] == "better"


@pytest.mark.slow
def test_a_promotion_of_a_worse_version_fails(judged: Scratch) -> None:
    _merge(judged, "worse")
    judged.branch("up", "main")
    assert judged.mintmark("promote", "loans@1.1.0", "staging", "--here").code == 0
    found = judged.review()
    assert (found.code, found.kind) == (1, "promote")
    assert found.verdict("champion") == {"fail"}


@pytest.mark.slow
def test_a_promotion_that_skips_staging_breaks_r4(judged: Scratch) -> None:
    _merge(judged, "better")
    judged.branch("up", "main")
    judged.edit("models/loans/channels/production.yaml", "1.0.0", "1.1.0")
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (1, "promote")
    assert "R4" in found.text


def test_the_comparison_of_a_promotion_is_made_when_it_matters(judged: Scratch) -> None:
    """The version in the channel changed since the branch was made; the one that is there now counts."""
    judged.branch("up-late", "main")
    _merge(judged, "better")
    judged.branch("late", "HEAD")
    judged.branch("trunk", "main")
    _merge(judged, "better")
    assert judged.mintmark("promote", "loans@1.1.0", "staging", "--here").code == 0
    judged.git("switch", "--quiet", "late")
    judged.write("models/loans/channels/staging.yaml", "version: 1.1.0\n")
    found = judged.review(base="trunk", head="late")
    assert found.kind in ("nothing", "propose")


def _in_production(judged: Scratch) -> None:
    _merge(judged, "better")
    for channel in ("staging", "production"):
        assert judged.mintmark("promote", "loans@1.1.0", channel, "--here").code == 0
    judged.branch("main", "HEAD")


def test_a_rollback_is_green_in_seconds(judged: Scratch) -> None:
    _in_production(judged)
    judged.branch("back")
    assert judged.mintmark("rollback", "loans", "--here").code == 0
    found = judged.review("--author", "stranger")
    assert (found.code, found.kind) == (0, "rollback")
    assert (found.report["evaluations"], found.report["behaviour"], found.report["cost"]) == (
        [],
        [],
        [],
    )  # no model ran
    assert found.verdict("owner") == {"warn"}
    assert found.verdict("bytes") == {"pass"}


def test_git_revert_of_a_promotion_is_a_rollback(judged: Scratch) -> None:
    _in_production(judged)
    judged.branch("back")
    judged.git("revert", "--no-edit", "HEAD")
    found = judged.review()
    assert (found.code, found.kind) == (0, "rollback")


def test_a_rollback_to_lost_bytes_fails(judged: Scratch) -> None:
    _in_production(judged)
    with rewritten(judged.path("models/loans/versions/1.0.0/version.yaml")) as record:
        md5 = record["artifact"]["md5"]
    judged.git("rm", "-q", f".dvc/store/files/md5/{md5[:2]}/{md5[2:]}")
    judged.git("checkout", "-q", "HEAD", "--", "models")
    judged.commit("lose the bytes")
    judged.branch("main", "HEAD")
    judged.branch("back")
    judged.write("models/loans/channels/production.yaml", "version: 1.0.0\n")
    judged.commit()
    for folder in (".dvc/cache", "../mintmark-cache"):
        shutil.rmtree(judged.path(folder), ignore_errors=True)
    found = judged.review()
    assert (found.code, found.kind) == (1, "rollback")


def test_git_revert_of_a_proposal_withdraws(judged: Scratch) -> None:
    _merge(judged, "better")
    judged.branch("main", "HEAD")
    judged.branch("away")
    judged.git("revert", "--no-edit", "-m", "1", "HEAD")
    found = judged.review()
    assert (found.code, found.kind) == (0, "withdraw")


@pytest.mark.slow
def test_git_revert_of_a_proposal_that_also_promoted(judged: Scratch) -> None:
    propose(judged, "--promote", C=1.0)
    judged.branch("main", "HEAD")
    judged.branch("away")
    judged.git("revert", "--no-edit", "HEAD")
    found = judged.review()
    assert (found.code, found.kind) == (0, "withdraw")
    assert found.verdict("history") == {"pass"}


def test_a_yank_tells_who_is_on_the_version(judged: Scratch) -> None:
    _in_production(judged)
    judged.branch("yank")
    assert judged.mintmark("yank", "loans@1.0.0", "--reason", "leaked", "--replacement", "1.1.0", "--here").code == 0
    found = judged.review()
    assert (found.code, found.kind) == (0, "yank")
    assert any(table["title"] == "Channels of loans" for table in found.report["tables"])


def test_a_yank_of_what_is_in_production_fails(judged: Scratch) -> None:
    judged.branch("yank")
    judged.write("models/loans/status/1.0.0.yaml", "schema: 1\nreason: leaked\n")
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (1, "yank")


def test_taking_a_yank_back_is_for_a_person(judged: Scratch) -> None:
    _in_production(judged)
    assert judged.mintmark("yank", "loans@1.0.0", "--reason", "leaked", "--here").code == 0
    judged.branch("main", "HEAD")
    judged.branch("unyank")
    judged.git("revert", "--no-edit", "HEAD")
    found = judged.review()
    assert (found.code, found.kind) == (42, "yank")


@pytest.mark.parametrize(
    ("old", "new", "code", "effect"),
    [
        ("margin: 0.02", "margin: 0.05", 42, "loosened"),
        ("margin: 0.02", "margin: 0.01", 0, "tightened"),
        ("accuracy: 0.7", "accuracy: 0.6", 42, "loosened"),
        ("size: 1 MB", "size: 2 MB", 42, "loosened"),
        ("share: 0.95", "share: 0.5", 42, "loosened"),
        ("Tells who pays back.", "Tells who pays.", 0, None),
    ],
)
def test_a_loosened_gate_is_for_a_person(judged: Scratch, old: str, new: str, code: int, effect: str | None) -> None:
    judged.branch("describe")
    judged.edit("models/loans/model.yaml", old, new)
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (code, "describe")
    if effect:
        table = next(table for table in found.report["tables"] if table["title"] == "Gates")
        assert [row[-1] for row in table["rows"]] == [effect]


def test_trusted_types_are_for_a_person(judged: Scratch) -> None:
    judged.branch("code")
    judged.edit("models/registry.yaml", "name: judged", "name: judged\ntrusted_types: [xgboost.sklearn.XGBClassifier]")
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (42, "code")


def test_code_alone_passes(judged: Scratch) -> None:
    judged.branch("code")
    judged.write("README.md", "# Loans\n")
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (0, "code")


@pytest.mark.slow
def test_code_that_moves_the_evaluation_rows_is_for_a_person(judged: Scratch) -> None:
    """Later proposals would be judged on the rows that dvc.lock names."""
    judged.branch("code")
    set_params(judged, every=3)
    judged.repro()
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (42, "code")
    assert found.verdict("evaluation data") == {"decide"}


def test_nothing_passes(judged: Scratch) -> None:
    found = judged.review(head="main")
    assert (found.code, found.kind) == (0, "nothing")


@pytest.mark.slow
def test_other_evaluation_rows_are_for_a_person_and_both_are_reported(judged: Scratch) -> None:
    judged.branch("rows")
    propose(judged, C=1.0, every=3)
    found = judged.review()
    assert found.code == 42
    assert found.verdict("evaluation data") == {"decide"}
    base, own = found.report["evaluations"]
    assert (base["source"], base["rows"]) == ("base", 600)
    assert (own["source"], own["rows"]) == ("proposal", 200)
    assert base["champion"] == own["champion"] == "loans@1.0.0"


@pytest.mark.slow
def test_a_first_version_is_held_against_a_dummy(judged: Scratch) -> None:
    first = judged.git("rev-list", "--max-parents=0", "main")
    judged.branch("base-now", first)
    judged.branch("first", first)
    propose(judged, C=1.0)
    found = judged.review(base="base-now")
    assert found.code == 42  # its evaluation rows are its own, and every later version will be measured on them
    assert found.report["evaluations"][0]["champion"].startswith("dummy baseline")
    assert found.verdict("champion") == {"pass"}


def _review_under(judged: Scratch, old: str, new: str) -> Review:
    """Review a good proposal where the base's model.yaml says something else."""
    judged.edit("models/loans/model.yaml", old, new)
    judged.commit()
    judged.branch("main", "HEAD")
    judged.branch("proposal")
    propose(judged, C=1.0)
    return judged.review()


@pytest.mark.slow
def test_a_too_good_improvement_is_for_a_person(judged: Scratch) -> None:
    found = _review_under(judged, "leak_cap: 0.2", "leak_cap: 0.05")
    assert found.code == 42
    assert found.verdict("leak cap") == {"decide"}


@pytest.mark.long
def test_an_expensive_model_fails_its_cost_gate(judged: Scratch) -> None:
    found = _review_under(judged, "size: 1 MB", "size: 1 kB")
    assert found.code == 1
    assert found.verdict("cost: size") == {"fail"}


@pytest.mark.slow
def test_a_failed_behaviour_test_shows_its_rows(judged: Scratch) -> None:
    found = _review_under(judged, "expect: increase", "expect: decrease")
    assert found.code == 1
    result = next(entry for entry in found.report["behaviour"] if entry["name"] == "income-helps")
    assert result["verdict"] == "fail"
    assert result["failures"]


@pytest.mark.slow
def test_a_missing_slice_fails(judged: Scratch) -> None:
    found = _review_under(judged, "equals: b", "equals: nowhere")
    assert found.code == 1
    assert found.verdict("slice: region-b") == {"fail"}


@pytest.mark.long
def test_the_uses_of_the_rows_are_counted_and_warned_of(judged: Scratch) -> None:
    for number in range(2, 12):
        folder = judged.path(f"models/loans/versions/1.{number}.0")
        shutil.copytree(judged.path("models/loans/versions/1.0.0"), folder)
        with rewritten(folder / "version.yaml") as record:
            record["version"] = f"1.{number}.0"
        judged.git("add", "-f", str(folder))
    judged.commit("Ten versions that were measured on the same rows")
    judged.branch("proposal")
    propose(judged, "--version", "1.12.0", C=0.9)
    found = judged.review()
    assert found.report["uses"][0]["proposals"] == 12
    assert found.report["uses"][0]["verdict"] == "warn"
    assert "fresh rows" in found.report["uses"][0]["message"]


@pytest.mark.long
def test_the_same_change_gives_the_same_report(judged: Scratch) -> None:
    one, two = (judged.review(head="better").report for _ in range(2))
    for report in (one, two):
        report["cost"] = [entry["name"] for entry in report["cost"]]
        report["checks"] = [c for c in report["checks"] if not c["name"].startswith("cost")]
    assert one == two
