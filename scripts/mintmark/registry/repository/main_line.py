"""Where the base branch of a registry stands, and stood: what is told as its past. Reads no record."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.core.layout import REGISTRY
from mintmark.errors import MintmarkError
from mintmark.registry.repository.names import HEADS, REMOTES, TAGS, find_refs, head_commit, warn
from mintmark.registry.repository.running import ask_git, git_text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_CLOCKS = 5 * 60  # how many seconds the clocks of two machines may be apart
_EASTERNMOST_DAY = (24 + 14) * 3600  # how long before its end in UTC a day may have begun


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseBranch:
    """The base branch by name, and the commits that it is at: `here` as a branch of this clone, `there` at a remote."""

    root: Path
    name: str
    here: str | None
    there: str | None

    @property
    def binding(self) -> str:
        """The commit whose past binds a change: what is shared counts, and what is here only where nothing is."""
        return self.there or self.require()

    def require(self) -> str:
        """Return a commit of the branch; raise `MintmarkError` where it is nowhere."""
        found = self.here or self.there
        if found is None:
            message = f'base_branch in {REGISTRY} is "{self.name}", and no branch has that name, here or at a remote'
            remedy = f"git fetch origin {self.name}, or write the name of the branch that there is"
            raise MintmarkError(f"{message}; {remedy}")
        return found

    @property
    def told(self) -> str:
        """The commit whose first-parent line is told as the past: the branch here where it is ahead of the remote's."""
        if self.here is None or self.there is None or self.here == self.there:
            return self.binding
        if self._is_ancestor(self.there, self.here):
            return self.here
        if not self._is_ancestor(self.here, self.there):
            warn(f"{self.name} here and {self.name} at the remote have gone apart; the remote's is told")
        return self.there

    def past_of(self, head: str) -> str:
        """Return where the past that a work tree on `head` tells of ends: there, if the branch ever stood there.

        Else it is the branch as it is now: what a side branch holds has not happened, whether it is merged or not.
        """
        told = self.told
        if head == told:
            return head
        since = git_text("log", "--first-parent", "--format=%P", f"{head}..{told}", "--", cwd=self.root).splitlines()
        reached = since[-1].split(" ")[0] if since else told
        return head if head == reached else told

    def _is_ancestor(self, older: str, newer: str) -> bool:
        return ask_git("merge-base", "--is-ancestor", older, newer, cwd=self.root) is not None


def find_base(root: Path, name: str) -> BaseBranch | None:
    """Return the base branch, None in a repository without commits; its `there` is that of origin or the only remote.

    Reading a commit of it raises `MintmarkError` where the branch is nowhere.
    """
    here, origin = f"{HEADS}{name}", f"{REMOTES}origin/{name}"
    listed = git_text("for-each-ref", "--format=%(objectname) %(refname)", here, f"{REMOTES}*/{name}", cwd=root)
    refs = {
        ref: oid for oid, _, ref in (line.partition(" ") for line in listed.splitlines()) if ref.endswith(f"/{name}")
    }
    if not refs and head_commit(root) is None:
        return None
    remotes = [ref for ref in refs if ref.startswith(REMOTES)]
    there = origin if origin in refs or len(remotes) != 1 else remotes[0]
    return BaseBranch(root=root, name=name, here=refs.get(here), there=refs.get(there))


def commit_before(root: Path, moment: datetime, revision: str) -> str | None:
    """Return the last commit on the first-parent line that was there at a moment, None before the first."""
    seconds = int(moment.timestamp())
    if seconds < 0:  # Git counts from 1970 on
        return None
    line = ("rev-list", "-1", "--first-parent", f"--min-age={seconds}", revision, "--")
    return git_text(*line, cwd=root) or None


def warn_of_date(root: Path, text: str, moment: datetime, *, is_day: bool) -> None:
    """Say where a date is also the name of a branch or tag, and where it has not come yet."""
    same = find_refs(root, [f"{TAGS}{text}", f"{HEADS}{text}"])
    if same:
        warn(f"{text} is a date, and also the name of {' and '.join(same)}; the date counts")
    until = _EASTERNMOST_DAY if is_day else _CLOCKS
    if moment.timestamp() > time.time() + until:
        warn(f"{text} has not come yet; this is the base branch as it is now")
