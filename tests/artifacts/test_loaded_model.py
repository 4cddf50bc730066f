"""A loaded model gives the same answer whatever the order of the columns, in every format that has a signature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mintmark.artifacts.confined.model_runner import run_model
from mintmark.artifacts.loaded_model import LoadedModel
from mintmark.artifacts.loading import load_artifact
from mintmark.artifacts.skops.format import dump_canonical
from mintmark.core.records import Signature
from mintmark.errors import InputError, MintmarkError

SIGNATURE = Signature(inputs={"a": "float64", "b": "float64"}, outputs={}, classes=(0, 1))
ROWS = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]})
SWAPPED = ROWS[["b", "a"]]
RENAMED = ROWS.rename(columns={"b": "B"})


def skops_model() -> bytes:
    """y = 1a + 2b, fitted on an array, so that it knows no names."""
    from sklearn.linear_model import LinearRegression

    inputs = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return bytes(dump_canonical(LinearRegression().fit(inputs, [0.0, 1.0, 2.0])))


def onnx_model(number: str = "FLOAT") -> bytes:
    """The same, with one input of two columns."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, getattr(onnx.TensorProto, number)
    weights = np.array([[1], [2]], np.float32 if number == "FLOAT" else np.int64)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "linear",
        [helper.make_tensor_value_info("x", kind, ["n", 2])],
        [helper.make_tensor_value_info("y", kind, ["n", 1])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def loaded(data: bytes, artifact_format: str, folder: Any) -> LoadedModel:
    path = folder / f"model.{artifact_format}"
    path.write_bytes(data)
    return LoadedModel(load_artifact(path, artifact_format), SIGNATURE, reference="line@1.0.0")


@pytest.mark.parametrize("artifact_format", ["skops", "onnx"])
@pytest.mark.filterwarnings("error")
def test_the_order_of_columns_changes_no_answer(artifact_format: str, tmp_path: Any) -> None:
    model = loaded(skops_model() if artifact_format == "skops" else onnx_model(), artifact_format, tmp_path)
    expected = pytest.approx([5.0, 11.0])
    for rows in (ROWS, SWAPPED, SWAPPED.assign(c=9.0), ROWS.to_dict("records"), ROWS.to_numpy(), ROWS.astype(int)):
        assert model.predict(rows) == expected
    for rows, words in ((RENAMED, 'no column "b"; did you mean "B"'), (ROWS.assign(b="high"), "the text 'high'")):
        with pytest.raises(InputError, match=words):
            model.predict(rows)
    if artifact_format == "onnx":
        assert model.estimator.predict(SWAPPED) != expected  # the bare one takes them by position


def test_an_onnx_model_makes_no_other_number_of_what_it_cannot_hold(tmp_path: Any) -> None:
    model = loaded(onnx_model("INT64"), "onnx", tmp_path)
    assert model.predict(ROWS).tolist() == [5, 11]
    for value in (2.5, np.nan):
        with pytest.raises(MintmarkError, match=f'takes values of the type int64, and "b" has {value} in row 1'):
            model.predict(ROWS.assign(b=[2.0, value]))
    with pytest.raises(MintmarkError, match="gives no probabilities"):
        model.predict_proba(ROWS)


def test_the_confined_process_holds_tables_against_the_signature_too() -> None:
    tables = {"rows": ROWS, "swapped": SWAPPED, "renamed": RENAMED, "text": ROWS.assign(a="low")}
    run = run_model(skops_model(), "skops", tables, inputs=SIGNATURE.inputs)
    assert list(run.answers["rows"].prediction) == pytest.approx([5.0, 11.0])
    assert list(run.answers["swapped"].prediction) == pytest.approx([5.0, 11.0])
    assert 'InputError: there is no column "b"' in (run.answers["renamed"].error or "")
    assert "\"a\" wants numbers, and row 0 has the text 'low'" in (run.answers["text"].error or "")
