from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import numpy as np
import pytest

from mintmark.artifacts.loading import load_artifact
from mintmark.artifacts.safetensors_format import inspect_safetensors
from mintmark.errors import InvalidRegistryError, MintmarkError

onnx = pytest.importorskip("onnx")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_an_estimator_is_loaded_from_the_very_bytes_that_were_checked(dumped, data, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(dumped["forest"])
    model = load_artifact(path, "skops", sha256=sha256(dumped["forest"]))
    assert model.predict(data[0]).shape == (120,)
    path.write_bytes(dumped["tree"])
    with pytest.raises(MintmarkError, match=r"the record says.*mintmark pull"):
        load_artifact(path, "skops", sha256=sha256(dumped["forest"]))


def test_findings_name_the_file(take, tmp_path):
    file = take("logistic")
    file.find("StandardScaler").update(__module__="mypackage")
    path = tmp_path / "model.skops"
    path.write_bytes(file.bytes())
    with pytest.raises(InvalidRegistryError, match=str(path)):
        load_artifact(path, "skops")


def test_formats_that_disagree_or_cannot_be_loaded_are_told(dumped, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(dumped["logistic"])
    with pytest.raises(MintmarkError, match="is skops, not onnx"):
        load_artifact(path, "onnx")
    with pytest.raises(MintmarkError, match="'pickle' is not one of"):
        load_artifact(path, "pickle")
    with pytest.raises(MintmarkError, match="holds data and no model"):
        load_artifact(path, "data")
    with pytest.raises(MintmarkError, match="cannot be read"):
        load_artifact(tmp_path / "gone", "skops")


def linear_model() -> Any:
    """y = x @ [[1], [2]], and the pair (x, 1 - x) as probabilities."""
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Softmax", ["x"], ["p"])],
        "linear",
        [helper.make_tensor_value_info("x", number, ["n", 2])],
        [helper.make_tensor_value_info("y", number, ["n", 1]), helper.make_tensor_value_info("p", number, ["n", 2])],
        [onnx.numpy_helper.from_array(np.array([[1], [2]], np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def onnx_findings(model: Any) -> str:
    from mintmark.artifacts.formats import check_artifact

    return "\n".join(map(str, check_artifact(model.SerializeToString(), declared_format="onnx")))


def test_an_onnx_model_predicts(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(linear_model().SerializeToString())
    model = load_artifact(path, "onnx")
    table = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert model.predict(table).tolist() == [5.0, 11.0]
    assert np.allclose(model.predict_proba(table).sum(axis=1), 1)


def test_onnx_data_outside_the_file_is_refused():
    model = linear_model()
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    tensor.external_data.add(key="location", value="../../etc/passwd")
    assert "keeps 'w' outside the file, in '../../etc/passwd'" in onnx_findings(model)


def test_onnx_operators_of_others_are_refused_also_inside_subgraphs():
    model = linear_model()
    model.graph.node[0].domain = "com.evil"
    assert "uses 'MatMul' of 'com.evil'" in onnx_findings(model)
    model = linear_model()
    inner = onnx.helper.make_graph([onnx.helper.make_node("Run", [], ["z"], domain="com.evil")], "inner", [], [])
    model.graph.node.append(onnx.helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=inner))
    assert "uses 'Run' of 'com.evil'" in onnx_findings(model)
    model = linear_model()
    model.opset_import.add(domain="com.evil", version=1)
    assert "uses the operators of 'com.evil'" in onnx_findings(model)


def with_function(domain: str, name: str, *, calls: tuple[tuple[str, str], ...] = ()) -> Any:
    """The model with a function of its own, which it calls, and which may call others."""
    helper, model = onnx.helper, linear_model()
    nodes = [helper.make_node(op, ["a"], ["b"], domain=inner) for inner, op in calls or (("", "Relu"),)]
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(inner, 1) for inner, _ in calls if inner)]
    model.functions.append(helper.make_function(domain, name, ["a"], ["b"], nodes, opsets))
    model.opset_import.add(domain=domain, version=1)
    model.graph.node.append(helper.make_node(name, ["x"], ["z"], domain=domain))
    return model


@pytest.mark.parametrize("domain", ["local", "pkg.torch.nn"])
def test_a_model_may_call_functions_of_its_own(domain):
    assert onnx_findings(with_function(domain, "Twice")) == ""


def test_a_function_unlocks_its_own_name_alone():
    model = with_function("local", "Twice")
    model.graph.node.append(onnx.helper.make_node("Thrice", ["x"], ["g"], domain="local"))
    assert "uses 'Thrice' of 'local'" in onnx_findings(model)


@pytest.mark.parametrize(
    "domain", ["com.microsoft", "com.microsoft.nchwc", "ai.onnx.contrib", "", "ai.onnx.ml", "org.pytorch.aten"]
)
def test_a_decoy_does_not_unlock_the_domain_of_a_vendor(domain):
    model = with_function(domain, "Decoy")
    model.graph.node.append(onnx.helper.make_node("Gelu", ["x"], ["g"], domain="com.microsoft"))
    found = onnx_findings(model)
    assert "has a function 'Decoy' in the domain" in found
    assert "uses 'Gelu' of 'com.microsoft'" in found


def test_operators_that_the_registry_trusts():
    from mintmark.artifacts.formats import check_artifact

    model = linear_model()
    model.opset_import.add(domain="com.microsoft", version=1)
    model.graph.node.append(onnx.helper.make_node("Gelu", ["x"], ["g"], domain="com.microsoft"))
    data = model.SerializeToString()
    assert "uses 'Gelu'" in str(check_artifact(data))
    assert check_artifact(data, trusted=["com.microsoft.Gelu"]) == []
    assert "uses 'Gelu'" in str(check_artifact(data, trusted=["com.microsoft.FusedGelu"]))


def test_what_functions_hold_is_looked_at():
    inner = onnx.helper.make_graph([onnx.helper.make_node("Run", [], ["z"], domain="com.evil")], "inner", [], [])
    model = with_function("local", "Twice")
    model.functions[0].node.append(onnx.helper.make_node("If", ["a"], ["c"], then_branch=inner, else_branch=inner))
    assert "uses 'Run' of 'com.evil'" in onnx_findings(model)
    model = with_function("local", "Twice")
    tensor = onnx.numpy_helper.from_array(np.zeros(3, np.float32), "t")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.functions[0].attribute_proto.append(onnx.helper.make_attribute("value", tensor))
    assert "outside the file" in onnx_findings(model)
    model = with_function("local", "Twice", calls=(("com.evil", "Run"),))
    assert "'com.evil'" in onnx_findings(model)
    model = linear_model()
    model.training_info.add()
    assert "training graph" in onnx_findings(model)


def test_functions_that_stand_for_billions_of_operators_are_refused():
    helper, model = onnx.helper, linear_model()
    for level in range(40):
        called = f"F{level + 1}" if level < 39 else "Relu"
        domain = "local" if level < 39 else ""
        nodes = [helper.make_node(called, ["a"], [f"b{n}"], domain=domain) for n in range(2)]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
        model.functions.append(helper.make_function("local", f"F{level}", ["a"], ["b0"], nodes, opsets))
    model.opset_import.add(domain="local", version=1)
    model.graph.node.append(helper.make_node("F0", ["x"], ["z"], domain="local"))
    assert "stands for more than 1,000,000 operators" in onnx_findings(model)
    circle = with_function("local", "Again", calls=(("local", "Again"),))
    assert "call each other more than 50 deep" in onnx_findings(circle)


def test_onnx_models_that_lie_or_break_are_refused():
    model = linear_model()
    model.graph.initializer[0].dims[0] = 10**10
    assert "of 40,000,000,000 bytes" in onnx_findings(model)
    model = linear_model()
    model.graph.node[0].op_type = "NoSuchOperator"
    assert "is not a valid ONNX model" in onnx_findings(model)
    model = linear_model()
    model.graph.node[0].input[0] = "nothing"
    assert "is not a valid ONNX model" in onnx_findings(model)


def safetensors(header: object, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_safetensors_written_by_the_library_load(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    arrays = {"w": np.arange(6.0).reshape(2, 3), "b": np.zeros((0, 3), np.float32), "k": np.array([True, False])}
    path = tmp_path / "model.safetensors"
    path.write_bytes(library.save(arrays, metadata={"made": "here"}))
    loaded = load_artifact(path, "safetensors", sha256=sha256(path.read_bytes()))
    assert {name: (array.dtype, array.tolist()) for name, array in loaded.items()} == {
        name: (array.dtype, array.tolist()) for name, array in arrays.items()
    }


@pytest.mark.parametrize(
    ("tensor", "size", "words"),
    [
        (entry(0, 4, [2], "BF16"), 4, "BF16, unknown to numpy"),
        (entry(0, 0, [0, 1 << 62]), 0, "a shape that no array has"),
    ],
    ids=["type", "shape"],
)
def test_safetensors_that_numpy_cannot_hold_are_told(tmp_path, tensor, size, words):
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors({"a": tensor}, bytes(size)))
    with pytest.raises(MintmarkError, match=words):
        load_artifact(path, "safetensors")


def test_safetensors_need_their_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    (finding,) = inspect_safetensors(safetensors({}, b""), path="model.safetensors")
    assert "cannot be checked without the extra `safetensors`: pip install" in finding.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (safetensors({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, bytes(12)), "invalid offset for tensor `b`"),
        (safetensors({"a": entry(0, 8, [2]), "b": entry(12, 20, [2])}, bytes(20)), "invalid offset for tensor `b`"),
        (safetensors({"a": entry(0, 8, [2])}, bytes(12)), "file not fully covered"),
        (safetensors({"a": entry(0, 4 << 40, [1 << 40])}, bytes(8)), "file not fully covered"),
        (safetensors({"a": entry(0, 8, [3])}, bytes(8)), "invalid shape"),
        (safetensors({"a": entry(8, 0, [2])}, bytes(8)), "invalid offset"),
        (safetensors({"a": entry(0, 8, [-2])}, bytes(8)), "expected usize"),
        (safetensors({"a": entry(0, 8, [2], "OBJ")}, bytes(8)), "unknown type"),
        (safetensors({"a": {"dtype": "F32"}}, b""), "does not say exactly"),
        (safetensors({"__metadata__": {"a": 1}}, b""), "expected a string"),
        (safetensors(b'{"a": 1, "a": 2}', b""), "says something twice"),
        (safetensors(b'{"__metadata__": {"a": "1", "a": "2"}}', b""), "says something twice"),
        (safetensors({"a": {**entry(0, 8, [2]), "x": 1}}, bytes(8)), "does not say exactly"),
        (safetensors({"a": entry(0, 4, [1] * 33)}, bytes(4)), "no shape that an array can have"),
        (safetensors({"a": entry(0, 1, [2], "F4")}, bytes(1)), "unknown type"),
        (safetensors({"a": entry(0, 0, [1 << 62, 4])}, b""), "overflow"),
        (safetensors(b'{"a": ' + b"[" * 100_000, b""), "nested too deep"),
        (safetensors(b"{nonsense", b""), "is not JSON"),
        ((1 << 40).to_bytes(8, "little") + b"{}", "header claims"),
    ],
)
def test_safetensors_that_lie_are_refused(data, words):
    (finding,) = inspect_safetensors(data, path="model.safetensors")
    assert words in finding.message
    assert "write it again" in finding.message
