"""One conversation with a REST API over https: limits, retries, pages and redirects. Knows no verb of Mintmark."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util import Retry

from mintmark.about import __version__
from mintmark.core.finding import one_line, shorten
from mintmark.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_JSON = 20_000_000  # bytes of one answer
LONGEST_WAIT = 300.0  # seconds that one request waits for limits, all its attempts together
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_TIMEOUT = (10.0, 60.0)  # to connect, and between two bytes
_LONGEST_ANSWER = 300.0  # seconds from the first byte to the last
_MOST_REDIRECTS = 5
_MOST_PAGES = 1000
_SECONDARY_PAUSES = (60.0, 120.0)  # GitHub asks for a minute at least, and then for longer
_REDIRECTS = (301, 302, 303, 307, 308)
_SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)
_TOKEN = re.compile(r"[!-~]+")

Json = object  # what JSON can hold; whoever reads it checks what it is


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    address: str

    def words(self) -> str:
        """Return what the server says of a refusal, in one line; nothing of a page that is for people."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return one_line(self.reason)
        message = document.get("message") if isinstance(document, dict) else None
        if not isinstance(message, str):
            return one_line(self.reason)
        errors = document.get("errors")
        details = [_detail(error) for error in errors[:5]] if isinstance(errors, list) else []
        return one_line(shorten("; ".join([message, *filter(None, details)]), 500))


def _detail(error: object) -> str:
    if isinstance(error, dict):
        parts = [error.get("message")] if error.get("message") else [error.get("field"), error.get("code")]
        return " ".join(part for part in parts if isinstance(part, str))
    return error if isinstance(error, str) else ""


class _Bearer(AuthBase):
    """The token for one origin. Without one it still keeps `requests` from looking into ~/.netrc."""

    def __init__(self, token: str | None, origin: str) -> None:
        self._token, self._origin = token, origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token and _origin(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(eq=False)
class RestApi:
    """An API at an https address (http on this machine only), asked in the name of a token.

    Every method raises `ForgeError`; the token is neither in it nor in the representation of this object.
    """

    address: str
    token: str | None = field(default=None, repr=False)
    pauses: tuple[float, ...] = _SECONDARY_PAUSES
    _session: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.address = self.address.rstrip("/")
        require_safe_address(self.address)
        if self.token and not _TOKEN.fullmatch(self.token):
            raise ForgeError("the token for the forge holds a character that no token has; set GITHUB_TOKEN again")
        self._session = requests.Session()
        # A POST that was not answered may have been done: it is not repeated here, whoever runs again looks first.
        again = Retry(
            total=3,
            backoff_factor=0.5,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET", "PUT", "PATCH", "DELETE"),
            respect_retry_after_header=False,
            raise_on_status=False,
            redirect=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=again))
        self._session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "User-Agent": f"mintmark/{__version__}",
                "X-GitHub-Api-Version": "2022-11-28",
            }
        )

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Json | None:
        """Return what is at a path, None where there is nothing (404)."""
        answer = self._ask("GET", self._at(path), parameters=parameters, accept=(404,))
        return None if answer.status == 404 else self._parse(answer, f"GET {path}")

    def pages(self, path: str, parameters: Mapping[str, str] | None = None, *, key: str = "") -> Iterator[Json]:
        """Yield the items of a list, page after page; `key` is where a page that is an object has them."""
        address, query = self._at(path), {"per_page": "100", **(parameters or {})}
        for _ in range(_MOST_PAGES):
            answer = self._ask("GET", address, parameters=query)
            page = self._parse(answer, f"GET {path}")
            items = page.get(key) if key and isinstance(page, dict) else page
            if not isinstance(items, list):
                raise ForgeError(f"GET {path}: the forge answered with something that is no list")
            yield from items
            following = requests.utils.parse_header_links(answer.headers.get("Link", ""))
            after = [link["url"] for link in following if link.get("rel") == "next"]
            if not after:
                return
            address, query = urljoin(address, after[0]), {}
            if _origin(address) != _origin(self.address):
                raise ForgeError(f"GET {path}: the next page is said to be on another host, and is not fetched")
        raise ForgeError(f"GET {path}: the list has more than {_MOST_PAGES} pages")

    def send(self, method: str, path: str, document: Mapping[str, object]) -> Json:
        """Send a document and return the answer, None where it is empty."""
        answer = self._ask(method, self._at(path), data=json.dumps(document).encode())
        return self._parse(answer, f"{method} {path}") if answer.body else None

    def delete(self, path: str) -> None:
        """Delete what is at a path; it may be gone already."""
        self._ask("DELETE", self._at(path), accept=(404,))

    def upload(self, address: str, name: str, content: bytes) -> Json:
        """Send the bytes of a file to the address for uploads that the forge gave, which has to be one of its own."""
        host, own = urlsplit(address).netloc, urlsplit(self.address).netloc
        if _origin(address) != _origin(self.address) and address.partition("://")[2].partition("/")[0] != (
            f"uploads.{own.removeprefix('api.')}"
        ):
            raise ForgeError(f"the forge names {host} for uploads, which is not its own; nothing is sent there")
        require_safe_address(address)
        answer = self._ask(
            "POST", address, parameters={"name": name}, data=content, kind="application/octet-stream", at_uploads=True
        )
        return self._parse(answer, f"POST {urlsplit(address).path}")

    def download(self, path: str, *, most_bytes: int) -> bytes:
        """Return the bytes at a path. A redirect to another host is followed without the token."""
        return self._ask("GET", self._at(path), most_bytes=most_bytes).body

    def _at(self, path: str) -> str:
        return f"{self.address}/{path.lstrip('/')}".rstrip("/")

    def _parse(self, answer: _Answer, asked: str) -> Json:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise ForgeError(f"{asked}: the forge answered {answer.status} with something that is no JSON") from None

    def _ask(
        self,
        method: str,
        address: str,
        *,
        parameters: Mapping[str, str] | None = None,
        data: bytes | None = None,
        kind: str = "application/json",
        accept: tuple[int, ...] = (),
        most_bytes: int = MOST_JSON,
        at_uploads: bool = False,
    ) -> _Answer:
        """Ask until the answer is neither a limit nor a redirect, and raise where it is a refusal."""
        asked, waited, attempt = f"{method} {urlsplit(address).path}", 0.0, 0
        origin = _origin(address) if at_uploads else _origin(self.address)
        for _ in range(_MOST_REDIRECTS + 20):
            answer = self._once(method, address, origin, parameters, data, kind, most_bytes)
            if answer.status in _REDIRECTS:
                address, parameters = self._redirected(method, answer, asked), None
                continue
            pause = _limit_pause(answer, self.pauses, attempt)
            if pause is not None and waited + pause <= LONGEST_WAIT and attempt < len(self.pauses) + 1:
                time.sleep(pause)
                waited, attempt = waited + pause, attempt + 1
                continue
            if answer.status >= 400 and answer.status not in accept:
                raise ForgeError(self._hide(_refusal(asked, answer, pause, has_token=bool(self.token))))
            return answer
        raise ForgeError(f"{asked}: the forge redirects in a circle")

    def _once(
        self,
        method: str,
        address: str,
        origin: str,
        parameters: Mapping[str, str] | None,
        data: bytes | None,
        kind: str,
        most_bytes: int,
    ) -> _Answer:
        asked = f"{method} {urlsplit(address).path}"
        try:
            with self._session.request(
                method,
                address,
                params=dict(parameters or {}),
                data=data,
                headers={"Content-Type": kind} if data is not None else {},
                auth=_Bearer(self.token, origin),
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response, asked, most_bytes)
                return _Answer(response.status_code, response.reason or "", response.headers, body, response.url)
        except (requests.RequestException, OSError) as error:
            raise ForgeError(self._hide(f"{asked}: the forge cannot be reached: {_cause(error)}")) from None

    def _redirected(self, method: str, answer: _Answer, asked: str) -> str:
        target = urljoin(answer.address, answer.headers.get("Location", ""))
        if method != "GET" and answer.status not in (307, 308):
            raise ForgeError(f"{asked}: the forge answered {answer.status}: the repository has moved; mend its address")
        if method != "GET" and _origin(target) != _origin(answer.address):
            raise ForgeError(f"{asked}: the forge redirects to another host, and nothing is sent there")
        require_safe_address(target)
        return target

    def _hide(self, text: str) -> str:
        """Return a text without the token, whoever put it there."""
        if self.token:
            for form in (self.token, quote(self.token, safe="")):
                text = text.replace(form, "***")
        return text


def require_safe_address(address: str) -> None:
    """Raise `ForgeError` for an address that holds a user, or is neither https nor http on this machine."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition(":")[0] or parts.netloc
    if "@" in parts.netloc or not parts.netloc:
        raise ForgeError("the address of the forge's API is not one that can be used; it looks like https://HOST/PATH")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ForgeError(f"{parts.scheme}://{parts.netloc} is not asked: a forge is spoken to over https alone")


_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def _origin(address: str) -> str:
    parts = urlsplit(address)
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _read(response: requests.Response, asked: str, most_bytes: int) -> bytes:
    """Read a body, unpacked, up to a size and a time."""
    chunks, size, end = [], 0, time.monotonic() + _LONGEST_ANSWER
    for chunk in response.iter_content(65_536):
        size += len(chunk)
        if size > most_bytes:
            raise ForgeError(f"{asked}: the answer is larger than {most_bytes:,} bytes, and is not read")
        if time.monotonic() > end:
            raise ForgeError(f"{asked}: the answer took longer than {_LONGEST_ANSWER:.0f} seconds")
        chunks.append(chunk)
    return b"".join(chunks)


def _limit_pause(answer: _Answer, pauses: tuple[float, ...], attempt: int) -> float | None:
    """Return how many seconds a limit asks to wait, None where the answer is about no limit."""
    if answer.status not in (403, 429, 503):
        return None
    after = answer.headers.get("Retry-After", "")
    if after.isdecimal():
        return float(after)
    if answer.status == 503:
        return None
    if answer.headers.get("X-RateLimit-Remaining") == "0":
        reset = answer.headers.get("X-RateLimit-Reset", "")
        return max(1.0, float(reset) - time.time() + 1) if reset.isdecimal() and len(reset) < 12 else pauses[0]
    if answer.status == 429 or _SECONDARY.search(answer.words()):
        return pauses[min(attempt, len(pauses) - 1)]
    return None


def _refusal(asked: str, answer: _Answer, pause: float | None, *, has_token: bool) -> str:
    text = f"{asked}: the forge answered {answer.status} ({answer.words().rstrip('.')})"
    if pause is not None:
        return f"{text}; this is a limit, so run again in {max(1, round(pause / 60))} min"
    if not has_token and answer.status in (401, 403, 404):
        return f"{text}; no token is set, so set GITHUB_TOKEN or GH_TOKEN to one that may do this"
    if answer.status == 401:
        return f"{text}; the token has expired or was taken back, so set GITHUB_TOKEN to a new one"
    needed = answer.headers.get("X-Accepted-GitHub-Permissions", "")
    if answer.status in (403, 404) and re.fullmatch(r"[a-z_=;, ]+", needed):
        return f"{text}; the token needs the permission {needed.replace('=', ': ')}"
    if answer.status in (403, 404):
        return f"{text}; the token may lack a permission, or the repository has another name"
    return text


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a fault, without the addresses that the outer ones repeat."""
    inner = error
    while True:
        reason = getattr(inner, "reason", None)
        following = (
            reason
            if isinstance(reason, BaseException)
            else next((part for part in inner.args if isinstance(part, BaseException)), None)
        )
        if following is None:
            break
        inner = following
    words = str(inner).rpartition(": ")[2] if "object at 0x" in str(inner) else str(inner)
    return one_line(shorten(words or type(inner).__name__, 200))
