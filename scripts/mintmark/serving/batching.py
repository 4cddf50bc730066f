"""Predict requests that wait together in one call, with no timer: a batch is whatever arrived during the last call.

Members of a batch ask the same of the same model. Each is checked before it joins, a member that is cancelled leaves,
and where the model fails on a batch, each member is asked alone: a bad row fails its own request and no other.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from concurrent.futures import Executor

MOST_ROWS: Final = 4096
_QUICK: Final = 0.002  # seconds that a call may hold up the loop
_FEW: Final = 64  # rows whose calls tell how quick a model is, and that may be asked in the loop
_LAST: Final = 5  # calls whose median tells it; one may take longer for a reason of its own
_LOOKS: Final = 0.02  # seconds between two looks at who has waited too long, while a call runs


class Rows(Protocol):
    """Checked rows of one request; those with the same key may be asked together."""

    @property
    def key(self) -> Hashable:
        """Columns, types and wanted outputs."""

    def __len__(self) -> int:
        """How many rows there are."""


RowsT = TypeVar("RowsT", bound=Rows)
AnswerT = TypeVar("AnswerT")


class OverloadedError(MintmarkError):
    """More rows wait than may; the caller should come again later."""


class LateError(MintmarkError):
    """The answer did not come in time."""


class WrongAnswerError(MintmarkError):
    """A model gave another number of answers than it was asked for."""


class _Member(NamedTuple, Generic[RowsT, AnswerT]):
    rows: RowsT
    answer: asyncio.Future[AnswerT]
    since: float  # by the clock of the loop
    within: float


class Batcher(Generic[RowsT, AnswerT]):
    """The queue in front of one model.

    `predict` takes the members of a batch and returns an answer for each, in their order, one call at a time. While its
    calls are quick they run in the loop, where to change threads would take longer than they do; else in `executor`.
    At most `waiting` rows may be in the queue, and `most` in one call; `rows` says how many wait.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[RowsT]], Sequence[AnswerT]],
        *,
        name: str,
        executor: Executor,
        most: int = MOST_ROWS,
        waiting: int = 16 * MOST_ROWS,
    ) -> None:
        self._predict, self._executor, self._most, self._waiting = predict, executor, most, waiting
        self._name = name
        self._queue: deque[_Member[RowsT, AnswerT]] = deque()
        self._alone: deque[_Member[RowsT, AnswerT]] = deque()  # of a batch on which the model failed
        self._asked: Sequence[_Member[RowsT, AnswerT]] = ()  # of the call that runs in a thread
        self._ended: asyncio.Future[None] | None = None  # as long as there is work
        self._took: deque[float] = deque([math.inf] * _LAST, maxlen=_LAST)  # seconds of the last calls with few rows
        self.rows = 0

    async def ask(self, rows: RowsT, *, within: float = math.inf) -> AnswerT:
        """Return the answer for the rows of one request.

        Raises `OverloadedError` at once where too many wait, `LateError` after `within` seconds, and what the model
        raises for these rows alone.
        """
        if self.rows + len(rows) > self._waiting and self._queue:
            raise OverloadedError(f"{self.rows:,} rows wait for an answer; come again in a second")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[AnswerT] = loop.create_future()
        self._queue.append(_Member(rows, answer, loop.time(), within))
        self.rows += len(rows)
        if self._ended is None:
            self._ended = loop.create_future()
            loop.call_soon(self._go_on, loop)
        return await answer

    async def drain(self) -> None:
        """Wait until nothing is queued and nothing runs."""
        while self._ended is not None:
            await asyncio.shield(self._ended)

    def _go_on(self, loop: asyncio.AbstractEventLoop, seen: int = 0) -> None:
        """Ask the model about the next batch. What else the loop has to do comes before the one after it.

        As long as each pass of the loop brings further requests, they come along.
        """
        if seen < self.rows < _FEW and not self._alone:
            loop.call_soon(self._go_on, loop, self.rows)
            return
        batch = self._next_batch()
        if not batch:
            ended, self._ended = self._ended, None
            if ended is not None:
                ended.set_result(None)
            return
        members = [member.rows for member in batch]
        if sorted(self._took)[_LAST // 2] < _QUICK and sum(map(len, members)) <= _FEW:
            self._settle(batch, self._call(members))
            loop.call_soon(self._go_on, loop)
            return
        self._asked = batch
        try:
            work = loop.run_in_executor(self._executor, self._call, members)
        except RuntimeError as error:  # the server has stopped
            self._settle(batch, error)
            loop.call_soon(self._go_on, loop)
            return
        loop.call_later(_LOOKS, self._look_at_the_clock, loop, work)
        work.add_done_callback(partial(self._come_back, batch, loop))

    def _come_back(
        self,
        batch: Sequence[_Member[RowsT, AnswerT]],
        loop: asyncio.AbstractEventLoop,
        work: asyncio.Future[Sequence[AnswerT] | Exception],
    ) -> None:
        self._asked = ()
        died = work.exception()  # what is no `Exception`, as when a model ends the process
        self._settle(batch, work.result() if died is None else WrongAnswerError(f"the model ended: {died!r:.200}"))
        self._go_on(loop)

    def _look_at_the_clock(self, loop: asyncio.AbstractEventLoop, work: asyncio.Future[Any]) -> None:
        """Answer those who have waited too long for a call that still runs."""
        if work.done():
            return
        now = loop.time()
        for member in (*self._asked, *self._alone, *self._queue):
            if now - member.since > member.within and not member.answer.done():
                late = LateError(f"{self._name} did not answer in {member.within:g} seconds")
                member.answer.set_exception(late)
        loop.call_later(_LOOKS, self._look_at_the_clock, loop, work)

    def _next_batch(self) -> list[_Member[RowsT, AnswerT]]:
        """Take what may be asked together with the one that waits longest; the others keep their places."""
        while self._alone:
            member = self._alone.popleft()
            if not member.answer.done():
                return [member]
        batch: list[_Member[RowsT, AnswerT]] = []
        others: deque[_Member[RowsT, AnswerT]] = deque()
        size, key = 0, None
        while self._queue:
            member = self._queue.popleft()
            rows = member.rows
            if member.answer.done():  # its caller has gone
                self.rows -= len(rows)
            elif not batch or (rows.key == key and size + len(rows) <= self._most):
                batch.append(member)
                size, key = size + len(rows), rows.key
                self.rows -= len(rows)
            else:
                others.append(member)
                if size + len(rows) > self._most:
                    break
        others.extend(self._queue)
        self._queue = others
        return batch

    def _call(self, members: Sequence[RowsT]) -> Sequence[AnswerT] | Exception:
        """Return what the model answers, or what it raises; here or in a thread."""
        begin = time.perf_counter()
        try:
            answers = self._predict(members)
        except Exception as error:
            return error
        if sum(map(len, members)) <= _FEW:
            self._took.append(time.perf_counter() - begin)
        if len(answers) != len(members):
            return WrongAnswerError(f"the model gave {len(answers):,} answers to {len(members):,} requests")
        return answers

    def _settle(self, batch: Sequence[_Member[RowsT, AnswerT]], found: Sequence[AnswerT] | Exception) -> None:
        """Tell each member its answer, or why there is none; where the model failed, ask about each alone."""
        waiting = [member for member in batch if not member.answer.done()]
        if not isinstance(found, Exception):
            for member, answer in zip(batch, found, strict=True):
                if not member.answer.done():
                    member.answer.set_result(answer)
        elif len(batch) == 1 or isinstance(found, WrongAnswerError):
            for member in waiting:
                member.answer.set_exception(found)
        else:
            self._alone.extend(waiting)
