"""What a proposal claims of its metrics is held against what comes out, to a millionth (R7)."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.judgement.claims import Dispute, dispute_claims, has_older_bounds
from mintmark.core.question import Question, Slice
from mintmark.core.statistics.evaluation import measure
from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes

ROWS = pd.DataFrame({"age": np.arange(120.0)})
SLICES = (
    {"name": "old", "where": {"column": "age", "at_least": 40}},
    {"name": "nobody", "where": {"column": "age", "below": -1}},
)
TRUTH = np.arange(120) % 2
SCORE = np.clip(0.5 + (TRUTH - 0.5) * 0.4 + np.sin(np.arange(120.0)) * 0.4, 0, 1)
OUTCOMES = class_outcomes(TRUTH, (SCORE > 0.5).astype(int), np.c_[1 - SCORE, SCORE], [0, 1])
QUESTION = Question(
    task="binary-classification",
    target="y",
    metric="accuracy",
    positive_class=1,
    slices=tuple(map(Slice.from_dict, SLICES)),
)
MEASURED = measure(OUTCOMES, ROWS, QUESTION, resamples=100, seed=1)


def claim(*place, value=None, factor=None, plus=0.0, without=False):
    """What is measured, with one value of it replaced, multiplied, moved or left out; as it comes out of a file."""
    claimed = json.loads(json.dumps(MEASURED))
    inner = claimed
    for key in place[:-1]:
        inner = inner[key]
    if without:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value if value is not None else inner[place[-1]] * (factor or 1) + plus
    return claimed


def disputed(claimed, measured=MEASURED):
    return [tuple(dispute) for dispute in dispute_claims(claimed, measured, QUESTION.metric)]


def test_what_was_measured_is_not_disputed():
    assert disputed(json.loads(json.dumps(MEASURED))) == []
    again = measure(OUTCOMES, ROWS, QUESTION, resamples=100, seed=1)
    assert disputed({**again, "cost": {"size": 1}, "importance": {}, "extra": {"note": "x"}}) == []
    numbers = regression_outcomes(SCORE, SCORE + 0.01)
    regression = measure(numbers, ROWS, Question(task="regression", target="y", metric="mae"), resamples=50, seed=1)
    assert disputed(copy.deepcopy(regression), regression) == []


def test_a_reason_for_no_value_must_come_out_again():
    reason = "the target is constant in these rows"
    measured = {**MEASURED, "undefined": {"slices.old.roc_auc": reason}}
    assert disputed(copy.deepcopy(measured), measured) == []
    assert disputed(measured) == [("undefined.slices.old.roc_auc", reason, None)]
    other = {**MEASURED, "undefined": {"slices.old.roc_auc": "nobody knows"}}
    assert disputed(other, measured) == [("undefined.slices.old.roc_auc", "nobody knows", reason)]


@pytest.mark.parametrize("bound", ["value", "low", "high"])
@pytest.mark.parametrize("place", [("metrics",), ("slices", "old", "metrics")])
@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
@pytest.mark.parametrize(
    ("factor", "holds"), [(1 + 9e-7, True), (1 - 9e-7, True), (1 + 2e-6, False), (1 - 2e-6, False)]
)
def test_a_claim_may_be_off_by_a_millionth(bound, place, metric, factor, holds):
    where = (*place, metric, bound)
    claimed = claim(*where, factor=factor)
    found = disputed(claimed)
    if holds:
        assert found == []
    else:
        of = MEASURED["metrics"] if len(place) == 1 else MEASURED["slices"]["old"]["metrics"]
        assert found == [(".".join(where), of[metric][bound] * factor, of[metric][bound])]


@pytest.mark.parametrize(("off", "holds"), [(0.9e-9, True), (-0.9e-9, True), (1.1e-9, False), (1e-6, False)])
def test_near_zero_a_claim_may_be_off_by_a_billionth(off, holds):
    measured = copy.deepcopy(MEASURED)
    measured["metrics"]["accuracy"]["low"] = 0.0
    claimed = copy.deepcopy(measured)
    claimed["metrics"]["accuracy"]["low"] = off
    assert (disputed(claimed, measured) == []) is holds


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, -0.9, 0, 10**400])
def test_a_claim_that_is_no_sensible_number(value):
    ((place, claimed, found),) = disputed(claim("metrics", "accuracy", "value", value=value))
    assert place == "metrics.accuracy.value"
    assert found == MEASURED["metrics"]["accuracy"]["value"]
    assert len(str(claimed)) < 40


def test_a_whole_number_of_any_length_can_be_told():
    claimed = claim("rows", value=10**5_000)
    claimed["slices"]["old"]["rows"] = 10**5_000
    claimed["slices"]["more"] = {"rows": 10**5_000, "metrics": {}}
    claimed["metrics"]["mape"] = {"value": 10**5_000}
    assert all("16,610 bits" in str(dispute.claimed) for dispute in dispute_claims(claimed, MEASURED, QUESTION.metric))
    assert len(disputed(claimed)) == 4


@pytest.mark.parametrize(
    ("part", "value"),
    [("task", "multiclass-classification"), ("rows", 61), ("confidence", 0.9), ("confidence", 0.95001)],
)
def test_what_the_claims_are_about(part, value):
    assert disputed(claim(part, value=value)) == [(part, value, MEASURED[part])]


def test_the_primary_metric_must_not_be_left_out():
    assert disputed(claim("metrics", "accuracy", without=True)) == [
        ("metrics.accuracy", "nothing", MEASURED["metrics"]["accuracy"]["value"])
    ]
    assert disputed(claim("slices", "old", "metrics", "accuracy", without=True)) == [
        ("slices.old.metrics.accuracy", "nothing", MEASURED["slices"]["old"]["metrics"]["accuracy"]["value"])
    ]


def test_a_pipeline_may_measure_less():
    assert disputed(claim("metrics", "roc_auc", without=True)) == []
    assert disputed(claim("slices", "old", "metrics", "f1", without=True)) == []
    assert disputed(claim("metrics", "accuracy", "low", without=True)) == []


def test_a_metric_too_many():
    assert disputed(claim("metrics", "mae", value={"value": 0.1, "low": 0.0})) == [("metrics.mae", 0.1, None)]
    assert disputed(claim("slices", "nobody", "metrics", "f1", value={"value": 1})) == [
        ("slices.nobody.metrics.f1", 1, None)
    ]


def test_a_bound_too_many():
    low = MEASURED["metrics"]["accuracy"]["low"]
    measured = copy.deepcopy(MEASURED)
    del measured["metrics"]["accuracy"]["low"], measured["metrics"]["accuracy"]["high"]
    assert disputed(MEASURED, measured) == [
        ("metrics.accuracy.low", low, None),
        ("metrics.accuracy.high", MEASURED["metrics"]["accuracy"]["high"], None),
    ]
    assert disputed(measured, measured) == []


def test_slices_that_are_left_out_too_many_or_of_other_rows():
    assert disputed(claim("slices", "old", without=True)) == [("slices.old", "nothing", "80 rows")]
    assert disputed(claim("slices", "nobody", without=True)) == [("slices.nobody", "nothing", "0 rows")]
    assert disputed(claim("slices", "new", value={"rows": 7, "metrics": {}})) == [("slices.new", "7 rows", None)]
    assert disputed(claim("slices", "old", "rows", value=81)) == [("slices.old.rows", 81, 80)]


def test_every_dispute_is_told_in_order():
    claimed = claim("metrics", "f1", "value", plus=1)
    claimed["metrics"]["accuracy"]["high"] += 1
    claimed["slices"]["old"]["metrics"]["brier"]["value"] += 1
    claimed["rows"] = 1
    places = [dispute.place for dispute in dispute_claims(claimed, MEASURED, QUESTION.metric)]
    assert places == ["rows", "metrics.accuracy.high", "metrics.f1.value", "slices.old.metrics.brier.value"]
    assert isinstance(next(dispute_claims(claimed, MEASURED, QUESTION.metric)), Dispute)


PLACES = [("metrics", name, bound) for name, bounds in MEASURED["metrics"].items() for bound in bounds] + [
    ("slices", "old", "metrics", name, bound) for name in MEASURED["slices"]["old"]["metrics"] for bound in ("value",)
]


@given(st.sampled_from(PLACES), st.floats() | st.integers())
def test_any_number_that_is_not_the_one_is_disputed(place, value):
    claimed = claim(*place, value=value)
    of = MEASURED
    for key in place:
        of = of[key]
    found = disputed(claimed)
    if math.isfinite(value) and abs(value - of) <= 1e-6 * abs(of) * (1 - 1e-6):
        assert found == []
    elif not abs(value - of) <= 1e-6 * max(abs(of), abs(value)) + 1e-9:
        assert [dispute[0] for dispute in found] == [".".join(place)]


def test_bounds_of_an_older_method_are_not_held_and_values_are():
    """Versions without `intervals` were measured before; a promotion of one must not fail for its bounds."""
    older = claim("metrics", "accuracy", "low", plus=-0.1)
    del older["intervals"]
    assert has_older_bounds(older, MEASURED)
    assert not has_older_bounds(claim("rows", value=120), MEASURED)
    assert [place for place, *_ in disputed(older)] == ["metrics.accuracy.low"]
    assert list(dispute_claims(older, MEASURED, QUESTION.metric, bounds=False)) == []
    older["metrics"]["accuracy"]["value"] += 0.1
    older["slices"]["old"]["metrics"]["f1"]["value"] += 0.1
    held = dispute_claims(older, MEASURED, QUESTION.metric, bounds=False)
    assert [dispute.place for dispute in held] == ["metrics.accuracy.value", "slices.old.metrics.f1.value"]
