"""Which columns model.yaml names, and which of them nobody has."""

from __future__ import annotations

import pytest

from mintmark.core.named_columns import KnownColumns, named_columns, recorded_columns, row_columns, unknown_columns

DOCUMENT = {
    "slices": [{"name": "a", "where": {"column": "region", "equals": "north"}}],
    "behaviour": [
        {"name": "b", "kind": "invariance", "change": {"column": "age", "add": 1}},
        {"name": "c", "kind": "minimum-functionality", "cases": [{"row": {"age": 1, "income": 2}, "expect": 1}]},
        {"name": "d", "kind": "malformed", "inputs": ["nan"]},
    ],
    "monitoring": {"columns": ["income"], "labels": {"join": ["id", "row", "age"]}},
}


def record(**prepare):
    params = {"params.yaml": {"models.churn.prepare": prepare, "models.other.prepare": {"carry": ["no"]}}}
    return {"model": "churn", "signature": {"inputs": {"age": "int64", "income": "float64"}},
            "stages": {"prepare@churn": {"cmd": "x", "params": params if prepare else {}}}}  # fmt: skip


def test_every_place_that_names_a_column():
    assert list(named_columns(DOCUMENT)) == [
        (("slices", 0, "where", "column"), "region"),
        (("behaviour", 0, "change", "column"), "age"),
        (("behaviour", 1, "cases", 0, "row", "age"), "age"),
        (("behaviour", 1, "cases", 0, "row", "income"), "income"),
        (("monitoring", "columns", 0), "income"),
        (("monitoring", "labels", "join", 2), "age"),
    ]
    assert list(named_columns({"slices": None, "monitoring": None})) == []


def test_what_a_record_knows():
    known = recorded_columns(record(carry=["region"], split={"method": "group", "by": "who"}))
    assert known == KnownColumns(inputs=frozenset({"age", "income"}), beside=frozenset({"region", "who"}), whole=True)
    assert list(unknown_columns(DOCUMENT, known)) == []


def test_a_near_match_is_offered():
    known = recorded_columns(record(carry=["region"]))
    wrong = {"slices": [{"where": {"column": "regoin"}}], "monitoring": {"columns": ["incme", "zzz"]}}
    assert list(unknown_columns(wrong, known)) == [
        (("slices", 0, "where", "column"), 'there is no column "regoin"; did you mean "region"?'),
        (("monitoring", "columns", 0), 'there is no column "incme"; did you mean "income"?'),
        (("monitoring", "columns", 1), 'there is no column "zzz"; the model takes age, income'),
    ]


@pytest.mark.parametrize("kept", ["region", "regoin"])
def test_where_nothing_tells_what_is_carried_a_slice_may_be_of_anything(kept):
    known = recorded_columns(record())
    assert not known.whole
    assert list(unknown_columns({"slices": [{"where": {"column": kept}}]}, known)) == []
    assert len(list(unknown_columns({"monitoring": {"columns": [kept]}}, known))) == 1


def test_the_columns_that_evaluation_rows_need():
    assert row_columns({**DOCUMENT, "target": "gone", "entity_column": "customer"}) == ["gone", "customer", "region"]
    assert row_columns({"target": None, "slices": []}) == []
