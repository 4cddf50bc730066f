"""Make one commit out of file contents, all of it or nothing. Knows no rules of the registry.

The commit is built from plumbing (blobs, a copy of the index, a tree), so nothing that anybody can see changes until
the commit exists; `pending` then puts it into the work tree. Hooks of `git commit` do not run: what they would check
is checked again on the pull request. Signing follows `commit.gpgSign`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.changing.journal import (
    Journal,
    digest,
    index_path,
    pending_folder,
    put_in_place,
    stage_files,
)
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.files import umask, unix_lines
from mintmark.registry.repository.prefix import to_repository
from mintmark.registry.repository.skipped import is_bare

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

_TEXT = (".yaml", ".yml", ".json", ".dvc", ".lock", ".md", ".gitignore")
_UNDER_WAY = {  # a rebase comes first: it leaves the marks of others too
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCommit:
    """A commit that was made: its id, the branch that it is on, whether that branch is new, and its message."""

    oid: str
    branch: str
    fresh: bool
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def body(self) -> str:
        """The message without its first line."""
        return self.message.partition("\n")[2].strip() + "\n"


def require_ready(root: Path) -> str:
    """Return the branch that the work tree is on; raise `MintmarkError` where no commit can or should be made."""
    if is_bare(root):
        raise MintmarkError(
            f"{root} is a bare repository, which has no work tree to make a commit in; git clone it, and run this there"
        )
    action = under_way(root)
    if action is not None:
        raise MintmarkError(
            f"a {action} is under way here; finish it (mintmark resolve settles conflicts of the pipeline's files), "
            f"or git {action} --abort"
        )
    branch = git.current_branch(root)
    if not branch:
        raise MintmarkError(
            "you are on no branch (detached HEAD); git switch main, or git switch -c NAME, and try again"
        )
    if git.head_commit(root) is None:
        raise MintmarkError("this repository has no commit yet; git add what belongs in it, git commit, and try again")
    read_author(root)
    return branch


def under_way(root: Path) -> str | None:
    """Return what Git waits for to be finished here: a merge, a rebase, a cherry-pick or a revert."""
    folder = pending_folder(root).parent.parent
    return next((action for name, action in _UNDER_WAY.items() if (folder / name).exists()), None)


def read_author(root: Path) -> str:
    """Return who commits here (`Ada <ada@example.org>`); raise `MintmarkError` where Git has not been told."""
    try:
        for role in ("COMMITTER", "AUTHOR"):
            known = git.git_text("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT", cwd=root)
    except git.GitError as error:
        raise MintmarkError(
            "Git does not know who you are: git config --global user.name 'Your Name', "
            f"and git config --global user.email you@example.org ({error})"
        ) from None
    return known.rpartition(">")[0] + ">"


def require_clean(root: Path) -> None:
    """Raise `MintmarkError` when a tracked file differs from HEAD; untracked ones do not matter.

    Nor does dvc.lock: every `dvc repro` in a fresh clone changes it (the measured cost goes into metrics.json), and
    who must roll back a model has no time for that.
    """
    refuse_changed(git.changed_paths(root, [], untracked=False) - {"dvc.lock"})


def refuse_changed(paths: Collection[str]) -> None:
    """Raise `MintmarkError` that names changed paths, if there are any."""
    others = sorted(paths)
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        raise MintmarkError(
            f"{', '.join(others[:3])}{more}: changed and not committed; git commit or git stash it first"
        )


def commit_files(
    root: Path,
    *,
    writes: Mapping[str, bytes],
    message: str,
    branch: str | None,
    include: Collection[str] = (),
    executable: Collection[str] = (),
) -> NewCommit:
    """Commit `writes` (path -> bytes) on a new branch, or on the present one (`branch` None), and be on it then.

    `include` names files that go into the commit as they lie in the work tree (gone ones as gone), `executable` those
    of `writes` that can be run. A taken branch name gets -2, -3 and so on. Text in `writes` ends its lines in LF then,
    whatever Git is set to. Ignored files are committed too: the caller knows what belongs. When this raises, or is
    interrupted, the work tree, the index and the branches are as before.
    """
    writes = {path: unix_lines(content) if path.endswith(_TEXT) else content for path, content in writes.items()}
    present = require_ready(root)
    before = git.resolve_commit(root, "HEAD")
    name = None if branch is None else _free_branch(root, branch)
    folder = pending_folder(root)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        files = stage_files(root, writes)
        _require_tracked(root, [change.path for change in files if change.old])
        tree = _write_tree(root, writes, include, executable)
        if tree == git.git_text("rev-parse", "HEAD^{tree}", cwd=root):
            raise MintmarkError("there is nothing to commit: every file is as it should be already")
        commit = _write_commit(root, tree, before, message)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    ref = None if name is None else f"refs/heads/{name}"
    index = digest(folder / "index")
    put_in_place(root, Journal(before=before, commit=commit, branch=ref, index=index, files=files))
    for path in executable:
        (root / path).chmod(0o777 & ~umask())
    # Git compares these files by content until it has seen their times.
    git.try_git("add", "--refresh", "--", *writes, cwd=root)
    return NewCommit(oid=commit, branch=name or present, fresh=name is not None, message=message)


def _require_tracked(root: Path, paths: list[str]) -> None:
    if not paths:
        return
    tracked = git.run_git("ls-files", "-z", "--", *paths, cwd=root).decode("utf-8", "surrogateescape").split("\0")
    for path in sorted(set(paths) - set(tracked)):
        raise MintmarkError(f"{path}: is in the way and not in Git; move it elsewhere or commit it, and try again")


def _free_branch(root: Path, wanted: str) -> str:
    listed = git.git_text("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes", cwd=root)
    taken = {_short_name(ref) for ref in listed.splitlines()}
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, 10_000)))
    return next(name for name in names if name not in taken)


def _short_name(ref: str) -> str:
    """`refs/heads/a/b` and `refs/remotes/origin/a/b` are both `a/b`."""
    parts = ref.split("/")
    return "/".join(parts[2:] if parts[1] == "heads" else parts[3:])


def _write_tree(root: Path, writes: Mapping[str, bytes], include: Collection[str], executable: Collection[str]) -> str:
    """Write the tree of the commit to be through a copy of the index, which stays in pending/index."""
    folder = pending_folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    for copy in ("index.before", "index"):
        _copy_index(index_path(root), folder / copy)
    environment = {"GIT_INDEX_FILE": str(folder / "index")}
    lines = []
    for path, content in writes.items():
        oid = git.run_git("hash-object", "-w", "--no-filters", "--stdin", cwd=root, data=content).decode().strip()
        mode = "100755" if path in executable else "100644"
        lines.append(f"{mode} {oid}\t{to_repository(root, path)}\0")
    git.run_git("update-index", "-z", "--index-info", cwd=root, data="".join(lines).encode(), environment=environment)
    if include:
        paths = "".join(f"{path}\0" for path in sorted(include)).encode()
        git.run_git(
            "update-index",
            "--add",
            "--remove",
            "-z",
            "--stdin",
            cwd=root,
            data=paths,
            environment=environment,
        )
    return git.run_git("write-tree", cwd=root, environment=environment).decode().strip()


def _copy_index(index: Path, copy: Path) -> None:
    """Copy the index with its time: Git reads files again that changed in the second of that time, and no others."""
    if index.exists():
        shutil.copy2(index, copy)
    else:
        copy.touch()


def _write_commit(root: Path, tree: str, parent: str, message: str) -> str:
    signing = git.ask_git("config", "--type=bool", "commit.gpgSign", cwd=root) == "true"
    arguments = ["commit-tree", tree, "-p", parent, *(["-S"] if signing else []), "-F", "-"]
    return git.run_git(*arguments, cwd=root, data=message.encode()).decode().strip()
