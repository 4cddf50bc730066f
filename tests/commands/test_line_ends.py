"""A work tree with the line ends of Windows, as Git for Windows makes it by default."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mintmark.changing.commits import commit_files
from mintmark.cli import main
from mintmark.core.provenance.pins import LOCK
from mintmark.core.records import format_pointer
from mintmark.judging.pipeline.head_files import HeadFiles
from mintmark.judging.pipeline.locked_inputs import unlike_head
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.pipeline import LockedFile, LockedStage
from mintmark.registry.tree import WorkTree

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

_ATTRIBUTES = "/.dvc/store/** binary\n"  # what this repository had before it said anything of text


def clone(scratch: Scratch, folder: Path, monkeypatch: pytest.MonkeyPatch, *, attributes: str | None) -> Scratch:
    """Clone a registry as Git for Windows does."""
    if attributes is not None:
        scratch.write(".gitattributes", attributes)
        scratch.commit("Attributes")
    config = folder / "config"
    config.write_text("[core]\n\tautocrlf = true\n[user]\n\tname = Ada\n\temail = ada@example.org\n", "utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    scratch.git("clone", "--quiet", str(scratch.root), str(folder / "windows"))
    return type(scratch)(folder / "windows", scratch.artifact, commits=scratch.commits)


@pytest.fixture
def windows(scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A work tree whose text ends its lines in CRLF."""
    made = clone(scratch, tmp_path, monkeypatch, attributes=_ATTRIBUTES)
    assert b"\r\n" in made.path("models/iris/versions/1.0.0/version.yaml").read_bytes()
    return made


def test_with_our_attributes_text_is_lf_everywhere(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = clone(scratch, tmp_path, monkeypatch, attributes=None)
    for path in sorted(made.path("models").rglob("*.*")):
        assert path.is_dir() or b"\r" not in path.read_bytes(), path
    assert main(["-C", str(made.root), "verify"]) == 0


def test_what_reads_sees_no_difference(windows: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["verify"],
        ["validate"],
        ["list"],
        ["list", "--versions"],
        ["show", "iris@production"],
        ["history", "iris"],
    ):
        assert main(["-C", str(windows.root), *arguments]) == 0, capsys.readouterr()
    pointer = "models/iris/versions/1.0.0/model.skops.dvc"
    record = ClonedRegistry(windows.root).record("iris", "1.0.0")
    assert WorkTree(windows.root).read(pointer) == format_pointer(record.artifact).encode()


def test_a_pointer_that_was_committed_with_them_still_points(scratch: Scratch) -> None:
    path = scratch.path("models/iris/versions/1.0.0/model.skops.dvc")
    scratch.write(".gitattributes", _ATTRIBUTES)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    scratch.commit("As Windows has it")
    assert main(["-C", str(scratch.root), "verify", "--at", "HEAD"]) == 0


def test_a_change_under_way_is_hashed_as_git_would_keep_it(windows: Scratch) -> None:
    path = "models/iris/channels/production.yaml"
    windows.write(path, windows.path(path).read_bytes().replace(b"1.1.0", b"1.0.0"))
    entry = WorkTree(windows.root).entries("models")[path]
    windows.git("add", path)
    assert entry.oid == windows.git("rev-parse", f":{path}")


def test_what_is_committed_ends_its_lines_in_lf(windows: Scratch) -> None:
    assert main(["-C", str(windows.root), "promote", "iris@1.0.0", "staging", "--here"]) == 0
    assert main(["-C", str(windows.root), "rollback", "iris", "production", "--here"]) == 0
    made = git.run_git("log", "-3", "-p", "--binary", cwd=windows.root)
    assert b"\r" not in made
    assert windows.git("status", "--porcelain") == ""
    assert main(["-C", str(windows.root), "validate"]) == 0


def test_text_that_is_given_with_them_too(windows: Scratch) -> None:
    content = {"models/iris/new.yaml": b"a: 1\r\n", ".dvc/store/files/md5/ab/c": b"1\r\n"}
    commit_files(windows.root, writes=content, message="Change", branch=None)
    kept = {path: git.run_git("cat-file", "blob", f"HEAD:{path}", cwd=windows.root) for path in content}
    assert kept == {"models/iris/new.yaml": b"a: 1\n", ".dvc/store/files/md5/ab/c": b"1\r\n"}


def test_dvc_lock_may_have_been_written_beside_them(windows: Scratch) -> None:
    from mintmark.artifacts.digest import digest_bytes

    content = b"a\r\nb\r\n"
    dep = LockedFile(path="scripts/train.py", hash="md5:" + digest_bytes(content).md5, size=6)
    stage = LockedStage(name="train", cmd="", deps=(dep,))
    for text, alike in ((b"a\nb\n", True), (b"a\nc\n", False)):
        windows.write(dep.path, text)
        windows.commit()
        head = ClonedRegistry(windows.root, at="HEAD")
        assert (not list(unlike_head({"train": stage}, HeadFiles(head, [dep.path])))) == alike


def test_the_digest_of_the_lock_is_that_of_git(windows: Scratch) -> None:
    from mintmark.changing.environment import describe_environment

    windows.write(LOCK, b"numpy==2.0\n")
    unix = describe_environment(windows.root, "skops", ())[0]["lock"]
    windows.write(LOCK, b"numpy==2.0\r\n")
    assert describe_environment(windows.root, "skops", ())[0]["lock"] == unix


@pytest.mark.slow
def test_a_proposal_from_such_a_work_tree_passes(
    first: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first.write(".gitattributes", _ATTRIBUTES)
    first.commit("Attributes")
    settings = tmp_path / "settings"
    settings.write_text("[core]\n\tautocrlf = true\n[log]\n\tfollow = true\n", "utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    for path in first.git("ls-files").split("\n"):
        first.path(path).unlink()
    first.git("checkout", "--", ".")
    assert b"\r\n" in first.path("dvc.lock").read_bytes()
    first.repro()
    assert run(first, "propose", "tiny") == 0, capsys.readouterr()
    assert b"\r" not in git.run_git("show", "HEAD", "--", ":!.dvc", cwd=first.root)
    capsys.readouterr()
    run(first, "review", "--base", "main", "--head", "HEAD", "--author", "ada")
    told = capsys.readouterr().out
    failed = [line for line in told.splitlines() if line.startswith("✗")]
    assert failed, told
    assert all("claims:" in line for line in failed), told  # the toy measures no intervals as Mintmark does


def run(scratch: Scratch, *arguments: str) -> int:
    return main(["-C", str(scratch.root), *arguments])
