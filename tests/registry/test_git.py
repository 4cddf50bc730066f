from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.git import GitError

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

STRANGE = ["a b", "a\nb", "a\tb", "\x01\x02", "'\"\\", ":x", "é", "🌷", "-n", "a*b", "*", "[a]"]


def test_the_words_of_git_in_one_sentence(scratch: Scratch) -> None:
    with pytest.raises(GitError) as caught:
        git.run_git("cat-file", "blob", "no-such-thing", cwd=scratch.root)
    assert str(caught.value).startswith("git cat-file: ")
    assert "\n" not in str(caught.value)


def test_without_git_one_sentence(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MintmarkError, match="git is not installed, or not on the PATH"):
        git.run_git("status", cwd=scratch.root)


def test_any_name_is_listed_and_read(scratch: Scratch) -> None:
    names = {f"models/{name}" for name in STRANGE}
    for name in names:
        scratch.write(name, f"content of {name}")
    raw = os.fsencode(scratch.root) + b"/models/\xff\xfe"
    with open(raw, "wb") as file:
        file.write(b"not UTF-8")
    names.add(os.fsdecode(b"models/\xff\xfe"))
    assert names <= git.changed_paths(scratch.root, ["models"])
    scratch.commit()
    entries = git.list_tree(scratch.root, "HEAD", "models")
    assert names <= entries.keys()
    assert {name.partition("/")[2] for name in names} <= git.list_folder(scratch.root, "HEAD", "models").keys()
    contents = dict(git.read_blobs(scratch.root, {entries[name].oid for name in names}))
    for name in names:
        assert contents[entries[name].oid] == (b"not UTF-8" if "\udcff" in name else f"content of {name}".encode())
    assert names == {change.path for change in git.diff(scratch.root, "HEAD~1", "HEAD")}
    *_, (_, changes) = git.start_first_parent_log(scratch.root, "HEAD", ["models"])()
    assert names == {change.path for change in changes}


def test_any_subject_and_author_leave_the_log_readable(scratch: Scratch) -> None:
    scratch.write("models/x", "1")
    scratch.git("add", "-A")
    scratch.git("-c", "user.name=A\x01\x02B", "commit", "-m", "s\x01u\x02b: j\x1e")
    scratch.commits += 1
    scratch.write("models/x", "2")
    scratch.git("add", "-A")
    scratch.git("commit", "--allow-empty-message", "-m", "")
    log = list(git.start_first_parent_log(scratch.root, "HEAD", ["models"])())
    assert [len(changes) for _, changes in log[-2:]] == [1, 1]
    assert log[-2][0].subject == "s\x01u\x02b: j\x1e"
    assert log[-1][0].subject == ""
    assert log[-1][1][0].path == "models/x"


def test_the_log_has_commit_author_and_time(scratch: Scratch) -> None:
    commits = [commit for commit, _ in git.start_first_parent_log(scratch.root, "HEAD")()]
    assert [commit.subject for commit in commits][:2] == ["Begin the registry", "Propose iris 1.0.0"]
    assert commits[0].author == "Ada Lovelace <ada@example.org>"
    assert commits[0].time == 1767268800  # 2026-01-01T12:00:00Z
    assert commits[-1].oid == scratch.head


def test_a_merge_is_one_step_told_against_its_first_parent(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "-c", "side")
    for text in ("1", "2"):
        scratch.write("models/side", text)
        scratch.commit(f"Side {text}")
    scratch.git("switch", "--quiet", "main")
    scratch.write("models/main", "1")
    scratch.commit("Main")
    scratch.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
    log = list(git.start_first_parent_log(scratch.root, "HEAD", ["models"])())[-2:]
    assert [(commit.subject, [change.path for change in changes]) for commit, changes in log] == [
        ("Main", ["models/main"]),
        ("Merge side", ["models/side"]),
    ]


@pytest.mark.parametrize(
    "option",
    ["log.showSignature=true", "log.follow=true", "color.ui=always", "core.quotePath=true", "diff.renames=copies",
     "log.diffMerges=combined", "log.decorate=full", "log.date=relative", "format.pretty=fuller", "core.abbrev=4",
     "diff.noprefix=true", "status.relativePaths=false", "status.showUntrackedFiles=no", "status.branch=true",
     "status.short=true", "core.pager=false", "core.fsmonitor=false", "diff.external=false", "log.showRoot=false",
     "i18n.logOutputEncoding=ISO-8859-1", "diff.ignoreSubmodules=all", "core.precomposeUnicode=true", "log.mailmap=false",
     "diff.relative=true", "diff.orderFile=/nonexistent", "diff.mnemonicPrefix=true", "core.fsmonitor=/nonexistent",
     "submodule.recurse=true", "core.safecrlf=true", "core.splitIndex=true", "core.ignoreStat=true",
     "merge.renames=false", "core.autocrlf=true", "core.autocrlf=input", "core.untrackedCache=true"],
)  # fmt: skip
def test_no_setting_of_the_user_changes_what_is_read(
    scratch: Scratch, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch.git("commit", "--quiet", "--allow-empty", "-m", "Ünïcode")
    scratch.write("models/new", "é")
    expected = _everything(scratch)
    key, _, value = option.partition("=")
    (tmp_path / "config").touch()
    scratch.git("config", "--file", str(tmp_path / "config"), key, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    assert _everything(scratch) == expected


def _everything(scratch: Scratch) -> object:
    root = scratch.root
    return (
        list(git.start_first_parent_log(root, "HEAD", ["models/iris/channels"])()),
        list(git.start_first_parent_log(root, "HEAD")()),
        git.run_git("log", "--raw", "--format=%H", "HEAD", "--", "models/iris", cwd=root),
        git.changed_paths(root, ["models"]),
        git.list_tree(root, "HEAD"),
        git.list_folder(root, "HEAD", "models"),
        git.diff(root, "HEAD~3", "HEAD"),
    )


def test_a_rename_is_a_deletion_and_an_addition(scratch: Scratch) -> None:
    scratch.git("mv", "models/iris/model.yaml", "models/iris/renamed.yaml")
    scratch.git("commit", "--quiet", "-m", "Rename")
    expected = {"models/iris/model.yaml", "models/iris/renamed.yaml"}
    assert {change.path for change in git.diff(scratch.root, "HEAD~1", "HEAD")} == expected
    *_, (_, changes) = git.start_first_parent_log(scratch.root, "HEAD")()
    assert {change.path for change in changes} == expected


def test_a_missing_blob_says_what_to_do(scratch: Scratch) -> None:
    for limit in (None, 100):
        with pytest.raises(GitError, match=r"is missing from this clone; git fetch gets it"):
            list(git.read_blobs(scratch.root, ["1" * 40], limit=limit))


def test_a_blob_over_the_limit_is_not_read(scratch: Scratch) -> None:
    large = scratch.git("hash-object", "-w", "--stdin", data=b"x" * 500_000)
    small = scratch.git("hash-object", "-w", "--stdin", data=b"")
    assert dict(git.read_blobs(scratch.root, [large, small], limit=10)) == {large: b"\0" * 11, small: b""}
    assert len(dict(git.read_blobs(scratch.root, [large]))[large]) == 500_000
    assert list(git.read_blobs(scratch.root, [])) == []


def test_more_blobs_than_a_pipe_has_room_for_come_one_by_one(scratch: Scratch, tmp_path: Path) -> None:
    medium = scratch.git("hash-object", "-w", "--stdin", data=b"x" * 900)
    read = git.read_blobs(scratch.root, [medium] * 2000, limit=1000)
    assert [len(content) for _, content in read] == [900] * 2000
    read = git.read_blobs(scratch.root, [medium] * 2000, limit=1000)
    assert next(read) == (medium, b"x" * 900)
    read.close()  # type: ignore[attr-defined]
    with pytest.raises(GitError, match=r"git cat-file: .*not a git repository"):
        list(git.read_blobs(tmp_path, [medium] * 2000, limit=1000))


def test_a_submodule_is_listed_as_one(scratch: Scratch) -> None:
    head = scratch.head
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{head},models/sub")
    scratch.git("commit", "--quiet", "-m", "Submodule")
    assert git.list_tree(scratch.root, "HEAD", "models")["models/sub"] == git.Entry("160000", head)


def test_a_folder_is_not_another_that_begins_alike(scratch: Scratch) -> None:
    scratch.write("models/iris-large/model.yaml", "x")
    scratch.path("models/link").symlink_to("iris")
    scratch.commit()
    assert set(git.list_tree(scratch.root, "HEAD", "models/iris-large")) == {"models/iris-large/model.yaml"}
    assert "models/iris-large/model.yaml" not in git.list_tree(scratch.root, "HEAD", "models/iris")
    assert git.list_tree(scratch.root, "HEAD", "models/link")["models/link"].mode == git.SYMLINK
    assert git.list_tree(scratch.root, "HEAD", "models/nothing") == {}


def test_a_revision_that_names_nothing(scratch: Scratch) -> None:
    for name in ("nothing", "--help", "-1", "", "HEAD:models", "a b"):
        with pytest.raises(GitError, match="names no commit here"):
            git.resolve_commit(scratch.root, name)
    assert git.resolve_commit(scratch.root, "main") == scratch.head
    assert git.resolve_commit(scratch.root, scratch.head[:8]) == scratch.head


def test_a_shallow_clone_lacks_history(scratch: Scratch, tmp_path: Path) -> None:
    scratch.git("clone", "--quiet", "--depth", "1", scratch.root.as_uri(), str(tmp_path / "shallow"))
    assert git.is_shallow(tmp_path / "shallow")
    assert not git.is_shallow(scratch.root)
    with pytest.raises(MintmarkError, match="git fetch --unshallow"):
        git.require_history(tmp_path / "shallow")
    git.require_history(scratch.root)


def test_the_folder_that_work_trees_share(scratch: Scratch, tmp_path: Path) -> None:
    scratch.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "second"))
    assert git.common_folder(tmp_path / "second") == scratch.root / ".git"
    assert git.common_folder(scratch.root) == scratch.root / ".git"


def test_a_path_that_is_not_ascii(copy_registry: Callable[[str], Scratch]) -> None:
    scratch = copy_registry("régistre 🌷 'x'")
    assert len(git.list_tree(scratch.root, "HEAD", "models")) > 10
    assert git.changed_paths(scratch.root, ["models"]) == set()


def _other_repository(folder: Path) -> Path:
    git.run_git("init", "--quiet", str(folder), cwd=folder.parent)
    (folder / "here").write_text("1", "utf-8")
    git.run_git("add", "here", cwd=folder)
    git.run_git("commit", "--quiet", "-m", "Another", cwd=folder)
    return folder / ".git"


def test_a_hook_of_another_repository_leads_nowhere_else(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _everything(scratch)
    other = _other_repository(tmp_path / "other")
    for name, value in {
        "GIT_DIR": other, "GIT_WORK_TREE": other.parent, "GIT_INDEX_FILE": other / "index", "GIT_COMMON_DIR": other,
        "GIT_OBJECT_DIRECTORY": other / "objects", "GIT_QUARANTINE_PATH": other / "objects",
        "GIT_NAMESPACE": "other", "GIT_LITERAL_PATHSPECS": "1", "GIT_EXTERNAL_DIFF": "false", "GIT_PREFIX": "models/",
        "GIT_SHALLOW_FILE": "/nonexistent", "GIT_CONFIG": "/nonexistent", "GIT_ICASE_PATHSPECS": "1",
        "GIT_TRACE": "1", "GIT_TRACE2": "1", "GIT_TRACE_SETUP": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("GIT_LITERAL_PATHSPECS" if os.getpid() % 2 else "GIT_ICASE_PATHSPECS")  # Git takes one of them
    assert _everything(scratch) == expected
    assert git.ask_git("rev-parse", "--verify", "--quiet", "no-such", cwd=scratch.root) is None


def test_the_index_of_a_commit_under_way_is_this_repositorys_own(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch.write("models/iris/channels/production.yaml", "version: 1.0.0\n")
    copy = scratch.path(".git/next-index-1.lock")
    copy.write_bytes(scratch.path(".git/index").read_bytes())
    git.run_git("add", "models", cwd=scratch.root, environment={"GIT_INDEX_FILE": str(copy)})
    monkeypatch.setenv("GIT_INDEX_FILE", str(copy))
    monkeypatch.chdir(scratch.root)
    assert git.git_text("diff", "--cached", "--name-only", cwd=scratch.root) == "models/iris/channels/production.yaml"
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert git.git_text("diff", "--cached", "--name-only", cwd=scratch.root) == ""


def test_nothing_that_stands_in_for_a_commit_changes_history(scratch: Scratch) -> None:
    expected = _everything(scratch)
    scratch.git("replace", "--graft", "HEAD")
    scratch.path(".git/info").mkdir(exist_ok=True)
    scratch.write(".git/info/grafts", f"{scratch.head}\n")
    assert _everything(scratch) == expected


def test_no_setting_of_a_git_that_started_this_one(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _everything(scratch)
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'log.follow=true' 'core.abbrev'='4'")
    for name, value in {"COUNT": "1", "KEY_0": "log.follow", "VALUE_0": "true"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert _everything(scratch) == expected
    given = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_1": "user.name", "GIT_CONFIG_VALUE_1": "Grace"}
    assert git.run_git("config", "user.name", cwd=scratch.root, environment=given) == b"Grace\n"


def test_a_fault_is_no_answer(scratch: Scratch) -> None:
    assert git.ask_git("symbolic-ref", "--quiet", "HEAD", cwd=scratch.root) == "refs/heads/main"
    scratch.git("switch", "--quiet", "--detach")
    assert git.ask_git("symbolic-ref", "--quiet", "HEAD", cwd=scratch.root) is None
    scratch.write(".git/HEAD", "nonsense")
    with pytest.raises(GitError, match="not a git repository"):
        git.ask_git("symbolic-ref", "--quiet", "HEAD", cwd=scratch.root)


def test_what_is_no_argument_is_a_sentence(scratch: Scratch, tmp_path: Path) -> None:
    for name in ("x" * 200_000, "a\0b", "\ud800"):
        with pytest.raises(MintmarkError):
            git.resolve_commit(scratch.root, name)
    with pytest.raises(MintmarkError, match="there is no such folder"):
        git.run_git("status", cwd=tmp_path / "gone")
