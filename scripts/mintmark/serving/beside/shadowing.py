"""Let challengers answer what was answered already: off the path, on a copy, and never at a caller's cost.

What waits for a challenger is bounded, and what finds no room is counted and dropped. It is asked about many requests
in one call, as many as add milliseconds to it, and rests so long that it takes but a small share of a processor.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.signature.inputs import InputFault
from mintmark.serving.rows import BoundRows
from mintmark.serving.served_version import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mintmark.serving.beside.decisions import Decision
    from mintmark.serving.served_version import Answer, ServedVersion
    from mintmark.serving.slots import Slot

ROOM: Final = 20_000  # rows that may wait
_MOST_ROWS: Final = 4096  # in one call
_SPELL: Final = 0.003  # seconds of work between two rests, beside what a call takes: so long may a caller wait
_MOST_SIZE: Final = 32 << 20  # bytes of bodies that may wait
_SHARE: Final = 0.1  # of one processor
_PAUSE: Final = 0.05  # seconds, in which requests gather
_OK: Final = 200


class Shadow:
    """One challenger. `record`, if any, gets its answers, with the id of the request that each belongs to."""

    def __init__(self, slot: Slot, record: Callable[[Decision], None] | None, *, room: int = ROOM) -> None:
        self.slot = slot
        self.seen: Counter[str] = Counter()  # requests by what became of them
        self.same = self.differing = 0  # rows
        self._record, self._room = record, room
        self._queue: deque[Decision] = deque()
        self._rows = self._size = 0
        self._most = 1  # rows of a spell; nobody knows yet how long they take
        self._least = math.inf  # seconds of the quickest spell, which is what any call takes
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"shadow {slot.name}", daemon=True)

    def see(self, decision: Decision) -> None:
        """Take a request that was answered, where there is room for it; costs the append of a reference."""
        rows = len(decision.rows) if decision.rows is not None else 0
        if not rows or decision.status != _OK or decision.model != self.slot.model:
            return
        with self._lock:
            if self._rows + rows > self._room or self._size + decision.size > _MOST_SIZE:
                self.seen["dropped"] += 1
                return
            self._rows += rows
            self._size += decision.size
            self._queue.append(decision)

    @property
    def waiting(self) -> int:
        """How many requests wait for the challenger."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call that is under way; what still waits is dropped."""
        self._stopped.set()
        self._thread.join()
        self.seen["dropped"] += len(self._queue)
        self._queue.clear()

    def _work(self) -> None:
        pause = _PAUSE
        while not self._stopped.wait(pause):
            begin = time.thread_time()
            taken = self._take()
            try:
                self._answer(taken)
            except Exception:  # answers of a form that nobody expected; the thread must go on
                self.seen["failed"] += len(taken)
            took = max(time.thread_time() - begin, 1e-9)  # a coarse clock may not have moved
            self._learn(sum(len(each.rows or ()) for each in taken), took)
            pause = max(_PAUSE, took * (1 / _SHARE - 1))

    def _learn(self, rows: int, took: float) -> None:
        """Let the next spell have as many rows as add milliseconds to what any call takes, at most twice as many."""
        if not rows:
            return
        self._least = min(self._least, took)
        added = took - self._least
        if self._queue or added > _SPELL:
            fit = rows * (_SPELL / added if added > _SPELL / 2 else 2)
            self._most = int(min(max(fit, 1), _MOST_ROWS))

    def _take(self) -> list[Decision]:
        taken: list[Decision] = []
        rows = 0
        with self._lock:
            while self._queue and (not taken or rows + len(self._queue[0].rows or ()) <= self._most):
                taken.append(self._queue.popleft())
                rows += len(taken[-1].rows or ())
                self._size -= taken[-1].size
            self._rows -= rows
        return taken

    def _answer(self, taken: Iterable[Decision]) -> None:
        version = self.slot.current
        if version is None:
            self.seen["not ready"] += len(list(taken))
            return
        groups: dict[Any, list[tuple[Decision, BoundRows]]] = {}
        alike: dict[ServedVersion | None, bool] = {}
        for decision in taken:
            served = decision.version
            if served not in alike:
                alike[served] = served is not None and served.columns == version.columns
            rows = decision.rows if alike[served] else bind_again(decision, version)
            if rows is None:
                self.seen["other columns"] += 1
            else:
                groups.setdefault((served, rows.key), []).append((decision, rows))
        for members in groups.values():
            self._ask(members, version)

    def _ask(self, members: list[tuple[Decision, BoundRows]], version: ServedVersion) -> None:
        begin = time.perf_counter()
        questions = [Question(rows, True) for _, rows in members]
        if len(questions) == 1:  # the rows of several are put together, which copies them
            questions = [Question(_copied(members[0][1]), True)]
        try:
            answers: list[Answer | None] = [*version.predict(questions)]
            error = ""
        except Exception as fault:
            if len(members) > 1:
                for member in members:
                    self._ask([member], version)
                return
            answers, error = [None], f"{type(fault).__name__}: {' '.join(str(fault).split())[:300]}"
        seconds = time.perf_counter() - begin
        self._hold([decision for decision, _ in members], answers)
        self.seen["failed" if error else "answered"] += len(members)
        if self._record is None:
            return
        for (decision, rows), answer in zip(members, answers, strict=True):
            self._record(
                decision._replace(
                    channel=self.slot.channel,
                    version=version,
                    rows=rows,
                    answer=answer,
                    seconds=seconds,
                    status=_OK if answer is not None else 500,
                    error=error,
                    shadow=True,
                )
            )

    def _hold(self, decisions: Iterable[Decision], answers: Iterable[Answer | None]) -> None:
        """Count the rows to which both versions say the same."""
        told = [(one.answer, other) for one, other in zip(decisions, answers, strict=True)]
        both = [(one.predictions, other.predictions) for one, other in told if one is not None and other is not None]
        if both:
            ones, others = (np.concatenate(predictions) for predictions in zip(*both, strict=True))
            same = int(np.count_nonzero(ones == others))
            self.same += same
            self.differing += len(ones) - same


def bind_again(decision: Decision, version: ServedVersion) -> BoundRows | None:
    """Return the rows of a request for a version of other columns, None where it takes what these rows do not have."""
    rows, served = decision.rows, decision.version
    if rows is None or served is None:
        return None
    values = rows.values
    columns = list(values.T) if isinstance(values, np.ndarray) else list(values)
    given = zip(served.signature.inputs, columns, strict=True)
    try:
        return version.binding.from_columns({name: column.copy() for name, column in given})
    except InputFault:
        return None


def _copied(rows: BoundRows) -> BoundRows:
    values = rows.values
    copied = values.copy() if isinstance(values, np.ndarray) else tuple(column.copy() for column in values)
    return BoundRows(copied, rows.dtypes, rows.count)
