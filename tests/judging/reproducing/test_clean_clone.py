"""A clone that holds a commit as it is, whatever Git is set to here and whatever lies in the work tree."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch

from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.clean_clone import clone_commit
from mintmark.judging.reproducing.stage_runs import Workshop


@pytest.fixture
def made(tmp_path: Path) -> Scratch:
    scratch = Scratch(tmp_path / "registry: one's own")
    scratch.root.mkdir()
    scratch.git("init", "--quiet", "-b", "main")
    scratch.write("text.txt", "one\ntwo\n")
    scratch.write(".gitattributes", "*.bin filter=own\n*.txt text\n")
    scratch.write("data.bin", "plain")
    scratch.commit("first")
    return scratch


def test_a_commit_of_no_branch_is_cloned_alone(made: Scratch, tmp_path: Path) -> None:
    commit = made.git("rev-parse", "HEAD")
    made.git("switch", "--quiet", "--orphan", "other")
    made.git("branch", "--quiet", "-D", "main")
    clone_commit(made.root, commit, tmp_path / "clone")
    clone = Scratch(tmp_path / "clone")
    assert clone.git("rev-parse", "HEAD") == commit
    assert clone.git("for-each-ref") == ""
    assert clone.git("status", "--porcelain") == ""
    assert str(made.root) not in (clone.root / ".git/config").read_text()
    assert not (clone.root / ".git/FETCH_HEAD").exists()
    assert not (clone.root / ".git/objects/info/alternates").exists()


def test_no_setting_of_the_user_takes_part(made: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither filters, hooks and line ends nor templates and default branches."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "hooks").mkdir()
    for name in ("post-checkout", "reference-transaction", "hooks/post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
        (hooks / name).chmod(0o755)
    attributes = tmp_path / "xdg/git/attributes"
    attributes.parent.mkdir(parents=True)
    attributes.write_text("*.txt eol=crlf\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    settings = tmp_path / "settings"
    settings.write_text(
        f"[core]\nhooksPath = {hooks}\nautocrlf = true\n"
        f'[init]\ntemplateDir = {hooks}\n[filter "own"]\nsmudge = tr a-z A-Z\nrequired = true\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(hooks))
    clone_commit(made.root, made.git("rev-parse", "HEAD"), tmp_path / "clone")
    assert (tmp_path / "clone/text.txt").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "clone/data.bin").read_bytes() == b"plain"
    assert not (tmp_path / "hooked").exists()
    assert not (tmp_path / "clone/.git/hooks").exists()


def test_a_hook_says_where_git_is(made: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a hook, variables lead every Git command to the repository that it runs for."""
    commit, index = made.git("rev-parse", "HEAD"), (made.root / ".git/index").read_bytes()
    made.write("text.txt", "edited")
    monkeypatch.setenv("GIT_DIR", str(made.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(made.root / ".git/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(made.root))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(made.root / ".git/objects"))
    clone_commit(made.root, commit, tmp_path / "clone")
    assert (tmp_path / "clone/text.txt").read_text() == "one\ntwo\n"
    assert (tmp_path / "clone/.git/HEAD").read_text().strip() == commit
    assert made.read("text.txt") == "edited"
    assert (made.root / ".git/HEAD").read_text() == "ref: refs/heads/main\n"
    assert (made.root / ".git/index").read_bytes() == index
    monkeypatch.undo()
    assert Scratch(tmp_path / "clone").git("ls-tree", "--name-only", "HEAD").splitlines()[-1] == "text.txt"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_repository_of_somebody_else(made: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container has it that mounts one: the user has told Git that it is safe."""
    commit = made.git("rev-parse", "HEAD")
    for path in (made.root, *made.root.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    settings = tmp_path / "settings"
    settings.write_text("[safe]\ndirectory = *\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    clone_commit(made.root, commit, tmp_path / "clone")
    assert (tmp_path / "clone/text.txt").exists()


def test_a_linked_work_tree_and_other_object_ids(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "registry")
    scratch.root.mkdir()
    if subprocess.run(("git", "init", "--quiet", "--object-format=sha256"), cwd=scratch.root, check=False).returncode:
        pytest.skip("this Git knows sha1 alone")
    scratch.write("a", "b")
    scratch.commit("first")
    scratch.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    commit = scratch.git("rev-parse", "HEAD")
    clone_commit(tmp_path / "linked", commit, tmp_path / "clone")
    assert len(commit) == 64
    assert Scratch(tmp_path / "clone").git("rev-parse", "HEAD") == commit


@pytest.mark.parametrize("planted", ["link to a file", "folder", "folder is a link"])
def test_settings_of_dvc_are_not_written_through_what_a_commit_planted(
    made: Scratch, tmp_path: Path, planted: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "config.local").write_text("the user's own")
    made.write("dvc.lock", "")
    (made.root / ".dvc").mkdir()
    if planted == "link to a file":
        (made.root / ".dvc/config.local").symlink_to(outside / "config.local")
    elif planted == "folder":
        made.write(".dvc/config.local/file", "")
    else:
        (made.root / ".dvc").rmdir()
        (made.root / ".dvc").symlink_to(outside)
    made.commit("plant")
    workshop = Workshop(folder=tmp_path / "workshop", root=made.root)
    workshop.folder.mkdir()
    if planted == "link to a file":
        workshop.open(made.git("rev-parse", "HEAD"))
        assert "../../cache" in (workshop.clone / ".dvc/config.local").read_text()
    else:
        with pytest.raises(MintmarkError, match="no DVC project"):
            workshop.open(made.git("rev-parse", "HEAD"))
    assert (outside / "config.local").read_text() == "the user's own"


def test_nothing_is_read_through_a_link_that_leads_out(made: Scratch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    workshop = Workshop(folder=tmp_path / "workshop", root=made.root)
    workshop.clone.mkdir(parents=True)
    (workshop.clone / "file").write_text("plain")
    (workshop.clone / "link").symlink_to(tmp_path / "secret")
    (workshop.clone / "out").symlink_to(tmp_path)
    assert workshop.read("file", limit=5) == b"plain"
    assert workshop.read("file", limit=4) is None
    assert workshop.read("missing", limit=9) is None
    assert workshop.read("link", limit=9) is None
    assert workshop.contains("file")
    assert not workshop.contains("out/secret")
    assert not workshop.contains("../secret")
    assert workshop.read("out/secret", limit=9) is None
    assert workshop.read("../../secret", limit=9) is None


def test_outputs_that_a_commit_holds_are_forgotten(made: Scratch, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for name in ("made/model.json", "made/deep/plot.csv", "kept.txt"):
        made.write(name, "")
    (made.root / "link").symlink_to(tmp_path)
    made.write(".dvc/config", "")
    made.commit("outputs")
    workshop = Workshop(folder=tmp_path / "workshop", root=made.root)
    workshop.folder.mkdir()
    workshop.open(made.git("rev-parse", "HEAD"))
    workshop.forget(
        ["made/model.json", "made/deep", "missing", ".", "made/..", "../workshop", "link/mine.txt", "/etc/x"]
    )
    assert sorted(path.name for path in workshop.clone.rglob("*.*") if ".git/" not in str(path) and path.is_file()) == [
        ".gitattributes", "config.local", "data.bin", "kept.txt", "text.txt",
    ]  # fmt: skip
    assert (tmp_path / "mine.txt").read_text() == "mine"
