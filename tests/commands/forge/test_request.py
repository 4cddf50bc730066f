"""What a person asks for in a form or by a button becomes a pull request, and the issue is answered and closed."""

from __future__ import annotations

import pytest
from tests.commands.forge.hosted import Hosted
from tests.core.test_request import GOOD, body
from tests.scaffold.forge.fake_forge import Refusal
from tests.scaffold.marks import first_quick

from mintmark.cli import main
from mintmark.commands.forge.request import request
from mintmark.core.request import Verb
from mintmark.errors import ForgeError, MintmarkError

PRODUCTION = "models/tiny/channels/production.yaml"


def ask(hosted: Hosted, verb: Verb, login: str = "ada", **answers: str) -> int:
    event = hosted.issue_event(body(verb, **{"model": "tiny", **answers}), login)
    return main(["-C", str(hosted.clone.root), "request", "--event", str(event)])


def last_issue(hosted: Hosted) -> tuple[str, str]:
    """The state of the issue that was asked in, and the answer."""
    number, issue = next((n, one) for n, one in hosted.forge.issues.items() if "pull_request" not in one)
    return issue["state"], "\n".join(hosted.said_on(number))


def on_branch(hosted: Hosted, branch: str, path: str) -> str:
    return hosted.forge.git("show", f"{branch}:{path}")


def test_a_rollback_is_one_line_in_a_pull_request(hosted: Hosted) -> None:
    assert ask(hosted, "rollback", reason="It answers @acme nonsense.") == 0
    (pull,) = hosted.pulls()
    assert pull["title"] == "rollback tiny 1.0.0 in production"
    assert pull["pull_request"]["base"] == "main"
    assert pull["pull_request"]["head"] == "request/1"
    assert pull["author"] == "github-actions[bot]"
    assert hosted.forge.git("diff", "--numstat", "main", "request/1") == f"1\t1\t{PRODUCTION}"
    assert "@ada asks for this in #1." in pull["body"]
    assert "> It answers" in pull["body"]
    assert "@acme" not in pull["body"]
    assert "The checks have not started" in pull["body"]
    assert last_issue(hosted) == ("closed", last_issue(hosted)[1])
    assert f"This became #{pull['number']}." in last_issue(hosted)[1]
    author = hosted.forge.git("log", "-1", "--format=%an <%ae> | %cn", "request/1")
    assert author.startswith("ada <")
    assert "+ada@users.noreply." in author
    assert author.endswith("| github-actions[bot]")


def test_an_apps_token_starts_the_checks_itself(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINTMARK_APP", "acme-models")
    assert ask(hosted, "rollback", reason="why") == 0
    assert "checks have not started" not in hosted.pulls()[0]["body"]


def test_the_button_of_rollback_does_the_same(hosted: Hosted) -> None:
    event = hosted.dispatch_event(model="tiny", channel="staging", version="1.0.0", reason="why")
    assert main(["-C", str(hosted.clone.root), "request", "rollback", "--event", str(event)]) == 0
    (pull,) = hosted.pulls()
    assert pull["title"] == "rollback tiny 1.0.0 in staging"
    assert pull["pull_request"]["head"] == "request/run-4711"


def test_yank_and_promote(hosted: Hosted) -> None:
    clone = hosted.clone
    assert ask(hosted, "yank", version="1.0.0", replacement="1.1.0", reason="a: b\n\n# c") == 0
    assert "a: b" in on_branch(hosted, "request/1", "models/tiny/status/1.0.0.yaml")
    clone.git("switch", "--quiet", "main")
    event = hosted.dispatch_event(verb="promote", model="tiny", version="1.0.0", channel="production")
    assert main(["-C", str(clone.root), "request", "--event", str(event)]) == 0
    assert "version: 1.0.0" in on_branch(hosted, "request/run-4711", PRODUCTION)


@pytest.mark.slow
def test_propose_runs_the_pipeline(hosted: Hosted) -> None:
    """What the base branch holds is what is trained: here, data that grew since the last version."""
    clone = hosted.clone
    clone.edit("data/points.csv", "3,6\n", "3,6\n4,9\n")
    clone.commit("More data")
    clone.git("push", "--quiet", "origin", "main")
    assert ask(hosted, "propose", bump="minor", enter="yes", reason="More rows.") == 0
    (pull,) = hosted.pulls()
    assert pull["title"] == "propose tiny 1.2.0"
    assert "summary: More rows." in on_branch(hosted, "request/1", "models/tiny/versions/1.2.0/version.yaml")
    assert "version: 1.2.0" in on_branch(hosted, "request/1", "models/tiny/channels/staging.yaml")


def test_propose_where_nothing_changed(hosted: Hosted) -> None:
    assert ask(hosted, "propose") == 1
    assert "nothing changed since" in last_issue(hosted)[1]
    assert hosted.pulls() == []


@pytest.mark.parametrize("login", ["mallory", "reader"])
def test_who_may_not_write_may_not_ask(hosted: Hosted, login: str) -> None:
    hosted.forge.people["reader"] = "read"
    assert ask(hosted, "rollback", login, reason="why") == 1
    state, answer = last_issue(hosted)
    assert state == "closed"
    assert f"{login} may not write to this repository" in answer
    assert hosted.pulls() == []
    assert hosted.clone.git("branch", "--list", "rollback/*") == ""


def test_a_form_that_cannot_be_meant_is_answered(hosted: Hosted) -> None:
    assert ask(hosted, "promote", version="$(touch x)", channel="production") == 1
    state, answer = last_issue(hosted)
    assert state == "closed"
    assert "must be a version such as 1.4.2" in answer
    assert hosted.pulls() == []


def test_a_body_of_a_megabyte_is_answered_in_a_line(hosted: Hosted) -> None:
    assert ask(hosted, "yank", version="1.0.0", reason="x" * 1_000_000) == 1
    assert "more than 20,000 characters" in last_issue(hosted)[1]
    assert len(last_issue(hosted)[1]) < 500


def test_what_a_rule_forbids_is_told(hosted: Hosted) -> None:
    assert ask(hosted, "yank", version="1.1.0", reason="why") == 1
    assert "roll back first" in last_issue(hosted)[1]
    assert ask(hosted, "promote", version="9.9.9", channel="production") == 1


def test_what_is_so_already_is_no_pull_request(hosted: Hosted) -> None:
    assert ask(hosted, "promote", version="1.1.0", channel="production") == 0
    state, answer = last_issue(hosted)
    assert state == "closed"
    assert "There is nothing to do" in answer
    assert hosted.pulls() == []


@pytest.mark.parametrize("text", ["The site is down.", "", "### Model\n\ntiny"])
def test_other_issues_are_left_alone(hosted: Hosted, text: str) -> None:
    event = hosted.issue_event(text)
    assert request(hosted.clone.root, event=event) == 0
    assert hosted.forge.comments == {}
    assert next(iter(hosted.forge.issues.values()))["state"] == "open"


def test_an_edit_or_a_label_asks_for_nothing(hosted: Hosted) -> None:
    event = hosted.issue_event(body("rollback", model="tiny", reason="why"))
    event.write_text(event.read_text().replace('"opened"', '"edited"'))
    assert request(hosted.clone.root, event=event) == 0
    assert hosted.forge.comments == {}


@pytest.mark.parametrize("write", first_quick([2, 1, 3, 4]))
@pytest.mark.parametrize("done", first_quick([True, False]))
def test_stopped_anywhere_and_run_again_it_is_one_pull_request(hosted: Hosted, write: int, done: bool) -> None:
    """The writes are: the push, the pull request, the answer, the closing of the issue."""
    event = hosted.issue_event(body("rollback", model="tiny", reason="why"))
    hosted.forge.stop_at(write, done=done)
    with pytest.raises(MintmarkError):
        request(hosted.clone.root, event=event)
    hosted.forge.resume()
    hosted.clone.git("switch", "--quiet", "main")
    hosted.clone.git("branch", "--quiet", "-D", "rollback/tiny-1.0.0-production")
    assert request(hosted.clone.root, event=event) == 0
    assert len(hosted.pulls()) == 1
    state, answer = last_issue(hosted)
    assert state == "closed"
    assert answer.count("This became") == 1


def test_a_forge_that_refuses_once_leaves_the_issue_open(hosted: Hosted) -> None:
    event = hosted.issue_event(body("rollback", model="tiny", reason="why"))
    hosted.forge.settings["actions/permissions/workflow"] = {"can_approve_pull_request_reviews": False}
    with pytest.raises(ForgeError, match="Allow GitHub Actions to create"):
        request(hosted.clone.root, event=event)
    state, answer = last_issue(hosted)
    assert state == "open"
    assert "Allow GitHub Actions to create" in answer
    hosted.forge.settings.clear()
    hosted.clone.git("switch", "--quiet", "main")
    assert request(hosted.clone.root, event=event) == 0
    assert last_issue(hosted)[0] == "closed"
    assert len(hosted.pulls()) == 1


def test_the_token_is_in_no_output(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    token = hosted.forge.environment["GITHUB_TOKEN"]
    hosted.forge.fail(Refusal(500, f"internal {token}"), write=1, times=9)
    assert ask(hosted, "rollback", reason="why") == 1
    shown = capsys.readouterr()
    assert token not in shown.out + shown.err
    assert token not in hosted.clone.read(".git/config")


def test_it_starts_from_the_base_branch(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    hosted.clone.branch("other")
    assert ask(hosted, "rollback", reason="why") == 1
    assert "other is checked out, and not main" in capsys.readouterr().err


@pytest.mark.slow
def test_lines_of_a_reason_are_no_commands_of_the_runner(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    hosted.clone.edit("data/points.csv", "3,6\n", "3,6\n4,9\n")
    hosted.clone.commit("More data")
    hosted.clone.git("push", "--quiet", "origin", "main")
    lines = "new\n::stop-commands::x\n##[add-path]evil"
    assert ask(hosted, "propose", reason=f"{lines}\n\x1b[31mred") == 1, "a control character is refused"
    refused = capsys.readouterr()
    assert "\x1b" not in refused.out + refused.err
    assert ask(hosted, "propose", reason=lines) == 0
    shown = capsys.readouterr().out
    assert not [line for line in shown.splitlines() if line.lstrip().startswith("::")]
    assert "##[" not in shown


def test_the_good_forms_are_those_of_every_verb() -> None:
    assert set(GOOD) == {"propose", "promote", "rollback", "yank"}
