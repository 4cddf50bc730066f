"""Warn of a merge by `git pull` whose push would take the base's commits off the first-parent line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch

from mintmark.cli import main
from mintmark.registry.repository.lost_line import earlier_tips, lost_steps


@pytest.fixture
def pulled(scratch: Scratch, tmp_path: Path) -> Scratch:
    """A clone that merged a promotion of origin into a commit of its own, as `git pull` does."""
    origin = scratch.copy(tmp_path / "origin")
    scratch.git("remote", "add", "origin", str(origin.root))
    scratch.write("README.md", "mine\n")
    scratch.commit("Mine")
    origin.promote("iris", "1.2.0", "production")
    scratch.git("fetch", "--quiet", "origin")
    scratch.git("merge", "--quiet", "--no-edit", "origin/main")
    return scratch


def test_before_it_is_pushed(pulled: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["validate"], ["validate", "--base", "origin/main"]):
        assert main(["-C", str(pulled.root), *arguments]) == 0
        assert "1 step of the base would leave its first-parent line" in capsys.readouterr().out
    assert main(["-C", str(pulled.root), "review", "--base", "origin/main", "--head", "main"]) == 0
    assert "git pull --rebase" in capsys.readouterr().out


def test_after_it_is_pushed(pulled: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    """The clone still knows where the branch stood."""
    pulled.git("update-ref", "--create-reflog", "refs/remotes/origin/main", "main", "origin/main")
    assert len(earlier_tips(pulled.root, "main")) == 2
    assert main(["-C", str(pulled.root), "validate"]) == 0
    assert "would leave its first-parent line" in capsys.readouterr().out


def test_a_merge_into_the_base_keeps_its_line(pulled: Scratch) -> None:
    mine = pulled.git("rev-parse", "main^1")
    base = pulled.git("rev-parse", "origin/main")
    pulled.git("switch", "--quiet", "--detach", base)
    pulled.git("merge", "--quiet", "--no-ff", "--no-edit", mine)
    assert lost_steps(pulled.root, base, pulled.head) == ()
    assert lost_steps(pulled.root, base, mine) == ()  # it has gone apart, and takes nothing yet
    assert lost_steps(pulled.root, base, base) == ()
    assert earlier_tips(pulled.root, "nowhere") == []
