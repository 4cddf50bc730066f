"""Bytes on their way: opened, verified block by block, and written whole or not at all. Knows no remotes."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from io import FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mintmark.errors import MintmarkError
from mintmark.registry.files import umask
from mintmark.temporary import new_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mintmark.core.records import StoredFile

_BLOCK = 1 << 18
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ObjectError(MintmarkError):
    """The bytes of a stored file could not be had."""


class ObjectMissingError(ObjectError):
    """A remote was reached, and does not have the object."""


class WrongBytesError(ObjectError):
    """An object is there and holds other bytes than the record says."""


class RemoteError(ObjectError):
    """A remote could not be reached, or refused."""


class UnreachableError(RemoteError):
    """A remote does not answer at all; asking it for another object would fail as well."""


def open_plain_file(path: Path) -> FileIO:
    """Open a file for reading; a link or a folder in its place raises `OSError`."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except NotADirectoryError:
        raise FileNotFoundError(str(path)) from None
    except OSError as error:
        if path.is_symlink():
            raise OSError(error.errno, "it is a symbolic link where an object belongs") from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "it is not a plain file")
    return FileIO(handle, "rb")


def verified(
    stream: IO[bytes],
    file: StoredFile,
    *,
    label: str = "",
    md5: bool = True,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[bytes]:
    """Yield a stream block by block; raise `WrongBytesError` at its end, or past its size, when it is not `file`."""
    sha256, by_md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    label = label or file.name
    while block := _read_block(stream, label):
        size += len(block)
        if size > file.size:
            raise WrongBytesError(f"{label} has more than the {file.size:,} bytes of its record")
        sha256.update(block)
        if md5:
            by_md5.update(block)
        if on_bytes is not None:
            on_bytes(len(block))
        yield block
    if size != file.size:
        raise WrongBytesError(f"{label} has {size:,} bytes where its record says {file.size:,}")
    if sha256.hexdigest() != file.sha256:
        raise WrongBytesError(f"{label} has the sha256 {sha256.hexdigest()} where its record says {file.sha256}")
    if md5 and by_md5.hexdigest() != file.md5:
        raise WrongBytesError(f"{label} has the md5 {by_md5.hexdigest()} where its record says {file.md5}")


def read_by_md5(stream: IO[bytes], file: StoredFile, *, label: str = "") -> bytes:
    """Return all of a stream; raise `WrongBytesError` where it has not the size and the md5 of `file`."""
    label, content = label or file.name, b""
    while block := _read_block(stream, label):
        content += block
        if len(content) > file.size:
            break
    if len(content) != file.size or hashlib.md5(content, usedforsecurity=False).hexdigest() != file.md5:
        raise WrongBytesError(f"{label} is not the file of {file.size:,} bytes with the md5 {file.md5}")
    return content


def _read_block(stream: IO[bytes], label: str) -> bytes:
    try:
        return stream.read(_BLOCK)
    except Exception as error:  # a connection breaks in as many ways as there are libraries
        kind = UnreachableError if isinstance(error, TimeoutError) else RemoteError
        raise kind(f"{label}: reading broke off: {' '.join(str(error).split())}") from error


def receive(blocks: Iterator[bytes], target: Path, *, mode: int | None = None, durable: bool = True) -> None:
    """Write blocks to `target` whole or not at all; `durable` waits for the disk. Missing folders are made.

    What `blocks` raises comes through, and nothing is left behind; raises `MintmarkError` when the disk is full.
    """
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = new_file(target.parent)
        with os.fdopen(handle, "wb", buffering=0) as file:  # open, and with it locked, until it has its name
            for block in blocks:
                _write_all(file, block)
            if durable:
                os.fsync(handle)
            os.fchmod(handle, 0o666 & ~umask() if mode is None else mode)
            Path(temporary).replace(target)
        temporary = ""
    except OSError as error:
        raise MintmarkError(f"{target}: {_why_not_written(error)}; nothing was written there") from None
    finally:
        if temporary:
            Path(temporary).unlink()


def require_space(target: Path, file: StoredFile) -> None:
    """Raise `MintmarkError` where the disk has no room for a file: whoever wrote its record may promise any size."""
    folder = next(folder for folder in target.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(folder).free
    if file.size > free:
        needed = f"{file.name} has {file.size:,} bytes by its record, and its disk has space for {free:,}"
        raise MintmarkError(f"{folder}: {needed} (MINTMARK_CACHE names another place for the cache)")


def _write_all(file: IO[bytes], block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def _why_not_written(error: OSError) -> str:
    if error.errno in _NO_SPACE:
        return "no space is left on its disk (MINTMARK_CACHE names another place for the cache)"
    return f"cannot be written: {error.strerror}"


def copy_verified(source: Path, file: StoredFile, target: Path) -> bool:
    """Write the bytes at `source` to `target`, verified; return False when it held them already."""
    if holds(target, file):
        return False
    with source.open("rb", buffering=0) as stream:
        receive(verified(stream, file, label=str(source)), target)
    return True


def holds(path: Path, file: StoredFile) -> bool:
    """Whether a plain file has the size and the sha256 of a stored file."""
    try:
        with open_plain_file(path) as stream:
            if os.fstat(stream.fileno()).st_size != file.size:
                return False
            for _ in verified(stream, file, md5=False):
                pass
    except (OSError, ObjectError):
        return False
    return True
