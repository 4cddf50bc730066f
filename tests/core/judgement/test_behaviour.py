"""What a model is asked for its behaviour tests, and which answers pass; the estimators here are real ones."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
from tests.scaffold.examples import examples

from mintmark.core.behaviour_tests import behaviour_test
from mintmark.core.judgement import behaviour
from mintmark.core.judgement.answers import Answer
from mintmark.core.judgement.behaviour_probes import MALFORMED_ROWS
from mintmark.core.words.numbers import share as share_in_words

ROWS = pd.DataFrame(
    {
        "size": [1.0, 2.0, 4.0, 8.0, np.nan, 64.0],
        "count": [1, 2, 3, 4, 5, 6],
        "flag": [True, False, True, True, False, True],
        "site": ["u", "v", "v", "w", "w", "u"],
        "day": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"]),
        "tiny": np.array([1, 2, 3, 4, 5, 100], dtype=np.int8),
        "half": np.array([0.5] * 6, dtype=np.float32),
    }
)
ALL_INPUTS = ["missing-column", "nan", "wrong-type", "no-rows"]


def minimum(*cases: dict[str, Any], name: str = "plain") -> dict[str, Any]:
    return {"name": name, "kind": "minimum-functionality", "cases": list(cases)}


def invariance(
    change: dict[str, Any], *, tolerance: float = 0.5, share: float = 1, name: str = "steady"
) -> dict[str, Any]:
    return {"name": name, "kind": "invariance", "change": change, "tolerance": tolerance, "share": share}


def direction(change: dict[str, Any], expect: str = "increase", *, share: float = 1) -> dict[str, Any]:
    return {"name": "rising", "kind": "direction", "change": change, "expect": expect, "share": share}


def malformed(*inputs: str, expect: str = "error") -> dict[str, Any]:
    return {"name": "refuses", "kind": "malformed", "inputs": list(inputs), "expect": expect}


def probes(tests: Sequence[dict[str, Any]], rows: pd.DataFrame, *, seed: int) -> dict[str, pd.DataFrame]:
    return behaviour.probes(list(map(behaviour_test, tests)), rows, seed=seed)


def judge_behaviour(tests: Sequence[dict[str, Any]], *arguments: Any, **about: Any) -> list[Any]:
    return behaviour.judge_behaviour(list(map(behaviour_test, tests)), *arguments, **about)


def probe(test: dict[str, Any], rows: pd.DataFrame = ROWS, seed: int = 1) -> pd.DataFrame:
    (table,) = probes([test], rows, seed=seed).values()
    return table


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


def judge(test, answer, *, rows=None, unchanged=None, classes=(), positive=None):
    """Judge one test by answers that are written down; a malformed test has one for each input."""
    rows = pd.DataFrame({"x": [float(i) for i in range(len(unchanged.prediction))]}) if rows is None else rows
    asked = probes([test], rows, seed=1)
    answers = dict.fromkeys(asked, answer) if isinstance(answer, Answer) else dict(zip(asked, answer, strict=True))
    (result,) = judge_behaviour([test], rows, asked, answers, unchanged or Answer(), classes=classes, positive=positive)
    json.dumps([result.message, result.share, list(result.failures)], allow_nan=False)  # plain values only
    return result


def numbers(*values: Any) -> Answer:
    return Answer(prediction=values)


def chances(*positive: float) -> Answer:
    """An answer of two classes, `no` and `yes`, by the probability of `yes`."""
    return Answer(
        prediction=["yes" if p > 0.5 else "no" for p in positive], probabilities=[[1 - p, p] for p in positive]
    )


# -- what is asked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected", "dtype"),
    [
        ({"column": "size", "add": 2}, [3, 4, 6, 10, None, 66], "float64"),
        ({"column": "size", "multiply": -0.5}, [-0.5, -1, -2, -4, None, -32], "float64"),
        ({"column": "size", "set": 7}, [7] * 6, "float64"),
        ({"column": "size", "set": None}, [None] * 6, "float64"),
        ({"column": "count", "add": 1}, [2, 3, 4, 5, 6, 7], "int64"),
        ({"column": "count", "add": 0.5}, [1.5, 2.5, 3.5, 4.5, 5.5, 6.5], "float64"),
        ({"column": "count", "multiply": 2.0}, [2, 4, 6, 8, 10, 12], "int64"),
        ({"column": "count", "set": None}, [None] * 6, "float64"),
        ({"column": "tiny", "add": 100}, [101, 102, 103, 104, 105, 200], "float64"),
        ({"column": "tiny", "add": 27}, [28, 29, 30, 31, 32, 127], "int8"),
        ({"column": "tiny", "set": -129}, [-129] * 6, "float64"),
        ({"column": "count", "multiply": 2**62}, [float(i * 2**62) for i in range(1, 7)], "float64"),
        ({"column": "half", "add": 1}, [1.5] * 6, "float32"),
        ({"column": "flag", "set": False}, [False] * 6, "bool"),
        ({"column": "flag", "set": None}, [None] * 6, "object"),
        ({"column": "site", "set": "z"}, ["z"] * 6, str(ROWS["site"].dtype)),
        ({"column": "day", "set": "2026-03-01"}, [pd.Timestamp("2026-03-01")] * 6, str(ROWS["day"].dtype)),
    ],
)
def test_a_change_is_made_in_one_column_and_keeps_its_type(change, expected, dtype):
    before = ROWS.copy(deep=True)
    changed = probe(invariance(change))
    found = [None if pd.isna(value) else value for value in changed[change["column"]]]
    assert found == expected
    assert str(changed[change["column"]].dtype) == dtype
    assert list(changed.columns) == list(ROWS.columns)
    assert_frame_equal(changed.drop(columns=change["column"]), ROWS.drop(columns=change["column"]))
    assert_frame_equal(ROWS, before)


def test_an_index_of_its_own_does_not_matter():
    shuffled = ROWS.set_axis([5, 5, 1, 1, 0, 9])
    for test in (invariance({"column": "count", "add": 1}), minimum({"row": {"count": 9}, "at_least": 0})):
        assert_frame_equal(probe(test, shuffled), probe(test))


def test_noise_is_gaussian_with_the_declared_deviation():
    rows = pd.DataFrame({"x": np.full(4000, 10.0)})
    noise = probe(invariance({"column": "x", "noise": 0.5}), rows)["x"] - 10
    assert noise.std() == pytest.approx(0.5, rel=0.05)
    assert noise.mean() == pytest.approx(0, abs=0.03)
    assert (noise.abs() < 0.5).mean() == pytest.approx(0.6827, abs=0.03)


def test_noise_depends_on_the_seed_and_the_name_alone():
    one = invariance({"column": "size", "noise": 1}, name="one")
    two = invariance({"column": "size", "noise": 1}, name="two")
    forwards, backwards = (list(probes(tests, ROWS, seed=4).values()) for tests in ([one, two], [two, one]))
    assert_frame_equal(forwards[0], backwards[1])
    assert_frame_equal(forwards[1], backwards[0])
    assert not forwards[0].equals(forwards[1])
    assert not forwards[0].equals(probe(one, seed=5))


def test_a_case_is_filled_up_with_what_is_typical():
    table = probe(minimum({"row": {"size": 3}, "at_least": 0}, {"row": {"site": "u", "count": None}, "at_most": 1}))
    assert table["size"].tolist() == [3, 4]
    assert table["site"].tolist() == ["u", "u"]  # u, v and w are there twice
    assert table["count"].tolist()[0] == 3  # the lower of 3 and 4: whole numbers stay whole
    assert math.isnan(table["count"].tolist()[1])
    assert table["flag"].tolist() == [True, True]
    assert table["day"].tolist() == [pd.Timestamp("2026-01-03")] * 2
    assert list(table.columns) == list(ROWS.columns)


def test_columns_that_no_case_mentions_keep_their_types():
    table = probe(minimum({"row": {"size": 3}, "at_least": 0}))
    assert table.dtypes.tolist() == ROWS.dtypes.tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["b", "a", "b", None], "b"),
        (["b", "a", "a", "b"], "a"),
        ([True, False, True], True),
        ([1.0, 2.0, np.nan], 1.5),
        ([4, 1, 2], 2),
        ([None, None], None),
        ([[1], [1], [2]], [1]),
        ([b"x", b"y", b"y"], b"y"),
    ],
)
def test_typical_is_the_median_or_the_most_frequent(values, expected):
    rows = pd.DataFrame({"x": range(len(values)), "other": pd.Series(values)})
    found = probe(minimum({"row": {"x": 1}, "at_least": 0}), rows)["other"].iloc[0]
    assert found == expected or (expected is None and pd.isna(found))


def test_malformed_inputs():
    asked = probes([malformed(*ALL_INPUTS)], ROWS, seed=1)
    assert list(asked) == [f"behaviour-0-{name}" for name in ALL_INPUTS]
    missing, nan, wrong, none = asked.values()
    head = ROWS.head(MALFORMED_ROWS)
    assert_frame_equal(missing, head.drop(columns="size"))
    assert nan.iloc[0].isna().all()
    assert_frame_equal(nan.iloc[1:], head.iloc[1:], check_dtype=False)
    assert wrong["size"].tolist() == ["not a number"] * MALFORMED_ROWS
    assert_frame_equal(wrong.drop(columns="size"), head.drop(columns="size"))
    assert none.empty
    assert none.dtypes.tolist() == ROWS.dtypes.tolist()


def test_where_no_column_holds_numbers_a_number_is_the_wrong_type():
    wrong = probe(malformed("wrong-type"), ROWS[["site", "flag"]])
    assert pd.api.types.is_numeric_dtype(wrong["site"])
    assert wrong["flag"].tolist() == ROWS["flag"].head(MALFORMED_ROWS).tolist()


def test_every_test_has_tables_of_its_own():
    tests = [
        invariance({"column": "size", "add": 1}, name="same"),
        invariance({"column": "size", "add": 2}, name="same"),
        malformed("nan"),
        malformed("nan"),
    ]
    assert list(probes(tests, ROWS, seed=1)) == ["behaviour-0", "behaviour-1", "behaviour-2-nan", "behaviour-3-nan"]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (invariance({"column": "nope", "add": 1}), 'the model has no input "nope"'),
        (direction({"column": "nope", "set": 1}), 'the model has no input "nope"'),
        (minimum({"row": {"size": 1, "nope": 2}, "at_least": 0}), 'the model has no input "nope"'),
        (invariance({"column": "site", "add": 1}), '"site" holds text and has no add'),
        (direction({"column": "flag", "multiply": 2}), '"flag" holds booleans and has no multiply'),
        (invariance({"column": "day", "noise": 1}), '"day" holds times and has no noise'),
        (invariance({"column": "size", "set": "big"}), "\"size\" holds numbers, which 'big' is not"),
        (invariance({"column": "size", "set": True}), '"size" holds numbers, which True is not'),
        (invariance({"column": "size", "add": 10**399}), '"size" holds numbers, which 1000000'),
        (invariance({"column": "site", "set": 4}), '"site" holds text, which 4 is not'),
        (invariance({"column": "flag", "set": 1}), '"flag" holds booleans, which 1 is not'),
        (invariance({"column": "day", "set": "soon"}), "\"day\" holds times, which 'soon' is not"),
        (minimum({"row": {"size": "x" * 5000}, "at_least": 0}), '"size" holds numbers, which'),
    ],
)
def test_a_test_that_does_not_fit_the_table_fails_and_names_the_column(test, message):
    assert probes([test], ROWS, seed=1) == {}
    (result,) = judge_behaviour([test], ROWS, {}, {}, numbers(*range(6)), classes=(), positive=None)
    assert result.verdict == "fail"
    assert result.message.startswith(message)
    assert len(result.message) < 300


@pytest.mark.parametrize(
    "rows",
    [ROWS.head(0), pd.DataFrame(), pd.DataFrame([[1.0, 2.0]], columns=["size", "size"])],
    ids=["no rows", "nothing", "one name twice"],
)
def test_rows_that_cannot_be_tested_with_fail_every_test(rows):
    tests = [minimum({"row": {"size": 1}, "at_least": 0}), invariance({"column": "size", "add": 1}), malformed("nan")]
    assert probes(tests, rows, seed=1) == {}
    results = judge_behaviour(tests, rows, {}, {}, Answer(), classes=(), positive=None)
    assert [result.verdict for result in results] == ["fail"] * 3


# -- invariance ------------------------------------------------------------------------------------------------------

ADD = {"column": "x", "add": 1}


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


# -- minimum functionality -------------------------------------------------------------------------------------------

X = pd.DataFrame({"x": [1.0, 2.0], "y": [0.0, 0.0]})


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


# -- hostile answers -------------------------------------------------------------------------------------------------

TWO = ("a", "b")
HOSTILE: list[tuple[Answer | None, tuple[Any, ...], str]] = [
    (None, (), "the model gave no answer"),
    (Answer(error="MemoryError: " + "x" * 9000), (), "the model raised MemoryError: xxx"),
    (Answer(error="two\nlines\x1b[31m"), (), "the model raised two\\nlines\\x1b[31m"),
    (numbers(), (), "the model gave no predictions for 2 rows"),
    (numbers(1), (), "the model gave 1 prediction for 2 rows"),
    (numbers(1, 2, 3), (), "the model gave 3 predictions for 2 rows"),
    (numbers(1, math.nan), (), "the prediction for row 1 is nan, which is no finite number"),
    (numbers(-math.inf, 1), (), "the prediction for row 0 is -inf, which is no finite number"),
    (numbers("1", 2), (), 'the prediction for row 0 is "1", which is no finite number'),
    (numbers(1, None), (), "the prediction for row 1 is nothing, which is no finite number"),
    (numbers(1, True), (), "the prediction for row 1 is True, which is no finite number"),
    (numbers(1, [1]), (), "the prediction for row 1 is a list, which is no finite number"),
    (numbers(1, 10**5000), (), "the prediction for row 1 is a number of 16610 bits, which is no finite number"),
    (numbers("x" * 10**6, 10**5000), (), 'the prediction for row 0 is "xxx'),
    (Answer(prediction="ab"), TWO, "the model's predictions are no list"),
    (Answer(prediction=None), (), "the model's predictions are no list"),  # type: ignore[arg-type]
    (Answer(prediction={0: 1.0, 1: 2.0}), (), "the model's predictions are no list"),  # type: ignore[arg-type]
    (Answer(prediction=["a", "c"]), TWO, 'the prediction for row 1 is "c", which is not one of the classes'),
    (Answer(prediction=["a", 0]), TWO, "the prediction for row 1 is 0, which is not one of the classes"),
    (Answer(prediction=["a", ["b"]]), TWO, "the prediction for row 1 is a list"),
    (Answer(prediction=["a", math.nan]), TWO, "the prediction for row 1 is nan"),
    (Answer(prediction=["a", "b"], probabilities=[[1, 0]]), TWO, "the model's probabilities are not those of 2 rows"),
    (Answer(prediction=["a", "b"], probabilities=7), TWO, "the model's probabilities are not those"),  # type: ignore[arg-type]
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], [1]]), TWO, "row 1 does not have one probability for each"),
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], None]), TWO, "row 1 does not have one probability for each"),  # type: ignore[list-item]
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], [1, 0, 0]]), TWO, "row 1 does not have one probability"),
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], "10"]), TWO, "row 1 does not have one probability"),
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], [0, math.nan]]), TWO, "the probability for row 1 is nan"),
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], [0, "1"]]), TWO, 'the probability for row 1 is "1"'),
    (Answer(prediction=[1, 2], error=""), (), "the model raised "),
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], [0, 1.5]]), TWO, "a probability does not lie between 0 and 1"),
    (Answer(prediction=["a", "b"], probabilities=[[1, 0], [2, -1]]), TWO, "a probability does not lie between 0 and 1"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "classes", "message"), HOSTILE, ids=lambda value: None)
def test_a_hostile_answer_is_a_failure_with_a_message(answer, classes, message):
    rows, good = X, Answer(prediction=list(classes) or [1, 2], probabilities=[[0.5, 0.5]] * 2 if classes else None)
    case = {"row": {"x": 1}, **({"expect": "a"} if classes else {"at_least": 0})}
    tests = [invariance(ADD), direction(ADD), minimum(case, case), malformed("nan", expect="prediction")]
    asked = probes(tests, rows, seed=1)
    answers = dict.fromkeys(asked, answer) if answer is not None else {}
    results = judge_behaviour(tests, rows, asked, answers, good, classes=classes, positive=None)
    assert [result.verdict for result in results] == ["fail"] * 4
    told = [*(result.message for result in results[:3]), results[3].failures[0]["came"]]
    assert all(text.startswith(message) and len(text) < 400 for text in told), told
    assert all(text.isprintable() for text in told)
    if answer is not None:
        (result,) = judge_behaviour(
            tests[:1], rows, asked, {"behaviour-0": good}, answer, classes=classes, positive=None
        )
        assert result.message.startswith(f"for the rows as they are, {message}")


def test_probabilities_for_one_table_only_cannot_be_compared():
    result = judge(invariance(ADD), Answer(prediction=["a"]), unchanged=chances(0.3), classes=("no", "yes", "a"))
    assert result.verdict == "fail"
    unchanged = Answer(prediction=["a"], probabilities=[[0.9, 0.1]])
    result = judge(invariance(ADD), Answer(prediction=["a"]), unchanged=unchanged, classes=TWO)
    assert result.message == "the model gives probabilities for some tables and none for others"


def test_extreme_predictions_overflow_quietly():
    result = judge(invariance(ADD), numbers(1e308), unchanged=numbers(-1e308))
    assert result.verdict == "fail"
    assert judge(direction(ADD), numbers(1e308), unchanged=numbers(-1e308)).verdict == "pass"


@pytest.mark.parametrize(
    ("classes", "positive", "message"),
    [
        (TWO, "c", 'the positive class "c" is not one of the model\'s classes "a" and "b"'),
        (([1], [2]), None, "the model's classes are not labels"),
    ],
)
def test_classes_that_make_no_sense_fail_every_test(classes, positive, message):
    tests = [malformed("nan"), invariance(ADD)]
    results = judge_behaviour(tests, X, {}, {}, Answer(), classes=classes, positive=positive)
    assert [(result.verdict, result.message) for result in results] == [("fail", message)] * 2


def test_values_of_rows_are_told_as_plain_ones():
    rows = ROWS.assign(long="x" * 1000, when=pd.Series([pd.NaT] * 6, dtype=ROWS["day"].dtype))
    for column, value in (("long", "z"), ("day", "2026-02-01"), ("when", "2026-02-01"), ("flag", None), ("count", 3)):
        test = invariance({"column": column, "set": value})
        result = judge(test, numbers(*[9] * 6), rows=rows, unchanged=numbers(*[0] * 6))
        assert result.failures[0]["row"] == 0
        assert all(len(str(each)) <= 200 for each in result.failures[0].values())
    assert judge(
        invariance({"column": "when", "set": "2026-02-01"}), numbers(*[9] * 6), rows=rows, unchanged=numbers(*[0] * 6)
    ).failures[0] == {
        "row": 0, "when before": None, "when after": "2026-02-01T00:00:00", "predicted before": 0, "predicted after": 9
    }  # fmt: skip


_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers(), max_size=2),
    st.sampled_from(["a", "b", "c", 0, 1, 10**400]),
)  # fmt: skip
_answers = st.builds(
    Answer,
    prediction=st.one_of(st.lists(_values, max_size=7), st.lists(st.sampled_from(["a", "b"]), min_size=6, max_size=6)),
    probabilities=st.one_of(
        st.none(),
        st.lists(st.one_of(_values, st.lists(_values, max_size=3)), max_size=7),
        st.lists(st.just([0.3, 0.7]), min_size=6, max_size=6),
    ),
    error=st.one_of(st.none(), st.none(), st.text(max_size=5)),
)
_columns = st.sampled_from([*ROWS.columns, "nope"])
_changes = st.one_of(
    st.builds(lambda c, v: {"column": c, "add": v}, _columns, st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(lambda c, v: {"column": c, "multiply": v}, _columns, st.integers()),
    st.builds(
        lambda c, v: {"column": c, "set": v}, _columns, st.one_of(st.none(), st.booleans(), st.floats(), st.text())
    ),
    st.builds(lambda c, v: {"column": c, "noise": v}, _columns, st.floats(min_value=1e-300, max_value=1e300)),
)
_tests = st.one_of(
    st.builds(invariance, _changes),
    st.builds(direction, _changes, st.sampled_from(["increase", "decrease"])),
    st.builds(malformed, st.sampled_from(ALL_INPUTS), expect=st.sampled_from(["error", "prediction"])),
    st.builds(
        lambda c, v, e: minimum({"row": {c: v}, **e}),
        _columns,
        st.one_of(st.none(), st.booleans(), st.floats(), st.text()),
        st.sampled_from([{"expect": "a"}, {"expect": 1}, {"at_least": 0.1}, {"at_most": 10**390}]),
    ),
)


@given(
    tests=st.lists(_tests, max_size=3),
    answers=st.lists(_answers, min_size=4, max_size=4),
    classes=st.sampled_from([(), ("a", "b"), ("a", "b", "c"), (0, 1), ("a",)]),
)
@settings(max_examples=examples(150), deadline=None)
def test_nothing_that_a_model_answers_raises(tests, answers, classes):
    asked = probes(tests, ROWS, seed=3)
    given_answers = dict(zip(asked, answers, strict=False))
    results = judge_behaviour(tests, ROWS, asked, given_answers, answers[-1], classes=classes, positive=None)
    assert [result.name for result in results] == [test["name"] for test in tests]
    for result in results:
        assert result.verdict in ("pass", "fail", "warn")
        assert result.share is None or 0 <= result.share <= 1
        assert len(result.failures) <= 5
        assert result.message
        assert result.verdict != "fail" or result.failures or result.share in (None, 1)
        json.dumps([result.message, result.share, list(result.failures)], allow_nan=False)


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
