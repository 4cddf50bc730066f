"""Say what a refused file is: pickles in their many wrappings, and formats that hold code. Executes nothing.

This only makes the message better. A file is refused because it was not recognised as an allowed format,
never because it was recognised here, so what is missing below is refused all the same.
"""

from __future__ import annotations

import bz2
import itertools
import lzma
import pickletools
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

PEEK = 512
BLOCK = 1 << 20  # bz2 gives nothing before a block of 900 kB is complete
MAX_OPCODES = 100_000
# What torch.save wrote before its zip (1.6), and still writes on demand: the pickle of this number comes first.
OLD_PYTORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_CALLS = frozenset({"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"})

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "is HDF5, which Keras files and others use to hold code"),
    (b"\x93NUMPY", ""),  # decided by its header
    (b"GGUF", "is a GGUF file"),
    (b"\x7fELF", "is a program"),
    (b"MZ", "is a program"),
    (b"#!", "is a script"),
)
_COMPRESSED: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
)


def describe_refused(file: BinaryIO, head: bytes, size: int) -> str | None:
    """What a file is, as the start of a sentence, if it is known to be of a refused kind."""
    if not size:
        return "is empty"
    if head.startswith(OLD_PYTORCH):
        return "is a pickle as PyTorch writes it; loading one runs code"
    if is_pickle(head):
        return f"is a pickle (protocol {head[1]}), whatever it is called; loading one runs code"
    for magic, what in _MAGIC:
        if head.startswith(magic) and what:
            return what
    for magic, compressor in _COMPRESSED:
        if head.startswith(magic):
            return _describe_compressed(file, compressor)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _describe_zip(file)
    return _describe_text_pickle(file)


def is_pickle(head: bytes) -> bool:
    """Whether bytes begin like a pickle of protocol 2 to 5 (joblib and cloudpickle files do)."""
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5


def _describe_compressed(file: BinaryIO, compressor: str) -> str:
    openers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda data: zlib.decompressobj(31).decompress(data, PEEK),
        "zlib": lambda data: zlib.decompressobj().decompress(data, PEEK),
        "bz2": lambda data: bz2.BZ2Decompressor().decompress(data, PEEK),
        "xz": lambda data: lzma.LZMADecompressor(memlimit=1 << 28).decompress(data, PEEK),
        "lzma": lambda data: lzma.LZMADecompressor(memlimit=1 << 28).decompress(data, PEEK),
    }
    file.seek(0)
    try:
        inner = openers[compressor](file.read(BLOCK))
    except (KeyError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        inner = b""
    if is_pickle(inner):
        return f"is a pickle compressed with {compressor}, as joblib writes it; loading one runs code"
    return f"is compressed with {compressor}, as joblib does with pickles"


def _describe_zip(file: BinaryIO) -> str | None:
    """What a zip without a schema.json is; None for one that has it, or that is too broken to tell."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError, EOFError):
        return None  # the checks of skops say what is wrong with it
    if "schema.json" in names:
        return None
    if any(name.endswith(("data.pkl", ".pkl", ".pickle", ".joblib")) for name in names):
        return "is a zip with a pickle inside, as PyTorch writes it; loading one runs code"
    if names and all(name.endswith(".npy") for name in names):
        return "is an .npz archive, whose arrays may be pickles"
    if "config.json" in names or "metadata.json" in names:
        return "is a zip such as Keras writes, which may hold code"
    return "is a zip without a schema.json, so it is not skops"


def _describe_text_pickle(file: BinaryIO) -> str | None:
    """Pickles of protocol 0 and 1 have no mark; they are read as pickle, without running them, to see."""
    file.seek(0)
    calls = False
    try:
        for opcode, _, _ in itertools.islice(pickletools.genops(file), MAX_OPCODES):
            calls = calls or opcode.name in _CALLS
    except Exception:
        return None
    return "is a pickle (protocol 0 or 1), whatever it is called; loading one runs code" if calls else None
