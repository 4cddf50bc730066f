"""Whether a file of any kind holds a pickle, by its bytes and by its name. Loads nothing and runs nothing.

An artifact must be of an allowed format, so a pickle there is refused as whatever it is not. A script, a page or a
table may hold anything; here what pickle, joblib, cloudpickle, PyTorch and NumPy write is recognised.
"""

from __future__ import annotations

import bz2
import io
import itertools
import lzma
import pickletools
import sys
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from mintmark.artifacts.refusals import is_pickle

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES: Final = (".pkl", ".pickle", ".joblib", ".cloudpickle", ".dill")
_RUNS: Final = "; loading one runs code"
_HIDDEN: Final = ", so nobody here sees whether it holds a pickle"
_ENCRYPTED: Final = 0x1  # of the flags of a member of a zip archive
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_PEEK: Final = 4_096
_MOST_MEMBERS: Final = 1_000
_MOST_OPCODES: Final = 100_000
_DEPTH: Final = 3
_CALLS: Final = frozenset({"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"})
_OPENERS: Final[tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...]] = (
    (b"\x1f\x8b", "gzip", lambda data: zlib.decompressobj(31).decompress(data, _PEEK)),
    (b"BZh", "bz2", lambda data: bz2.BZ2Decompressor().decompress(data, _PEEK)),
    (b"\xfd7zXZ\x00", "xz", lambda data: lzma.LZMADecompressor(memlimit=1 << 28).decompress(data, _PEEK)),
    (b"\x5d\x00\x00", "lzma", lambda data: lzma.LZMADecompressor(memlimit=1 << 28).decompress(data, _PEEK)),
    *(
        (bytes((0x78, level)), "zlib", lambda data: zlib.decompressobj().decompress(data, _PEEK))
        for level in (0x01, 0x5E, 0x9C, 0xDA)
    ),
)


def describe_pickle(name: str, content: bytes) -> str:
    """Return what makes a file a pickle, as the end of a sentence; empty where nothing does."""
    if name.rpartition("/")[2].lower().endswith(_NAMES):
        return f"is a pickle by its name{_RUNS}"
    found = _look_inside(content, _DEPTH)
    return f"{found}{_RUNS}" if found else ""


def _look_inside(content: bytes, depth: int) -> str:
    if is_pickle(content[:3]):
        return "is a pickle, whatever it is called"
    if content.startswith(b"\x93NUMPY"):
        return "is a NumPy file of pickled objects" if b"|O" in content[:_PEEK] else ""
    if content.startswith(b"PK"):
        return _look_into_zip(content, depth)
    if content.startswith(b"\x04\x22\x4d\x18"):  # lz4 begins with what it could not compress
        return "is a pickle compressed with lz4" if any(is_pickle(content[n : n + 3]) for n in range(7, 40)) else ""
    for magic, compressor, opener in _OPENERS:
        if content.startswith(magic):
            return _look_under(content, compressor, opener, depth)
    if content.startswith(_ZSTD):
        return f"is compressed with zstd{_HIDDEN}"
    if content[257:262] == b"ustar":
        return _look_into_tar(content, depth)
    return "is a pickle (protocol 0 or 1), whatever it is called" if _is_text_pickle(content) else ""


def _look_under(content: bytes, compressor: str, opener: Callable[[bytes], bytes], depth: int) -> str:
    try:
        inner = opener(content)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return ""
    found = _look_inside(inner, depth - 1) if depth else ""
    return f"is compressed with {compressor}, and what is inside {found}" if found else ""


def _look_into_zip(content: bytes, depth: int) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist()[:_MOST_MEMBERS]:
                if member.flag_bits & _ENCRYPTED:
                    return f"is an archive with a member under a password{_HIDDEN}"
                with archive.open(member) as file:
                    found = _describe_member(member.filename, file.read(_PEEK), depth)
                if found:
                    return found
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return ""
    return ""


def _look_into_tar(content: bytes, depth: int) -> str:
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in itertools.islice(archive, _MOST_MEMBERS):
                file = archive.extractfile(member) if member.isfile() else None
                found = _describe_member(member.name, file.read(_PEEK), depth) if file is not None else ""
                if found:
                    return found
    except (tarfile.TarError, OSError, ValueError, EOFError):
        return ""
    return ""


def _describe_member(name: str, head: bytes, depth: int) -> str:
    if name.lower().endswith(_NAMES):
        return "is an archive with a pickle inside"
    found = _look_inside(head, depth - 1) if depth else ""
    return f"is an archive, and what is inside {found}" if found else ""


def _is_text_pickle(content: bytes) -> bool:
    """Whether a text is a pickle to its end that gets hold of something and does something with it.

    Protocols 0 and 1 have no mark. A page that happens to be read as a few opcodes names nothing that there is.
    """
    gets = does = ends = False
    try:
        for opcode, argument, _ in itertools.islice(pickletools.genops(content), _MOST_OPCODES):
            if opcode.name in ("GLOBAL", "INST"):
                gets = gets or _is_reference(str(argument))
                does = does or str(argument).partition(".")[0].split(" ")[0] in sys.stdlib_module_names
            does = does or opcode.name in _CALLS
            ends = opcode.name == "STOP"
    except Exception:  # what is no pickle fails in a hundred ways
        return False
    return gets and does and ends


def _is_reference(argument: str) -> bool:
    module, _, name = argument.partition(" ")
    return all(part.isidentifier() for part in (*module.split("."), *name.split(".")))
