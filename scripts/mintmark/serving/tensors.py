"""Tensors of the Open Inference Protocol (v2) to rows that fit a signature, and answers to tensors.

The same tensor means the same in JSON, in the binary data extension and in gRPC: whoever reads it from there makes a
`Tensor` of it here. See https://github.com/kserve/open-inference-protocol.
"""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.signature.column_types import kind_of
from mintmark.core.signature.inputs import InputFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mintmark.core.records import Signature
    from mintmark.serving.rows import Binding, BoundRows

BYTES: Final = "BYTES"
DTYPES: Final[Mapping[str, Any]] = {
    "BOOL": np.bool_,
    **{f"{sign.upper()}{bits}": np.dtype(f"{sign}{bits}") for sign in ("int", "uint") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    BYTES: object,
}
_RAW: Final = {name: np.dtype(dtype).newbyteorder("<") for name, dtype in DTYPES.items() if name != BYTES}
_EXACT: Final = 2**53
_FLOATS: Final = frozenset({int, float})
_KEYS: Final = frozenset({"name", "shape", "datatype", "data", "parameters"})
_LENGTH: Final = struct.Struct("<I")


@dataclass(slots=True)  # a frozen one takes twice as long to make
class Tensor:
    """Values in row-major order: an array of one dimension, or a list where some are missing (None)."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: NDArray[Any] | list[Any]

    def __post_init__(self) -> None:
        size = math.prod(self.shape)
        if len(self.values) != size:
            raise tensor_fault(
                self.name, f"has {len(self.values):,} values, and its shape {list(self.shape)} has {size:,}"
            )


def tensor_fault(name: str, words: str) -> InputFault:
    """Return the fault of a tensor, which names it."""
    return InputFault([f"{json.dumps(name, ensure_ascii=False)[:100]} {words}"], [name])


# -- to rows ---------------------------------------------------------------------------------------------------------


def bind(tensors: Sequence[Tensor], binding: Binding) -> BoundRows:
    """Return the rows that tensors hold: a tensor for each column, (n,) or (n, 1), or one matrix (n, columns).

    Tensors of further names are left out. Raises `InputFault`.
    """
    if not tensors:
        raise InputFault(["there are no inputs; give a tensor for each column, or one matrix"])
    if len({tensor.name for tensor in tensors}) < len(tensors):
        counts = Counter([tensor.name for tensor in tensors])
        raise tensor_fault(counts.most_common(1)[0][0], "is there twice; keep one")
    if len(tensors) == 1 and _is_matrix(tensors[0], binding):
        return _bind_matrix(tensors[0], binding)
    sizes = {}
    for tensor in tensors:
        if len(tensor.shape) != 1 and tensor.shape[1:] != (1,):
            wanted = f"a column has [n] or [n, 1], and a matrix [n, {len(binding.inputs)}]"
            raise tensor_fault(tensor.name, f"has the shape {list(tensor.shape)}; {wanted}")
        sizes[tensor.name] = tensor.shape[0]
    if len(set(sizes.values())) > 1:
        few, many = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
        raise tensor_fault(few, f"has {sizes[few]:,} rows, and {json.dumps(many)[:100]} has {sizes[many]:,}")
    return binding.from_columns({tensor.name: _checked(tensor, binding.inputs.get(tensor.name)) for tensor in tensors})


def _is_matrix(tensor: Tensor, binding: Binding) -> bool:
    width = len(binding.inputs)
    return len(tensor.shape) == 2 and tensor.shape[1] == width and (width > 1 or tensor.name not in binding.inputs)


def _bind_matrix(tensor: Tensor, binding: Binding) -> BoundRows:
    columns = len(binding.inputs)
    values = tensor.values
    lists: Mapping[str, NDArray[Any] | list[Any]]
    if isinstance(values, np.ndarray):
        matrix = values.reshape(tensor.shape)
        bound = binding.from_matrix(matrix)
        if bound is not None:
            return bound
        lists = {name: matrix[:, place] for place, name in enumerate(binding.inputs)}
    else:
        lists = {name: values[place::columns] for place, name in enumerate(binding.inputs)}
    whole = {
        name: _checked(Tensor(name, tensor.datatype, (tensor.shape[0],), each), binding.inputs[name])
        for name, each in lists.items()
    }
    return binding.from_columns(whole)


def _checked(tensor: Tensor, wanted: str | None) -> NDArray[Any] | list[Any]:
    """Return the values of a column, which must be of a datatype that its type takes and hold no infinite number."""
    if wanted is None:
        return tensor.values
    kind, is_text = kind_of(wanted), tensor.datatype == BYTES
    if (kind in ("text", "times")) != is_text and kind != "anything":
        raise tensor_fault(tensor.name, f"is {tensor.datatype}, and the model wants {_datatype(wanted)}")
    if isinstance(tensor.values, np.ndarray) and tensor.values.dtype.kind == "f":
        infinite = np.isinf(tensor.values)
        if infinite.any():
            raise tensor_fault(tensor.name, f"is infinite in row {int(infinite.argmax()):,}")
    return tensor.values


# -- from JSON -------------------------------------------------------------------------------------------------------


def from_json(entry: Any, binary: memoryview | None) -> tuple[Tensor, int]:
    """Return a tensor of the `inputs` of a request, and how many bytes of the binary data it took.

    Raises `InputFault` for a shape that disagrees with the data and for values that are not of the datatype.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise InputFault(["each of inputs is an object with name, shape, datatype and data"])
    name = entry["name"]
    if not entry.keys() <= _KEYS:
        raise tensor_fault(name, f"has {json.dumps(min(entry.keys() - _KEYS))[:100]}, which no tensor has")
    datatype, shape = entry.get("datatype"), entry.get("shape")
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise tensor_fault(name, f"has the datatype {json.dumps(datatype)[:100]}; the protocol has {', '.join(DTYPES)}")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size >= 0 for size in shape):
        raise tensor_fault(name, "has no shape; it is a list such as [2, 30]")
    parameters = entry.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None:
        if "data" in entry:
            raise tensor_fault(name, "has data, and binary_data_size too; give one")
        if type(size) is not int or binary is None or not 0 <= size <= len(binary):
            raise tensor_fault(name, f"names {json.dumps(size)[:40]} bytes of binary data, which are not there")
        return Tensor(name, datatype, tuple(shape), from_bytes(name, datatype, binary[:size])), size
    if not isinstance(entry.get("data"), list):
        raise tensor_fault(name, "has no list of data")
    flat = entry["data"]
    types = set(map(type, flat))
    if list in types:
        flat = _flatten(name, flat, shape)
        types = set(map(type, flat))
    return Tensor(name, datatype, tuple(shape), _typed(name, datatype, flat, types)), 0


def _flatten(name: str, data: list[Any], shape: Sequence[int]) -> list[Any]:
    """Return data that is nested as its shape says in row-major order."""
    if not data or not isinstance(data[0], list):
        if list in map(type, data):
            raise tensor_fault(name, "has values beside lists of values")
        return data
    if len(data) != shape[0]:
        raise tensor_fault(name, f"has {len(data):,} rows of data, and its shape {list(shape)} has {shape[0]:,}")
    flat: list[Any] = []
    for row in data:
        if not isinstance(row, list):
            raise tensor_fault(name, "has values beside lists of values")
        inner = _flatten(name, row, shape[1:]) if len(shape) > 1 else row
        if len(shape) < 2 or len(inner) != math.prod(shape[1:]):
            raise tensor_fault(name, f"is nested otherwise than its shape {list(shape)} says")
        flat += inner
    return flat


def _typed(name: str, datatype: str, values: list[Any], types: set[type]) -> NDArray[Any] | list[Any]:
    """Return values of JSON, which are of `types`, as the datatype has them; None is a missing value."""
    if datatype == "FP64" and types <= _FLOATS:  # JSON holds no infinite number
        return np.array(values, dtype=np.float64)
    fits = {"B": _is_boolean, "I": _is_whole, "U": _is_whole, "F": _is_number}[datatype[0]]
    if datatype == BYTES:
        fits = _is_text
    place = next((place for place, value in enumerate(values) if value is not None and not fits(value)), None)
    if place is not None:
        raise tensor_fault(name, f"is {datatype}, and value {place:,} is {json.dumps(values[place])[:60]}")
    if datatype == BYTES:
        return values
    dtype = np.dtype(DTYPES[datatype])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = [value if value is None else int(value) for value in values]
        place = next((p for p, v in enumerate(values) if v is not None and not limits.min <= v <= limits.max), None)
        if place is not None:
            raise tensor_fault(
                name, f"is {datatype} ({limits.min:,} to {limits.max:,}), and value {place:,} is {values[place]:,}"
            )
    if None in values:
        if dtype.kind != "f":
            return values
        values = [math.nan if value is None else value for value in values]
    with np.errstate(over="ignore"):
        array = np.array(values, dtype=dtype)
    if dtype.kind == "f" and np.isinf(array).any():
        place = int(np.isinf(array).argmax())
        raise tensor_fault(name, f"is {datatype}, which cannot hold value {place:,}, {values[place]:g}")
    return array


def _is_boolean(value: Any) -> bool:
    return type(value) is bool


def _is_whole(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer() and abs(value) <= _EXACT)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_text(value: Any) -> bool:
    return type(value) is str


# -- from and to bytes -----------------------------------------------------------------------------------------------


def from_bytes(name: str, datatype: str, data: bytes | memoryview) -> NDArray[Any] | list[Any]:
    """Return the values in raw bytes, little-endian; each of BYTES has its length before it. Raises `InputFault`."""
    if datatype == BYTES:
        return [decode_text(name, element) for element in _elements(name, data)]
    dtype = _RAW[datatype]
    if len(data) % dtype.itemsize:
        raise tensor_fault(name, f"has {len(data):,} bytes, and a value of {datatype} takes {dtype.itemsize}")
    array = np.frombuffer(data, dtype=dtype)
    if datatype == "BOOL" and len(data) and np.frombuffer(data, dtype=np.uint8).max() > 1:
        raise tensor_fault(name, "is BOOL, and has a byte that is neither 0 nor 1")
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def _elements(name: str, data: bytes | memoryview) -> list[bytes]:
    found: list[bytes] = []
    place = 0
    while place < len(data):
        if place + _LENGTH.size > len(data):
            raise tensor_fault(name, f"ends within the length of value {len(found):,}")
        (size,) = _LENGTH.unpack_from(data, place)
        place += _LENGTH.size
        if place + size > len(data):
            raise tensor_fault(name, f"ends within value {len(found):,}, which says it has {size:,} bytes")
        found.append(bytes(data[place : place + size]))
        place += size
    return found


def decode_text(name: str, element: bytes) -> str:
    """Return one element of BYTES as text; raise `InputFault` where it is no UTF-8."""
    try:
        return element.decode("utf-8")
    except UnicodeDecodeError:
        raise tensor_fault(name, f"has bytes that are no UTF-8: {element[:20]!r}") from None


def to_bytes(tensor: Tensor) -> bytes:
    """Return the values as raw bytes, as `from_bytes` reads them."""
    if tensor.datatype == BYTES:
        elements = [str(value).encode("utf-8", "surrogatepass") for value in tensor.values]
        return b"".join(_LENGTH.pack(len(element)) + element for element in elements)
    return np.asarray(tensor.values, dtype=_RAW[tensor.datatype]).tobytes()


# -- from answers ----------------------------------------------------------------------------------------------------


def describe_inputs(signature: Signature) -> list[dict[str, Any]]:
    """Return the `inputs` of a model's metadata: a tensor for each column."""
    return [{"name": name, "datatype": _datatype(wanted), "shape": [-1]} for name, wanted in signature.inputs.items()]


def describe_outputs(signature: Signature) -> list[dict[str, Any]]:
    """Return the `outputs` of a model's metadata; the order of probabilities is that of `classes`."""
    described: list[dict[str, Any]] = []
    for name, output in signature.outputs.items():
        shape = [-1 if size is None else size for size in output.shape]
        entry: dict[str, Any] = {"name": name, "datatype": _datatype(output.type), "shape": shape}
        if name == "probabilities":
            entry["parameters"] = {"classes": json.dumps(list(signature.classes), ensure_ascii=False)}
        described.append(entry)
    return described


class Outputs:
    """What a model said in one call as the protocol has it: made once for all requests of a batch, when it is asked."""

    def __init__(self, predictions: NDArray[Any], probabilities: NDArray[Any] | None, signature: Signature) -> None:
        self._given = {"prediction": predictions}
        if probabilities is not None:
            self._given["probabilities"] = probabilities
        self._signature = signature
        self._tensors: dict[str, Tensor] = {}
        self._lists: dict[str, list[Any]] = {}

    def tensor(self, name: str, start: int, rows: int) -> Tensor:
        """Return some rows of an output, of the datatype that the metadata says."""
        whole = self._whole(name)
        inner = whole.shape[1:]
        width = math.prod(inner)
        return Tensor(name, whole.datatype, (rows, *inner), whole.values[start * width : (start + rows) * width])

    def listed(self, name: str, start: int, rows: int) -> tuple[str, list[int], list[Any]]:
        """Return the same as its datatype, its shape and a list of its values, as JSON has them."""
        whole, values = self._whole(name), self._lists.get(name)
        if values is None:
            values = whole.values if isinstance(whole.values, list) else whole.values.tolist()
            self._lists[name] = values
        inner = whole.shape[1:]
        width = math.prod(inner)
        return whole.datatype, [rows, *inner], values[start * width : (start + rows) * width]

    def _whole(self, name: str) -> Tensor:
        found = self._tensors.get(name)
        if found is None:
            found = self._tensors[name] = _output(name, self._given[name], self._signature)
        return found


def _output(name: str, values: NDArray[Any], signature: Signature) -> Tensor:
    described = signature.outputs.get(name)
    datatype = _datatype(described.type if described is not None else str(values.dtype))
    flat = values.reshape(-1)
    if datatype == BYTES:
        return Tensor(name, datatype, tuple(values.shape), [str(value) for value in flat.tolist()])
    return Tensor(name, datatype, tuple(values.shape), flat.astype(DTYPES[datatype], copy=False))


@cache
def _datatype(wanted: str) -> str:
    """Return the datatype of the protocol that holds every value of a type in a signature."""
    low = wanted.lower()
    if kind_of(wanted) == "booleans":
        return "BOOL"
    if kind_of(wanted) != "numbers":
        return BYTES
    if low.startswith("float"):
        return f"FP{low.removeprefix('float') or '64'}"
    bits = low.lstrip("uint") or "64"
    return f"{'U' if low.startswith('u') else ''}INT{bits if bits.isdigit() else '64'}" if "int" in low else "FP64"
