"""Spread work over processes that leave Ctrl-C to this one. Knows nothing of the work."""

from __future__ import annotations

import gc
import signal
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import ProcessPoolExecutor
    from typing import Self

_PROCESSES = 2
_Result = TypeVar("_Result")


def in_processes(
    work: Callable[..., _Result],
    jobs: Iterable[tuple[Any, ...]],
    *,
    start: Callable[..., None] | None = None,
    given: tuple[Any, ...] = (),
) -> Iterator[_Result]:
    """Yield what `work` returns for the arguments of each job, in their order; each result is let go of once yielded.

    `start` is called with `given` in each process before its first job. All of it can be pickled.
    """
    with Workers(start=start, given=given) as workers:
        yield from workers.begin(work, jobs)()


class Workers:
    """Processes that are started at the first job and take others until the end of the `with`."""

    def __init__(self, *, start: Callable[..., None] | None = None, given: tuple[Any, ...] = ()) -> None:
        self._initial = (start, given)
        self._pool: ProcessPoolExecutor | None = None

    def begin(self, work: Callable[..., _Result], jobs: Iterable[tuple[Any, ...]]) -> Callable[[], Iterator[_Result]]:
        """Begin with these jobs, and return the function that yields their results as `in_processes` does."""
        from concurrent.futures import ProcessPoolExecutor

        with _interrupt_held():
            if self._pool is None:
                self._pool = ProcessPoolExecutor(_PROCESSES, initializer=_start, initargs=self._initial)
            waiting = deque(self._pool.submit(work, *job) for job in jobs)

        def results() -> Iterator[_Result]:
            while waiting:
                yield waiting.popleft().result()

        return results

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool.shutdown()


def _start(start: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    # Ctrl-C reaches every process and is for the one alone that waits: a worker would tell of it too, or stop in the
    # middle of a result.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # to look for garbage in what the parent had would copy it
    _end_with_parent()
    if start is not None:
        start(*given)


def _end_with_parent() -> None:
    """End this worker when the process that it works for was killed: it would wait for another job for ever."""
    import os
    from multiprocessing import connection, parent_process
    from threading import Thread

    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        connection.wait([sentinel])
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Let Ctrl-C wait until the workers are started: while they start, Python loses it or waits for ever."""
    from threading import current_thread, main_thread

    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came: list[int] = []
    # No mask of signals: what one thread holds back, another one, such as a library's own, still gets.
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
