"""The contents of tensors in gRPC's messages: typed and raw ones mean the same. Knows no server and no model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.signature.inputs import InputFault
from mintmark.serving.tensors import BYTES, DTYPES, Tensor, decode_text, from_bytes, tensor_fault, to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

_FIELDS: Final[Mapping[str, str]] = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}


def read_tensors(request: Any) -> list[Tensor]:
    """Return the inputs of a ModelInferRequest; raise `InputFault`."""
    raw = request.raw_input_contents
    if not raw:
        return [_read_typed(given) for given in request.inputs]
    if len(raw) != len(request.inputs):
        raise InputFault(
            [f"raw_input_contents has {len(raw):,} elements, and there are {len(request.inputs):,} inputs"]
        )
    return [_read_raw(given, data) for given, data in zip(request.inputs, raw, strict=True)]


def _read_raw(given: Any, data: bytes) -> Tensor:
    shape = _check(given)
    if given.HasField("contents") and given.contents.ByteSize():
        raise tensor_fault(given.name, "has contents, and there are raw_input_contents too; give one")
    return Tensor(given.name, given.datatype, shape, from_bytes(given.name, given.datatype, data))


def _read_typed(given: Any) -> Tensor:
    shape = _check(given)
    field = _FIELDS.get(given.datatype)
    if field is None:
        raise tensor_fault(given.name, f"is {given.datatype}, which has no typed contents; give raw_input_contents")
    odd = [described.name for described, _ in given.contents.ListFields() if described.name != field]
    if odd:
        raise tensor_fault(given.name, f"is {given.datatype}, whose contents are in {field}, and it has {odd[0]}")
    return Tensor(given.name, given.datatype, shape, _values(given, getattr(given.contents, field)))


def _check(given: Any) -> tuple[int, ...]:
    """Return the shape of an input whose datatype there is."""
    shape = tuple(given.shape)
    if given.datatype not in DTYPES:
        raise tensor_fault(
            given.name, f"has the datatype {json.dumps(given.datatype)[:100]}; the protocol has {', '.join(DTYPES)}"
        )
    if not shape or min(shape) < 0:
        raise tensor_fault(given.name, "has no shape; it is a list such as [2, 30]")
    return shape


def _values(given: Any, values: Any) -> NDArray[Any] | list[Any]:
    if given.datatype == BYTES:
        return [decode_text(given.name, element) for element in values]
    dtype = np.dtype(DTYPES[given.datatype])
    if dtype.kind not in "iu" or dtype.itemsize >= 4:
        return np.fromiter(values, dtype, len(values))
    wide = np.array(values, dtype=np.int64)
    limits = np.iinfo(dtype)
    outside = (wide < limits.min) | (wide > limits.max)
    if outside.any():
        place = int(outside.argmax())
        range_ = f"{given.datatype} ({limits.min:,} to {limits.max:,})"
        raise tensor_fault(given.name, f"is {range_}, and value {place:,} is {wide[place]:,}")
    return wide.astype(dtype)


def write_tensors(tensors: Iterable[Tensor], *, raw: bool) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the `outputs` of a ModelInferResponse and its `raw_output_contents`.

    All are raw where one of them has a datatype without typed contents, as the protocol wants it.
    """
    given = list(tensors)
    raw = raw or any(tensor.datatype not in _FIELDS for tensor in given)
    outputs: list[dict[str, Any]] = []
    for tensor in given:
        output: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
        if not raw:
            output["contents"] = {_FIELDS[tensor.datatype]: _written(tensor)}
        outputs.append(output)
    return outputs, [to_bytes(tensor) for tensor in given] if raw else []


def _written(tensor: Tensor) -> list[Any]:
    if tensor.datatype == BYTES:
        return [str(value).encode("utf-8", "surrogatepass") for value in tensor.values]
    values: list[Any] = tensor.values.tolist() if isinstance(tensor.values, np.ndarray) else tensor.values
    return values
