"""ONNX models that run operators of a vendor, or hold what is no part of a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import yaml
from tests.judging.hostile.families_store import put
from tests.judging.hostile.harness import VERSION, Family
from tests.judging.judged_fixture import rewritten
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch

from mintmark.core.records import format_pointer

onnx = pytest.importorskip("onnx")
helper = onnx.helper
operators = Family("onnx operators and domains")


def _model() -> Any:
    """The sum of both inputs."""
    number = onnx.TensorProto.FLOAT
    ends = (helper.make_tensor_value_info("x", number, ["n", 2]), helper.make_tensor_value_info("y", number, ["n", 1]))
    graph = helper.make_graph([helper.make_node("ReduceSum", ["x"], ["y"])], "sum", [ends[0]], [ends[1]])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _propose(change: Callable[[Any], object], registry: Scratch) -> None:
    """Make the model of the proposal an ONNX file, and mend every record that would tell."""
    model = _model()
    change(model)
    content = model.SerializeToString()
    file = stored("model.onnx", content)
    old = yaml.safe_load(registry.read(f"{VERSION}/model.skops.dvc"))["outs"][0]
    registry.object_of("loans", "1.1.0").unlink()
    put(registry, content)
    for path in ("dvc.lock", f"{VERSION}/version.yaml"):
        text = registry.read(path).replace(old["md5"], file.md5)
        registry.write(path, text.replace("candidate/model.skops", "candidate/model.onnx"))
    with rewritten(registry.path(f"{VERSION}/version.yaml")) as record:
        record["artifact"] = {"path": "model.onnx", "format": "onnx", **file.to_dict()}
    registry.remove(f"{VERSION}/model.skops.dvc")
    registry.write(f"{VERSION}/model.onnx.dvc", format_pointer(file))


def _function(domain: str, name: str, model: Any, *nodes: Any) -> Any:
    body = list(nodes) or [helper.make_node("Relu", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model.functions.append(helper.make_function(domain, name, ["a"], ["b"], body, opsets[:1]))
    model.opset_import.add(domain=domain, version=1)
    return model.functions[-1]


def _use(domain: str, name: str, model: Any) -> None:
    model.graph.node.append(helper.make_node(name, ["x"], ["z"], domain=domain))


for _domain in ("com.microsoft", "com.microsoft.nchwc", "com.microsoft.experimental", "com.ms.internal.nhwc",
                "ai.onnx.contrib", "org.pytorch.aten", "ai.onnx.preview.training", "COM.MICROSOFT", "com.microsoft "):  # fmt: skip

    def _alone(model: Any, domain: str = _domain) -> None:
        model.opset_import.add(domain=domain, version=1)
        _use(domain, "Inverse", model)

    def _decoy(model: Any, domain: str = _domain) -> None:
        _function(domain, "Decoy", model)
        _use(domain, "Inverse", model)

    operators.add(f"an operator of {_domain!r}", partial(_propose, _alone), says="rules R8")
    operators.add(f"a decoy in {_domain!r}", partial(_propose, _decoy), says="rules R8")


def _variant(change: Callable[[Any], object]) -> Callable[[Any], object]:
    operators.add(change.__name__.strip("_"), partial(_propose, change), says="rules R8")
    return change


@_variant
def _a_decoy_that_is_called(model: Any) -> None:
    """The runtime has an operator of its own behind that name."""
    _function("com.microsoft", "Gelu", model)
    _use("com.microsoft", "Gelu", model)


@_variant
def _another_name_of_an_own_domain(model: Any) -> None:
    _function("local", "Mine", model)
    _use("local", "Other", model)


@_variant
def _a_function_in_place_of_a_standard_operator(model: Any) -> None:
    _function("ai.onnx.ml", "Scaler", model)


@_variant
def _a_vendor_inside_of_a_function(model: Any) -> None:
    _function("local", "Mine", model, helper.make_node("Inverse", ["a"], ["b"], domain="com.microsoft"))
    _use("local", "Mine", model)


@_variant
def _a_vendor_inside_of_a_nested_graph(model: Any) -> None:
    inner = helper.make_graph([helper.make_node("Inverse", ["x"], ["w"], domain="com.microsoft")], "inner", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=inner))


@_variant
def _a_vendor_inside_of_a_graph_inside_of_a_function(model: Any) -> None:
    inner = helper.make_graph([helper.make_node("Inverse", ["a"], ["w"], domain="com.microsoft")], "inner", [], [])
    _function("local", "Mine", model, helper.make_node("If", ["a"], ["b"], then_branch=inner, else_branch=inner))
    _use("local", "Mine", model)


@_variant
def _a_vendor_among_the_imports_of_a_function(model: Any) -> None:
    _function("local", "Mine", model).opset_import.add(domain="com.microsoft", version=1)
    _use("local", "Mine", model)


@_variant
def _a_graph_for_training(model: Any) -> None:
    model.training_info.add()


def _outside() -> Any:
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[2], data_location=1)
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


@_variant
def _data_outside(model: Any) -> None:
    model.graph.initializer.append(_outside())


@_variant
def _data_outside_in_an_attribute(model: Any) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["w"], value=_outside()))


@_variant
def _data_outside_in_the_default_of_a_function(model: Any) -> None:
    _function("local", "Mine", model).attribute_proto.append(helper.make_attribute("value", _outside()))


@_variant
def _functions_that_stand_for_billions(model: Any) -> None:
    for level in range(40):
        called, domain = (f"F{level + 1}", "local") if level < 39 else ("Relu", "")
        _function("local", f"F{level}", model, *(helper.make_node(called, ["a"], [b], domain=domain) for b in "bc"))
    _use("local", "F0", model)


@_variant
def _a_function_that_calls_itself(model: Any) -> None:
    _function("local", "Mine", model, helper.make_node("Mine", ["a"], ["b"], domain="local"))
    _use("local", "Mine", model)


@_variant
def _an_operator_that_does_not_exist(model: Any) -> None:
    _use("", "NoSuchOperator", model)


FAMILIES = [operators]
