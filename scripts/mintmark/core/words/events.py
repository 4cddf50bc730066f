"""What happened to a registry in words: a sentence for each event, a verb for each move of a channel. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.core.finding import one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.events import EventKind
    from mintmark.core.tags.message import Approved

_LONGEST_REASON: Final = 300
FIRST_CHAMPION: Final = "the first champion"  # what the anchor is where model.yaml names none
MOVED: Final = {"promote": "promoted", "rollback": "rolled back", "close": "closed"}


def event_sentence(
    kind: EventKind | str,
    *,
    version: str | None = None,
    channel: str | None = None,
    before: str | None = None,
    after: str | None = None,
    reason: str | None = None,
) -> str:
    """Return what happened to a model as a sentence without its name and a full stop: `1.1.0 was yanked: it leaks`.

    `reason` is somebody's own text. It becomes one line, and is cut where it is long.
    """
    why = f": {shorten(' '.join(reason.split()), _LONGEST_REASON)}" if reason and reason.strip() else ""
    what = f"the file of {channel}" if channel else version
    damaged = "it names no version" if channel else "its files were changed after it was registered"
    mended = "it can be read again" if channel else "its files are those that were registered"
    sentences = {
        "create": "the model was created",
        "describe": "model.yaml was changed",
        "anchor": f"the anchor was moved{f' from {before}' if before else ''} to {after or FIRST_CHAMPION}",
        "remove": "the model was removed",
        "propose": f"{version} was registered",
        "withdraw": f"{version} was withdrawn",
        "promote": f"{after} was {MOVED['promote']} to {channel}{f' in place of {before}' if before else ''}",
        "rollback": f"{channel} was {MOVED['rollback']}{f' from {before}' if before else ''} to {after}",
        "close": f"{channel} was {MOVED['close']}; it pointed to {before}",
        "yank": f"{version} was yanked{why}",
        "unyank": f"{version} is no longer yanked",
        "damage": f"{what} was damaged: {damaged}",
        "mend": f"{what} was mended: {mended}",
    }
    return one_line(sentences.get(kind, kind))


def approval_sentence(approved: Approved) -> str:
    """Return who approved a change, and what its review came to: `approved by ada and grace; review: success`."""
    people = approvers_text(approved.approvers, approved.approved_before)
    conclusion = (approved.review or {}).get("conclusion")
    review = f"; review: {conclusion}" if isinstance(conclusion, str) else ""
    return one_line(f"approved by {shorten(people, _LONGEST_REASON)}{review}")


def approvers_text(approvers: Sequence[str], before: Sequence[str]) -> str:
    """Return who approved what was merged, and who an earlier commit of it: `ada (before its last commit: grace)`."""
    earlier = f" (before its last commit: {_listed(before)})" if before else ""
    return f"{_listed(approvers or ('nobody',))}{earlier}"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
