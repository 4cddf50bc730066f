"""The rows with which a model is asked for its behaviour tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from tests.core.judgement.behaviour.behaviour_tests import (
    ALL_INPUTS,
    ROWS,
    direction,
    invariance,
    judge_behaviour,
    malformed,
    minimum,
    numbers,
    probes,
)

from mintmark.core.judgement.answers import Answer
from mintmark.core.judgement.behaviour_probes import MALFORMED_ROWS


def probe(test: dict[str, Any], rows: pd.DataFrame = ROWS, seed: int = 1) -> pd.DataFrame:
    (table,) = probes([test], rows, seed=seed).values()
    return table


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
