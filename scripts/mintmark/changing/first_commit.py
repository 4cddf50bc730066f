"""Commit a few files as they lie in the work tree, in a repository that may have no commit yet. Writes no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.changing.commits import read_author
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def commit_paths(root: Path, paths: Sequence[str], message: str) -> str:
    """Commit these files and no others, ignored ones too, and return the commit; what else is staged stays so.

    Hooks run, as for any commit that a person makes. Raises `GitError` with Git's words where it refuses.
    """
    read_author(root)
    literally = [f":(literal){path}" if not path.startswith("../") else path for path in paths]
    git.run_git("add", "--force", "--", *literally, cwd=root)
    git.run_git("commit", "--quiet", "--message", message, "--", *literally, cwd=root)
    return git.resolve_commit(root, "HEAD")
