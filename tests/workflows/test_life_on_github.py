"""The life of a version on GitHub, from its proposal to its rollback: every workflow, one after another, under act."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.core.test_request import body
from tests.scaffold.forge.fake_forge import TOKEN, FakeRepository, Refusal
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import WorkflowRun, run_workflow


class GitHub:
    """Starts the workflows that GitHub would, and hands on what each leaves."""

    def __init__(self, hosted: Hosted, folder: Path) -> None:
        self.hosted, self.forge, self.folder, self.runs = hosted, hosted.forge, folder, 900
        self.forge.required_checks = {"gate"}

    def start(self, workflow: str, event: str, payload: dict[str, Any], commit: str = "main") -> WorkflowRun:
        about = {"id": 7, "default_branch": "main", "full_name": self.forge.name}
        return run_workflow(
            self.folder, self.forge.path, workflow, event, {"repository": about, **payload},
            commit=self.forge.commit(commit) or "", server=self.forge.forge.address, token=TOKEN,
            environment={"GITHUB_REPOSITORY": self.forge.name, "GITHUB_API_URL": self.forge.forge.address},
        )  # fmt: skip

    def check(self, number: int, author: str = "ada") -> str:
        """Run pr.yml on the merge that would be made, and pr-comment.yml after it; return how the gate ended."""
        head, base = self.forge.pull_head(number), self.forge.commit("main") or ""
        tree = self.forge.merge_tree(number) or ""
        merge = self.forge.git("commit-tree", tree, "-p", base, "-p", head, "-m", "Merge")
        self.forge.git("update-ref", f"refs/pull/{number}/merge", merge)
        request = {
            "number": number, "title": "Request", "body": "", "user": {"login": author},
            "base": {"ref": "main", "sha": base}, "head": {"ref": "x", "sha": head},
        }  # fmt: skip
        run = self.start("pr.yml", "pull_request", {"action": "opened", "pull_request": request}, merge)
        conclusion = run.jobs["gate"]
        self.forge.check(head, "gate", conclusion)
        self.runs += 1
        for left in run.artifacts.iterdir():
            self.forge.upload_artifact(self.runs, left.name, {one.name: one.read_bytes() for one in left.iterdir()})
        ended = {
            "id": self.runs, "run_attempt": 1, "event": "pull_request", "conclusion": conclusion, "head_sha": head,
            "head_branch": "x", "head_repository": {"full_name": self.forge.name}, "repository": {"id": 7},
            "pull_requests": [], "html_url": f"{self.forge.address}/actions/runs/{self.runs}",
        }  # fmt: skip
        said = self.start("pr-comment.yml", "workflow_run", {"action": "completed", "workflow_run": ended})
        assert said.jobs == {"comment": "success"}, said.text
        return conclusion

    def merge(self, number: int) -> str:
        """Merge as a person does, and run what follows."""
        made = self.forge.merge(number)
        run = self.start("release.yml", "push", {"ref": "refs/heads/main"})
        assert {name: end for name, end in run.jobs.items() if not name.startswith("pages")} == {
            name: "success" for name in run.jobs if not name.startswith("pages")
        }, run.text
        return made

    def ask(self, verb: Any, **answers: str) -> int:
        """Fill in a form; return the number of the pull request that it became."""
        event = json.loads(self.hosted.issue_event(body(verb, **answers)).read_text())
        run = self.start("request.yml", "issues", event)
        assert run.jobs == {"request": "success"}, run.text
        return max(number for number, one in self.forge.issues.items() if "pull_request" in one)

    def deployed(self, channel: str) -> str:
        """What the branch `deploy` holds of a channel, byte for byte."""
        return self.forge.git("ls-tree", "-r", "deploy", f"loans/{channel}/")


@pytest.mark.long
def test_from_a_proposal_to_its_rollback(
    judged: Scratch, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    began = datetime.now(UTC)  # an incident is opened for a move of the last days
    monkeypatch.setattr(
        FakeRepository, "now", lambda self: f"{began + timedelta(seconds=self._count):%Y-%m-%dT%H:%M:%SZ}"
    )
    hosted = host(judged, make_repository, monkeypatch)
    github, forge = GitHub(hosted, tmp_path), hosted.forge

    # A red check blocks.
    worse = forge.open_pull_request("worse", author="ada")
    assert github.check(worse) == "failure"
    with pytest.raises(Refusal, match="gate"):
        forge.merge(worse)
    assert "failed" in hosted.said_on(worse)[0]

    # A green one is merged, tagged and released.
    better = forge.open_pull_request("better", author="ada")
    assert github.check(better) == "success"
    assert "1.1.0" in hosted.said_on(better)[0]
    github.merge(better)
    assert {"loans@v1.0.0", "loans@v1.1.0"} <= set(forge.git("tag", "--list").splitlines())
    first = github.deployed("production")
    assert first

    # Two forms promote it, through staging.
    staging = github.ask("promote", model="loans", version="1.1.0", channel="staging")
    forge.check(forge.pull_head(staging), "gate")
    forge.merge(staging)
    production = github.ask("promote", model="loans", version="1.1.0", channel="production")
    assert github.check(production, "github-actions[bot]") == "success"
    promoted = github.merge(production)
    second = github.deployed("production")
    assert second != first

    # `git revert` is the rollback: the same bytes as before, and an incident.
    judged.git("fetch", "--quiet", "origin")
    judged.git("switch", "--quiet", "-C", "undo", "origin/main")
    judged.git("revert", "--no-edit", "-m", "1", promoted)
    judged.git("push", "--quiet", "origin", "undo")
    undo = forge.open_pull_request("undo", author="ada")
    assert github.check(undo) == "success"
    github.merge(undo)
    assert github.deployed("production") == first
    (incident,) = hosted.issues("mintmark-incident")
    assert incident["title"] == "production of loans went back from 1.1.0 to 1.0.0"
    assert f"#{undo}" in incident["body"]
