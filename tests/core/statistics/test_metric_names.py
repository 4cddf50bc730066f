"""The names of the metrics, and which way of each is better."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mintmark.core.statistics.metric_names import CLASSIFICATION, REGRESSION, greater_is_better
from mintmark.core.statistics.metrics import class_outcomes, metric_value, regression_outcomes
from mintmark.registry.schemas import load_schema


def test_they_are_those_of_the_schema() -> None:
    names = load_schema("version")["properties"]["metrics"]["propertyNames"]["enum"]
    assert sorted(names) == sorted({*REGRESSION, *CLASSIFICATION})


@pytest.mark.parametrize("name", REGRESSION)
def test_predictions_near_the_truth_are_better_than_far_ones(name: str) -> None:
    truth = [1.0, 2.0, 4.0, 7.0]
    near = metric_value(name, regression_outcomes(truth, [1.1, 2.0, 3.9, 7.0]))
    far = metric_value(name, regression_outcomes(truth, [3.0, 1.0, 6.0, 2.0]))
    assert (near > far) == greater_is_better(name)


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_right_classes_are_better_than_wrong_ones(name: str) -> None:
    truth, chances = ["no", "no", "yes", "yes"], np.array([0.1, 0.2, 0.8, 0.9])
    right, wrong = (
        metric_value(
            name,
            class_outcomes(truth, np.where(p > 0.5, "yes", "no"), np.column_stack([1 - p, p]), ["no", "yes"]),
        )
        for p in (chances, 1 - chances)
    )
    assert (right > wrong) == greater_is_better(name)


def test_they_need_no_numpy() -> None:
    code = "import sys, mintmark.core.comparison; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
