"""Connections that one process accepts and hands to others in turn, and how these take them.

Processes that accept from one socket themselves part its connections by chance: of sixteen, one may have fourteen.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_READY: Final = b"+"  # from a process: it takes connections
_LAST: Final = b"-"  # from a process: it wants no more; to it: there are no more
_REST: Final = 0.05  # seconds until the next attempt where none could be accepted
_HANDED: Final = b"c"  # to a process, with a connection


class Turns:
    """The processes that take connections, by the sockets over which they get them, each in its turn."""

    def __init__(self) -> None:
        self._ready: deque[socket.socket] = deque()

    def __bool__(self) -> bool:
        return bool(self._ready)

    def listen_to(self, channel: socket.socket) -> bool:
        """Take note of what a process says; False where it has ended."""
        try:
            said = channel.recv(16)
        except BlockingIOError:
            return True
        except OSError:
            said = b""
        self.drop(channel)
        if said.endswith(_READY):
            self._ready.append(channel)
        elif said:
            with suppress(OSError):
                channel.send(_LAST)
        return bool(said)

    def drop(self, channel: socket.socket) -> None:
        """Hand no more to a process."""
        with suppress(ValueError):
            self._ready.remove(channel)

    def hand_over(self, listening: socket.socket) -> None:
        """Accept a connection and give it to whose turn it is; where no process can take it, it is closed."""
        try:
            connection, _ = listening.accept()
        except BlockingIOError:
            return
        except OSError:  # whoever came has gone again, or there are too many open files
            time.sleep(_REST)
            return
        with connection:
            for _ in range(len(self._ready)):
                self._ready.rotate(-1)
                with suppress(OSError):  # it has just ended, or takes nothing any more
                    socket.send_fds(self._ready[-1], [_HANDED], [connection.fileno()])
                    return


class Handed:
    """The connections that a process gets over `channel`."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._taken: set[asyncio.Task[Any]] = set()
        self._ended = asyncio.Event()

    def start(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Serve each of them by a protocol, from now on, in the loop that runs."""
        self._channel.setblocking(False)
        asyncio.get_running_loop().add_reader(self._channel, self._take, protocol)
        self._channel.send(_READY)

    async def stop(self) -> None:
        """Return when no more will come, and all that came are served by their protocols."""
        with suppress(OSError, TimeoutError):
            self._channel.send(_LAST)
            await asyncio.wait_for(self._ended.wait(), 5.0)
        asyncio.get_running_loop().remove_reader(self._channel)
        await asyncio.gather(*self._taken)

    def _take(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        try:
            said, handed, _, _ = socket.recv_fds(self._channel, 1, 1)
        except BlockingIOError:
            return
        except OSError:
            said, handed = b"", []
        if said in (b"", _LAST):
            asyncio.get_running_loop().remove_reader(self._channel)
            self._ended.set()
        for number in handed:
            connection = socket.socket(fileno=number)
            connection.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._serve(protocol, connection))
            self._taken.add(task)
            task.add_done_callback(self._taken.discard)

    @staticmethod
    async def _serve(protocol: Callable[[], asyncio.Protocol], connection: socket.socket) -> None:
        with suppress(OSError):  # it has gone again
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connection)
