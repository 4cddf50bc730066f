"""The stage that makes a model smaller, added to a pipeline with the very lines of the how-to."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx.reference import ReferenceEvaluator
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tests.scaffold.marks import first_quick

from mintmark.artifacts.loading import load_artifact
from mintmark.core.question import RecipeFault
from mintmark.training.compression import OnnxEstimator, compress
from mintmark.training.recipe import Compression, Recipe

HOW_TO = Path(__file__).parents[2] / "docs/how-to/compress-a-model.md"
GENERATOR = np.random.default_rng(1)
ROWS = pd.DataFrame(GENERATOR.normal(size=(400, 6)), columns=list("abcdef"))
NUMBER = ROWS["a"] * 2 + ROWS["b"].abs() + GENERATOR.normal(0, 0.3, 400)
LABEL = pd.Series(np.where(NUMBER > 0.5, "yes", "no"))
PRUNE = Compression(method="prune", ccp_alpha=0.005)
INT8 = Compression(method="int8")
STUDENT = {"class": "sklearn.tree.DecisionTreeClassifier", "parameters": {"max_depth": 3}}


def smaller(model, truth, plan):
    return compress(model, ROWS, truth, plan, seed=1, trusted=())


def loaded(content, tmp_path, kind="skops"):
    path = tmp_path / f"model.{kind}"
    path.write_bytes(content)
    return load_artifact(path, kind)


def whole(model):
    from mintmark.artifacts.skops.format import dump_canonical

    return len(dump_canonical(model))


def test_pruned_trees_have_fewer_leaves_and_answer_alike(tmp_path):
    model = make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=1)).fit(ROWS, LABEL)
    content = smaller(model, LABEL, PRUNE)
    assert content == smaller(model, LABEL, PRUNE)
    made = loaded(content, tmp_path)
    leaves = [sum(tree.get_n_leaves() for tree in each[-1].estimators_) for each in (made, model)]
    assert leaves[0] < leaves[1] / 2
    assert len(content) < whole(model)
    assert (made.predict(ROWS) == model.predict(ROWS)).mean() > 0.9
    assert model.get_params()["randomforestclassifier__ccp_alpha"] == 0


def test_a_student_learns_the_probabilities_of_the_teacher(tmp_path):
    teacher = RandomForestClassifier(30, random_state=1, min_samples_leaf=5).fit(ROWS, LABEL)
    plan = Compression(method="distill", estimator=STUDENT)
    made = loaded(smaller(teacher, LABEL, plan), tmp_path)
    alone = DecisionTreeClassifier(max_depth=3, random_state=1).fit(ROWS, LABEL)
    told = teacher.predict_proba(ROWS)
    gaps = [np.abs(each.predict_proba(ROWS) - told).mean() for each in (made, alone)]
    assert gaps[0] < gaps[1]
    assert list(made.classes_) == ["no", "yes"]


def test_a_student_of_a_regression_learns_the_predictions(tmp_path):
    teacher = RandomForestRegressor(10, random_state=1).fit(ROWS, NUMBER)
    plan = Compression(
        method="distill", estimator={"class": "sklearn.linear_model.Ridge", "parameters": {"alpha": 0.01}}
    )
    made = loaded(smaller(teacher, NUMBER, plan), tmp_path)
    expected = LinearRegression().fit(ROWS, teacher.predict(ROWS))
    assert made.predict(ROWS) == pytest.approx(expected.predict(ROWS), abs=1e-2)


@pytest.mark.parametrize(
    ("network", "truth"),
    first_quick(
        [
            (MLPClassifier(hidden_layer_sizes=(64, 64), max_iter=30, random_state=1), LABEL),
            (MLPRegressor(hidden_layer_sizes=(64, 64), max_iter=30, random_state=1), NUMBER),
        ]
    ),
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_network_in_8_bits_is_a_fraction_and_answers_alike(tmp_path, network, truth):
    model = make_pipeline(StandardScaler(), network).fit(ROWS, truth)
    content = smaller(model, truth, INT8)
    assert content == smaller(model, truth, INT8)
    assert len(content) < whole(model) / 3
    made = loaded(content, tmp_path, "onnx")
    if truth is LABEL:
        assert (made.predict(ROWS) == model.predict(ROWS)).mean() > 0.98
        assert made.predict_proba(ROWS) == pytest.approx(model.predict_proba(ROWS), abs=0.05)
        answers = made.predict_proba
    else:
        assert np.abs(made.predict(ROWS) - model.predict(ROWS)).mean() < 0.05
        answers = made.predict
    # A row gets one answer, beside whichever rows it is asked about, and that of the standard's own arithmetic.
    given = answers(ROWS)
    assert np.concatenate([answers(ROWS[start : start + 1]) for start in range(40)]) == pytest.approx(given[:40], 1e-6)
    odd = ROWS.copy()
    odd.iloc[0], odd.iloc[1, 2], odd.iloc[2] = 1e6, np.nan, 0.0
    assert answers(odd)[3:] == pytest.approx(given[3:], 1e-6)
    assert np.isnan(answers(odd)[1]).all()
    assert np.isfinite(np.delete(answers(odd), 1, axis=0)).all()
    reference = ReferenceEvaluator(onnx.load_model_from_string(content)).run(None, {"inputs": ROWS.to_numpy("float32")})
    assert given == pytest.approx(reference[-1].reshape(given.shape), abs=1e-5)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_classifier_without_probabilities_gets_none_in_8_bits(tmp_path):
    model = make_pipeline(StandardScaler(), PCA(4), RidgeClassifier()).fit(ROWS, LABEL)
    made = OnnxEstimator(loaded(smaller(model, LABEL, INT8), tmp_path, "onnx"), ["no", "yes"])
    assert (made.predict(ROWS) == model.predict(ROWS)).mean() > 0.98
    assert not hasattr(made, "predict_proba")
    network = MLPClassifier(hidden_layer_sizes=4, max_iter=1, random_state=1).fit(ROWS, LABEL)
    made = OnnxEstimator(loaded(smaller(network, LABEL, INT8), tmp_path, "onnx"), ["no", "yes"])
    assert made.predict_proba(ROWS).shape == (400, 2)


def test_what_onnx_does_not_carry_is_named_with_other_methods():
    model = HistGradientBoostingRegressor(max_iter=2).fit(ROWS, NUMBER)
    message = r"^a HistGradientBoostingRegressor cannot be written as ONNX \(.*\); prune or distil it$"
    with pytest.raises(RecipeFault, match=message):
        smaller(model, NUMBER, INT8)


@pytest.mark.parametrize(
    ("plan", "message"),
    [(PRUNE, "has no trees to prune; distil it"), (INT8, "is a product of matrices, which is all that int8 shrinks")],
)
def test_a_method_that_does_not_fit_the_model_says_so(plan, message):
    model = (
        DecisionTreeClassifier(max_depth=2).fit(ROWS, LABEL) if plan is INT8 else LinearRegression().fit(ROWS, NUMBER)
    )
    with pytest.raises(RecipeFault, match=message) as caught:
        smaller(model, LABEL, plan)
    assert caught.value.place == ("compress", "method")


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"compress": {"method": "int8"}}, ("compress",), "write artifact: model.compressed.onnx"),
        ({"artifact": "model.compressed.skops"}, ("artifact",), "write artifact: model.skops"),
        (
            {"artifact": "model.compressed.onnx", "compress": {"method": "prune", "ccp_alpha": 1}},
            ("artifact",),
            "write artifact: model.compressed.skops",
        ),
    ],
)
def test_a_section_whose_artifact_is_another_is_a_fault(changes, place, message):
    section = {
        "seed": 1,
        "source": {"path": "x.csv"},
        "prepare": {"split": {"method": "random", "evaluation": 0.3}},
        "estimator": STUDENT,
        "tune": {"search": "grid", "folds": 3, "space": {"max_depth": [1]}},
        "evaluate": {},
    }
    with pytest.raises(RecipeFault, match=message) as caught:
        Recipe.from_dict("churn", section | changes)
    assert caught.value.place == place


def lines_of_the_how_to():
    """The stage, the dependency of evaluate, and the lines of a section, as the page has them."""
    return re.findall(r"```yaml\n(.*?)```", HOW_TO.read_text(), re.S)


def add_the_stage(repository, lines):
    stage, dependency, section = lines
    pipeline = (repository.root / "dvc.yaml").read_text()
    before, after = pipeline.split("  evaluate:\n")
    after = after.replace("        - models/${key}/candidate/model.skops\n", dependency, 1)
    (repository.root / "dvc.yaml").write_text(f"{before}{stage}\n  evaluate:\n{after}")
    repository.replace("params.yaml", "    seed: 1\n", f"    seed: 1\n{section}")
    logistic = "{class: sklearn.linear_model.LogisticRegression}"
    repository.replace("params.yaml", logistic, "{class: sklearn.tree.DecisionTreeClassifier}")
    repository.replace("params.yaml", "model__C: [0.1, 10]", "model__max_depth: [8]")


@pytest.mark.long
def test_the_lines_of_the_how_to_make_a_smaller_candidate_and_evaluate_measures_it(repository):
    add_the_stage(repository, lines_of_the_how_to())
    output = repository.dvc("repro")
    ran = [name for name in ("prepare", "tune", "train", "compress", "evaluate") if f"stage '{name}@churn'" in output]
    assert ran[-4:] == ["tune", "train", "compress", "evaluate"]
    made = repository.candidate()
    assert len(made["model.compressed.skops"]) < len(made["model.skops"])
    digest = hashlib.sha256(made["model.compressed.skops"]).hexdigest()
    assert json.loads(made["cost.json"])["artifact"] == f"sha256:{digest}"
    repository.replace("params.yaml", "ccp_alpha: 0.01", "ccp_alpha: 0.02")
    assert sorted(name for name in json.loads(repository.dvc("status", "--json")) if "@" in name) == ["compress@churn"]
