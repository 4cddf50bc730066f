"""The search finds what an exhaustive loop finds, in each of its three kinds, and says what does not fit."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score

from mintmark.core.question import Question, RecipeFault
from mintmark.training.recipe import Tuning
from mintmark.training.tuning import search

RIDGE = {"class": "sklearn.linear_model.Ridge"}
X, Y = make_regression(90, 5, noise=20, random_state=1)
INPUTS, TRUTH = pd.DataFrame(X, columns=list("abcde")), pd.Series(Y)
REGRESSION = Question(task="regression", target="y", metric="mae")
BINARY = Question(task="binary-classification", target="y", metric="f1", positive_class="no")
MANY = Question(task="multiclass-classification", target="y", metric="f1")


def run(section, *, specification=RIDGE, question=REGRESSION, inputs=INPUTS, truth=TRUTH, seed=1):
    tuning = Tuning.from_dict({"folds": 3, **section})
    return search(specification, tuning, question, inputs, truth, seed=seed)


def test_a_grid_finds_what_a_loop_finds():
    alphas = [0.01, 1, 10, 1000]
    found = run({"search": "grid", "space": {"alpha": alphas}})
    folds = KFold(3, shuffle=True, random_state=1)
    scores = [
        cross_val_score(Ridge(alpha=a), INPUTS, TRUTH, cv=folds, scoring="neg_mean_absolute_error").mean()
        for a in alphas
    ]
    assert found.parameters == {"alpha": alphas[int(np.argmax(scores))]}
    assert found.trials["score"].to_numpy() == pytest.approx(scores)
    assert found.score == pytest.approx(max(scores))


def test_the_first_of_equal_candidates_wins():
    found = run({"search": "grid", "space": {"copy_X": [False, True], "alpha": [1]}})
    assert found.parameters == {"alpha": 1, "copy_X": False}


def test_an_empty_space_is_one_trial():
    found = run({"search": "grid", "space": {}})
    assert (found.parameters, len(found.trials)) == ({}, 1)


def test_a_search_chooses_between_families():
    pipeline = {"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": {"model": RIDGE}}}
    forest = {"class": "sklearn.ensemble.RandomForestRegressor", "parameters": {"n_estimators": 5}}
    space = [{"model": [RIDGE], "model__alpha": [0.1, 1]}, {"model": [forest], "model__max_depth": [1]}]
    found = run({"search": "grid", "space": space}, specification=pipeline)
    assert found.parameters["model"] == RIDGE
    assert found.parameters["model__alpha"] in (0.1, 1)
    assert found.trials["model"].tolist() == ["Ridge", "Ridge", "RandomForestRegressor"]
    assert found.trials["model__max_depth"].tolist() == ["", "", "1"]


def test_random_draws_from_ranges_by_the_seed():
    space = {"alpha": {"log_uniform": [0.001, 1000]}, "max_iter": {"integers": [5, 6]}, "tol": {"uniform": [0.1, 0.2]}}
    section = {"search": "random", "trials": 12, "space": space}
    found, again, other = run(section), run(section), run(section, seed=2)
    pd.testing.assert_frame_equal(found.trials, again.trials)
    assert not found.trials["alpha"].equals(other.trials["alpha"])
    assert found.trials["alpha"].astype(float).between(0.001, 1000).all()
    assert set(found.trials["max_iter"]) == {"5", "6"}
    assert found.trials["tol"].astype(float).between(0.1, 0.2).all()
    assert all(isinstance(value, (int, float)) for value in found.parameters.values())


@pytest.mark.parametrize("extra", [{}, {"trials": 9}])
def test_halving_goes_on_with_the_best(extra):
    space = {"alpha": [0.001, 0.01, 0.1, 1, 10, 100, 1e4, 1e6, 1e8]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = run({"search": "halving", "space": space, "factor": 3, **extra})
    rounds = found.trials.groupby("iter").size().tolist()
    assert rounds == [9, 3, 1]
    assert found.trials["n_resources"].is_monotonic_increasing
    assert found.parameters["alpha"] < 1e4


@pytest.mark.parametrize(
    ("question", "metric"),
    [
        (BINARY, "f1"),
        (BINARY, "brier"),
        (BINARY, "average_precision"),
        (MANY, "precision"),
        (MANY, "brier"),
        (MANY, "average_precision"),
        (MANY, "roc_auc"),
        (BINARY, "roc_auc"),
        (BINARY, "log_loss"),
    ],
)
def test_each_metric_ranks_a_good_model_above_a_bad_one(question, metric):
    classes = 2 if question is BINARY else 3
    inputs, truth = make_classification(150, 6, n_informative=4, n_classes=classes, random_state=3)
    labels = pd.Series(np.array(["no", "yes", "zero"])[truth])
    logistic = {"class": "sklearn.linear_model.LogisticRegression"}
    found = run(
        {"search": "grid", "metric": metric, "space": {"C": [1e-9, 1.0]}},
        specification=logistic, question=question, inputs=pd.DataFrame(inputs), truth=labels,
    )  # fmt: skip
    assert found.parameters == {"C": 1.0}
    assert (found.score < 0) == (metric in ("brier", "log_loss"))


def test_the_positive_class_decides_the_score():
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    inputs, truth = make_classification(200, 6, weights=[0.8], flip_y=0.2, random_state=3)
    labels = pd.Series(np.array(["yes", "no"])[truth])
    tree = {"class": "sklearn.tree.DecisionTreeClassifier", "parameters": {"max_depth": 2}}
    found = run(
        {"search": "grid", "space": {}}, specification=tree, question=BINARY, inputs=pd.DataFrame(inputs), truth=labels
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=1)
    predicted = cross_val_predict(DecisionTreeClassifier(max_depth=2, random_state=1), inputs, labels, cv=folds)
    parts = [f1_score(labels[test], predicted[test], pos_label="no") for _, test in folds.split(inputs, labels)]
    assert found.score == pytest.approx(np.mean(parts))


@pytest.mark.parametrize(
    ("section", "place", "message"),
    [
        ({"search": "grid", "space": {"alfa": [1]}}, ("tune", "space", "alfa"), 'did you mean "alpha"'),
        ({"search": "grid", "space": [{"alpha": [1]}, {"beta": [1]}]}, ("tune", "space", 1, "beta"), "no parameter"),
        ({"search": "grid", "space": {"alpha": [-1]}}, ("tune", "space", "alpha", 0), "must be a float in the range"),
        ({"search": "grid", "metric": "f1", "space": {}}, ("tune", "metric"), "f1 is not a metric of regression"),
        ({"search": "grid", "folds": 100, "space": {}}, ("tune", "folds"), "90 training rows do not fill 100 folds"),
        (
            {"search": "grid", "space": {"alpha": [{"class": "os.system"}]}},
            ("tune", "space", "alpha", 0, "class"),
            "not part of scikit-learn",
        ),
    ],
)
def test_a_search_that_cannot_work_is_a_fault(section, place, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        run(section)
    assert caught.value.place == place
