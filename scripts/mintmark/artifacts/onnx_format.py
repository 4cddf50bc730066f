"""Check ONNX models, and predict with them. Imports onnx and onnxruntime (the extra `onnx`) where needed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from mintmark.core.finding import Finding
from mintmark.errors import MintmarkError
from mintmark.extras import install_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Every runtime has the operators of these domains. An operator of another domain is a function of the model itself, or
# one that the registry trusts by its full name.
STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
# What exporters call the domain of a model's own functions: one word, or pkg.* (PyTorch). A name such as com.microsoft
# is a vendor's, and a runtime of that vendor may have an operator of its own behind the name of a function.
_OWN_DOMAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z|pkg(\.[A-Za-z0-9_]+)+\Z")
MAX_GRAPH_DEPTH = 20
MAX_CALL_DEPTH = 50
MAX_EXPANDED = 1_000_000  # nodes, once each call of a function is replaced by what it does
_EXTERNAL = 1
_FATAL = 4
_Operator: TypeAlias = tuple[str, str]  # domain and name


def inspect_onnx(data: bytes, *, path: str, trusted: Collection[str] = ()) -> list[Finding]:
    """The faults of an ONNX model: outside data, operators of other vendors, what onnx.checker finds.

    `trusted` holds full names of further operators (`com.microsoft.Gelu`), as in `trusted_operators` of registry.yaml.
    """
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
    findings = [finding(message) for message in dict.fromkeys(_model_faults(model, trusted))]
    if findings:
        return findings
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:200]
        return [finding(f"is not a valid ONNX model ({first}); export it again")]
    return []


def _model_faults(model: Any, trusted: Collection[str]) -> Iterator[str]:
    functions = {(function.domain, function.name): function.node for function in model.functions}
    own = {key for key in functions if _OWN_DOMAIN.match(key[0])}
    allowed = _Allowed(own, frozenset(trusted))
    for domain, name in sorted(functions.keys() - own):
        if f"{domain}.{name}" not in trusted:
            yield f"has a function {_shown(name)} in the domain {_shown(domain)}, which is not its own; {_EXPORT}"
    imports = [*model.opset_import, *(opset for function in model.functions for opset in function.opset_import)]
    for domain in sorted({opset.domain for opset in imports} - allowed.domains):
        yield f"uses the operators of {_shown(domain)}; {_EXPORT}"
    if not model.HasField("graph"):
        yield "has no graph; export it again"
    faults = [*_graph_faults(model.graph, allowed, 0)]
    for function in model.functions:
        faults += [*_nodes_faults(function.node, allowed, 0), *_attribute_faults(function.attribute_proto, allowed, 0)]
    if model.training_info:
        faults.append("holds a training graph; export it for inference")
    yield from faults or _expansion_faults(model.graph, functions)


_EXPORT = "export it with operators of ai.onnx and ai.onnx.ml, or after a review add them to trusted_operators"


def _shown(name: str) -> str:
    return repr(name[:60])


class _Allowed:
    """The operators that a model may use, by domain and name: the standard ones, its own functions, trusted ones."""

    def __init__(self, own: Collection[_Operator], trusted: frozenset[str]) -> None:
        self._own, self._trusted = own, trusted
        self.domains = STANDARD_DOMAINS | {domain for domain, _ in own} | {name.rpartition(".")[0] for name in trusted}

    def __contains__(self, operator: _Operator) -> bool:
        domain, name = operator
        return domain in STANDARD_DOMAINS or operator in self._own or f"{domain}.{name}" in self._trusted


def _graph_faults(graph: Any, allowed: _Allowed, depth: int) -> Iterator[str]:
    if depth > MAX_GRAPH_DEPTH:
        yield f"has graphs nested more than {MAX_GRAPH_DEPTH} deep"
        return
    for tensor in graph.initializer:
        yield from _tensor_faults(tensor)
    for sparse in graph.sparse_initializer:
        yield from _tensor_faults(sparse.values)
        yield from _tensor_faults(sparse.indices)
    yield from _nodes_faults(graph.node, allowed, depth)


def _nodes_faults(nodes: Any, allowed: _Allowed, depth: int) -> Iterator[str]:
    for node in nodes:
        if (node.domain, node.op_type) not in allowed:
            yield f"uses {_shown(node.op_type)} of {_shown(node.domain)}; {_EXPORT}"
        yield from _attribute_faults(node.attribute, allowed, depth)


def _attribute_faults(attributes: Any, allowed: _Allowed, depth: int) -> Iterator[str]:
    for attribute in attributes:
        for tensor in (attribute.t, *attribute.tensors):
            yield from _tensor_faults(tensor)
        for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
            yield from _tensor_faults(sparse.values)
            yield from _tensor_faults(sparse.indices)
        for graph in _graphs_of(attribute):
            yield from _graph_faults(graph, allowed, depth + 1)


def _graphs_of(attribute: Any) -> list[Any]:
    return ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs)


def _expansion_faults(graph: Any, functions: Mapping[_Operator, Any]) -> Iterator[str]:
    """A runtime puts functions in the place of their calls, and a few of them that call each other are billions."""
    try:
        size = _expanded(graph.node, functions, {}, 0)
    except RecursionError:
        yield f"has functions that call each other more than {MAX_CALL_DEPTH} deep; export it without functions"
    else:
        if size > MAX_EXPANDED:
            yield f"stands for more than {MAX_EXPANDED:,} operators; export it without functions"


def _expanded(nodes: Any, functions: Mapping[_Operator, Any], sizes: dict[_Operator, int], depth: int) -> int:
    """Return how many nodes there are with each call replaced; raise `RecursionError` for calls that go too deep."""
    if depth > MAX_CALL_DEPTH:
        raise RecursionError
    total, pending = 0, [nodes]
    while pending:
        for node in pending.pop():
            key = (node.domain, node.op_type)
            if key in functions and key not in sizes:
                sizes[key] = _expanded(functions[key], functions, sizes, depth + 1)
            total += 1 + sizes.get(key, 0)
            pending += [graph.node for attribute in node.attribute for graph in _graphs_of(attribute)]
    return total


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
        options = onnxruntime.SessionOptions()
        # It warns of each answer whose shape an exporter wrote down wrongly, and raises what it would log as an error.
        options.log_severity_level = _FATAL
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise MintmarkError(f"{path}: {_why_not_loaded(str(error))}") from error
        self._inputs = self._session.get_inputs()

    @property
    def gives_probabilities(self) -> bool:
        """Whether there is a second output, which is what `predict_proba` returns."""
        return len(self._session.get_outputs()) > 1

    def predict(self, table: Any) -> NDArray[Any]:
        """The first output: labels or values, (n rows,) or (n rows, n outputs)."""
        return _labels(self._run(table))

    def predict_proba(self, table: Any) -> NDArray[Any]:
        """The second output: (n rows, n classes). Raises MintmarkError where the model has none."""
        return _shares(self._run(table))

    def predict_both(self, table: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """What `predict` and `predict_proba` return, of one run."""
        outputs = self._run(table)
        return _labels(outputs), _shares(outputs)

    def _run(self, table: Any) -> list[Any]:
        import numpy as np

        if len(self._inputs) == 1:
            feed = {
                self._inputs[0].name: _typed(np.asarray(table), self._inputs[0].type, getattr(table, "columns", ()))
            }
        else:
            columns = {str(name): np.asarray(table[name]) for name in getattr(table, "columns", ())}
            missing = [each.name for each in self._inputs if each.name not in columns]
            if missing:
                raise MintmarkError(f"this ONNX model takes columns by name; missing: {', '.join(missing)}")
            feed = {
                each.name: _typed(columns[each.name].reshape(-1, 1), each.type, (each.name,)) for each in self._inputs
            }
        return list(self._session.run(None, feed))


def _why_not_loaded(words: str) -> str:
    locale = re.search(r"Failed to construct locale with name:([\w.@-]{1,40}?):", words)
    if locale:
        message = f"it makes text small by the locale {locale[1]}, which is not installed here; install that, or export"
        return f'{message} the model with "C.UTF-8" (skl2onnx: options={{id(vectorizer): {{"locale": "C.UTF-8"}}}})'
    return f"onnxruntime cannot load it ({words[:200]}); export it again"


def _labels(outputs: list[Any]) -> NDArray[Any]:
    import numpy as np

    result = _wide(np.asarray(outputs[0]))
    return result.reshape(-1) if result.ndim == 2 and result.shape[1] == 1 else result


def _shares(outputs: list[Any]) -> NDArray[Any]:
    import numpy as np

    if len(outputs) < 2:
        raise MintmarkError("this ONNX model gives no probabilities; export it with both outputs")
    if isinstance(outputs[1], list):  # a ZipMap: one dictionary for each row
        return _wide(np.asarray([list(row.values()) for row in outputs[1]]))
    return _wide(np.asarray(outputs[1]))


def _wide(values: NDArray[Any]) -> NDArray[Any]:
    """Return fractions in 64 bits, which is what a signature says of them, whatever the graph computes in."""
    return values.astype("float64", copy=False) if values.dtype.kind == "f" else values


def _typed(array: NDArray[Any], onnx_type: str, columns: Sequence[Any]) -> NDArray[Any]:
    """Return values in the type of an input; raise `MintmarkError` where a cast would make others of them."""
    import numpy as np

    names = {
        "tensor(float)": "float32",
        "tensor(double)": "float64",
        "tensor(int64)": "int64",
        "tensor(bool)": "bool",
    }
    names |= {"tensor(int32)": "int32", "tensor(string)": "object", "tensor(float16)": "float16"}
    wanted = names.get(onnx_type)
    if wanted in ("int64", "int32", "bool"):
        numbers = array.astype(np.float64)
        limit = 1 if wanted == "bool" else np.iinfo(wanted).max
        odd = ~np.isfinite(numbers) | (numbers != np.floor(numbers)) | (np.abs(numbers) > limit)
        _refuse(array, odd, f"values of the type {wanted}", columns)
    elif wanted == "object":
        odd = np.array([not isinstance(value, str) for value in array.ravel()], dtype=bool).reshape(array.shape)
        _refuse(array, odd, "text", columns)
    return array.astype(wanted or array.dtype, copy=False)


def _refuse(array: NDArray[Any], odd: NDArray[Any], wanted: str, columns: Sequence[Any]) -> None:
    """Raise for the first value that a runtime would take for another one, as NaN for a whole number."""
    if not odd.any():
        return
    where = tuple(int(p[0]) for p in odd.nonzero())
    name = f'"{columns[where[-1]]}"' if len(columns) > where[-1] else f"column {where[-1]}"
    raise MintmarkError(f"this ONNX model takes {wanted}, and {name} has {array[where]!s:.60} in row {where[0]:,}")
