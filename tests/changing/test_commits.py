from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.once import Once

from mintmark.changing import commits
from mintmark.changing import journal as pending
from mintmark.changing.commits import commit_files, read_author, require_clean, require_ready
from mintmark.changing.lock import one_at_a_time
from mintmark.errors import MintmarkError

CHANNEL = "models/iris/channels/production.yaml"
RECORD = "models/iris/versions/1.1.0/version.yaml"
WRITES = {CHANNEL: b"version: 1.1.0\n", RECORD: b"new: record\n", ".dvc/store/files/md5/ab/cd": b"\0\xff\r\n"}
STEPS = ("_place_files", "_create_branch", "_install_index", "_move_head")


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ("git", *arguments), cwd=self.root, capture_output=True, text=True, check=True
        ).stdout.strip()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def state(self) -> Any:
        """Everything that can be seen of the repository."""
        files = {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.root).parts
        }
        folders = sorted(str(p) for p in self.root.rglob("*") if p.is_dir() and ".git" not in p.parts)
        seen = ["status --porcelain -uall", "for-each-ref", "ls-files --stage"]
        head = (self.root / ".git/HEAD").read_text()
        locks = sorted(path.name for path in (self.root / ".git").glob("*.lock"))
        return files, folders, [self.git(*command.split()) for command in seen], locks, head

    def change(self, branch: str | None = "promote/iris") -> commits.NewCommit:
        return commit_files(self.root, writes=WRITES, message="promote iris\n\nwhy\n", branch=branch)


def begin(root: Path) -> None:
    made = Repository(root)
    root.mkdir()
    made.git("init", "--quiet", "-b", "main")
    made.git("config", "user.name", "Ada")
    made.git("config", "user.email", "ada@example.org")
    made.write(CHANNEL, "version: 1.0.0\n")
    made.write("notes.txt", "one\n")
    made.write(".gitignore", "/models/*/versions/*/*\n")
    made.git("add", "-A")
    made.git("commit", "--quiet", "-m", "start")


@pytest.fixture(scope="session")
def _begun(once: Once) -> Path:
    return once.build("commits", begin)


@pytest.fixture
def repository(_begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}", raising=False)
    return Repository(shutil.copytree(_begun, tmp_path / "registry"))


@pytest.mark.parametrize("branch", [None, "promote/iris"])
def test_one_commit_that_leaves_the_tree_clean(repository: Repository, branch: str | None) -> None:
    before = repository.git("rev-parse", "HEAD")
    made = repository.change(branch)
    assert repository.git("status", "--porcelain", "-uall") == ""
    assert repository.git("rev-parse", "HEAD") == made.oid
    assert repository.git("rev-parse", "HEAD^") == before
    assert repository.git("branch", "--show-current") == made.branch == (branch or "main")
    assert made.fresh == (branch is not None)
    assert set(repository.git("diff", "--name-only", "HEAD^", "HEAD").splitlines()) == set(WRITES)
    for path, content in WRITES.items():
        assert (repository.root / path).read_bytes() == content
        assert subprocess.check_output(("git", "show", f"HEAD:{path}"), cwd=repository.root) == content
    assert (made.subject, made.body) == ("promote iris", "why\n")
    assert repository.git("log", "-1", "--format=%an <%ae>|%B").strip() == "Ada <ada@example.org>|promote iris\n\nwhy"
    assert not pending.pending_folder(repository.root).exists()


def test_a_fresh_branch_leaves_the_old_one_where_it_was(repository: Repository) -> None:
    main = repository.git("rev-parse", "main")
    repository.change()
    assert repository.git("rev-parse", "main") == main
    repository.git("switch", "--quiet", "main")
    assert (repository.root / CHANNEL).read_text() == "version: 1.0.0\n"
    assert not (repository.root / RECORD).exists()


def test_a_taken_branch_name_gets_a_number(repository: Repository) -> None:
    repository.git("branch", "promote/iris")
    repository.git("update-ref", "refs/remotes/origin/promote/iris-2", "HEAD")
    assert repository.change().branch == "promote/iris-3"


def test_untracked_files_are_left_alone(repository: Repository) -> None:
    repository.write("mine.txt", "mine")
    repository.change()
    assert repository.git("status", "--porcelain") == "?? mine.txt"


def test_included_files_go_in_as_they_lie(repository: Repository) -> None:
    repository.write("notes.txt", "two\n")
    repository.write("new.py", "pass\n")
    (repository.root / "new.py").chmod(0o755)
    repository.write("gone.txt", "x")
    repository.git("add", "gone.txt")
    (repository.root / "gone.txt").unlink()
    include = ["notes.txt", "new.py", "gone.txt"]
    commit_files(repository.root, writes={RECORD: b"x"}, message="m\n", branch=None, include=include)
    assert repository.git("show", "HEAD:notes.txt") == "two"
    assert repository.git("ls-tree", "HEAD", "new.py").startswith("100755")
    assert "gone.txt" not in repository.git("ls-tree", "--name-only", "HEAD")
    assert repository.git("status", "--porcelain", "-uall") == ""


def test_a_file_that_changed_in_the_second_of_the_index_is_included(repository: Repository) -> None:
    """It has the size and, in whole seconds, the times that Git knows, as after a quick edit behind `git switch`."""
    repository.git("config", "core.trustctime", "false")
    for text in ("six\n", "two\n"):
        repository.write("notes.txt", text)
        os.utime(repository.root / "notes.txt", (1_700_000_000, 1_700_000_000))
        if text == "six\n":
            repository.git("add", "notes.txt")
            os.utime(repository.root / ".git/index", (1_700_000_000, 1_700_000_000))
    commit_files(repository.root, writes={RECORD: b"x"}, message="m\n", branch=None, include=["notes.txt"])
    assert repository.git("show", "HEAD:notes.txt") == "two"


def test_a_file_in_the_way_is_not_overwritten(repository: Repository) -> None:
    repository.write(RECORD, "mine")  # ignored by Git, so no other check sees it
    before = repository.state()
    with pytest.raises(MintmarkError, match=r"version\.yaml: is in the way and not in Git"):
        repository.change()
    assert repository.state() == before
    assert (repository.root / RECORD).read_text() == "mine"


def test_an_untracked_file_with_the_same_bytes_is_taken_up(repository: Repository) -> None:
    repository.write(RECORD, "new: record\n")
    repository.change()
    assert repository.git("show", f"HEAD:{RECORD}") == "new: record"


@pytest.mark.parametrize("target", ["file", "folder"])
def test_links_are_not_followed(repository: Repository, target: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = repository.root / (CHANNEL if target == "file" else "models/iris/channels")
    subprocess.run(("rm", "-r", str(link)), check=True)
    link.symlink_to(outside / "x" if target == "file" else outside)
    before = repository.state()
    with pytest.raises(MintmarkError, match="is a symbolic link"):
        repository.change()
    assert repository.state() == before
    assert list(outside.iterdir()) == []


def test_nothing_to_commit(repository: Repository) -> None:
    before = repository.state()
    with pytest.raises(MintmarkError, match="nothing to commit"):
        commit_files(repository.root, writes={CHANNEL: b"version: 1.0.0\n"}, message="m\n", branch="b")
    assert repository.state() == before


def test_hooks_do_not_run(repository: Repository) -> None:
    for name in ("pre-commit", "commit-msg", "post-checkout"):
        hook = repository.root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntouch hook-ran\nexit 1\n")
        hook.chmod(0o755)
    repository.change()
    assert not (repository.root / "hook-ran").exists()


def test_signing_is_asked_for_where_it_is_configured(repository: Repository, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)), check=True)
    for name, value in (("commit.gpgSign", "yes"), ("gpg.format", "ssh"), ("user.signingKey", str(key))):
        repository.git("config", name, value)
    repository.change()
    assert "BEGIN SSH SIGNATURE" in repository.git("cat-file", "commit", "HEAD")
    key.unlink()
    repository.git("config", "user.signingKey", str(tmp_path / "none"))
    before = repository.state()
    with pytest.raises(MintmarkError, match="git commit-tree"):
        commit_files(repository.root, writes={CHANNEL: b"version: 2.0.0\n"}, message="m\n", branch="b")
    assert repository.state() == before


@pytest.mark.parametrize("branch", [None, "promote/iris"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_an_error_at_any_step_changes_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, step: str, branch: str | None, late: bool
) -> None:
    if late and step == "_move_head":
        pytest.skip("after the last step the change is whole")
    before = repository.state()
    real: Callable[..., None] = getattr(pending, step)

    def failing(*arguments: Any) -> None:
        if late:
            real(*arguments)
        raise OSError("no space left")

    monkeypatch.setattr(pending, step, failing)
    with pytest.raises(OSError, match="no space left"):
        repository.change(branch)
    assert repository.state() == before
    assert not pending.pending_folder(repository.root).exists()


CHILD = """
import os, signal, sys
from pathlib import Path
from mintmark.changing import journal as pending
from mintmark.changing import commits
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell ignores it
root, step, late, branch, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "after", sys.argv[4] or None, sys.argv[5]
module = commits if hasattr(commits, step) else pending
real = getattr(module, step)
def dying(*arguments):
    result = real(*arguments) if late else None
    os.kill(os.getpid(), getattr(signal, how))
    return real(*arguments) if result is None and not late else result
setattr(module, step, dying)
writes = {
    "models/iris/channels/production.yaml": b"version: 1.1.0\\n",
    "models/iris/versions/1.1.0/version.yaml": b"new: record\\n",
    ".dvc/store/files/md5/ab/cd": b"\\0\\xff\\r\\n",
}
commits.commit_files(root, writes=writes, message="promote iris\\n", branch=branch)
"""


def run_child(repository: Repository, step: str, when: str, branch: str | None, how: str) -> int:
    command = (sys.executable, "-c", CHILD, str(repository.root), step, when, branch or "", how)
    return subprocess.run(command, capture_output=True, check=False, cwd=repository.root).returncode


@pytest.mark.parametrize("branch", [None, "promote/iris"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["stage_files", "_write_tree", "_write_commit"])
def test_kill_9_while_the_commit_is_built_changes_nothing(
    repository: Repository, step: str, when: str, branch: str | None
) -> None:
    before = repository.state()
    assert run_child(repository, step, when, branch, "SIGKILL") == -signal.SIGKILL
    assert repository.state() == before
    with one_at_a_time(repository.root, "test"):
        repository.change(branch)
    assert repository.git("status", "--porcelain", "-uall") == ""


@pytest.mark.parametrize("branch", [None, "promote/iris"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_the_next_command_undoes_what_kill_9_left(
    repository: Repository, step: str, when: str, branch: str | None
) -> None:
    before = repository.state()
    assert run_child(repository, step, when, branch, "SIGKILL") == -signal.SIGKILL
    with one_at_a_time(repository.root, "test"):
        pass
    if (step, when) == ("_move_head", "after"):
        assert repository.git("status", "--porcelain", "-uall") == ""
        assert repository.git("log", "-1", "--format=%s") == "promote iris"
    else:
        assert repository.state() == before
    assert not pending.pending_folder(repository.root).exists()


def test_what_others_did_after_kill_9_is_kept(repository: Repository) -> None:
    run_child(repository, "_move_head", "before", "promote/iris", "SIGKILL")
    repository.write(CHANNEL, "version: 3.0.0\n")
    repository.write("mine.txt", "mine")
    repository.git("add", "mine.txt")
    with one_at_a_time(repository.root, "test"):
        pass
    assert (repository.root / CHANNEL).read_text() == "version: 3.0.0\n"
    assert not (repository.root / RECORD).exists()
    assert repository.git("diff", "--cached", "--name-only") == "mine.txt"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_signals_wait_for_the_quick_steps(repository: Repository, step: str, how: str) -> None:
    """The signal ends the process all the same, but not half-way."""
    assert run_child(repository, step, "before", "promote/iris", how) != 0
    assert repository.git("status", "--porcelain", "-uall") == ""
    assert repository.git("branch", "--show-current") == "promote/iris"


@pytest.mark.parametrize("step", ["stage_files", "_write_tree", "_write_commit"])
def test_ctrl_c_before_that_changes_nothing(repository: Repository, step: str) -> None:
    before = repository.state()
    assert run_child(repository, step, "after", "promote/iris", "SIGINT") != 0
    assert repository.state() == before


def test_a_lock_of_git_is_respected(repository: Repository) -> None:
    """An empty one too: Git makes the lock before it writes into it."""
    lock = repository.root / ".git/index.lock"
    lock.touch()
    with pytest.raises(MintmarkError, match="another git command is at work"):
        repository.change()
    lock.unlink()
    assert repository.git("status", "--porcelain", "-uall") == ""
    assert repository.git("branch", "--list", "promote/*") == ""


def test_an_index_that_changes_meanwhile_is_respected(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    real = commits._write_commit

    def interfering(*arguments: Any) -> str:
        repository.write("mine.txt", "mine")
        repository.git("add", "mine.txt")
        return real(*arguments)

    monkeypatch.setattr(commits, "_write_commit", interfering)
    with pytest.raises(MintmarkError, match="the Git index changed meanwhile"):
        repository.change()
    assert repository.git("status", "--porcelain", "-uall") == "A  mine.txt"


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        (["checkout --quiet --detach"], "on no branch"),
        (["checkout --quiet --orphan fresh"], "no commit yet"),
        (["config --unset user.email"], "does not know who you are"),
        (["config --unset user.name"], "does not know who you are"),
    ],
)
def test_where_no_commit_can_be_made(repository: Repository, commands: list[str], message: str) -> None:
    for command in commands:
        repository.git(*command.split())
    before = repository.state()[0]
    for call in (lambda: require_ready(repository.root), repository.change):
        with pytest.raises(MintmarkError, match=message) as raised:
            call()
        assert "\n" not in str(raised.value)
    assert repository.state()[0] == before


@pytest.mark.parametrize("action", ["merge", "rebase", "cherry-pick", "revert"])
def test_unfinished_business(repository: Repository, action: str) -> None:
    repository.git("switch", "--quiet", "-c", "other")
    for text in ("two\n", "three\n"):
        repository.write("notes.txt", text)
        repository.git("commit", "--quiet", "-am", text)
    repository.git("switch", "--quiet", "main")
    repository.write("notes.txt", "four\n")
    repository.git("commit", "--quiet", "-am", "four")
    target = "other~1" if action == "revert" else "other"
    subprocess.run(("git", action, target), cwd=repository.root, capture_output=True, check=False)
    with pytest.raises(MintmarkError, match=f"a {action} is under way here; finish it .*, or git {action} --abort"):
        require_ready(repository.root)


def test_clean(repository: Repository) -> None:
    repository.write("untracked.txt", "x")
    require_clean(repository.root)
    repository.write("notes.txt", "two\n")
    with pytest.raises(MintmarkError, match=r"^notes\.txt: changed and not committed"):
        require_clean(repository.root)
    repository.git("add", "notes.txt")
    with pytest.raises(MintmarkError, match=r"notes\.txt"):
        require_clean(repository.root)


def test_author(repository: Repository) -> None:
    assert read_author(repository.root) == "Ada <ada@example.org>"


def test_linked_work_tree(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = Repository(tmp_path / "side")
    main = repository.state()[0]
    side.change("promote/iris")
    assert side.git("status", "--porcelain", "-uall") == ""
    assert side.git("branch", "--show-current") == "promote/iris"
    assert repository.git("branch", "--show-current") == "main"
    assert repository.state()[0] == main
