"""Permutation importance against scikit-learn's, shuffle by shuffle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import inspection
from sklearn.linear_model import LinearRegression

from mintmark.core.statistics.metrics import metric_value, regression_outcomes
from mintmark.training import importance

GENERATOR = np.random.default_rng(1)
INPUTS = pd.DataFrame({"a": GENERATOR.normal(size=60), "b": GENERATOR.integers(0, 5, 60), "same": 1.0})
TRUTH = 3 * INPUTS["a"].to_numpy() + INPUTS["b"].to_numpy() + GENERATOR.normal(size=60)
MODEL = LinearRegression().fit(INPUTS, TRUTH)
CALLS: list[Any] = []


def outcomes(rows, copies):
    CALLS.append(copies)
    for prediction in np.split(MODEL.predict(rows), copies):
        yield regression_outcomes(TRUTH, prediction)


def score(found):
    return -metric_value("mae", found)


@pytest.mark.parametrize("most_rows", [1, 130, 20_000])
def test_it_is_that_of_scikit_learn_however_many_shuffles_are_predicted_at_once(monkeypatch, most_rows):
    monkeypatch.setattr(importance, "_MOST_ROWS", most_rows)
    CALLS.clear()
    found = importance.permutation_importance(INPUTS, outcomes, score, repeats=5, seed=7)
    expected = inspection.permutation_importance(
        MODEL, INPUTS, TRUTH, scoring="neg_mean_absolute_error", n_repeats=5, random_state=7
    )
    assert list(found) == ["a", "b", "same"]
    assert [entry["mean"] for entry in found.values()] == pytest.approx(expected.importances_mean, abs=1e-9)
    assert [entry["std"] for entry in found.values()] == pytest.approx(expected.importances_std, abs=1e-9)
    assert max(CALLS) == {1: 1, 130: 2, 20_000: 5}[most_rows]


def test_a_column_of_one_value_is_not_predicted_and_says_nothing():
    CALLS.clear()
    found = importance.permutation_importance(INPUTS[["same", "a"]].rename(columns={"a": "x"}).iloc[:, :1],
                                              lambda rows, copies: outcomes(INPUTS, copies), score, repeats=3, seed=1)  # fmt: skip
    assert found == {"same": {"mean": 0.0, "std": 0.0}}
    assert CALLS == [1]


def test_one_repeat_has_no_deviation():
    found = importance.permutation_importance(INPUTS, outcomes, score, repeats=1, seed=7)
    assert [entry.keys() for entry in found.values()] == [{"mean"}] * 3


def test_no_repeats_leave_it_out():
    assert importance.permutation_importance(INPUTS, outcomes, score, repeats=0, seed=1) == {}
