"""When answers are constant or the same, and how stored ones are read again."""

from __future__ import annotations

import io
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.core.judgement.given_answers import HUGE, LABELS, NUMBERS, answered

from mintmark.core.judgement.answers import AnswerFault
from mintmark.core.judgement.grading import CLOSE, grade, is_close, is_constant, read_answer, same_answers
from mintmark.core.statistics.evaluation import format_predictions
from mintmark.training.tables import format_parquet, parse_parquet


@pytest.mark.parametrize(
    ("answer", "constant"),
    [
        (answered([1.0, 1.0, 1.0]), True),
        (answered([1.0, 1.0, 1.5]), False),
        (answered(["a", "a"]), True),
        (answered(["a", "b"]), False),
        (answered(["a", "a"], [[0.6, 0.4], [0.6, 0.4]]), True),
        (answered(["a", "a"], [[0.6, 0.4], [0.7, 0.3]]), False),
        (answered(["a", "b"], [[0.5, 0.5], [0.5, 0.5]]), False),
        (answered(["a"]), True),
    ],
)
def test_a_constant_answer(answer, constant):
    assert is_constant(answer) is constant


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (["a", "b", "c"], ["a", "b", "c"], 0),
        (["a", "b", "c"], ["a", "x", "x"], 2),
        (["1"], [1], 1),
        ([True, False], [1, 0], 2),
        ([True, False], [True, False], 0),
        ([1, 2], [1.0, 2.0], 0),
        ([1, 2], [1.0, 2.000001], 1),
        ([100.0], [100.0 + 0.9e-4], 0),
        ([100.0], [100.0 + 1.1e-4], 1),
        ([0.0, 0.0], [0.9e-9, 1.1e-9], 1),
        ([20_240_101], [20_240_102], 1),  # dates and other codes as labels are not close to one another
        ([20_240_101], [20_240_102.0], 1),
        ([math.nan], [math.nan], 1),
        ([1.0], [math.nan], 1),
        ([math.inf], [math.inf], 0),
        ([1.0], [HUGE], 1),
        ([HUGE], [HUGE], 0),
        (["a"], [None], 1),
        (["a", "b"], ["a"], 2),
        ([], ["a", "b", "c"], 3),
        ([], [], 0),
    ],
)
def test_rows_that_differ(one, other, differ):
    assert same_answers(answered(one), answered(other)) == differ
    assert same_answers(answered(other), answered(one)) == differ


def test_labels_that_are_floats_are_equal_or_not():
    codes, others = answered([20_240_101.0, 1.0]), answered([20_240_102.0, 1.0])
    assert same_answers(codes, others) == 0
    assert same_answers(codes, others, labels=True) == 1


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ([[0.5, 0.5], [0.1, 0.9]], [[0.5, 0.5], [0.1, 0.9]], 0),
        ([[0.5, 0.5], [0.1, 0.9]], [[0.5, 0.5], [0.1 + 0.9 * CLOSE, 0.9]], 0),
        ([[0.5, 0.5], [0.1, 0.9]], [[0.5, 0.5], [0.1, 0.9 + 1.1 * CLOSE]], 1),
        ([[0.5, 0.5], [0.1, 0.9]], [[0.5, 0.5], [0.1, math.nan]], 1),
        ([[0.5, math.nan], [0.1, 0.9]], [[0.5, math.nan], [0.1, 0.9]], 1),
        ([[0.5, 0.5], [0.1, 0.9]], [[0.5, 0.5, 0.0], [0.1, 0.9, 0.0]], 2),
        ([[0.5, 0.5], [0.1, 0.9]], None, 2),
        (None, None, 0),
    ],
)
def test_probabilities_that_differ(one, other, differ):
    assert same_answers(answered(["a", "b"], one), answered(["a", "b"], other)) == differ
    assert same_answers(answered(["a", "b"], other), answered(["a", "b"], one)) == differ


def test_a_row_that_differs_in_both_counts_once():
    assert same_answers(answered(["a", "b"], [[1.0], [1.0]]), answered(["a", "x"], [[0.5], [0.5]])) == 2


@pytest.mark.parametrize(
    ("claimed", "found", "close"),
    [
        (1.0, 1.0 + 0.99e-6, True),
        (1.0, 1.0 + 1.01e-6, False),
        (-2e6, -2e6 - 1.9, True),
        (-2e6, -2e6 - 2.1, False),
        (0.0, 0.99e-9, True),
        (0.0, 1.01e-9, False),
        (1e-4, 1.000009e-4, True),
        (1e-4, 1.00002e-4, False),
        (1.0, -1.0, False),
        (math.nan, 1.0, False),
        (math.nan, math.nan, False),
        (math.inf, 1e308, False),
        (HUGE, 1.0, False),
        (-HUGE, 1.0, False),
    ],
)
def test_a_millionth_is_close(claimed, found, close):
    assert is_close(claimed, found) is close
    assert is_close(found, claimed) is close


# -- stored predictions ----------------------------------------------------------------------------------------------


def test_what_an_evaluation_stores_is_read_again():
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7]])
    row, truth = pd.Series([4, 9]), pd.Series(["no", "no"])
    stored = format_predictions(row, truth, np.array(["no", "yes"]), probabilities, LABELS)
    found = read_answer(parse_parquet(format_parquet(stored)), LABELS)
    assert found == answered(["no", "yes"], probabilities.tolist())
    swapped = read_answer(stored, ["yes", "no"])
    assert swapped.probabilities == [[0.1, 0.9], [0.7, 0.3]]
    assert read_answer(stored.drop(columns=["probability_no", "probability_yes"]), LABELS).probabilities is None
    numbers = format_predictions(row, row, np.array([1.5, 2.5]), None, [])
    assert read_answer(parse_parquet(format_parquet(numbers)), []) == answered([1.5, 2.5])
    codes = format_predictions(row, row, np.array([1, 2]), probabilities, [1, 2])
    assert read_answer(codes, [1, 2]) == answered([1, 2], probabilities.tolist())


def stored(columns, names=None):
    """A table as it comes out of a Parquet file of these columns."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(c) for c in columns], names=names), sink)
    return parse_parquet(sink.getvalue())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (stored([[1, 2]], ["row"]), "has no column prediction"),
        (stored([["no"], [0.5]], ["prediction", "probability_no"]), "has no column probability_yes"),
        (stored([["no"], [0.5]], ["prediction", "probability_yes"]), "has no column probability_no"),
        (pd.DataFrame([["no", "yes"]], columns=["prediction"] * 2), "two columns of one name"),
        (pd.DataFrame([["no", 0.5, 0.5]], columns=["prediction", "probability_no", "probability_no"]), "two columns"),
        (stored([["no"], ["0.5"], ["0.5"]], ["prediction", "probability_no", "probability_yes"]), "not numbers"),
        (stored([["no"], ["a"], ["b"]], ["prediction", "probability_no", "probability_yes"]), "not numbers"),
        (stored([["no"], [[0.5]], [[0.5]]], ["prediction", "probability_no", "probability_yes"]), "not numbers"),
        (stored([["no"], [True], [False]], ["prediction", "probability_no", "probability_yes"]), "not numbers"),
        (stored([[["no", "yes"]]], ["prediction"]), "neither labels nor numbers"),
        (pd.DataFrame({"prediction": pd.Series(["no", None], dtype=object)}), "neither labels nor numbers"),
        (stored([[b"no"]], ["prediction"]), "neither labels nor numbers"),
        (stored([[{"no": 1}]], ["prediction"]), "neither labels nor numbers"),
        (stored([pd.to_datetime(["2026-06-01"])], ["prediction"]), "neither labels nor numbers"),
        (pd.DataFrame([["no"]], columns=pd.MultiIndex.from_tuples([("prediction", "x")])), "two columns"),
        (
            pd.DataFrame({"prediction": ["no"], "probability_no": [0.5], "probability_yes": [pd.NA]}).astype(
                {"probability_yes": "Float64"}
            ),
            "not numbers",
        ),
    ],
)
def test_a_file_that_holds_no_answer(table, message):
    with pytest.raises(AnswerFault, match=f"^predictions.parquet .*{message}"):
        read_answer(table, LABELS)


def test_a_stored_answer_that_is_not_finite_is_read_and_not_the_same():
    found = read_answer(stored([[1.0, math.nan]], ["prediction"]), [])
    assert same_answers(found, answered([1.0, 1.0])) == 1
    with pytest.raises(AnswerFault, match="finite"):
        grade(found, pd.Series([1.0, 2.0]), NUMBERS, [])


def test_a_column_with_a_long_name_is_not_told_at_length():
    with pytest.raises(AnswerFault) as caught:
        read_answer(stored([["no"], [0.5]], ["prediction", "probability_a"]), ["a", "x" * 10_000])
    assert len(str(caught.value)) < 300
