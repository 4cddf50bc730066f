"""Which labels a graph gives, as skl2onnx writes graphs of different estimators: those that the estimator had, in its order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from tests.scaffold.brought import logistic_graph

from mintmark.artifacts.onnx_labels import onnx_classes

random = np.random.default_rng(0)
ROWS = pd.DataFrame({"width": random.normal(size=60), "height": random.random(60)})
CODES = random.integers(0, 3, 60)


@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(),
        KNeighborsClassifier(algorithm="brute"),
        OneVsRestClassifier(LogisticRegression()),
        StackingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], cv=2),
        BaggingClassifier(n_estimators=2, random_state=0),
        RandomForestClassifier(2, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("labels", [["größer", "kleiner", "gleich"], [30, 10, 20]], ids=["text", "numbers"])
def test_the_labels_are_those_of_the_estimator(model: Any, labels: list[Any]) -> None:
    fitted = model.fit(ROWS, np.array(labels)[CODES])
    made = to_onnx(fitted, ROWS.to_numpy("float32"), options={id(fitted): {"zipmap": False}})  # as people export
    assert onnx_classes(made.SerializeToString()) == fitted.classes_.tolist()


def graph(*nodes: Any, output: int = TensorProto.INT64) -> bytes:
    ends = [
        helper.make_tensor_value_info(name, kind, [None])
        for name, kind in (("x", TensorProto.INT64), ("label", output))
    ]
    listed = [numpy_helper.from_array(np.array([3.0, 7.0], dtype=np.float32), "classes")]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], listed), opset_imports=opsets)
    content: bytes = made.SerializeToString()
    return content


def test_whole_numbers_that_are_picked_from_fractions_are_whole() -> None:
    pick = helper.make_node("ArrayFeatureExtractor", ["classes", "x"], ["y"], domain="ai.onnx.ml")
    cast = helper.make_node("Cast", ["y"], ["label"], to=TensorProto.INT64)
    found = onnx_classes(graph(pick, cast))
    assert found == [3, 7]
    assert all(type(label) is int for label in found)


def test_labels_of_parts_that_disagree_are_no_labels_of_the_whole() -> None:
    parts = [
        helper.make_node("LabelEncoder", ["x"], [f"y{n}"], domain="ai.onnx.ml", classlabels_int64s=labels)
        for n, labels in enumerate(([0, 1], [1, 2]))
    ]
    assert onnx_classes(graph(*parts, helper.make_node("Add", ["y0", "y1"], ["label"]))) == []
    assert onnx_classes(graph(parts[0], helper.make_node("Add", ["y0", "y0"], ["label"]))) == [0, 1]


@pytest.mark.parametrize("labels", ["strings", "codes"])
def test_a_zipmap_has_the_labels_in_the_order_of_its_probabilities(labels: str) -> None:
    assert onnx_classes(logistic_graph(labels=labels, shares="zipmap")) == [0, 1]
