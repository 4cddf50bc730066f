"""A channel that moved back has one issue, which says what changed, who was on it and what both versions are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.commands.forge.hosted import Hosted

from mintmark.commands.forge.incident import LABEL, incident, moves_back
from mintmark.commands.rollback import rollback
from mintmark.core.channels import Move
from mintmark.registry.past.history import ModelHistory

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
DAYS = 10_000  # the commits of the tests are of any year


def history(*holders: str | None) -> ModelHistory:
    """A channel that these versions held, an hour each."""
    made = ModelHistory()
    for place, (before, after) in enumerate(zip([None, *holders], holders, strict=False)):
        moment = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=place)).strftime("%Y-%m-%dT%H:%M:%SZ")
        made.moves.append(
            Move(channel="production", before=before, after=after, kind="promote", commit=f"{place:040}",
                 author="Ada <ada@example.org>", time=moment, subject="")
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        (["1.0.0"], []),
        (["1.0.0", "1.1.0"], []),
        (["1.0.0", "1.1.0", "1.0.0"], [2]),
        (["1.0.0", "1.1.0", "1.0.0", "1.1.0"], [2]),  # forward again is no move back
        (["1.0.0", "1.1.0", "1.2.0", "1.0.0"], [3]),
        (["1.0.0", "1.1.0", "1.2.0", "1.1.0", "1.0.0"], [3, 4]),
        (["1.1.0", "1.0.0"], []),  # a lower number, that never held it
        (["1.0.0", "1.1.0", None, "1.0.0"], []),  # the channel was closed in between
        (["1.0.0", "broken", "1.0.0"], []),
    ],
    ids=str,
)
def test_which_moves_are_moves_back(holders: list[str | None], expected: list[int]) -> None:
    found = [int(back.move.commit) for back in moves_back("iris", history(*holders), ALWAYS)]
    assert found == expected


def test_only_recent_moves_count() -> None:
    told = history("1.0.0", "1.1.0", "1.0.0")
    assert list(moves_back("iris", told, datetime(2026, 1, 1, 2, tzinfo=UTC))) != []
    assert list(moves_back("iris", told, datetime(2026, 1, 1, 3, tzinfo=UTC))) == []


def roll_back(hosted: Hosted) -> int:
    """As people do it: a branch, a pull request, its merge."""
    rollback(hosted.clone.root, "tiny")
    hosted.clone.git("push", "--quiet", "origin", "HEAD:refs/heads/back")
    number = hosted.forge.open_pull_request("back", title="Back")
    hosted.forge.merge(number)
    hosted.clone.git("switch", "--quiet", "main")
    hosted.clone.git("pull", "--quiet", "origin", "main")
    return number


def test_a_move_back_has_one_issue_for_ever(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    assert incident(hosted.clone.root, days=DAYS) == 0
    assert "no channel moved back" in capsys.readouterr().out
    number = roll_back(hosted)
    assert incident(hosted.clone.root, days=DAYS) == 0
    (issue,) = hosted.issues(LABEL)
    assert issue["title"] == "production of tiny went back from 1.1.0 to 1.0.0"
    body = issue["body"]
    for part in (f"#{number}", "Ada Lovelace", "Owners: @ada", "mae", hosted.clone.head):
        assert part in body, part
    assert "Whoever follows `tiny@production` was on `1.1.0` from 2026-" in body
    assert "**`staging` still points to `1.1.0`.**" in body
    assert "mintmark yank tiny@1.1.0" in body
    assert incident(hosted.clone.root, days=DAYS) == 0
    assert len(hosted.issues(LABEL)) == 1
    issue["state"] = "closed"
    assert incident(hosted.clone.root, days=DAYS) == 0
    assert hosted.issues(LABEL) == [], "what a person closed is not opened again"


def test_a_git_revert_counts_too(hosted: Hosted) -> None:
    hosted.clone.git("revert", "--no-edit", "HEAD")
    assert incident(hosted.clone.root, days=DAYS) == 0
    assert hosted.issues(LABEL)[0]["title"] == "production of tiny went back from 1.1.0 to 1.0.0"


def test_a_version_that_is_gone_is_said_to_be(hosted: Hosted) -> None:
    for channel in ("staging", "production"):
        rollback(hosted.clone.root, "tiny", channel, here=True)
    hosted.clone.remove("models/tiny/versions/1.1.0")
    hosted.clone.commit("Withdraw")
    assert incident(hosted.clone.root, days=DAYS) == 0
    assert len(hosted.issues(LABEL)) == 2
    assert "`1.1.0` is not there any more" in hosted.issues(LABEL)[0]["body"]


def test_a_summary_of_a_stranger_does_nothing(hosted: Hosted) -> None:
    path = "models/tiny/versions/1.0.0/version.yaml"
    lines = [
        'summary: "@acme/all closes #1 <img src=x>"' if line.startswith("summary:") else line
        for line in hosted.clone.read(path).splitlines()
    ]
    hosted.clone.write(path, "\n".join(lines) + "\n")
    hosted.clone.commit("Change")
    rollback(hosted.clone.root, "tiny", here=True)
    assert incident(hosted.clone.root, days=DAYS) == 0
    assert "@acme" not in hosted.issues(LABEL)[0]["body"]
    assert "<img" not in hosted.issues(LABEL)[0]["body"]
