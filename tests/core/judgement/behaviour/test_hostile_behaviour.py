"""No answer of a model to a behaviour test raises, and none that makes no sense passes."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.judgement.behaviour.behaviour_tests import (
    ADD,
    ALL_INPUTS,
    ROWS,
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
from tests.scaffold.examples import examples

from mintmark.core.judgement.answers import Answer

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
