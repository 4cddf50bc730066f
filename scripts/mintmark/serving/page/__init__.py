"""The page at `/`: its files, which ask this server alone."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

_KINDS: Final = {".html": b"text/html; charset=utf-8", ".css": b"text/css; charset=utf-8"}
_SCRIPT: Final = b"text/javascript; charset=utf-8"
_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file with its media type; `headers` let it load nothing from elsewhere."""

    content: bytes
    kind: bytes
    headers: tuple[tuple[bytes, bytes], ...] = _HEADERS


def _read(name: str) -> PageFile:
    content = resources.files(__name__).joinpath(name).read_bytes()
    return PageFile(content, _KINDS.get(name[name.rindex(".") :], _SCRIPT))


PAGE_FILES: Final = {name: _read(name) for name in ("index.html", "page.css", "page.js")}
