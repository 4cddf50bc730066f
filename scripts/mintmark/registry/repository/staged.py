"""What the next commit would hold, as a commit that no branch names. Touches neither the work tree nor the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError
from mintmark.registry.repository.names import head_commit
from mintmark.registry.repository.running import git_text
from mintmark.registry.repository.skipped import is_bare

if TYPE_CHECKING:
    from pathlib import Path

_WHO = ("-c", "user.name=Mintmark", "-c", "user.email=mintmark@localhost")


def staged_commit(root: Path) -> str:
    """Return a commit of what is staged, on top of HEAD; in a hook, of what its commit is made of.

    Git deletes it some day, as it does with everything that nothing leads to. Raises `GitError` while there are
    conflicts, and `MintmarkError` where nothing can be staged.
    """
    if is_bare(root):
        raise MintmarkError(f"{root} is a bare repository, which has no index to stage in; validate --at REVISION")
    tree, head = git_text("write-tree", cwd=root), head_commit(root)
    parents = ("-p", head) if head is not None else ()
    return git_text(*_WHO, "commit-tree", tree, *parents, "-m", "staged", cwd=root)
