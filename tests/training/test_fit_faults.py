"""What scikit-learn refuses while it fits is told with the key of params.yaml that caused it, in one sentence."""

from __future__ import annotations

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from mintmark.core.question import Question, RecipeFault
from mintmark.training.fit_faults import fit_fault, parts_of
from mintmark.training.folds import Kept
from mintmark.training.recipe import Tuning
from mintmark.training.tuning import search

ROWS = 60
NUMBERS = pd.DataFrame(np.random.default_rng(1).normal(size=(ROWS, 4)), columns=list("abcd"))
TEXT = NUMBERS.assign(a=pd.Series(["male", "female"] * (ROWS // 2), dtype="str"))
GAPS = NUMBERS.assign(b=np.nan)
CLASSES = pd.Series(["no", "yes"] * (ROWS // 2), dtype="str")
BINARY = Question(task="binary-classification", target="y", metric="f1", positive_class="yes")
LINEAR, PARTS = "sklearn.linear_model", ("estimator", "parameters", "steps")


def logistic(**parameters):
    return {"class": f"{LINEAR}.LogisticRegression", "parameters": parameters}


def steps(**parts):
    return {"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": parts}}


def one(name, **parameters):
    return {"class": f"sklearn.{name}", "parameters": parameters}


def fault_of(specification, space, inputs=NUMBERS, truth=CLASSES, *, metric="f1", folds=3):
    question = Question(task=BINARY.task, target="y", metric=metric, positive_class="yes")
    tuning = Tuning.from_dict({"search": "grid", "folds": folds, "space": space})
    with pytest.raises(RecipeFault) as caught:
        search(specification, tuning, question, inputs, truth, seed=1)
    return caught.value.place, caught.value.message


SPACE = {"model__C": [1]}
CASES = [
    (logistic(penalty="l1"), {"C": [1]}, NUMBERS, ("estimator", "parameters", "penalty"), "supports only 'l2'"),
    (logistic(), {"penalty": ["l2", "l1"]}, NUMBERS, ("tune", "space", "penalty"), "change one of the two"),
    (
        steps(scale=one("preprocessing.StandardScaler"), model=logistic()), SPACE, TEXT,
        (*PARTS, "scale"), r'StandardScaler \("scale"\) fails: could not convert .*"a" holds text; encode',
    ),
    (steps(model=logistic()), SPACE, GAPS, (*PARTS, "model"), '"b" has missing values; write another rule than keep'),
    (
        steps(scale=one("preprocessing.StandardScaler"), count=one("naive_bayes.MultinomialNB")), {}, NUMBERS,
        (*PARTS, "count"), r'MultinomialNB \("count"\) fails: Negative values .*put sklearn.preprocessing.MinMaxScaler',
    ),
    (
        steps(pca=one("decomposition.PCA", n_components=10), model=logistic()), SPACE, NUMBERS,
        (*PARTS, "pca", "parameters", "n_components"), "must be between 0 and .*; write a smaller number",
    ),
    (
        steps(model=logistic()), [{"model": [one("neighbors.KNeighborsClassifier")], "model__n_neighbors": [50]}],
        NUMBERS, ("tune", "space", "model__n_neighbors"), "Expected n_neighbors <= n_samples_fit.* write a smaller",
    ),
    (
        steps(few=one("feature_selection.VarianceThreshold", threshold=1e9), model=logistic()), SPACE, NUMBERS,
        (*PARTS, "few", "parameters", "threshold"), "threshold",
    ),
    (
        one("compose.ColumnTransformer", transformers={"x": {"transformer": "passthrough", "columns": ["zz"]}}), {},
        NUMBERS, ("estimator",), 'the inputs are "a", "b", "c", "d"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("specification", "space", "inputs", "place", "told"), CASES)
def test_the_key_is_named(specification, space, inputs, place, told):
    where, message = fault_of(specification, space, inputs)
    assert where == place, message
    assert re.search(told, message)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("values", "decimal", "told"),
    [
        (["1,5", "2"], ".", '"a" has a decimal comma; write decimal: "," under source:'),
        (["0x1F", "2", "3"], ".", "\"a\" holds '0x1F' among numbers; mend it, or name it under source: missing:"),
        (["1.5", "2,5", "3,5"], ",", "\"a\" holds '1.5' among numbers"),
    ],
)
def test_what_makes_text_of_a_column_of_numbers_is_named(values, decimal, told):
    inputs = pd.DataFrame({"a": pd.Series((values * ROWS)[:ROWS], dtype="str")})
    parts = list(parts_of(LogisticRegression(), logistic(), ("estimator",)))
    fault = fit_fault(
        ValueError(f"could not convert string to float: '{values[0]}'"), parts, {}, inputs, decimal=decimal
    )
    assert told in fault.message


@pytest.mark.slow
def test_another_process_tells_the_same():
    here = fault_of(steps(model=logistic(penalty="l1")), SPACE)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert fault_of(steps(model=logistic(penalty="l1")), SPACE) == here
    assert here[0] == (*PARTS, "model", "parameters", "penalty")


def test_a_metric_that_the_estimator_cannot_be_scored_by():
    place, message = fault_of(steps(model=one("svm.SVC")), {}, metric="log_loss")
    assert place == ("estimator",)
    assert "take a metric that needs no probabilities" in message


def test_folds_that_nothing_can_be_scored_on():
    """scikit-learn warns, and gives no number; the first of the trials is then no winner."""
    later = pd.Series(["no", "yes"] * 10 + ["no"] * 40, dtype="str")
    kept = Kept(kind="in order", column=pd.Series(range(ROWS), name="day"))
    question = Question(task=BINARY.task, target="y", metric="roc_auc", positive_class="yes")
    tuning = Tuning.from_dict({"search": "grid", "folds": 2, "space": {"C": [1, 2]}})
    with pytest.raises(RecipeFault, match="roc_auc has no value on fold 1 of 2; its 20 rows all hold 'no'"):
        search(logistic(), tuning, question, NUMBERS, later, seed=1, kept=kept)
    with pytest.raises(RecipeFault, match="one class; write fewer folds"):
        search(logistic(), tuning, question, NUMBERS, later.iloc[::-1].reset_index(drop=True), seed=1, kept=kept)
