"""Every fault of a skops file is found without loading it, and nothing that is claimed is believed."""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from tests.scaffold.work import calls_at_most

from mintmark.artifacts.skops.format import load_trusted
from mintmark.artifacts.skops.safety import inspect_skops
from mintmark.errors import InvalidRegistryError


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def npy_claiming(descr: str, shape: str, body: bytes = b"\0" * 64) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def test_good_files_have_no_findings(dumped):
    for name, data in dumped.items():
        assert inspect_skops(data, path=name) == []


def test_the_checks_import_neither_skops_nor_scikit_learn(dumped, tmp_path):
    import subprocess

    path = tmp_path / "model.skops"
    path.write_bytes(dumped["histogram"])
    code = (
        "import sys, pathlib; from mintmark.artifacts.formats import check_artifact;"
        f"assert check_artifact(pathlib.Path({str(path)!r}), declared_format='skops') == [];"
        "print([name for name in ('skops', 'sklearn', 'scipy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_findings_say_where_and_what_to_do(take):
    file = take("logistic")
    file.find("StandardScaler").update(__module__="evil.module", __class__="Scaler")
    (finding,) = inspect_skops(file.bytes(), path="models/m/versions/1.0.0/model.skops")
    assert finding.path == "models/m/versions/1.0.0/model.skops"
    assert finding.rule == "R8"
    assert finding.where == "schema.json: steps[0][1]"
    assert "evil.module.Scaler is not on the list" in finding.message
    assert "trusted_types in models/registry.yaml" in finding.message
    assert inspect_skops(file.bytes(), path="m", trusted=["evil.module.Scaler"]) == []


def test_every_unlisted_type_is_named_once(take, messages):
    file = take("logistic")
    file.find("StandardScaler").update(__module__="one.module")
    file.find("LogisticRegression").update(__module__="other.module")
    assert messages(file.bytes()).count("not on the list") == 2


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("os", "system", "FunctionNode"),
        ("builtins", "eval", "FunctionNode"),
        ("builtins", "eval", "TypeNode"),
        ("os", "system", "TypeNode"),
        ("builtins", "exec", "ListNode"),
        ("subprocess", "Popen", "ObjectNode"),
        ("subprocess", "Popen", "TupleNode"),
        ("numpy", "load", "NdArrayNode"),
        ("numpy", "void", "NdArrayNode"),
        ("builtins", "map", "ListNode"),
        ("sklearn.linear_model._logistic", "LogisticRegression", "FunctionNode"),
        ("operator", "methodcaller", "OperatorFuncNode"),
    ],
)
def test_a_type_is_allowed_only_under_its_own_loader(take, messages, module, name, loader):
    file = take("logistic")
    empty = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": []}
    node = {"__module__": module, "__class__": name, "__loader__": loader, "attrs": empty}
    node |= {"content": [] if loader in ("ListNode", "TupleNode") else None, "type": "json", "shape": empty}
    if loader == "NdArrayNode":
        node["content"] = []
    file.schema["content"]["content"]["memory"] = node
    assert f"{module}.{name} is not on the list" in messages(file.bytes())
    with pytest.raises(InvalidRegistryError):
        load_trusted(file.bytes())


def test_a_bound_method_must_be_trusted_by_its_own_name(take, messages):
    file = take("logistic")
    scaler = file.find("StandardScaler")
    owner = f"{scaler['__module__']}.StandardScaler"
    file.schema["content"]["content"]["memory"] = {
        "__module__": scaler["__module__"], "__class__": "StandardScaler", "__loader__": "MethodNode",
        "content": {"func": "transform", "obj": json.loads(json.dumps(scaler))},
    }  # fmt: skip
    assert f"{owner}.transform is not on the list" in messages(file.bytes(), trusted=[owner])


@pytest.mark.parametrize("kind", ["function", "type", "partial"])
def test_functions_cannot_take_the_place_of_methods(take, messages, kind):
    """KMeans._check_test_data guards compiled code against the width of its input."""
    file = take("kmeans")
    node = {
        "function": {"__module__": "numpy", "__class__": "negative", "__loader__": "FunctionNode"},
        "type": {"__module__": "numpy", "__class__": "float64", "__loader__": "TypeNode"},
    }
    key_types = file.find("KMeans")["content"]["key_types"]["content"]
    key_types.append(key_types[0])
    function = node.get(kind)
    if kind == "partial":
        empty = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": []}
        content = {"func": node["function"], "args": empty, "kwds": empty, "namespace": empty}
        function = {"__module__": "functools", "__class__": "partial", "__loader__": "PartialNode", "content": content}
    file.attributes("KMeans")["_check_test_data"] = function
    assert "as its attribute _check_test_data" in messages(file.bytes())


def test_an_attribute_cannot_hide_behind_a_key_of_another_type(take, messages):
    file = take("tree")
    content = file.find("DecisionTreeClassifier")["content"]
    index = list(content["content"]).index("n_features_in_")
    content["key_types"]["content"][index] = {"__module__": "builtins", "__class__": "bool", "__loader__": "TypeNode"}
    assert "whose name is not text" in messages(file.bytes())


def test_keys_without_types_are_refused(take, messages):
    file = take("tree")
    file.find("DecisionTreeClassifier")["content"]["key_types"]["content"].pop()
    assert "other keys than key types" in messages(file.bytes())


def test_attributes_that_are_no_dictionary_are_refused(take, messages):
    file = take("tree")
    file.find("DecisionTreeClassifier")["content"] = {
        "__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [],
    }  # fmt: skip
    assert "attributes that are not a dictionary" in messages(file.bytes())


def test_a_later_node_with_a_known_id_is_the_earlier_object(take, messages):
    """skops ignores what the later node says, so the check must look at the earlier one."""
    file = take("tree")
    attributes = file.attributes("DecisionTreeClassifier")
    nodes = file.attributes("Tree")["nodes"]
    bad = dict(nodes, __id__=77)
    array = file.array(nodes).copy()
    array["left_child"][0] = 10**6
    file.put(bad, array)
    content = {"classes_": bad, **{name: node for name, node in attributes.items() if name != "classes_"}}
    file.find("DecisionTreeClassifier")["content"]["content"] = content
    file.attributes("Tree")["nodes"]["__id__"] = 77
    assert "left child 1000000" in messages(file.bytes())


def test_unknown_references_cycles_and_loaders_are_refused(take, messages):
    file = take("logistic")
    file.schema["content"]["content"]["memory"] = {
        "__class__": "x", "__module__": "x", "__loader__": "CachedNode", "__id__": 5,
    }  # fmt: skip
    assert "does not exist" in messages(file.bytes())
    file = take("logistic")
    file.schema["__id__"] = 1
    file.schema["content"]["content"]["memory"] = dict(file.schema, content=None)
    assert "holds itself" in messages(file.bytes())
    file = take("logistic")
    file.find("StandardScaler")["__loader__"] = "PickleNode"
    assert "names a loader that does not exist" in messages(file.bytes())


def test_sharing_cannot_be_used_to_take_for_ever(take, messages):
    """A list of two of the same list of two ...: 2**60 objects in a file of 60 nodes."""
    node = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [], "__id__": 1}
    for number in range(2, 60):
        again = dict(node, content=[])
        node = {**node, "content": [node, again], "__id__": number}
    file = take("logistic")
    file.schema["content"]["content"]["memory"] = node
    content = file.bytes()
    with calls_at_most(1_000_000):
        assert "holds more than 1,000,000 objects" in messages(content)


@pytest.mark.parametrize("kind", ["brackets", "nodes"])
def test_deep_json_is_refused(take, messages, zip_of, kind):
    if kind == "brackets":
        assert "too deep" in messages(zip_of(b'{"content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", {}))
        return
    node = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []}
    for _ in range(150):
        node = {**node, "content": [node]}
    file = take("logistic")
    file.schema["content"]["content"]["memory"] = node
    assert "nested more than 100 deep" in messages(file.bytes())


def test_a_schema_that_is_missing_large_broken_or_of_another_version_is_refused(take, messages, zip_of):
    file = take("logistic")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("1.npy", npy(np.arange(3)))
    assert "has no schema.json" in messages(buffer.getvalue())
    assert "is not JSON" in messages(zip_of(b"{", {}))
    assert "is not a mapping" in messages(zip_of([], {}))
    assert "more than 33,554,432" in messages(zip_of(b"[" + b" " * (1 << 25) + b"]", {}))
    assert "more objects than a model needs" in messages(zip_of(b"[" + b"[]," * 2_000_001 + b"0]", {}))
    for protocol in (1, 3, 2.0, None):
        file.schema["protocol"] = protocol
        assert f"has protocol {protocol}, not 2" in messages(file.bytes())


def test_members_that_are_missing_or_hold_objects_are_refused(take, messages):
    file = take("logistic")
    node = file.attributes("LogisticRegression")["coef_"]
    node["file"] = "gone.npy"
    assert "gone.npy: is not in the zip" in messages(file.bytes())
    file.put_bytes(node, npy(np.array([print, 1], dtype=object), allow_pickle=True))
    assert "holds Python objects, which numpy stores as pickle" in messages(file.bytes())
    file.put_bytes(node, pickle.dumps([1]))
    assert "is not a .npy array" in messages(file.bytes())


def test_a_header_that_claims_100_gb_allocates_nothing(take, messages):
    file = take("logistic")
    file.put_bytes(file.attributes("LogisticRegression")["coef_"], npy_claiming("'<f8'", "(12500000000,)"))
    tracemalloc.start()
    text = messages(file.bytes())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "its header claims 100,000,000,000 bytes" in text
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("descr", "shape", "words"),
    [
        ("'<f8'", "(9,)", "claims 72 bytes"),
        ("'<f8'", "(-8,)", "claims the shape"),
        ("'<f8'", "(8.0,)", "has no shape"),
        ("'<f8'", "[8]", "has no shape"),
        ("'|O'", "(8,)", "Python objects"),
        ("[('a', '|O')]", "(8,)", "Python objects"),
        ("'nonsense'", "(8,)", "no type that numpy knows"),
        ("('<f8', (2,))", "(4,)", "type that no model needs"),
        ("'<f8'", "(0, 99999999999999999999)", "claims the shape"),
        ("__import__('os').system('true')", "(8,)", "header cannot be read"),
    ],
)
def test_headers_that_lie_are_refused(take, messages, descr, shape, words):
    file = take("logistic")
    file.put_bytes(file.attributes("LogisticRegression")["coef_"], npy_claiming(descr, shape))
    assert words in messages(file.bytes())


def test_values_that_numpy_itself_cannot_hold_are_refused(take, messages):
    file = take("logistic")
    node = file.attributes("LogisticRegression")["coef_"]
    file.put_bytes(node, npy_claiming("'|b1'", "(64,)", b"\x07" * 64))
    assert "neither 0 nor 1" in messages(file.bytes())
    file.put_bytes(node, npy_claiming("'<U16'", "(1,)", b"\xff" * 64))
    assert "not Unicode" in messages(file.bytes())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"content": "[[["}, "does not hold a value"),
        ({"content": "[1, 2]"}, "more than a plain value"),
        ({"content": None}, "does not hold a value"),
    ],
)
def test_values_that_are_no_values_are_refused(take, messages, change, words):
    file = take("logistic")
    file.attributes("LogisticRegression")["C"].update(change)
    assert words in messages(file.bytes())


def test_losses_take_numbers_and_nothing_else(take, messages):
    file = take("histogram")
    loss = file.find("CyHalfMultinomialLoss")
    loss["__reduce__"]["args"] = json.loads(json.dumps(file.find("HistGradientBoostingClassifier")["content"]))
    assert "parameters are not numbers" in messages(file.bytes())


def test_slices_and_partials_are_looked_into(take, messages):
    file = take("logistic")
    content = {"start": {"__loader__": "x"}, "stop": None, "step": None}
    node = {"__module__": "builtins", "__class__": "slice", "__loader__": "SliceNode", "content": content}
    file.schema["content"]["content"]["memory"] = node
    assert "not a slice of whole numbers" in messages(file.bytes())
    inner = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": []}
    content = dict.fromkeys(("func", "args", "kwds", "namespace"), inner)
    node = {"__module__": "functools", "__class__": "partial", "__loader__": "PartialNode", "content": content}
    file.schema["content"]["content"]["memory"] = node
    assert "partial of something other than a function" in messages(file.bytes())


def test_arrays_that_many_objects_share_are_not_read_for_ever(take, messages, monkeypatch):
    monkeypatch.setattr("mintmark.artifacts.skops.objects.FREE_READING", 1000)
    file = take("forest")
    assert messages(file.bytes()) == ""
    monkeypatch.setattr("mintmark.artifacts.skops.objects.MAX_READINGS", 0)
    assert ".npy is used too often" in messages(file.bytes())


def test_long_names_do_not_multiply(take, messages, plain_node):
    """Each place in the file is named for the findings; a long name must not be copied each time."""
    text = {"__class__": "str", "__module__": "builtins", "__loader__": "TypeNode"}
    items = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []}
    items["content"] = [plain_node(0) for _ in range(2000)]
    file = take("logistic")
    file.schema["content"]["content"]["memory"] = {
        "__class__": "dict", "__module__": "builtins", "__loader__": "DictNode",
        "content": {"x" * 100_000: items}, "key_types": {**items, "content": [text]},
    }  # fmt: skip
    data = file.bytes()
    tracemalloc.start()
    assert messages(data) == ""
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


def test_control_characters_and_floods_do_not_reach_the_reader(take):
    file = take("logistic")
    file.find("StandardScaler")["__class__"] = "A\n::error::\x1b[31m"
    (finding,) = inspect_skops(file.bytes(), path="m")
    assert str(finding).isprintable()
    names = [{"__class__": f"C{n}", "__module__": "m", "__loader__": "TypeNode"} for n in range(500)]
    file.schema["content"]["content"]["memory"] = {
        "__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": names,
    }  # fmt: skip
    assert len(inspect_skops(file.bytes(), path="m")) == 100


def test_numbers_of_ten_thousand_digits_are_not_numbers(take, messages):
    file = take("tree")
    file.attributes("Tree")["max_depth"]["content"] = "1." + "0" * 20_000
    assert "max_depth is not a plain value" in messages(file.bytes())
