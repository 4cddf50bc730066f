from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mintmark.cli import main
from mintmark.errors import MintmarkError, MintmarkWarning
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.repository.main_line import commit_before, find_base

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


@contextmanager
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def production(scratch: Scratch, at: str) -> str:
    return ClonedRegistry(scratch.root, at=at).channels("iris")["production"]


def unmerged(scratch: Scratch) -> None:
    """Point production back on a branch that nobody has merged; it is checked out."""
    scratch.git("switch", "--quiet", "-c", "promotion")
    scratch.promote("iris", "1.0.0")  # 8 January


# A branch wins over a tag.


@pytest.mark.parametrize("suffix", ["", "~0", "^{commit}", "@{0}"])
def test_a_tag_named_like_a_branch_is_not_the_branch(scratch: Scratch, suffix: str) -> None:
    scratch.git("tag", "main", "HEAD~4")
    with pytest.warns(MintmarkWarning, match='"main" names a branch and a tag; the branch counts'):
        assert git.resolve_commit(scratch.root, f"main{suffix}") == scratch.head
    with no_warning():
        assert git.resolve_commit(scratch.root, "refs/tags/main") == scratch.git("rev-parse", "HEAD~4")
        assert git.resolve_commit(scratch.root, "HEAD") == scratch.head


@pytest.mark.parametrize("when", ["2020-01-01", "yesterday", "now", "2 days ago", "1700000000"])
def test_when_a_clone_moved_a_branch_is_no_date_of_it(scratch: Scratch, when: str) -> None:
    scratch.git("config", "core.logAllRefUpdates", "true")
    for revision in (f"main@{{{when}}}", f"@{{{when}}}", f"HEAD@{{{when}}}~1"):
        with pytest.raises(MintmarkError, match=r"asks when a branch was moved in this clone.*--at 2026-06-01"):
            ClonedRegistry(scratch.root, at=revision)
        with pytest.raises(MintmarkError, match="asks when a branch was moved"):
            git.resolve_commit(scratch.root, revision)


def test_an_entry_of_the_reflog_is_a_revision(scratch: Scratch) -> None:
    scratch.promote("iris", "1.2.0")
    scratch.git("reset", "--quiet", "--hard", "HEAD~2")
    assert git.resolve_commit(scratch.root, "main@{1}") == scratch.git("rev-parse", "ORIG_HEAD")
    for missing in ("main@{999}", "@{999}"):
        with pytest.raises(MintmarkError, match="is not in the reflog of this clone; git reflog lists what is"):
            ClonedRegistry(scratch.root, at=missing)


def test_what_a_branch_follows_is_a_revision(scratch: Scratch) -> None:
    scratch.git("branch", "--quiet", "side", "HEAD~1")
    scratch.git("branch", "--quiet", "--set-upstream-to=side", "main")
    for revision in ("main@{upstream}", "@{u}", "main@{U}"):
        assert git.resolve_commit(scratch.root, revision) == scratch.git("rev-parse", "HEAD~1")


def test_nor_is_one_named_like_a_branch_of_a_remote(scratch: Scratch) -> None:
    scratch.git("update-ref", "refs/remotes/origin/main", "HEAD")
    scratch.git("tag", "origin/main", "HEAD~4")
    with pytest.warns(MintmarkWarning, match="a branch and a tag"):
        assert git.resolve_commit(scratch.root, "origin/main") == scratch.head
    scratch.git("branch", "origin/main", "HEAD~1")
    with pytest.raises(MintmarkError, match="write refs/heads/origin/main or refs/remotes/origin/main"):
        git.resolve_commit(scratch.root, "origin/main")


def test_no_branch_stands_in_for_a_commit(scratch: Scratch) -> None:
    oid = scratch.head
    scratch.git("update-ref", f"refs/heads/{oid}", "HEAD~4")
    assert git.resolve_commit(scratch.root, oid) == oid


def test_a_tag_named_like_the_branch_that_is_checked_out(scratch: Scratch) -> None:
    scratch.git("tag", "main", "HEAD~4")
    assert git.current_branch(scratch.root) == "main"


# A full date is a date.


@pytest.mark.parametrize("ref", ["refs/tags/2026-01-03", "refs/heads/2026-01-03"])
def test_a_name_like_a_date_changes_no_answer(scratch: Scratch, ref: str) -> None:
    scratch.git("update-ref", ref, "HEAD")
    with pytest.warns(MintmarkWarning, match=f"is a date, and also the name of {ref}; the date counts"):
        assert production(scratch, "2026-01-03") == "1.0.0"
    assert production(scratch, ref) == "1.1.0"


def test_what_no_calendar_has_may_be_a_tag(scratch: Scratch) -> None:
    scratch.git("tag", "2026-02-30", "HEAD~4")
    assert production(scratch, "2026-02-30") == "1.0.0"


@pytest.mark.parametrize(
    "at",
    ["1969-11-25", "1970-01-01", "0001-01-01", "1969-12-31T23:59:59Z", "1970-01-01T00:00+14:00", "2025-12-31"],
)
def test_before_the_first_commit_there_was_none(scratch: Scratch, at: str) -> None:
    with pytest.raises(MintmarkError, match="this registry had no commit yet on"):
        ClonedRegistry(scratch.root, at=at)


@pytest.mark.parametrize("at", ["0000-01-01", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "2026-13-01"])
def test_beyond_the_calendar(scratch: Scratch, at: str) -> None:
    with pytest.raises(MintmarkError, match="is not a date"):
        ClonedRegistry(scratch.root, at=at)


def test_a_commit_of_the_first_second_was_there_then(scratch: Scratch) -> None:
    first = {"GIT_COMMITTER_DATE": "@0 +0000"}
    tree = scratch.git("rev-parse", "HEAD^{tree}")
    old = git.run_git("commit-tree", tree, "-m", "First", cwd=scratch.root, environment=first).decode().strip()
    start = datetime.fromtimestamp(0, UTC)
    assert commit_before(scratch.root, start, old) == old
    assert commit_before(scratch.root, start - timedelta(seconds=1), old) is None


@pytest.mark.parametrize("at", ["2100-01-01", "9999-12-31", "2040-06-01T00:00Z"])
def test_what_has_not_come_yet_is_told_as_that(scratch: Scratch, at: str) -> None:
    with pytest.warns(MintmarkWarning, match="has not come yet; this is the base branch as it is now"):
        assert production(scratch, at) == "1.1.0"


def test_today_and_this_minute_have_come(scratch: Scratch) -> None:
    now = datetime.now(UTC)
    with no_warning():
        for at in (now.strftime("%Y-%m-%d"), now.strftime("%Y-%m-%dT%H:%MZ"), now.isoformat(timespec="seconds")):
            assert production(scratch, at) == "1.1.0"
    with pytest.warns(MintmarkWarning, match="has not come yet"):
        production(scratch, (now + timedelta(hours=1)).isoformat(timespec="seconds"))


# What is not merged has not happened.


def test_a_branch_that_is_not_merged_was_never_in_production(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    merged = ClonedRegistry(scratch.root).history("iris").moves
    unmerged(scratch)
    assert ClonedRegistry(scratch.root).history("iris").moves == merged
    assert production(scratch, "2026-02-01") == "1.1.0"
    assert production(scratch, "HEAD") == "1.0.0"
    assert len(ClonedRegistry(scratch.root, at="HEAD").history("iris").moves) == len(merged) + 1
    assert main(["-C", str(scratch.root), "history", "iris"]) == 0
    told = capsys.readouterr()
    assert told.err == "warning: promotion moves channels of iris that main does not yet; --at HEAD tells of them\n"
    assert "rolled back" not in told.out
    assert main(["-C", str(scratch.root), "history", "iris", "--at", "HEAD"]) == 0
    told = capsys.readouterr()
    assert (told.err, "rolled back" in told.out) == ("", True)


def test_the_branch_of_the_remote_counts_where_it_is_ahead(scratch: Scratch) -> None:
    unmerged(scratch)
    scratch.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert production(scratch, "2026-02-01") == "1.0.0"
    scratch.git("switch", "--quiet", "main")
    scratch.git("update-ref", "refs/remotes/origin/main", "HEAD~1")  # main here is ahead
    scratch.promote("iris", "1.2.0", "production")
    assert production(scratch, "2026-02-01") == "1.2.0"
    scratch.git("update-ref", "refs/remotes/origin/main", "promotion")
    with pytest.warns(MintmarkWarning, match="have gone apart; the remote's is told"):
        assert production(scratch, "2026-02-01") == "1.0.0"


def test_another_name_of_the_remote(scratch: Scratch) -> None:
    scratch.git("update-ref", "refs/remotes/upstream/main", "HEAD~4")
    unmerged(scratch)
    scratch.git("branch", "--quiet", "-D", "main")
    assert production(scratch, "2026-02-01") == "1.0.0"


@pytest.mark.parametrize("branch", ["trunk", "x" * 200_000, "../main", "a" * 300])
def test_a_base_branch_that_is_nowhere_is_said(
    scratch: Scratch, branch: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.edit("models/registry.yaml", "name:", f"base_branch: {branch}\nname:")
    scratch.commit()
    for arguments in (["history", "iris"], ["list", "--at", "2026-01-05"], ["validate"], ["rollback", "iris"]):
        assert main(["-C", str(scratch.root), *arguments]) == 1
        told = capsys.readouterr()
        assert "base_branch" in told.out + told.err
        assert len(told.out + told.err) < 2000


def test_before_the_first_commit_the_base_branch_is_nowhere_yet(empty_registry: Scratch) -> None:
    assert find_base(empty_registry.root, "main") is None


# What Git refuses to answer is no empty answer.


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        (".git/HEAD", "nonsense", "not a git repository"),
        (".git/refs/heads/main", "nonsense", "ref: HEAD|broken ref"),
        (".git/refs/heads/main", "", "ref: HEAD|broken ref"),
        (".git/refs/heads/main", "1" * 40, "which is missing from this clone"),
        (".git/config", "[core\n", "bad config"),
        (".git/index", "nonsense", "index file"),
    ],
)
def test_damage_is_told_in_gits_own_words(
    scratch: Scratch, path: str, content: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.write(path, content)
    for arguments in (["validate"], ["list", "--versions"], ["history", "iris"]):
        if path == ".git/index" and arguments[0] == "history":
            continue  # which does not ask for it
        assert main(["-C", str(scratch.root), *arguments]) == 1, arguments
        assert re.search(words, capsys.readouterr().err)


def test_what_belongs_to_somebody_else(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for arguments in (
        ["validate"],
        ["list", "--versions"],
        ["history", "iris"],
        ["list", "--at", "main"],
        ["verify", "--at", "HEAD"],
    ):
        assert main(["-C", str(scratch.root), *arguments]) == 1
        assert "dubious ownership" in capsys.readouterr().err


def test_missing_objects_are_no_empty_history(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    for pack in scratch.path(".git/objects/pack").iterdir():
        pack.unlink()
    for arguments in (
        ["validate"],
        ["list", "--versions"],
        ["history", "iris"],
        ["verify", "--at", "HEAD"],
        ["list", "--at", "2026-01-05"],
    ):
        assert main(["-C", str(scratch.root), *arguments]) == 1, arguments
        assert capsys.readouterr().err.startswith("mintmark: ")


def test_borrowed_objects_that_are_gone(scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scratch.git("clone", "--quiet", "--shared", str(scratch.root), str(tmp_path / "borrower"))
    scratch.path(".git/objects").rename(scratch.path(".git/elsewhere"))
    for arguments in (["validate"], ["history", "iris"], ["list", "--at", "2026-01-05"]):
        assert main(["-C", str(tmp_path / "borrower"), *arguments]) == 1
        assert capsys.readouterr().err.startswith("mintmark: ")
