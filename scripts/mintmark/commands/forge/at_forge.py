"""The forge that a command speaks to, and the Markdown that such commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.core.words.long_markdown import cut_at_line
from mintmark.errors import UsageError
from mintmark.forge.opening import open_forge
from mintmark.publishing.markdown import code

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mintmark.forge.forge import Forge

MOST_CHARACTERS: Final = 65_000  # GitHub takes 65,536; the forge adds a mark of its own


def require_forge(root: Path) -> Forge:
    """Return the forge of a clone; raise `UsageError` where its remote is a plain one."""
    forge = open_forge(root)
    if forge is None:
        raise UsageError(
            "this clone's remote is no repository on GitHub, so there is nobody to tell; "
            "in a workflow GITHUB_REPOSITORY names it"
        )
    return forge


def fit(markdown: str, address: str | None) -> str:
    """Return Markdown as the body of an issue, a comment or a pull request; a link leads to what is cut."""
    rest = f"[The rest is in the run]({address})." if address else "The rest is in the log of the run."
    return cut_at_line(markdown, MOST_CHARACTERS, rest)


def mention(owners: Sequence[str]) -> str:
    """Return a line that calls the owners of a model, as the base branch names them."""
    return f"Owners: {' '.join(owners)}" if owners else ""


def commit_link(commit: str) -> str:
    """Return a commit as a forge shortens and links it."""
    return commit if len(commit) in (40, 64) and commit.isalnum() else code(commit)
