"""Where the files of a log are put: a local folder, or any address that fsspec knows. A file is there whole or not."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from mintmark.errors import MintmarkError
from mintmark.registry.logged.form import FileName, parse_file_name
from mintmark.registry.logged.reading import open_files

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # no POSIX
    fcntl = None  # type: ignore[assignment]

# Stores in which an object appears when all of it has arrived; elsewhere a file is written under another name first.
_WHOLE_OBJECTS: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "memory"})
_WRITERS: Final = ".writers"
_WRITER: Final = re.compile(r"[0-9a-f]{12}\Z")
_LOCAL: Final = re.compile(r"(file|local)://", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*:(:|//)", re.IGNORECASE)


class Stored(NamedTuple):
    """A file of the log: the folder below that of the log, its name and its size."""

    folder: str
    name: FileName
    size: int


class Storage(Protocol):
    """A place for the files of one writer."""

    writer: str

    def write(self, folder: str, name: str, data: bytes) -> None:
        """Put a file there, whole; what raises has put none, or one that the next try replaces."""

    def remove(self, folder: str, name: str) -> None:
        """Take a file away; that it is gone already is no fault."""

    def open(self, folder: str, name: str) -> Any:
        """Open a file for reading."""

    def left_behind(self) -> list[Stored]:
        """Return the files of writers that ended, which are this one's from now on."""

    def close(self) -> None:
        """Give everything to whoever comes next."""


def open_storage(where: str) -> Storage:
    """Return the place that an address names; raise `MintmarkError` where nothing can be written there."""
    if _LOCAL.match(where) or not _ADDRESS.match(where):
        return LocalStorage(Path(_LOCAL.sub("", where)))
    return RemoteStorage(where)


class LocalStorage:
    """A folder. Each file is written under another name, flushed to the disk, and renamed."""

    def __init__(self, root: Path) -> None:
        self.writer = secrets.token_hex(6)
        self._root = root
        self._locks: list[int] = []
        try:
            (root / _WRITERS).mkdir(parents=True, exist_ok=True)
            handle = _lock(root / _WRITERS / self.writer)
        except OSError as error:
            raise MintmarkError(f"{root}: no prediction log can be written: {error.strerror}") from None
        self._locks += [handle] if handle is not None else []

    def write(self, folder: str, name: str, data: bytes) -> None:
        """See `Storage`."""
        place = self._root / folder
        if not place.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            for above in (self._root / folder.partition("/")[0], self._root):
                _flush_folder(above)
        temporary = place / f".{name}.{self.writer}.tmp"
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(place / name)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        _flush_folder(place)

    def remove(self, folder: str, name: str) -> None:
        """See `Storage`."""
        (self._root / folder / name).unlink(missing_ok=True)

    def open(self, folder: str, name: str) -> Any:
        """See `Storage`."""
        return (self._root / folder / name).open("rb")

    def left_behind(self) -> list[Stored]:
        """See `Storage`. A writer holds a lock as long as it lives. What it has not written to the end is removed."""
        gone = {name for name in self._others() if self._take_over(name)}
        found = []
        for path in self._root.glob("*/*/*/*") if gone else ():
            name = parse_file_name(path.name)
            with suppress(OSError):
                if name is not None and name.writer in gone:
                    found.append(Stored("/".join(path.parts[-4:-1]), name, path.stat().st_size))
                elif path.name.endswith(tuple(f".{writer}.tmp" for writer in gone)):
                    path.unlink()
        for writer in gone - {each.name.writer for each in found}:
            (self._root / _WRITERS / writer).unlink(missing_ok=True)
        return sorted(found)

    def close(self) -> None:
        """See `Storage`. The name of a writer stays, so that the next one finds its files."""
        for handle in self._locks:
            os.close(handle)
        self._locks.clear()

    def _others(self) -> Iterator[str]:
        for path in sorted((self._root / _WRITERS).iterdir()):
            if path.name != self.writer and _WRITER.match(path.name):
                yield path.name

    def _take_over(self, writer: str) -> bool:
        try:
            handle = _lock(self._root / _WRITERS / writer)
        except OSError:
            return False
        if handle is None:
            return False
        self._locks.append(handle)
        return True


def _lock(path: Path) -> int | None:
    """Return a handle that holds the lock of a file as long as this process lives, None where it cannot be told."""
    if fcntl is None:
        return None
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class RemoteStorage:
    """A bucket, or whatever else is behind an address. Only the files of this process are merged there."""

    def __init__(self, where: str) -> None:
        self.writer = secrets.token_hex(6)
        self._files, self._root = open_files(where)
        names = self._files.protocol
        self._is_whole = bool(_WHOLE_OBJECTS & ({names} if isinstance(names, str) else set(names)))

    def write(self, folder: str, name: str, data: bytes) -> None:
        """See `Storage`."""
        place = f"{self._root}/{folder}"
        if self._is_whole:
            self._files.pipe_file(f"{place}/{name}", data)
            return
        self._files.makedirs(place, exist_ok=True)
        self._files.pipe_file(f"{place}/.{name}.tmp", data)
        self._files.mv(f"{place}/.{name}.tmp", f"{place}/{name}")

    def remove(self, folder: str, name: str) -> None:
        """See `Storage`."""
        with suppress(FileNotFoundError):
            self._files.rm_file(f"{self._root}/{folder}/{name}")

    def open(self, folder: str, name: str) -> Any:
        """See `Storage`."""
        return self._files.open(f"{self._root}/{folder}/{name}", "rb")

    def left_behind(self) -> list[Stored]:
        """See `Storage`: nobody can tell here whether a writer still lives."""
        return []

    def close(self) -> None:
        """See `Storage`."""
