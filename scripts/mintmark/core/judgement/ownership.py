"""Whether whoever asks for a change owns the model that it is about. Asks nobody: who owns what is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.judgement.checks import Check, check

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def check_owner(
    model: str, owners: Sequence[str], author: str | None, teams: Collection[str], *, urgent: bool = False
) -> Check:
    """Return whether `author` (a GitHub login) is among the owners, by name or by a team (`acme/ml`) of `teams`.

    Somebody else's change needs an owner to decide; an `urgent` one (a rollback) only tells so. Who wrote it may not be
    known, on a laptop for one: then that is told, and decided where it is known.
    """
    listed = ", ".join(owners)
    if author is None:
        message = f"nobody said who wrote this, so it was not checked that they own {model} ({listed}); --author tells"
        return check("owner", "warn", message)
    names = {author.removeprefix("@").lower(), *(team.removeprefix("@").lower() for team in teams)}
    if any(owner.removeprefix("@").lower() in names for owner in owners):
        return check("owner", "pass", f"{author} owns {model}")
    if urgent:
        message = f"{author} does not own {model} ({listed}); a rollback waits for nobody"
        return check("owner", "warn", message)
    message = f"{author} does not own {model}; one of its owners must approve: {listed}"
    return check("owner", "decide", message)
