"""Put a Content-Security-Policy into pages: only files of the site and the theme's own inline scripts run."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script\s*>", re.S | re.I)
# Only at the very start: further on, a comment or a script may hold what looks like a head.
_HEAD = re.compile(
    r"\ufeff?\s*(?:<!doctype[^>]*>\s*)?(?:<html(?:\s[^>\"']*|\s*\"[^\"]*\"|'[^']*')*>\s*)?"
    r"(?:<head>\s*)?(?:<meta charset=[\"']?utf-8[\"']?\s*/?>)?",
    re.IGNORECASE,
)
# What leads a reader, or asks, elsewhere, and what no policy stops.
_DETOURS = re.compile(
    r"<meta\b[^>]*\bhttp-equiv\b[^>]*\brefresh\b[^>]*>"
    r"|<link\b[^>]*\brel\s*=[^>]*\b(?:dns-prefetch|preconnect|prefetch|prerender)\b[^>]*>",
    re.IGNORECASE,
)
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?=[/?#]|\Z)")
_PAGES = (".html", ".htm")
_DATA = re.compile(r"\btype\s*=\s*[\"']?(?!module\b|text/javascript\b)[a-z]+", re.I)
_SOURCE = re.compile(r"\ssrc\s*=", re.I)
# The one part of the theme's scripts that differs from page to page: the way to the root of the site.
_SCOPE = re.compile(r'new URL\("[./A-Za-z0-9_~%-]*",location\)')

_RULES = (
    "default-src 'none'",
    "style-src 'self' 'unsafe-inline'",  # tables of Markdown align their cells with style attributes
    "img-src 'self' data:",
    "font-src 'self'",
    "media-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
)


def theme_scripts(pages: Iterable[str]) -> frozenset[str]:
    """Return the inline scripts of pages that hold no text of a repository, apart from their way to the root."""
    return frozenset(_common(script) for page in pages for script in _inline_scripts(page))


def server_origin(server: str | None) -> str:
    """Return the origin of an address, as a policy names it; empty where it has none that can be named."""
    found = _ORIGIN.match(server) if server else None
    return found[0] if found else ""


def add_policy(page: str, known: frozenset[str], *, asks: str = "") -> str:
    """Return an HTML page with a policy under which, of its inline scripts, only `known` ones run.

    Its scripts may ask this site, and the origin `asks`.
    """
    hashes = sorted({_hash(script) for script in _inline_scripts(page) if _common(script) in known})
    asked = " ".join(filter(None, ("connect-src 'self'", asks)))
    rules = "; ".join((*_RULES, asked, " ".join(("script-src 'self'", *hashes))))
    meta = f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
    page = _DETOURS.sub("", page)
    head = _HEAD.match(page)
    end = head.end() if head else 0
    return f"{page[:end]}\n{meta}{page[end:]}"


def write_policies(output: Path, frames: Iterable[Path], *, asking: Mapping[Path, str]) -> None:
    """Add the policy to every HTML page below `output`; `frames` are those whose inline scripts are the theme's.

    `asking` has the other origin that a page may ask.
    """
    known = theme_scripts(path.read_text(encoding="utf-8") for path in frames)
    for path in sorted(path for path in output.rglob("*") if path.suffix.lower() in _PAGES and path.is_file()):
        page = path.read_bytes().decode("utf-8", errors="surrogateescape")
        path.write_bytes(add_policy(page, known, asks=asking.get(path, "")).encode("utf-8", errors="surrogateescape"))


def _inline_scripts(page: str) -> list[str]:
    return [
        match["text"]
        for match in _SCRIPT.finditer(page)
        if not _SOURCE.search(match["attributes"]) and not _DATA.search(match["attributes"])
    ]


def _common(script: str) -> str:
    return _SCOPE.sub("new URL(location)", script)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8", errors="surrogateescape")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
