"""What happened to a registry in words: a sentence for each event, a verb for each move of a channel. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.core.finding import one_line

if TYPE_CHECKING:
    from mintmark.core.events import EventKind

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
    """Return what happened to a model as a sentence without a full stop: `1.1.0 was promoted to production`.

    `reason` is somebody's own text, and the one part of it that nobody has checked; it comes as one line.
    """
    why = f": {' '.join(reason.split())}" if reason and reason.strip() else ""
    sentences = {
        "create": "the model was created",
        "describe": "model.yaml was changed",
        "remove": "the model was removed",
        "propose": f"{version} was registered",
        "withdraw": f"{version} was withdrawn",
        "promote": f"{after} was {MOVED['promote']} to {channel}{f' in place of {before}' if before else ''}",
        "rollback": f"{channel} was {MOVED['rollback']}{f' from {before}' if before else ''} to {after}",
        "close": f"{channel} was {MOVED['close']}; it pointed to {before}",
        "yank": f"{version} was yanked{why}",
        "unyank": f"{version} is no longer yanked",
    }
    return one_line(sentences.get(kind, kind))
