"""Every metric against scikit-learn, unweighted and under the counts of random resamples (as sample weights)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from tests.scaffold.examples import examples
from tests.scaffold.marks import first_quick

from mintmark.core.statistics.metric_names import CLASSIFICATION, LABEL_METRICS, REGRESSION, metric_names
from mintmark.core.statistics.metrics import (
    class_outcomes,
    metric_value,
    metric_values,
    regression_outcomes,
)

REFERENCE_REGRESSION = {
    "mse": reference.mean_squared_error,
    "rmse": reference.root_mean_squared_error,
    "mae": reference.mean_absolute_error,
    "r2": reference.r2_score,
    "explained_variance": reference.explained_variance_score,
    "mape": reference.mean_absolute_percentage_error,
}


def counts_of(rows, seed, resamples=7):
    """A resample never loses a row here, so that every class keeps support; some counts are large."""
    return np.random.default_rng(seed).integers(1, 5, size=(resamples, rows)).astype(float)


def reference_class(name, truth, prediction, probabilities, classes, positive, weights):
    binary = positive is not None
    one = {"pos_label": positive} if binary else {"average": "macro", "labels": classes}
    if name in ("precision", "recall", "f1"):
        return getattr(reference, f"{name}_score")(truth, prediction, sample_weight=weights, zero_division=0, **one)
    if name in ("accuracy", "balanced_accuracy"):
        return getattr(reference, f"{name}_score")(truth, prediction, sample_weight=weights)
    if name == "log_loss":
        return reference.log_loss(truth, probabilities, labels=classes, sample_weight=weights)
    k = classes.index(positive) if binary else None
    if name == "brier":
        if binary:
            return reference.brier_score_loss(truth, probabilities[:, k], pos_label=positive, sample_weight=weights)
        return reference.brier_score_loss(truth, probabilities, labels=classes, sample_weight=weights)
    measure = reference.roc_auc_score if name == "roc_auc" else reference.average_precision_score
    each = [k] if binary else range(len(classes))
    return np.mean([measure(np.asarray(truth) == classes[i], probabilities[:, i], sample_weight=weights) for i in each])


def random_classes(seed, rows, classes, *, digits):
    """Outcomes with tied scores (probabilities rounded to few digits), in which every class occurs."""
    generator = np.random.default_rng(seed)
    truth = np.r_[np.arange(len(classes)), generator.integers(0, len(classes), rows - len(classes))]
    raw = generator.dirichlet(np.ones(len(classes)), rows) + 0.4 * np.eye(len(classes))[truth]
    raw = np.round(raw / raw.sum(axis=1, keepdims=True), digits) + 1e-3
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    labels = np.array(classes)
    return labels[truth].tolist(), labels[probabilities.argmax(axis=1)].tolist(), probabilities


@pytest.mark.parametrize("name", sorted(REFERENCE_REGRESSION))
@given(seed=st.integers(0, 2**32 - 1), shift=st.sampled_from([0.0, 1e6]))
@settings(max_examples=examples(20), deadline=None)
def test_regression_agrees_with_scikit_learn(name, seed, shift):
    generator = np.random.default_rng(seed)
    truth = generator.normal(50, 20, 40) + shift
    prediction = truth + generator.normal(3, 10, 40)
    outcomes = regression_outcomes(truth, prediction)
    measure = REFERENCE_REGRESSION[name]
    assert metric_value(name, outcomes) == pytest.approx(measure(truth, prediction), rel=1e-9)
    counts = counts_of(40, seed)
    expected = [measure(truth, prediction, sample_weight=weights) for weights in counts]
    assert metric_values([name], outcomes, counts)[name] == pytest.approx(expected, rel=1e-7)


def test_max_error_is_that_of_the_rows_that_were_drawn():
    truth, prediction = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.5, 0.0, 3.0, 5.0])
    outcomes = regression_outcomes(truth, prediction)
    assert metric_value("max_error", outcomes) == reference.max_error(truth, prediction) == 2.0
    counts = np.array([[4, 0, 0, 0], [0, 0, 4, 0], [1, 0, 1, 2], [0, 1, 0, 3]], dtype=float)
    assert metric_values(["max_error"], outcomes, counts)["max_error"].tolist() == [0.5, 0.0, 1.0, 2.0]


@pytest.mark.parametrize("name", first_quick(CLASSIFICATION))
@pytest.mark.parametrize("positive", first_quick(["no", "yes"]))
@given(seed=st.integers(0, 2**32 - 1), digits=st.sampled_from([1, 6]))
@settings(max_examples=examples(15), deadline=None)
def test_binary_agrees_with_scikit_learn(name, positive, seed, digits):
    classes = ["no", "yes"]
    truth, prediction, probabilities = random_classes(seed, 50, classes, digits=digits)
    outcomes = class_outcomes(truth, prediction, probabilities, classes, positive=positive)
    for counts in (np.ones((1, 50)), counts_of(50, seed)):
        expected = [
            reference_class(name, truth, prediction, probabilities, classes, positive, weights) for weights in counts
        ]
        assert metric_values([name], outcomes, counts)[name] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", first_quick(CLASSIFICATION))
@given(seed=st.integers(0, 2**32 - 1), digits=st.sampled_from([1, 6]))
@settings(max_examples=examples(15), deadline=None)
def test_many_classes_agree_with_scikit_learn(name, seed, digits):
    classes = [3, 5, 8, 9]
    truth, prediction, probabilities = random_classes(seed, 60, classes, digits=digits)
    outcomes = class_outcomes(truth, prediction, probabilities, classes)
    for counts in (np.ones((1, 60)), counts_of(60, seed)):
        expected = [
            reference_class(name, truth, prediction, probabilities, classes, None, weights) for weights in counts
        ]
        assert metric_values([name], outcomes, counts)[name] == pytest.approx(expected, rel=1e-9)


def test_a_class_that_does_not_occur_is_left_out_of_the_average():
    classes = ["a", "b", "c"]
    truth, prediction = ["a", "a", "b", "b"], ["a", "c", "b", "b"]
    probabilities = np.array([[0.8, 0.1, 0.1], [0.3, 0.1, 0.6], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])
    outcomes = class_outcomes(truth, prediction, probabilities, classes)
    occurring = {"labels": ["a", "b"], "average": "macro", "zero_division": 0}
    assert metric_value("f1", outcomes) == pytest.approx(reference.f1_score(truth, prediction, **occurring))
    assert metric_value("recall", outcomes) == pytest.approx(0.75)
    assert metric_value("balanced_accuracy", outcomes) == pytest.approx(0.75)
    assert metric_value("roc_auc", outcomes) == 1.0


def test_a_metric_is_not_a_number_where_it_is_not_defined():
    one_class = class_outcomes(["y", "y"], ["y", "n"], np.array([[0.2, 0.8], [0.6, 0.4]]), ["n", "y"])
    assert np.isnan(metric_value("roc_auc", one_class))
    constant = regression_outcomes([2.0, 2.0], [1.0, 2.0])
    assert np.isnan(metric_value("r2", constant))
    assert np.isnan(metric_value("explained_variance", constant))
    assert metric_value("mae", constant) == 0.5


@pytest.mark.parametrize(
    ("truth", "prediction", "probabilities", "complaint"),
    [
        (["a", "b"], ["a", "c"], None, "'c' is not one of the classes"),
        (["a", "b"], ["a"], None, "shape"),
        (["a", "b"], ["a", "b"], np.array([[0.5, 0.5]]), "have shape"),
        (["a", "b"], ["a", "b"], np.array([[0.5, 0.5], [np.nan, 1]]), "between 0 and 1"),
        (["a", "b"], ["a", "b"], np.array([[0.5, 0.5], [-0.5, 1.5]]), "between 0 and 1"),
        (["a", "b"], ["a", "b"], np.array([[0.5, 0.5], [0.5, 0.6]]), "sum to 1"),
    ],
)
def test_predictions_that_cannot_be_measured_are_refused(truth, prediction, probabilities, complaint):
    with pytest.raises(ValueError, match=complaint):
        class_outcomes(truth, prediction, probabilities, ["a", "b"])


@pytest.mark.parametrize("prediction", [[1.0], [1.0, np.nan], [1.0, np.inf], [[1.0], [2.0]]])
def test_numbers_that_cannot_be_measured_are_refused(prediction):
    with pytest.raises(ValueError, match="truth"):
        regression_outcomes([1.0, 2.0], prediction)


def test_taking_rows_takes_everything_along():
    outcomes = class_outcomes(
        ["a", "b", "b"], ["a", "b", "a"], np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), ["a", "b"]
    )
    part = outcomes.take(np.array([False, True, True]))
    assert metric_value("accuracy", part) == 0.5
    assert part.probabilities.tolist() == [[0.2, 0.8], [0.6, 0.4]]
    assert (part.classes, part.positive) == (("a", "b"), 1)


def test_names_follow_the_task():
    assert metric_names("regression") == REGRESSION
    assert metric_names("binary-classification", probabilities=False) == LABEL_METRICS
    assert metric_names("multiclass-classification") == CLASSIFICATION
