"""What model.yaml says, as values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mintmark.core.behaviour_tests import (
    Direction,
    ExpectedCase,
    InputChange,
    Invariance,
    Malformed,
    MinimumFunctionality,
    behaviour_test,
)
from mintmark.core.model import Gates, LabelSource, Model, Monitoring, Thresholds
from mintmark.core.question import Condition, Question, RecipeFault, Slice
from mintmark.registry.yaml.text import parse_yaml

SHIPPED = sorted(Path(__file__).parents[2].glob("models/*/model.yaml"))


def document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "iris",
        "task": "regression",
        "owners": ["@ada"],
        "purpose": "p",
        "licence": "MIT",
        "metric": {"name": "rmse", "goal": "minimize"},
        "gates": {"margin": 0.1},
        "extra": {"a": 1},
        **changes,
    }


def test_a_model_keeps_what_it_does_not_know() -> None:
    data = document()
    model = Model.from_dict(data)
    assert not model.metric.maximize
    assert model.document["extra"] == {"a": 1}
    assert data == document()  # from_dict leaves its argument alone


def test_what_a_model_leaves_out_is_empty() -> None:
    model = Model.from_dict(document())
    assert (model.title, model.target, model.positive_class, model.tags) == (None, None, None, ())
    assert (model.slices, model.behaviour, model.monitoring) == ((), (), Monitoring())
    assert model.gates == Gates(margin=0.1, slice_margin=0.1)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_model_says_what_its_file_says(path: Path) -> None:
    data = parse_yaml(path.read_bytes())
    model = Model.from_dict(data)
    for name in ("name", "task", "purpose", "licence", "title", "intended_use", "out_of_scope", "limitations"):
        assert getattr(model, name) == data.get(name)
    for name in ("ethics", "training_data", "target", "positive_class", "entity_column"):
        assert getattr(model, name) == data.get(name)
    assert (model.owners, model.tags) == (tuple(data["owners"]), tuple(data["tags"]))
    assert [entry.name for entry in model.slices] == [entry["name"] for entry in data.get("slices", ())]
    assert [(test.name, test.kind) for test in model.behaviour] == [(t["name"], t["kind"]) for t in data["behaviour"]]
    assert model.gates.floors == data["gates"]["floors"]
    assert model.monitoring.columns == tuple(data["monitoring"]["columns"])


def test_monitoring_says_what_is_watched() -> None:
    watched = {
        "columns": ["a"],
        "window": "7d",
        "minimum_rows": 9,
        "thresholds": {"drift": 0.2, "performance": 0},
        "labels": {"address": "s3://acme/labels", "join": ["id"], "delay": "30d"},
        "on_breach": "retrain",
    }
    expected = Monitoring(
        columns=("a",),
        window="7d",
        minimum_rows=9,
        thresholds=Thresholds(drift=0.2, performance=0),
        labels=LabelSource(address="s3://acme/labels", join=("id",), delay="30d"),
        on_breach="retrain",
    )
    model = Model.from_dict(document(monitoring=watched))
    assert (model.monitoring, model.says_what_is_watched) == (expected, True)
    assert not Model.from_dict(document(monitoring={"columns": []})).says_what_is_watched


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"column": "a", "equals": False}, Condition(column="a", equals=False)),
        ({"column": "a", "in": ["x", "y"]}, Condition(column="a", among=("x", "y"))),
        ({"column": "a", "at_least": 0, "below": 1}, Condition(column="a", at_least=0, below=1)),
    ],
)
def test_a_slice_means_rows(where: dict[str, Any], expected: Condition) -> None:
    assert Slice.from_dict({"name": "s", "where": where}) == Slice(name="s", where=expected)


def test_a_size_that_no_file_reaches_is_no_limit() -> None:
    gates = Gates.from_dict({"margin": 0, "cost": {"size": "9" * 400 + " MB"}})
    assert gates.cost["size"] == float("inf")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"kind": "minimum-functionality", "cases": [{"row": {"x": 1}, "expect": False, "at_most": 2}]},
            MinimumFunctionality(name="t", cases=(ExpectedCase(row={"x": 1}, expect=False, at_most=2),)),
        ),
        (
            {"kind": "invariance", "change": {"column": "x", "set": None}, "tolerance": 0.1, "share": 1},
            Invariance(name="t", change=InputChange(column="x", verb="set", value=None), tolerance=0.1, share=1),
        ),
        (
            {"kind": "direction", "change": {"column": "x", "add": 2}, "expect": "increase", "share": 0.9},
            Direction(name="t", change=InputChange(column="x", verb="add", value=2), expect="increase", share=0.9),
        ),
        (
            {"kind": "malformed", "inputs": ["nan"], "expect": "error", "description": "d"},
            Malformed(name="t", inputs=("nan",), expect="error", description="d"),
        ),
    ],
)
def test_a_behaviour_test_is_one_of_four_kinds(data: dict[str, Any], expected: object) -> None:
    test = behaviour_test({"name": "t", **data})
    assert test == expected
    assert test.kind == data["kind"]


def test_a_model_asks_a_question() -> None:
    where = {"column": "a", "below": 1}
    model = Model.from_dict(document(target="y", entity_column="who", slices=[{"name": "s", "where": where}]))
    assert model.question == Question.from_dict(model.document)
    assert model.question.slices == model.slices
    with pytest.raises(RecipeFault, match="add target:"):
        _ = Model.from_dict(document()).question
