"""Curves against scikit-learn, and what each table looks like."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import calibration, metrics

from mintmark.core.statistics import curves
from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes

GENERATOR = np.random.default_rng(1)
TRUTH = GENERATOR.integers(0, 2, 300)
SCORE = np.round(np.clip(0.3 * TRUTH + GENERATOR.random(300) * 0.7, 0, 1), 2)
BINARY = class_outcomes(TRUTH, (SCORE > 0.5).astype(int), np.c_[1 - SCORE, SCORE], [0, 1])
MANY_TRUTH = GENERATOR.integers(0, 3, 300)
MANY_SCORES = GENERATOR.dirichlet([1, 1, 1], 300) * 0.5 + 0.5 * np.eye(3)[MANY_TRUTH]
MANY = class_outcomes(MANY_TRUTH, MANY_SCORES.argmax(axis=1), MANY_SCORES, [0, 1, 2])


def test_roc_agrees_with_scikit_learn():
    fpr, tpr, _ = metrics.roc_curve(TRUTH, SCORE, drop_intermediate=False)
    found = curves.roc_curve(BINARY)
    assert found["fpr"].to_numpy() == pytest.approx(fpr)
    assert found["tpr"].to_numpy() == pytest.approx(tpr)


def test_precision_recall_agrees_with_scikit_learn():
    precision, recall, _ = metrics.precision_recall_curve(TRUTH, SCORE)
    found = curves.precision_recall_curve(BINARY).iloc[1:]
    assert found["recall"].to_numpy() == pytest.approx(recall[:-1][::-1])
    assert found["precision"].to_numpy() == pytest.approx(precision[:-1][::-1])


def test_calibration_agrees_with_scikit_learn():
    observed, predicted = calibration.calibration_curve(TRUTH, SCORE, n_bins=10)
    found = curves.calibration_curve(BINARY)
    assert found["predicted"].to_numpy() == pytest.approx(predicted, abs=1e-9)
    assert found["observed"].to_numpy() == pytest.approx(observed, abs=1e-9)
    assert found["rows"].sum() == 300


def test_the_area_under_an_averaged_curve_is_the_macro_average():
    found = curves.roc_curve(MANY)
    expected = np.mean([metrics.roc_auc_score(k == MANY_TRUTH, MANY_SCORES[:, k]) for k in range(3)])
    assert np.trapezoid(found["tpr"], found["fpr"]) == pytest.approx(expected, abs=0.01)
    averaged = curves.precision_recall_curve(MANY)
    assert averaged["recall"].is_monotonic_increasing
    assert averaged["precision"].between(0, 1).all()


def test_calibration_of_many_classes_is_that_of_the_predicted_one():
    found = curves.calibration_curve(MANY)
    assert found["predicted"].min() >= 1 / 3
    assert (found["observed"] * found["rows"]).sum() == pytest.approx((MANY.truth == MANY.prediction).sum())


def test_the_confusion_table_has_a_row_for_each_row():
    labelled = class_outcomes(["b", "a", "b"], ["a", "a", "b"], None, ["a", "b"])
    assert curves.confusion_pairs(labelled).to_numpy().tolist() == [["b", "a"], ["a", "a"], ["b", "b"]]


def test_residuals_are_truth_minus_prediction():
    outcomes = regression_outcomes([3.0, 1.0], [2.0, 4.0])
    assert curves.residuals(outcomes).to_numpy().tolist() == [[2.0, 1.0], [4.0, -3.0]]
    assert curves.predicted_against_actual(outcomes).to_numpy().tolist() == [[3.0, 2.0], [1.0, 4.0]]


def test_long_curves_are_thinned_between_their_ends():
    many = regression_outcomes(np.arange(5000.0), np.arange(5000.0))
    found = curves.predicted_against_actual(many)
    assert len(found) == curves.MOST_POINTS
    assert (found["actual"].iloc[0], found["actual"].iloc[-1]) == (0.0, 4999.0)


@pytest.mark.parametrize("curve", [curves.roc_curve, curves.precision_recall_curve, curves.calibration_curve])
def test_a_curve_needs_probabilities(curve):
    with pytest.raises(ValueError, match="needs probabilities"):
        curve(class_outcomes([0, 1], [0, 1], None, [0, 1]))
