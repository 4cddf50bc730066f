"""Read and write single files: strictly parsed, written whole or not at all. Knows nothing of registries."""

from __future__ import annotations

import json
import os
import stat
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from mintmark.core.finding import Finding
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.yaml.text import MAX_BYTES, YamlFault, format_yaml, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "check_size",
    "format_json",
    "format_yaml",
    "line_ends",
    "open_atomically",
    "read_json",
    "read_text_file",
    "read_yaml",
    "unix_lines",
    "write_atomically",
]

MOST_HELD: Final = 2 << 30  # bytes of the rows of a file that are held all at once


def check_size(size: int, where: str, remedy: str) -> None:
    """Raise `MintmarkError` where rows take more bytes than may be held at once."""
    if size > MOST_HELD:
        raise MintmarkError(f"{where}: its rows take over {MOST_HELD >> 30} GB of memory; {remedy}")


def read_yaml(path: Path, *, number_keys: bool = False) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; raise `InvalidRegistryError` with file and line where it does not."""
    try:
        data = parse_yaml(read_text_file(path), number_keys=number_keys)
    except YamlFault as fault:
        raise InvalidRegistryError([_finding(path, fault)]) from None
    if not isinstance(data, dict):
        raise InvalidRegistryError([Finding(path=str(path), line=1, message="must hold keys and values")])
    return data


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds; raise `InvalidRegistryError` with file and line where it does not."""
    try:
        data = parse_json(read_text_file(path))
    except YamlFault as fault:
        raise InvalidRegistryError([_finding(path, fault)]) from None
    if not isinstance(data, dict):
        raise InvalidRegistryError([Finding(path=str(path), line=1, message="must hold a JSON object")])
    return data


def parse_json(text: bytes, *, limit: int = MAX_BYTES) -> Any:
    """Return the value in `text`; raise `YamlFault` on broken JSON, a key that is there twice, NaN or infinity."""
    if len(text) > limit:
        raise YamlFault(f"is larger than {limit:,} bytes, the most that a JSON record may have", 1)
    try:
        decoded = text.decode("utf-8")
        data = json.loads(decoded, parse_constant=_no_constant)
        if "\\" in decoded or _count_colons(data) != decoded.count(":"):
            data = json.loads(decoded, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
        if "\\u" in decoded:
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlFault("is not UTF-8", text.count(b"\n", 0, error.start) + 1) from None
    except json.JSONDecodeError as error:
        raise YamlFault(f"is not valid JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise YamlFault("is nested too deep", 1) from None
    except UnicodeEncodeError:
        raise YamlFault("holds half of a character (a lone surrogate such as \\ud800)", 1) from None
    except YamlFault:
        raise
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise YamlFault("holds a number with thousands of digits", 1) from None
    return data


def _count_colons(value: Any) -> int:
    """Return how many colons a text without escapes has that says this value and no key twice.

    A key that is there twice leaves a colon that the value does not account for. Counting takes a third of the time of
    building every object through `_unique_keys`, which then tells which key it is.
    """
    if type(value) is dict:
        return sum(1 + key.count(":") + _count_colons(inner) for key, inner in value.items())
    if type(value) is list:
        return sum(map(_count_colons, value))
    return value.count(":") if type(value) is str else 0


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise YamlFault(f'has the key "{twice}" twice; keep one of them')
    return data


def _no_constant(name: str) -> Any:
    raise YamlFault(f"{name} is not a JSON number; leave the value out")


def _finding(path: Path, fault: YamlFault) -> Finding:
    return Finding(path=str(path), message=fault.message, line=fault.line, column=fault.column)


def read_text_file(path: Path | str, *, limit: int = MAX_BYTES) -> bytes:
    """Return a regular file's bytes, `limit` + 1 of them at the most; raise `MintmarkError` for a link or a folder.

    A file over the limit comes back cut, so that whoever parses it can say that it is too large without holding it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise MintmarkError(f"{path}: there is no such file") from None
    except OSError as error:
        reason = "is a symbolic link where a file belongs" if os.path.islink(path) else str(error.strerror)
        raise MintmarkError(f"{path}: {reason}") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise MintmarkError(f"{path}: is not a plain file")
        content = b""  # os.read, since a list reads thousands of files that are small
        while len(content) <= limit and (piece := os.read(handle, min(_PIECE, limit + 1 - len(content)))):
            content += piece
        return content
    finally:
        os.close(handle)


_PIECE = 1 << 16


def unix_lines(text: bytes) -> bytes:
    """Return a text with the line ends that it has in Git, where a work tree gave it those of Windows."""
    return text.replace(b"\r\n", b"\n")


def line_ends(content: bytes) -> tuple[bytes, bytes, bytes]:
    """Return a file as it is, and as a text with the line ends of Git and of Windows."""
    unix = unix_lines(content)
    return content, unix, unix.replace(b"\n", b"\r\n")


def format_json(data: Any) -> str:
    """Return `data` as the JSON text that is kept in Git: indented, in the order given, with a final newline."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_atomically(path: Path | str, data: bytes) -> None:
    """Write `data` whole or not at all. Missing folders are made.

    Raises `MintmarkError` when the disk is full or the place cannot be written.
    """
    try:
        os.makedirs(os.path.dirname(os.fspath(path)) or ".", exist_ok=True)
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be written: {error.strerror}") from None
    with open_atomically(path) as file:
        file.write(data)


@contextmanager
def open_atomically(path: Path | str) -> Iterator[IO[bytes]]:
    """Open a file to be written whole or not at all: a temporary one beside it, flushed to disk, then renamed over it.

    It appears when the block ends without an error. Raises `MintmarkError` when the disk is full or the place cannot be
    written.
    """
    from mintmark.temporary import new_file  # a reader need not pay for it

    try:
        handle, temporary = new_file(os.path.dirname(os.fspath(path)) or ".")
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:  # open, and with it locked, until it has its name
            yield file
            file.flush()
            os.fsync(handle)
            os.fchmod(handle, 0o666 & ~umask())
            os.replace(temporary, path)
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be written: {error.strerror}; nothing was changed") from None
    finally:
        if os.path.lexists(temporary):
            os.unlink(temporary)


def umask() -> int:
    """Return the bits that the user's umask takes away from the mode of a new file."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
