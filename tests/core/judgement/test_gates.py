"""What each gate of model.yaml lets through, and how it says so."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mintmark.core.judgement.checks import Check
from mintmark.core.judgement.gates import (
    check_baseline,
    check_cost,
    check_floors,
    check_leak,
    check_primary,
    check_slices,
    cost_results,
)
from mintmark.core.judgement.review import SliceResult
from mintmark.core.model import Gates
from mintmark.core.records import Interval
from mintmark.core.statistics.results import MetricResult, PairedDifference, RowsPlan
from mintmark.registry.yaml.text import parse_yaml

MODELS = Path(__file__).parents[3] / "models"


def gates(**changes):
    return Gates(**{"margin": 0.01, "slice_margin": 0.05, **changes})


def metric(difference=None, *, name="roc_auc", maximize=True, value=0.97, low=0.95, high=0.99):
    candidate = Interval(value=value, low=low, high=high)
    return MetricResult(name=name, maximize=maximize, primary=True, candidate=candidate, difference=difference)


def difference(standing, value=0.012, low=-0.003, high=0.03, *, bound=-0.001, margin=0.01, rows_needed=None):
    return PairedDifference(
        value=value, low=low, high=high, bound=bound, margin=margin, standing=standing, rows_needed=rows_needed
    )


def told(check):
    return check.verdict, check.message


# -- model.yaml ------------------------------------------------------------------------------------------------------


def test_gates_are_read_in_their_own_units():
    found = Gates.from_dict(
        {
            "margin": 0.02,
            "slice_margin": 0.1,
            "slice_min_rows": 50,
            "leak_cap": 0.2,
            "floors": {"recall": 0.8},
            "cost": {"size": "10 MB", "load_seconds": 1},
        }
    )
    assert found == Gates(
        margin=0.02,
        slice_margin=0.1,
        slice_min_rows=50,
        leak_cap=0.2,
        floors={"recall": 0.8},
        cost={"size": 10_000_000, "load_seconds": 1},
    )


def test_what_is_left_out_has_a_meaning():
    assert Gates.from_dict({"margin": 0.02}) == Gates(
        margin=0.02, slice_margin=0.02, slice_min_rows=50, leak_cap=None, floors={}, cost={}
    )


@pytest.mark.parametrize(("size", "expected"), [("200 kB", 200_000), ("1.5 MiB", 1_572_864), (500, 500), ("7B", 7)])
def test_sizes(size, expected):
    given = {"margin": 0, "cost": {"size": size}}
    assert Gates.from_dict(given).cost == {"size": expected}
    assert given == {"margin": 0, "cost": {"size": size}}


@pytest.mark.parametrize("path", sorted(MODELS.glob("*/model.yaml")), ids=lambda path: path.parent.name)
def test_the_gates_of_this_registry_are_read(path):
    document = parse_yaml(path.read_bytes())
    found = Gates.from_dict(document["gates"])
    assert found.margin == document["gates"]["margin"]
    assert all(isinstance(limit, (int, float)) for limit in found.cost.values())


# -- the champion ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "verdict", "message"),
    [
        (
            difference("better", 0.02, 0.01, 0.03),
            "pass",
            "better than iris@1.0.0: roc_auc +0.02 [+0.01, +0.03], margin 0.01",
        ),
        (
            difference("no worse"),
            "pass",
            "no worse than iris@1.0.0: roc_auc +0.012 [-0.003, +0.03], margin 0.01",
        ),
        (
            difference("worse", -0.1, -0.12, -0.05),
            "fail",
            "worse than iris@1.0.0: roc_auc -0.1 [-0.12, -0.05], margin 0.01",
        ),
        (
            difference("inconclusive", 0.0, -0.02, 0.02, rows_needed=RowsPlan(rows=12_345, low=9_001, high=17_000)),
            "decide",
            (
                "it may be worse than iris@1.0.0 by more than the margin: roc_auc 0 [-0.02, +0.02], margin 0.01; "
                "a plan: if the two are in truth equal, some 12,000 rows (9,000 to 17,000) find it no worse, four times in five"
            ),
        ),
        (
            difference("inconclusive", -0.01, -0.02, 0.0),
            "decide",
            ("it may be worse than iris@1.0.0 by more than the margin: roc_auc -0.01 [-0.02, 0], margin 0.01"),
        ),
        (
            difference("inconclusive", -0.01, None, None, bound=None),
            "decide",
            (
                "it may be worse than iris@1.0.0 by more than the margin: roc_auc -0.01, margin 0.01; "
                "these rows are too few for an interval, or do not vary (30 rows are needed, 20 of a class for an "
                "area under a curve, 20 entities where there are any)"
            ),
        ),
        (None, "decide", "roc_auc cannot be compared with iris@1.0.0, which does not give it; decide by hand"),
    ],
    ids=["better", "no worse", "worse", "inconclusive", "at the margin", "without bounds", "without the metric"],
)
def test_the_champion(given, verdict, message):
    found = check_primary(metric(given), "iris@1.0.0")
    assert found == Check(name="champion", verdict=verdict, message=message)


def test_a_difference_without_a_sign_where_there_is_none():
    same = metric(difference("no worse", -0.0, -0.0, 0.0))
    assert check_primary(same, "iris@1.0.0").message == "no worse than iris@1.0.0: roc_auc 0 [0, 0], margin 0.01"
    worse = metric(difference("worse", 1e-12, 1e-13, 1234567.0, margin=1))
    assert check_primary(worse, "iris@1.0.0").message.endswith(": roc_auc +1e-12 [+1e-13, +1234567], margin 1")


# -- no champion -----------------------------------------------------------------------------------------------------

BASELINE = {
    "better": (difference("better", 0.3, 0.2, 0.4), "pass"),
    "better by less than the margin, beyond doubt": (difference("better", 0.004, 0.001, 0.007), "pass"),
    "no worse, and perhaps better": (difference("no worse", 0.012, -0.003, 0.03), "decide"),
    "the same": (difference("no worse", 0.0, 0.0, 0.0), "fail"),
    "the same but for noise": (difference("no worse", 1e-16, -1e-16, 1e-16), "fail"),
    "a little worse, beyond doubt": (difference("no worse", -0.005, -0.008, -0.002), "fail"),
    "worse": (difference("worse", -0.1, -0.2, -0.05), "fail"),
    "worse by one bound and not by two": (difference("worse", -0.1, -0.2, 0.001, margin=0), "fail"),
    "perhaps worse": (difference("inconclusive", -0.01, -0.03, 0.01), "decide"),
    "perhaps better": (difference("inconclusive", 0.01, -0.03, 0.04), "decide"),
    "alike in the mean": (difference("inconclusive", 0.0, -0.03, 0.04), "decide"),
    "worse, though it is not certain by how much": (difference("inconclusive", -0.02, -0.04, -0.001), "fail"),
    "without bounds": (difference("inconclusive", 0.1, None, None, bound=None), "decide"),
}


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("name", BASELINE)
def test_without_a_champion_it_must_beat_a_constant_answer(name, maximize):
    given, verdict = BASELINE[name]
    if not maximize:
        low, high = (None, None) if given.low is None else (-given.high, -given.low)
        given = difference(given.standing, -given.value, low, high, bound=given.bound, margin=given.margin)
    found = check_baseline(metric(given, maximize=maximize), "malignant")
    assert (found.name, found.verdict) == ("champion", verdict)
    assert found.message.startswith("there is no champion")
    assert "always answering malignant: roc_auc" in found.message


def test_what_is_said_without_a_champion():
    interval = "roc_auc +0.3 [+0.2, +0.4]"
    assert check_baseline(metric(difference("better", 0.3, 0.2, 0.4)), "b").message == (
        f"there is no champion; better than always answering b: {interval}"
    )
    assert check_baseline(metric(difference("inconclusive", 0.3, -0.2, 0.4)), "b").message == (
        "there is no champion, and it is not certain that it is better than always answering b: "
        "roc_auc +0.3 [-0.2, +0.4]"
    )
    assert check_baseline(metric(difference("worse", -0.3, -0.4, -0.2)), "b").message == (
        "there is no champion, and it is not better than always answering b: roc_auc -0.3 [-0.4, -0.2]"
    )
    assert told(check_baseline(metric(None), "b")) == (
        "decide",
        "there is no champion, and roc_auc does not tell whether it is better than always answering b",
    )


# -- leaks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "maximize", "verdict"),
    [
        (0.051, True, "decide"),
        (0.05, True, "pass"),
        (0.35 - 0.3, True, "pass"),  # 0.04999...
        (0.15 - 0.1, True, "pass"),
        (0.3 - 0.25, True, "pass"),
        (1.05 - 1.0, True, "pass"),  # 0.05000000000000004
        (-0.2, True, "pass"),
        (-0.051, False, "decide"),
        (-0.05, False, "pass"),
        (0.2, False, "pass"),
        (math.nan, True, "decide"),
        (math.inf, True, "decide"),
    ],
)
def test_an_improvement_beyond_the_cap_is_for_a_person(value, maximize, verdict):
    given = metric(difference("better", value), maximize=maximize)
    (found,) = check_leak(given, gates(leak_cap=0.05))
    assert (found.name, found.verdict) == ("leak cap", verdict)


def test_what_is_said_of_a_leak():
    def say(value):
        return next(check_leak(metric(difference("better", value)), gates(leak_cap=0.05))).message

    assert say(0.08) == "roc_auc improves by 0.08, more than 0.05: look for labels that leaked into the inputs"
    assert say(0.05000004).startswith("roc_auc improves by 0.05000004, more than 0.05:")
    assert say(0.01) == "roc_auc does not improve by more than 0.05"


def test_without_a_cap_or_a_difference_nothing_is_said_of_leaks():
    assert list(check_leak(metric(difference("better", 9.0)), gates())) == []
    assert list(check_leak(metric(None), gates(leak_cap=0.05))) == []


# -- floors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "floor", "verdict", "message"),
    [
        (
            metric(low=0.96),
            0.95,
            "pass",
            "roc_auc 0.97 [0.96, 0.99]: the lower bound is 0.96, and at least 0.95 is required",
        ),
        (
            metric(low=0.94),
            0.95,
            "fail",
            "roc_auc 0.97 [0.94, 0.99]: the lower bound is 0.94, and at least 0.95 is required",
        ),
        (
            metric(low=0.9499996),
            0.95,
            "fail",
            "roc_auc 0.97 [0.95, 0.99]: the lower bound is 0.9499996, and at least 0.95 is required",
        ),
        (
            metric(low=0.1 + 0.85),
            0.95,
            "pass",
            "roc_auc 0.97 [0.95, 0.99]: the lower bound is 0.95, and at least 0.95 is required",
        ),
        (metric(low=math.nextafter(0.95, 0)), 0.95, "pass", "the lower bound is 0.95, and at least 0.95 is required"),
        (
            metric(name="mae", maximize=False, value=41.5, low=38.0, high=45.25),
            45,
            "fail",
            "mae 41.5 [38, 45.25]: the upper bound is 45.25, and at most 45 is required",
        ),
        (metric(name="mae", maximize=False, value=41.5, low=38.0, high=44.0), 45, "pass", "the upper bound is 44,"),
        (metric(name="mae", maximize=False, value=41.5, low=46.0, high=45.0), 45, "pass", "the upper bound is 45,"),
        (
            metric(low=None, high=None),
            0.95,
            "fail",
            "roc_auc has no interval on these rows, so its floor of 0.95 is not reached",
        ),
        (metric(low=math.nan), 0.95, "fail", "the lower bound is not a number"),
        (metric(name="r2", value=0.5, low=-3.0), -1, "fail", "the lower bound is -3, and at least -1 is required"),
        (metric(low=0.96), math.nan, "fail", "at least not a number is required"),
    ],
)
def test_a_floor_is_held_against_the_bound_on_the_worse_side(result, floor, verdict, message):
    (found,) = check_floors([result], gates(floors={result.name: floor}))
    assert found.name == f"floor: {result.name}"
    assert found.verdict == verdict
    assert message in found.message


def test_every_floor_is_held_and_no_other_metric():
    found = check_floors([metric(name="recall", low=0.9), metric(name="f1")], gates(floors={"recall": 0.8, "mcc": 0.1}))
    assert [(check.name, *told(check)) for check in found] == [
        (
            "floor: recall",
            "pass",
            "recall 0.97 [0.9, 0.99]: the lower bound is 0.9, and at least 0.8 is required",
        ),
        ("floor: mcc", "fail", "mcc has a floor and cannot be measured for this model"),
    ]


# -- slices ----------------------------------------------------------------------------------------------------------


def test_each_slice_is_a_check():
    slices = [
        SliceResult(name="old", rows=50, verdict="fail", message="worse"),
        SliceResult(name="young", rows=5, verdict="warn", message="too few"),
    ]
    assert list(check_slices(slices)) == [
        Check(name="slice: old", verdict="fail", message="worse"),
        Check(name="slice: young", verdict="warn", message="too few"),
    ]


# -- costs -----------------------------------------------------------------------------------------------------------

LIMITS = gates(cost={"size": 10_000_000, "load_seconds": 1, "latency_row_seconds": 0.05})


def costs(**measured):
    return cost_results(measured, {"size": 9_000_000.0}, LIMITS)


def test_each_cost_stands_beside_its_limit_and_the_champions():
    size, batch = costs(size=10_000_000.0, latency_batch_seconds=9.0, batch_rows=1000)
    assert (size.name, size.value, size.verdict, size.limit, size.champion) == (
        "size", 10_000_000, "pass", 10_000_000, 9_000_000,
    )  # fmt: skip
    assert (batch.name, batch.verdict, batch.limit, batch.champion) == ("latency_batch_seconds", "pass", None, None)


@pytest.mark.parametrize(
    ("measured", "name", "verdict", "message"),
    [
        ({"size": 9_999_999.0}, "size", "pass", "size 9.999999 MB; at most 10 MB is allowed"),
        ({"size": 10_000_000.0}, "size", "pass", "size 10 MB; at most 10 MB is allowed"),
        ({"size": 10_000_001.0}, "size", "fail", "size 10.000001 MB; at most 10 MB is allowed"),
        ({"load_seconds": 1.0}, "load_seconds", "pass", "time to load it 1 s; at most 1 s is allowed"),
        ({"load_seconds": 1.00001}, "load_seconds", "fail", "time to load it 1.00001 s; at most 1 s is allowed"),
        ({"load_seconds": math.nan}, "load_seconds", "fail", "time to load it not a number; at most 1 s is allowed"),
        ({"load_seconds": math.inf}, "load_seconds", "fail", "time to load it infinite; at most 1 s is allowed"),
        ({}, "latency_row_seconds", "fail", "time to predict one row has a limit and was not measured"),
    ],
)
def test_a_limit_on_a_cost(measured, name, verdict, message):
    found = {check.name: check for check in check_cost(costs(**measured), LIMITS)}
    assert list(found) == ["cost: size", "cost: load_seconds", "cost: latency_row_seconds"]
    assert told(found[f"cost: {name}"]) == (verdict, message)


def test_a_cost_without_a_limit_is_no_check():
    assert list(check_cost(costs(size=1.0, load_seconds=9.0), gates())) == []
