"""The curves of a review at equal steps, against scikit-learn's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes
from mintmark.core.statistics.review_curves import STEPS, curves_of

GRID = np.linspace(0, 1, STEPS)


def scored(truth, score, classes=(0, 1)):
    table = np.c_[1 - score, score]
    return class_outcomes(truth, (score > 0.5).astype(int), table, list(classes))


def example(seed, rows=150, *, digits=None):
    generator = np.random.default_rng(seed)
    truth = np.r_[0, 1, generator.integers(0, 2, rows - 2)]
    score = np.clip(generator.normal(0.3 + 0.4 * truth, 0.25), 0, 1)
    return truth, score if digits is None else score.round(digits)


def lines(curve):
    return {name: np.array(values) for name, values in curve.lines}


def highest(x, y, grid):
    """y where a line through the points crosses x; at a step the upper end."""
    tops = {value: y[x == value].max() for value in np.unique(x)}
    return np.interp(grid, list(tops), list(tops.values()))


@pytest.mark.parametrize("digits", [None, 1])
def test_roc_and_precision_recall_are_those_of_scikit_learn(digits):
    sides = {"iris@1.1.0": example(1, digits=digits), "iris@1.0.0": example(2, digits=digits)}
    (ours, (truth, score)), (theirs, (other_truth, other)) = sides.items()
    roc, pr = curves_of(ours, scored(truth, score), theirs, scored(other_truth, other))
    assert (roc.title, roc.x_label, roc.y_label) == ("ROC curve", "False positive rate", "True positive rate")
    assert (pr.title, pr.x_label, pr.y_label) == ("Precision and recall", "Recall", "Precision")
    for curve in (roc, pr):
        assert (curve.start, curve.end) == (0, 1)
        assert [name for name, _ in curve.lines] == ["iris@1.1.0", "iris@1.0.0"]
    for name, (actual, probability) in sides.items():
        fpr, tpr, _ = reference.roc_curve(actual, probability, drop_intermediate=False)
        assert lines(roc)[name] == pytest.approx(highest(fpr, tpr, GRID), abs=6e-5)
        assert (np.diff(lines(roc)[name]) >= 0).all()
        precision, recall, _ = reference.precision_recall_curve(actual, probability)
        positive = recall > 0  # where scikit-learn sets the precision of no prediction at all to 1
        assert lines(pr)[name][1:] == pytest.approx(highest(recall[positive], precision[positive], GRID[1:]), abs=6e-5)


def test_a_perfect_model_and_one_that_knows_nothing():
    truth = np.array([0, 1] * 20)
    roc, pr = curves_of("a", scored(truth, truth.astype(float)), "b", scored(truth, np.full(40, 0.5)))
    assert lines(roc)["a"].tolist() == [1.0] * STEPS
    assert lines(pr)["a"].tolist() == [1.0] * STEPS
    assert lines(roc)["b"] == pytest.approx(GRID, abs=6e-5)  # four digits are drawn
    assert lines(pr)["b"].tolist() == [0.5] * STEPS


def test_three_classes_have_an_average():
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 3, 200)
    table = generator.dirichlet(np.ones(3), 200) + np.eye(3)[truth]
    table /= table.sum(axis=1, keepdims=True)
    roc, pr = curves_of("a", class_outcomes(truth, table.argmax(axis=1), table, [0, 1, 2]))
    each = []
    for k in range(3):
        fpr, tpr, _ = reference.roc_curve(truth == k, table[:, k], drop_intermediate=False)
        each.append(highest(fpr, tpr, GRID))
    assert lines(roc)["a"][1:] == pytest.approx(np.mean(each, axis=0)[1:], abs=0.02)
    assert (np.diff(lines(roc)["a"]) >= 0).all()
    assert np.isfinite(lines(pr)["a"]).all()


def test_a_model_without_probabilities_has_no_line():
    truth, score = example(1)
    labels = class_outcomes(truth, (score > 0.5).astype(int), None, [0, 1])
    assert curves_of("a", labels) == []
    assert curves_of("a", labels, "b", labels) == []
    roc, pr = curves_of("a", labels, "b", scored(truth, score))
    assert list(lines(roc)) == list(lines(pr)) == ["b"]
    roc, _ = curves_of("a", scored(truth, score), "b", labels)
    assert list(lines(roc)) == ["a"]
    roc, _ = curves_of("a", scored(truth, score))
    assert list(lines(roc)) == ["a"]


@pytest.mark.parametrize("label", [0, 1])
def test_rows_of_one_class_have_no_curve(label):
    assert curves_of("a", scored(np.full(5, label), np.linspace(0, 1, 5))) == []


def test_errors_of_a_regression():
    truth = np.zeros(101)
    near, far = np.linspace(-1, 1, 101), np.linspace(0, 4, 101)
    (curve,) = curves_of("a", regression_outcomes(truth, near), "b", regression_outcomes(truth, far))
    assert (curve.title, curve.x_label, curve.y_label) == ("Errors", "Absolute error", "Share of rows within it")
    assert (curve.start, curve.end) == (0, 3.8)  # all but the twentieth row that is farthest off
    bounds = np.linspace(0, 3.8, STEPS)
    assert lines(curve)["a"] == pytest.approx([(np.abs(near) <= b).mean() for b in bounds], abs=6e-5)
    assert lines(curve)["b"] == pytest.approx([(far <= b).mean() for b in bounds], abs=6e-5)


def test_no_error_at_all():
    same = regression_outcomes([1.0, 2.0], [1.0, 2.0])
    (curve,) = curves_of("a", same)
    assert (curve.start, curve.end) == (0, 1)
    assert curve.lines == [("a", [1.0] * STEPS)]


def test_wild_predictions_still_make_a_chart():
    wild = regression_outcomes([1.7e308, -1.7e308, 1.0], [-1.7e308, 1.7e308, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (curve,) = curves_of("a", wild, "b", regression_outcomes(wild.truth, wild.truth))
    assert 1e150 < curve.end < 1e151
    assert lines(curve)["a"].tolist() == pytest.approx([1 / 3] * (STEPS - 1) + [1.0], abs=1e-4)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), min_size=1, max_size=30),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
)
def test_every_value_is_a_share(pairs, errors):
    truth, score = (np.array(part) for part in zip(*pairs, strict=True))
    found = [*curves_of("a", scored(truth, score)), *curves_of("b", regression_outcomes(np.zeros(len(errors)), errors))]
    for curve in found:
        assert np.isfinite([curve.start, curve.end]).all()
        assert curve.start < curve.end
        for _, values in curve.lines:
            assert len(values) == STEPS
            assert all(0 <= value <= 1 for value in values)
            assert curve.title == "Precision and recall" or sorted(values) == list(values)
