"""A model's life on GitHub: proposed, judged, commented, merged, released, deployed and rolled back. Nothing is mocked
but GitHub itself, whose Git is real and whose answers are held against its own description."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.judging.judged_fixture import propose_twice
from tests.scaffold.fake_forge import FakeRepository, Refusal
from tests.scaffold.once import Once
from tests.scaffold.pipeline import LOANS, open_toy

RUN = 4711


@pytest.fixture
def team(
    once: Once, tmp_path: Path, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch
) -> Hosted:
    """1.0.0 in production; the branches `better` and `worse` propose 1.1.0. Nothing merges without a green gate."""
    clone = open_toy(LOANS, once.build("judged", propose_twice)).copy(tmp_path / "registry")
    hosted = host(clone, make_repository, monkeypatch)
    hosted.forge.required_checks = {"gate"}
    run(hosted, "release")
    deploy(hosted)
    return hosted


def run(hosted: Hosted, *arguments: str, code: int = 0) -> str:
    done = hosted.clone.mintmark(*arguments)
    assert done.code == code, done.text
    return done.text


def request(hosted: Hosted, branch: str, tmp_path: Path) -> tuple[int, int]:
    """Open the pull request of a branch and check it as pr.yml does: return its number, and the review's exit code."""
    hosted.clone.git("push", "--quiet", "--force", "origin", branch)
    number = hosted.forge.open_pull_request(branch)
    head = hosted.forge.pull_head(number)
    reports = tmp_path / f"reports-{number}"
    reviewed = hosted.clone.mintmark(
        "review", "--base", "origin/main", "--head", head, "--author", "ada", "--report-dir", str(reports)
    )
    conclusion = "success" if reviewed.code in (0, 42) else "failure"
    hosted.forge.check(head, "gate", conclusion)
    files = {path.name: path.read_bytes() for path in reports.iterdir()}
    hosted.forge.upload_artifact(RUN + number, "review-0", files)
    workflow = {
        "id": RUN + number, "run_attempt": 1, "event": "pull_request", "conclusion": conclusion, "head_branch": branch,
        "head_sha": head, "head_repository": {"full_name": hosted.forge.name}, "repository": {"id": 7},
        "pull_requests": [], "html_url": f"{hosted.forge.forge.address}/{hosted.forge.name}/actions/runs/{RUN}",
    }  # fmt: skip
    event = hosted.event({"action": "completed", "workflow_run": workflow, "repository": {"id": 7}})
    run(hosted, "comment", "--event", str(event))
    return number, reviewed.code


def merge(hosted: Hosted, number: int) -> None:
    """Approve and merge a pull request, and do what release.yml does then."""
    hosted.forge.review(number, "bob")
    hosted.forge.merge(number)
    hosted.clone.branch("main", "main")
    hosted.clone.git("pull", "--quiet", "--ff-only", "origin", "main")
    run(hosted, "release")


def deploy(hosted: Hosted, *channels: str) -> None:
    for channel in channels or ("loans@staging", "loans@production"):
        run(hosted, "release", "--deploy", channel)


def change(hosted: Hosted, branch: str, *command: str) -> str:
    """Commit what a command of Mintmark or Git does on a branch of its own."""
    hosted.clone.branch(branch)
    if command[0] == "git":
        hosted.clone.git(*command[1:])
    else:
        run(hosted, *command, "--here")
    return branch


def desired(hosted: Hosted, channel: str = "production") -> dict[str, str]:
    """The files on the branch `deploy` that say what a channel runs."""
    names = hosted.forge.git("ls-tree", "-r", "--name-only", "deploy").splitlines()
    return {name: hosted.forge.git("show", f"deploy:{name}") for name in names if f"/{channel}" in name}


def message(hosted: Hosted, tag: str) -> dict[str, Any]:
    """What a tag tells as JSON."""
    text = hosted.forge.git("for-each-ref", "--format=%(contents)", f"refs/tags/{tag}")
    found: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return found


@pytest.mark.slow
def test_from_a_proposal_to_a_rollback(team: Hosted, tmp_path: Path) -> None:
    before = desired(team)
    assert before
    assert all("1.1.0" not in text for text in before.values())

    proposal, verdict = request(team, "better", tmp_path)
    assert verdict == 0
    (comment,) = team.said_on(proposal)
    assert "passed" in comment
    merge(team, proposal)
    assert "loans@v1.1.0" in team.forge.git("tag", "--list").split()
    told = message(team, "loans@v1.1.0")
    assert (told["pull_request"], told["approvers"]) == (proposal, ["bob"])
    (release,) = [one for one in team.forge.releases.values() if one["tag_name"] == "loans@v1.1.0"]
    assert not release["draft"]
    assert desired(team) == before

    for channel in ("staging", "production"):
        number, verdict = request(team, change(team, f"to-{channel}", "promote", "loans@1.1.0", channel), tmp_path)
        assert verdict == 0
        merge(team, number)
        deploy(team, f"loans@{channel}")
    after = desired(team)
    assert after != before
    assert any("1.1.0" in text for text in after.values())
    current = team.forge.deployments[max(team.forge.deployments)]
    assert team.forge.statuses[current["id"]][-1]["state"] == "success"

    back, verdict = request(team, change(team, "back", "git", "revert", "--no-edit", "-m", "1", "HEAD"), tmp_path)
    assert verdict == 0
    merge(team, back)
    deploy(team, "loans@production")
    assert desired(team) == before
    run(team, "incident", "--days", "365")
    incidents = [one for one in team.forge.issues.values() if "pull_request" not in one]
    assert ["1.1.0" in one["body"] for one in incidents] == [True]
    run(team, "incident", "--days", "365")
    assert len([one for one in team.forge.issues.values() if "pull_request" not in one]) == 1
    assert "1.0.0" in run(team, "list").splitlines()[1]


@pytest.mark.slow
def test_a_red_gate_stops_the_merge(team: Hosted, tmp_path: Path) -> None:
    number, verdict = request(team, "worse", tmp_path)
    assert verdict == 1
    (comment,) = team.said_on(number)
    assert "failed" in comment
    with pytest.raises(Refusal, match="gate"):
        team.forge.merge(number)
    with pytest.raises(subprocess.CalledProcessError):
        team.forge.git("show", "main:models/loans/versions/1.1.0/version.yaml")
