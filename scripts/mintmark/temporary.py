"""Folders and files that must not outlive a process: the next one takes away what a killed one left behind.

Each is locked (flock) by the process that made it, and the system lets go of a lock when its process ends, however it
ends. So what bears our name and is locked by nobody was left behind. A name alone is never enough to take one away.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Callable

_TRIES = 100
_RANDOM = 8  # characters that `tempfile` puts at the end of a name
_FILE = ".mintmark-new-"
UNFINISHED = f"{_FILE}*"  # matches what is being written, and what was left unfinished


class TemporaryFolder:
    """A new folder, which goes when the block ends, or with this object, or with the process.

    It lies among those of this user, or (`inside`) in a folder that is there. `rescue` is called for each of the same
    purpose that a killed process left `inside`, before it is taken away. `handle` holds the lock: a process that
    inherits it and outlives this one keeps the folder.
    """

    def __init__(
        self, purpose: str, *, inside: Path | None = None, rescue: Callable[[Path], None] | None = None
    ) -> None:
        import weakref

        own = _own_folder() if inside is None else None
        prefix = f"{purpose}-" if own else f".mintmark-{purpose}-"
        parent = inside or own or Path(_temporary_place())
        _sweep(parent, "" if own else prefix, rescue)
        self.path, self.handle = _make_folder(parent, prefix)
        self._finalizer = weakref.finalize(self, _remove, self.path, self.handle, os.getpid())

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.cleanup()

    def cleanup(self) -> None:
        """Remove the folder now, with all that is in it."""
        self._finalizer()


def keep_folder(folder: Path, name: str) -> Path:
    """Move what a temporary folder holds to one that stays, and return where that is."""
    import tempfile

    kept = Path(tempfile.mkdtemp(prefix=f"mintmark-{name}-", dir=_temporary_place()))
    folder.rename(kept)
    return kept


def sweep_own_folders() -> None:
    """Take away what killed processes of this user left among temporary folders: quick where there is nothing."""
    place = next((found for name in ("TMPDIR", "TEMP", "TMP") if (found := os.environ.get(name))), "/tmp")  # noqa: S108 - as Python
    own = Path(place, _own_name())
    if _is_ours(own):
        _sweep(own, "", None)
        with suppress(OSError):
            own.rmdir()


def sweep_files(folder: Path | str) -> None:
    """Take away the unfinished files that killed processes left in a folder."""
    _sweep(folder, _FILE, None)


def new_file(folder: Path | str) -> tuple[int, str]:
    """Make a file in a folder, to be renamed when it is whole; return its handle, which holds its lock, and its path.

    What killed processes left there goes. Raises `OSError`.
    """
    import tempfile

    sweep_files(folder)
    for _ in range(_TRIES):
        handle, path = tempfile.mkstemp(prefix=_FILE, dir=folder)
        if _lock(handle, path):
            return handle, path
        os.close(handle)
    raise FileExistsError(f"{folder}: another process takes every new file away")


def _make_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    import tempfile

    for _ in range(_TRIES):
        try:
            path = tempfile.mkdtemp(prefix=prefix, dir=parent)
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # another process took the parent away when its last folder went
            if parent.name != _own_name():
                raise
            _make_own(parent)
            continue
        if _lock(handle, path):
            return Path(path), handle
        os.close(handle)
    raise FileExistsError(f"{parent}: another process takes every new folder away")


def _remove(path: Path, handle: int, process: int) -> None:
    import shutil

    if os.getpid() != process:  # a copy of the process, which the folder does not belong to
        return
    shutil.rmtree(path, ignore_errors=True)
    os.close(handle)
    if path.parent.name == _own_name():
        with suppress(OSError):  # another folder is in it
            path.parent.rmdir()


def _sweep(folder: Path | str, prefix: str, rescue: Callable[[Path], None] | None) -> None:
    """Take away what bears a prefix and eight characters more; with no prefix, the folder holds nothing else."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        if not prefix or (name.startswith(prefix) and len(name) == len(prefix) + _RANDOM):
            _take_away(Path(folder, name), rescue)


def _take_away(path: Path, rescue: Callable[[Path], None] | None) -> None:
    """Remove a file or a folder of this user's, unless a process has it."""
    import shutil

    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid() or not _lock(handle, path, needed=True):
            return
        if stat.S_ISREG(found.st_mode):
            path.unlink()
        elif stat.S_ISDIR(found.st_mode) and (path.parent.name == _own_name() or not found.st_mode & 0o077):
            # Elsewhere the mode is that of `tempfile`, which hardly a person gives a folder.
            if rescue is not None:
                rescue(path)
            shutil.rmtree(path, ignore_errors=True)
    except OSError:  # it stays; the next process tries again
        return
    finally:
        os.close(handle)


def _lock(handle: int, path: Path | str, *, needed: bool = False) -> bool:
    """Lock what is open; False where another process has it, or has put another thing in its place.

    Where the system knows no locks, nothing is locked, and nothing that has to be (`needed`) is taken for locked.
    """
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        if needed:
            return False
    return _is_at(handle, path)


def _is_at(handle: int, path: Path | str) -> bool:
    """Whether what is open is still what lies at a path."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _own_name() -> str:
    return f"mintmark-{os.geteuid()}"


def _own_folder() -> Path | None:
    """Return the folder of this user's temporary folders; None where somebody else made something of its name."""
    own = Path(_temporary_place(), _own_name())
    _make_own(own)
    return own if _is_ours(own) else None


def _make_own(own: Path) -> None:
    with suppress(FileExistsError):
        own.mkdir(mode=0o700)


def _is_ours(own: Path) -> bool:
    try:
        found = os.lstat(own)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _temporary_place() -> str:
    import tempfile

    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        raise MintmarkError(
            "there is no place for temporary files: each is full or cannot be written; free some space, or name a "
            "folder in TMPDIR"
        ) from None
