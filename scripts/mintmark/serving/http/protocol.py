"""uvicorn's HTTP, which hands a small POST to the application as a whole: no task, no messages of ASGI, one write.

What is large, comes in chunks or waits behind another request goes the common way of uvicorn, as does whatever else is
asked. Both ways lead to the same answers.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mintmark.serving.http.corked import CorkedTransport
from mintmark.serving.http.exchange import Request

if TYPE_CHECKING:
    import asyncio

    from mintmark.serving.app import App
    from mintmark.serving.http.exchange import Response

_CLOSE: Final = (b"connection", b"close")
_DIGITS: Final = len(str(HIGH_WATER_LIMIT)) - 1  # a length of so many digits is below it


class HttpProtocol(HttpToolsProtocol):
    """One connection to `app`, over a corked transport."""

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(**options)
        self._app = app
        self._idle_since = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(CorkedTransport(transport))

    def connection_lost(self, exc: Exception | None) -> None:
        """Ask no more in the name of a caller that has gone."""
        if isinstance(self.cycle, _Whole) and self.cycle.answer is not None:
            self.cycle.answer.cancel()
        super().connection_lost(exc)
        super()._unset_keepalive_if_required()

    def on_message_begin(self) -> None:
        """Wait for the headers of a request."""
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Begin a request; one that is taken as a whole waits for its body."""
        if self._is_small_post() and (self.cycle is None or self.cycle.response_complete):
            keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            self.cycle = _Whole(keep_alive)  # type: ignore[assignment]
            return
        url, headers, waits = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, waits
        self.headers += headers
        super().on_headers_complete()

    def _is_small_post(self) -> bool:
        if self.parser.get_method() != b"POST" or self.expect_100_continue or self.flow.write_paused:
            return False
        if self.parser.should_upgrade():
            return False
        for name, value in self.headers:
            if name == b"content-length":
                return len(value) <= _DIGITS
        return False

    def _should_upgrade(self) -> bool:
        return False  # there are no web sockets here, also where a library for them is installed

    def on_message_complete(self) -> None:
        """Answer a request that is here as a whole."""
        whole = self.cycle
        if not isinstance(whole, _Whole):
            super().on_message_complete()
            return
        request = Request.of("POST", _path(self.url), self.headers)
        whole.answer = self._app.answer_whole(request, whole.body, partial(self._reply, whole))

    def _reply(self, whole: _Whole, request: Request, response: Response) -> None:
        whole.response_complete = True
        if whole.disconnected or self.transport.is_closing():
            return
        named = [*self.server_state.default_headers, *self._app.headers(request, response)]
        is_last = not whole.keep_alive or _CLOSE in named
        if is_last and _CLOSE not in named:
            named.append(_CLOSE)
        head = [b"%b: %b\r\n" % header for header in named]
        self.transport.write(b"".join([STATUS_LINE[response.code], *head, b"\r\n", response.body]))
        if is_last:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """Go on with what waits, or wait for more: with one timer, where uvicorn makes one each time."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_again(self.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        self._idle_since = math.inf
        super().data_received(data)

    def _unset_keepalive_if_required(self) -> None:
        pass  # what comes says by itself that the connection is in use

    def _look_again(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing came for long enough."""
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            super().timeout_keep_alive_handler()
        else:
            self._look_again(min(left, self.timeout_keep_alive))


class _Whole:
    """What uvicorn looks at of a request that has no cycle of ASGI."""

    __slots__ = ("answer", "body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete")

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive, self.more_body, self.disconnected, self.response_complete = keep_alive, True, False, False
        self.body = b""
        self.message_event = _NOBODY
        self.answer: asyncio.Future[Any] | None = None


class _Nobody:
    """Stands where a task would wait for the body."""

    def set(self) -> None:
        """Tell nobody."""


_NOBODY: Final = _Nobody()


@lru_cache(maxsize=256)
def _path(url: bytes) -> str:
    """Return the path of an address as ASGI has it."""
    return unquote(httptools.parse_url(url).path.decode("ascii"))
