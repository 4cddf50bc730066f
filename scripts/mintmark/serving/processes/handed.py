"""Connections that one process accepts and hands to others in turn, and how these take them.

Processes that accept from one socket themselves part its connections by chance: of sixteen, one may have fourteen.
"""

from __future__ import annotations

import asyncio
import fcntl
import select
import socket
import struct
import termios
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
_ON_THE_WAY: Final = 16 << 10  # bytes, in which Linux keeps about ten connections that a process has not taken yet
_PRIVATE: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # what a process runs gets no connections of callers
_STUCK: Final = 1.0  # seconds; who took nothing for so long gets nothing while another takes more


def make_channel() -> tuple[socket.socket, socket.socket]:
    """Return two ends: ours, which hands connections over, and that of the process, which takes them.

    Little fits between them, so that few connections wait for a process that hangs.
    """
    ours, its = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_THE_WAY)
    ours.setblocking(False)
    return ours, its


class Turns:
    """The processes that take connections, by the sockets over which they get them, each in its turn."""

    def __init__(self) -> None:
        self._ready: deque[socket.socket] = deque()
        self._taken: dict[socket.socket, float] = {}  # when each was last seen to have taken all that it was given

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
            self._taken[channel] = time.monotonic()
        elif said:
            with suppress(OSError):
                channel.send(_LAST)
        return bool(said)

    def drop(self, channel: socket.socket) -> None:
        """Hand no more to a process."""
        with suppress(ValueError):
            self._ready.remove(channel)
        self._taken.pop(channel, None)

    def hand_over(self, listening: socket.socket) -> None:
        """Accept a connection and give it to whose turn it is; while no process takes more, it waits where it is."""
        takers = self._takers()
        if not takers:
            return
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
                if self._ready[-1] in takers:
                    with suppress(OSError):  # it has just ended
                        socket.send_fds(self._ready[-1], [_HANDED], [connection.fileno()])
                        return

    def _takers(self) -> set[socket.socket]:
        """Return who has room for a connection, without those that take none; wait a moment where nobody has."""
        room = select.poll()
        for channel in self._ready:
            room.register(channel, select.POLLOUT)
        free = {number for number, state in room.poll(1000 * _REST) if state == select.POLLOUT}
        takers = {channel for channel in self._ready if channel.fileno() in free}
        return {channel for channel in takers if not self._is_stuck(channel)} or takers

    def _is_stuck(self, channel: socket.socket) -> bool:
        now = time.monotonic()
        if not _untaken(channel):
            self._taken[channel] = now
        return now - self._taken[channel] > _STUCK


def _untaken(channel: socket.socket) -> int:
    """Return the bytes of memory that hold what the other end has not taken yet, as far as the system tells."""
    try:
        told: bytes = fcntl.ioctl(channel, termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int(struct.unpack("i", told)[0])


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
            said, handed, _, _ = socket.recv_fds(self._channel, 1, 1, _PRIVATE)
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
