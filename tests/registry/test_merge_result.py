"""What a merge makes is told by Git, and nothing but objects is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch

from mintmark.cli import main
from mintmark.errors import MintmarkError
from mintmark.registry.repository.merge_result import merge_result

STAGING = "models/iris/channels/staging.yaml"


@pytest.fixture
def apart(scratch: Scratch) -> tuple[str, str]:
    """The base and a head that left it, each with a commit of its own."""
    scratch.branch("head")
    scratch.write("docs/head.md", "head\n")
    head = scratch.commit()
    scratch.branch("main", "main")
    scratch.write("docs/base.md", "base\n")
    return scratch.commit(), head


def test_a_head_on_the_base_is_what_the_merge_makes(scratch: Scratch) -> None:
    first, last = scratch.git("rev-parse", "HEAD~1", "HEAD").split()
    assert merge_result(scratch.root, first, last) == (last, ())
    assert merge_result(scratch.root, last, first) == (last, ())
    assert merge_result(scratch.root, last, last) == (last, ())


def test_heads_that_went_apart(scratch: Scratch, apart: tuple[str, str]) -> None:
    before = scratch.snapshot()
    made, conflicts = merge_result(scratch.root, *apart)
    assert conflicts == ()
    assert merge_result(scratch.root, *apart).commit == made
    assert scratch.git("log", "-1", "--format=%P", made).split() == list(apart)
    assert scratch.git("diff", "--name-only", apart[0], made) == "docs/head.md"
    assert scratch.snapshot() == before


def test_conflicts_are_named(scratch: Scratch) -> None:
    scratch.branch("head")
    scratch.write(STAGING, "version: 1.0.0\n")
    scratch.write("docs/x.md", "one\n")
    head = scratch.commit()
    scratch.branch("main", "main")
    scratch.remove(STAGING)
    scratch.write("docs/x.md", "two\n")
    base = scratch.commit()
    assert merge_result(scratch.root, base, head) == (head, ("docs/x.md", STAGING))
    assert main(["-C", str(scratch.root), "validate", "--base", "main", "--at", "head"]) == 1


def test_no_commit_in_common(scratch: Scratch) -> None:
    base = scratch.head
    scratch.git("switch", "--quiet", "--orphan", "other")
    with pytest.raises(MintmarkError, match="no commit in common"):
        merge_result(scratch.root, base, scratch.commit())


@pytest.mark.parametrize(
    ("says", "match"),
    [
        ("usage: git merge-tree <base-tree> <branch1> <branch2>", r"Git 2\.38 or newer"),
        ("error: unable to create temporary file: Read-only file system", "merge the base into the branch first"),
    ],
)
def test_a_git_that_cannot(
    scratch: Scratch, apart: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, match: str
) -> None:
    """An old Git says how it is used; a disk that is not written to says so."""
    real = scratch.git("--exec-path") + "/git"
    stand_in = tmp_path / "bin" / "git"
    stand_in.parent.mkdir()
    stand_in.write_text(
        f'#!/bin/sh\nfor a; do [ "$a" = merge-tree ] && echo "{says}" >&2 && exit 129; done\nexec {real} "$@"\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:/usr/bin:/bin")
    with pytest.raises(MintmarkError, match=match):
        merge_result(scratch.root, *apart)


def test_uncommitted_files_are_merged_too(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    """The base has staged what this work tree is about to withdraw."""
    scratch.add_version("wine", "1.1.0", parent="1.0.0")
    scratch.commit("Register wine 1.1.0")
    scratch.branch("ahead")
    scratch.promote("wine", "1.1.0", "staging")
    scratch.branch("main", "main")
    scratch.remove("models/wine/versions/1.1.0")
    before = scratch.snapshot()
    assert main(["-C", str(scratch.root), "validate", "--base", "main"]) == 0
    capsys.readouterr()
    assert main(["-C", str(scratch.root), "validate", "--base", "ahead"]) == 1
    assert "wine 1.1.0 is withdrawn while staging points to it" in capsys.readouterr().out
    assert scratch.snapshot() == before
