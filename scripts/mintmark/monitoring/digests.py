"""Digests of 64 bits of what names a row, for whole columns at once. Pure.

Among ten million rows two have the same digest by chance once in 370,000 times. The mixing is that of splitmix64
(Steele, Lea and Flood 2014, OOPSLA). A caller can make two ids that meet, and gets no more than for one id sent twice.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Digests = NDArray[np.uint64]

_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MISSING: Final = 0x5EED
_LONG: Final = 400  # bytes, from where on a text is digested by itself: a column of its words would be as slow as many


def digest_columns(columns: Sequence[pa.Array]) -> Digests:
    """Return one digest for each row of columns of text, numbers, truths or times; what is missing has one too."""
    found = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        found = mixed(found * _STEP ^ _column(column))
    return found


def mixed(values: Digests) -> Digests:
    """Return values of 64 bits with every bit spread over all of them."""
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))


def _column(column: pa.Array) -> Digests:
    if pa.types.is_dictionary(column.type):
        known = np.append(_column(column.dictionary), np.uint64(_MISSING))
        indices: Digests = pc.fill_null(column.indices, len(known) - 1).to_numpy(zero_copy_only=False)
        return known[indices]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_null(column.type):
        return _texts(column.cast(pa.large_string()))
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.int64(), safe=False) if column.type.bit_width == 64 else column.cast(pa.int32())
    if pa.types.is_floating(column.type):
        values = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
        values = np.where(np.isnan(values), np.nan, values + 0.0)  # one way to be missing, and one zero
        return mixed(np.ascontiguousarray(values).view(np.uint64))
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    is_missing = column.is_null().to_numpy(zero_copy_only=False)
    values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    digests = mixed(values.astype(np.uint64 if values.dtype.kind == "u" else np.int64).view(np.uint64))
    digests[is_missing] = _MISSING
    return digests


def _texts(column: pa.Array) -> Digests:
    """Digest texts of one length together: as words of eight bytes, one column of words after the other.

    Long ones are digested one by one (BLAKE2b).
    """
    if not len(column):
        return np.empty(0, dtype=np.uint64)
    is_missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    column = pc.fill_null(column, "")
    buffers = column.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(buffers[2] or b"", dtype=np.uint8)
    lengths = np.diff(offsets)
    found = np.empty(len(column), dtype=np.uint64)
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        if length >= _LONG:
            for row in rows.tolist():
                text = data[offsets[row] : offsets[row + 1]]
                found[row] = int.from_bytes(blake2b(text.tobytes(), digest_size=8).digest(), "little")
            continue
        if len(rows) == len(column):
            letters = data[offsets[0] : offsets[-1]].reshape(len(column), length)
        else:
            letters = data[offsets[rows][:, None] + np.arange(length)]
        padded = np.zeros((len(rows), -(-max(length, 1) // 8) * 8), dtype=np.uint8)
        padded[:, :length] = letters
        digests = np.full(len(rows), np.uint64(length), dtype=np.uint64)
        for word in padded.view(np.uint64).T:
            digests = mixed(digests * _STEP ^ word)
        found[rows] = digests
    if is_missing is not None:
        found[is_missing] = _MISSING
    return found
