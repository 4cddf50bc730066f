"""What hides from a diff, or changes what later proposals are judged by; judged in this process, for it is quick."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from tests.judging.judged_fixture import MODEL, rewritten, set_params
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch

from mintmark.core.judgement.review import Review
from mintmark.judging.agreement import check_agreement
from mintmark.judging.fetched import fetch_version
from mintmark.judging.judge import review_change
from mintmark.judging.span import Span
from mintmark.judging.trials.cases import recorded_costs

PRODUCTION = "models/loans/channels/production.yaml"
OTHER_ROWS = "0" * 32


def _review(judged: Scratch, *, base: str = "main", head: str = "HEAD", author: str = "ada") -> Review:
    return review_change(Span(judged.root, base, head), author=author)


def _verdicts(found: Review, name: str) -> set[str]:
    return {check.verdict for check in found.checks if check.name == name}


def _pin_other_rows(judged: Scratch, model: str = "loans") -> None:
    lock = yaml.safe_load(judged.read("dvc.lock"))
    for out in lock["stages"][f"fit@{model}"]["outs"]:
        if out["path"].endswith("evaluation.parquet"):
            out["md5"] = OTHER_ROWS
    judged.write("dvc.lock", yaml.safe_dump(lock, sort_keys=False))


def _describe_churn(judged: Scratch) -> None:
    lock = yaml.safe_load(judged.read("dvc.lock"))
    stage = json.dumps(lock["stages"]["fit@loans"]).replace("loans/candidate", "churn/candidate")
    lock["stages"]["fit@churn"] = json.loads(stage)
    judged.write("dvc.lock", yaml.safe_dump(lock, sort_keys=False))
    judged.write("models/churn/model.yaml", MODEL.replace("name: loans", "name: churn"))


def test_two_histories_that_cross_one_another(judged: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge would loosen the gate, and the diff against one of the two common ancestors is empty."""
    judged.branch("early")
    judged.write("README.md", "early\n")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2035-01-01T00:00:00Z")  # so that Git names it first
    judged.commit()
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    judged.branch("main", "main")
    judged.edit("models/loans/model.yaml", "accuracy: 0.7", "accuracy: 0.9")
    tightened = judged.commit()
    judged.git("merge", "--quiet", "--no-ff", "-m", "Merge early", "early")
    judged.branch("attack", "early")
    judged.git("merge", "--quiet", "--no-ff", "--no-commit", tightened)
    judged.edit("models/loans/model.yaml", "accuracy: 0.9", "accuracy: 0.7")
    judged.commit("Merge main")
    assert judged.git("diff", judged.git("merge-base", "main", "attack"), "attack") == ""
    found = _review(judged)
    assert (found.kind, found.exit_code) == ("describe", 42)
    judged.git("merge", "--quiet", "--no-ff", "-m", "Merge main again", "main")
    found = _review(judged)
    assert (found.kind, found.exit_code) == ("describe", 42)


def test_a_merge_that_conflicts_is_a_finding(judged: Scratch) -> None:
    judged.branch("trunk")
    judged.edit("models/loans/model.yaml", "accuracy: 0.7", "accuracy: 0.8")
    judged.commit()
    judged.branch("attack")
    judged.edit("models/loans/model.yaml", "accuracy: 0.7", "accuracy: 0.6")
    judged.commit()
    found = _review(judged, base="trunk")
    assert found.exit_code == 1
    assert [(check.name, check.path) for check in found.checks] == [("merge", "models/loans/model.yaml")]
    assert "git merge" in found.next_steps[0]


def test_nothing_but_objects_is_written(judged: Scratch) -> None:
    judged.branch("trunk")
    judged.write("README.md", "moved on\n")
    judged.commit()
    judged.branch("attack", "better")
    before = judged.snapshot()
    span = Span(judged.root, "trunk", "attack")
    assert span.merged not in (span.base, span.head)
    assert span.after.tree.read("README.md") == b"moved on\n"
    assert Span(judged.root, "trunk", "attack").merged == span.merged
    assert judged.snapshot() == before


def _move(judged: Scratch, version: str) -> None:
    for channel in ("staging", "production"):
        judged.write(f"models/loans/channels/{channel}.yaml", f"version: {version}\n")
    judged.commit(f"to {version}")


def test_a_move_that_a_later_commit_takes_back(judged: Scratch) -> None:
    """After a rebase it would be in the history of the base, and prove a rollback to what was never judged."""
    judged.branch("main", "worse")
    judged.branch("attack")
    _move(judged, "1.1.0")
    _move(judged, "1.0.0")
    found = _review(judged, author="mallory")
    assert found.exit_code == 1
    assert _verdicts(found, "history") == {"fail"}
    assert "points production of loans to 1.1.0" in "".join(check.message for check in found.checks)


def test_a_move_on_a_branch_within_the_change(judged: Scratch) -> None:
    judged.branch("main", "worse")
    judged.branch("side")
    _move(judged, "1.1.0")
    judged.git("checkout", "--quiet", "main", "--", "models/loans/channels")
    judged.commit("and back to the letter, so that Git would simplify this branch away")
    judged.branch("attack")
    judged.write("README.md", "hello\n")
    judged.commit()
    judged.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
    assert _verdicts(_review(judged), "history") == {"fail"}


def test_moves_of_the_base_are_no_detour(judged: Scratch) -> None:
    """The base moved on and was merged into the head."""
    judged.branch("head")
    judged.write("README.md", "hello\n")
    judged.commit()
    judged.branch("main", "better")
    _move(judged, "1.1.0")
    judged.branch("head", "head")
    judged.git("merge", "--quiet", "--no-ff", "-m", "Merge main", "main")
    found = _review(judged)
    assert (found.kind, found.exit_code) == ("code", 0)
    assert _verdicts(found, "history") == {"warn"}  # pushed as it is, it would take the base's line away
    _move(judged, "1.0.0")
    _move(judged, "1.1.0")
    assert "fail" in _verdicts(_review(judged), "history")  # rebased, it would take 1.1.0 off production


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_a_link_in_place_of_a_model(judged: Scratch, mode: str) -> None:
    oid = judged.git("hash-object", "-w", "dvc.yaml") if mode == "120000" else judged.git("rev-parse", "HEAD")
    judged.branch("attack")
    judged.git("update-index", "--add", "--cacheinfo", f"{mode},{oid},models/churn")
    judged.git("commit", "--quiet", "-m", "link")
    found = _review(judged)
    assert found.exit_code == 1
    assert _verdicts(found, "rules R8") == {"fail"}


def test_a_withdrawal_that_moves_the_evaluation_rows(judged: Scratch) -> None:
    judged.branch("main", "better")
    judged.branch("attack")
    judged.git("rm", "-rq", "models/loans/versions/1.1.0")
    _pin_other_rows(judged)
    judged.commit()
    found = _review(judged)
    assert (found.kind, found.exit_code) == ("withdraw", 42)
    assert _verdicts(found, "evaluation data") == {"decide"}


@pytest.mark.slow
def test_a_proposal_that_moves_the_evaluation_rows_of_another_model(judged: Scratch) -> None:
    judged.branch("trunk")
    _describe_churn(judged)
    judged.commit()
    judged.branch("attack", "trunk")
    pointers = judged.git("grep", "-h", "md5: ", "better", "--", "models/loans/versions/1.1.0/*.dvc")
    named = [f".dvc/store/files/md5/{md5[:2]}/{md5[2:]}" for md5 in re.findall(r"md5: '?([0-9a-f]{32})", pointers)]
    judged.git("checkout", "--quiet", "better", "--", "models/loans/versions/1.1.0", *named)
    _pin_other_rows(judged, "churn")
    judged.commit()
    found = _review(judged, base="trunk")
    assert found.kind == "propose"
    messages = [check.message for check in found.checks if check.verdict == "decide"]
    assert any(message.startswith("churn: other evaluation rows") for message in messages)


def test_rows_that_dvc_lock_names_for_the_first_time(judged: Scratch) -> None:
    """Of a model that has no version yet, and of one whose dvc.lock was lost: nobody has looked at them."""
    judged.branch("attack")
    _describe_churn(judged)
    judged.commit()
    assert _review(judged).exit_code == 42
    judged.branch("trunk", "main")
    judged.git("rm", "-q", "dvc.lock")
    judged.commit()
    judged.branch("attack", "trunk")
    judged.git("checkout", "--quiet", "better", "--", "dvc.lock")
    _pin_other_rows(judged)
    judged.commit()
    assert _review(judged, base="trunk").exit_code == 42


def test_a_broken_base_can_be_mended(judged: Scratch) -> None:
    """By a person: who owns the model and which rows count cannot be read."""
    judged.branch("broken")
    judged.write("models/loans/model.yaml", "name: [")
    judged.write("dvc.lock", "stages: [")
    judged.commit()
    for path, kind in (("models/loans/model.yaml", "describe"), ("dvc.lock", "code")):
        judged.branch("mend", "broken")
        judged.git("checkout", "--quiet", "main", "--", path)
        judged.commit()
        found = _review(judged, base="broken")
        assert (found.kind, found.exit_code) == (kind, 42)


def test_a_replacement_that_is_yanked_as_well(judged: Scratch) -> None:
    judged.branch("main", "better")
    _move(judged, "1.1.0")
    _move(judged, "1.0.0")
    judged.git("rm", "-rq", "models/loans/channels")
    judged.commit()
    judged.branch("attack")
    for version, other in (("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")):
        status = f"schema: 1\nstate: yanked\nreason: leaked\nreplacement: {other}\n"
        judged.write(f"models/loans/status/{version}.yaml", status)
    judged.commit()
    found = _review(judged)
    assert (found.kind, found.exit_code) == ("yank", 1)
    assert _verdicts(found, "replacement") == {"fail"}


def _disagreements(judged: Scratch) -> list[str]:
    span = Span(judged.root, "main", "HEAD")
    record = span.after.record("loans", "1.1.0")
    return [finding.message for finding in check_agreement(span.after, record)]


@pytest.mark.parametrize(
    ("old", "new"),
    first_quick(
        [
            ("      cmd:", "      frozen: true\n      cmd:"),
            ("deps: [scripts/fit.py, data/loans.csv]", "deps: [data/loans.csv]"),
        ]
    ),
)
def test_a_script_that_dvc_is_told_not_to_look_at(judged: Scratch, old: str, new: str) -> None:
    judged.branch("attack", "better")
    judged.edit("dvc.yaml", old, new)
    judged.commit()
    before = _disagreements(judged)  # frozen it may be, while the files are those of dvc.lock
    assert all("scripts/fit.py is a dep that dvc.yaml does not declare" in message for message in before)
    judged.edit("scripts/fit.py", "import sys", "import sys, os")
    judged.commit()
    assert any("scripts/fit.py is modified" in message for message in _disagreements(judged))


@pytest.mark.slow
def test_parameters_that_dvc_is_told_not_to_look_at(judged: Scratch) -> None:
    judged.branch("attack", "better")
    judged.edit("dvc.yaml", "        - models.${key}\n", "")
    set_params(judged, C=77)
    judged.commit()
    assert any("params.yaml: models.loans is modified" in message for message in _disagreements(judged))


def test_an_output_that_dvc_lock_has_twice(judged: Scratch) -> None:
    """The first of them would be the evaluation rows that later proposals are judged on."""
    judged.branch("attack", "better")
    lock, path = yaml.safe_load(judged.read("dvc.lock")), "models/loans/candidate/evaluation.parquet"
    stage = {"cmd": "true", "outs": [{"path": path, "hash": "md5", "md5": OTHER_ROWS, "size": 1}]}
    judged.write("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": {"a": stage, **lock["stages"]}}))
    judged.write("dvc.yaml", judged.read("dvc.yaml") + f"  a:\n    cmd: 'true'\n    outs: [{path}]\n")
    with rewritten(judged.path("models/loans/versions/1.1.0/version.yaml")) as record:
        record["stages"]["a"] = {"cmd": "true", "outs": {path: f"md5:{OTHER_ROWS}"}}
    judged.commit()
    assert any(f"{path} is there twice" in message for message in _disagreements(judged))


def test_a_champion_whose_recorded_cost_no_float_can_hold(judged: Scratch) -> None:
    judged.branch("trunk", "better")
    metrics = json.loads(judged.read("models/loans/versions/1.1.0/metrics.json"))
    metrics["cost"] = {"load_seconds": 10**400}
    judged.write("models/loans/versions/1.1.0/metrics.json", json.dumps(metrics))
    judged.commit()
    span = Span(judged.root, "trunk", "HEAD")
    champion = fetch_version(span.store(span.before), span.before.record("loans", "1.1.0"))
    assert recorded_costs(span, champion) == {"size": champion.record.artifact.size}


@pytest.mark.slow
def test_a_pipeline_that_is_a_bomb(judged: Scratch) -> None:
    """DVC reads aliases: a few lines of them would take it a minute and gigabytes."""
    judged.branch("attack", "better")
    lines = ["b0: &b0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 10)}]" for n in range(1, 9)]
    judged.write("dvc.yaml", judged.read("dvc.yaml") + "\n".join(lines) + "\n")
    judged.commit()
    found = judged.review()
    assert found.code == 1
    assert "anchors are not allowed" in found.messages()


def test_a_version_that_a_later_commit_rewrites(judged: Scratch) -> None:
    """Rebased onto the base, its first form would be the released one."""
    judged.branch("again", "better")
    with rewritten(judged.path("models/loans/versions/1.1.0/version.yaml")) as record:
        record["summary"] = "In other words."
    judged.commit("Say it better")
    found = _review(judged)
    assert found.exit_code == 1
    assert _verdicts(found, "history") == {"fail"}
    assert "squash" in "".join(check.message for check in found.checks)
