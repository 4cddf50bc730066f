"""Check and read safetensors with its own library, and refuse what that lets pass. Imports numpy to make arrays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.errors import MintmarkError
from mintmark.extras import install_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HEADER = 16 << 20
_LENGTH = 8
_FIELDS = {"dtype", "shape", "data_offsets"}
_MOST_DIMENSIONS = 32  # as numpy 1 has them
_DTYPES = {"BOOL", "U8", "I8", "U16", "I16", "F16", "BF16", "U32", "I32", "F32", "U64", "I64", "F64", "C64",
           "F8_E5M2", "F8_E4M3"}  # fmt: skip
_AGAIN = "write it again with safetensors"


class _InvalidHeaderError(ValueError):
    pass


def looks_like_safetensors(head: bytes, size: int) -> bool:
    """Whether a file opens with the length of a header that it has room for, and with that header."""
    length = int.from_bytes(head[:_LENGTH], "little")
    return len(head) > _LENGTH and head[_LENGTH] == ord("{") and 2 <= length <= size - _LENGTH


def inspect_safetensors(data: bytes, *, path: str) -> list[Finding]:
    """The faults of a safetensors file: its arrays fill the file from end to end and overlap nowhere.

    The library says so. What it lets pass is looked for first: names that are there twice, further fields, a long
    header, more dimensions and other types than arrays have.
    """
    try:
        import safetensors
    except ImportError:
        message = f"cannot be checked without the extra `safetensors`: {install_line('safetensors')}"
        return [Finding(path=path, message=message, rule="R8")]
    try:
        _check_header(data)
        safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except _InvalidHeaderError as error:
        return [Finding(path=path, message=f"{error}; {_AGAIN}", rule="R8")]
    except safetensors.SafetensorError as error:
        reason = str(error).removeprefix("Error while deserializing: ")[:100]
        return [Finding(path=path, message=f"is not valid safetensors ({reason}); {_AGAIN}", rule="R8")]
    return []


def read_safetensors(data: bytes, *, path: str) -> dict[str, NDArray[Any]]:
    """The arrays by name, of inspected bytes. Raises MintmarkError for types and shapes that numpy does not have."""
    from safetensors.numpy import load

    try:
        arrays: dict[str, NDArray[Any]] = load(data)
    except KeyError as error:
        raise MintmarkError(f"{path}: holds an array of {error.args[0]}, unknown to numpy; store it as F32") from None
    except ValueError as error:  # no array has 0 x 2**62 values, though they take no bytes
        raise MintmarkError(f"{path}: holds a shape that no array has ({error}); {_AGAIN}") from None
    return arrays


def _check_header(data: bytes) -> None:
    length = int.from_bytes(data[:_LENGTH], "little")
    if length > min(MAX_HEADER, len(data) - _LENGTH):
        raise _InvalidHeaderError(f"its header claims {length:,} bytes")
    try:
        header = json.loads(data[_LENGTH : _LENGTH + length].decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise _InvalidHeaderError("its header is nested too deep") from error
    except _InvalidHeaderError:
        raise
    except ValueError as error:
        raise _InvalidHeaderError("its header is not JSON") from error
    if not isinstance(header, dict):
        raise _InvalidHeaderError("its header is not a mapping")
    for name, entry in header.items():
        if name != "__metadata__":
            _check_entry(name, entry)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _InvalidHeaderError("its header says something twice")
    return mapping


def _check_entry(name: str, entry: Any) -> None:
    if not isinstance(entry, dict) or set(entry) != _FIELDS:
        raise _InvalidHeaderError(f"{name[:60]!r} does not say exactly dtype, shape and data_offsets")
    if not isinstance(entry["shape"], list) or len(entry["shape"]) > _MOST_DIMENSIONS:
        raise _InvalidHeaderError(f"{name[:60]!r} has no shape that an array can have")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in _DTYPES:
        raise _InvalidHeaderError(f"{name[:60]!r} is of the unknown type {entry['dtype']!r:.40}")
