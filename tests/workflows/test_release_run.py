"""release.yml from end to end, run by act against the fake GitHub: from a merge to the branch `deploy`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.forge.fake_forge import TOKEN, FakeForge, FakeRepository
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import MAKEFILE, REPOSITORY, WORKFLOWS, WorkflowRun, run_workflow

PUSH: dict[str, Any] = {"ref": "refs/heads/main", "repository": {"default_branch": "main"}}


@pytest.fixture
def hosted(scratch: Scratch, fake_forge: FakeForge) -> Iterator[FakeRepository]:
    """The scratch registry on the fake GitHub, with the workflows of this repository."""
    for path in WORKFLOWS.glob("*.yml"):
        scratch.write(f".github/workflows/{path.name}", path.read_text())
    scratch.write("Makefile", MAKEFILE)
    scratch.commit("Let GitHub run the registry")
    made = fake_forge.create(REPOSITORY, source=scratch.root)
    scratch.git("remote", "add", "origin", made.address)
    yield made
    shutil.rmtree(fake_forge.repositories.pop(REPOSITORY).path)


@pytest.fixture
def push(hosted: FakeRepository, tmp_path: Path, fake_forge: FakeForge):
    """Run release.yml as GitHub does for a push to the base branch."""

    def run(jobs: str = "") -> WorkflowRun:
        commit = hosted.commit("main")
        assert commit is not None
        return run_workflow(
            tmp_path,
            hosted.path,
            "release.yml",
            "push",
            PUSH,
            commit=commit,
            server=fake_forge.address,
            environment={"GITHUB_API_URL": fake_forge.address},
            token=TOKEN,
            jobs=jobs,
        )

    return run


def environments(run: WorkflowRun) -> dict[str, str]:
    """The environment in which each channel was to be deployed, as the first job handed them on."""
    (text,) = {one["arg"] for one in run.commands("set-output") if one["name"] == "deliveries"}  # drafted, published
    return {one["channel"]: one["environment"] for one in json.loads(text)}


def refs(hosted: FakeRepository) -> str:
    return hosted.git("for-each-ref")


def move_back(hosted: FakeRepository, scratch: Scratch) -> None:
    """Merge a rollback of production to 1.0.0, which held it before."""
    scratch.dated = False  # an incident is told for a week
    scratch.set_channel("iris", "production", "1.0.0")
    scratch.commit("Roll iris back")
    scratch.git("push", "--quiet", hosted.address, "HEAD:main")


@pytest.mark.slow
def test_a_merge_is_tagged_and_deployed(hosted, push):
    run = push(jobs="deploy")
    assert set(run.jobs.values()) == {"success"}, run.text
    assert {"iris@v1.0.0", "iris@v1.1.0", "iris@v1.2.0"} <= set(hosted.git("tag", "--list").splitlines())
    assert {one["tag_name"] for one in hosted.releases.values() if not one["draft"]} == {
        "iris@v1.0.0", "iris@v1.1.0", "iris@v1.2.0", "wine@v1.0.0",
    }  # fmt: skip
    attested = (run.artifacts / "attested/checksums.txt").read_text()
    assert "  iris-1.2.0/model.skops\n" in attested
    assert "  iris-1.2.0/metrics.json\n" in attested
    assert environments(run) == {
        f"{model}@{channel}": f"{model}/{channel}"
        for model, channel in (("iris", "production"), ("iris", "staging"), ("wine", "staging"))
    }
    assert "iris/production/" in hosted.git("ls-tree", "-r", "--name-only", "deploy")
    assert {one[-1]["state"] for one in hosted.statuses.values()} == {"success"}
    assert TOKEN not in run.text


@pytest.mark.long
def test_the_site_follows_and_a_second_run_repeats_nothing(hosted, push):
    run = push()
    assert {"pages/build", "pages/publish"} <= set(run.jobs), run.text
    before, made = refs(hosted), len(hosted.deployments)
    again = push()
    assert set(again.jobs.values()) == {"success"}, again.text
    assert not [name for name in again.jobs if name.startswith("deploy")]
    assert (refs(hosted), len(hosted.deployments)) == (before, made)


@pytest.mark.slow
def test_a_rollback_waits_in_no_environment_of_reviewers_and_opens_an_incident(hosted, push, scratch):
    assert set(push().jobs.values()) == {"success"}
    assert not hosted.issues
    move_back(hosted, scratch)
    run = push()
    assert environments(run) == {"iris@production": "iris/production/rollback"}
    assert set(run.jobs.values()) == {"success"}, run.text
    assert hosted.git("log", "-1", "--format=%s", "deploy").startswith("roll")
    (issue,) = hosted.issues.values()
    assert "iris" in issue["title"]


@pytest.mark.long
def test_a_deploy_job_that_ends_before_mintmark_runs_leaves_no_deployment_open(hosted, push, scratch):
    """As reviewers who refuse do."""
    scratch.write("Makefile", MAKEFILE + '\t@test "$$GITHUB_JOB" != deploy\n')
    scratch.commit("Let no deploy job begin")
    scratch.git("push", "--quiet", hosted.address, "HEAD:main")
    run = push(jobs="settle")
    assert {result for job, result in run.jobs.items() if job.startswith("deploy")} == {"failure"}, run.text
    assert run.jobs["settle"] == "success", run.text
    assert {one[-1]["state"] for one in hosted.statuses.values()} == {"failure"}
