"""Models that were trained elsewhere, as files: small ones of each format, with rows that they were not trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from tests.scaffold.pipeline import requirements
from tests.scaffold.registry import Scratch, begin

INPUTS = ["width", "height"]
CLASSES = ["elm", "oak"]


def rows(seed: int, number: int = 120) -> pd.DataFrame:
    """Trees, of which the wide ones are mostly oaks."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"width": random.normal(size=number), "height": random.normal(size=number)}).round(4)
    score = 2 * table["width"] - table["height"] + random.normal(size=number)
    table["kind"] = np.where(score > 0, "oak", "elm")
    return table


def logistic_graph(
    coefficients: tuple[float, ...] = (2.0, -1.0), *, labels: str = "strings", shares: str = "probabilities"
) -> bytes:
    """An ONNX graph of the form that exporters write: labels first, probabilities second, rows free in number.

    `labels` is what the classes are called in it: `strings`, or `codes` as an exported network has them. `shares` names
    the probabilities; those of a `zipmap` are a dictionary for each row.
    """
    from onnx import TensorProto, helper, numpy_helper

    weights = np.array([[-c for c in coefficients], list(coefficients)], dtype=np.float32).T / 2
    inputs = helper.make_tensor_value_info("inputs", TensorProto.FLOAT, [None, len(coefficients)])
    label = helper.make_tensor_value_info(
        "label", TensorProto.STRING if labels == "strings" else TensorProto.INT64, [None]
    )
    output = helper.make_tensor_value_info(shares, TensorProto.FLOAT, [None, 2])
    table = "table" if shares == "zipmap" else shares
    nodes = [
        helper.make_node("MatMul", ["inputs", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [table], axis=1),
        helper.make_node("ArgMax", [table], ["code" if labels == "strings" else "label"], axis=1, keepdims=0),
    ]
    if labels == "strings":
        names = {"keys_int64s": [0, 1], "values_strings": CLASSES}
        nodes.append(helper.make_node("LabelEncoder", ["code"], ["label"], domain="ai.onnx.ml", **names))
    if shares == "zipmap":
        codes = {"classlabels_int64s": [0, 1]}
        nodes.append(helper.make_node("ZipMap", [table], [shares], domain="ai.onnx.ml", **codes))
        row = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        output = helper.make_value_info(shares, helper.make_sequence_type_proto(row))
    arrays = [numpy_helper.from_array(weights, "weights")]
    graph = helper.make_graph(nodes, "logistic", [inputs], [label, output], arrays)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    return content


def endless_graph() -> bytes:
    """A graph with a loop that never ends."""
    from onnx import TensorProto, helper, load_model_from_string, numpy_helper

    model, value = load_model_from_string(logistic_graph()), helper.make_tensor_value_info
    goes_on = helper.make_node("Identity", ["go"], ["on"])
    keeps = helper.make_node("Identity", ["kept"], ["kept_again"])
    taken = [value("turn", TensorProto.INT64, []), value("go", TensorProto.BOOL, [])]
    body = helper.make_graph(
        [goes_on, keeps], "body", [*taken, value("kept", TensorProto.FLOAT, [None, 2])],
        [value("on", TensorProto.BOOL, []), value("kept_again", TensorProto.FLOAT, [None, 2])],
    )  # fmt: skip
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "always"))
    model.graph.node.append(helper.make_node("Loop", ["", "always", "probabilities"], ["never"], body=body))
    model.graph.output[1].name = "never"
    content: bytes = model.SerializeToString()
    return content


def begin_empty(root: Path) -> Scratch:
    """A registry that makes no model: what is registered comes from elsewhere."""
    begin(root)
    scratch = Scratch(root, model="trees", dated=False)
    scratch.write("requirements.lock", requirements("onnx", "onnxruntime"))
    scratch.commit("Begin")
    return scratch


def describe(scratch: Scratch) -> None:
    """Fill in the blanks of the new model.yaml, and commit it by itself."""
    path = scratch.path("models/trees/model.yaml")
    text = path.read_text()
    identity = yaml.safe_load(text) | {"owners": ["@ada"], "purpose": "Tells trees.", "licence": "MIT"}
    path.write_text(yaml.safe_dump(identity, sort_keys=False))
    scratch.commit("Describe the model", paths=("models/trees/model.yaml",))
