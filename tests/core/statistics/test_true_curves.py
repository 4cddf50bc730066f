"""Every point that is drawn of a curve is one of the true curve, and none of its corners is far from the drawing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes
from mintmark.core.statistics.true_curves import MOST_CORNERS, true_curves


def outcomes_of(rows: int, classes: int, digits: int):
    generator = np.random.default_rng(rows)
    truth = np.r_[np.arange(classes), generator.integers(0, classes, rows - classes)]
    table = (generator.dirichlet(np.ones(classes), rows) + 0.3 * np.eye(classes)[truth]).round(digits) + 1e-3
    table /= table.sum(axis=1, keepdims=True)
    return (
        truth,
        table,
        class_outcomes(truth, table.argmax(axis=1), table, list(range(classes)), positive=classes == 2 or None),
    )


def lines_of(outcomes):
    return [np.array(curve.lines[0][1:]) for curve in true_curves([("a", outcomes)])]


@pytest.mark.parametrize("digits", [1, 12])
@pytest.mark.parametrize("rows", [12, 300, 20_000])
def test_a_roc_curve_goes_through_real_thresholds_and_past_none(rows: int, digits: int) -> None:
    truth, table, outcomes = outcomes_of(rows, 2, digits)
    (x, y), _ = lines_of(outcomes)
    real = np.array(roc_curve(truth, table[:, 1], drop_intermediate=False)[:2]).T
    for point in zip(x, y, strict=True):
        assert np.abs(real - point).max(axis=1).min() < 1e-12
    assert len(x) <= MOST_CORNERS
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(y, x) == pytest.approx(roc_auc_score(truth, table[:, 1]), abs=0.003 if rows > 300 else 1e-9)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("rows", [30, 300])
def test_the_area_below_what_is_drawn_is_the_metric(rows: int, classes: int) -> None:
    truth, table, outcomes = outcomes_of(rows, classes, 2)
    roc, precise = (np.trapezoid(y, x) for x, y in lines_of(outcomes))
    sides = [(truth == k, table[:, k]) for k in ([1] if classes == 2 else range(classes))]
    assert roc == pytest.approx(np.mean([roc_auc_score(*side) for side in sides]), abs=1e-3)
    assert precise == pytest.approx(np.mean([average_precision_score(*side) for side in sides]), abs=1e-3)


def test_steps_are_level_or_upright() -> None:
    _, (x, y) = lines_of(outcomes_of(40, 2, 12)[2])
    assert all(a == b or c == d for a, b, c, d in zip(x, x[1:], y, y[1:], strict=False))
    truth = np.arange(40.0)
    (curve,) = true_curves([("a", regression_outcomes(truth, truth + np.arange(40) % 5))])
    ((_, x, y),) = curve.lines
    assert all(a == b or c == d for a, b, c, d in zip(x, x[1:], y, y[1:], strict=False))
    assert y[0] == 0
    assert y[-1] == 1


def test_the_champion_lies_under_it() -> None:
    first, second = outcomes_of(40, 2, 12)[2], outcomes_of(41, 2, 12)[2]
    for curve in true_curves([("a", first), ("b", second)]):
        assert [label for label, _, _ in curve.lines] == ["a", "b"]
