"""Hostile texts through every workflow that acts on GitHub, under act: in what is merged, in the event and in the API.

tests/workflows/test_pull_request.py has those that go through pr.yml.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.commands.monitoring.two_versions import answering, days_ago, decision
from tests.core.test_request import body
from tests.publishing.sample_review import failed_review
from tests.scaffold.forge.fake_forge import BOT, TOKEN, FakeRepository
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import MAKEFILE, WORKFLOWS, WorkflowRun, run_workflow
from tests.serving.log.logged import journal
from tests.workflows.hostile_texts import BRANCH, FILE, HOSTILE, MEGABYTE, assert_harmless, assert_text
from tests.workflows.test_rules import NAMES, jobs, read

from mintmark.publishing.review.json_report import format_json

Start = Callable[..., WorkflowRun]
REASON = (HOSTILE * 20)[:4000]  # as long as a reason may be


@pytest.fixture
def hostile(
    scratch: Scratch, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch
) -> Hosted:
    """A registry in which whatever people write is hostile, merged by a pull request that is."""
    for path in WORKFLOWS.glob("*.yml"):
        scratch.write(f".github/workflows/{path.name}", path.read_text())
    scratch.write("Makefile", MAKEFILE)
    scratch.commit("Let GitHub run the registry")
    hosted = host(scratch, make_repository, monkeypatch)
    scratch.dated = False  # an incident is told for a week
    monkeypatch.setenv("GIT_AUTHOR_NAME", HOSTILE.replace("\n", " ").replace("<", "(").replace(">", ")"))
    scratch.git("switch", "--quiet", "-c", BRANCH)
    scratch.add_model("iris", purpose=HOSTILE, title=HOSTILE.replace("\n", " ")[:100])
    scratch.commit(HOSTILE)
    scratch.add_version(
        "iris",
        "1.3.0",
        parent="1.2.0",
        summary=HOSTILE * 40,
        author="$(touch pwned) ::error::forged ${{ github.token }} @everyone <ada@example.org>",
    )
    scratch.commit(HOSTILE)
    scratch.yank("iris", "1.2.0", reason=HOSTILE, replacement="1.1.0")
    scratch.set_channel("iris", "staging", "1.1.0")
    scratch.set_channel("iris", "production", "1.0.0")
    scratch.commit(HOSTILE)
    scratch.write(f"notes/{FILE}", HOSTILE)
    scratch.git("add", "-A")
    scratch.git("commit", "--quiet", "--file", "-", data=MEGABYTE.encode())
    scratch.git("push", "--quiet", "origin", BRANCH)
    number = hosted.forge.open_pull_request(BRANCH, title=HOSTILE, body=MEGABYTE, author="mallory")
    hosted.forge.review(number, HOSTILE)
    hosted.forge.check(hosted.forge.pull_head(number), "gate")
    scratch.git("switch", "--quiet", "main")
    scratch.git("merge", "--quiet", "--no-ff", "-m", HOSTILE, BRANCH)
    scratch.git("push", "--quiet", "origin", "main")
    hosted.forge.issues[number]["state"] = "closed"
    merged = {"merged": scratch.head, "merged_at": hosted.forge.now()}
    hosted.forge.issues[number]["pull_request"].update(merged)
    return hosted


@pytest.fixture
def start(hostile: Hosted, tmp_path: Path) -> Start:
    """Run a workflow of the base branch and see that nothing hostile had an effect."""

    def run(workflow: str, event: str, payload: dict[str, Any], *, job: str = "", **variables: str) -> WorkflowRun:
        forge = hostile.forge
        before = forge.git("for-each-ref", "refs/heads/main")
        about = {"id": 7, "default_branch": "main", "full_name": forge.name, "description": HOSTILE}
        done = run_workflow(
            tmp_path, forge.path, workflow, event, {"repository": about, **payload}, commit=forge.commit("main") or "",
            server=forge.forge.address, token=TOKEN, jobs=job, variables=variables,
            environment={"GITHUB_REPOSITORY": forge.name, "GITHUB_API_URL": forge.forge.address},
        )  # fmt: skip
        assert_harmless(tmp_path, done)
        assert forge.git("for-each-ref", "refs/heads/main") == before
        for issue in (one for one in forge.issues.values() if one["author"] == BOT):
            assert_text(issue["body"])
            assert "\n" not in issue["title"]
        for said in forge.comments.values():
            assert_text(said["body"])
        return done

    return run


def test_every_workflow_that_acts_on_github_is_tried() -> None:
    """Whatever holds a token that writes, or shows what people wrote."""
    here = Path(__file__).read_text() + Path(__file__).with_name("test_pull_request.py").read_text()
    called = {job["uses"].rpartition("/")[2] for name in NAMES for job in jobs(name).values() if "uses" in job}
    of_the_tool = {name for name in NAMES if name.startswith(("ci", "long"))}
    assert [name for name in NAMES if name not in called | of_the_tool and f'"{name}"' not in here] == []
    assert all("write" not in job["permissions"].values() for name in of_the_tool for job in jobs(name).values())


def dispatched(hosted: Hosted, **inputs: str) -> dict[str, Any]:
    return {"inputs": inputs, "sender": hosted.forge.user("bob")}


@pytest.mark.slow
def test_buttons_take_hostile_answers_as_text(hostile: Hosted, start: Start) -> None:
    """A name that is none is refused, by the button and by training again."""
    before = len(hostile.pulls())
    run = start(
        "rollback.yml",
        "workflow_dispatch",
        dispatched(hostile, **dict.fromkeys(read("rollback.yml")["on"]["workflow_dispatch"]["inputs"], HOSTILE)),
    )
    assert run.jobs == {"rollback": "failure"}, run.text
    run = start("retrain.yml", "workflow_dispatch", dispatched(hostile, model=HOSTILE))
    assert run.jobs == {"retrain": "failure"}, run.text
    assert_text(run.summary)
    assert len(hostile.pulls()) == before


@pytest.mark.slow
def test_requests_take_hostile_answers_as_text(hostile: Hosted, start: Start) -> None:
    before = len(hostile.pulls())
    answers = {"model": "iris", "channel": "staging", "version": "1.0.0", "reason": REASON}
    event = json.loads(hostile.issue_event(body("rollback", **answers)).read_text())
    event["issue"]["title"] = HOSTILE
    run = start("request.yml", "issues", event)
    assert run.jobs == {"request": "success"}, run.text
    assert len(hostile.pulls()) == before + 1
    everything = dict.fromkeys(read("request.yml")["on"]["workflow_dispatch"]["inputs"], HOSTILE)
    run = start("request.yml", "workflow_dispatch", dispatched(hostile, **everything))
    assert run.jobs == {"request": "failure"}, run.text
    assert len(hostile.pulls()) == before + 1


@pytest.mark.slow
def test_watching_takes_a_hostile_log_as_text(hostile: Hosted, start: Start, tmp_path: Path) -> None:
    """Anybody who may ask a server, or write to the bucket, may have written the log."""
    log = tmp_path / "log"
    with answering(hostile.clone.root, "iris@1.0.0") as served:
        written = journal(log)
        rows = pd.DataFrame({"width": [1.0] * 120, "length": [2.0] * 120})
        for day in (days_ago(2), days_ago(1)):
            written.record(decision(served, HOSTILE, rows, day))
            assert written.flush()
            name = f"{day:%Y%m%d}T000000-{'0' * 12}-{0:08}-00.parquet"
            for place in (f"{FILE}/1.0.0", f"iris/{FILE}", "iris/1.0.0"):
                folder = log / place / f"{day:%Y-%m-%d}"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(HOSTILE)
    run = start("monitor.yml", "schedule", {"schedule": HOSTILE}, MINTMARK_LOG=str(log))
    published = {"pages/build": "success", "pages/publish": "success"}
    assert run.jobs == {"monitor": "failure", **published}, run.text
    titles = {issue["title"] for issue in hostile.issues("mintmark-monitor")}
    of_the_log = f"the prediction log {log}: files cannot be read"
    assert titles == {"iris@1.0.0 in production: files of the log cannot be read", of_the_log}, run.text


@pytest.mark.slow
def test_a_comment_takes_a_hostile_report_as_text(hostile: Hosted, start: Start) -> None:
    """The report keeps to its schema, and every text in it is hostile; beside it lies another, of a megabyte."""
    forge = hostile.forge
    fork = forge.fork("mallory")
    hostile.clone.git("push", "--quiet", fork.address, f"HEAD:refs/heads/{BRANCH}")
    number = forge.open_pull_request(BRANCH, source=fork, author="mallory", title=HOSTILE, body=MEGABYTE)
    report = json.loads(format_json(failed_review()))
    report["reason"], report["checks"][0]["message"] = HOSTILE, MEGABYTE
    files = {"report.json": json.dumps(report).encode(), "report.md": MEGABYTE.encode()}
    forge.upload_artifact(900, "review-0", files)
    ended = {
        "id": 900, "run_attempt": 1, "event": "pull_request", "conclusion": "failure", "head_branch": BRANCH,
        "head_sha": forge.pull_head(number), "head_repository": {"full_name": fork.name}, "repository": {"id": 7},
        "display_title": HOSTILE, "head_commit": {"message": MEGABYTE}, "pull_requests": [], "name": HOSTILE,
        "html_url": f"{forge.address}/actions/runs/900",
    }  # fmt: skip
    run = start("pr-comment.yml", "workflow_run", {"action": "completed", "workflow_run": ended})
    assert run.jobs == {"comment": "success"}, run.text
    (said,) = hostile.said_on(number)
    assert len(said) < 65_536
    assert "forged" in said


@pytest.mark.long
def test_a_release_takes_hostile_records_as_text(hostile: Hosted, start: Start) -> None:
    """Tags, releases, bundles, deployments and incidents of what was merged, and the alarms about it."""
    forge = hostile.forge
    push = {"ref": "refs/heads/main", "head_commit": {"message": MEGABYTE}, "pusher": {"name": HOSTILE}}
    run = start("release.yml", "push", push)
    assert set(run.jobs.values()) == {"success"}, run.text
    assert "iris@v1.3.0" in forge.git("tag", "--list").splitlines()
    assert {one["title"] for one in hostile.issues("mintmark-incident")} == {
        "production of iris went back from 1.1.0 to 1.0.0",
        "staging of iris went back from 1.2.0 to 1.1.0",
    }
    for made in forge.releases.values():
        assert_text(made["body"])
    assert_harmless(run.artifacts, run)
    hostile.clone.write(f"models/{FILE}/model.yaml", f"name: {json.dumps(HOSTILE)}\n")
    hostile.clone.write(f"models/iris/versions/{FILE}/version.yaml", "x")
    hostile.clone.commit("x")
    hostile.clone.git("push", "--quiet", "origin", "HEAD:main")
    run = start("verify.yml", "schedule", {"schedule": HOSTILE})
    assert run.jobs == {"verify": "failure"}, run.text
