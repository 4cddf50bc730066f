"""What model.yaml asks for in words: the same words with every escape, and nothing of a text that is not escaped."""

from __future__ import annotations

import pytest

from mintmark.core.behaviour_tests import behaviour_test
from mintmark.core.model import Gates
from mintmark.core.question import Condition
from mintmark.core.words.demands import (
    as_it_is,
    behaviour,
    comparisons,
    condition,
    cost_name,
    cost_words,
    prediction,
    value_in_words,
)


def marked(text: str) -> str:
    return f"<{text}>"


@pytest.mark.parametrize(
    ("where", "plain", "escaped"),
    [
        ({"column": "age", "at_least": 55}, "age is at least 55", "<age> is at least 55"),
        (
            {"column": "age", "at_least": 5.5, "below": 60},
            "age is at least 5.5 and below 60",
            "<age> is at least 5.5 and below 60",
        ),
        ({"column": "sex", "equals": "f"}, "sex is f", "<sex> is <f>"),
        ({"column": "on", "equals": True}, "on is true", "<on> is true"),
        ({"column": "c", "in": ["a", 2, 0.12345]}, "c is one of a, 2, 0.12345", "<c> is one of <a>, 2, 0.12345"),
    ],
)
def test_conditions(where, plain, escaped):
    assert condition(Condition.from_dict(where), as_it_is) == plain
    assert condition(Condition.from_dict(where), marked) == escaped


def test_a_long_list_of_values_is_cut():
    found = condition(Condition.from_dict({"column": "c", "in": list(range(50))}), as_it_is)
    assert found.endswith("18, 19 and 30 more")


def words_of(test, looked_at, escape):
    return behaviour(behaviour_test({"name": "t", **test}), looked_at, escape)


def test_behaviour_tests():
    change = {"column": "size", "add": 1}
    invariance = {"kind": "invariance", "change": change, "tolerance": 0.05, "share": 0.99}
    assert words_of(invariance, "the prediction", as_it_is) == [
        "size plus 1: the prediction moves by at most 0.05 in at least 99% of the rows"
    ]
    direction = {
        "kind": "direction",
        "change": {"column": "size", "multiply": 2},
        "expect": "increase",
        "share": 0.9995,
    }
    assert words_of(direction, "the prediction", marked) == [
        "<size> times 2: the prediction does not fall in at least 99.95% of the rows, and rises in some"
    ]
    cases = [{"row": {"a": 1, "b": "x"}, "expect": "yes"}, {"row": {"a": None}, "at_least": 0.5, "at_most": 0.9}]
    assert words_of({"kind": "minimum-functionality", "cases": cases}, "", marked) == [
        "<a> 1, <b> <x>: <yes>",
        "<a> none: at least 0.5 and at most 0.9",
    ]
    malformed = {"kind": "malformed", "inputs": ["nan", "no-rows"], "expect": "error"}
    assert words_of(malformed, "", as_it_is) == ["NaN, no rows: an error"]


def test_what_is_looked_at():
    assert prediction("regression", None, marked) == "the prediction"
    assert prediction("multiclass-classification", None, marked) == "each probability"
    assert prediction("binary-classification", "bad", marked) == "the probability of <bad>"
    assert prediction("binary-classification", None, marked) == "the probability of the second class"


def test_gates_that_need_a_champion():
    assert list(comparisons("mae", Gates(margin=0.00125, slice_margin=2))) == [
        ("margin", "mae at most 0.00125 worse than the champion's"),
        ("slice margin", "in no slice more than 2 worse"),
    ]
    assert (
        dict(comparisons("mae", Gates(margin=1, slice_margin=1, leak_cap=3)))["leak cap"]
        == "mae at most 3 better; more may be a leak"
    )


def test_costs():
    assert cost_name("latency_batch_seconds", 1000) == "time to predict a batch of 1,000 rows"
    assert cost_name("load_seconds", 1000) == "time to load it"
    assert cost_name("watts") == "watts"
    assert (cost_words("size")(4962), cost_words("load_seconds")(0.01), cost_words("watts")(3.14159)) == (
        "4.96 kB", "10 ms", "3.142",
    )  # fmt: skip


def test_values():
    assert value_in_words({"a": [1]}, marked) == '<{"a": [1]}>'
    assert value_in_words("x" * 500, as_it_is) == "x" * 159 + "…"
