"""Check and read safetensors: a JSON header and the bytes of arrays. Imports numpy to make arrays."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HEADER = 16 << 20
_LENGTH = 8
_SIZES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
}
_NUMPY = {
    "BOOL": "|b1", "U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4",
    "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8", "C64": "<c8",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """One entry of the header; `begin` and `end` count from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class _InvalidHeaderError(ValueError):
    pass


def looks_like_safetensors(head: bytes, size: int) -> bool:
    """Whether a file opens with the length of a header that it has room for, and with that header."""
    length = int.from_bytes(head[:_LENGTH], "little")
    return len(head) > _LENGTH and head[_LENGTH] == ord("{") and 2 <= length <= size - _LENGTH


def inspect_safetensors(data: bytes, *, path: str) -> list[Finding]:
    """The faults of a safetensors file: its arrays fill the file from end to end and overlap nowhere."""
    try:
        _parse(data)
    except _InvalidHeaderError as error:
        return [Finding(path=path, message=f"{error}; write it again with safetensors", rule="R8")]
    return []


def read_safetensors(data: bytes, *, path: str) -> dict[str, NDArray[Any]]:
    """The arrays by name, as views of `data`. Raises MintmarkError."""
    import numpy as np

    try:
        start, tensors = _parse(data)
    except _InvalidHeaderError as error:
        raise MintmarkError(f"{path}: {error}; write it again with safetensors") from error
    arrays = {}
    for tensor in tensors:
        if tensor.dtype not in _NUMPY:
            raise MintmarkError(f"{path}: {tensor.name} is {tensor.dtype}, unknown to numpy; store it as F32")
        count = math.prod(tensor.shape)
        flat = np.frombuffer(data, np.uint8, count * _SIZES[tensor.dtype], start + tensor.begin)
        arrays[tensor.name] = flat.view(_NUMPY[tensor.dtype]).reshape(tensor.shape)
    return arrays


def _parse(data: bytes) -> tuple[int, list[Tensor]]:
    length = int.from_bytes(data[:_LENGTH], "little")
    start = _LENGTH + length
    if length > MAX_HEADER or start > len(data):
        raise _InvalidHeaderError(f"its header claims {length:,} bytes")
    try:
        header = json.loads(data[_LENGTH:start].decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise _InvalidHeaderError("its header is nested too deep") from error
    except _InvalidHeaderError:
        raise
    except ValueError as error:
        raise _InvalidHeaderError("its header is not JSON") from error
    if not isinstance(header, dict):
        raise _InvalidHeaderError("its header is not a mapping")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or any(not isinstance(value, str) for value in metadata.values()):
        raise _InvalidHeaderError("its metadata is not text")
    tensors = [_tensor(name, entry) for name, entry in header.items()]
    _check_layout(tensors, len(data) - start)
    return start, tensors


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _InvalidHeaderError("its header says something twice")
    return mapping


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 48


def _tensor(name: str, entry: Any) -> Tensor:
    if not isinstance(entry, Mapping) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _InvalidHeaderError(f"{name[:60]!r} does not say exactly dtype, shape and data_offsets")
    shape, offsets, dtype = entry["shape"], entry["data_offsets"], entry["dtype"]
    if not isinstance(shape, list) or len(shape) > 32 or not all(map(_is_size, shape)):
        raise _InvalidHeaderError(f"{name[:60]!r} has no shape")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        raise _InvalidHeaderError(f"{name[:60]!r} has no offsets")
    if not isinstance(dtype, str) or dtype not in _SIZES:
        raise _InvalidHeaderError(f"{name[:60]!r} is of the unknown type {dtype!r:.40}")
    if offsets[1] - offsets[0] != math.prod(shape) * _SIZES[dtype]:
        raise _InvalidHeaderError(f"{name[:60]!r} has offsets that disagree with its shape")
    return Tensor(name=name, dtype=dtype, shape=tuple(shape), begin=offsets[0], end=offsets[1])


def _check_layout(tensors: list[Tensor], room: int) -> None:
    end = 0
    for tensor in sorted(tensors, key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin != end:
            what = "overlaps another array" if tensor.begin < end else "leaves a gap before it"
            raise _InvalidHeaderError(f"{tensor.name[:60]!r} {what}")
        end = tensor.end
    if end != room:
        raise _InvalidHeaderError(f"its arrays take {end:,} bytes, {room:,} follow the header")
