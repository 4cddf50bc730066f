"""Whether a branch has the base's commits and not its line: a merge that the base went into, first parents swapped.

`git pull` on a branch that has gone apart makes such a merge. Where it is pushed, the first-parent line of the base is
from then on that of the branch, and what the base did meanwhile (promotions, say) is no step of it any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.layout import MODELS
from mintmark.registry import git
from mintmark.registry.repository.names import REMOTES

if TYPE_CHECKING:
    from pathlib import Path


def lost_steps(root: Path, base: str, head: str) -> tuple[str, ...]:
    """Return the commits below `models/` on the line of `base` that are in the past of `head` and not on its line."""
    line = git.git_text("rev-list", "--first-parent", "--parents", head, f"^{base}", "--", cwd=root).splitlines()
    reached = line[-1].split(" ")[1:2] if line else []
    if not reached or reached[0] == base or git.ask_git("merge-base", "--is-ancestor", base, head, cwd=root) is None:
        return ()
    listed = git.git_text("rev-list", "--first-parent", base, f"^{reached[0]}", "--", MODELS, cwd=root)
    return tuple(listed.split())


def earlier_tips(root: Path, branch: str) -> list[str]:
    """Return where a branch of origin stands and where it stood before the last fetch or push, as this clone knows."""
    ref = f"{REMOTES}origin/{branch}"
    if git.ask_git("rev-parse", "--verify", "--quiet", ref, cwd=root) is None:
        return []
    return git.git_text("log", "--walk-reflogs", "--max-count=2", "--format=%H", ref, "--", cwd=root).split()


def tell_lost(number: int) -> str:
    """Return the warning that so many steps of the base would leave its line."""
    steps = "1 step" if number == 1 else f"{number:,} steps"
    return (
        f"{steps} of the base would leave its first-parent line if this was pushed as it is, and with it what history "
        "tells of them; git pull --rebase, or merge this branch into the base"
    )
