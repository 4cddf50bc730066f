"""Serve a built site on this machine and build it again when the registry changed. Publishes nothing."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from email.message import Message
    from pathlib import Path

_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?", re.IGNORECASE)
_PATIENCE = 2.0  # seconds between two looks at the registry


class Rebuild:
    """Builds a site again when `state`, whatever it is, is not what it was at the last build."""

    def __init__(self, build: Callable[[], None], state: Callable[[], Hashable]) -> None:
        self._build, self._state = build, state
        self._known: Hashable = None
        self._looked = -_PATIENCE
        self._lock = threading.Lock()

    def when_changed(self) -> None:
        """Build if the registry changed; while one request builds, the others wait for it."""
        with self._lock:
            if time.monotonic() - self._looked < _PATIENCE:
                return
            state = self._state()
            if state != self._known:
                self._known = state  # also of a build that fails: what is asked for next must not try it again
                try:
                    self._build()
                finally:
                    self._looked = time.monotonic()
            self._looked = time.monotonic()


class _PreviewServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that went away."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _PageRequest(SimpleHTTPRequestHandler):
    """One request; a page that is asked for is made anew first where it must be."""

    extensions_map = {  # noqa: RUF012 - as the class that is extended has it
        **SimpleHTTPRequestHandler.extensions_map,
        ".json": "application/json",
        ".md": "text/plain; charset=utf-8",
    }

    def __init__(self, *arguments: object, rebuild: Rebuild, **options: object) -> None:
        self._rebuild = rebuild
        super().__init__(*arguments, **options)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer with a file of the site."""
        try:
            self._rebuild.when_changed()
        except MintmarkError as error:  # the site before is still there; say why it is old
            print(f"mintmark: {error}", file=sys.stderr)
        try:
            super().do_GET()
        except ValueError:  # a zero byte in the path
            self.send_error(404)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with the site's own page for what is not there."""
        page = os.path.join(self.directory, "404.html")
        if code != 404 or not os.path.isfile(page):
            super().send_error(code, message, explain)
            return
        with open(page, "rb") as stream:
            content = stream.read()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def end_headers(self) -> None:
        """Have browsers ask each time: the next build may be a second away."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing of single requests."""

    def parse_request(self) -> bool:
        """Refuse requests for another host's name: a page elsewhere could otherwise read this site through it."""
        if not super().parse_request():
            return False
        if _is_local(self.headers):
            return True
        self.send_error(403, "this preview answers to localhost only")
        return False


def _is_local(headers: Message) -> bool:
    return _LOCAL.fullmatch(headers.get("Host", "localhost")) is not None


def open_server(folder: Path, port: int, rebuild: Rebuild) -> ThreadingHTTPServer:
    """Return a server of `folder` on this machine alone; raise `MintmarkError` where the port cannot be had."""
    handler = partial(_PageRequest, directory=str(folder), rebuild=rebuild)
    try:
        return _PreviewServer(("127.0.0.1", port), handler)
    except OverflowError:
        raise UsageError(f"--port {port}: a port is a number from 1 to 65535") from None
    except OSError as error:
        raise MintmarkError(f"port {port}: {error.strerror}; choose another with --port") from None
