"""What GitHub does besides checking and releasing, run by act against the fake GitHub: comments, requests, alarms.

act chains no workflows. Here the test is the dispatcher: it hands on what the run before left, as GitHub does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.commands.monitoring.two_versions import days_ago, mixed_up, write_log
from tests.core.test_request import body
from tests.scaffold.forge.fake_forge import TOKEN, FakeRepository
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import MAKEFILE, WORKFLOWS, WorkflowRun, run_workflow
from tests.workflows.test_rules import jobs, read, steps

from mintmark.commands.forge import run_report
from mintmark.commands.forge.alarms import LABEL
from mintmark.core.request import FORMS, VERBS

Make = Callable[..., FakeRepository]
PAGES = """
name: pages
on: workflow_call
permissions: {}
jobs:
  build:
    name: build
    runs-on: ubuntu-24.04
    steps:
      - run: echo "a site"
"""


@pytest.fixture
def iris(scratch: Scratch, make_repository: Make, monkeypatch: pytest.MonkeyPatch) -> Hosted:
    """Two models without a pipeline; 1.1.0 of iris is in production, and 1.0.0 was."""
    for path in WORKFLOWS.glob("*.yml"):
        scratch.write(f".github/workflows/{path.name}", path.read_text())
    scratch.write("Makefile", MAKEFILE)
    scratch.commit("Let GitHub run the registry")
    return host(scratch, make_repository, monkeypatch)


def start(
    hosted: Hosted, folder: Path, workflow: str, event: str, payload: dict[str, Any], *, job: str = "", **variables: str
) -> WorkflowRun:
    """Start a workflow of the base branch."""
    payload = {"repository": {"id": 7, "default_branch": "main", "full_name": hosted.forge.name}, **payload}
    return run_workflow(
        folder, hosted.clone.root, workflow, event, payload, commit=hosted.forge.commit("main") or "", jobs=job,
        server=hosted.forge.forge.address, token=TOKEN, variables=variables,
        environment={"GITHUB_REPOSITORY": hosted.forge.name, "GITHUB_API_URL": hosted.forge.forge.address},
    )  # fmt: skip


def ask(hosted: Hosted, folder: Path, text: str, login: str = "ada") -> WorkflowRun:
    """Open an issue, which starts request.yml."""
    return start(hosted, folder, "request.yml", "issues", json.loads(hosted.issue_event(text, login).read_text()))


def test_a_form_becomes_a_pull_request(iris: Hosted, tmp_path: Path) -> None:
    hostile = "`$(touch evil)` ${{ github.token }}\n::set-output name=a::b\n@acme/all"
    run = ask(iris, tmp_path, body("rollback", model="iris", reason=hostile))
    assert run.jobs == {"request": "success"}, run.text
    (pull,) = iris.pulls()
    assert pull["title"] == "rollback iris 1.0.0 in production"
    assert "The checks have not started" in pull["body"]
    assert TOKEN not in run.text + pull["body"]
    assert not run.commands("set-output")
    (issue,) = [one for one in iris.forge.issues.values() if "pull_request" not in one]
    assert issue["state"] == "closed"


@pytest.mark.slow
def test_a_stranger_gets_an_answer_and_nothing_else(iris: Hosted, tmp_path: Path) -> None:
    run = ask(iris, tmp_path, body("rollback", model="iris", reason="why"), "mallory")
    assert run.jobs == {"request": "failure"}, run.text
    assert iris.pulls() == []
    assert "mallory may not write" in iris.said_on(1)[0]


@pytest.mark.slow
def test_the_button_rolls_back(iris: Hosted, tmp_path: Path) -> None:
    inputs = {"model": "iris", "channel": "production", "version": "1.0.0", "reason": "why"}
    payload = {"inputs": inputs, "sender": iris.forge.user("bob")}
    run = start(iris, tmp_path, "rollback.yml", "workflow_dispatch", payload)
    assert run.jobs == {"rollback": "success"}, run.text
    assert "@bob asks for this." in iris.pulls()[0]["body"]


@pytest.mark.slow
def test_a_nightly_run_finds_a_damaged_object_and_closes_its_issue(iris: Hosted, tmp_path: Path) -> None:
    stored = iris.clone.object_of("iris", "1.1.0", "profile.json")
    content = stored.read_bytes()
    stored.write_bytes(content[:-1] + b"?")
    iris.clone.commit("Damage")
    iris.clone.git("push", "--quiet", "origin", "main")
    run = start(iris, tmp_path, "verify.yml", "schedule", {"schedule": "17 3 * * *"})
    assert run.jobs == {"verify": "failure"}, run.text
    titles = {one["title"] for one in iris.issues(LABEL)}
    assert "iris@1.1.0 is not as recorded" in titles
    stored.write_bytes(content)
    iris.clone.commit("Mend")
    iris.clone.git("push", "--quiet", "origin", "main")
    start(iris, tmp_path, "verify.yml", "schedule", {"schedule": "17 3 * * *"})
    assert titles - {one["title"] for one in iris.issues(LABEL)} == {"iris@1.1.0 is not as recorded"}


@pytest.mark.slow
def test_a_revert_that_lands_opens_one_incident(iris: Hosted, tmp_path: Path) -> None:
    """The commits of the scratch registry are of January; this one is of now."""
    iris.clone.dated = False
    iris.clone.set_channel("iris", "production", "1.0.0")
    before, after = iris.clone.head, iris.clone.commit("Revert")
    iris.clone.git("push", "--quiet", "origin", "main")
    for _ in range(2):
        run = start(iris, tmp_path, "release.yml", "push", {"before": before, "after": after}, job="incident")
        assert run.jobs == {"incident": "success"}, run.text
    (issue,) = iris.issues("mintmark-incident")
    assert issue["title"] == "production of iris went back from 1.1.0 to 1.0.0"


@pytest.mark.slow
def test_a_report_travels_from_a_forks_checks_to_its_comment(
    judged: Scratch, make_repository: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pr.yml, then pr-comment.yml: what the first leaves is all that the second gets, besides GitHub's own word."""
    hosted = host(judged, make_repository, monkeypatch)
    fork = hosted.forge.fork("mallory")
    fork.git("update-ref", "refs/heads/main", judged.git("rev-parse", "better"))
    number = hosted.forge.open_pull_request("main", source=fork, author="mallory")
    head = hosted.forge.pull_head(number)
    judged.git("switch", "--quiet", "--detach", "main")
    judged.git("merge", "--quiet", "--no-ff", "--no-edit", "better")
    merge = judged.git("rev-parse", "HEAD")
    judged.git("push", "--quiet", "origin", f"{merge}:refs/pull/{number}/merge")
    judged.git("switch", "--quiet", "main")
    request = {
        "number": number, "title": "Propose", "body": "", "user": {"login": "mallory"},
        "base": {"ref": "main", "sha": judged.head}, "head": {"ref": "main", "sha": head},
    }  # fmt: skip
    checks = run_workflow(
        tmp_path, judged.root, "pr.yml", "pull_request", {"action": "opened", "number": number, "pull_request": request},
        commit=merge, server=hosted.forge.forge.address, token=TOKEN,
        environment={"GITHUB_REPOSITORY": hosted.forge.name, "GITHUB_API_URL": hosted.forge.forge.address},
    )  # fmt: skip
    assert checks.jobs["gate"] == "success", checks.text
    for left in checks.artifacts.iterdir():
        hosted.forge.upload_artifact(900, left.name, {path.name: path.read_bytes() for path in left.iterdir()})
    ended = {
        "id": 900, "run_attempt": 1, "event": "pull_request", "conclusion": "success", "head_sha": head,
        "head_branch": "main", "head_repository": {"full_name": fork.name}, "repository": {"id": 7},
        "pull_requests": [], "html_url": f"{hosted.forge.address}/actions/runs/900",
    }  # fmt: skip
    run = start(hosted, tmp_path, "pr-comment.yml", "workflow_run", {"action": "completed", "workflow_run": ended})
    assert run.jobs == {"comment": "success"}, run.text
    (said,) = hosted.said_on(number)
    assert f"of {head} passed" in said
    assert "1.1.0" in said
    assert TOKEN not in run.text


@pytest.mark.slow
def test_training_again_says_what_did_not_change(
    judged: Scratch, make_repository: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hosted = host(judged, make_repository, monkeypatch)
    run = start(hosted, tmp_path, "retrain.yml", "workflow_dispatch", {"inputs": {"model": ""}})
    assert run.jobs == {"retrain": "success"}, run.text
    assert "loans: nothing changed: the model" in run.log()
    assert "nothing changed" in run.summary
    assert hosted.pulls() == []


@pytest.mark.slow
def test_a_schedule_watches_what_is_served(
    two_versions: Scratch, make_repository: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two days with a broken column, without labels: the estimate tells, and the version before is not told apart."""
    two_versions.write(".github/workflows/monitor.yml", (WORKFLOWS / "monitor.yml").read_text())
    two_versions.write(".github/workflows/pages.yml", PAGES)
    two_versions.write("Makefile", MAKEFILE)
    two_versions.commit("Let GitHub watch")
    hosted = host(two_versions, make_repository, monkeypatch)
    log = write_log(two_versions.root, tmp_path / "log", days_ago(2), [mixed_up, mixed_up])
    for site in ({"pages/build": "success"}, {}):
        run = start(hosted, tmp_path, "monitor.yml", "schedule", {"schedule": "29 5 * * *"}, MINTMARK_LOG=str(log))
        assert run.jobs == {"monitor": "failure", **site}, run.text
        assert hosted.issues("mintmark-monitor"), run.text
        (issue,) = hosted.issues("mintmark-monitor")
        assert issue["title"] == "breast-cancer@1.1.0 in production: it is worse, as estimated"
        alarms = [each["arg"] for each in run.commands("set-output") if each["name"] == "alarms"]
        assert json.loads(alarms[-1])[0]["kind"] == "estimate"
        assert "accuracy is" in run.summary
    assert hosted.forge.commit("monitoring") is not None


# What act does not show.

OURS = ("monitor.yml", "pr-comment.yml", "request.yml", "rollback.yml", "retrain.yml", "verify.yml")


@pytest.mark.parametrize("name", OURS)
def test_only_the_base_branch_is_checked_out(name: str) -> None:
    refs = {step["with"]["ref"] for _, step in steps(name) if step.get("uses", "").startswith("actions/checkout@")}
    assert refs == {"${{ github.event.repository.default_branch }}"}


def test_a_comment_follows_the_checks_of_a_pull_request_alone() -> None:
    """The trigger goes by the name of the other workflow, and the artifacts by the names that it gives them."""
    assert read("pr-comment.yml")["on"] == {
        "workflow_run": {"workflows": [read("pr.yml")["name"]], "types": ["completed"]}
    }
    assert jobs("pr-comment.yml")["comment"]["if"].startswith("github.event.workflow_run.event == 'pull_request' &&")
    kept = {step["with"]["name"] for _, step in steps("pr.yml") if "upload-artifact" in step.get("uses", "")}
    assert {name.removesuffix("-${{ matrix.number }}") for name in kept} == set(run_report._ARTIFACTS)


def test_an_issue_that_is_no_form_starts_no_job() -> None:
    condition = jobs("request.yml")["request"]["if"]
    assert condition == "github.event_name == 'workflow_dispatch' || startsWith(github.event.issue.body, '### Model ')"
    assert all(f"### {form[0].heading}".startswith("### Model ") for form in FORMS.values())
    assert read("request.yml")["on"]["issues"] == {"types": ["opened"]}


def test_the_buttons_ask_what_a_request_holds() -> None:
    inputs = read("request.yml")["on"]["workflow_dispatch"]["inputs"]
    assert tuple(inputs["verb"]["options"]) == VERBS
    assert set(inputs) == {"verb", *(field.name for form in FORMS.values() for field in form)}
    fields = {field.name: field.required for field in FORMS["rollback"]}
    asked = read("rollback.yml")["on"]["workflow_dispatch"]["inputs"]
    assert {name: one.get("required", False) for name, one in asked.items()} == fields


def test_retraining_and_verifying_run_by_themselves_and_by_hand() -> None:
    assert jobs("monitor.yml")["monitor"]["if"] == "vars.MINTMARK_LOG != ''"
    for name in ("monitor.yml", "retrain.yml", "verify.yml"):
        assert set(read(name)["on"]) == {"schedule", "workflow_dispatch"}
