"""The JSON documents of a site: asked for only when they changed, and kept for when the network is gone."""

from __future__ import annotations

import http.client
import json
import math
import time
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from mintmark.core.finding import one_line
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.http_opening import GONE, PAUSES, HttpFault, basic_credentials, open_address
from mintmark.registry.published.last_good_copies import Copy, LastGoodCopies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Check = Callable[[Mapping[str, Any]], str | None]

API = "api/v1/"
NEXT_API = "api/v2/"
MAX_DOCUMENT = 32 * 1024 * 1024  # 10,000 models in one list
_MAX_DEPTH = 64
_TIMEOUT = 20.0  # for each piece
_DEADLINE = 120.0  # for a whole document: a server that sends a byte now and then must not hold anybody up
_PIECE = 1 << 16
_NEWS = 3600.0  # seconds by which a copy must be older than the last for a second warning


class SiteError(MintmarkError):
    """A site cannot be read, or says what cannot be."""


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """The root of a site, without credentials and with a final slash, and the headers that its server asks for."""

    root: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def of(self, path: str) -> str:
        """Return the address of a document of the API."""
        return f"{self.root}{API}{path}"


def parse_site_address(text: str) -> SiteAddress:
    """Return the site at an address: its root, or the folder of its API; raise `UsageError` for any other text."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or not text.isprintable():
        shown = one_line(text.rpartition("@")[2])
        raise UsageError(
            f"{shown}: is not the address of a site; give its root, such as https://acme.github.io/models/"
        )
    shown_host = f"[{host}]" if ":" in host else host
    path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~").removesuffix(f"/{API.rstrip('/')}")
    place = f"{shown_host}:{port}" if port is not None else shown_host
    headers = basic_credentials(unquote(parts.username), unquote(parts.password or "")) if parts.username else {}
    return SiteAddress(f"{parts.scheme}://{place}{path}/", headers)


class HttpDocuments:
    """The documents of one site, each read once. `on_warning` is told when a copy has to do, and of what day it is."""

    def __init__(self, address: SiteAddress, folder: Path, on_warning: Callable[[str], None]) -> None:
        self.address = address
        self._copies = LastGoodCopies(folder)
        self._on_warning = on_warning
        self._read: dict[str, Mapping[str, Any] | None] = {}
        self._unreachable: HttpFault | None = None
        self._told = math.inf
        self._telling = Lock()  # several documents may be read at once

    def known(self, path: str) -> bool:
        """Whether a document was read before."""
        return path in self._read

    def get(self, path: str, check: Check) -> Mapping[str, Any] | None:
        """Return a document, None when the site has none at this path; `check` says what is wrong with one.

        Raises `SiteError` for what is no document, and where there is neither an answer nor a copy.
        """
        if path not in self._read:
            self._read[path] = self._ask(path, check)
        return self._read[path]

    def is_there(self, path: str) -> bool:
        """Whether the server answers for a path below the site's root."""
        try:
            with open_address(self.address.root + path, headers=self.address.headers, timeout=_TIMEOUT, pauses=()):
                return True
        except HttpFault:
            return False

    def _ask(self, path: str, check: Check) -> Mapping[str, Any] | None:
        copy = self._copies.read(path)
        if self._unreachable is not None:
            return self._fall_back(path, copy, self._unreachable, check)
        try:
            with self._open(path, copy) as answer:
                body = self._receive(answer, path)
                etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        except HttpFault as fault:
            return self._settle(path, copy, fault, check)
        document = self._checked(path, body, check)
        self._copies.write(path, body, etag=etag, modified=modified)
        return document

    def _open(self, path: str, copy: Copy | None) -> http.client.HTTPResponse:
        headers = {**self.address.headers, "Accept": "application/json", "Accept-Encoding": "gzip"}
        pauses: tuple[float, ...] = PAUSES
        if copy is not None:
            headers |= copy.conditions
            pauses = PAUSES[:1]  # with a copy at hand, nobody need wait long for a server that is down
        return open_address(self.address.of(path), headers=headers, timeout=_TIMEOUT, pauses=pauses)

    def _settle(self, path: str, copy: Copy | None, fault: HttpFault, check: Check) -> Mapping[str, Any] | None:
        """Return what an answer without a document means."""
        if fault.code == http.HTTPStatus.NOT_MODIFIED and copy is not None:
            document = self._checked(path, copy.body, check)
            self._copies.confirm(path)
            return document
        if fault.code in GONE:
            self._copies.forget(path)
            return None
        if fault.is_passing:
            return self._fall_back(path, copy, fault, check)
        raise SiteError(f"{self.address.of(path)} {fault}{_remedy(fault)}")

    def _fall_back(self, path: str, copy: Copy | None, fault: HttpFault, check: Check) -> Mapping[str, Any]:
        if fault.code is None:
            self._unreachable = fault
        if copy is None:
            raise SiteError(
                f"{self.address.of(path)} {fault}, and no copy of it is here from before; "
                "check the address and the network, and run it again"
            )
        document = self._checked(path, copy.body, check)
        with self._telling:
            if copy.confirmed < self._told - _NEWS:
                self._told = copy.confirmed
                self._on_warning(f"{self.address.root} {fault}; this is its state of {_minute(copy.confirmed)}")
        return document

    def _checked(self, path: str, body: bytes, check: Check) -> Mapping[str, Any]:
        try:
            document = parse_untrusted(body)
        except ValueError as error:
            wrong: str | None = str(error)
        else:
            wrong = check(document)
        if wrong:
            raise SiteError(f"{self.address.of(path)}: {one_line(wrong)}")
        return document

    def _receive(self, answer: http.client.HTTPResponse, path: str) -> bytes:
        """Return the body of an answer, unpacked; a connection that breaks is a network that is gone."""
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise SiteError(f"{self.address.of(path)} comes as {one_line(encoding)}, which was not asked for")
        try:
            return b"".join(
                self._pieces(answer, path, zlib.decompressobj(wbits=31) if encoding != "identity" else None)
            )
        except zlib.error as error:
            raise SiteError(f"{self.address.of(path)} is no gzip, as it says: {error}") from None
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise HttpFault(f"cannot be reached: {' '.join(str(error).split()) or 'the connection broke'}") from None

    def _pieces(self, answer: http.client.HTTPResponse, path: str, unpack: Any) -> Iterator[bytes]:
        end, announced = time.monotonic() + _DEADLINE, answer.length
        received = size = 0
        while piece := answer.read1(_PIECE):
            received += len(piece)
            content = unpack.decompress(piece, MAX_DOCUMENT + 1 - size) if unpack else piece
            size += len(content)
            if size > MAX_DOCUMENT:
                raise SiteError(f"{self.address.of(path)} is larger than the {MAX_DOCUMENT:,} bytes that are read")
            if time.monotonic() > end:
                raise HttpFault(f"cannot be reached: a document took longer than {_DEADLINE:.0f} seconds")
            yield content
            if unpack and unpack.eof:
                return
        if unpack or (announced is not None and received < announced):  # read1 does not tell
            raise HttpFault("cannot be reached: the connection broke in the middle of an answer")


def _minute(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _remedy(fault: HttpFault) -> str:
    if fault.code in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        return "; a user and a password go into the address: https://USER:PASSWORD@HOST/"
    if fault.code == 0:
        return "; SSL_CERT_FILE names further certificates to trust"
    return ""


def parse_untrusted(body: bytes) -> dict[str, Any]:
    """Return the object in a JSON text; raise `ValueError` for anything else, and for what would do harm later on.

    That is what strict JSON does not know (NaN), numbers that nobody can print, and nesting without an end.
    """
    try:
        text = body.decode("utf-8")
        data = json.loads(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole)
        if "\\u" in text:
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except UnicodeError:
        raise ValueError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        kind = "a web page" if body.lstrip()[:1] == b"<" else "no JSON"
        raise ValueError(f"is {kind}, where a document of a registry belongs ({error.msg})") from None
    if not isinstance(data, dict):
        raise ValueError("holds no JSON object, so it is no document of a registry")
    if _is_deep(data):
        raise ValueError("is nested too deep")
    return data


def _no_constant(name: str) -> Any:
    raise ValueError(f"holds {name}, which is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("holds a number that is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > len("-9223372036854775808"):
        raise ValueError("holds a number that is too large")
    return int(text)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for part in level
            for child in (part.values() if type(part) is dict else part)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True
