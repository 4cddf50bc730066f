"""What was derived from Git's objects, kept in `.git/mintmark/`. Safe to delete; never the only copy of anything."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

K = TypeVar("K")
_TABLE = "CREATE TABLE IF NOT EXISTS entry (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"
_CHUNK = 500
_PATIENCE = 2  # seconds to wait for another process that writes


class DerivedCache:
    """A table of texts by kind and key that forgets everything when `fingerprint` changes.

    `fingerprint` names what the values depend on besides their key (schemas, version of the code). A cache that cannot
    be opened or written is a cache that holds nothing: it never raises.
    """

    def __init__(self, folder: Path, fingerprint: str, *, name: str = "cache.sqlite") -> None:
        self._connection: sqlite3.Connection | None = None
        self._path = folder / name
        # Part of every key: an older mintmark that is still running must not leave its values to this one.
        self._fingerprint = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
        for _ in range(2):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._connection = self._open()
            except (sqlite3.Error, OSError) as error:
                if not _is_broken(error):
                    return
                self._discard(self._path)
            else:
                return

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(_TABLE)
            if not self._is_current(connection):
                self._forget(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _is_current(self, connection: sqlite3.Connection) -> bool:
        row = connection.execute("SELECT value FROM entry WHERE kind='fingerprint' AND key=''").fetchone()
        return row is not None and row[0] == self._fingerprint

    def _forget(self, connection: sqlite3.Connection) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if self._is_current(connection):  # another process was quicker, and may have put values since
                return
            connection.execute("DELETE FROM entry")
            connection.execute("INSERT INTO entry VALUES ('fingerprint', '', ?)", (self._fingerprint,))

    @staticmethod
    def _discard(path: Path) -> None:
        for name in (path, f"{path}-journal"):
            try:
                os.unlink(name)
            except OSError:
                continue

    def get(self, kind: str, key: str) -> str | None:
        """Return the text under a key, None when there is none."""
        return self.get_many(kind, [key]).get(key)

    def get_many(self, kind: str, keys: Iterable[str]) -> dict[str, str]:
        """Return the texts of those keys that are known."""
        if self._connection is None:
            return {}
        found: dict[str, str] = {}
        wanted = list(dict.fromkeys(keys))
        try:
            for start in range(0, len(wanted), _CHUNK):
                part = wanted[start : start + _CHUNK]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, value FROM entry WHERE kind=? AND key IN ({marks})"  # noqa: S608 - only marks
                rows = self._connection.execute(query, (f"{self._fingerprint}:{kind}", *part))
                found.update((key, text) for key, sealed in rows if (text := _unseal(sealed)) is not None)
        except sqlite3.Error as error:
            if _is_broken(error):
                self.close()
                self._discard(self._path)
            return {}
        return found

    def put_many(self, kind: str, values: Mapping[str, str]) -> None:
        """Remember texts; they are written at once, in one transaction."""
        if self._connection is None or not values:
            return
        rows = ((f"{self._fingerprint}:{kind}", key, _seal(value)) for key, value in values.items())
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", rows)
        except sqlite3.Error:
            return

    def complete(self, kind: str, keys: Mapping[K, str], make: Callable[[K], str | None]) -> dict[K, str]:
        """Return the text under the key of each, made and remembered where there was none; `make` may have none."""
        known = self.get_many(kind, keys.values())
        fresh: dict[str, str] = {}
        for each, key in keys.items():
            if key not in known and (made := make(each)) is not None:
                known[key] = fresh[key] = made
        self.put_many(kind, fresh)
        return {each: known[key] for each, key in keys.items() if key in known}

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_broken(error: Exception) -> bool:
    """Whether a file holds no database, or a damaged one: that one may go, a locked or read-only one may not."""
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in codes


def _seal(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}{text}"


def _unseal(sealed: object) -> str | None:
    """Return the text of a row, None when it is not as it was written: a damaged row is one that is not there."""
    if not isinstance(sealed, str):
        return None
    text = sealed[8:]
    return text if sealed[:8] == f"{zlib.crc32(text.encode(errors='replace')):08x}" else None
