"""Which answers pass a behaviour test; the estimators at the end are real ones."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
from tests.core.judgement.behaviour.behaviour_tests import (
    ADD,
    ALL_INPUTS,
    X,
    chances,
    direction,
    invariance,
    judge,
    judge_behaviour,
    malformed,
    minimum,
    numbers,
    probes,
)

from mintmark.core.judgement.answers import Answer
from mintmark.core.words.numbers import share as share_in_words


def ask(estimator: Any, table: pd.DataFrame) -> Answer:
    """What the process that runs a model does."""
    try:
        prediction = estimator.predict(table).tolist()
        probabilities = estimator.predict_proba(table).tolist() if hasattr(estimator, "predict_proba") else None
    except (ValueError, TypeError) as error:
        return Answer(error=f"{type(error).__name__}: {error}")
    return Answer(prediction=prediction, probabilities=probabilities)


def run(estimator: Any, rows: pd.DataFrame, *tests: dict[str, Any], positive: Any = None) -> list[Any]:
    asked = probes(tests, rows, seed=1)
    answers = {name: ask(estimator, table) for name, table in asked.items()}
    classes = tuple(np.asarray(getattr(estimator, "classes_", [])).tolist())
    return judge_behaviour(tests, rows, asked, answers, ask(estimator, rows), classes=classes, positive=positive)


@pytest.mark.parametrize(
    ("after", "share", "verdict", "good"),
    [
        ([1, 2, 3, 4], 1, "pass", 4),
        ([1.5, 1.5, 3.5, 4], 1, "pass", 4),
        ([1.6, 2, 3, 4], 1, "fail", 3),
        ([1.6, 2, 3, 4], 0.75, "pass", 3),
        ([1.6, 2.6, 3, 4], 0.75, "fail", 2),
        ([0.4, 1.4, 2.4, 3.4], 0.25, "fail", 0),
    ],
)
def test_invariance_is_a_share_of_rows_within_the_tolerance(after, share, verdict, good):
    result = judge(invariance(ADD, share=share), numbers(*after), unchanged=numbers(1, 2, 3, 4))
    assert (result.verdict, result.share) == (verdict, good / 4)
    assert len(result.failures) == 4 - good
    assert result.message.startswith(
        f"{good} of 4 rows stay within 0.5 ({share_in_words(good / 4)}, and at least {share_in_words(share)} is required)"
    )


def test_rounding_does_not_count():
    assert judge(invariance(ADD, tolerance=0.1), numbers(0.8), unchanged=numbers(0.7)).verdict == "pass"
    assert judge(invariance(ADD, tolerance=0.1), numbers(0.8001), unchanged=numbers(0.7)).verdict == "fail"
    assert judge(invariance(ADD, tolerance=0), numbers(1.0), unchanged=numbers(1)).verdict == "pass"


@pytest.mark.parametrize(("rows", "wrong"), [(20, 1), (7, 3), (3, 1), (1000, 29)])
def test_a_share_that_is_just_reached_passes(rows, wrong):
    after = numbers(*[9] * wrong, *[0] * (rows - wrong))
    share = (rows - wrong) / rows
    assert judge(invariance(ADD, share=share), after, unchanged=numbers(*[0] * rows)).verdict == "pass"
    more = min(share + 1e-9, 1)
    result = judge(invariance(ADD, share=more), after, unchanged=numbers(*[0] * rows))
    assert result.verdict == "fail"
    told, least = re.search(r"\(([0-9.]+)%, and at least ([0-9.]+)% is required\)", result.message).groups()
    assert float(told) < float(least)  # or it would read as enough


def test_failures_are_the_five_worst_rows():
    moves = [0.6, 3, -9, 0, 5, 7, -4, 0.1]
    rows = pd.DataFrame({"x": [10.0 * i for i in range(8)], "y": 0.0})
    result = judge(invariance(ADD), numbers(*moves), rows=rows, unchanged=numbers(*[0] * 8))
    assert [failure["row"] for failure in result.failures] == [2, 5, 4, 6, 1]
    assert result.failures[0] == {
        "row": 2, "x before": 20.0, "x after": 21.0, "predicted before": 0, "predicted after": -9
    }  # fmt: skip


def test_two_classes_compare_the_probability_of_the_positive_one():
    before, after = chances(0.2, 0.6), chances(0.25, 0.4)
    test = invariance(ADD, tolerance=0.1, share=0.5)
    result = judge(test, after, unchanged=before, classes=("no", "yes"), positive="no")
    assert (result.verdict, result.share) == ("pass", 0.5)
    (failure,) = result.failures
    assert failure["predicted before"] == "yes"
    assert failure["predicted after"] == "no"
    assert (failure["class"], failure["probability before"], failure["probability after"]) == ("no", 0.4, 0.6)


def test_of_two_classes_the_second_is_positive_where_none_is_named():
    result = judge(direction(ADD), chances(0.3), unchanged=chances(0.2), classes=("no", "yes"))
    assert result.verdict == "pass"


def test_more_classes_compare_every_probability():
    before = Answer(prediction=["a", "a"], probabilities=[[0.6, 0.3, 0.1], [0.6, 0.3, 0.1]])
    after = Answer(prediction=["a", "a"], probabilities=[[0.6, 0.1, 0.3], [0.65, 0.25, 0.1]])
    result = judge(invariance(ADD, tolerance=0.1), after, unchanged=before, classes=("a", "b", "c"))
    assert (result.verdict, result.share) == ("fail", 0.5)
    assert result.failures[0]["class"] == "b"
    assert result.failures[0]["probability after"] == 0.1


@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c")])
def test_without_probabilities_the_label_must_stay(classes):
    before, after = Answer(prediction=["a", "b", "a"]), Answer(prediction=["a", "a", "a"])
    result = judge(invariance(ADD, tolerance=0.5, share=0.6), after, unchanged=before, classes=classes)
    assert (result.verdict, result.share) == ("pass", 2 / 3)
    assert result.failures[0]["predicted before"] == "b"


def test_a_change_that_changes_nothing_is_a_warning():
    rows = pd.DataFrame({"x": [0.0, 0.0, np.nan]})
    test, before = invariance({"column": "x", "multiply": 3}), numbers(1, 1, 1)
    result = judge(test, before, rows=rows, unchanged=before)
    assert result.verdict == "warn"
    assert "nothing was tested" in result.message
    assert judge(test, before, rows=rows.fillna(2.0), unchanged=before).verdict == "pass"
    assert judge(test, numbers(1, 1, 9), rows=rows, unchanged=before).verdict == "fail"


def test_a_column_with_one_of_our_names_hides_nothing():
    rows = pd.DataFrame({"predicted": [1.0]})
    test = invariance({"column": "predicted", "add": 1})
    (failure,) = judge(test, numbers(8), rows=rows, unchanged=numbers(5)).failures
    assert list(failure.values()) == [0, 1.0, 2.0, 5, 8]
    case = minimum({"row": {"predicted": 3, "expected": 4, "case": 5}, "expect": 1})
    wide = pd.DataFrame({"predicted": [1.0], "expected": [1.0], "case": [1.0]})
    assert list(judge(case, numbers(8), rows=wide).failures[0].values()) == ["cases[0]", 3, 4, 5, 1, 8]


# -- direction -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "after", "share", "verdict", "fine"),
    [
        ("increase", [2, 3, 4, 5], 1, "pass", 4),
        ("increase", [2, 2, 3, 4], 1, "pass", 4),
        ("increase", [2, 1, 4, 5], 1, "fail", 3),
        ("increase", [2, 1, 4, 5], 0.75, "pass", 3),
        ("increase", [1, 2, 3, 4], 0.1, "fail", 4),
        ("increase", [1 + 1e-10, 2, 3, 4 - 1e-10], 1, "fail", 4),
        ("increase", [1 + 1e-8, 2, 3, 4], 1, "pass", 4),
        ("increase", [1 + 1e-8, 2, 3, 4 - 1e-8], 1, "fail", 3),
        ("decrease", [0, 2, 3, 4], 1, "pass", 4),
        ("decrease", [2, 3, 4, 5], 0.5, "fail", 0),
    ],
)
def test_direction(expect, after, share, verdict, fine):
    result = judge(direction(ADD, expect, share=share), numbers(*after), unchanged=numbers(1, 2, 3, 4))
    assert (result.verdict, result.share) == (verdict, fine / 4)


def test_a_model_that_does_not_heed_the_column_fails_and_shows_rows():
    result = judge(direction(ADD), numbers(*[1] * 9), unchanged=numbers(*[1] * 9))
    assert result.verdict == "fail"
    assert 'does not heed "x"' in result.message
    assert len(result.failures) == 5
    assert result.failures[0]["predicted after"] == 1


def test_direction_shows_the_worst_rows():
    result = judge(direction(ADD, "decrease"), numbers(1, 9, 5, -1), unchanged=numbers(0, 0, 0, 0))
    assert [failure["row"] for failure in result.failures] == [1, 2, 0]
    assert result.message == "1 of 4 rows do not rise (25%, and at least 100% is required), 1 fall"


def test_direction_of_two_classes_is_that_of_the_positive_one():
    def verdict(positive: str) -> str:
        unchanged, after = chances(0.2, 0.6), chances(0.3, 0.7)
        return str(judge(direction(ADD), after, unchanged=unchanged, classes=("no", "yes"), positive=positive).verdict)

    assert (verdict("yes"), verdict("no")) == ("pass", "fail")


def test_direction_of_labels():
    before, after = Answer(prediction=["a", "b"]), Answer(prediction=["b", "b"])
    assert judge(direction(ADD), after, unchanged=before, classes=("a", "b"), positive="b").verdict == "pass"
    assert judge(direction(ADD), after, unchanged=before, classes=("a", "b"), positive="a").verdict == "fail"


def test_direction_means_nothing_for_more_than_two_classes():
    answer = Answer(prediction=["a"])
    result = judge(direction(ADD), answer, unchanged=answer, classes=("a", "b", "c"))
    assert result.verdict == "fail"
    assert "two classes" in result.message


@pytest.mark.parametrize(
    ("expectation", "prediction", "verdict"),
    [
        ({"at_least": 3}, 3, "pass"),
        ({"at_least": 3}, 2.999, "fail"),
        ({"at_most": 3}, 3, "pass"),
        ({"at_most": 3}, 3.001, "fail"),
        ({"at_least": 1, "at_most": 3}, 2, "pass"),
        ({"at_least": 1, "at_most": 3}, 4, "fail"),
        ({"at_least": 1, "at_most": 3}, 0, "fail"),
        ({"expect": 3}, 3.0, "pass"),
        ({"expect": 0.3}, 0.1 + 0.2, "pass"),
        ({"expect": 3}, 3.1, "fail"),
        ({"expect": "3"}, 3, "fail"),
        ({"expect": 3, "at_least": 4}, 3, "fail"),
    ],
)
def test_a_case_of_a_regression(expectation, prediction, verdict):
    assert judge(minimum({"row": {"x": 1}, **expectation}), numbers(prediction), rows=X).verdict == verdict


@pytest.mark.parametrize(
    ("expectation", "verdict"),
    [
        ({"expect": "yes"}, "pass"),
        ({"expect": "no"}, "fail"),
        ({"at_least": 0.7}, "pass"),
        ({"at_least": 0.71}, "fail"),
        ({"at_most": 0.7}, "pass"),
        ({"at_most": 0.69}, "fail"),
        ({"expect": "yes", "at_least": 0.8}, "fail"),
    ],
)
def test_a_case_of_two_classes(expectation, verdict):
    test = minimum({"row": {"x": 1}, **expectation})
    result = judge(test, chances(0.7), rows=X, classes=("no", "yes"), positive="yes")
    assert result.verdict == verdict


@pytest.mark.parametrize(
    ("expected", "predicted", "classes", "verdict"),
    [
        (0, 0, (0, 6), "pass"),
        (0, 0.0, (0.0, 6.0, 7.0), "pass"),
        (6, 0, (0, 6, 7), "fail"),
        (True, True, (False, True), "pass"),
    ],
)
def test_labels_that_are_numbers_are_compared_as_numbers(expected, predicted, classes, verdict):
    test = minimum({"row": {"x": 1}, "expect": expected})
    assert judge(test, Answer(prediction=[predicted]), rows=X, classes=classes).verdict == verdict


def test_a_text_is_no_number():
    result = judge(minimum({"row": {"x": 1}, "expect": "0"}), Answer(prediction=[0]), rows=X, classes=(0, 1, 2))
    assert result.verdict == "fail"
    assert result.message == 'a case expects "0", which is not one of the model\'s classes'


@pytest.mark.parametrize(
    ("answer", "classes"),
    [
        (Answer(prediction=["a"], probabilities=[[0.5, 0.3, 0.2]]), ("a", "b", "c")),
        (Answer(prediction=["a"]), ("a", "b")),
    ],
)
def test_bounds_need_a_number(answer, classes):
    result = judge(minimum({"row": {"x": 1}, "at_least": 0}), answer, rows=X, classes=classes)
    assert result.verdict == "fail"
    assert result.message.startswith("at_least and at_most are for numbers")


def test_all_cases_must_hold_and_those_that_do_not_are_shown():
    cases = [{"row": {"x": i, "y": -i}, "expect": "yes"} for i in range(8)]
    result = judge(minimum(*cases), chances(0.9, *[0.25] * 7), rows=X, classes=("no", "yes"))
    assert (result.verdict, result.share, result.message) == ("fail", 1 / 8, "1 of 8 cases holds")
    assert len(result.failures) == 5
    assert result.failures[0] == {
        "case": "cases[1]", "x": 1, "y": -1, "expected": "yes", "predicted": "no", "class": "yes", "probability": 0.25
    }  # fmt: skip


def test_a_failed_range_says_what_was_expected():
    test = minimum({"row": {"x": 1}, "at_least": 1, "at_most": 3})
    assert judge(test, numbers(4), rows=X).failures == [
        {"case": "cases[0]", "x": 1, "expected": "at least 1 and at most 3", "predicted": 4}
    ]


# -- malformed -------------------------------------------------------------------------------------------------------


def test_an_error_is_what_a_malformed_input_should_end_in():
    error = Answer(error="ValueError: Input X contains NaN.")
    result = judge(malformed(*ALL_INPUTS), error, rows=X)
    assert (result.verdict, result.share) == ("pass", 1)
    result = judge(malformed(*ALL_INPUTS), [error, numbers(1, 2), error, numbers()], rows=X)
    assert (result.verdict, result.share) == ("fail", 0.5)
    assert result.message == "2 of 4 malformed inputs end in an error, not nan, no-rows"
    assert result.failures[0] == {"input": "nan", "expected": "error", "came": "the model answered"}


def test_a_prediction_is_what_a_malformed_input_should_end_in():
    test = malformed("nan", "no-rows", expect="prediction")
    assert judge(test, [numbers(1, 2), numbers()], rows=X).verdict == "pass"
    result = judge(test, [numbers(1, math.nan), numbers(4)], rows=X)
    assert (result.verdict, result.share) == ("fail", 0)
    assert [failure["came"] for failure in result.failures] == [
        "the prediction for row 1 is nan, which is no finite number",
        "the model gave 1 prediction for no rows",
    ]
    result = judge(test, Answer(error="ValueError: no"), rows=X)
    assert result.failures[0]["came"] == "the model raised ValueError: no"


@pytest.mark.parametrize("expect", ["error", "prediction"])
def test_a_process_that_died_has_refused_nothing(expect):
    test = malformed("nan", expect=expect)
    asked = probes([test], X, seed=1)
    (result,) = judge_behaviour([test], X, asked, {}, numbers(1, 2), classes=(), positive=None)
    assert result.verdict == "fail"
    assert result.failures[0]["came"] == "the model gave no answer"


# -- real models -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patients():
    generator = np.random.default_rng(7)
    rows = pd.DataFrame({"dose": generator.normal(0, 1, 120), "age": generator.integers(20, 80, 120), "noise": 0.0})
    rows["site"] = generator.choice(["north", "south"], 120)
    rows["noise"] = generator.normal(0, 1, 120)
    return rows


def encoded(estimator: Any) -> Any:
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["site"]), remainder="passthrough")
    return make_pipeline(encoder, estimator)


def test_a_good_classifier_passes_and_a_constant_one_does_not(patients):
    truth = np.where(patients["dose"] > 0, "ill", "well")
    tests = [
        minimum({"row": {"dose": 3}, "expect": "ill", "at_least": 0.9}, {"row": {"dose": -3}, "expect": "well"}),
        direction({"column": "dose", "add": 0.5}),
        direction({"column": "dose", "add": 0.5}, "decrease"),
        invariance({"column": "site", "set": "south"}, tolerance=0.1, share=0.95),
        invariance({"column": "dose", "noise": 5}, tolerance=0.01, share=0.9),
        malformed(*ALL_INPUTS),
    ]
    good = run(encoded(LogisticRegression(max_iter=5000)).fit(patients, truth), patients, *tests, positive="ill")
    assert [result.verdict for result in good] == ["pass", "pass", "fail", "pass", "fail", "pass"]
    constant = run(DummyClassifier().fit(patients, truth), patients, *tests, positive="ill")
    assert [result.verdict for result in constant] == ["fail", "fail", "fail", "pass", "pass", "fail"]
    assert constant[-1].share == 0  # it never looks at its inputs


def test_a_classifier_without_probabilities_is_judged_by_its_labels(patients):
    truth = (patients["dose"] > 0).to_numpy()
    tests = [
        minimum({"row": {"dose": 3}, "expect": True}),
        direction({"column": "dose", "add": 5}),
        invariance({"column": "noise", "add": 0.1}, tolerance=0, share=0.9),
    ]
    results = run(encoded(LinearSVC(random_state=0)).fit(patients, truth), patients, *tests, positive=True)
    assert [result.verdict for result in results] == ["pass", "pass", "pass"]


def test_a_regression_that_takes_missing_values(patients):
    inputs = patients[["dose", "age"]]
    truth = 10 * inputs["dose"] + inputs["age"] / 10
    tests = [
        malformed("nan", expect="prediction"),
        malformed("nan", "missing-column", "wrong-type"),
        direction({"column": "dose", "add": 1}),
    ]
    trees = run(HistGradientBoostingRegressor(random_state=0).fit(inputs, truth), inputs, *tests)
    assert [result.verdict for result in trees] == ["pass", "fail", "pass"]
    assert [failure["input"] for failure in trees[1].failures] == ["nan"]
    line = run(LinearRegression().fit(inputs, truth), inputs, *tests)
    assert [result.verdict for result in line] == ["fail", "pass", "pass"]
    assert [result.verdict for result in run(DummyRegressor().fit(inputs, truth), inputs, *tests)] == [
        "pass",
        "fail",
        "fail",
    ]
