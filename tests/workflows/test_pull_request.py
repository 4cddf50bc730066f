"""pr.yml from end to end, run by act: what is proposed, what each job says of it, and whether the gate is green."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import TOKEN, WorkflowRun, run_workflow

Check = Callable[..., WorkflowRun]


@pytest.fixture
def check(judged: Scratch, tmp_path: Path) -> Check:
    """Run pr.yml for a branch as GitHub does for a pull request: on the merge of it into the base."""

    def run(branch: str, author: str = "ada", base: str = "main", **more: Any) -> WorkflowRun:
        head, start = judged.git("rev-parse", branch), judged.git("rev-parse", base)
        judged.git("switch", "--quiet", "--detach", base)
        judged.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
        merge = judged.git("rev-parse", "HEAD")
        judged.git("update-ref", "refs/pull/7/merge", merge)
        judged.git("switch", "--quiet", "main")
        request = {
            "number": 7, "title": "Propose", "body": "", "user": {"login": author},
            "base": {"ref": base, "sha": start}, "head": {"ref": branch, "sha": head}, **more,
        }  # fmt: skip
        payload = {"action": "opened", "number": 7, "pull_request": request}
        return run_workflow(tmp_path, judged.root, "pr.yml", "pull_request", payload, commit=merge)

    return run


def report_of(run: WorkflowRun, name: str = "review-0") -> dict[str, Any]:
    report: dict[str, Any] = json.loads((run.artifacts / name / "report.json").read_text())
    return report


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


@pytest.mark.slow
def test_a_decision_is_told_and_blocks_nothing(check: Check):
    """Whoever asks owns nothing here."""
    run = check("better", author="mallory")
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text
    assert report_of(run)["verdict"] == "decide"
    assert "? review-0: a person must decide" in run.log("gate")
    assert "a person must decide" in run.summary
