"""Spread work over processes that leave Ctrl-C to this one. Knows nothing of the work."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(_PROCESSES, initializer=_start, initargs=(start, given)) as pool:
        try:
            with _interrupt_held():
                waiting = [pool.submit(work, *job) for job in jobs]
            while waiting:
                yield waiting.pop(0).result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start(start: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    # Ctrl-C reaches every process and is for the one alone that waits: a worker would tell of it too, or stop in the
    # middle of a result.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
