"""The gates of model.yaml, and whether a candidate's results pass them. Measures nothing itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mintmark.core.judgement.checks import Check, CheckName, CheckVerdict, check
from mintmark.core.judgement.review import CostResult, SliceResult
from mintmark.core.model import Gates
from mintmark.core.records import Interval
from mintmark.core.statistics.metric_names import (
    LEAST_ENTITIES,
    LEAST_OF_A_CLASS,
    LEAST_ROWS,
    UNBOUNDED,
    greater_is_better,
)
from mintmark.core.statistics.results import MetricResult, PairedDifference
from mintmark.core.words import numbers
from mintmark.core.words.demands import cost_name, cost_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MANY_USES = 10
_NOISE = 1e-9  # of a number's size: the order of a sum may change it by so much


def check_primary(result: MetricResult, champion: str, *, name: CheckName = "champion", uses: int = 0) -> Check:
    """Return what follows from the difference to a champion: `better` and `no worse` pass (R4).

    From ten `uses` of the rows on, `no worse` is for a person: by then one of so many passes by luck.
    """
    difference = result.difference
    if difference is None:
        message = f"{result.name} cannot be compared with {champion}, which does not give it; decide by hand"
        return check(name, "decide", message)
    by = f"{_difference_alone(result.name, difference)}, margin {numbers.written(difference.margin)}"
    match difference.standing:
        case "better":
            return check(name, "pass", f"better than {champion}: {by}")
        case "no worse" if uses >= MANY_USES:
            used = f"but {uses} versions were compared on these rows, and one of so many passes by luck"
            return check(name, "decide", f"no worse than {champion}: {by}, {used}; bring fresh rows, or decide by hand")
        case "no worse":
            return check(name, "pass", f"no worse than {champion}: {by}")
        case "worse":
            return check(name, "fail", f"worse than {champion}: {by}")
    plan = _what_would_decide(result.name, difference)
    message = f"it may be worse than {champion} by more than the margin: {by}{'; ' if plan else ''}{plan}"
    return check(name, "decide", message)


def check_unknown(result: MetricResult, other: str) -> Check:
    """Say that a difference decides nothing, because one side may have been trained on the rows (R11)."""
    if result.difference is None:
        return check_primary(result, other)
    by = _difference_alone(result.name, result.difference)
    message = f"{by} against {other} decides nothing: nobody knows which of these rows were in the training; "
    return check("champion", "decide", f"{message}decide by hand")


def _what_would_decide(name: str, found: PairedDifference) -> str:
    if name in UNBOUNDED:
        return f"one row decides {name}, so it has no interval"
    if found.bound is None:
        return (
            f"these rows are too few for an interval, or do not vary ({LEAST_ROWS} rows are needed, "
            f"{LEAST_OF_A_CLASS} of a class for an area under a curve, {LEAST_ENTITIES} entities where there are any)"
        )
    return numbers.what_would_decide(found.rows_needed, found.margin)


def check_baseline(result: MetricResult, says: str) -> Check:
    """Without a champion, a candidate must be better than a constant answer.

    It fails where it is certain not to be: where even the better end of the 95% interval is no gain.
    """
    difference, than = result.difference, f"better than always answering {says}"
    if difference is None:
        message = f"there is no champion, and {result.name} does not tell whether it is {than}"
        return check("champion", "decide", message)
    by = _difference_alone(result.name, difference)
    if difference.standing == "better":
        return check("champion", "pass", f"there is no champion; {than}: {by}")
    if difference.standing == "worse" or _is_no_gain(result, difference):
        return check("champion", "fail", f"there is no champion, and it is not {than}: {by}")
    message = f"there is no champion, and it is not certain that it is {than}: {by}"
    return check("champion", "decide", message)


def _is_no_gain(result: MetricResult, difference: PairedDifference) -> bool:
    if difference.low is None or difference.high is None:
        return False
    most = difference.high if result.maximize else -difference.low
    return most <= _NOISE * abs(result.candidate.value)


def _difference_alone(name: str, found: PairedDifference) -> str:
    """`roc_auc +0.012 [-0.003, +0.03]`: a difference with its 95% interval."""
    return f"{name} {numbers.difference(found.value, found.low, found.high)}"


def check_leak(result: MetricResult, gates: Gates) -> Iterator[Check]:
    """Flag an improvement that is too good to be true."""
    difference = result.difference
    if difference is None or gates.leak_cap is None:
        return
    gain = difference.value if result.maximize else -difference.value
    told, cap = numbers.apart(gain, gates.leak_cap)
    if _is_at_most(gain, gates.leak_cap):
        yield check("leak cap", "pass", f"{result.name} does not improve by more than {cap}")
    else:
        improves = f"{result.name} improves by {told}, more than {cap}"
        message = f"{improves}: look for labels that leaked into the inputs"
        yield check("leak cap", "decide", message)


def check_floors(metrics: Sequence[MetricResult], gates: Gates) -> Iterator[Check]:
    """Hold the bound of each metric's 95% interval on its worse side against its floor."""
    found = {result.name: result for result in metrics}
    for name, floor in gates.floors.items():
        verdict, message = _hold_floor(name, floor, found.get(name))
        yield check("floor", verdict, message, subject=name)


def _hold_floor(name: str, floor: float, result: MetricResult | None) -> tuple[CheckVerdict, str]:
    if result is None:
        return "fail", f"{name} has a floor and cannot be measured for this model"
    bound = result.candidate.low if result.maximize else result.candidate.high
    if bound is None:
        limit = numbers.written(floor)
        return (
            "fail",
            f"{name} has no interval on these rows, so its floor of {limit} is not reached; it needs more rows",
        )
    passes = _is_at_most(floor, bound) if result.maximize else _is_at_most(bound, floor)
    side, at = ("lower", "at least") if result.maximize else ("upper", "at most")
    measured = numbers.interval(result.candidate.value, result.candidate.low, result.candidate.high)
    told, limit = numbers.apart(bound, floor)
    message = f"{name} {measured}: the {side} bound is {told}, and {at} {limit} is required"
    return "pass" if passes else "fail", message


def _is_at_most(value: float, limit: float) -> bool:
    """Whether a number keeps to a limit; the last bits of a sum decide nothing, and NaN keeps to none."""
    value, limit = numbers.as_float(value), numbers.as_float(limit)
    return value <= limit or math.isclose(value, limit, rel_tol=_NOISE)


def check_slices(slices: Sequence[SliceResult]) -> Iterator[Check]:
    """Return a check for each slice."""
    for result in slices:
        yield check("slice", result.verdict, result.message, subject=result.name)


def cost_results(measured: Mapping[str, float], champion: Mapping[str, float], gates: Gates) -> list[CostResult]:
    """Return each cost beside its limit and the champion's. `batch_rows` is none: it says what a latency is of."""
    return [
        CostResult(
            name=name,
            value=value,
            verdict="pass" if name not in gates.cost or value <= gates.cost[name] else "fail",
            limit=gates.cost.get(name),
            champion=champion.get(name),
        )
        for name, value in measured.items()
        if name != "batch_rows"
    ]


def check_cost(results: Sequence[CostResult], gates: Gates) -> Iterator[Check]:
    """Return a check for each cost that has a limit; one that was not measured fails."""
    found = {result.name: result for result in results}
    for name, limit in gates.cost.items():
        result = found.get(name)
        if result is None:
            yield check("cost", "fail", f"{cost_name(name)} has a limit and was not measured", subject=name)
            continue
        told, most = numbers.apart(result.value, limit, cost_words(name))
        yield check("cost", result.verdict, f"{cost_name(name)} {told}; at most {most} is allowed", subject=name)


def check_record(metrics: Mapping[str, Interval], cost: Mapping[str, float], gates: Gates) -> list[Check]:
    """Return the gates that a record alone can be held against: floors, and costs in bytes and seconds."""
    found = [
        MetricResult(name=name, maximize=greater_is_better(name), primary=False, candidate=_as_floats(interval))
        for name, interval in metrics.items()
    ]
    costs = {name: numbers.as_float(value) for name, value in cost.items()}
    return [*check_floors(found, gates), *check_cost(cost_results(costs, {}, gates), gates)]


def _as_floats(found: Interval) -> Interval:
    """Return bounds as floats: a file may hold whole numbers of any length."""
    low, high = (None if bound is None else numbers.as_float(bound) for bound in (found.low, found.high))
    return Interval(value=numbers.as_float(found.value), low=low, high=high)
