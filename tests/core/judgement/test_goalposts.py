"""Which edits of model.yaml loosen what a candidate is judged by, and which do not."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples

from mintmark.core.judgement.goalposts import GOALPOSTS, GateChange, described, goalposts, needs_a_person
from mintmark.core.statistics.metric_names import CLASSIFICATION, REGRESSION, greater_is_better
from mintmark.registry.files import read_yaml

ROOT = Path(__file__).parents[3]
METRICS = sorted({*REGRESSION, *CLASSIFICATION})
MODEL: dict[str, Any] = {
    "schema": 1,
    "name": "churn",
    "task": "binary-classification",
    "owners": ["@ada", "@acme/ml"],
    "purpose": "Tells who leaves.",
    "licence": "MIT",
    "target": "left",
    "positive_class": "yes",
    "entity_column": None,
    "metric": {"name": "roc_auc", "goal": "maximize"},
    "gates": {
        "margin": 0.01,
        "leak_cap": 0.05,
        "floors": {"roc_auc": 0.8, "log_loss": 0.5},
        "slice_margin": 0.03,
        "slice_min_rows": 60,
        "cost": {"size": "1 MB", "load_seconds": 2},
    },
    "slices": [
        {"name": "older", "description": "Of 60 and more.", "where": {"column": "age", "at_least": 60}},
        {"name": "north", "where": {"column": "region", "in": ["n", "nw"]}},
    ],
    "behaviour": [
        {
            "name": "clear",
            "kind": "minimum-functionality",
            "cases": [
                {"row": {"age": 90, "calls": 9}, "expect": "yes"},
                {"row": {"age": 20}, "at_least": 0.1, "at_most": 0.4},
            ],
        },
        {"name": "steady", "kind": "invariance", "change": {"column": "age", "add": 1}, "tolerance": 0.05, "share": 0.9},
        {"name": "rising", "kind": "direction", "change": {"column": "calls", "add": 1}, "expect": "increase", "share": 0.9},
        {"name": "refuses", "kind": "malformed", "inputs": ["nan", "no-rows"], "expect": "error"},
    ],
}  # fmt: skip
GONE = object()


def edited(*edits: tuple[str, Any]) -> dict[str, Any]:
    """The model with values at dotted places set, or taken out (`GONE`); a number is a place in a list."""
    document = copy.deepcopy(MODEL)
    for place, value in edits:
        *path, last = (int(part) if part.isdigit() else part for part in place.split("."))
        part: Any = document
        for key in path:
            part = part[key]
        if value is GONE:
            del part[last]
        elif isinstance(part, list) and last == len(part):
            part.append(value)
        else:
            part[last] = value
    return document


def moved(*edits: tuple[str, Any]) -> list[tuple[str, str]]:
    return [(change.field, change.effect) for change in goalposts(MODEL, edited(*edits))]


# What an edit does, and (the mirror) what taking it back does.
ONE_EDIT: list[tuple[str, Any, str, str]] = [
    ("gates.margin", 0.02, "gates.margin", "loosened"),
    ("gates.margin", 0, "gates.margin", "tightened"),
    ("gates.leak_cap", 0.06, "gates.leak_cap", "loosened"),
    ("gates.leak_cap", 0.04, "gates.leak_cap", "tightened"),
    ("gates.leak_cap", GONE, "gates.leak_cap", "loosened"),
    ("gates.floors.roc_auc", 0.79, "gates.floors.roc_auc", "loosened"),
    ("gates.floors.roc_auc", 0.81, "gates.floors.roc_auc", "tightened"),
    ("gates.floors.roc_auc", GONE, "gates.floors.roc_auc", "loosened"),
    ("gates.floors.log_loss", 0.6, "gates.floors.log_loss", "loosened"),
    ("gates.floors.log_loss", 0.4, "gates.floors.log_loss", "tightened"),
    ("gates.floors.log_loss", GONE, "gates.floors.log_loss", "loosened"),
    ("gates.floors.recall", 0.7, "gates.floors.recall", "tightened"),
    ("gates.slice_margin", 0.04, "gates.slice_margin", "loosened"),
    ("gates.slice_margin", 0.02, "gates.slice_margin", "tightened"),
    ("gates.slice_margin", GONE, "gates.slice_margin", "tightened"),  # then the margin counts, and it is smaller
    ("gates.slice_min_rows", 61, "gates.slice_min_rows", "fewer slices"),
    ("gates.slice_min_rows", 59, "gates.slice_min_rows", "more slices"),
    ("gates.slice_min_rows", GONE, "gates.slice_min_rows", "more slices"),  # then 50 count
    ("gates.cost.size", "1001 kB", "gates.cost.size", "loosened"),
    ("gates.cost.size", "0.99 MB", "gates.cost.size", "tightened"),
    ("gates.cost.size", 999_999, "gates.cost.size", "tightened"),
    ("gates.cost.size", "1 MiB", "gates.cost.size", "loosened"),
    ("gates.cost.size", GONE, "gates.cost.size", "loosened"),
    ("gates.cost.load_seconds", 2.5, "gates.cost.load_seconds", "loosened"),
    ("gates.cost.load_seconds", GONE, "gates.cost.load_seconds", "loosened"),
    ("gates.cost.latency_row_seconds", 1, "gates.cost.latency_row_seconds", "tightened"),
    ("gates.of_the_future", 1, "gates.of_the_future", "changed"),
    ("slices.1", GONE, "slices.north", "fewer slices"),
    ("slices.2", {"name": "new", "where": {"column": "age", "below": 20}}, "slices.new", "more slices"),
    ("slices.0.where.at_least", 70, "slices.older", "changed"),
    ("slices.1.where.in", ["n"], "slices.north", "changed"),
    ("behaviour.1", GONE, "behaviour.steady", "loosened"),
    ("behaviour.4", {**MODEL["behaviour"][1], "name": "new"}, "behaviour.new", "tightened"),
    ("behaviour.1.tolerance", 0.06, "behaviour.steady.tolerance", "loosened"),
    ("behaviour.1.tolerance", 0.04, "behaviour.steady.tolerance", "tightened"),
    ("behaviour.1.share", 0.89, "behaviour.steady.share", "loosened"),
    ("behaviour.2.share", 0.91, "behaviour.rising.share", "tightened"),
    ("behaviour.1.change", {"column": "age", "add": 0}, "behaviour.steady.change", "changed"),
    ("behaviour.2.change.column", "age", "behaviour.rising.change", "changed"),
    ("behaviour.2.expect", "decrease", "behaviour.rising.expect", "changed"),
    ("behaviour.3.expect", "prediction", "behaviour.refuses.expect", "changed"),
    ("behaviour.3.inputs", ["nan"], "behaviour.refuses.inputs", "loosened"),
    ("behaviour.3.inputs", ["nan", "no-rows", "wrong-type"], "behaviour.refuses.inputs", "tightened"),
    ("behaviour.3.inputs", ["nan", "wrong-type"], "behaviour.refuses.inputs", "changed"),
    ("behaviour.0.cases.0", GONE, "behaviour.clear.cases", "loosened"),
    ("behaviour.0.cases.2", {"row": {"age": 1}, "at_most": 0.2}, "behaviour.clear.cases", "tightened"),
    ("behaviour.0.cases.2", {"row": {"age": 20}, "at_least": 0.2}, "behaviour.clear.cases", "tightened"),
    ("behaviour.0.cases.0.expect", "no", "behaviour.clear.cases", "changed"),
    ("behaviour.0.cases.0.row.age", 91, "behaviour.clear.cases", "changed"),
    ("behaviour.0.cases.0.at_least", 0.9, "behaviour.clear.cases", "tightened"),
    ("behaviour.0.cases.1.expect", "no", "behaviour.clear.cases", "tightened"),
    ("behaviour.0.cases.1.at_least", 0.05, "behaviour.clear.cases", "loosened"),
    ("behaviour.0.cases.1.at_least", 0.2, "behaviour.clear.cases", "tightened"),
    ("behaviour.0.cases.1.at_least", GONE, "behaviour.clear.cases", "loosened"),
    ("behaviour.0.cases.1.at_most", 0.5, "behaviour.clear.cases", "loosened"),
    ("behaviour.0.cases.1.at_most", 0.3, "behaviour.clear.cases", "tightened"),
    ("behaviour.0.cases.1", {"row": {"age": 20}, "at_least": 0.2, "at_most": 0.5}, "behaviour.clear.cases", "changed"),
    ("behaviour.0.cases.1", {"row": {"age": 20}, "expect": "no"}, "behaviour.clear.cases", "changed"),
    ("task", "multiclass-classification", "task", "changed"),
    ("target", "gone", "target", "changed"),
    ("positive_class", "no", "positive_class", "changed"),
    ("entity_column", "customer", "entity_column", "changed"),
    ("metric.name", "f1", "metric.name", "changed"),
    ("metric", {"name": "f1"}, "metric.name", "changed"),
    ("metric.goal", "minimize", "metric.goal", "changed"),
    ("owners", ["@ada"], "owners", "changed"),
    ("owners", ["@ada", "@acme/ml", "@eve"], "owners", "changed"),
]
MIRROR = {"loosened": "tightened", "tightened": "loosened", "changed": "changed", "fewer slices": "more slices"}
# More slices, or more that are judged, are stricter for those and looser for all others: Holm corrects for their number.
EFFECTS = {"more slices": "changed", "fewer slices": "loosened"}
MIRROR["more slices"] = "fewer slices"


@pytest.mark.parametrize(("place", "value", "field", "effect"), ONE_EDIT)
def test_one_edit_and_its_mirror(place, value, field, effect):
    after = edited((place, value))
    told, back_told = (EFFECTS.get(one, one) for one in (effect, MIRROR[effect]))
    assert [(change.field, change.effect) for change in goalposts(MODEL, after)] == [(field, told)]
    (back,) = goalposts(after, MODEL)
    assert (back.field, back.effect) == (field, back_told)
    (there,) = goalposts(MODEL, after)
    assert (back.before, back.after) == (there.after, there.before) or field == "owners"
    assert described(MODEL, after) == []


@pytest.mark.parametrize(("effect", "asks"), [("loosened", True), ("changed", True), ("tightened", False)])
def test_only_what_is_surely_stricter_needs_nobody(effect, asks):
    assert needs_a_person(GateChange(field="gates.margin", before="1", after="2", effect=effect)) is asks


@pytest.mark.parametrize(
    "edits",
    [
        (),
        (("gates.margin", 0.010),),
        (("gates.cost.size", "1000 kB"),),
        (("gates.cost.size", 1_000_000.0),),
        (("gates.cost.load_seconds", 2.0),),
        (("owners", ["@acme/ml", "@ada"]),),
        (("entity_column", GONE),),
        (("behaviour.3.inputs", ["no-rows", "nan"]),),
        (("behaviour.0.cases", MODEL["behaviour"][0]["cases"][::-1]),),
        (("slices", MODEL["slices"][::-1]), ("behaviour", MODEL["behaviour"][::-1])),
        (("slices.0.description", "Old."), ("behaviour.1.description", "Why."), ("purpose", "Else."), ("tags", ["x"])),
    ],
)  # fmt: skip
def test_what_is_no_goalpost_or_means_the_same(edits):
    assert goalposts(MODEL, edited(*edits)) == []
    assert goalposts(edited(*edits), MODEL) == []


def test_a_default_that_is_written_out_is_no_change():
    bare = edited(("gates.slice_min_rows", GONE), ("gates.slice_margin", GONE))
    told = copy.deepcopy(bare)
    told["gates"] |= {"slice_min_rows": 30, "slice_margin": 0.01}
    assert goalposts(bare, told) == goalposts(told, bare) == []


def test_a_slice_margin_that_comes_is_compared_with_the_margin():
    bare = edited(("gates.slice_margin", GONE))
    (change,) = goalposts(bare, MODEL)
    assert change == GateChange(
        field="gates.slice_margin", before="none (0.01 counts)", after="0.03", effect="loosened"
    )


def test_a_margin_that_slices_inherit_is_told_once():
    before, after = (edited(("gates.slice_margin", GONE), ("gates.margin", margin)) for margin in (0.01, 0.02))
    assert [(c.field, c.effect) for c in goalposts(before, after)] == [("gates.margin", "loosened")]


@pytest.mark.parametrize("name", METRICS)
def test_a_floor_is_looser_on_the_side_that_is_worse(name):
    low, high = ({**MODEL, "gates": {"margin": 1, "floors": {name: value}}} for value in (0.2, 0.4))
    (change,) = goalposts(low, high)
    assert change.effect == ("tightened" if greater_is_better(name) else "loosened")
    (gone,) = goalposts(low, {**MODEL, "gates": {"margin": 1}})
    assert gone.effect == "loosened"


def test_all_gates_at_once():
    changes = goalposts(MODEL, edited(("gates", {"margin": 0.01})))
    assert {change.field: change.effect for change in changes} == {
        "gates.leak_cap": "loosened",
        "gates.floors.roc_auc": "loosened",
        "gates.floors.log_loss": "loosened",
        "gates.slice_margin": "tightened",
        "gates.slice_min_rows": "changed",
        "gates.cost.size": "loosened",
        "gates.cost.load_seconds": "loosened",
    }


def test_another_kind_of_test_is_a_change_of_one_test():
    change = {**MODEL["behaviour"][1], "name": "rising"}
    assert moved(("behaviour.2", change)) == [("behaviour.rising", "changed")]


def test_nothing_hides_behind_another_of_the_same_name():
    twice = edited(("slices.2", {"name": "older", "where": {"column": "age", "at_least": 80}}))
    assert [(c.field, c.effect) for c in goalposts(twice, MODEL)] == [("slices.older (2)", "loosened")]
    test = {**MODEL["behaviour"][1], "share": 0.1}
    assert moved(("behaviour.4", test)) == [("behaviour.steady (2)", "tightened")]
    shadowed = edited(("behaviour", [*MODEL["behaviour"][:1], test, *MODEL["behaviour"][1:]]))
    assert [(c.field, c.effect) for c in goalposts(MODEL, shadowed)] == [
        ("behaviour.steady.share", "loosened"),
        ("behaviour.steady (2)", "tightened"),
    ]


def test_a_new_model_loosens_nothing_and_a_model_that_goes_loosens_everything():
    new, gone = goalposts({}, MODEL), goalposts(MODEL, {})
    assert {change.effect for change in new} == {"tightened"}
    assert {change.effect for change in gone} == {"loosened"}
    assert {"gates.margin", "gates.slice_min_rows", "slices.older", "behaviour.refuses"} <= {c.field for c in new}
    assert not [change for change in new if change.field in ("owners", "task", "metric.name")]
    assert not any(needs_a_person(change) for change in new)


def test_the_first_slices_of_a_model_dilute_nothing():
    bare = edited(("slices", []))
    assert {(c.field, c.effect) for c in goalposts(bare, MODEL)} == {
        (f"slices.{n}", "tightened") for n in ("older", "north")
    }
    fewer = {**bare, "gates": {**bare["gates"], "slice_min_rows": 50}}
    assert [(c.field, c.effect) for c in goalposts(bare, fewer)] == [("gates.slice_min_rows", "tightened")]


def test_a_hundred_slices_hide_what_one_shows():
    """Why more slices are for a person: the same evidence no longer fails."""
    from mintmark.core.statistics.significance import holm

    assert holm([0.002]) == [0.002]
    assert holm([0.002, *[0.5] * 99])[0] == pytest.approx(0.2)


def test_owners_that_come_and_go_are_named():
    (change,) = goalposts(MODEL, edited(("owners", ["@eve", "@ada"])))
    assert (change.before, change.after) == ("@ada, @acme/ml", "added @eve, removed @acme/ml; now @eve, @ada")


@pytest.mark.parametrize(
    ("place", "value", "before", "after"),
    [
        ("gates.margin", 1e-05, "0.01", "1e-05"),
        ("gates.margin", 0.0100000001, "0.01", "0.0100000001"),
        ("gates.cost.size", GONE, "1 MB", "none"),
        ("positive_class", None, "yes", "none"),
        ("positive_class", 1, "yes", "1"),
        ("positive_class", "1", "yes", '"1"'),
        ("positive_class", "none", "yes", '"none"'),
        ("positive_class", True, "yes", "true"),
        ("slices.1.where", {"column": "a: b", "equals": 2.0}, "column: region, in: [n, nw]", 'column: "a: b", equals: 2'),
        ("behaviour.3.inputs", ["nan"], "nan, no-rows", "nan"),
        ("behaviour.0.cases.1.at_most", 0.5, "row: {age: 20}, at_least: 0.1, at_most: 0.4", "row: {age: 20}, at_least: 0.1, at_most: 0.5"),
        ("behaviour.0.cases.0", GONE, "row: {age: 90, calls: 9}, expect: yes", "none"),
        ("target", "a\nb\x1b[2J", "left", "a\\nb\\x1b[2J"),
    ],
)  # fmt: skip
def test_values_are_told_as_people_read_them(place, value, before, after):
    (change,) = goalposts(MODEL, edited((place, value)))
    assert (change.before, change.after) == (before, after)


def test_long_values_are_cut_where_the_difference_is_in_sight():
    row = {f"pixel_{i}": 0 for i in range(64)}
    before, after = (
        edited(("behaviour.0.cases", [{"row": {**row, "pixel_60": pixel}, "expect": 7}])) for pixel in (5, 15)
    )
    (change,) = goalposts(before, after)
    assert len(change.before) <= 200
    assert "pixel_60: 5," in change.before
    assert "pixel_60: 15," in change.after
    assert change.before.startswith("…")


@pytest.mark.parametrize("size", ["9" * 500 + " GB", "1 parsec", float("nan"), float("inf"), [1]])
def test_a_size_that_is_none_raises_nothing(size):
    """The schema lets the first of these through."""
    for before, after in ((MODEL, edited(("gates.cost.size", size))), (edited(("gates.cost.size", size)), MODEL)):
        assert [change.field for change in goalposts(before, after)] == ["gates.cost.size"]
    (change,) = goalposts(MODEL, edited(("gates.cost.size", size)))
    assert needs_a_person(change)


def test_no_key_of_the_schema_is_forgotten():
    """Whoever adds a key to a slice or to model.yaml decides here whether it is a goalpost."""
    schema = json.loads((ROOT / "schemas" / "model.schema.json").read_text())["properties"]
    assert set(schema["slices"]["items"]["properties"]) == {"name", "description", "where"}
    texts = {"purpose", "intended_use", "out_of_scope", "limitations", "ethics", "training_data", "licence", "title"}
    assert set(schema) - GOALPOSTS - texts == {"schema", "name", "tags", "monitoring", "extra"}
    values: dict[str, Any] = {"gates": {"margin": 1}, "metric": {"name": "f1"}, "slices": [], "behaviour": []}
    values["personal"] = {"age": "drop"}
    for key in schema:
        changed = {**MODEL, key: values.get(key, ["new"])}
        assert bool(goalposts(MODEL, changed)) == (key in GOALPOSTS)
        assert bool(described(MODEL, changed)) == (key not in GOALPOSTS)


def test_the_log_may_keep_less_of_a_person_and_not_more():
    def effects(before, after):
        return {change.field: change.effect for change in goalposts({**MODEL, **before}, {**MODEL, **after})}

    hashed, dropped = {"personal": {"age": "hash"}}, {"personal": {"age": "drop"}}
    for stricter in (({}, hashed), ({}, dropped), (hashed, dropped)):
        assert effects(*stricter) == {"personal.age": "tightened"}
        assert effects(*reversed(stricter)) == {"personal.age": "loosened"}


# -- what else differs -----------------------------------------------------------------------------------------------


def test_other_fields_are_told_before_and_after():
    after = edited(
        ("purpose", "Else."),
        ("licence", GONE),
        ("monitoring", {"thresholds": {"drift": 0.2}, "columns": ["age"]}),
        ("slices.0.description", "Old."),
        ("behaviour.3.description", "Why."),
        ("gates.margin", 0.5),
    )
    assert described(MODEL, after) == [
        ("licence", "MIT", "none"),
        ("monitoring", "none", "thresholds: {drift: 0.2}, columns: [age]"),
        ("purpose", "Tells who leaves.", "Else."),
        ("slices.older.description", "Of 60 and more.", "Old."),
        ("behaviour.refuses.description", "none", "Why."),
    ]
    assert described(MODEL, MODEL) == described({}, {}) == []
    assert ("name", "none", "churn") in described({}, MODEL)


def test_a_difference_far_into_a_text_is_in_sight():
    long = "word " * 500
    ((field, before, after),) = described(
        edited(("purpose", long + "end")), edited(("purpose", long + "\nEND, " + long))
    )
    assert field == "purpose"
    assert before.endswith("word end")
    assert "word \\nEND, word" in after
    assert max(len(before), len(after)) <= 200
    ((_, before, after),) = described(edited(("purpose", "a" * 1000)), edited(("purpose", "b" * 1000)))
    assert (before, after) == ("a" * 199 + "…", "b" * 199 + "…")


# -- properties ------------------------------------------------------------------------------------------------------

_numbers = st.one_of(st.integers(0, 10**30), st.floats(min_value=0, allow_infinity=False))
_sizes = st.one_of(
    st.integers(1, 10**12), st.builds("{} {}".format, st.integers(1, 999), st.sampled_from(["B", "kB", "MB", "MiB"]))
)
_gates = st.fixed_dictionaries(
    {"margin": _numbers},
    optional={
        "leak_cap": _numbers,
        "floors": st.dictionaries(st.sampled_from(METRICS), _numbers, max_size=3),
        "slice_margin": _numbers,
        "slice_min_rows": st.integers(1, 99),
        "cost": st.fixed_dictionaries({}, optional={"size": _sizes, "load_seconds": _numbers}),
    },
)
_cases = st.lists(
    st.fixed_dictionaries(
        {"row": st.sampled_from([{"a": 1}, {"a": 2}, {"a": 1, "b": "x"}])},
        optional={"at_least": st.integers(0, 3), "at_most": st.integers(4, 6), "expect": st.sampled_from(["u", "v"])},
    ),
    min_size=1, max_size=4,
)  # fmt: skip
_behaviour = st.lists(
    st.one_of(
        st.builds(
            lambda name, tolerance, share: {
                "name": name, "kind": "invariance", "change": {"column": "a", "add": 1}, "tolerance": tolerance, "share": share
            },
            st.sampled_from(["one", "two"]), st.integers(0, 3), st.sampled_from([0.5, 0.9, 1]),
        ),
        st.builds(
            lambda name, cases: {"name": name, "kind": "minimum-functionality", "cases": cases},
            st.sampled_from(["one", "two"]), _cases,
        ),
    ),
    max_size=3,
)  # fmt: skip


def document(gates: dict[str, Any], behaviour: list[dict[str, Any]]) -> dict[str, Any]:
    return {**MODEL, "gates": gates, "behaviour": behaviour}


@given(_gates, _behaviour)
@settings(max_examples=examples(100), deadline=None)
def test_nothing_differs_from_itself(gates, behaviour):
    one = document(gates, behaviour)
    assert goalposts(one, copy.deepcopy(one)) == []
    assert described(one, copy.deepcopy(one)) == []


@given(_gates, _gates, _behaviour, _behaviour)
@settings(max_examples=examples(300), deadline=None)
def test_the_way_back_is_the_mirror(old_gates, new_gates, old_tests, new_tests):
    before, after = document(old_gates, old_tests), document(new_gates, new_tests)
    kept = copy.deepcopy((before, after))
    there, back = ({c.field: c for c in goalposts(*pair)} for pair in ((before, after), (after, before)))
    rows = "gates.slice_min_rows"  # of which fewer mean more slices
    assert (
        {there.pop(rows).effect, back.pop(rows).effect} == {"changed", "loosened"}
        if rows in there
        else rows not in back
    )
    assert {field: MIRROR[change.effect] for field, change in there.items()} == {
        field: change.effect for field, change in back.items()
    }
    assert {f: c.effect for f, c in there.items() if f.startswith("gates.") and c.effect == "changed"} == {}
    assert (before, after) == kept


def test_the_models_of_this_registry_can_be_compared():
    documents = [read_yaml(path) for path in sorted((ROOT / "models").glob("*/model.yaml"))]
    for one in documents:
        for two in documents:
            changes = goalposts(one, two)
            assert (changes == []) is (one is two)
            assert all(len(change.before) <= 200 and len(change.after) <= 200 for change in changes)
            assert all(len(before) <= 200 and len(after) <= 200 for _, before, after in described(one, two))


def test_a_look_at_the_goalposts_loads_no_numbers():
    program = "import sys, mintmark.core.judgement.goalposts\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "yaml"} & set(done.stdout.split())
