"""`mintmark convert`: a pickle becomes skops or ONNX where both answer the same, and nothing outside loads the pickle."""

from __future__ import annotations

import os
import pickle
import re
import time
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from tests.scaffold.brought import begin_empty

from mintmark.artifacts.confined.conversion import Conversion
from mintmark.artifacts.confined.onnx_export import export_onnx
from mintmark.artifacts.onnx_format import OnnxModel
from mintmark.artifacts.skops.format import load_trusted
from mintmark.cli import main
from mintmark.commands.bringing.convert import conversion_faults
from mintmark.core.conversion.agreement import Agreement, Kind
from mintmark.core.conversion.probes import GIVEN
from mintmark.errors import MintmarkError

SECRET = "a token that nobody sees"


@pytest.fixture
def rows(tmp_path: Path) -> pd.DataFrame:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "width": random.normal(size=60) * 100,
            "height": random.random(60),
            "kind": random.choice(["oak", "elm", "Ahorn–östlich"], 60),
        }
    )
    table["species"] = np.where(table["width"] > 0, "größer", "kleiner")
    table.to_csv(tmp_path / "rows.csv", index=False)
    return table


def answers(tmp_path: Path, content: bytes, *options: str) -> int:
    (tmp_path / "model.pkl").write_bytes(content)
    names = [str(tmp_path / name) for name in ("model.pkl", "rows.csv")]
    return main(["-C", str(tmp_path), "convert", names[0], "--data", names[1], "--target", "species", *options])


@pytest.mark.long
def test_a_search_over_named_columns_becomes_skops(tmp_path: Path, rows: pd.DataFrame, capsys: Any) -> None:
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["width", "height"]), ("k", OneHotEncoder(handle_unknown="ignore"), ["kind"])]
    )
    search = GridSearchCV(make_pipeline(columns, LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}, cv=2)
    search.fit(rows.drop(columns="species"), rows["species"])
    output = tmp_path / "trees.skops"
    assert answers(tmp_path, cloudpickle.dumps(search), "-o", str(output)) == 0
    said = capsys.readouterr().out
    assert "sklearn.pipeline.Pipeline, the best of a GridSearchCV, with 3 inputs" in said
    for kind in ("a missing value", "levels of text", "at thresholds", "in batches of 1, 2 and 7"):
        assert kind in said
    model = load_trusted(output)
    assert model.predict(rows).tolist() == search.predict(rows).tolist()
    assert set(model.classes_) == {"größer", "kleiner"}


@pytest.mark.long
def test_onnx_that_differs_at_a_threshold_is_refused_unless_accepted(
    tmp_path: Path, rows: pd.DataFrame, capsys: Any
) -> None:
    numbers = rows[["width", "height"]]
    rows.drop(columns="kind").to_csv(tmp_path / "rows.csv", index=False)
    forest = make_pipeline(SimpleImputer(), StandardScaler(), RandomForestClassifier(5, random_state=0))
    forest.fit(numbers, rows["species"])
    output = tmp_path / "model.onnx"
    options = ("--to", "onnx", "-o", str(output))
    assert answers(tmp_path, pickle.dumps(forest), *options) == 1
    said = capsys.readouterr()
    assert "at thresholds: " in said.err
    assert "--accept thresholds writes it" in said.err
    assert not output.exists()
    accepted = answers(tmp_path, pickle.dumps(forest), *options, "--accept", "thresholds", "--accept", "refusals")
    assert accepted == 0, capsys.readouterr().err
    assert OnnxModel(output.read_bytes(), path="model.onnx").predict(numbers).tolist() == rows["species"].tolist()


@pytest.mark.long
def test_text_that_was_trained_elsewhere_is_converted_and_registered(
    tmp_path: Path, rows: pd.DataFrame, capsys: Any
) -> None:
    words = ColumnTransformer([("k", TfidfVectorizer(), "kind"), ("n", StandardScaler(), ["width", "height"])])
    model = make_pipeline(words, LogisticRegression()).fit(rows.drop(columns="species"), rows["species"])
    output, registry = str(tmp_path / "texts.skops"), begin_empty(tmp_path / "registry")
    assert answers(tmp_path, pickle.dumps(model), "-o", output) == 0
    given = ["--artifact", output, "--data", str(tmp_path / "rows.csv"), "--target", "species"]
    assert main(["-C", str(registry.root), "register", "texts", *given]) == 0, capsys.readouterr().err
    told = pd.read_parquet(registry.path("models/texts/candidate/predictions.parquet"))
    assert told["prediction"].tolist() == model.predict(rows).tolist()


@pytest.mark.parametrize("how", [{}, {"token_pattern": "[a-zö]+"}, {"analyzer": "char"}, {"lowercase": False}], ids=str)
def test_text_as_onnx_keeps_accents_and_needs_no_locale(how: dict[str, Any]) -> None:
    texts = pd.DataFrame(
        {"note": ["Größe zählt", "alte BÄUME am Fluß", "naïve café", "a Tall tree", "x y", "東京 タワー"]}
    )
    words = ColumnTransformer([("n", TfidfVectorizer(**how), "note")])
    model = make_pipeline(words, LogisticRegression()).fit(texts, [0, 1, 0, 1, 0, 1])
    made = OnnxModel(export_onnx(model, texts), path="model.onnx").predict_proba(texts)
    assert made == pytest.approx(model.predict_proba(texts), abs=1e-5)


@pytest.mark.slow
def test_a_tuned_threshold_becomes_a_fixed_one(tmp_path: Path, rows: pd.DataFrame) -> None:
    tuned = TunedThresholdClassifierCV(LogisticRegression(C=1e-4), scoring="balanced_accuracy", cv=3)
    model = make_pipeline(StandardScaler(), tuned)
    numbers, output = rows[["width", "height"]], tmp_path / "model.skops"
    model.fit(numbers, np.where(rows["width"] > 60, "größer", "kleiner"))
    assert model.predict(numbers).tolist() != tuned.estimator_.predict(model[0].transform(numbers)).tolist()
    assert answers(tmp_path, pickle.dumps(model), "-o", str(output)) == 0
    made = load_trusted(output)
    assert isinstance(made[-1], FixedThresholdClassifier)
    assert made.predict(numbers).tolist() == model.predict(numbers).tolist()


@pytest.mark.parametrize("labels", [["low", "high"], [0, 1, 2]], ids=["two words", "three numbers"])
def test_a_linear_machine_in_a_pipeline_becomes_onnx(labels: list[Any]) -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["width", "height"])
    truth = [labels[row % len(labels)] for row in range(40)]
    model = make_pipeline(StandardScaler(), LinearSVC(random_state=0)).fit(table, truth)
    made = OnnxModel(export_onnx(model, table), path="model.onnx").predict(table)
    assert made.tolist() == model.predict(table).tolist()


def test_a_vote_becomes_onnx() -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["width", "height"])
    parts = [("a", LogisticRegression()), ("b", LogisticRegression(C=0.01))]
    model = VotingClassifier(parts, voting="soft").fit(table, np.where(table["width"] > 0, "oak", "elm"))
    made = OnnxModel(export_onnx(model, table), path="model.onnx")
    assert made.predict_proba(table) == pytest.approx(model.predict_proba(table), abs=1e-5)
    assert model.flatten_transform


@pytest.mark.parametrize(
    "model",
    [
        KNeighborsClassifier(3),
        make_pipeline(StandardScaler(), FixedThresholdClassifier(LogisticRegression(), threshold=0.3)),
        VotingClassifier([("a", TunedThresholdClassifierCV(LogisticRegression(), cv=2)), ("b", LogisticRegression())]),
    ],
    ids=["neighbours", "a threshold", "a threshold inside"],
)
def test_what_onnx_does_not_carry_as_it_is_is_refused_by_name(model: Any) -> None:
    table = pd.DataFrame({"width": np.arange(20.0)})
    model.fit(table, np.arange(20) % 2)
    named = r"a (KNeighbors|FixedThreshold|TunedThreshold)Classifier(CV)? cannot be written as ONNX: "
    with pytest.raises(MintmarkError, match=named):
        export_onnx(model, table)


def test_labels_at_a_tie_are_told_and_may_be_accepted() -> None:
    agreement = Agreement(kinds=(Kind(name=GIVEN, rows=9, ties=2),), unsteady=(), tolerance=1e-5)
    made = Conversion(content=b"", type_name="", taken_from="", columns=(), agreement=agreement, isolation={})
    assert list(conversion_faults(made)) == [
        "2 labels differ where both are equally likely: rounding decides, and --accept ties writes it"
    ]
    assert not list(conversion_faults(made, ["ties"]))


def test_onnx_that_wants_a_locale_which_is_not_here_says_how_to_export_it() -> None:
    operator = helper.make_node("StringNormalizer", ["text"], ["low"], case_change_action="LOWER", locale="xx_XX")
    text, low = (helper.make_tensor_value_info(name, TensorProto.STRING, [None]) for name in ("text", "low"))
    model = helper.make_model(
        helper.make_graph([operator], "low", [text], [low]), opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
    with pytest.raises(MintmarkError, match=r"the locale xx_XX, which is not installed here; .*\"C\.UTF-8\""):
        OnnxModel(model.SerializeToString(), path="model.onnx")


@pytest.mark.slow
def test_a_hostile_pickle_gets_nothing_and_leaves_nothing(
    tmp_path: Path, rows: pd.DataFrame, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    (tmp_path / "secret.txt").write_text(SECRET)
    program = f"""
import os, socket
told = [os.environ.get("GITHUB_TOKEN")]
for attempt in (
    lambda: open({str(tmp_path / "secret.txt")!r}).read(),
    lambda: open({str(tmp_path / "left.txt")!r}, "w").write("x"),
    lambda: socket.create_connection(("127.0.0.1", 9)),
    lambda: os.fork() or os._exit(0),
):
    try:
        told.append(attempt())
    except Exception as error:
        told.append(type(error).__name__)
raise ValueError(repr(told))
"""

    class Program:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return exec, (program, {})

    assert answers(tmp_path, pickle.dumps(Program())) == 1
    said = capsys.readouterr().err
    assert "cannot be loaded here, without network and other files" in said
    assert re.search(r"\[None(, '\w+Error'){4}\]", said), said
    assert SECRET not in said
    assert sorted(os.listdir(tmp_path)) == ["model.pkl", "rows.csv", "secret.txt"]


@pytest.mark.slow
def test_a_thread_that_a_pickle_leaves_behind_keeps_nobody_waiting(
    tmp_path: Path, rows: pd.DataFrame, capsys: Any
) -> None:
    class Program:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return exec, ("import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()", {})

    begin = time.monotonic()
    assert answers(tmp_path, pickle.dumps(Program())) == 1
    assert "which has no predict" in capsys.readouterr().err
    assert time.monotonic() - begin < 250  # it has 300 seconds


def test_the_output_is_called_by_its_format(tmp_path: Path, rows: pd.DataFrame, capsys: Any) -> None:
    assert answers(tmp_path, b"x", "-o", "model.onnx") == 2
    assert "is written as skops" in capsys.readouterr().err


def test_files_of_other_tools_and_missing_ones_are_refused_at_once(
    tmp_path: Path, rows: pd.DataFrame, capsys: Any
) -> None:
    assert answers(tmp_path, b"\x89HDF\r\n\x1a\nkeras_version") == 1
    assert "is a Keras model" in capsys.readouterr().err
    assert answers(tmp_path, b"ctorch.nn.modules.linear\nLinear\n.") == 1
    assert "model.pkl: is a pickle, and holds a model of PyTorch" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "none.pkl"), "--data", str(tmp_path / "rows.csv")]) == 1
    assert "is not a file" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "model.pkl"), "--data", str(tmp_path / "none.csv")]) == 1
    assert "--data names a .csv or .parquet file" in capsys.readouterr().err
