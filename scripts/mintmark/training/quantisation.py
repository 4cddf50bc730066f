"""Write a network as ONNX with weights of 8 bits that answers a row alike, whatever rows come with it. Keeps no files.

onnxruntime quantises the weights, and the values between layers as they come: dynamically. It takes one scale for all
rows that are asked about together, so that a row would get another answer beside other rows. Here each row has a scale
of its own, as each token has in ZeroQuant (Yao, Yazdani Aminabadi, Zhang, Wu, Li and He 2022).
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.question import RecipeFault
from mintmark.errors import MintmarkError
from mintmark.extras import install_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

_METHOD: Final = ("compress", "method")
_PRODUCTS: Final = frozenset({"MatMul", "Gemm"})
_BY_TABLE: Final = "DynamicQuantizeLinear"
_NEVER_NEGATIVE: Final = frozenset({"Relu", "Sigmoid", "Softmax"})  # the sign takes no bit of what these give
_LEAST: Final = 1e-30


def quantised(model: Any, inputs: pd.DataFrame) -> bytes:
    """Return the model as ONNX with weights of 8 bits; raise `RecipeFault` where nothing in it can be quantised."""
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError:
        raise MintmarkError(f"compress: int8 needs the extra `convert`: {install_line('convert')}") from None
    from mintmark.artifacts.confined.onnx_export import export_onnx

    try:
        content = export_onnx(model, inputs)
    except MintmarkError as error:
        raise RecipeFault(_METHOD, f"{error}; prune or distil it") from None
    if not _PRODUCTS & {node.op_type for node in onnx.load_model_from_string(content).graph.node}:
        raise RecipeFault(
            _METHOD,
            "nothing in this model is a product of matrices, which is all that int8 shrinks; prune or distil it",
        )
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        whole.write_bytes(content)
        logging.disable(logging.WARNING)  # it recommends a preparation for pictures on every run
        try:
            quantize_dynamic(
                whole,
                small,
                per_channel=True,
                reduce_range=True,  # 7 bits: with 8, products overflow on processors without VNNI
                weight_type=QuantType.QInt8,
                extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # of what operators of ai.onnx.ml give
            )
        finally:
            logging.disable(logging.NOTSET)
        made = onnx.load_model_from_string(small.read_bytes())
    scale_by_row(made.graph)
    onnx.checker.check_model(made)
    smaller: bytes = made.SerializeToString(deterministic=True)
    return smaller


def scale_by_row(graph: Any) -> None:
    """Put operators in the place of each that quantises a table by one scale, which give each row its own."""
    from onnx import numpy_helper

    kinds = {output: node.op_type for node in graph.node for output in node.output}
    by_row = {node.output[1] for node in graph.node if node.op_type == _BY_TABLE}
    if not by_row:
        return
    products = {
        node.output[0]: sorted(node.input, key=lambda name: name not in by_row)
        for node in graph.node
        if by_row & set(node.input)
    }
    nodes: list[Any] = []
    for node in graph.node:
        if node.op_type == _BY_TABLE:
            nodes += _by_row(node, signed=kinds.get(node.input[0]) not in _NEVER_NEGATIVE)
        elif node.output[0] not in products:
            nodes += _times(node, products)
    del graph.node[:]
    graph.node.extend(nodes)
    constants = {"mm_127": 127.0, "mm_255": 255.0, "mm_one": 1.0, "mm_least": _LEAST}
    arrays = {name: np.array(value, np.float32) for name, value in constants.items()} | {"mm_last": np.array([-1])}
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())


def _times(node: Any, products: Mapping[str, Sequence[str]]) -> Iterator[Any]:
    """Yield a node; one that multiplies by the product of two scales, that of the row and that of the column, as two.

    onnxruntime takes such a product for one number, and fuses it into an operator that is wrong here.
    """
    from onnx import helper

    scales = next((products[name] for name in node.input if name in products), None)
    if scales is None:
        yield node
        return
    row, column = scales
    taken = next(name for name in node.input if name not in products)
    half = f"{node.output[0]}_by_column"
    yield helper.make_node("Mul", [taken, column], [half])
    yield helper.make_node("Mul", [half, row], list(node.output))


def _by_row(before: Any, *, signed: bool) -> Iterator[Any]:
    """Yield operators with the outputs of DynamicQuantizeLinear: integers, a scale for each row, and the zero point."""
    from onnx import TensorProto, helper

    (taken,), (integers, scale, zero) = before.input, before.output
    kind = TensorProto.INT8 if signed else TensorProto.UINT8

    def named(part: str) -> str:
        return f"{integers}_{part}"

    def reduced(how: str, of: str, to: str) -> Any:
        return helper.make_node(how, [named(of), "mm_last"], [named(to)], keepdims=1)

    yield helper.make_node("Abs", [taken], [named("size")])
    yield reduced("ReduceMax", "size", "most")
    yield helper.make_node("Div", [named("most"), "mm_127" if signed else "mm_255"], [named("step")])
    # Next to nothing, for a row of zeros; and NaN where the row has one, which the maximum leaves out.
    yield helper.make_node("Add", [named("size"), "mm_one"], [named("more")])
    yield helper.make_node("Mul", [named("more"), "mm_least"], [named("traces")])
    yield reduced("ReduceSum", "traces", "trace")
    yield helper.make_node("Add", [named("step"), named("trace")], [scale])
    yield helper.make_node("Div", [taken, scale], [named("share")])
    yield helper.make_node("Round", [named("share")], [named("whole")])
    yield helper.make_node("Cast", [named("whole")], [integers], to=kind)
    yield helper.make_node("Constant", [], [zero], value=helper.make_tensor(named("none"), kind, [], [0]))
