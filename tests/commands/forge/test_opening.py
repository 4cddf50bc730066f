"""`--open` opens the pull request through the API where there is a token."""

from __future__ import annotations

import pytest
from tests.commands.forge.hosted import Hosted
from tests.scaffold.forge.fake_forge import Refusal

from mintmark.commands.rollback import rollback
from mintmark.errors import ForgeError

BRANCH = "rollback/tiny-1.0.0-production"


def test_open_asks_the_api(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    assert rollback(hosted.clone.root, "tiny", open_pr=True) == 0
    (pull,) = hosted.pulls()
    assert pull["title"] == "rollback tiny 1.0.0 in production"
    assert pull["pull_request"]["head"] == BRANCH
    assert "| mae (primary, less is better) |" in pull["body"]
    assert f"pull/{pull['number']}" in capsys.readouterr().out


def test_a_refusal_says_that_the_branch_is_pushed(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    hosted.forge.fail(Refusal(403, "Resource not accessible by personal access token"), write=2)
    with pytest.raises(ForgeError, match="not accessible"):
        rollback(hosted.clone.root, "tiny", open_pr=True)
    assert f"pushed {BRANCH}" in capsys.readouterr().out
    assert hosted.forge.commit(BRANCH)
