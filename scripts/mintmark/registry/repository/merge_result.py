"""What a merge of two commits would make (R12), told by Git without touching a branch, the index or a work tree.

Where the head stands on the base already, the head is what the merge makes, and nothing is written. Otherwise Git
writes the merged tree and a commit that no branch has: it drops both after a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mintmark.core.layout import SETTLED_BY_ENTRY
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

_NOBODY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in {"NAME": "mintmark", "EMAIL": "mintmark@localhost"}.items()
}


class MergeResult(NamedTuple):
    """The commit that a merge makes, and the paths that conflict; where there are any, the commit is the head."""

    commit: str
    conflicts: tuple[str, ...] = ()


def how_to_settle(path: str) -> str:
    """Return what settles a file in conflict, once the merge is begun in a clone."""
    return "mintmark resolve settles it" if path in SETTLED_BY_ENTRY else "settle it"


def merge_result(root: Path, base: str, head: str) -> MergeResult:
    """Return what a merge of the commit `head` into the commit `base` makes; both are full ids.

    Raises `MintmarkError` where the two have no commit in common, and where Git is too old or cannot write.
    """
    common = (git.ask_git("merge-base", "--all", base, head, cwd=root) or "").split()
    if not common:
        raise MintmarkError(f"{base} and {head} have no commit in common; is one of them another repository's?")
    if common[0] in (base, head):
        return MergeResult(head if common[0] == base else base)
    output = _write(root, base, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, head)
    tree, *conflicts = output.rstrip("\0").split("\0")
    if conflicts:
        return MergeResult(head, tuple(sorted(conflicts)))
    return MergeResult(_write_commit(root, tree, [base, head], f"What the merge of {head} into {base} makes\n"))


def work_tree_commit(root: Path, head: str, paths: Collection[str]) -> str:
    """Return a commit on top of `head` that holds these paths as they lie in the work tree, gone ones as gone.

    No branch has it, and the index stays as it is. Without paths it is `head` itself.
    """
    if not paths:
        return head
    names = "".join(f"{path}\0" for path in sorted(paths)).encode("utf-8", "surrogateescape")
    with TemporaryFolder("index") as folder:
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        _write(root, head, "read-tree", head, environment=index)
        _write(root, head, "update-index", "--add", "--remove", "-z", "--stdin", data=names, environment=index)
        tree = _write(root, head, "write-tree", environment=index).strip()
    return _write_commit(root, tree, [head], "What the work tree holds\n")


def _write_commit(root: Path, tree: str, parents: list[str], message: str) -> str:
    times = git.git_text("log", "--no-walk", "--format=%ct", *parents, "--", cwd=root).split()
    date = f"@{max(map(int, times))} +0000"
    environment = {**_NOBODY, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    options = [part for parent in parents for part in ("-p", parent)]
    arguments = ("commit-tree", "--no-gpg-sign", *options, "-F", "-", tree)
    return _write(root, parents[0], *arguments, data=message.encode(), environment=environment).strip()


def _write(
    root: Path, base: str, *arguments: str, data: bytes | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Run a Git command that writes objects, and return its output; what it says of a conflict is an answer."""
    try:
        output = git.run_git(*arguments, cwd=root, data=data, environment=environment)
    except git.GitError as error:
        if arguments[0] != "merge-tree" or error.code != 1 or not error.output:
            raise _refused(base, error) from None
        named = error.output.count(b"\0") > 1  # some conflicts, such as of folders, are of no file
        output = error.output if named else error.output + b"models\0"
    return output.decode("utf-8", "surrogateescape")


def _refused(base: str, error: git.GitError) -> MintmarkError:
    if "usage: git merge-tree" in str(error):
        return MintmarkError("this Git cannot tell what a merge makes; install Git 2.38 or newer")
    remedy = f"where nothing can be written here, merge the base into the branch first: git merge {base[:10]}"
    return MintmarkError(f"what the merge makes cannot be told: {error}; {remedy}")
