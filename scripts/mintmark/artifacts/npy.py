"""Read numpy's `.npy` bytes without trusting them. numpy is imported where it is needed."""

from __future__ import annotations

import ast
import functools
import math
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # numpy's own limit
MAX_DIMENSION = 1 << 40
MAX_ITEM = 1 << 24
_UNICODE = 0x10FFFF
_GROWTH = 21  # digits of the largest size, which numpy leaves room for
_PLAIN_ITEM = re.compile(
    r"(?:(?:<f(?=[248])|<[iu](?=[248])|\|[iu](?=1))(?P<number>[0-9])|<U(?P<characters>[1-9][0-9]{0,5}))\Z"
)
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}


class InvalidArrayError(ValueError):
    """The bytes are not an array that may be read; the message says why."""


class _Layout(NamedTuple):
    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool


def read_npy(data: bytes) -> NDArray[Any]:
    """The array in `data`, as a view of its bytes. Raises InvalidArrayError.

    The header must describe exactly the bytes that follow it, so nothing is allocated on its word; arrays of
    Python objects are refused, because numpy stores them as pickle.
    """
    import numpy as np

    layout = _layout(data)
    count, itemsize = math.prod(layout.shape), layout.dtype.itemsize
    length = len(data) - layout.start
    if count * itemsize != length:
        raise InvalidArrayError(
            f"its header claims {count * itemsize:,} bytes ({layout.dtype} in shape {layout.shape}), {length:,} follow"
        )
    try:
        if not length:
            return np.empty(layout.shape, layout.dtype)
        flat = np.frombuffer(data, layout.dtype, count, layout.start)
        array = flat.reshape(layout.shape, order="F" if layout.fortran_order else "C")
    except (ValueError, MemoryError) as error:
        raise InvalidArrayError(f"numpy cannot read it: {error}") from error
    _check_values(array)
    return array


def npy_shape(data: bytes) -> tuple[int, ...]:
    """The shape of the array in `data`, after every check of `read_npy`. Raises InvalidArrayError.

    Plain numbers and text, which most models hold, are checked without importing numpy, which takes 70 ms.
    """
    start, header = _frame(data)
    size = _plain_item_size(header["descr"])
    if size is None:
        return read_npy(data).shape
    shape, body = _parse_shape(header["shape"]), memoryview(data)[start:]
    if math.prod(shape) * size != len(body) or (
        header["descr"][1] == "U" and max(body.cast("I"), default=0) > _UNICODE
    ):
        return read_npy(data).shape  # which says what is wrong
    return shape


def _plain_item_size(descr: Any) -> int | None:
    match = _PLAIN_ITEM.match(descr) if isinstance(descr, str) and sys.byteorder == "little" else None
    if match is None:
        return None
    return int(match["number"]) if match["number"] else 4 * int(match["characters"])


def canonical_npy(data: bytes) -> bytes:
    """The same array in the one form: its header as numpy writes it, and no padding in it but zeros."""
    start, header = _frame(data)
    return _format_header(header) + zero_padding(data)[start:]


def _format_header(header: Mapping[str, Any]) -> bytes:
    """Magic, version, length and header (numpy.lib.format._write_array_header), whichever numpy is installed."""
    text = "{" + "".join(f"'{key}': {header[key]!r}, " for key in ("descr", "fortran_order", "shape")) + "}"
    shape = header["shape"]
    if shape:  # room for the array to grow in place
        text += " " * (_GROWTH - len(repr(shape[-1 if header["fortran_order"] else 0])))
    version, width = ((1, 0), 2) if text.isascii() else ((3, 0), 4)
    encoded = text.encode("utf-8")
    encoded += b" " * (64 - (len(MAGIC) + 2 + width + len(encoded) + 1) % 64) + b"\n"
    return MAGIC + bytes(version) + len(encoded).to_bytes(width, "little") + encoded


def zero_padding(data: bytes) -> bytes:
    """The same `.npy` bytes with zeros between the fields of records, where numpy leaves stray memory."""
    if b"'descr': [" not in data[:MAX_HEADER]:
        return data
    import numpy as np

    layout = _layout(data)
    used = np.zeros(layout.dtype.itemsize, bool)
    for dtype, offset, *_ in (layout.dtype.fields or {}).values():
        used[offset : offset + dtype.itemsize] = True
    if used.all():
        return data
    cleaned = np.frombuffer(data, np.uint8, offset=layout.start).reshape(-1, used.size) * used
    return data[: layout.start] + cleaned.tobytes()


def _layout(data: bytes) -> _Layout:
    start, header = _frame(data)
    return _Layout(start, _parse_dtype(header["descr"]), _parse_shape(header["shape"]), header["fortran_order"])


def _frame(data: bytes) -> tuple[int, Mapping[str, Any]]:
    """Where the values begin, and the header before them."""
    if not data.startswith(MAGIC):
        raise InvalidArrayError("it is not a .npy array")
    width = _LENGTH_BYTES.get((data[6], data[7])) if len(data) > 8 else None
    if width is None:
        raise InvalidArrayError("its .npy version is unknown")
    length = int.from_bytes(data[8 : 8 + width], "little")
    start = 8 + width + length
    if length > MAX_HEADER or start > len(data):
        raise InvalidArrayError("its header is too long")
    return start, _parse_header(data[8 + width : start])


@functools.lru_cache(maxsize=1024)
def _parse_header(text: bytes) -> Mapping[str, Any]:
    try:
        header = ast.literal_eval(text.decode("utf-8").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise InvalidArrayError("its header cannot be read") from error
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise InvalidArrayError("its header does not say exactly descr, fortran_order and shape")
    if not isinstance(header["fortran_order"], bool):
        raise InvalidArrayError("its header has no fortran_order")
    return header


def _parse_dtype(descr: Any) -> np.dtype[Any]:
    import numpy as np

    try:
        dtype = np.lib.format.descr_to_dtype(descr)
    except Exception as error:
        raise InvalidArrayError("its header names no type that numpy knows") from error
    if dtype.hasobject:
        raise InvalidArrayError("it holds Python objects, which numpy stores as pickle")
    if dtype.subdtype is not None or dtype.itemsize > MAX_ITEM or dtype.kind not in "biufcSUMmV":
        raise InvalidArrayError(f"its items are of a type that no model needs, {dtype}"[:300])
    return dtype


def _parse_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or len(shape) > 32 or any(type(size) is not int for size in shape):
        raise InvalidArrayError("its header has no shape")
    if any(not 0 <= size < MAX_DIMENSION for size in shape):
        raise InvalidArrayError(f"its header claims the shape {shape}")
    return shape


def _check_values(array: NDArray[Any]) -> None:
    import numpy as np

    if array.dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise InvalidArrayError("it holds booleans that are neither 0 nor 1")
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        points = np.frombuffer(array.tobytes(), np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        if points.max() > _UNICODE:
            raise InvalidArrayError("it holds text that is not Unicode")
