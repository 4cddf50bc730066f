"""Types, duplicates and missing values by the rules of params.yaml."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mintmark.core.question import Question, RecipeFault
from mintmark.training.cleaning import (
    apply_types,
    drop_duplicates,
    input_faults,
    row_number_notes,
    select_columns,
    target_faults,
    text_notes,
)
from mintmark.training.missing import apply_fills, drop_missing, learn_fills
from mintmark.training.recipe import Preparation

ROWS = pd.Series(range(100))


def preparation(**section):
    return Preparation.from_dict({"split": {"method": "random", "evaluation": 0.5}, **section})


def frame():
    return pd.DataFrame({"key": ["a", "b", "c"], "x": [1.0, np.nan, 5.0], "kind": ["u", None, "u"], "y": [0, 1, 0]})


def test_rows_are_numbered_in_the_order_of_the_source():
    selected = select_columns(frame(), preparation(drop=["kind"]), "y")
    assert list(selected.columns) == ["row", "key", "x", "y"]
    assert selected["row"].tolist() == [0, 1, 2]


def test_a_declared_id_is_the_row_id():
    selected = select_columns(frame(), preparation(id="key"), "y")
    assert list(selected.columns) == ["row", "x", "kind", "y"]
    assert selected["row"].tolist() == ["a", "b", "c"]


def test_numbers_stay_when_other_rows_are_dropped():
    selected = drop_missing(select_columns(frame(), preparation(), "y"), preparation(missing={"default": "drop-row"}))
    assert selected["row"].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("section", "place", "message"),
    [
        ({"drop": ["key", "nope"]}, ("prepare", "drop", 1), 'no column "nope"'),
        ({"carry": ["nope"]}, ("prepare", "carry", 0), 'no column "nope"'),
        ({"id": "nope"}, ("prepare", "id"), 'no column "nope"'),
        ({"types": {"nope": "number"}}, ("prepare", "types", "nope"), 'no column "nope"'),
        ({"missing": {"columns": {"nope": "median"}}}, ("prepare", "missing", "columns", "nope"), 'no column "nope"'),
        (
            {"split": {"method": "group", "by": "nope", "evaluation": 0.5}},
            ("prepare", "split", "by"),
            'no column "nope"',
        ),
        ({"drop": ["y"]}, ("prepare", "drop"), "is the target"),
        ({"id": "kind"}, ("prepare", "id"), "a different value in every row, and 1 have none"),
        ({"id": "y"}, ("prepare", "id"), '"y" is the target'),
    ],
)
def test_a_column_that_cannot_be_used_is_named_with_its_place(section, place, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        select_columns(frame(), preparation(**section), "y")
    assert caught.value.place == place


def test_a_target_that_is_not_there_names_the_columns():
    with pytest.raises(RecipeFault, match=r'no column "z", which model.yaml names as target .it has key, x, kind, y.'):
        select_columns(frame(), preparation(), "z")


def test_a_name_that_is_nearly_there_is_told_with_its_spaces():
    with pytest.raises(RecipeFault, match=r'model.yaml names as target .did you mean " y"\?.'):
        select_columns(frame().rename(columns={"y": " y"}), preparation(), "y")
    with pytest.raises(RecipeFault, match="must hold a different value in every row, and 0 is there again in row 2"):
        select_columns(frame().assign(z=1), preparation(id="y"), "z")
    with pytest.raises(RecipeFault, match="as target and as entity_column"):
        select_columns(frame(), preparation(), "y", entity="y")


def test_a_column_called_row_needs_a_decision():
    with pytest.raises(RecipeFault, match=r"id: row or drop:"):
        select_columns(frame().rename(columns={"x": "row"}), preparation(), "y")
    selected = select_columns(frame().rename(columns={"key": "row"}), preparation(id="row"), "y")
    assert selected["row"].tolist() == ["a", "b", "c"]


def test_types_are_converted():
    raw = pd.DataFrame({"n": ["1", "2"], "b": [0, 1], "s": [1, 2], "d": ["2026-01-02", "2026-01-01"], "f": [1, 2]})
    typed = apply_types(raw, {"n": "integer", "b": "boolean", "s": "string", "d": "datetime", "f": "number"})
    assert [str(t) for t in typed.dtypes] == ["int64", "bool", "str", "datetime64[us]", "float64"]
    assert typed["s"].tolist() == ["1", "2"]


def test_categories_become_text_and_stay_missing():
    typed = apply_types(pd.DataFrame({"c": pd.Categorical(["u", None]), "o": pd.Series(["u", None], dtype=object)}), {})
    assert [str(t) for t in typed.dtypes] == ["str", "str"]
    assert typed.isna().sum().tolist() == [1, 1]


@pytest.mark.parametrize(("wanted", "values"), [("number", ["1", "x"]), ("boolean", [0, 2]), ("datetime", ["x", "y"])])
def test_a_value_without_the_type_is_a_fault(wanted, values):
    with pytest.raises(RecipeFault, match=f"which is no {wanted}") as caught:
        apply_types(pd.DataFrame({"c": values}), {"c": wanted})
    assert caught.value.place == ("prepare", "types", "c")


def test_duplicates_are_kept_dropped_or_refused():
    rows = pd.DataFrame({"row": [0, 1, 2], "x": [1, 1, 2], "y": [0, 0, 0]})
    assert drop_duplicates(rows, "keep")["row"].tolist() == [0, 1, 2]
    assert drop_duplicates(rows, "drop")["row"].tolist() == [0, 2]
    with pytest.raises(RecipeFault, match=r"1 rows repeat another one .the first is row 1."):
        drop_duplicates(rows, "error")


def test_missing_values_are_an_error_unless_a_rule_says_otherwise():
    with pytest.raises(RecipeFault, match=r'1 of 3 rows have no "x"'):
        drop_missing(frame(), preparation(missing={"columns": {"kind": "keep"}}))


@pytest.mark.parametrize(
    ("rule", "column", "value"),
    [
        ("median", "x", 3.0),
        ("most-frequent", "kind", "u"),
        ({"constant": -1}, "x", -1),
        ({"constant": "?"}, "kind", "?"),
    ],
)
def test_fills_are_learned(rule, column, value):
    assert learn_fills(
        frame(), preparation(missing={"columns": {column: rule}}), ["x", "kind"], gaps=["x", "kind"]
    ) == {column: value}


def test_fills_come_from_the_training_rows_alone():
    rules = preparation(missing={"default": "median"})
    train, evaluation = pd.DataFrame({"x": [1.0, 3.0, np.nan]}), pd.DataFrame({"x": [100.0, np.nan]})
    fills = learn_fills(train, rules, ["x"], gaps=["x"])
    assert apply_fills(evaluation, fills, {})["x"].tolist() == [100.0, 2.0]


def test_a_tie_goes_to_the_smallest():
    rules = preparation(missing={"default": "most-frequent"})
    assert learn_fills(pd.DataFrame({"k": ["b", "a", None]}), rules, ["k"], gaps=["k"]) == {"k": "a"}


def test_an_integer_column_is_whole_again_after_the_fill():
    rules = preparation(types={"x": "integer"}, missing={"default": {"constant": 0}})
    typed = apply_types(pd.DataFrame({"x": [1.0, np.nan]}), rules.types)
    filled = apply_fills(typed, learn_fills(typed, rules, ["x"], gaps=["x"]), rules.types)
    assert (str(filled["x"].dtype), filled["x"].tolist()) == ("int64", [1, 0])


@pytest.mark.parametrize(
    ("column", "message"), [("kind", "holds text and has no median; write most-frequent"), ("empty", "has no value")]
)
def test_a_fill_that_cannot_be_learned_is_a_fault(column, message):
    table = frame().assign(empty=np.nan)
    with pytest.raises(RecipeFault, match=message):
        learn_fills(table, preparation(missing={"columns": {column: "median"}}), [column], gaps=[column])


def test_arguments_are_not_changed():
    table = frame()
    before = table.copy()
    select_columns(table, preparation(id="key", drop=["kind"]), "y")
    apply_types(table, {"y": "boolean"})
    apply_fills(table, {"x": 0.0}, {})
    pd.testing.assert_frame_equal(table, before)


def test_a_column_without_a_missing_value_needs_no_rule():
    rules = preparation(missing={"default": "median"})
    assert learn_fills(frame(), rules, ["key", "x"], gaps=["x"]) == {"x": 3.0}


def test_all_faults_of_a_table_are_told_at_once():
    with pytest.raises(RecipeFault) as caught:
        apply_types(frame(), {"key": "number", "kind": "integer"})
    assert [fault.place[-1] for fault in caught.value.faults] == ["key", "kind"]
    assert "\"key\" holds 'a' (row 0), which is no number" in caught.value.message
    with pytest.raises(RecipeFault) as caught:
        drop_missing(frame(), preparation())
    assert [fault.message.split(";")[0] for fault in caught.value.faults] == [
        '1 of 3 rows have no "x"', '1 of 3 rows have no "kind"',
    ]  # fmt: skip
    assert "median" in caught.value.faults[0].message
    assert "median" not in caught.value.faults[1].message, "a remedy that does not work is none"


@pytest.mark.parametrize(
    ("rule", "column", "message"),
    [
        ({"constant": "?"}, "x", "holds numbers, and the constant .* is none"),
        ({"constant": 0}, "kind", "holds text, and the constant 0 is none"),
        ({"constant": 1.5}, "whole", "holds whole numbers, and the constant 1.5 is none"),
        ({"constant": 2}, "truth", "holds true and false, and the constant 2 is none"),
        ({"constant": "yes"}, "truth", "holds true and false, and the constant 'yes' is none"),
        ("median", "truth", "holds true and false and has no median; write most-frequent"),
    ],
)
def test_a_fill_of_another_type_is_a_fault(rule, column, message):
    rules = preparation(types={"whole": "integer", "truth": "boolean"}, missing={"columns": {column: rule}})
    typed = apply_types(frame().assign(whole=[1, 2, None], truth=["yes", None, "no"]), rules.types)
    with pytest.raises(RecipeFault, match=message):
        learn_fills(typed, rules, [column], gaps=[column])


def test_a_median_of_whole_numbers_is_one():
    rules = preparation(types={"x": "integer"}, missing={"columns": {"x": "median"}})
    assert learn_fills(pd.DataFrame({"x": [2.0, 5.0, None]}), rules, ["x"], gaps=["x"]) == {"x": 4.0}


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("error", [0, 1, 2]),
        ("most-frequent", [0, 1, 2]),
        ({"constant": 1}, [0, 1, 2]),
        ("keep", [0, 1]),
        ("drop-row", []),
    ],
)
def test_only_inputs_are_filled_and_a_remedy_works(rule, told):
    """Of target, entity and what the split goes by no row may lack a value, and what is carried stays as it is."""
    table = pd.DataFrame({"row": [0, 1], "y": [1.0, None], "who": ["a", None], "region": ["n", None], "x": [1, 2]})
    needed, carried = {"y": "the target", "who": "entity_column in model.yaml"}, {"who", "region"}
    every = [
        ('"y" (the target); write drop-row for it (missing: {columns: {"y": drop-row}}); where NA is a value of it: '
         'types: {"y": string}'),
        '"who" (entity_column in model.yaml); write drop-row for it (missing: {columns: {"who": drop-row}})',
        '"region", which is no input; write drop-row or keep for it (missing: {columns: {"region": drop-row}})',
    ]  # fmt: skip
    rules = preparation(missing={"default": rule})
    if not told:
        assert drop_missing(table, rules, needed=needed, carried=carried)["row"].tolist() == [0]
        return
    with pytest.raises(RecipeFault) as caught:
        drop_missing(table, rules, needed=needed, carried=carried)
    assert [fault.message.removeprefix("1 of 2 rows have no ") for fault in caught.value.faults] == [
        every[number] for number in told
    ]


@pytest.mark.parametrize(
    ("values", "wanted", "message"),
    [
        ([1.5, 2.0], "integer", r'"x" holds 1.5 \(row 0\), which is no integer'),
        (["1", "two"], "integer", "holds 'two' .row 1., which is no integer"),
        (["yes", "maybe"], "boolean", "holds 'maybe' .row 1., which is no boolean"),
        (
            ["01/02/2026", "2026-02-01"],
            {"datetime": "%d/%m/%Y"},
            "holds '2026-02-01' .row 1., which is no datetime like",
        ),
        (["2026-02-01", "soon"], "datetime", r'holds .soon. .row 1., .*; ISO 8601 is, and {datetime: "%d/%m/%Y"} says'),
        (
            ["ja", "nein"],
            "boolean",
            "holds 'ja' .row 0., which is no boolean; true, false, yes, no, t, f, y, n, 1 and 0 are",
        ),
        (["1", "18446744073709551617"], "integer", "row 1., which is no integer; whole numbers of up to 64 bits are"),
        ([1.0, 1e19], "integer", "holds 1e[+]19 .row 1., which is no integer"),
        (["1", "9007199254740993", None], "integer", "has gaps, and numbers beyond 2.53, .* rounds; write string"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_row(values, wanted, message):
    with pytest.raises(RecipeFault, match=message):
        apply_types(pd.DataFrame({"row": range(len(values)), "x": values}), {"x": wanted})


def test_whole_numbers_are_exact_and_may_be_written_as_decimals():
    large = pd.DataFrame({"x": ["9007199254740993", "-9007199254740995", "1e3", "7.0"]})
    assert apply_types(large, {"x": "integer"})["x"].tolist() == [9007199254740993, -9007199254740995, 1000, 7]


def test_truths_with_a_gap_are_whole_again_after_the_fill():
    rules = preparation(types={"x": "boolean"}, missing={"default": {"constant": False}})
    typed = apply_types(pd.DataFrame({"x": ["yes", None, "no"]}), rules.types)
    filled = apply_fills(typed, learn_fills(typed, rules, ["x"], gaps=["x"]), rules.types)
    assert (str(filled["x"].dtype), filled["x"].tolist()) == ("bool", [True, False, False])


def test_inputs_that_no_estimator_takes():
    table = pd.DataFrame(
        {
            "row": [0, 1], "day": pd.to_datetime(["2026-01-01"] * 2), "x": [1, np.inf], "e": [np.nan] * 2,
            "Unnamed: 0": [0, 1], "__index_level_0__": [0, 1],
        }
    )  # fmt: skip
    assert [fault.message.split(",")[0] for fault in input_faults(table, list(table)[1:])] == [
        '"day" holds times', '"x" is infinite in row 1; leave the cell empty', '"e" has no value at all; write drop: [e]',
        '"Unnamed: 0" has no name in the file: pandas writes its row numbers so (without index=False)',
        '"__index_level_0__" has no name in the file: pandas writes its row numbers so (without index=False)',
    ]  # fmt: skip


def test_an_infinite_target_is_told_with_its_first_row():
    question = Question(task="regression", target="y", metric="mae")
    (fault,) = target_faults(pd.Series([1.0, np.inf, -np.inf], name="y"), ROWS[:3], question)
    assert fault.message.startswith('"y" is infinite in 2 rows, first in row 1; leave the cell empty')


def test_an_input_that_counts_the_rows_is_told():
    table = pd.DataFrame({"index": range(1, 31), "month": [n % 12 for n in range(30)], "year": [2026] * 30})
    (line,) = row_number_notes(table, list(table))
    assert line.startswith('"index" counts the rows (1 to 30), and a model that takes it learns their order')
    assert list(row_number_notes(table.head(5), list(table))) == []


def test_text_that_an_estimator_takes_for_numbers_is_told():
    """scikit-learn makes numbers of 01234, of 1_000 and of digits in other scripts, and says nothing."""
    table = pd.DataFrame(
        {
            "code": ["12", "007"], "underscored": ["1_000", "2"], "long": ["18446744073709551617", "1"],
            "script": ["\u0661", "2"], "word": ["1", "two"], "declared": ["007", "008"], "number": [1, 2],
        }
    )  # fmt: skip
    lines = list(text_notes(table, list(table), {"declared": "string"}))
    assert [line.partition(",")[0] for line in lines] == [
        "\"code\" is text because of '007'", "\"underscored\" is text because of '1_000'",
        "\"long\" is text because of '18446744073709551617'", "\"script\" is text because of '\u0661'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("task", "values", "message"),
    [
        ("regression", [1.0, 1e200], "goes beyond 1e+150"),
        ("binary-classification", ["a", "b", "c"], "holds 3 different values"),
        ("binary-classification", ["a", "a", "a"], "holds 1 different values"),
        ("multiclass-classification", [1, 1, 1], "holds 1 different values"),
        ("regression", ["a", "b", "c"], "a regression predicts numbers"),
    ],
)
def test_a_target_that_does_not_fit_the_task(task, values, message):
    question = Question(task=task, target="y", metric="accuracy")
    assert [message in fault.message for fault in target_faults(pd.Series(values), ROWS, question)] == [True]


def test_a_positive_class_that_is_not_there():
    question = Question(task="binary-classification", target="y", metric="accuracy", positive_class="yes")
    (fault,) = target_faults(pd.Series([True, False]), ROWS, question)
    assert "positive_class is 'yes', and \"y\" holds False, True" in fault.message


def test_times_of_several_zones_are_moments_and_a_bare_one_among_them_is_a_fault():
    """The clocks of one country change twice a year."""
    for wanted in ("datetime", {"datetime": "%Y-%m-%dT%H:%M%z"}):
        summer = pd.DataFrame({"t": ["2026-07-01T10:00+02:00", "2026-01-01T10:00+01:00", None]})
        times = apply_types(summer, {"t": wanted})["t"]
        assert times.dropna().tolist() == [pd.Timestamp("2026-07-01T08:00Z"), pd.Timestamp("2026-01-01T09:00Z")]
    mixed = pd.DataFrame({"t": ["2026-07-01T10:00+02:00", "2026-01-01"]})
    with pytest.raises(RecipeFault, match="others have none, such as '2026-01-01'"):
        apply_types(mixed, {"t": "datetime"})
