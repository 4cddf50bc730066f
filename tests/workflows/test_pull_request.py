"""pr.yml from end to end, run by act: what is proposed, what each job says of it, and whether the gate is green."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.judging.judged_fixture import propose
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import ROOT, TOKEN, WorkflowRun, run_workflow
from tests.workflows.hostile_texts import BRANCH, FILE, HOSTILE, MEGABYTE, assert_harmless

Check = Callable[..., WorkflowRun]


@pytest.fixture
def check(judged: Scratch, tmp_path: Path) -> Check:
    """Run pr.yml for a branch as GitHub does for a pull request: on the merge of it into the base."""

    def run(branch: str, author: str = "ada", fork: str = "", **more: Any) -> WorkflowRun:
        head, start = judged.git("rev-parse", branch), judged.git("rev-parse", "main")
        merge = merged(judged, "main", branch)
        judged.git("update-ref", "refs/pull/7/merge", merge)
        if fork:  # nothing but that merge leads to what the fork sent
            judged.git("branch", "--quiet", "-D", branch)
        request = {
            "number": 7, "title": "Propose", "body": "", "user": {"login": author},
            "base": {"ref": "main", "sha": start}, "head": {"ref": fork or branch, "sha": head}, **more,
        }  # fmt: skip
        payload = {"action": "opened", "number": 7, "pull_request": request}
        return run_workflow(tmp_path, judged.root, "pr.yml", "pull_request", payload, commit=merge)

    return run


def merged(judged: Scratch, base: str, *heads: str) -> str:
    """The commit that merging these one after the other would make; no branch moves."""
    judged.git("switch", "--quiet", "--detach", base)
    for head in heads:
        judged.git("merge", "--quiet", "--no-ff", "--no-edit", head)
    commit = judged.git("rev-parse", "HEAD")
    judged.git("switch", "--quiet", "main")
    return commit


def report_of(run: WorkflowRun, name: str = "review-0") -> dict[str, Any]:
    report: dict[str, Any] = json.loads((run.artifacts / name / "report.json").read_text())
    return report


@pytest.mark.slow
def test_a_good_proposal_is_green(judged: Scratch, check: Check):
    run = check("better")
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text
    assert report_of(run)["verdict"] == "pass"
    assert "## Gate: pass" in run.summary
    assert "1.1.0" in run.summary  # the report
    assert TOKEN not in run.text
    assert not run.commands("error")


@pytest.mark.slow
def test_a_bad_proposal_is_red(check: Check):
    run = check("worse")
    assert run.jobs == {"classify": "success", "validate": "success", "review": "failure", "gate": "failure"}, run.text
    assert report_of(run)["verdict"] == "fail"
    assert any(one["kvPairs"].get("title") == "champion" for one in run.commands("error"))
    assert "✗ review: failed" in run.log("gate")


@pytest.mark.slow
def test_documents_wait_for_nothing(judged: Scratch, check: Check):
    judged.branch("documents")
    judged.write("docs/index.md", "More words.\n")
    judged.commit("Say more")
    run = check("documents")
    assert run.jobs == {"classify": "success", "gate": "success"}, run.text
    assert "– review: not needed by this change" in run.log("gate")


@pytest.mark.long
def test_a_decision_is_told_and_blocks_nothing(check: Check):
    """Whoever asks owns nothing here."""
    run = check("better", author="mallory")
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text
    assert report_of(run)["verdict"] == "decide"
    assert "? review-0: a person must decide" in run.log("gate")
    assert "a person must decide" in run.summary


@pytest.mark.long
@pytest.mark.parametrize("change", ["rollback", "propose"])
def test_this_repository_from_an_empty_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str):
    """The base's own `make setup` in every job, without a cache: no package, no model and no verdict is here before."""
    here = Scratch(tmp_path / "registry")
    subprocess.run(("git", "clone", "--quiet", str(ROOT), str(here.root)), check=True)
    here.git("switch", "--quiet", "-C", "main")
    base = here.git("rev-parse", "HEAD")
    here.git("switch", "--quiet", "-c", change)
    if change == "propose":
        here.edit("params.yaml", "model__C: [0.1, 1, 10, 100]", "model__C: [0.5, 5]")
        subprocess.run(("dvc", "repro", "--quiet", "evaluate@breast-cancer"), cwd=here.root, check=True)
        done = here.mintmark("propose", "breast-cancer", "-m", "Try another grid", "--here")
    else:
        done = here.mintmark("rollback", "breast-cancer", "staging", "--to", "1.0.0", "--here")
    assert done.code == 0, done.text
    head = here.git("rev-parse", "HEAD")
    merge = merged(here, "main", change)
    here.git("update-ref", "refs/pull/7/merge", merge)
    request = {"number": 7, "user": {"login": "ada"}, "base": {"sha": base}, "head": {"sha": head}}
    run = run_workflow(tmp_path, here.root, "pr.yml", "pull_request", {"pull_request": request}, commit=merge)
    with capsys.disabled():
        print(f"\npr.yml from an empty environment, {change}: {run.seconds:.0f} s")
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text


@pytest.mark.long
def test_a_fork_whose_branch_is_called_main(judged: Scratch, check: Check):
    """Its bytes travel with it in the embedded store; nothing of it is on a branch of the base's repository."""
    run = check("better", author="mallory", fork="main")
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text
    report = report_of(run)
    assert (report["verdict"], report["base"]) == ("decide", judged.git("rev-parse", "main"))
    assert {check["name"] for check in report["checks"] if check["verdict"] == "decide"} == {"owner"}


@pytest.mark.slow
def test_a_job_that_is_skipped_although_it_is_needed(judged: Scratch, check: Check):
    """As where somebody switches a check off, and nobody looks."""
    judged.edit(".github/workflows/pr.yml", "if: needs.classify.outputs.validate == 'true'", "if: false")
    judged.commit("Switch a check off")
    run = check("better")
    assert run.jobs["gate"] == "failure", run.text
    assert "✗ validate: was skipped, although nothing says that the change does not need it" in run.log("gate")


@pytest.mark.slow
def test_a_tool_that_cannot_be_installed(judged: Scratch, check: Check):
    judged.write("Makefile", "setup:\n\t@false\n")
    judged.commit("Break the tool")
    run = check("better")
    assert run.jobs == {"classify": "failure", "gate": "failure"}, run.text
    assert "✗ classify: failed" in run.log("gate")


@pytest.mark.long
def test_a_version_is_made_again_where_model_yaml_says_so(judged: Scratch, check: Check):
    judged.write("models/loans/model.yaml", judged.read("models/loans/model.yaml") + "reproduce: true\n")
    judged.commit("Make versions again")
    run = check("better")
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "reproduce", "gate"), "success"), run.text
    assert report_of(run)["reproduction"] is None
    assert report_of(run, "reproduction-0")["reproduction"]["outcome"] == "identical bytes"
    assert "✓ reproduction-0" in run.log("gate")


def queue(judged: Scratch, folder: Path, base: str, head: str) -> WorkflowRun:
    """Run pr.yml for a group of the merge queue."""
    branch = f"gh-readonly-queue/main/pr-7-{base}"
    judged.git("branch", "--force", branch, head)
    group = {"base_sha": base, "base_ref": "refs/heads/main", "head_sha": head, "head_ref": f"refs/heads/{branch}"}
    payload = {"action": "checks_requested", "merge_group": group}
    return run_workflow(folder, judged.root, "pr.yml", "merge_group", payload, commit=head)


@pytest.mark.long
def test_a_group_of_one(judged: Scratch, tmp_path: Path):
    head = merged(judged, "main", "better")
    run = queue(judged, tmp_path, judged.git("rev-parse", "main"), head)
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text
    assert report_of(run)["head"] == head


@pytest.mark.long
def test_a_group_of_three(judged: Scratch, tmp_path: Path):
    """A proposal, the promotion of another version and a document; each is judged as what it is."""
    for name, path in (("document", "docs/index.md"), ("code", "scripts/more.py")):
        judged.branch(name, "main")
        judged.write(path, "x = 1\n")
        judged.commit("More")
    judged.branch("rollback", "main")
    (judged.root / "models/loans/channels/production.yaml").unlink()
    judged.commit("Take 1.0.0 off")
    judged.git("switch", "--quiet", "main")
    head = merged(judged, "main", "better", "rollback", "code")
    run = queue(judged, tmp_path, judged.git("rev-parse", "main"), head)
    kinds = [report_of(run, f"review-{number}")["kind"] for number in range(3)]
    assert kinds == ["propose", "rollback", "code"], run.text
    assert (run.jobs["review-1"], run.jobs["gate"]) == ("success", "success"), run.text


@pytest.mark.slow
def test_hostile_names_and_texts_have_no_effect(judged: Scratch, check: Check):
    """A branch, a title, a body of 1 MB, a login, files, a model and a summary that would be commands."""
    judged.git("switch", "--quiet", "-c", BRANCH, "better")
    record = "models/loans/versions/1.1.0/version.yaml"
    judged.write(record, re.sub(r"(?m)^summary: .*$", lambda _: f"summary: {json.dumps(HOSTILE)}", judged.read(record)))
    judged.write(f"scripts/{FILE}", "x")
    judged.write(f"models/{FILE}/model.yaml", f"name: {json.dumps(HOSTILE)}\n")
    judged.commit(HOSTILE)
    run = check(BRANCH, author=HOSTILE, title=HOSTILE, body=MEGABYTE, labels=[{"name": HOSTILE}])
    assert run.jobs == {"classify": "success", "validate": "failure", "gate": "failure"}, run.text
    outputs = {event["name"]: event["arg"] for event in run.commands("set-output")}
    assert set(outputs) == {
        "kind",
        "models",
        "base",
        "head",
        "validate",
        "review",
        "reproduce",
        "reviews",
        "reproductions",
    }
    assert (outputs["kind"], outputs["review"]) == ("mixture", "true")
    assert_harmless(judged.root.parent, run)


@pytest.mark.long
def test_a_hostile_summary_reaches_the_reports_as_text(judged: Scratch, check: Check):
    judged.git("switch", "--quiet", "-c", "hostile", "main")
    propose(judged, "-m", HOSTILE.replace("\x1b", "").replace("\x07", ""), C=1.0)  # no record holds these
    run = check("hostile", author=HOSTILE, fork=BRANCH, title=HOSTILE)
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text
    assert report_of(run)["verdict"] == "decide"
    assert "<script>" not in run.summary
    assert_harmless(judged.root.parent, run)
