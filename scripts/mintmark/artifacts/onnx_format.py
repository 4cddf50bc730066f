"""Check ONNX models, and predict with them. Imports onnx and onnxruntime (the extra `onnx`) where needed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.errors import MintmarkError
from mintmark.extras import install_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
MAX_GRAPH_DEPTH = 20
_EXTERNAL = 1


def inspect_onnx(data: bytes, *, path: str) -> list[Finding]:
    """The faults of an ONNX model: outside data, operators of other vendors, what onnx.checker finds."""
    try:
        import onnx
    except ImportError:
        message = f"cannot be checked without the extra `onnx`: {install_line('onnx')}"
        return [Finding(path=path, message=message, rule="R8")]

    def finding(message: str) -> Finding:
        return Finding(path=path, message=message, rule="R8")

    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        return [finding(f"is not an ONNX model ({str(error)[:100]}); export it again")]
    findings = [finding(message) for message in dict.fromkeys(_model_faults(model))]
    if findings:
        return findings
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:200]
        return [finding(f"is not a valid ONNX model ({first}); export it again")]
    return []


def _model_faults(model: Any) -> Iterator[str]:
    own = {function.domain for function in model.functions}
    for domain in sorted({opset.domain for opset in model.opset_import} - STANDARD_DOMAINS - own):
        yield f"uses the operators of {domain[:60]!r}; export it with those of ai.onnx and ai.onnx.ml alone"
    if not model.HasField("graph"):
        yield "has no graph; export it again"
    allowed = STANDARD_DOMAINS | own
    yield from _graph_faults(model.graph, allowed, 0)
    for function in model.functions:
        yield from _nodes_faults(function.node, allowed, 0)
    if model.training_info:
        yield "holds a training graph; export it for inference"


def _graph_faults(graph: Any, domains: frozenset[str] | set[str], depth: int) -> Iterator[str]:
    if depth > MAX_GRAPH_DEPTH:
        yield f"has graphs nested more than {MAX_GRAPH_DEPTH} deep"
        return
    for tensor in graph.initializer:
        yield from _tensor_faults(tensor)
    for sparse in graph.sparse_initializer:
        yield from _tensor_faults(sparse.values)
        yield from _tensor_faults(sparse.indices)
    yield from _nodes_faults(graph.node, domains, depth)


def _nodes_faults(nodes: Any, domains: frozenset[str] | set[str], depth: int) -> Iterator[str]:
    for node in nodes:
        if node.domain not in domains:
            yield f"uses {node.op_type[:60]!r} of {node.domain[:60]!r}; export it with operators of ai.onnx"
        for attribute in node.attribute:
            for tensor in (attribute.t, *attribute.tensors):
                yield from _tensor_faults(tensor)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from _tensor_faults(sparse.values)
                yield from _tensor_faults(sparse.indices)
            for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield from _graph_faults(graph, domains, depth + 1)


def _tensor_faults(tensor: Any) -> Iterator[str]:
    name = tensor.name[:60]
    if tensor.data_location == _EXTERNAL or len(tensor.external_data):
        where = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        yield f"keeps {name!r} outside the file, in {where[:100]!r}; export it with all data inside"
    if any(size < 0 for size in tensor.dims):
        yield f"holds {name!r} with a negative size; export it again"
    elif tensor.HasField("raw_data"):
        bits = _item_bits(tensor.data_type)
        expected = (math.prod(tensor.dims) * bits + 7) // 8
        if bits and expected != len(tensor.raw_data):
            yield f"holds {name!r} with {len(tensor.raw_data):,} of {expected:,} bytes; export it again"


def _item_bits(data_type: int) -> int:
    """How many bits one item takes (onnx.proto, TensorProto.DataType); 0 where it is not known here."""
    sizes = {
        1: 32,
        2: 8,
        3: 8,
        4: 16,
        5: 16,
        6: 32,
        7: 64,
        9: 8,
        10: 16,
        11: 64,
        12: 32,
        13: 64,
        14: 64,
        15: 128,
        16: 16,
    }
    return sizes.get(data_type, 0)


class OnnxModel:
    """An ONNX model with the face of an estimator: `predict`, and `predict_proba` where it has them.

    A model with one input takes a table (n rows, n columns) whole; one with several takes a column for each.
    """

    def __init__(self, data: bytes, *, path: str) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MintmarkError(f"{path}: an ONNX model needs the extra `onnx`: {install_line('onnx')}") from error
        try:
            self._session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise MintmarkError(f"{path}: onnxruntime cannot load it ({str(error)[:200]}); export it again") from error
        self._inputs = self._session.get_inputs()

    def predict(self, table: Any) -> NDArray[Any]:
        """The first output: labels or values, (n rows,) or (n rows, n outputs)."""
        import numpy as np

        result = np.asarray(self._run(table)[0])
        return result.reshape(-1) if result.ndim == 2 and result.shape[1] == 1 else result

    def predict_proba(self, table: Any) -> NDArray[Any]:
        """The second output: (n rows, n classes). Raises MintmarkError where the model has none."""
        import numpy as np

        outputs = self._run(table)
        if len(outputs) < 2:
            raise MintmarkError("this ONNX model gives no probabilities; export it with both outputs")
        if isinstance(outputs[1], list):  # a ZipMap: one dictionary for each row
            return np.asarray([list(row.values()) for row in outputs[1]])
        return np.asarray(outputs[1])

    def _run(self, table: Any) -> list[Any]:
        import numpy as np

        if len(self._inputs) == 1:
            feed = {self._inputs[0].name: _typed(np.asarray(table), self._inputs[0].type)}
        else:
            columns = {str(name): np.asarray(table[name]) for name in getattr(table, "columns", ())}
            missing = [each.name for each in self._inputs if each.name not in columns]
            if missing:
                raise MintmarkError(f"this ONNX model takes columns by name; missing: {', '.join(missing)}")
            feed = {each.name: _typed(columns[each.name].reshape(-1, 1), each.type) for each in self._inputs}
        return list(self._session.run(None, feed))


def _typed(array: NDArray[Any], onnx_type: str) -> NDArray[Any]:
    names = {
        "tensor(float)": "float32",
        "tensor(double)": "float64",
        "tensor(int64)": "int64",
        "tensor(bool)": "bool",
    }
    names |= {"tensor(int32)": "int32", "tensor(string)": "object", "tensor(float16)": "float16"}
    return array.astype(names.get(onnx_type, array.dtype), copy=False)
