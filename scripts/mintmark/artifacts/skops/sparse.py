"""Read scipy's `.npz` of a sparse matrix without trusting it. numpy is imported where it is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.npy import InvalidArrayError, read_npy
from mintmark.artifacts.zip_members import InvalidZipError, read_members

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAMES = re.compile(r"(_is_array|data|format|indices|indptr|shape)\.npy")
_REQUIRED = ("data", "format", "indices", "indptr", "shape")


@dataclass(frozen=True, kw_only=True, slots=True)
class Compressed:
    """The parts of a csr or csc matrix; every index is within `shape`."""

    layout: str
    shape: tuple[int, int]
    data: NDArray[Any]
    indices: NDArray[Any]
    indptr: NDArray[Any]


def read_npz(data: bytes) -> Compressed:
    """A csr or csc matrix. Raises InvalidArrayError; scipy checks neither pointers nor indices."""
    try:
        members = read_members(data, names=_NAMES)
    except InvalidZipError as error:
        where, message = error.faults[0]
        raise InvalidArrayError(f"in the sparse matrix {where} {message}") from error
    arrays = {name.removesuffix(".npy"): read_npy(content) for name, content in members.items()}
    for name in _REQUIRED:
        if name not in arrays:
            raise InvalidArrayError(f"the sparse matrix has no {name}")
    matrix = Compressed(
        layout=_layout(arrays["format"]),
        shape=_shape(arrays["shape"]),
        data=arrays["data"],
        indices=arrays["indices"],
        indptr=arrays["indptr"],
    )
    _check_indices(matrix)
    return matrix


def _layout(array: NDArray[Any]) -> str:
    value = array.item() if array.shape == () and array.dtype.kind in "SU" else None
    layout = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    if layout not in ("csr", "csc"):
        raise InvalidArrayError(f"the sparse matrix is in the format {layout[:20]!r}; convert it to csr")
    return layout


def _shape(array: NDArray[Any]) -> tuple[int, int]:
    if array.shape != (2,) or array.dtype.kind not in "iu" or int(array.min()) < 0:
        raise InvalidArrayError("the sparse matrix has no shape")
    return int(array[0]), int(array[1])


def _check_indices(matrix: Compressed) -> None:
    import numpy as np

    major, minor = matrix.shape if matrix.layout == "csr" else matrix.shape[::-1]
    indptr, indices = matrix.indptr, matrix.indices
    flat = all(part.ndim == 1 for part in (indptr, indices, matrix.data))
    whole = indptr.dtype.kind == indices.dtype.kind == "i"
    if not flat or not whole or matrix.data.dtype.kind not in "biufc":
        raise InvalidArrayError("the sparse matrix is not made of flat arrays of numbers")
    if len(indptr) != major + 1 or len(indices) != len(matrix.data):
        raise InvalidArrayError("the parts of the sparse matrix differ in length")
    if indptr[0] != 0 or indptr[-1] != len(indices) or bool(np.any(np.diff(indptr) < 0)):
        raise InvalidArrayError("the row pointers of the sparse matrix are out of order or out of range")
    if len(indices) and not (int(indices.min()) >= 0 and int(indices.max()) < minor):
        raise InvalidArrayError("an index of the sparse matrix is out of range")
