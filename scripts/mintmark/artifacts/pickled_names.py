"""Which classes a pickle names, by its bytes, packed or not. Loads nothing and runs nothing.

Only what pickle, joblib and cloudpickle write is looked for. Who wants to hide a name can. This makes a message better,
and decides nothing.
"""

from __future__ import annotations

import bz2
import lzma
import mmap
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.refusals import is_pickle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MOST: Final = 256 << 20  # bytes that are looked at, and that a packed file may give
# Two short texts and what puts them together (protocol 4 and 5), or a line each (0 to 3). In between may stand what
# remembers a text, and arrays of joblib may stand anywhere.
_NAMED: Final = re.compile(
    rb"\x8c(?P<size>.)(?P<module>[A-Za-z_][\w.]{0,200})\x94?\x8c.(?P<name>[A-Za-z_][\w.]{0,200})\x94?\x93"
    rb"|c(?P<old>[A-Za-z_][\w.]{0,200})\n(?P<old_name>[A-Za-z_]\w{0,200})\n",
    re.S,
)
_TEXT_BEGINS: Final = (b"(", b"c", b"]", b"}")  # how a text pickle of a thing, a list or a mapping begins
_OPENERS: Final[tuple[tuple[bytes, Callable[[], Any]], ...]] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(memlimit=1 << 28)),
    (b"\x5d\x00\x00", lambda: lzma.LZMADecompressor(memlimit=1 << 28)),
    *((bytes((0x78, level)), zlib.decompressobj) for level in (0x01, 0x5E, 0x9C, 0xDA)),
)


def named_classes(path: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of what a pickle asks for, in the order of the file; nothing for what is no pickle.

    Raises `OSError`.
    """
    with open(path, "rb") as file:
        head = file.read(512)
        opener = next((opener for magic, opener in _OPENERS if head.startswith(magic)), None)
        if opener is not None:
            file.seek(0)
            yield from _named(_unpacked(file.read(_MOST), opener))
        elif is_pickle(head) or head.startswith(_TEXT_BEGINS):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield from _named(content)


def _unpacked(content: bytes, opener: Callable[[], Any]) -> bytes:
    try:
        found: bytes = opener().decompress(content, _MOST)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return b""
    return found


def _named(content: bytes | mmap.mmap) -> Iterator[tuple[str, str]]:
    for found in _NAMED.finditer(content, 0, _MOST):
        if found["old"]:
            yield found["old"].decode(), found["old_name"].decode()
        elif found["size"][0] == len(found["module"]):
            yield found["module"].decode(), found["name"].decode()
