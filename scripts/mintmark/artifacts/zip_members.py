"""Read a zip without trusting it: every limit is checked before anything is unpacked."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator

MAX_MEMBERS = 100_000
MAX_UNPACKED = 4 << 30
FREE_UNPACKED = 64 << 20
MAX_RATIO = 20
_ENCRYPTED = 0x1
_LOCAL_HEADER = 30
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    NotImplementedError,
    KeyError,
)


class InvalidZipError(ValueError):
    """The zip may not be unpacked; `faults` pairs a member's name (empty: the zip) with what is wrong."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(message for _, message in faults))
        self.faults = faults


def read_members(data: bytes, *, names: re.Pattern[str]) -> dict[str, bytes]:
    """Every member of a zip in memory, by name. Raises InvalidZipError.

    Member names must match `names` as a whole, which leaves no room for a path. What is unpacked is bounded
    by 64 MiB plus 20 times the file, 4 GiB at most.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (*_BROKEN, IndexError, OverflowError, UnicodeError) as error:
        raise InvalidZipError([("", f"is not a complete zip ({error}); upload or write it again")]) from error
    with archive:
        if faults := list(_faults(archive.infolist(), names, len(data))):
            raise InvalidZipError(faults)
        return {info.filename: _read(archive, info) for info in archive.infolist()}


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        content = archive.read(info)
    except (*_BROKEN, UnicodeError, OverflowError) as error:
        raise InvalidZipError([(info.filename, f"cannot be unpacked ({error}); write the file again")]) from error
    if len(content) != info.file_size:
        message = f"unpacks to {len(content):,} bytes and declares {info.file_size:,}; write the file again"
        raise InvalidZipError([(info.filename, message)])
    return content


def _faults(infos: list[zipfile.ZipInfo], names: re.Pattern[str], size: int) -> Iterator[tuple[str, str]]:
    if len(infos) > MAX_MEMBERS:
        yield "", f"has {len(infos):,} members, more than {MAX_MEMBERS:,}"
        return
    for name, count in Counter(info.filename for info in infos).items():
        if count > 1:
            yield name[:100], f"occurs {count} times in the zip; readers would disagree on which one counts"
        if not names.fullmatch(name):
            yield name[:100], _name_fault(name)
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            yield info.filename[:100], "is encrypted; write the file without a password"
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield info.filename[:100], "is compressed in a way that skops does not use; store or deflate it"
    yield from _size_faults(infos, size)


def _name_fault(name: str) -> str:
    if name.startswith(("/", "\\")) or ".." in name or ":" in name:
        return "names a path outside the file; a member's name is a plain name"
    return "does not belong in a file of this format"


def _size_faults(infos: list[zipfile.ZipInfo], size: int) -> Iterator[tuple[str, str]]:
    unpacked = sum(info.file_size for info in infos)
    limit = min(MAX_UNPACKED, FREE_UNPACKED + MAX_RATIO * size)
    if unpacked > limit:
        yield (
            "",
            f"unpacks to {unpacked:,} bytes from {size:,}, more than the limit of {limit:,} (a zip bomb?)",
        )
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            yield info.filename[:100], "overlaps another member (a zip bomb?)"
        end = max(end, info.header_offset + _LOCAL_HEADER + info.compress_size)
