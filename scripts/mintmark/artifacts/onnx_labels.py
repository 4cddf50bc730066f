"""Read from an ONNX graph which labels a classifier gives. Runs nothing; imports onnx (the extra `onnx`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED: Final = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")
_PICK: Final = "ArrayFeatureExtractor"
_KEEP_VALUES: Final = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze"})


def onnx_classes(data: bytes) -> list[Any]:
    """Return the labels in the order of the probabilities, a ZipMap's sorted; none where the graph does not tell.

    The first output is followed back to the operator that has labels, or that picks them from a list. What is inside
    an ensemble has labels of its own, such as 0 and 1, and is not asked.
    """
    import onnx

    graph = onnx.load_model_from_string(data).graph
    named = [(node.op_type, labels) for node in graph.node if (labels := _named(node))]
    keys = next((labels for operator, labels in reversed(named) if operator == "ZipMap"), None)
    if keys is not None:
        return sorted(keys)
    alike = [labels for _, labels in named[:1] if all(other == labels for _, other in named)]
    return _followed(graph) or next(iter(alike), [])


def _followed(graph: Any) -> list[Any]:
    """Return the labels that the first output leads to, none where it leads to something else."""
    makers = {output: node for node in graph.node for output in node.output}
    name = graph.output[0].name if graph.output else ""
    for _ in range(len(graph.node)):
        node = makers.get(name)
        if node is None:
            break
        labels = _named(node) or _picked(node, graph, makers)
        if labels or node.op_type not in _KEEP_VALUES:
            return _as_given(labels, graph.output[0])
        name = node.input[0]
    return []


def _named(node: Any) -> list[Any]:
    attributes = {attribute.name: attribute for attribute in node.attribute}
    found = next((attributes[name] for name in _NAMED if name in attributes), None)
    return [] if found is None else [text.decode() for text in found.strings] or list(found.ints)


def _picked(node: Any, graph: Any, makers: Mapping[str, Any]) -> list[Any]:
    """Return the list from which an operator picks a label for each row."""
    from onnx import numpy_helper

    if node.op_type != _PICK:
        return []
    tensor = next((each for each in graph.initializer if each.name == node.input[0]), None)
    maker = makers.get(node.input[0])
    if tensor is None and maker is not None and maker.op_type == "Constant":
        tensor = next((attribute.t for attribute in maker.attribute if attribute.name == "value"), None)
    if tensor is None:
        return []
    values = numpy_helper.to_array(tensor).ravel().tolist()
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def _as_given(labels: list[Any], output: Any) -> list[Any]:
    """Return labels in the type of the output: a graph may pick whole numbers from a list of fractions."""
    from onnx import TensorProto

    whole = output.type.tensor_type.elem_type in (TensorProto.INT64, TensorProto.INT32)
    return [int(label) if isinstance(label, float) and whole else label for label in labels]
