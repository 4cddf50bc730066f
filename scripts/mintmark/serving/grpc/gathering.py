"""Let calls that come one after another reach their model together. Knows no model and no protocol.

gRPC hands over one call at a time, so a model that is asked at once is asked about one at a time, whoever else waits
to be handed over. But callers that were just answered mostly ask again. So a round begins when as many have come as
the last one had and left waiting, or when nobody came for some milliseconds. A lonely caller does not wait for
others, except that one round in sixteen looks whether there are any, and so does the one after a round that fewer
joined.
"""

from __future__ import annotations

import asyncio
from typing import Final

QUIET: Final = 0.003  # seconds in which nobody comes; a busy machine hands over a call in half a one
LONGEST: Final = 0.015  # seconds that a round may take to gather
MOST: Final = 64  # calls of one round
LOOKS: Final = 16  # rounds, of which one waits to see whether there are more


class Gathering:
    """The calls to one model, in rounds."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._inside = self._size = 0  # calls of this round that are not answered yet, and of it in all
        self._expected = 1
        self._rounds = 0
        self._timer: asyncio.TimerHandle | None = None

    async def join(self) -> None:
        """Wait for a round to begin, and be of it until `leave` is called; not where this raises."""
        if self._expected == 1 and not (self._inside or self._waiting):
            self._count(1)
            return
        begins = asyncio.get_running_loop().create_future()
        self._waiting.append(begins)
        self._look()
        try:
            await begins
        except asyncio.CancelledError:
            if not begins.cancelled():  # its round began in the same moment
                self.leave()
            raise

    def leave(self) -> None:
        """Be answered, or gone."""
        self._inside -= 1
        if not self._inside:
            is_look = self._rounds % LOOKS == 0 or self._size < self._expected < MOST
            self._expected = MOST if is_look else self._size + len(self._waiting)
            self._look()

    def _look(self) -> None:
        """Begin a round where enough wait for one; see to it that one begins soon where some do."""
        if not self._waiting:
            return
        if len(self._waiting) >= MOST or (not self._inside and len(self._waiting) >= self._expected):
            self._begin()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(QUIET, self._wait_on, len(self._waiting), loop.time() + LONGEST)

    def _wait_on(self, seen: int, end: float) -> None:
        """Begin a round where nobody has come since, or where a model takes long: it has a queue of its own."""
        loop = asyncio.get_running_loop()
        if (self._inside or len(self._waiting) > seen) and loop.time() < end:
            self._timer = loop.call_later(QUIET, self._wait_on, len(self._waiting), end)
        else:
            self._begin()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        begun = [each for each in self._waiting if not each.done()]  # the callers of the others have gone
        self._waiting.clear()
        self._count(len(begun))
        for each in begun:
            each.set_result(None)

    def _count(self, begun: int) -> None:
        self._inside += begun
        self._size = self._inside
        self._rounds += 1
        if not self._inside:
            self._expected = 1
