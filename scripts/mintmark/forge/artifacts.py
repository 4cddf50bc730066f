"""Unpack the archive of a workflow's artifact, which anybody may have written. Writes no file."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib

from mintmark.errors import ArtifactError

_MOST_FILES = 500
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+-]*(?:/[A-Za-z0-9_][A-Za-z0-9._@+-]*){0,8}")


def unpack(archive: bytes, name: str, *, most_bytes: int) -> dict[str, bytes]:
    """Return the files in an archive by name; raise `ArtifactError` for one that no upload of plain files makes."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return _read(opened, name, most_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise ArtifactError(f"the artifact {name!r} is no archive that can be read") from None


def _read(opened: zipfile.ZipFile, name: str, most_bytes: int) -> dict[str, bytes]:
    members = [member for member in opened.infolist() if not member.is_dir()]
    if len(members) > _MOST_FILES:
        raise ArtifactError(f"the artifact {name!r} holds more than {_MOST_FILES} files, and is not read")
    files: dict[str, bytes] = {}
    room = most_bytes
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if not _NAME.fullmatch(member.filename) or member.filename in files or kind not in (0, stat.S_IFREG):
            raise ArtifactError(f"the artifact {name!r} holds a file that is no plain one, and is not read")
        with opened.open(member) as stream:
            files[member.filename] = stream.read(room + 1)
        room -= len(files[member.filename])
        if room < 0:
            raise ArtifactError(f"the artifact {name!r} unpacks to more than {most_bytes:,} bytes, and is not read")
    return files
