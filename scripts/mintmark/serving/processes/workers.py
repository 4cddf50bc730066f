"""Several server processes behind one address: each follows the registry by itself, and a dead one is replaced."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from mintmark.serving.processes.handed import Turns, make_channel

if TYPE_CHECKING:
    from collections.abc import Callable

_SOON = 5.0  # seconds; a process that ends sooner than that after its start is not replaced at once
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Workers:
    """The processes that `run` is called in, with the socket over which each gets the connections to `listening`.

    The one that makes them has no threads, and answers nothing itself. What it has imported they have in common;
    `ended` is told the number of one that is gone.
    """

    def __init__(
        self,
        count: int,
        run: Callable[[socket.socket], None],
        *,
        listening: socket.socket,
        ended: Callable[[int], object],
    ) -> None:
        self._run, self._ended, self._listening = run, ended, listening
        self._starts = [0.0] * count  # when the processes that are missing may start, by the monotonic clock
        self._alive: dict[socket.socket, tuple[int, float]] = {}
        self._turns = Turns()
        self._stopping = self._is_listening = False
        self._read, self._held = os.pipe()  # held open by the process that makes the others, as long as it lives

    def serve(self) -> int:
        """Return 0 when all have ended because this process was told to."""
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        self._listening.setblocking(False)
        with selectors.DefaultSelector() as selector:
            while self._alive or not self._stopping:
                self._start_missing(selector)
                self._listen(selector)
                pause = max(0.0, min(self._starts) - time.monotonic()) if self._starts else None
                for key, _events in selector.select(pause):
                    if key.fileobj is self._listening:
                        self._turns.hand_over(self._listening)
                    elif not self._turns.listen_to(key.data):
                        self._bury(selector, key.data)
        return 0

    def _listen(self, selector: selectors.BaseSelector) -> None:
        """Accept connections while there is a process for them; the others wait in the queue of the socket."""
        if bool(self._turns) != self._is_listening:
            self._is_listening = not self._is_listening
            if self._is_listening:
                selector.register(self._listening, selectors.EVENT_READ)
            else:
                selector.unregister(self._listening)
        if self._stopping and not self._is_listening:
            self._listening.close()

    def _start_missing(self, selector: selectors.BaseSelector) -> None:
        for moment in [moment for moment in self._starts if moment <= time.monotonic() and not self._stopping]:
            self._starts.remove(moment)
            ours = self._start()
            selector.register(ours, selectors.EVENT_READ, ours)
        if self._stopping:
            self._starts.clear()

    def _bury(self, selector: selectors.BaseSelector, channel: socket.socket) -> None:
        selector.unregister(channel)
        channel.close()
        pid, since = self._alive.pop(channel)
        os.waitpid(pid, 0)
        self._ended(pid)
        self._starts.append(since + _SOON)

    def _start(self) -> socket.socket:
        """Make a process; a signal meanwhile comes when it is known here, and heeds it there."""
        ours, its = make_channel()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid:
            self._alive[ours] = (pid, time.monotonic())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            its.close()
            return ours
        code = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._held)
            for inherited in (ours, self._listening, *self._alive):
                inherited.close()
            threading.Thread(target=self._end_with_it, daemon=True).start()
            self._run(its)
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
        for pid, _since in self._alive.values():
            os.kill(pid, signal.SIGTERM)
