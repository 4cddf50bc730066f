"""The last good copies of a site's documents, in a folder of their own. Asks no server; safe to delete."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_VALIDATOR = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A document as a server sent it, with what the server calls that state; `confirmed` is when, in Unix time."""

    body: bytes
    etag: str | None = None
    modified: str | None = None
    confirmed: float = 0.0

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the document only if it is another by now."""
        known = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in known.items() if value is not None}


class LastGoodCopies:
    """Copies by the path of their document, each in one file: a line about it, then its bytes.

    A file is replaced as a whole, so two processes never leave a mixture. One that is damaged, or that belongs to
    another user, counts for nothing, and a folder that cannot be written keeps nothing: it never raises.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> Copy | None:
        """Return the copy of a document, None when there is none that is whole."""
        place = self._place(path)
        try:
            with place.open("rb") as file:
                found = os.fstat(file.fileno())
                head, body = json.loads(file.readline()), file.read()
        except (OSError, ValueError, RecursionError):
            return None
        if found.st_uid != os.getuid():  # nothing but its owner vouches for a copy, unlike for an artifact
            return None
        if not isinstance(head, dict) or head.get("path") != path or head.get("sha256") != _digest(body):
            return None
        return Copy(
            body=body,
            etag=_validator(head.get("etag")),
            modified=_validator(head.get("modified")),
            confirmed=found.st_mtime,
        )

    def write(self, path: str, body: bytes, *, etag: str | None, modified: str | None) -> None:
        """Keep a document that has just come."""
        from mintmark.registry.stored.streams import receive

        head: dict[str, Any] = {"path": path, "sha256": _digest(body)}
        head |= {"etag": _validator(etag), "modified": _validator(modified)}
        with contextlib.suppress(MintmarkError):
            receive(iter((json.dumps(head).encode() + b"\n", body)), self._place(path), durable=False)

    def confirm(self, path: str) -> None:
        """Note that the server still has what the copy holds."""
        with contextlib.suppress(OSError):
            os.utime(self._place(path))

    def forget(self, path: str) -> None:
        """Remove the copy of a document that the site has no longer."""
        with contextlib.suppress(OSError):
            self._place(path).unlink()

    def _place(self, path: str) -> Path:
        return self._folder / hashlib.sha256(path.encode()).hexdigest()[:32]


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _validator(value: Any) -> str | None:
    """Return what can be sent back in a header as it came."""
    fits = isinstance(value, str) and value.isascii() and value.isprintable() and 0 < len(value) <= _LONGEST_VALIDATOR
    return value if fits else None
