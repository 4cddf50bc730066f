"""Each verb of the client against the fake GitHub, twice: a second call repeats nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.forge.conftest import Clone
from tests.scaffold.forge.contract import Contract
from tests.scaffold.forge.fake_forge import FakeRepository

from mintmark.errors import ForgeError
from mintmark.forge.forge import Deployment
from mintmark.forge.github import GitHub
from mintmark.forge.marks import format_mark, read_mark


def test_the_contract_is_held(forge_contract: Contract | None) -> None:
    if forge_contract is None:
        pytest.skip("GitHub's description of its API could not be fetched, so nothing is held against it")
    path = "/repos/{owner}/{repo}/issues"
    faults = forge_contract.request_faults("POST", path, {"page": "1"}, b'{"title": "A", "tilte": "A", "body": 3}')
    assert len(faults) == 3
    assert forge_contract.answer_faults("POST", path, 200, {}) != []
    assert forge_contract.answer_faults("POST", path, 201, {"number": "1"}) != []


def test_a_pull_request_is_opened_once_and_then_updated(github: GitHub, on_github: FakeRepository) -> None:
    first = github.open_pull_request(branch="topic", base="main", title="Promote", body="Because.")
    writes = on_github.writes
    assert github.open_pull_request(branch="topic", base="main", title="Promote", body="Because.") == first
    assert on_github.writes == writes
    second = github.open_pull_request(branch="topic", base="main", title="Promote it", body="Because.")
    assert (second.number, second.title) == (first.number, "Promote it")
    assert (second.state, second.merged, second.head, second.base) == ("open", False, "topic", "main")
    assert second.author == "github-actions[bot]"


def test_a_merged_request_is_found_by_its_merge_and_by_its_head(
    github: GitHub, clone: Clone, on_github: FakeRepository
) -> None:
    request = github.open_pull_request(branch="topic", base="main", title="Promote", body="")
    merge = on_github.merge(request.number)
    clone.git("fetch", "--quiet")
    assert clone.git("rev-parse", "origin/main") == merge
    assert clone.git("log", "-1", "--format=%P", merge).split()[1] == request.head_commit
    for commit in (merge, request.head_commit):
        (found,) = github.pull_requests_of(commit)
        assert (found.number, found.merged, found.state) == (request.number, True, "closed")


def test_the_request_of_a_fork_is_found_by_repository_and_commit(
    github: GitHub, clone: Clone, on_github: FakeRepository
) -> None:
    forks = [on_github.fork(owner) for owner in ("eve", "mallory")]
    clone.git("remote", "add", "eve", forks[0].address)
    commit = clone.push_change("main-of-eve", "eve", "eve")
    forks[1].git("fetch", "--quiet", str(forks[0].path), "+refs/heads/*:refs/heads/*")  # the same commit
    number = on_github.open_pull_request("main-of-eve", source=forks[0], author="eve")
    other = on_github.open_pull_request("main-of-eve", source=forks[1], author="mallory")
    assert github.pull_requests_of(commit) == [], "GitHub knows none of them in the repository itself"
    for fork, expected in zip(forks, (number, other), strict=True):
        (found,) = github.pull_requests_of(commit, head_repository=fork.name)
        assert (found.number, found.head_repository) == (expected, fork.name)
    assert github.pull_requests_of(commit, head_repository=on_github.name) == []


def test_the_last_word_of_each_person_counts(github: GitHub, on_github: FakeRepository) -> None:
    request = github.open_pull_request(branch="topic", base="main", title="Promote", body="")
    for person, state in (
        ("ada", "APPROVED"), ("bob", "APPROVED"), ("ada", "COMMENTED"), ("bob", "CHANGES_REQUESTED"),
        ("eve", "DISMISSED"), ("cleo", "CHANGES_REQUESTED"), ("cleo", "APPROVED"),
    ):  # fmt: skip
        on_github.review(request.number, person, state)
    found = github.approvals(request.number)
    assert [approval.person for approval in found] == ["ada", "cleo"]
    assert {approval.commit for approval in found} == {request.head_commit}
    assert [github.may_write(person) for person in ("ada", "bob", "eve")] == [True, True, False]


def test_a_comment_is_written_once_and_replaced(github: GitHub, on_github: FakeRepository) -> None:
    number = github.open_pull_request(branch="topic", base="main", title="Promote", body="").number
    github.comment(number, key="review", body="red")
    github.comment(number, key="incident", body="other")
    github.comment(number, key="review", body="green")
    writes = on_github.writes
    github.comment(number, key="review", body="green")
    assert on_github.writes == writes
    assert sorted(comment["body"].partition("\n")[2] for comment in on_github.comments.values()) == ["green", "other"]


def test_a_mark_that_somebody_else_wrote_is_not_ours(github: GitHub, on_github: FakeRepository) -> None:
    number = github.open_pull_request(branch="topic", base="main", title="Promote", body="").number
    github.comment(number, key="review", body="red")
    (ours,) = on_github.comments
    on_github.comments[ours]["author"] = "mallory"
    github.comment(number, key="review", body="green")
    assert on_github.comments[ours]["body"].endswith("red")
    assert len(on_github.comments) == 2
    issue = github.open_issue(key="damage", label="alarm", title="Damaged", body="")
    on_github.issues[issue.number]["author"] = "mallory"
    assert github.issues(label="alarm") == []


def test_an_issue_lives_until_its_fault_is_gone(github: GitHub, on_github: FakeRepository) -> None:
    first = github.open_issue(key="verify:abc", label="alarm", title="Damaged", body="one")
    again = github.open_issue(key="verify:abc", label="alarm", title="Damaged", body="two")
    other = github.open_issue(key="verify:def", label="alarm", title="Stale", body="")
    assert (again.number, again.body.endswith("two")) == (first.number, True)
    assert [issue.key for issue in github.issues(label="alarm")] == ["verify:abc", "verify:def"]
    for _ in range(2):
        github.close_issue(first.number, reason="It is mended.")
    assert github.issues(label="alarm") == [other]
    assert [comment["body"].partition("\n")[2] for comment in on_github.comments.values()] == ["It is mended."]
    assert (
        github.open_issue(key="verify:abc", label="alarm", title="Damaged", body="x", once=True).number == first.number
    )
    assert github.open_issue(key="verify:abc", label="alarm", title="Damaged", body="x").number > other.number


def test_what_ended_may_come_again_and_what_a_person_closed_may_not(github: GitHub, on_github: FakeRepository) -> None:
    issue = {"key": "a@1.0.0/production/f00", "label": "alarm", "title": "Drift", "body": "text", "once": True}
    first = github.open_issue(**issue)
    github.close_issue(first.number, reason="It is over.", ended=True)
    again = github.open_issue(**issue)
    assert (again.is_open, again.number > first.number) == (True, True)
    on_github.issues[again.number]["state"] = "closed"
    github.close_issue(again.number, reason="It is over.", ended=True)
    assert github.open_issue(**issue) == github.issues(label="alarm", closed=True)[1]
    assert [(one.number, one.is_open) for one in github.issues(label="alarm", closed=True)] == [
        (first.number, False), (again.number, False),
    ]  # fmt: skip
    assert "text" in on_github.issues[first.number]["body"]


def both_at_once(github: GitHub, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> list[Any]:
    """What two runs get that do the same: one of them between the first look of the other and what it does then."""
    send, found = github._api.send, []

    def other(*arguments: Any) -> object:
        monkeypatch.setattr(github._api, "send", send)
        found.append(act())
        return send(*arguments)

    monkeypatch.setattr(github._api, "send", other)
    found.append(act())
    return found


def test_two_runs_that_look_at_the_same_moment_open_one_issue(
    github: GitHub, on_github: FakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = {"key": "k", "label": "alarm", "title": "Drift", "body": "text", "once": True}
    found = both_at_once(github, monkeypatch, lambda: github.open_issue(**issue))
    assert {one.number for one in found} == {min(on_github.issues)}
    assert [one.number for one in github.issues(label="alarm", closed=True)] == [min(on_github.issues)]
    assert [one["state"] for one in on_github.issues.values()] == ["open", "closed"]


def test_requests_of_a_branch_are_found_when_the_branch_is_gone(
    github: GitHub, clone: Clone, on_github: FakeRepository
) -> None:
    first = github.open_pull_request(branch="topic", base="main", title="Back", body="")
    on_github.issues[first.number]["state"] = "closed"
    on_github.git("update-ref", "-d", "refs/heads/topic")
    assert [(one.number, one.state) for one in github.pull_requests_from("topic")] == [(first.number, "closed")]
    assert github.pull_requests_from("other") == []


def test_a_workflow_is_started_by_its_name(github: GitHub, clone: Clone, on_github: FakeRepository) -> None:
    github.start_workflow("retrain.yml", branch="main", inputs={"model": "iris"})
    assert on_github.dispatched == [("retrain.yml", {"model": "iris"})]


def test_a_deployment_is_found_again_by_its_payload(github: GitHub, clone: Clone, on_github: FakeRepository) -> None:
    commit = clone.git("rev-parse", "main")
    moves = [{"move": "iris#production#1"}, {"move": "iris#production#2"}]
    made = [
        github.deploy(environment="iris-production", commit=commit, description="d", payload=move) for move in moves
    ]
    assert made[0].number != made[1].number
    for deployment in made:
        github.tell_deployment(deployment.number, "success", description="done", log_url="https://example.org/")
    writes = on_github.writes
    again = [
        github.deploy(environment="iris-production", commit=commit, description="d", payload=move) for move in moves
    ]
    github.tell_deployment(made[1].number, "success", description="done", log_url="https://example.org/")
    assert on_github.writes == writes
    assert [(one.number, one.state) for one in again] == [(made[0].number, "inactive"), (made[1].number, "success")]


@pytest.mark.parametrize("first", ["mine", "the other's"])
def test_two_runs_that_look_at_the_same_moment_agree_on_one_deployment(
    github: GitHub, clone: Clone, on_github: FakeRepository, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Both ask before either has made one; which of them is made first makes no difference."""
    move: dict[str, Any] = {
        "environment": "iris/production", "commit": clone.git("rev-parse", "main"), "description": "d",
        "payload": {"tag": "iris#production#1"},
    }  # fmt: skip
    found: list[Deployment] = []
    send = github._api.send

    def other(*arguments: Any) -> object:
        monkeypatch.setattr(github._api, "send", send)
        answer = send(*arguments) if first == "mine" else None
        pages = github._api.pages
        looks = [iter(())]
        monkeypatch.setattr(github._api, "pages", lambda *a, **k: looks.pop() if looks else pages(*a, **k))
        found.append(github.deploy(**move))
        monkeypatch.setattr(github._api, "pages", pages)
        return send(*arguments) if answer is None else answer

    monkeypatch.setattr(github._api, "send", other)
    found.append(github.deploy(**move))
    assert len(on_github.deployments) == 2
    assert {one.number for one in found} == {min(on_github.deployments)}
    last = {number: one[-1]["state"] if one else None for number, one in on_github.statuses.items()}
    assert list(last.values()) == [None, "inactive"]


def test_the_last_run_of_a_check_counts(github: GitHub, clone: Clone, on_github: FakeRepository) -> None:
    commit = clone.git("rev-parse", "main")
    assert github.check(commit, "gate") is None
    for name, conclusion in (("gate", "failure"), ("gate", "success"), ("other", "failure")):
        on_github.check(commit, name, conclusion)
    found = github.check(commit, "gate")
    assert found is not None
    assert found.conclusion == "success"
    on_github.check(commit, "gate", "failure")
    on_github.checks[-1]["app"] = {"slug": "somebody-else", "name": "Somebody else"}
    assert github.check(commit, "gate") == found


def test_the_newest_deployments_come_first(github: GitHub, clone: Clone) -> None:
    commit = clone.git("rev-parse", "main")
    made = [
        github.deploy(
            environment="iris/production", commit=commit, description="d", payload={"tag": f"iris#production#{n}"}
        )
        for n in range(4)
    ]
    github.tell_deployment(made[3].number, "in_progress", description="")
    found = github.deployments("iris/production", most=2)
    assert [(one.number, one.state) for one in found] == [(made[3].number, "in_progress"), (made[2].number, None)]


def test_a_setting_is_an_answer_or_nothing(github: GitHub, on_github: FakeRepository) -> None:
    on_github.settings["actions/permissions/workflow"] = {
        "default_workflow_permissions": "read", "can_approve_pull_request_reviews": False,
    }  # fmt: skip
    assert github.settings("") is not None
    assert github.settings("branches/main/protection") is None
    assert github.settings("actions/permissions/workflow") == on_github.settings["actions/permissions/workflow"]
    with pytest.raises(ForgeError, match=r"not permitted to create.*Settings > Actions"):
        github.open_pull_request(branch="topic", base="main", title="Promote", body="")
    with pytest.raises(ForgeError, match="no path"):
        github.settings("../../user")


@pytest.mark.parametrize("state", ["open", "closed"])
def test_an_issue_whose_label_a_person_took_off_is_found_by_its_key(
    github: GitHub, on_github: FakeRepository, state: str
) -> None:
    issue = {"key": "a@1.0.0/production/f00", "label": "alarm", "title": "Drift", "body": "text", "once": True}
    first = github.open_issue(**issue)
    on_github.issues[first.number].update(labels=["looked at"], state=state)
    again = github.open_issue(**issue | {"body": "later"})
    assert (again.number, again.is_open, len(on_github.issues)) == (first.number, state == "open", 1)
    assert [one.number for one in github.issues(label=None)] == [first.number] * (state == "open")


def test_what_a_person_wrote_above_an_issue_hides_nothing_and_stays(github: GitHub, on_github: FakeRepository) -> None:
    issue = {"key": "a@1.0.0/production/f00", "label": "alarm", "title": "Drift", "body": "text", "once": True}
    first = github.open_issue(**issue)
    found = on_github.issues[first.number]
    found["body"] = f"Ada looks into it.\r\n\r\n{found['body']}"
    writes = on_github.writes
    github.open_issue(**issue)
    assert on_github.writes == writes, "nothing is new"
    again = github.open_issue(**issue | {"body": "later"})
    assert (again.number, len(on_github.issues)) == (first.number, 1)
    assert found["body"].startswith("Ada looks into it.")
    assert found["body"].endswith("\nlater")
    github.close_issue(first.number, reason="It is over.", ended=True)
    assert github.open_issue(**issue).number > first.number


def test_another_bot_that_repeats_a_mark_hides_no_alarm(github: GitHub, on_github: FakeRepository) -> None:
    issue = {"key": "a@1.0.0/production/f00", "label": "alarm", "title": "Drift", "body": "text", "once": True}
    found = on_github.issues[github.open_issue(**issue).number]
    found |= {"author": "updates[bot]"}
    assert github.open_issue(**issue).number == found["number"], "the bot of a team's own application"
    found |= {"body": f"Release notes:\n\n{found['body']}"}
    assert github.open_issue(**issue).number > found["number"]


def test_comments_tell_which_run_was_first(github: GitHub, on_github: FakeRepository) -> None:
    number = github.open_issue(key="k", label="alarm", title="Drift", body="").number
    one, two = (github.add_comment(number, key=f"retrain/{place}", body="started") for place in (1, 2))
    github.comment(number, key="closed", body="over")
    assert [each.key for each in github.comments(number)] == ["retrain/1", "retrain/2", "closed"]
    assert one.number < two.number
    on_github.comments[two.number]["author"] = "mallory"
    github.withdraw_comment(one, reason="Another run was faster.")
    assert [each.key for each in github.comments(number)] == ["ended retrain/1", "closed"]
    assert on_github.comments[one.number]["body"].endswith("Another run was faster.")


def test_of_two_runs_that_open_a_request_the_first_wins(
    github: GitHub, clone: Clone, on_github: FakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"branch": "topic", "base": "main", "title": "Go back", "body": "text"}
    found = both_at_once(github, monkeypatch, lambda: github.open_pull_request(**request))
    assert {one.number for one in found} == set(on_github.issues)


def test_a_request_that_is_closed_with_a_reason_frees_its_key(
    github: GitHub, clone: Clone, on_github: FakeRepository
) -> None:
    body = f"{format_mark('monitor/f00')}\ntext"
    request = github.open_pull_request(branch="topic", base="main", title="Go back", body=body)
    assert [one.number for one in github.open_pull_requests("top")] == [request.number]
    assert github.open_pull_requests("other") == []
    for _ in range(2):
        github.close_pull_request(request.number, reason="It is over.")
    assert github.open_pull_requests("top") == []
    (closed,) = github.pull_requests_from("topic")
    assert (closed.state, read_mark(closed.body)) == ("closed", "ended monitor/f00")
    assert [comment["body"].partition("\n")[2] for comment in on_github.comments.values()] == ["It is over."]
