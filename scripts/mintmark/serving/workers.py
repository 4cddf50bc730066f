"""Several server processes that share one address: each follows the registry by itself, and a dead one is replaced."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SOON = 5.0  # seconds; a process that ends sooner than that after its start is not replaced at once
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Workers:
    """The processes that `run` is called in; `ended` is told the number of one that is gone.

    The one that makes them has no threads, and answers nothing itself. What `prepare` imports they have in common.
    """

    def __init__(
        self, count: int, run: Callable[[], None], *, prepare: Callable[[], None], ended: Callable[[int], object]
    ) -> None:
        self._count, self._run, self._prepare, self._ended = count, run, prepare, ended
        self._alive: dict[int, float] = {}
        self._stopping = False
        self._read, self._held = os.pipe()  # held open by the process that makes the others, as long as it lives

    def serve(self) -> int:
        """Return 0 when all have ended because this process was told to."""
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        self._prepare()
        for _ in range(self._count):
            if not self._stopping:
                self._start()
        while self._alive:
            pid, _ = os.wait()
            begun = self._alive.pop(pid, time.monotonic())
            self._ended(pid)
            if not self._stopping:
                time.sleep(max(0.0, _SOON - (time.monotonic() - begun)))
                if not self._stopping:
                    self._start()
        return 0

    def _start(self) -> None:
        """Make a process; a signal meanwhile comes when it is known here, and heeds it there."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid:
            self._alive[pid] = time.monotonic()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        code = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._held)
            threading.Thread(target=self._end_with_it, daemon=True).start()
            self._run()
            code = 0
        except KeyboardInterrupt:
            code = 0
        except Exception as error:
            print(f"mintmark: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            os._exit(code)

    def _end_with_it(self) -> None:
        """Stop when the process that made this one is gone, however it ended."""
        os.read(self._read, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for pid in self._alive:
            os.kill(pid, signal.SIGTERM)
