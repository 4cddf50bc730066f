"""`mintmark register`: a model that was trained elsewhere becomes a candidate, and then a version for a person."""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.linear_model import LogisticRegression
from tests.scaffold.brought import INPUTS, begin_empty, describe, endless_graph, logistic_graph, rows
from tests.scaffold.registry import Scratch

from mintmark.artifacts.onnx_format import OnnxModel
from mintmark.artifacts.skops.format import dump_canonical
from mintmark.cli import main
from mintmark.core.judgement.answers import Answer
from mintmark.errors import MintmarkError
from mintmark.training.brought import asking
from mintmark.training.brought.answers import ask, require_same_in_batches, require_steady

MADE = {
    "model.onnx", "evaluation.parquet", "predictions.parquet", "profile.json", "signature.json", "data.json",
    "metrics.json", "scores.json", "cost.json",
}  # fmt: skip


@pytest.fixture
def empty(tmp_path: Path) -> Scratch:
    return begin_empty(tmp_path / "registry")


@pytest.fixture
def holdout(tmp_path: Path) -> Path:
    rows(1).to_csv(tmp_path / "holdout.csv", index=False)
    return tmp_path / "holdout.csv"


def put(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def hungry_graph() -> bytes:
    """A graph that asks for a table of four terabytes."""
    from onnx import helper, load_model_from_string, numpy_helper

    model = load_model_from_string(logistic_graph())
    model.graph.initializer.append(numpy_helper.from_array(np.array([1 << 40]), "most"))
    model.graph.node.extend(
        [
            helper.make_node("ConstantOfShape", ["most"], ["table"]),
            helper.make_node("ReduceSum", ["table"], ["sum"], keepdims=0),
        ]
    )
    model.graph.node.append(helper.make_node("Add", ["probabilities", "sum"], ["more"]))
    model.graph.output[1].name = "more"
    content: bytes = model.SerializeToString()
    return content


def frozen_graph(rows: int) -> bytes:
    """A graph that was exported for so many rows."""
    from onnx import load_model_from_string

    model = load_model_from_string(logistic_graph())
    for end in (*model.graph.input, *model.graph.output):
        end.type.tensor_type.shape.dim[0].dim_value = rows
    content: bytes = model.SerializeToString()
    return content


def noisy_graph() -> bytes:
    """A graph that was exported with the noise of its training; onnxruntime leaves out a dropout by itself."""
    from onnx import helper, load_model_from_string

    model = load_model_from_string(logistic_graph())
    model.graph.node[0].output[0] = "clear"
    model.graph.node.insert(1, helper.make_node("RandomNormalLike", ["clear"], ["noise"], scale=0.5))
    model.graph.node.insert(2, helper.make_node("Add", ["clear", "noise"], ["logits"]))
    content: bytes = model.SerializeToString()
    return content


def crowded_graph(kind: str) -> bytes:
    """A graph in which the answer to a row depends on those beside it: 8 bits as they come, or a mean of the batch."""
    from onnx import helper, load_model_from_string

    model = load_model_from_string(logistic_graph())
    model.graph.node[0].input[0] = "seen"
    if kind == "int8":
        parts = ["small", "scale", "zero"]
        nodes = [
            helper.make_node("DynamicQuantizeLinear", ["inputs"], parts),
            helper.make_node("DequantizeLinear", parts, ["seen"]),
        ]
    else:
        nodes = [
            helper.make_node("ReduceMean", ["inputs"], ["mean"], axes=[0]),
            helper.make_node("Sub", ["inputs", "mean"], ["seen"]),
        ]
    for place, node in enumerate(nodes):
        model.graph.node.insert(place, node)
    content: bytes = model.SerializeToString()
    return content


def refused(registry: Scratch, arguments: list[str], says: str) -> None:
    """A registration ends with a sentence, and without a traceback."""
    done = registry.run("register", "trees", *arguments)
    assert done.code != 0, arguments
    assert says in done.text, (says, done.text)
    assert "Traceback" not in done.text


@pytest.mark.long
def test_a_model_trained_elsewhere_becomes_a_version_by_a_persons_decision(
    empty: Scratch, holdout: Path, tmp_path: Path
) -> None:
    artifact = put(tmp_path / "anything.bin", logistic_graph())
    done = empty.mintmark("register", "trees", "--artifact", artifact, "--data", str(holdout), "--target", "kind")
    assert done.code == 0, done.text
    assert "trained elsewhere" in done.text
    assert "classes, in the order of its probabilities: elm, oak" in done.text
    assert {path.name for path in empty.path("models/trees/candidate").iterdir()} >= MADE
    describe(empty)
    # What was recorded is what the stage itself makes.
    assert empty.dvc("repro", "--force", "register-trees") is not None
    assert empty.mintmark("propose", "trees", "--here").code == 0
    record = yaml.safe_load(empty.read("models/trees/versions/1.0.0/version.yaml"))
    assert [entry["role"] for entry in record["data"]] == ["evaluation"]
    assert set(record["files"]) == {"predictions.parquet", "evaluation.parquet", "profile.json"}
    assert record["metrics"]["roc_auc"]["value"] > 0.8
    assert record["signature"]["classes"] == ["elm", "oak"]
    assert record["cost"]["latency_row_seconds"] > 0
    reviewed = empty.mintmark("review", "--base", "HEAD~1", "--head", "HEAD", "--author", "ada", "--reproduce")
    assert reviewed.code == 42, reviewed.text
    assert "it was trained elsewhere, and nothing here tells on which rows" in reviewed.text
    assert "✗" not in reviewed.text
    assert "not trained again: it was trained elsewhere" in reviewed.text
    assert empty.mintmark("validate").code == 0
    assert empty.mintmark("verify").code == 0
    assert "training     trained elsewhere" in empty.mintmark("show", "trees@1.0.0").text
    assert "This version was trained elsewhere" in empty.mintmark("card", "trees@1.0.0").text
    # A second one is held against it on the same rows, and again a person decides.
    promoted = empty.mintmark("promote", "trees@1.0.0", "staging", "--here")
    assert promoted.code == 0, promoted.text
    assert empty.mintmark("promote", "trees@1.0.0", "production", "--here").code == 0
    # It may have another format: what pointed to the former file goes with the proposal.
    learned = rows(2)
    estimator = LogisticRegression().fit(learned[INPUTS], learned["kind"])
    newer = put(tmp_path / "newer.skops", dump_canonical(estimator))
    again = empty.mintmark("register", "trees", "--artifact", newer)
    assert again.code == 0, again.text
    assert empty.mintmark("propose", "trees", "--here").code == 0
    reviewed = empty.mintmark("review", "--base", "HEAD~1", "--head", "HEAD", "--author", "ada")
    assert reviewed.code == 42, reviewed.text
    assert "✗" not in reviewed.text
    assert "evaluation data: the rows are those of the base" in reviewed.text


def test_what_cannot_be_registered_is_told_and_nothing_is_written(
    empty: Scratch, holdout: Path, tmp_path: Path
) -> None:
    before = empty.snapshot()
    good = put(tmp_path / "good.onnx", logistic_graph())
    arrays = put(tmp_path / "arrays.safetensors", b"\x08\0\0\0\0\0\0\0{}      ")
    answers = rows(1)[["kind"]].rename(columns={"kind": "prediction"})
    answers.to_csv(tmp_path / "answers.csv", index=False)
    known = ["--data", str(holdout), "--target", "kind"]
    wide_rows = put(tmp_path / "wide.csv", f"{','.join(f'c{n}' for n in range(10_001))}\n".encode())
    pd.DataFrame([[0.0] * 10_001]).rename(columns=str).to_parquet(tmp_path / "wide.parquet")
    hungry = put(tmp_path / "hungry.onnx", hungry_graph())
    pickled = put(tmp_path / "model.pkl", pickle.dumps(LogisticRegression()))
    keras = put(tmp_path / "model.h5", b"\x89HDF\r\n\x1a\nkeras_version")
    for arguments, says in (
        (["--artifact", pickled, *known], "mintmark convert"),
        (["--artifact", keras, *known], "docs/how-to/bring-a-model.md"),
        (["--artifact", str(holdout), *known], "holds data and no model"),
        (["--artifact", str(tmp_path / "nowhere.onnx"), *known], "No such file"),
        (["--artifact", hungry, *known], "hungry.onnx: needs more than 4 GiB of memory; make the model smaller"),
        (["--artifact", good, "--data", wide_rows, "--target", "c0"], "has 10,001 columns, and at most 10,000"),
        (["--artifact", good, "--data", str(tmp_path / "wide.parquet"), "--target", "0"], "has 10,001 columns"),
        ([*known], "--artifact FILE"),
        (["--artifact", good, "--target", "kind"], "name rows to measure on: --data FILE"),
        (["--artifact", good, "--data", str(holdout)], "--target COLUMN"),
        (["--artifact", good, "--data", str(holdout), "--target", "kinds"], 'did you mean "kind"?'),
        (["--artifact", good, *known, "--carry", "region"], "--carry region: the rows have no such column"),
        (["--artifact", good, *known, "--carry", "width", "--carry", "height"], "leave no column for the model"),
        (["--artifact", good, *known, "--predictions", str(tmp_path / "answers.csv")], "otherwise here than"),
        (["--artifact", arrays, *known], "--predictions FILE has what it answers"),
    ):
        refused(empty, arguments, says)
    assert empty.snapshot() == before


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (partial(logistic_graph, (1.0, 1.0, 1.0)), "cannot answer the evaluation rows"),
        (partial(frozen_graph, 1), "takes 1 row at a time, and no others; export it with a batch size"),
        (partial(frozen_graph, 120), "takes 120 rows at a time, and no others"),
        (noisy_graph, "answers the same rows differently the second time"),
        (
            partial(crowded_graph, "int8"),
            r"answers row \d+ differently in a batch of 7 rows than .*\(0\.\d+ and 0\.\d+\)",
        ),
        (partial(crowded_graph, "norm"), r"answers row 0 differently in a batch of \d rows than among all of them"),
    ],
    ids=["another width", "1 row", "120 rows", "noise", "8 bits", "batch norm"],
)
def test_a_graph_that_does_not_take_each_row_by_itself_is_told_why(make: Callable[[], bytes], says: str) -> None:
    model, inputs = OnnxModel(make(), path="model.onnx"), rows(1)[INPUTS]
    with pytest.raises(MintmarkError, match=rf"^model\.onnx: {says}"):
        require_row_by_row(model, inputs, "model.onnx")


def test_a_graph_that_takes_each_row_by_itself_passes() -> None:
    assert require_row_by_row(OnnxModel(logistic_graph(), path="model.onnx"), rows(1)[INPUTS], "model.onnx")


def require_row_by_row(model: Any, inputs: pd.DataFrame, name: str) -> Answer:
    """What the process apart asks a graph, in its order."""
    answer = ask(model, inputs, name)
    require_steady(answer, ask(model, inputs, name), name)
    require_same_in_batches(model, inputs, answer, name, end=time.monotonic() + 60)
    return answer


@pytest.mark.slow
def test_a_model_that_does_not_fit_the_rows_is_told_what_to_do(empty: Scratch, holdout: Path, tmp_path: Path) -> None:
    before, known = empty.snapshot(), ["--data", str(holdout), "--target", "kind"]
    learned, numbered = rows(2), tmp_path / "numbered.csv"
    texts = LogisticRegression().fit(learned[INPUTS], (learned["kind"] == "oak").astype(int).astype(str))
    rows(1).assign(kind=(rows(1)["kind"] == "oak").astype(int)).to_csv(numbered, index=False)
    coded = put(tmp_path / "coded.onnx", logistic_graph(labels="codes"))
    good = put(tmp_path / "good.onnx", logistic_graph())
    crowded = put(tmp_path / "crowded.onnx", crowded_graph("int8"))
    texts_file = put(tmp_path / "texts.skops", dump_canonical(texts))
    for arguments, says in (
        (["--artifact", coded, *known], "--class names the classes in the order of its probabilities"),
        (["--artifact", crowded, *known], "crowded.onnx: answers row "),
        (["--artifact", good, *known, "--class", "oak", "--class", "elm"], "speak for other labels than it gives"),
        (["--artifact", texts_file, "--data", str(numbered), "--target", "kind"], "write the rows as .parquet"),
    ):
        refused(empty, arguments, says)
    assert empty.snapshot() == before


@pytest.mark.slow
def test_a_model_that_never_ends_is_ended_when_its_time_is_over(
    empty: Scratch, holdout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "LIMITS", replace(asking.LIMITS, seconds=3.0))
    endless, before = put(tmp_path / "endless.onnx", endless_graph()), empty.snapshot()
    given = ("--artifact", endless, "--data", str(holdout), "--target", "kind")
    assert main(["-C", str(empty.root), "register", "trees", *given]) == 1
    assert re.search(r"endless\.onnx: did not finish in 3 seconds; give it fewer rows \(--data\), or make the model smaller",
                     capsys.readouterr().err)  # fmt: skip
    assert empty.snapshot() == before


def test_a_model_of_the_pipeline_is_not_brought(empty: Scratch, holdout: Path, tmp_path: Path) -> None:
    empty.write("params.yaml", "models: {trees: {}}\n")
    out = "models/${key}/candidate/model.onnx"
    empty.write("dvc.yaml", f"stages:\n  fit:\n    foreach: ${{models}}\n    do: {{cmd: fit, outs: ['{out}']}}\n")
    artifact = put(tmp_path / "model.onnx", logistic_graph())
    done = empty.run("register", "trees", "--artifact", artifact, "--data", str(holdout), "--target", "kind")
    assert done.code == 1
    assert "trees is made by fit@trees" in done.text


@pytest.mark.long
def test_what_skops_wrote_is_taken_in_its_one_form_and_answers_as_told(
    empty: Scratch, holdout: Path, tmp_path: Path
) -> None:
    """skops writes memory addresses into its files; predictions from elsewhere are held against the answers here."""
    table = rows(2)
    made = LogisticRegression().fit(table[INPUTS], table["kind"])
    skops.io.dump(made, tmp_path / "raw.skops")
    told = pd.DataFrame({"prediction": made.predict(rows(1)[INPUTS])})
    told[["probability_elm", "probability_oak"]] = made.predict_proba(rows(1)[INPUTS])
    told.to_csv(tmp_path / "told.csv", index=False)
    given = ("--artifact", str(tmp_path / "raw.skops"), "--data", str(holdout), "--target", "kind")
    done = empty.mintmark("register", "trees", *given, "--predictions", str(tmp_path / "told.csv"))
    assert done.code == 0, done.text
    assert "it answers here as --predictions says" in done.text
    assert empty.mintmark("register", "trees", *given).code == 0
    assert not empty.path("data/trees/predictions.csv").exists()
    assert "predictions.csv" not in empty.read("dvc.yaml")
