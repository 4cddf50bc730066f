"""The workflows that `mintmark init` writes for a registry in a subfolder, run by act."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.commands.writing_fixture import change_slope, make_candidate, release_twice
from tests.scaffold.forge.fake_forge import TOKEN, FakeForge
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import MAKEFILE, REPOSITORY, WorkflowRun, run_workflow
from tests.workflows.test_pull_request import merged

from mintmark.beginning.template import Wanted, render

PREFIX = "ml/registry"


@pytest.fixture
def there(tmp_path: Path) -> Scratch:
    """A registry in a subfolder with two versions, beside files of others."""
    scratch = make_candidate(tmp_path / "there", PREFIX)
    made = render(Wanted(name="Ours", branch="main", tool="", prefix=PREFIX, is_new=False, workflows=True))
    for path, content in made.items():
        if path.startswith("../"):
            scratch.write(path, content)
    scratch.write("mintmark.mk", MAKEFILE)
    scratch.write("../../app/a.py", "1\n")
    scratch.git("add", "--", ":/")
    scratch.git("commit", "--quiet", "-m", "Let GitHub run the registry")
    scratch.propose()
    change_slope(scratch, "2.0", "2.5")
    release_twice(scratch)
    return scratch


@pytest.mark.long
def test_a_pull_request_is_judged_there(there: Scratch, tmp_path: Path) -> None:
    start = there.git("rev-parse", "HEAD")
    there.git("switch", "--quiet", "-c", "back")
    assert there.run("rollback", "tiny", "production", "--here").code == 0
    head = there.git("rev-parse", "HEAD")
    there.git("switch", "--quiet", "main")
    merge = merged(there, "main", "back")
    there.git("update-ref", "refs/pull/7/merge", merge)
    request = {"number": 7, "title": "Back", "body": "", "user": {"login": "ada"},
               "base": {"ref": "main", "sha": start}, "head": {"ref": "back", "sha": head}}  # fmt: skip
    payload = {"action": "opened", "number": 7, "pull_request": request}
    run = run_workflow(tmp_path, there.top, "pr.yml", "pull_request", payload, commit=merge)
    assert run.jobs == dict.fromkeys(("classify", "validate", "review", "gate"), "success"), run.text
    report = json.loads((run.artifacts / "review-0" / "report.json").read_text())
    assert report["verdict"] == "pass", run.text


@pytest.mark.long
def test_what_is_merged_is_released_there_and_rolled_back_by_the_button(
    there: Scratch, tmp_path: Path, fake_forge: FakeForge
) -> None:
    hosted = fake_forge.create(REPOSITORY, source=there.top)
    there.git("remote", "add", "origin", hosted.address)
    about = {"repository": {"id": 7, "default_branch": "main", "full_name": REPOSITORY}}

    def start(workflow: str, event: str, payload: dict[str, Any], jobs: str = "") -> WorkflowRun:
        return run_workflow(
            tmp_path, hosted.path, workflow, event, {**about, **payload}, commit=hosted.commit("main") or "", token=TOKEN,
            server=fake_forge.address, environment={"GITHUB_API_URL": fake_forge.address}, jobs=jobs,
        )  # fmt: skip

    released = start("release.yml", "push", {"ref": "refs/heads/main"}, "deploy")
    assert set(released.jobs.values()) == {"success"}, released.text
    assert {"tiny@v1.0.0", "tiny@v1.1.0"} <= set(hosted.git("tag", "--list").splitlines())
    assert "tiny" in hosted.git("ls-tree", "-r", "--name-only", "deploy")
    inputs = {"model": "tiny", "channel": "production", "version": "", "reason": "why"}
    asked = {"inputs": inputs, "sender": hosted.user("ada")}
    back = start("rollback.yml", "workflow_dispatch", asked)
    assert back.jobs == {"rollback": "success"}, back.text
    (pull,) = (one for one in hosted.issues.values() if "pull_request" in one)
    assert pull["title"] == "rollback tiny 1.0.0 in production"
    shutil.rmtree(fake_forge.repositories.pop(REPOSITORY).path)
