"""What a model answers becomes outcomes, or a sentence that says why not, whatever it answers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier, DummyRegressor
from tests.core.judgement.given_answers import HUGE, LABELS, NUMBERS, THREE, TWO, answered, question

from mintmark.core.judgement.answers import Answer, AnswerFault
from mintmark.core.judgement.grading import dummy_answer, grade, is_constant
from mintmark.core.statistics.metrics import metric_value

TRUTH = pd.Series(["no", "yes", "yes"])


# -- what can be measured --------------------------------------------------------------------------------------------


def test_a_classification():
    given = answered(["no", "yes", "no"], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    found = grade(given, TRUTH, TWO, LABELS)
    assert found.classes == ("no", "yes")
    assert found.positive == 1
    assert found.truth.tolist() == [0, 1, 1]
    assert found.prediction.tolist() == [0, 1, 0]
    assert found.probabilities.tolist() == given.probabilities


def test_a_regression():
    found = grade(answered([1, 2.5, np.float32(3), np.int64(4)]), pd.Series([1, 2, 3, 4]), NUMBERS, [])
    assert found.prediction.tolist() == [1, 2.5, 3, 4]
    assert found.truth.dtype == found.prediction.dtype == np.float64
    assert found.classes == ()
    assert metric_value("mae", found) == 0.125


@pytest.mark.parametrize(
    ("truth", "prediction", "classes"),
    [
        (np.array([0, 1, 1]), [0, 1, 0], [0, 1]),
        (np.array([0, 1, 1]), [0.0, 1.0, 0.0], [0, 1]),  # as ONNX gives them
        (np.array([0, 1, 1]), [np.int64(0), np.int32(1), np.uint8(0)], [0, 1]),
        (np.array([0.0, 1.0, 1.0]), [0, 1, 0], [0.0, 1.0]),
        (np.array([False, True, True]), [False, True, False], [False, True]),
        (np.array([False, True, True]), [0, 1, 0], [0, 1]),
        (np.array(["a", "b", "b"]), [np.str_("a"), "b", "a"], ["a", "b"]),
        (np.array(["0", "1", "1"]), ["0", "1", "0"], ["0", "1"]),
        (np.array(["a", "b", "b"], dtype=object), ["a", "b", "a"], ["a", "b"]),
    ],
)
def test_labels_of_equal_value_are_the_same(truth, prediction, classes):
    found = grade(answered(prediction), pd.Series(truth), TWO, classes)
    assert metric_value("accuracy", found) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("truth", "prediction", "classes"),
    [
        ([0, 1], ["0", "1"], [0, 1]),
        ([0, 1], [0, 1], ["0", "1"]),
        (["0", "1"], [0, 1], ["0", "1"]),
        (["False", "True"], [False, True], ["False", "True"]),
        (["a", "b"], [b"a", b"b"], ["a", "b"]),
        ([0, 1], [0, 1.5], [0, 1]),
        ([0, 1], [0, None], [0, 1]),
        ([0, 1], [0, math.nan], [0, 1]),
        ([0, 1], [0, HUGE], [0, 1]),
        ([0, 1], [0, [1]], [0, 1]),
        ([0, 1], [0, {}], [0, 1]),
        (["a", "c"], ["a", "b"], ["a", "b"]),
    ],
)
def test_another_label_is_none_that_is_known(truth, prediction, classes):
    with pytest.raises(AnswerFault):
        grade(answered(prediction), pd.Series(truth), TWO, classes)


def test_probabilities_in_another_order_of_classes():
    """The champion knows a class that the candidate does not, and gives the others the other way round."""
    truth = pd.Series(["a", "b", "c", "a"])
    champion = answered(["a", "b", "c", "a"], [[0.0, 0.1, 0.9], [0.2, 0.8, 0.0], [1.0, 0.0, 0.0], [0.1, 0.2, 0.7]])
    found = grade(champion, truth, THREE, ["c", "b", "a"], ["a", "b", "c"])
    assert found.probabilities.tolist() == [[0.9, 0.1, 0.0], [0.0, 0.8, 0.2], [0.0, 0.0, 1.0], [0.7, 0.2, 0.1]]
    assert found.truth.tolist() == [0, 1, 2, 0]
    candidate = grade(answered(["a", "b", "b", "a"], [[0.5, 0.5]] * 4), truth, THREE, ["b", "a"], ["a", "b", "c"])
    assert candidate.probabilities.tolist() == [[0.5, 0.5, 0.0]] * 4
    assert candidate.classes == found.classes == ("a", "b", "c")
    with pytest.raises(AnswerFault, match="a class that the comparison does not have"):
        grade(champion, truth, THREE, ["c", "b", "a"], ["a", "b"])


# -- the judge decides what is measured, not the model ---------------------------------------------------------------


def test_a_class_more_does_not_turn_metrics_of_a_positive_class_into_averages():
    """With a class that never occurs, the recall of the positive class would become that of all classes."""
    prediction = answered(["no", "yes", "no"])
    for classes, known in ((["no", "yes", "zzz"], None), (LABELS, ["no", "yes", "zzz"]), (["yes"], None), ([], None)):
        with pytest.raises(AnswerFault, match="binary-classification is about two"):
            grade(prediction, TRUTH, TWO, classes, known)


@pytest.mark.parametrize("classes", [["no", "yes"], ["yes", "no"]])
@pytest.mark.parametrize("named", [None, "yes", "no"])
def test_which_class_is_positive_does_not_follow_from_the_order_of_the_model(classes, named):
    found = grade(answered(["no", "yes", "no"]), TRUTH, question(positive_class=named), classes)
    assert found.classes[found.positive] == (named or "yes")
    assert metric_value("recall", found) == (1 if named == "no" else 0.5)


def test_a_positive_class_that_nobody_knows():
    with pytest.raises(AnswerFault, match="'maybe' is not one of the classes"):
        grade(answered(["no", "yes", "no"]), TRUTH, question(positive_class="maybe"), LABELS)


@pytest.mark.parametrize("classes", [["no", "no"], ["no", "yes", "no"], [1, True], [0, 0.0]])
def test_a_class_that_is_named_twice(classes):
    with pytest.raises(AnswerFault, match="names a class twice"):
        grade(answered(["no", "no", "no"]), TRUTH, THREE, classes, LABELS)
    with pytest.raises(AnswerFault, match="names a class twice"):
        grade(answered(["no", "no", "no"]), TRUTH, THREE, LABELS, classes)


def test_classes_of_mixed_types_are_no_crash():
    with pytest.raises(AnswerFault):
        grade(answered(["no", 1, "no"]), TRUTH, TWO, ["no", 1])
    with pytest.raises(AnswerFault):
        grade(answered(["no", "yes", "no"]), TRUTH, TWO, [[], {}])


# -- what cannot be measured -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        ([1.0, 2.0], "answered 2 rows of 3"),
        ([1.0] * 4000, "answered 4,000 rows of 3"),
        ([], "answered no rows of 3"),
        ([1.0, 2.0, math.nan], "finite"),
        ([1.0, 2.0, math.inf], "finite"),
        ([1.0, 2.0, -math.inf], "finite"),
        ([1.0, 2.0, HUGE], "too large"),
        ([1.0, 2.0, "3"], "something else where numbers belong"),
        ([1.0, 2.0, True], "something else where numbers belong"),
        ([1.0, 2.0, np.True_], "something else where numbers belong"),
        ([1.0, 2.0, None], "something else where numbers belong"),
        ([1.0, 2.0, b"3"], "something else where numbers belong"),
        ([1.0, 2.0, 3j], "something else where numbers belong"),
        ([1.0, 2.0, [3.0]], "something else where numbers belong"),
        ([[1.0], [2.0], [3.0]], "something else where numbers belong"),
        ([1.0, 2.0, pd.NA], "something else where numbers belong"),
    ],
    ids=repr,
)
def test_a_regression_that_cannot_be_measured(prediction, message):
    with pytest.raises(AnswerFault, match=message):
        grade(answered(prediction), pd.Series([1.0, 2.0, 3.0]), NUMBERS, [])


@pytest.mark.parametrize(
    "probabilities",
    [
        [[0.9, 0.1], [0.2, 0.8]],
        [[0.9, 0.1, 0.0]] * 3,
        [[1.0]] * 3,
        [[0.9, 0.1], [0.2, 0.8], [0.6]],
        [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4, 0.0]],
        [0.9, 0.2, 0.6],
        [],
        [[0.9, 0.1], [0.2, 0.8], None],
        [[0.9, 0.1], [0.2, 0.8], [0.6, None]],
        [[0.9, 0.1], [0.2, 0.8], [0.6, math.nan]],
        [[0.9, 0.1], [0.2, 0.8], [math.inf, 0.0]],
        [[0.9, 0.1], [0.2, 0.8], [1.5, -0.5]],
        [[0.9, 0.1], [0.2, 0.8], [0.6, 0.5]],
        [[0.9, 0.1], [0.2, 0.8], [HUGE, 0]],
        [["0.9", "0.1"], ["0.2", "0.8"], ["0.6", "0.4"]],
        [[True, False], [False, True], [True, False]],
        [[[0.9, 0.1]]] * 3,
        [[1j, 0]] * 3,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_impossible_probabilities(probabilities):
    with pytest.raises(AnswerFault):
        grade(answered(["no", "yes", "no"], probabilities), TRUTH, TWO, LABELS)


def test_a_model_that_raised():
    with pytest.raises(AnswerFault, match="the model raised ValueError: Input X contains NaN"):
        grade(Answer(error="ValueError: Input X contains NaN"), TRUTH, TWO, LABELS)


def test_truth_that_does_not_fit_the_task():
    with pytest.raises(AnswerFault):
        grade(answered([1.0, 2.0, 3.0]), TRUTH, NUMBERS, [])
    with pytest.raises(AnswerFault):
        grade(answered(["no", "yes", "no"]), pd.Series([["no"], ["yes"], ["no"]]), TWO, LABELS)


@pytest.mark.parametrize(
    "answer",
    [answered(["x" * 10_000, "no", "no"]), Answer(error="E: " + "x" * 10_000)],
)
def test_a_message_is_short_whatever_the_model_says(answer):
    with pytest.raises(AnswerFault) as caught:
        grade(answer, TRUTH, TWO, LABELS)
    assert len(str(caught.value)) < 250
    with pytest.raises(AnswerFault) as caught:
        grade(answered(["a", "no", "no"]), TRUTH, THREE, [*LABELS, *map(str, range(10_000))])
    assert len(str(caught.value)) < 250


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers(), max_size=2)
)
LABEL_LISTS = st.lists(VALUES, max_size=4)


@given(
    st.lists(VALUES, min_size=3, max_size=3),
    st.none() | st.lists(st.lists(VALUES, max_size=3) | VALUES, max_size=4),
    LABEL_LISTS,
    st.none() | LABEL_LISTS,
    st.sampled_from([NUMBERS, TWO, THREE]),
)
def test_nothing_that_a_model_says_is_a_crash(prediction, probabilities, classes, known, asked):
    truth = pd.Series([0.0, 1.0, 1.0]) if asked is NUMBERS else TRUTH
    try:
        found = grade(answered(prediction, probabilities), truth, asked, classes, known)
    except AnswerFault:
        return
    assert np.isfinite(found.prediction).all()
    assert found.probabilities is None or np.isfinite(found.probabilities).all()


# -- the dummy -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "classes"),
    [
        (["b", "a", "b", "c"], ["a", "b", "c"]),
        ([1, 0, 0, 1], [0, 1]),  # a tie goes to the first class
        ([True, True, False], [False, True]),
        ([2.5, 2.5, 1.5], [1.5, 2.5]),
    ],
)
def test_the_dummy_classifier_is_that_of_scikit_learn(truth, classes):
    rows = pd.Series(truth)
    found, says = dummy_answer(rows, THREE, classes)
    inputs = np.zeros((len(rows), 1))
    expected = DummyClassifier(strategy="prior").fit(inputs, rows.to_numpy())
    assert found.prediction == expected.predict(inputs).tolist()
    assert np.asarray(found.probabilities) == pytest.approx(expected.predict_proba(inputs))
    assert says == str(found.prediction[0])
    assert len(grade(found, rows, THREE, classes)) == len(rows)
    assert is_constant(found)


def test_a_class_that_does_not_occur_has_no_share():
    found, _ = dummy_answer(pd.Series(["a", "b", "b"]), THREE, ["z", "b", "a"])
    assert found.prediction == ["b"] * 3
    assert found.probabilities[0] == pytest.approx([0, 2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("metric", "strategy"),
    [("mae", "median"), ("mape", "median"), ("rmse", "mean"), ("mse", "mean"), ("r2", "mean"), ("max_error", "mean")],
)
def test_the_dummy_regressor_is_that_of_scikit_learn(metric, strategy):
    rows = pd.Series([1.0, 2.0, 40.0, 8.0])
    found, says = dummy_answer(rows, question("regression", metric=metric), [])
    inputs = np.zeros((4, 1))
    expected = DummyRegressor(strategy=strategy).fit(inputs, rows).predict(inputs)
    assert found.prediction == expected.tolist()
    assert found.probabilities is None
    assert says == f"{expected[0]:.4g}"


@pytest.mark.parametrize(
    ("truth", "asked", "classes"),
    [
        (["a", "b"], NUMBERS, []),
        ([None, [1]], NUMBERS, []),
        ([[1], [2]], THREE, ["a"]),
        (["a", "b"], THREE, []),
    ],
)
def test_there_is_no_dummy_for_what_does_not_fit_the_task(truth, asked, classes):
    with pytest.raises(AnswerFault, match="no constant answer"):
        dummy_answer(pd.Series(truth), asked, classes)


def test_what_a_dummy_says_is_short():
    assert len(dummy_answer(pd.Series(["x" * 9_000]), THREE, ["x" * 9_000])[1]) <= 200
