"""Digests of artifacts: md5 (DVC's address), sha256 (what every read checks) and size, in one pass."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

BLOCK_SIZE = 1 << 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What identifies bytes: lower-case hexadecimal md5 and sha256, and the number of bytes."""

    md5: str
    sha256: str
    size: int


def digest_bytes(data: bytes | bytearray | memoryview) -> Digest:
    """Digest bytes that are in memory."""
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Digest(md5=md5, sha256=hashlib.sha256(data).hexdigest(), size=memoryview(data).nbytes)


def digest_file(path: str | PathLike[str]) -> Digest:
    """Digest a file without holding more than a block of it. Raises OSError where it cannot be read."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    block = bytearray(BLOCK_SIZE)
    view = memoryview(block)
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(block):
            md5.update(view[:count])
            sha256.update(view[:count])
            size += count
    return Digest(md5=md5.hexdigest(), sha256=sha256.hexdigest(), size=size)
