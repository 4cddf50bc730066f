"""The report for programs: its schema, its order, and numbers and texts that JSON does not know."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from tests.publishing.hostile_reviews import REVIEWS
from tests.publishing.sample_review import evaluation, failed_review, metrics, rollback_review, sample_review
from tests.scaffold.examples import examples

from mintmark.core.judgement.review import BehaviourResult, Review
from mintmark.core.records import Interval
from mintmark.publishing.review.json_report import format_json
from mintmark.registry.schemas import accepts, load_schema


def document(review: Review) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    text = format_json(review)
    text.encode("utf-8")
    data: dict[str, Any] = json.loads(text, parse_constant=refuse)
    errors = [
        f"{list(error.path)}: {error.message}"
        for error in Draft202012Validator(load_schema("review")).iter_errors(data)
    ]
    assert errors == []
    assert accepts("review", data)
    return data


@pytest.mark.parametrize(
    "review", [sample_review(), failed_review(), rollback_review()], ids=["pass", "fail", "rollback"]
)
def test_a_report_keeps_to_its_schema_and_to_the_order_of_the_fields(review: Review) -> None:
    data = document(review)
    assert list(data) == ["schema", "exit_code", *(field.name for field in fields(Review))]
    assert data["schema"] == 1
    assert format_json(review).endswith("}\n")
    assert format_json(review) == format_json(review)


def test_everything_is_in_it() -> None:
    data = document(failed_review())
    assert (data["verdict"], data["exit_code"]) == ("fail", 1)
    assert document(sample_review())["exit_code"] == 0
    assert document(replace(sample_review(), verdict="decide"))["exit_code"] == 42
    assert [found["source"] for found in data["evaluations"]] == ["base", "proposal"]
    assert data["evaluations"][0]["metrics"][0] == {
        "name": "roc_auc",
        "maximize": True,
        "primary": True,
        "candidate": {"value": 0.9928533333, "low": 0.97792, "high": 1.0},
        "champion": {"value": 0.97952, "low": 0.953384, "high": 0.99904},
        "difference": {
            "value": 0.01333333,
            "low": -0.0012,
            "high": 0.0321,
            "bound": -0.0012,
            "margin": 0.01,
            "standing": "no worse",
            "rows_needed": None,
        },
        "floor": 0.95,
    }
    assert data["behaviour"][1]["failures"][0] == {"worst area": 512.3, "before": 0.0312, "after": 0.0301}
    assert data["evaluations"][0]["curves"][0]["lines"][0][1][:3] == [0.0, 0.7622, 0.9477]
    assert data["summary"] == sample_review().summary
    assert data["lineage"][0]["inputs"][0] == ["requirements.lock", "md5:95cb9fb319bf122e27ac39020395f7e8"]
    assert data["reproduction"]["environment"] == [["numpy", "2.4.6", "2.4.7"]]
    assert data["isolation"]["network"] == "none"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 10**400, np.float64("nan")], ids=str)
def test_a_number_that_json_cannot_hold_is_null(value: float) -> None:
    metric = replace(metrics()[0], candidate=Interval(value=value, low=value, high=1))
    data = document(replace(sample_review(), evaluations=[replace(evaluation(), metrics=[metric])]))
    assert data["evaluations"][0]["metrics"][0]["candidate"] == {"value": None, "low": None, "high": 1}


def test_values_of_rows_are_scalars() -> None:
    row = {
        "a": np.int64(3),
        "b": np.float64(0.5),
        "c": [1, 2],
        "d": None,
        "e": True,
        "f": "x",
        "g": float("nan"),
        "h": 2**70,
    }
    result = BehaviourResult(name="n", kind="k", verdict="fail", message="m", failures=[row])
    (found,) = document(replace(rollback_review(), behaviour=[result]))["behaviour"]
    assert found["failures"] == [
        {"a": 3, "b": 0.5, "c": "[1, 2]", "d": None, "e": True, "f": "x", "g": None, "h": 2**70}
    ]


def test_half_of_a_character_is_written_out() -> None:
    assert document(replace(rollback_review(), reason="\ud800 x"))["reason"] == "\\ud800 x"
    assert document(replace(rollback_review(), isolation={"\udcff": "é"}))["isolation"] == {"\\udcff": "é"}


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(REVIEWS)
def test_any_review_keeps_to_the_schema(review: Review) -> None:
    document(review)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("verdict", "maybe"),
        ("exit_code", 2),
        ("schema", 2),
        ("extra", 1),
        ("kind", "other"),
        ("checks", [{"name": "x"}]),
        ("lineage", [{"stage": "a", "command": "b", "inputs": [["one"]], "outputs": []}]),
        ("reproduction", {"outcome": "fine"}),
    ],
)
def test_the_schema_is_closed(place: str, value: object) -> None:
    assert not accepts("review", {**document(sample_review()), place: value})
