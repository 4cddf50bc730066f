"""What happened to the channels of a model: moves, rollbacks, and who held a channel before. Reads no Git."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MoveKind = Literal["promote", "rollback", "close"]

STALE_AFTER: Final = timedelta(days=180)  # since a version was made: the world it learned from has moved on


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One move of a channel: from what to what (None: the channel was not there), who, when, and in which commit."""

    channel: str
    before: str | None
    after: str | None
    kind: MoveKind
    commit: str
    author: str
    time: str
    subject: str


class ChannelStack:
    """The versions that a channel could go back to, the present one on top.

    A promotion puts a version on top. Moving back to one that is there takes off what came after it, and removing the
    channel takes off the present one. What was taken off was rolled back from: it comes back by a promotion only (R5).
    So a rollback after a rollback goes one further back, and never returns to the version that was just left.
    """

    def __init__(self, holders: Iterable[str | None] = ()) -> None:
        self._stack: list[str] = []
        self._held: set[str] = set()
        self._open = False
        for holder in holders:
            self.move(holder)

    @property
    def present(self) -> str | None:
        """The version that holds the channel now."""
        return self._stack[-1] if self._open else None

    @property
    def earlier(self) -> list[str]:
        """The versions to go back to, the nearest first."""
        return self._stack[-2::-1] if self._open else self._stack[::-1]

    def has_held(self, version: str) -> bool:
        """Whether a version held the channel at any time, now included (R4 asks this of the channel before)."""
        return version in self._held

    def kind_of(self, version: str | None) -> MoveKind:
        """Return what it is to point the channel to a version, or to remove it (None); this alone decides R5."""
        if version is None:
            return "close"
        return "rollback" if version in self._stack else "promote"

    def move(self, version: str | None) -> MoveKind:
        """Record that the channel points to a version now, or is gone (None), and say what kind of move that was."""
        kind = self.kind_of(version)
        if version is None:
            if self._open:
                self._stack.pop()
        elif version in self._stack:
            del self._stack[self._stack.index(version) + 1 :]
        else:
            self._stack.append(version)
        self._open = version is not None
        if version is not None:
            self._held.add(version)
        return kind


def rollback_target(holders: Sequence[str | None], usable: Iterable[str]) -> str | None:
    """Return the version that held a channel before the present one and can still be used, None when there is none.

    `holders` is every version that the channel pointed to, oldest first; `usable` those that exist and are not yanked.
    """
    allowed = set(usable)
    return next((version for version in ChannelStack(holders).earlier if version in allowed), None)
