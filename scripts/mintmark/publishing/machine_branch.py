"""Add commits to a branch that only machines write, such as `deploy`, and push them. Decides nothing of what they hold.

The commits are made from plumbing, in an index of their own: the work tree and its index are not touched. Nothing is
ever forced: where another run has moved the branch, what is still missing is found again and put on top of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from mintmark.changing.commits import read_author
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mintmark.publishing.release.remote import Remote

_MOST_ROUNDS: Final = 20
_AT_ONCE: Final = 200  # paths of a command


@dataclass(frozen=True, kw_only=True, slots=True)
class Addition:
    """One commit: its message, the files that it writes by path, and what it takes away: other files and folders."""

    message: str
    files: Mapping[str, bytes]
    removed: tuple[str, ...] = ()


class Plan(Protocol):
    """What a branch lacks; `tip` is its last commit, None before the first."""

    @property
    def tip(self) -> str | None:
        """The last commit of the branch."""

    @property
    def additions(self) -> Sequence[Addition]:
        """The commits to add."""


_Plan = TypeVar("_Plan", bound=Plan)


def add_to_branch(remote: Remote, ref: str, make_plan: Callable[[], _Plan], *, again: str) -> _Plan:
    """Push the commits of a plan at once, and return the plan that landed.

    `make_plan` asks the remote for the branch each time. `again` is the command that goes on after a failure.
    """
    for _ in range(_MOST_ROUNDS):
        plan = make_plan()
        if not plan.additions:
            return plan
        new = _commit_all(remote.root, plan.tip, plan.additions)
        if remote.advance(ref, old=plan.tip, new=new, again=again):
            return plan
    name = ref.removeprefix("refs/heads/")
    raise MintmarkError(
        f"other runs moved the branch {name} {_MOST_ROUNDS} times in a row; wait until they are done, then {again}"
    )


def _commit_all(root: Path, tip: str | None, additions: Iterable[Addition]) -> str:
    """Build the commits on top of `tip`, which no ref names yet, and return the last."""
    read_author(root)  # says how to tell Git who this is
    with TemporaryFolder("branch") as folder:
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        git.run_git("read-tree", *([tip] if tip else ["--empty"]), cwd=root, environment=index)
        last = tip or ""
        for addition in additions:
            lines = "".join(_index_lines(root, addition, index)).encode("utf-8", "surrogateescape")
            git.run_git("update-index", "--replace", "-z", "--index-info", cwd=root, data=lines, environment=index)
            tree = git.run_git("write-tree", cwd=root, environment=index).decode().strip()
            parent = ["-p", last] if last else []
            message = addition.message.encode("utf-8", "backslashreplace")
            last = git.run_git("commit-tree", tree, *parent, "-F", "-", cwd=root, data=message).decode().strip()
    return last


def _index_lines(root: Path, addition: Addition, index: Mapping[str, str]) -> Iterator[str]:
    for start in range(0, len(addition.removed), _AT_ONCE):
        places = [f":(top,literal){path}" for path in addition.removed[start : start + _AT_ONCE]]
        listed = git.run_git("ls-files", "-z", "--", *places, cwd=root, environment=index)
        for found in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            if found not in addition.files:
                yield f"0 {git.NO_OBJECT}\t{found}\0"
    for path, content in addition.files.items():
        oid = git.run_git("hash-object", "-w", "--no-filters", "--stdin", cwd=root, data=content).decode().strip()
        yield f"100644 {oid}\t{path}\0"
