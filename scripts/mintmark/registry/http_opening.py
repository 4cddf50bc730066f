"""Open an http or https address for reading: proxies, retries, redirects, credentials, and an end. Reads no body.

A server that sends a byte now and then keeps to the timeout of each read. So an answer, its head included, has a least
rate once a minute is over, and a last moment.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time
import urllib.error
import urllib.request
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mintmark.about import __version__
from mintmark.core.finding import one_line
from mintmark.registry.stored.pacing import GRACE, LEAST_RATE, LONGEST

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT = f"mintmark/{__version__}"
PAUSES = (0.2, 1.0)  # seconds before the second and the third attempt
GONE = (404, 410)
_AGAIN = {429, 500, 502, 503, 504}
_UNPROVEN = 0  # in place of a status: the server is there, and is not who it should be


class HttpFault(Exception):  # noqa: N818 - whoever asked makes an error of it, with a remedy
    """A server refused (`code`) or could not be reached (`code` is None); the text says which, without the address."""

    def __init__(self, words: str, code: int | None = None) -> None:
        super().__init__(one_line(words))
        self.code = code

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later: there is no network, or the server has too much to do."""
        return self.code is None or self.code in _AGAIN


def basic_credentials(user: str, password: str) -> dict[str, str]:
    """Return the header by which a server knows a user."""
    from base64 import b64encode

    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def open_address(
    address: str,
    *,
    headers: Mapping[str, str],
    timeout: float,
    verify: str = "true",
    pauses: tuple[float, ...] = PAUSES,
) -> http.client.HTTPResponse:
    """Open an address; where that may help, try again after each of `pauses`. Raises `HttpFault`.

    `verify` is `true`, `false`, or the path of the certificates to trust. A redirect to another host is followed
    without `headers`, and none leads from https to http.
    """
    request = urllib.request.Request(address, headers={"User-Agent": AGENT, **headers})  # noqa: S310 - http(s) alone
    opener = _opener(verify)
    for pause in (*pauses, None):
        try:
            return opener.open(request, timeout=timeout)  # type: ignore[no-any-return]
        except urllib.error.HTTPError as error:
            error.close()
            fault = HttpFault(f"answers {error.code} {' '.join(str(error.reason).split())}", error.code)
            again = error.code in _AGAIN
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            fault = HttpFault(f"cannot be reached: {reason}", _UNPROVEN if _is_unproven(reason) else None)
            again = isinstance(reason, ConnectionError)
        if not again or pause is None:
            break
        time.sleep(pause)
    raise fault


def _is_unproven(reason: object) -> bool:
    return isinstance(reason, ssl.SSLCertVerificationError)


class _Paced(io.RawIOBase):
    """What a server sends, as long as it sends enough of it."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream, self._begin, self._received = stream, time.monotonic(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Fill a buffer as far as there is something; raise `TimeoutError` where it comes too slowly."""
        count = self._stream.readinto(buffer)
        self._received += count or 0
        seconds = time.monotonic() - self._begin
        if count and seconds > GRACE and self._received < seconds * LEAST_RATE:
            raise TimeoutError(f"it sends less than {LEAST_RATE:,} bytes a second")
        if seconds > LONGEST:
            raise TimeoutError(f"it is not done after {LONGEST / 3600:g} hours")
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Paced(self.fp.detach()))


class _Connection(http.client.HTTPConnection):
    response_class = _Answer


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Answer


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, request)


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        fp.close()  # or its body, of whatever size, would be read into memory
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme != "https" and new.scheme != old.scheme:
            words = f"a redirect to {new.scheme}://, which is not followed"
            raise urllib.error.HTTPError(req.full_url, code, words, headers, fp)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and (old.hostname, old.port) != (new.hostname, new.port):
            request.headers = {"User-agent": AGENT}  # secrets stay with their host
        return request


class _Https(urllib.request.AbstractHTTPHandler):
    """Https with certificates that are read when they are needed: it takes 20 ms, and http needs none."""

    def __init__(self, verify: str) -> None:
        super().__init__()
        self._verify = verify

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, request, context=_tls(self._verify))

    https_request = urllib.request.AbstractHTTPHandler.do_request_


@functools.cache
def _tls(verify: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if verify.lower() in ("true", "false") else verify)
    if verify.lower() == "false":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@functools.cache
def _opener(verify: str) -> urllib.request.OpenerDirector:
    """Return an opener that speaks http and https alone."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        _Http(),
        _Https(verify),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
