"""Predict requests that wait together in one call: a batch is whatever arrived during the last call.

A slow model that is asked about the first who comes back lets all others wait for that one, and gRPC hands over one
request at a time, whoever else waits to be handed over. But callers that were just answered mostly ask again. So such a
batch begins when as many have come as were answered last and waited then, or when nobody came for some milliseconds. A
lonely caller does not wait for others, except that one batch in sixteen looks whether there are any, and so does the
one after a batch that fewer joined.

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
_CLOCK: Final = 0.02  # seconds between two looks at who has waited too long, while a call runs
_QUIET: Final = 0.003  # seconds in which nobody comes; a busy machine hands over a call of gRPC in half a one
_LONGEST: Final = 0.015  # seconds that a batch may wait for company
_COMPANY: Final = 64  # members for whom it waits at most
LOOKS: Final = 16  # batches, of which one waits to see whether there are more callers


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
    size: int  # of rows
    answer: asyncio.Future[AnswerT]
    since: float  # by the clock of the loop
    within: float
    comes_alone: bool


class Batcher(Generic[RowsT, AnswerT]):
    """The queue in front of one model.

    `predict` takes the members of a batch and returns an answer for each, in their order, one call at a time. While its
    calls are quick they run in the loop, where to change threads would take longer than they do; else in `executor`.
    At most `waiting` rows may be in the queue, and `MOST_ROWS` in one call; `rows` says how many wait.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[RowsT]], Sequence[AnswerT]],
        *,
        name: str,
        executor: Executor,
        waiting: int = 16 * MOST_ROWS,
    ) -> None:
        self._predict, self._executor, self._waiting = predict, executor, waiting
        self._name = name
        self._queue: deque[_Member[RowsT, AnswerT]] = deque()
        self._alone: deque[_Member[RowsT, AnswerT]] = deque()  # of a batch on which the model failed
        self._asked: Sequence[_Member[RowsT, AnswerT]] = ()  # of the call that runs in a thread
        self._ended: asyncio.Future[None] | None = None  # as long as there is work
        self._took: deque[float] = deque([math.inf] * _LAST, maxlen=_LAST)  # seconds of the last calls with few rows
        self._is_quick = False
        self._expected = 1  # members of the next batch
        self._batches = 0
        self._timer: asyncio.TimerHandle | None = None  # while a batch waits for company
        self.rows = 0

    def ask(self, rows: RowsT, *, within: float = math.inf, comes_alone: bool = False) -> asyncio.Future[AnswerT]:
        """Return where the answer for the rows of one request will be; who cancels it leaves the queue.

        `comes_alone` where requests are handed over one by one. Raises `OverloadedError` at once where too many wait.
        What is awaited raises `LateError` after `within` seconds, and what the model raises for these rows alone.
        """
        size = len(rows)
        if self.rows + size > self._waiting and self._queue:
            raise OverloadedError(f"{self.rows:,} rows wait for an answer; come again in a second")
        loop = asyncio.get_running_loop() if self._ended is None else self._ended.get_loop()
        answer: asyncio.Future[AnswerT] = loop.create_future()
        self._queue.append(_Member(rows, size, answer, loop.time(), within, comes_alone))
        self.rows += size
        if self._ended is None:
            self._ended = loop.create_future()
            loop.call_soon(self._go_on, loop)
        elif self._timer is not None and not self._lacks_company():
            self._begin(loop)
        return answer

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
        elif self._lacks_company():
            self._wait(loop, loop.time() + _LONGEST)
        else:
            self._begin(loop)

    def _lacks_company(self) -> bool:
        """Whether it is worth while to wait for more than those who wait."""
        if self._alone or not 0 < len(self._queue) < self._expected or self.rows >= _FEW:
            return False
        return not self._is_quick or self._queue[0].comes_alone

    def _wait(self, loop: asyncio.AbstractEventLoop, end: float) -> None:
        self._timer = loop.call_later(_QUIET, self._wait_on, loop, len(self._queue), end)

    def _wait_on(self, loop: asyncio.AbstractEventLoop, seen: int, end: float) -> None:
        """Wait longer where somebody came meanwhile, until it is time."""
        if len(self._queue) > seen and loop.time() < end:
            self._wait(loop, end)
        else:
            self._begin(loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, size = self._next_batch()
        if not batch:
            ended, self._ended = self._ended, None
            if ended is not None:
                ended.set_result(None)
            return
        members = [member.rows for member in batch]
        if self._is_quick and size <= _FEW:
            self._settle(batch, self._call(members, size))
            loop.call_soon(self._go_on, loop)
            return
        self._asked = batch
        try:
            work = loop.run_in_executor(self._executor, self._call, members, size)
        except RuntimeError as error:  # the server has stopped
            self._settle(batch, error)
            loop.call_soon(self._go_on, loop)
            return
        loop.call_later(_CLOCK, self._look_at_the_clock, loop, work)
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
        loop.call_later(_CLOCK, self._look_at_the_clock, loop, work)

    def _next_batch(self) -> tuple[list[_Member[RowsT, AnswerT]], int]:
        """Take what may be asked together with the one that waits longest, and how many rows that is.

        The others keep their places.
        """
        while self._alone:
            member = self._alone.popleft()
            if not member.answer.done():
                return [member], member.size
        batch: list[_Member[RowsT, AnswerT]] = []
        others: deque[_Member[RowsT, AnswerT]] = deque()
        size, key = 0, None
        while self._queue:
            member = self._queue.popleft()
            if member.answer.done():  # its caller has gone
                self.rows -= member.size
            elif not batch or (size + member.size <= MOST_ROWS and member.rows.key == key):
                if not batch:
                    key = member.rows.key
                batch.append(member)
                size += member.size
                self.rows -= member.size
            else:
                others.append(member)
                if size + member.size > MOST_ROWS:
                    break
        others.extend(self._queue)
        self._queue = others
        return batch, size

    def _call(self, members: Sequence[RowsT], size: int) -> Sequence[AnswerT] | Exception:
        """Return what the model answers to so many rows, or what it raises; here or in a thread."""
        begin = time.perf_counter()
        try:
            answers = self._predict(members)
        except Exception as error:
            return error
        if size <= _FEW:
            self._took.append(time.perf_counter() - begin)
            self._is_quick = sorted(self._took)[_LAST // 2] < _QUICK
        if len(answers) != len(members):
            return WrongAnswerError(f"the model gave {len(answers):,} answers to {len(members):,} requests")
        return answers

    def _settle(self, batch: Sequence[_Member[RowsT, AnswerT]], found: Sequence[AnswerT] | Exception) -> None:
        """Tell each member its answer, or why there is none; where the model failed, ask about each alone."""
        self._batches += 1
        is_look = self._batches % LOOKS == 0 or len(batch) < self._expected < _COMPANY
        self._expected = _COMPANY if is_look else min(len(batch) + len(self._queue), _COMPANY)
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


def answered(answer: AnswerT) -> asyncio.Future[AnswerT]:
    """Return an answer that is there already, as `Batcher.ask` returns one."""
    known: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
    known.set_result(answer)
    return known
