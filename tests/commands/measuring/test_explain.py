"""`mintmark explain` on real files with a real model: contributions that add up, and what it refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.scaffold.brought import CLASSES, INPUTS, logistic_graph
from tests.scaffold.registry import Scratch, begin_committed

SIGNATURE = {
    "inputs": {"width": "float64", "kind": "str"},
    "outputs": {"prediction": {"type": "float64", "shape": [None]}},
}
TABLE = pd.DataFrame({"width": np.arange(40.0), "kind": ["a", "b"] * 20, "row": range(40)})


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from mintmark.artifacts.skops.format import dump_canonical

    columns = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    price = 2 * TABLE["width"] + 10 * (TABLE["kind"] == "b")
    content = bytes(dump_canonical(make_pipeline(columns, LinearRegression()).fit(TABLE[["width", "kind"]], price)))
    stored = io.BytesIO()
    TABLE.to_parquet(stored)
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    made = begin_committed(tmp_path / "registry")
    made.add_model("box", task="regression")
    files = {"model.skops": content, "evaluation.parquet": stored.getvalue()}
    made.add_version("box", "1.0.0", files, signature=SIGNATURE)
    made.add_version("box", "1.1.0", {"model.skops": content}, signature=SIGNATURE)
    monkeypatch.chdir(made.root)
    made.write("rows.csv", "id,kind,width\n7,b,30\n8,a,19.5\n")
    return made


def test_contributions_are_the_terms_of_a_linear_model_and_lead_to_the_answer(made: Scratch) -> None:
    done = made.run("explain", "box@1.0.0", "rows.csv", "--json")
    assert (done.code, done.err) == (0, "")
    first, second = json.loads(done.out)
    assert (first["by"], first["answer"], first["base"], first["background"]) == ("prediction", 70, 44, 40)
    assert [first["inputs"][name]["value"] for name in ("width", "kind")] == pytest.approx([21, 5])
    assert [second["inputs"][name]["value"] for name in ("width", "kind")] == pytest.approx([0, -5], abs=1e-6)


def test_a_row_is_told_with_its_values_and_the_largest_contribution_first(made: Scratch) -> None:
    done = made.run("explain", "box@1.0.0", "rows.csv")
    assert (
        done.out.splitlines()[0]
        == "row 0: the prediction is 70, and 44 on average over 40 evaluation rows of box@1.0.0"
    )
    assert [line.split()[:3] for line in done.out.splitlines()[2:4]] == [["width", "30", "+21"], ["kind", "b", "+5"]]


def onnx_graph(kind: str) -> bytes:
    """A graph of width and height: labels with shares, labels alone, or a number."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    if kind != "prediction":
        model = onnx.load_model_from_string(logistic_graph())
        if kind == "share":
            del model.graph.output[1:]
    else:
        weights = numpy_helper.from_array(np.array([[2.0], [-1.0]], dtype=np.float32), "weights")
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, wide])
            for name, wide in (("rows", 2), ("number", 1))
        ]
        node = helper.make_node("MatMul", ["rows", "weights"], ["number"])
        graph = helper.make_graph([node], "linear", ends[:1], ends[1:], [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.slow
@pytest.mark.parametrize("by", ["probability", "share", "prediction"])
def test_an_onnx_model_is_explained_by_what_it_answers(made: Scratch, by: str) -> None:
    outputs = {"prediction": {"type": "float64" if by == "prediction" else "str", "shape": [None]}}
    if by == "probability":
        outputs["probabilities"] = {"type": "float64", "shape": [None, 2]}
    signature = {"inputs": dict.fromkeys(INPUTS, "float64"), "outputs": outputs}
    classes = {} if by == "prediction" else {"classes": CLASSES}
    stored = io.BytesIO()
    pd.DataFrame({"row": range(4), "width": [0.0, 0.0, 1.0, 1.0], "height": 0.5}).to_parquet(stored)
    files = {"model.onnx": onnx_graph(by), "evaluation.parquet": stored.getvalue()}
    made.add_model("trees", task="regression" if by == "prediction" else "binary-classification")
    made.add_version("trees", "1.0.0", files, signature=signature | classes)
    made.write("rows.csv", "width,height\n1.0,0.5\n")
    done = made.run("explain", "trees@1.0.0", "rows.csv", "--json")
    assert (done.code, done.err) == (0, "")
    (found,) = json.loads(done.out)
    assert found["by"] == by
    assert found.get("class") == (None if by == "prediction" else "oak")
    low, high = {"prediction": (-0.5, 1.5), "share": (0, 1), "probability": (0.377541, 0.817574)}[by]
    assert found["answer"] == pytest.approx(high, abs=1e-6)
    # Every row has this height, so the width is all that moves the answer.
    assert found["inputs"]["width"]["value"] == pytest.approx((high - low) / 2, abs=1e-6)
    assert found["inputs"]["height"]["value"] == 0


@pytest.mark.parametrize(
    ("reference", "rows", "message"),
    [
        ("box@1.0.0", "kind,width\n", "rows.csv: has no rows to explain"),
        ("box@1.0.0", "kind,width\n" + "a,1\n" * 21, "rows.csv: has more than 20 rows"),
        ("box@1.0.0", "kind\na\n", "width"),
        ("box@1.1.0", "kind,width\na,1\n", "box@1.1.0 keeps no evaluation.parquet"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(made: Scratch, reference: str, rows: str, message: str) -> None:
    made.write("rows.csv", rows)
    done = made.run("explain", reference, "rows.csv")
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
