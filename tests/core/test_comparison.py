from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.comparison import basis_of, compare_records
from mintmark.core.statistics.results import PairedDifference
from mintmark.core.words.comparisons import relation


def _record(**changes: Any) -> dict[str, Any]:
    rows = [{"role": "evaluation", "path": "e.parquet", "hash": "md5:e", "rows": 9}]
    return {"model": "iris", "metrics": {"roc_auc": {"value": 0.9}}, "data": rows, **changes}


def _metric(first: dict[str, float] | None, second: dict[str, float] | None, name: str = "roc_auc") -> Any:
    records = [_record(metrics={name: interval} if interval else {}) for interval in (first, second)]
    return compare_records(*records).metrics[0]


TEST = PairedDifference(value=0.1, low=0.05, high=0.15, bound=0.06, margin=0.01, standing="better")
ROWS = {"model": "iris", "files": {"evaluation.parquet": {"sha256": "a" * 64}}}
OTHERS = {"model": "iris", "files": {"evaluation.parquet": {"sha256": "b" * 64}}}


@pytest.mark.parametrize(
    ("first", "second", "basis"),
    [
        (ROWS, ROWS, "same rows"),
        (ROWS, OTHERS, "other rows"),
        (ROWS, {**ROWS, "model": "wine"}, "other models"),
        (ROWS, {"model": "iris"}, "other rows"),
        ({"model": "iris"}, {"model": "iris"}, "other rows"),  # nobody knows on which
        (
            {"model": "iris", "data": [{"role": "evaluation", "path": "a", "hash": "md5:1", "rows": 2}]},
            {"model": "iris", "data": [{"role": "evaluation", "path": "b", "hash": "md5:1", "rows": 2}]},
            "same rows",
        ),
    ],
)
def test_only_the_same_rows_of_one_model_have_a_difference(
    first: dict[str, Any], second: dict[str, Any], basis: str
) -> None:
    metrics = {"metrics": {"roc_auc": {"value": 0.9}}}, {"metrics": {"roc_auc": {"value": 1.0}}}
    found = compare_records({**first, **metrics[0]}, {**second, **metrics[1]}, {"roc_auc": TEST})
    assert (basis_of(first, second), found.basis) == (basis, basis)
    change = found.metrics[0]
    same = basis == "same rows"
    assert change.difference == (pytest.approx(0.1) if same else None)
    assert change.test == (TEST if same else None), "a test of other rows counts for nothing"


@pytest.mark.parametrize(
    ("basis", "standing", "primary", "words"),
    [
        ("same rows", "better", True, "better"),
        ("same rows", "inconclusive", True, "inconclusive"),
        ("same rows", "no worse", False, "no clear difference"),
        ("same rows", "worse", False, "worse"),
        ("same rows", None, True, "not tested"),
        ("other rows", "better", True, "measured on other rows"),
        ("other models", "worse", True, "of another model"),
    ],
)
def test_words_of_a_verdict_need_one(basis: Any, standing: Any, primary: bool, words: str) -> None:
    assert relation(basis, standing, primary=primary) == words


def test_a_metric_of_one_side_alone() -> None:
    change = _metric({"value": 0.8}, None)
    assert (change.difference, change.test, change.second) == (None, None, None)


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


def test_what_stages_were_given_is_told_once_and_under_names_that_models_share() -> None:
    def made(model: str, space: list[float], folds: int, seed: int) -> dict[str, Any]:
        own = {f"models.{model}.tune": {"folds": folds, "space": {"C": space}}, f"models.{model}.seed": seed}
        given = {"params.yaml": own, f"models/{model}/model.yaml": {"target": "y"}}
        stages = {f"tune@{model}": {"cmd": "x", "params": given}, f"train@{model}": {"cmd": "x", "params": given}}
        return {**_record(stages=stages, parameters={"estimator": "A"}), "model": model}

    measured = [{"slices": {"old": {"rows": rows, "metrics": {"auc": {"value": 0.5}}}}} for rows in (40, 41)]
    one, other = made("iris", [1], 5, 7), {**made("rose", [1, 10], 5, 8), "cost": {"load_seconds": 0.5}}
    found = compare_records(one, other, measured=(measured[0], measured[1]))
    assert [(d.name, d.first, d.second) for d in found.search] == [("tune.space.C", [1], [1, 10])]
    assert [(d.name, d.first, d.second) for d in found.stages] == [("seed", 7, 8)]
    assert [(d.name, d.first, d.second) for d in found.slices] == [("old: rows", 40, 41)]
    assert [(d.name, d.first, d.second) for d in found.cost] == [("load_seconds", None, 0.5)]
    assert found.code == ()


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
    assert found.metrics[0].difference == 0
