"""What an evaluation writes: metrics of all rows and of slices, predictions, signature, plots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mintmark.core.question import Question, RecipeFault, Slice
from mintmark.core.statistics.evaluation import format_predictions, measure, signature
from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes

ROWS = pd.DataFrame({"row": range(60), "age": np.arange(60.0), "who": np.repeat(range(20), 3)})
TRUTH = np.sin(np.arange(60.0))
OUTCOMES = regression_outcomes(TRUTH, TRUTH + np.where(ROWS["age"] >= 40, 1.0, 0.1))


def question(**changes):
    given = {"task": "regression", "target": "y", "metric": "mae", **changes}
    return Question(**{**given, "slices": tuple(map(Slice.from_dict, given.get("slices", ())))})


def test_slices_are_measured_by_themselves():
    slices = (
        {"name": "old", "where": {"column": "age", "at_least": 40}},
        {"name": "young", "where": {"column": "age", "below": 40}},
        {"name": "nobody", "where": {"column": "age", "below": -1}},
    )
    found = measure(OUTCOMES, ROWS, question(slices=slices), resamples=200, seed=1)
    assert {name: part["rows"] for name, part in found["slices"].items()} == {"old": 20, "young": 40, "nobody": 0}
    assert found["slices"]["old"]["metrics"]["mae"]["value"] == pytest.approx(1.0)
    assert found["slices"]["young"]["metrics"]["mae"]["value"] == pytest.approx(0.1)
    assert found["slices"]["nobody"]["metrics"] == {}
    assert found["metrics"]["mae"]["value"] == pytest.approx(0.4)
    assert (found["rows"], found["resamples"], found["seed"], found["confidence"]) == (60, 200, 1, 0.95)


def test_an_entity_widens_the_intervals():
    errors = np.random.default_rng(1).normal(0, 1, 20)[ROWS["who"]]
    outcomes = regression_outcomes(errors, np.zeros(60))
    by_row = measure(outcomes, ROWS, question(), resamples=1000, seed=1)["metrics"]["mae"]
    by_entity = measure(outcomes, ROWS, question(entity_column="who"), resamples=1000, seed=1)["metrics"]["mae"]
    assert by_entity["high"] - by_entity["low"] > 1.3 * (by_row["high"] - by_row["low"])
    assert by_entity["value"] == by_row["value"]


def test_a_slice_has_the_entities_of_its_own_rows():
    slices = ({"name": "late", "where": {"column": "age", "at_least": 31}},)
    asked = question(entity_column="who", slices=slices)
    found = measure(OUTCOMES, ROWS, asked, resamples=300, seed=1)["slices"]["late"]
    alone = measure(
        OUTCOMES.take(np.arange(31, 60)), ROWS.iloc[31:], question(entity_column="who"), resamples=300, seed=1
    )
    assert found == {"rows": 29, "metrics": alone["metrics"]}


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"slices": ({"name": "a", "where": {"column": "x", "below": 1}},)}, ("slices", 0, "where"), 'no column "x"'),
        ({"entity_column": "x"}, ("entity_column",), 'no column "x"'),
        ({"metric": "f1"}, ("metric", "name"), "f1 is not a metric of regression"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(changes, place, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        measure(OUTCOMES, ROWS, question(**changes), resamples=100, seed=1)
    assert caught.value.place == place


def test_a_metric_of_probabilities_needs_them():
    outcomes = class_outcomes([0, 1], [0, 1], None, [0, 1])
    asked = question(task="binary-classification", metric="roc_auc")
    with pytest.raises(RecipeFault, match="needs probabilities"):
        measure(outcomes, ROWS.iloc[:2], asked, resamples=100, seed=1)
    found = measure(outcomes, ROWS.iloc[:2], question(task="binary-classification", metric="f1"), resamples=100, seed=1)
    assert "roc_auc" not in found["metrics"]


ONE_CLASS = class_outcomes(
    ["no"] * 60, ["no", "yes"] * 30, np.tile([[0.5, 0.5], [0.4, 0.6000000000000001]], (30, 1)), ["no", "yes"]
)
CONSTANT = regression_outcomes(np.full(60, 0.1), TRUTH)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (CONSTANT, dict.fromkeys(["r2", "explained_variance"], "the target is constant in these rows")),
        (
            regression_outcomes(1e9 + 1e-7 * (np.arange(60) % 2), np.full(60, 1e9)),
            dict.fromkeys(["r2", "explained_variance"], "the target hardly varies in these rows"),
        ),
        (
            regression_outcomes(1e200 * TRUTH, np.zeros(60)),
            dict.fromkeys(["mse", "rmse", "r2", "explained_variance"], "it is too large for a number"),
        ),
        (ONE_CLASS, {"roc_auc": "every row has the class 'no'", "average_precision": "every row has the class 'no'"}),
    ],
)
def test_a_metric_without_a_value_has_a_reason(outcomes, expected):
    labels = bool(outcomes.classes)
    asked = {"task": "binary-classification", "metric": "accuracy"} if labels else {"metric": "mae"}
    found = measure(outcomes, ROWS, question(**asked), resamples=100, seed=1)
    assert found["undefined"] == expected
    assert not found["undefined"].keys() & found["metrics"].keys()
    primary = next(iter(expected))
    with pytest.raises(RecipeFault, match=f"{primary} has no value on the evaluation rows .*{expected[primary]}"):
        measure(outcomes, ROWS, question(**asked | {"metric": primary}), resamples=100, seed=1)


def test_a_slice_without_a_value_has_a_reason_and_a_small_target_has_a_value():
    slices = ({"name": "one", "where": {"column": "age", "below": 1}},)
    found = measure(OUTCOMES, ROWS, question(slices=slices), resamples=100, seed=1)
    assert found["undefined"] == dict.fromkeys(
        ["slices.one.r2", "slices.one.explained_variance"], "the target is constant in these rows"
    )
    small = regression_outcomes(1e-12 * OUTCOMES.truth, 1e-12 * OUTCOMES.prediction)
    measured = measure(small, ROWS, question(), resamples=100, seed=1)
    assert measured["metrics"]["r2"]["value"] == pytest.approx(found["metrics"]["r2"]["value"])
    assert "undefined" not in measured


@pytest.mark.parametrize(
    ("who", "message"),
    [
        (ROWS["who"].where(ROWS["row"] != 7), '1 evaluation rows have no "who", the first is row 7; write missing'),
        (ROWS["who"].astype(object).where(ROWS["row"] > 1), '2 evaluation rows have no "who"'),
    ],
)
def test_rows_without_an_entity_are_refused(who, message):
    with pytest.raises(RecipeFault, match=message):
        measure(OUTCOMES, ROWS.assign(who=who), question(entity_column="who"), resamples=100, seed=1)


def test_predictions_and_signature_of_a_classifier():
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7]])
    row, truth = pd.Series([4, 9]), pd.Series(["no", "no"])
    table = format_predictions(row, truth, np.array(["no", "yes"]), probabilities, ["no", "yes"])
    assert list(table.columns) == ["row", "truth", "prediction", "probability_no", "probability_yes"]
    assert table.to_numpy().tolist() == [[4, "no", "no", 0.9, 0.1], [9, "no", "yes", 0.3, 0.7]]
    inputs = pd.DataFrame({"b": [1.0], "a": [1]})
    assert signature(inputs, table["prediction"], probabilities, ["no", "yes"]) == {
        "inputs": {"b": "float64", "a": "int64"},
        "outputs": {
            "prediction": {"type": "str", "shape": [None]},
            "probabilities": {"type": "float64", "shape": [None, 2]},
        },
        "classes": ["no", "yes"],
    }
    assert list(signature(inputs, table["prediction"], None, [])["inputs"]) == ["b", "a"]
