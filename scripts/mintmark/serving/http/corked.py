"""Write the answers of one pass of the loop together, and each of them in one piece. Knows nothing of what they say.

To write wakes a caller that waits, which takes longer than to write. The answers that follow at once find it awake.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from asyncio import BaseProtocol


class CorkedTransport(asyncio.Transport):
    """A transport that keeps what is written until the loop has run what is ready now."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport, self._loop = transport, asyncio.get_running_loop()
        self._parts: list[bytes | bytearray | memoryview] = []
        self._written = _WRITTEN.setdefault(self._loop, [])

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write with whatever else is written in this pass."""
        if not self._parts:
            if not self._written:
                self._loop.call_soon(_flush_all, self._written)
            self._written.append(self)
        self._parts.append(data)

    def flush(self) -> None:
        """Write now what is kept."""
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))

    def close(self) -> None:
        """Close once everything is written."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._parts = []
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether the connection is closed or being closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def set_protocol(self, protocol: BaseProtocol) -> None:
        """Hand the connection to another protocol."""
        self._transport.set_protocol(protocol)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say from how many bytes on a writer has to wait."""
        self._transport.set_write_buffer_limits(high, low)


# Of each loop: whoever has something to write.
_WRITTEN: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, list[CorkedTransport]]] = WeakKeyDictionary()


def _flush_all(written: list[CorkedTransport]) -> None:
    ready, written[:] = written[:], []
    for transport in ready:
        transport.flush()
