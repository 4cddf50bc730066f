from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.comparison import compare_records, metric_direction


def _record(**changes: Any) -> dict[str, Any]:
    return {"metrics": {"roc_auc": {"value": 0.9}}, **changes}


def _metric(first: dict[str, float] | None, second: dict[str, float] | None, name: str = "roc_auc") -> Any:
    records = [_record(metrics={name: interval} if interval else {}) for interval in (first, second)]
    return compare_records(*records).metrics[0]


@pytest.mark.parametrize(
    ("name", "difference", "direction"),
    [
        ("roc_auc", 0.1, "better"),
        ("roc_auc", -0.1, "worse"),
        ("rmse", -0.1, "better"),
        ("log_loss", 0.1, "worse"),
        ("brier", 0.0, "same"),
        ("f1", None, "unknown"),
    ],
)
def test_direction(name: str, difference: float | None, direction: str) -> None:
    assert metric_direction(name, difference) == direction


def test_intervals_overlap_or_not() -> None:
    low, high = {"value": 0.8, "low": 0.7, "high": 0.85}, {"value": 0.9, "low": 0.88, "high": 0.95}
    assert _metric(low, low).overlap is True
    assert _metric(low, high).overlap is False
    assert _metric(high, low).overlap is False


@pytest.mark.parametrize("partial", [{"value": 0.8}, {"value": 0.8, "low": 0.7}, {"value": 0.8, "high": 0.9}])
def test_half_an_interval_overlaps_nothing_that_is_known(partial: dict[str, float]) -> None:
    whole = {"value": 0.8, "low": 0.7, "high": 0.9}
    assert _metric(partial, whole).overlap is None
    assert _metric(whole, partial).overlap is None


def test_a_metric_of_one_side_alone() -> None:
    change = _metric({"value": 0.8}, None)
    assert (change.difference, change.direction, change.second) == (None, "unknown", None)


def test_a_metric_that_is_exactly_zero_is_there() -> None:
    assert _metric({"value": 0.0}, {"value": 0.1}).difference == 0.1


def test_what_differs_is_told_by_its_path() -> None:
    first = _record(
        parameters={"C": 0.1, "steps": [{"class": "A"}], "same": 1},
        data=[{"role": "training", "path": "a.csv", "hash": "md5:1", "rows": 10}],
        stages={"train": {"cmd": "python train.py", "deps": {"train.py": "md5:1", "data.csv": "md5:9"}}},
        environment={"packages": {"numpy": "2.0.0"}},
        signature={"inputs": {"x": "float64"}},
        artifact={"sha256": "0"},
    )
    second = _record(
        parameters={"C": 1, "steps": [{"class": "B"}], "same": 1, "new": "x"},
        data=[{"role": "training", "path": "a.csv", "hash": "md5:2", "rows": 11}],
        stages={"train": {"cmd": "python train.py", "deps": {"train.py": "md5:2", "data.csv": "md5:8"}}},
        environment={"packages": {"numpy": "2.1.0"}},
        signature={"inputs": {"x": "float64", "y": "int64"}},
        artifact={"sha256": "1"},
    )
    found = compare_records(first, second)
    assert [(d.name, d.first, d.second) for d in found.parameters] == [
        ("C", 0.1, 1), ("steps[0].class", "A", "B"), ("new", None, "x")
    ]  # fmt: skip
    assert [d.name for d in found.data] == ["training a.csv.hash", "training a.csv.rows"]
    assert [(d.name, d.first, d.second) for d in found.code] == [("train.py", "md5:1", "md5:2")]
    assert [d.name for d in found.environment] == ["packages.numpy"]
    assert [d.name for d in found.signature] == ["inputs.y"]
    assert [d.name for d in found.artifact] == ["sha256"]


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text("ab", max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)),
    max_leaves=8,
)


@given(_json)
def test_a_record_does_not_differ_from_itself(value: Any) -> None:
    record = _record(parameters={"p": value}, signature={"s": value}, environment={"e": value})
    found = compare_records(record, record)
    assert (*found.parameters, *found.signature, *found.environment, *found.code, *found.data) == ()
    assert found.metrics[0].direction == "same"
