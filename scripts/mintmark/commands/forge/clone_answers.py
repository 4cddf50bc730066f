"""What a clone answers to the questions that an event leaves. Commits of strangers are fetched as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.forge.credentials import push_environment
from mintmark.registry import git
from mintmark.registry.repository.names import find_commit
from mintmark.registry.repository.prefix import to_registry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_REMOTE = "origin"


class CloneAnswers:
    """The clone at `root`, whose remote is the one that `actions/checkout` sets up."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def has(self, commit: str) -> bool:
        """Whether the commit is here."""
        return find_commit(self._root, commit) is not None

    def is_shallow(self) -> bool:
        """Whether the clone lacks part of its history."""
        return git.is_shallow(self._root)

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents of a commit, the first one first."""
        return tuple(git.git_text("rev-list", "-1", "--parents", commit, cwd=self._root).split()[1:])

    def steps(self, base: str, head: str) -> tuple[str, ...]:
        """Return the commits of the first-parent line from `base`, which is left out, to `head`, oldest first."""
        return git.first_parent_steps(self._root, base, head)

    def tip(self, branch: str) -> str | None:
        """Return the commit that a branch of the remote points to."""
        name = f"refs/remotes/{_REMOTE}/{branch}^{{commit}}"
        return git.ask_git("rev-parse", "--verify", "--quiet", "--end-of-options", name, cwd=self._root)

    def touched(self, base: str, head: str) -> set[str]:
        """Return every path that some commit between `base` and `head` touches, even where a later one undoes it."""
        output = git.run_git(
            "log", "--diff-merges=first-parent", "--name-only", "-z", "--no-renames", "--no-show-signature",
            "--format=", f"{base}..{head}", cwd=self._root,
        )  # fmt: skip
        fields = output.decode("utf-8", "surrogateescape").split("\0")
        inside = to_registry(self._root)
        return {inside(path) for field in fields if (path := field.lstrip("\n"))}

    def fetch(self, commits: Iterable[str]) -> None:
        """Fetch the commits that are not here, by their ids: no branch or tag of the clone changes.

        A shallow clone stays as it is, since its history is missing and not these commits.
        """
        missing = [commit for commit in commits if not self.has(commit)]
        if not missing or self.is_shallow() or _REMOTE not in git.git_text("remote", cwd=self._root).split():
            return
        git.run_git(
            "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
            "--no-write-fetch-head", "--no-prune", _REMOTE, *missing, cwd=self._root, environment=push_environment(),
        )  # fmt: skip
