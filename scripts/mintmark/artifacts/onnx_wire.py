"""Recognise ONNX by walking the outermost fields of its protobuf. Imports no protobuf."""

from __future__ import annotations

import io
from typing import BinaryIO

_VARINT, _BYTES = 0, 2
# The fields of ModelProto (onnx.proto, IR version 13) and how each is written.
_MODEL_FIELDS = {
    1: _VARINT,  # ir_version
    2: _BYTES,
    3: _BYTES,
    4: _BYTES,
    5: _VARINT,
    6: _BYTES,
    7: _BYTES,  # graph
    8: _BYTES,  # opset_import
    14: _BYTES,
    20: _BYTES,
    25: _BYTES,
    26: _BYTES,
}
_REQUIRED = {1, 7, 8}
_MAX_FIELDS = 100_000


def looks_like_onnx(file: BinaryIO, size: int) -> bool:
    """Whether a file consists of the fields of an ONNX model from its first byte to its last."""
    file.seek(0)
    seen: set[int] = set()
    for _ in range(_MAX_FIELDS):
        position = file.tell()
        if position == size:
            return seen >= _REQUIRED
        tag = _varint(file)
        if tag is None or _MODEL_FIELDS.get(tag >> 3) != tag & 7:
            return False
        length = _varint(file)
        if length is None:
            return False
        if tag & 7 == _BYTES:
            if file.tell() + length > size:
                return False
            file.seek(length, io.SEEK_CUR)
        seen.add(tag >> 3)
    return False


def _varint(file: BinaryIO) -> int | None:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return None
