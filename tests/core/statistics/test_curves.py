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
    found = curves.plot_columns(BINARY)["roc"]
    assert found["fpr"] == pytest.approx(fpr)
    assert found["tpr"] == pytest.approx(tpr)


def test_precision_recall_agrees_with_scikit_learn():
    precision, recall, _ = metrics.precision_recall_curve(TRUTH, SCORE)
    found = curves.plot_columns(BINARY)["precision_recall"]
    assert found["recall"][1:] == pytest.approx(recall[:-1][::-1])
    assert found["precision"][1:] == pytest.approx(precision[:-1][::-1])


def test_calibration_agrees_with_scikit_learn():
    observed, predicted = calibration.calibration_curve(TRUTH, SCORE, n_bins=10)
    found = curves.calibration_curve(BINARY)
    assert found["predicted"] == pytest.approx(predicted, abs=1e-9)
    assert found["observed"] == pytest.approx(observed, abs=1e-9)
    assert found["rows"].sum() == 300


def test_the_area_under_an_averaged_curve_is_the_macro_average():
    plots = curves.plot_columns(MANY)
    found, averaged = plots["roc"], plots["precision_recall"]
    expected = np.mean([metrics.roc_auc_score(k == MANY_TRUTH, MANY_SCORES[:, k]) for k in range(3)])
    assert np.trapezoid(found["tpr"], found["fpr"]) == pytest.approx(expected, abs=0.01)
    assert (np.diff(averaged["recall"]) > 0).all()
    assert ((averaged["precision"] >= 0) & (averaged["precision"] <= 1)).all()


def test_calibration_of_many_classes_is_that_of_the_predicted_one():
    found = curves.calibration_curve(MANY)
    assert found["predicted"].min() >= 1 / 3
    assert (found["observed"] * found["rows"]).sum() == pytest.approx((MANY.truth == MANY.prediction).sum())


def test_the_confusion_table_has_a_row_for_each_row():
    labelled = class_outcomes(["b", "a", "b"], ["a", "a", "b"], None, ["a", "b"])
    found = curves.confusion_pairs(labelled)
    assert found["actual"].tolist() == ["b", "a", "b"]
    assert found["predicted"].tolist() == ["a", "a", "b"]


def test_residuals_are_truth_minus_prediction():
    outcomes = regression_outcomes([3.0, 1.0], [2.0, 4.0])
    off, beside = curves.residuals(outcomes), curves.predicted_against_actual(outcomes)
    assert (off["predicted"].tolist(), off["residual"].tolist()) == ([2.0, 4.0], [1.0, -3.0])
    assert (beside["actual"].tolist(), beside["predicted"].tolist()) == ([3.0, 1.0], [2.0, 4.0])


def test_long_curves_are_thinned_between_their_ends():
    many = regression_outcomes(np.arange(5000.0), np.arange(5000.0))
    found = curves.predicted_against_actual(many)
    assert len(found["actual"]) == len(found["predicted"]) == curves.MOST_POINTS
    assert (found["actual"][0], found["actual"][-1]) == (0.0, 4999.0)


@pytest.mark.parametrize("curve", [curves.class_points, curves.calibration_curve])
def test_a_curve_needs_probabilities(curve):
    with pytest.raises(ValueError, match="needs probabilities"):
        curve(class_outcomes([0, 1], [0, 1], None, [0, 1]))


def rows(outcomes):
    return {
        name: {len(column) for column in columns.values()} for name, columns in curves.plot_columns(outcomes).items()
    }


def test_every_plot_has_a_table_and_those_of_another_task_have_no_rows():
    """DVC warns of a plot that is an empty folder; a table without rows it passes over in silence."""
    labels = class_outcomes([0, 1], [0, 1], None, [0, 1])
    numbers = regression_outcomes([1.0, 2.0], [1.0, 3.0])
    none = {name: {0} for name in ("roc", "precision_recall", "calibration", "confusion", "residuals", "predicted")}
    assert rows(labels) == none | {"confusion": {2}}
    assert rows(numbers) == none | {"residuals": {2}, "predicted": {2}}
    assert {name for name, found in rows(BINARY).items() if found == {0}} == {"residuals", "predicted"}


@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 2]])
def test_rows_of_one_class_have_no_curve(classes):
    scores = np.full((4, len(classes)), 1 / len(classes))
    found = rows(class_outcomes([1] * 4, [1] * 4, scores, classes))
    assert (found["roc"], found["precision_recall"], found["confusion"]) == ({0}, {0}, {4})
