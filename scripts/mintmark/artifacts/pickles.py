"""Whether a file of any kind holds a pickle, by its bytes and by its name. Loads nothing and runs nothing.

An artifact must be of an allowed format, so a pickle there is refused as whatever it is not. A script, a page or a
table may hold anything; here what pickle, joblib, cloudpickle, PyTorch and NumPy write is recognised, also inside an
archive, compressed, or written as base64, and one of these in another. What nobody here can look into is refused too.
"""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import io
import itertools
import lzma
import pickletools
import re
import sys
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.artifacts.refusals import is_pickle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    _Read = Callable[[int], bytes]

_NAMES: Final = (".pkl", ".pickle", ".joblib", ".cloudpickle", ".dill")
_RUNS: Final = "; loading one runs code"
_HIDDEN: Final = ", so nobody here sees whether it holds a pickle"
_ENCRYPTED: Final = 0x1  # of the flags of a member of a zip archive
_PEEK: Final = 4_096
_MORE: Final = 64 << 20  # of what its first bytes leave open
_MOST_TEXT: Final = 128 << 20  # of one text that is packed
_MOST_UNPACKED: Final = 256 << 20  # of one file in all, members and layers together
_MOST_MEMBERS: Final = 1_000
_MOST_OPCODES: Final = 100_000
_MOST_TEXTS: Final = 1_000  # in base64, in one file
_LONGEST_HEADER: Final = 1 << 16  # of a NumPy file, which itself takes less
_DEPTH: Final = 4
_CALLS: Final = frozenset({"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"})
_GETS: Final = frozenset({"STACK_GLOBAL", "EXT1", "EXT2", "EXT4"})
_SEALED: Final = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x02\x21\x4c\x18": "lz4",
    b"\xff\x06\x00\x00sNaPpY": "snappy",
    b"\x1f\x9d": "compress",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
}
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 66_000  # in which a zip archive ends, whatever it begins with
_TAR_SUM: Final = re.compile(rb"[ 0-7]{6,7}[\0 ]")
# How the marks of a pickle, of gzip, zip, bz2, xz, lzma and NumPy files and of zlib begin in base64, and that in base64
# again.
_MARK: Final = re.compile(
    rb"gA[I-X]|H4sI|UEsDB|Qlpo|/Td6|XQAA|k05V|eA[E-H]|eF[4-7]|eJ[w-z]|eN[o-r]"
    rb"|Z0F[J-Y]|SDRz|VUVz|UWxw|L1Rk|WFFB|azA1|ZUF[F-I]|ZUY[0-3]|ZUp[3-6]|ZU5[v-y]"
)
_LETTERS: Final = re.compile(rb"(?:[A-Za-z0-9+/_-]++|(?:\r?\n|\\n|\\r)[ \t]*+)*+")
_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")
_SHORTEST: Final = 16  # letters of a text
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_BREAKS: Final = re.compile(rb"(?:\r?\n|\\n|\\r)[ \t]*")


_OPENERS: Final[tuple[tuple[bytes, str, Callable[[], Any]], ...]] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(31)),
    (b"BZh", "bz2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", "xz", lambda: lzma.LZMADecompressor(memlimit=1 << 28)),
    (b"\x5d\x00\x00", "lzma", lambda: lzma.LZMADecompressor(memlimit=1 << 28)),
    *((bytes((0x78, level)), "zlib", zlib.decompressobj) for level in (0x01, 0x5E, 0x9C, 0xDA)),
)
_ARRAY: Final = b"\x93NUMPY"
_PACKED: Final = (b"PK", *(magic for magic, *_ in _OPENERS))


@dataclass(slots=True)
class _Left:
    """How far one file is still looked into: so many layers, and so many bytes that all of them share."""

    layers: int = _DEPTH
    unpacked: list[int] = field(default_factory=lambda: [_MOST_UNPACKED])

    def deeper(self) -> _Left:
        """Return what is left one layer below."""
        return _Left(self.layers - 1, self.unpacked)

    def take(self, read: _Read, size: int) -> tuple[bytes, bool]:
        """Return so many of the next bytes as are left, and whether that was all; see `_take`."""
        content, whole = _take(read, min(size, self.unpacked[0]))
        self.unpacked[0] -= len(content)
        return content, whole


class _Unpacked:
    """What compressed streams hold, one behind the other, a piece at a time."""

    def __init__(self, data: bytes, opener: Callable[[], Any]) -> None:
        self._make, self._left, self._opener = opener, data, opener()

    def read(self, size: int) -> bytes:
        """Return some of the next bytes; none at the end, and where the data breaks off."""
        if self._opener.eof:
            self._left, self._opener = self._opener.unused_data.lstrip(b"\0"), self._make()
        found: bytes = self._opener.decompress(self._left, size)
        self._left = getattr(self._opener, "unconsumed_tail", b"")
        return found or (self.read(size) if self._opener.eof and self._opener.unused_data.strip(b"\0") else b"")


def describe_pickle(name: str, content: bytes) -> str:
    """Return what makes a file a pickle, as the end of a sentence; empty where nothing does."""
    if name.rpartition("/")[2].lower().endswith(_NAMES):
        return f"is a pickle by its name{_RUNS}"
    left = _Left()
    found = _look_inside(content, left, whole=True) or _look_at_texts(content, left)
    return f"{found}{_RUNS}" if found else ""


def _look_inside(content: bytes, left: _Left, *, whole: bool) -> str:
    """Return what is found in a file; of one that is not `whole` these are the first bytes."""
    if is_pickle(content[:3]):
        return "is a pickle, whatever it is called"
    if content.startswith(_ARRAY):
        return "is a NumPy file of pickled objects" if _holds_objects(content) else ""
    for magic, compressor in _SEALED.items():
        if content.startswith(magic):
            return f"is compressed with {compressor}{_HIDDEN}"
    found = ""
    if _is_packed(content) or (whole and _ZIP_END in content[-_ZIP_TAIL:]):
        found = _look_into(content, left, whole=whole) if left.layers else f"is packed again and again{_HIDDEN}"
    if not found and _reads_as_pickle(content, whole=whole) == "yes":
        found = "is a pickle (protocol 0 or 1, or without its mark), whatever it is called"
    return found


def _is_packed(content: bytes) -> bool:
    return content.startswith(_PACKED) or bool(_TAR_SUM.match(content[148:156]))


def _look_into(content: bytes, left: _Left, *, whole: bool) -> str:
    packed = next(((name, opener) for magic, name, opener in _OPENERS if content.startswith(magic)), None)
    is_tar = _TAR_SUM.match(content[148:156]) and not content.startswith(b"PK")
    try:
        if packed:
            what = f"is compressed with {packed[0]}, and what is inside"
            return _describe_inner(_Unpacked(content, packed[1]).read, left, what)
        return _look_into_tar(content, left) if is_tar else _look_into_zip(content, left)
    except NotImplementedError:
        return f"is packed in a way of its own{_HIDDEN}"
    except (zipfile.BadZipFile, tarfile.TarError, OSError, ValueError, RuntimeError, EOFError, zlib.error):
        return "" if whole else f"is an archive of many megabytes within another one{_HIDDEN}"


def _holds_objects(content: bytes) -> bool:
    """Whether the header of an array names objects, or is longer than any."""
    start = 10 if content[6:7] == b"\x01" else 12
    length = int.from_bytes(content[8:start], "little")
    if length > _LONGEST_HEADER:
        return True
    try:
        header = ast.literal_eval(content[start : start + length].decode("latin-1").strip())
        return any(kind.lstrip("|<>=").startswith(("O", "object")) for kind in _kinds(header["descr"]))
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        return False  # and NumPy does not read it either


def _kinds(described: Any) -> Iterator[str]:
    """Yield the types in the header of an array: one, or one for each field."""
    if isinstance(described, str):
        yield described
    elif isinstance(described, (list, tuple)):
        for field in described:
            yield from _kinds(field[1])


def _look_into_zip(content: bytes, left: _Left) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        for member in members[:_MOST_MEMBERS]:
            if member.flag_bits & _ENCRYPTED:
                return f"is an archive with a member under a password{_HIDDEN}"
            with archive.open(member) as file:
                found = _describe_member(member.filename, file.read, left)
            if found:
                return found
    return _too_many() if len(members) > _MOST_MEMBERS else ""


def _look_into_tar(content: bytes, left: _Left) -> str:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for number, member in enumerate(archive):
            if number == _MOST_MEMBERS:
                return _too_many()
            file = archive.extractfile(member) if member.isfile() else None
            found = "" if file is None else _describe_member(member.name, file.read, left)
            if found:
                return found
    return ""


def _too_many() -> str:
    return f"is an archive of more than {_MOST_MEMBERS:,} files{_HIDDEN}"


def _describe_member(name: str, read: _Read, left: _Left) -> str:
    if name.lower().endswith(_NAMES):
        return "is an archive with a pickle inside"
    return _describe_inner(read, left, "is an archive, and what is inside")


def _describe_inner(read: _Read, left: _Left, what: str) -> str:
    """Return what is found in what a file holds: in its first bytes, and in more of it where these do not tell.

    All of a text is looked at: a text in base64 may stand anywhere in it.
    """
    content, whole = left.take(read, _PEEK)
    is_text = b"\0" not in content
    may_be_more = _is_packed(content) or content.startswith(_ARRAY) or _reads_as_pickle(content, whole=False) == "open"
    if not whole and (is_text or may_be_more):
        more, whole = left.take(read, _MOST_TEXT if is_text else _MORE)
        content += more
    found = _look_inside(content, left.deeper(), whole=whole) or _look_at_texts(content, left.deeper())
    if not found and is_text and not whole:
        found = f"is more than is looked at{_HIDDEN}"
    return f"{what} {found}" if found else ""


def _take(read: _Read, size: int) -> tuple[bytes, bool]:
    """Return so many of the next bytes, fewer where it ends or breaks off, and whether that was all."""
    found = bytearray()
    try:
        while len(found) < size:
            piece = read(min(size - len(found), _PEEK))
            if not piece:
                return bytes(found), True
            found += piece
    except lzma.LZMAError as error:
        if "limit" in str(error):
            raise NotImplementedError from None
        return bytes(found), True
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile):
        return bytes(found), True
    return bytes(found), False


def _look_at_texts(content: bytes, left: _Left) -> str:
    """Return what is found in texts of base64, as JSON, notebooks and scripts carry files."""
    for text in itertools.islice(_base64_texts(content), _MOST_TEXTS):
        try:
            inner = base64.b64decode(text[:-1] if len(text) % 4 == 1 else text + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue
        if is_pickle(inner[:3]):
            found = "is a pickle" if _goes_on_as_pickle(inner) else ""
        else:
            found = _look_inside(inner, left, whole=True)
        if not found and left.layers:
            found = _look_at_texts(inner, left.deeper())
        if found:
            return f"holds a text in base64, and what is inside {found}"
    return ""


def _base64_texts(content: bytes) -> Iterator[bytes]:
    """Yield the texts of base64 that begin with one of the marks, without their breaks, each looked at once."""
    place = 0
    while mark := _MARK.search(content, place):
        place = mark.start() + 1
        if mark.start() and content[mark.start() - 1] in _ALPHABET:
            continue
        letters = _LETTERS.match(content, mark.start())
        assert letters is not None  # it takes none, too
        place = letters.end()
        if place - mark.start() >= _SHORTEST:
            yield _BREAKS.sub(b"", letters[0]).translate(_STANDARD)


def _goes_on_as_pickle(content: bytes) -> bool:
    """Whether bytes with the mark of a pickle go on as one: four letters of a text may look like it."""
    file = io.BytesIO(content)
    try:
        for opcode, *_ in itertools.islice(pickletools.genops(file), _MOST_OPCODES):
            if opcode.name == "STOP":
                return True
    except Exception:  # what is no pickle fails in a hundred ways
        return file.tell() >= len(content) - 3  # the last bytes may be left out above
    return True


def _reads_as_pickle(content: bytes, *, whole: bool) -> Literal["yes", "no", "open"]:
    """Whether bytes without a mark are a pickle to their end that gets hold of something and does something with it.

    A page that happens to be read as a few opcodes names nothing that there is. First bytes leave it open where they
    end before anything speaks against it. Nothing but a pickle reads as so many opcodes as are looked at.
    """
    gets = does = False
    file = io.BytesIO(content)
    try:
        for opcode, argument, _ in itertools.islice(pickletools.genops(file), _MOST_OPCODES):
            if opcode.name in ("GLOBAL", "INST"):
                gets = gets or _is_reference(str(argument))
                does = does or str(argument).partition(".")[0].split(" ")[0] in sys.stdlib_module_names
            gets = gets or opcode.name in _GETS
            does = does or opcode.name in _CALLS
            if opcode.name == "STOP":
                return "yes" if gets and does else "no"
    except Exception:  # what is no pickle fails in a hundred ways
        if whole or file.tell() < len(content):
            return "no"
        return "yes" if gets and does else "open"
    return "yes"


def _is_reference(argument: str) -> bool:
    module, _, name = argument.partition(" ")
    return all(part.isidentifier() for part in (*module.split("."), *name.split(".")))
