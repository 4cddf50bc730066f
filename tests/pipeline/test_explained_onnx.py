"""What moves the answers of an ONNX candidate is what moves those of the model that it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.base import is_classifier
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.pipeline.test_compress import INT8, LABEL, NUMBER, ROWS, loaded, smaller
from tests.pipeline.test_stages import load_stage

from mintmark.core.provenance.explained import explanation_faults
from mintmark.core.question import Question
from mintmark.core.records import Signature
from mintmark.core.statistics import evaluation
from mintmark.registry.files import read_json
from mintmark.registry.schemas import accepts
from mintmark.training.compression import OnnxEstimator

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    ("model", "by"),
    [
        (
            make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=32, max_iter=30, random_state=1)),
            "probability",
        ),
        (make_pipeline(StandardScaler(), PCA(4), RidgeClassifier()), "share"),
        (
            make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=32, max_iter=60, random_state=1)),
            "prediction",
        ),
    ],
)
def test_an_onnx_candidate_is_explained_as_what_it_was_made_from(tmp_path, model, by):
    stage, classes = load_stage(ROOT, "evaluate"), ["no", "yes"] if is_classifier(model) else []
    truth = LABEL if classes else NUMBER
    model.fit(ROWS, truth)
    small = OnnxEstimator(loaded(smaller(model, truth, INT8), tmp_path, "onnx"), classes)
    question = Question(
        task="binary-classification" if classes else "regression",
        target="answer",
        metric="accuracy" if classes else "mae",
        positive_class="yes" if classes else None,
    )
    order = {name: {"mean": 1.0, "std": 0.0} for name in ROWS}
    whole, found = (stage.explanation(each, ROWS, classes, question, found=order, seed=1) for each in (model, small))
    assert found["by"] == by
    shipped = read_json(ROOT / "models/breast-cancer/versions/1.0.0/metrics.json")
    assert accepts("metrics", shipped | {"explanation": found})
    prediction, shares = stage.predict(small, ROWS)
    about = evaluation.signature(ROWS, stage.pd.Series(prediction), shares, classes)
    assert list(explanation_faults(found, Signature.from_dict(about))) == []
    for ours, theirs in zip(found["curves"], whole["curves"], strict=True):
        assert ours["values"] == theirs["values"]
        assert ours["answers"] == pytest.approx(theirs["answers"], abs=0.05)
    for ours, theirs in zip(found["rows"], whole["rows"], strict=True):
        assert ours["answer"] == pytest.approx(theirs["answer"], abs=0.05)
        parts = sum(part["value"] for part in ours["inputs"].values())
        assert ours["base"] + parts == pytest.approx(ours["answer"], abs=1e-4)
