"""The gates of model.yaml, and whether a candidate's results pass them. Measures nothing itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mintmark.core.announcement import format_estimate, format_interval, format_number
from mintmark.core.judgement.checks import Check, CheckVerdict, check
from mintmark.core.judgement.review import CostResult, SliceResult
from mintmark.core.model import SIZE, Gates
from mintmark.core.statistics.results import MetricResult, PairedDifference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NOISE = 1e-9  # of a number's size: the order of a sum may change it by so much


def check_primary(result: MetricResult, champion: str) -> Check:
    """Return what follows from the difference to a champion: `better` and `no worse` pass (R4)."""
    difference = result.difference
    if difference is None:
        message = f"{result.name} cannot be compared with {champion}, which does not give it; decide by hand"
        return check("champion", "decide", message)
    by = describe_difference(result.name, difference)
    match difference.standing:
        case "better":
            return check("champion", "pass", f"better than {champion}: {by}")
        case "no worse":
            return check("champion", "pass", f"no worse than {champion}: {by}")
        case "worse":
            return check("champion", "fail", f"worse than {champion}: {by}")
    message = f"it may be worse than {champion} by more than the margin: {by}; {_what_would_decide(difference)}"
    return check("champion", "decide", message)


def _what_would_decide(difference: PairedDifference) -> str:
    if difference.bound is None:
        return "these rows are too few for an interval"
    if difference.rows_needed is None:
        return "no number of rows would decide it"
    return f"some {format_estimate(difference.rows_needed)} rows would decide it"


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


def describe_difference(name: str, difference: PairedDifference) -> str:
    """`roc_auc +0.012 (-0.003 to +0.03), margin 0.01`: a difference with its 95% interval."""
    return f"{_difference_alone(name, difference)}, margin {format_number(difference.margin)}"


def _difference_alone(name: str, difference: PairedDifference) -> str:
    interval = ""
    if difference.low is not None and difference.high is not None:
        interval = f" ({_signed(difference.low)} to {_signed(difference.high)})"
    return f"{name} {_signed(difference.value)}{interval}"


def _signed(value: float) -> str:
    return f"{value:+.3g}" if value else "0"


def check_leak(result: MetricResult, gates: Gates) -> Iterator[Check]:
    """Flag an improvement that is too good to be true."""
    difference = result.difference
    if difference is None or gates.leak_cap is None:
        return
    gain = difference.value if result.maximize else -difference.value
    cap = format_number(gates.leak_cap)
    if _is_at_most(gain, gates.leak_cap):
        yield check("leak cap", "pass", f"{result.name} does not improve by more than {cap}")
    else:
        improves = f"{result.name} improves by {_told_apart(gain, gates.leak_cap)}, more than {cap}"
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
        return "fail", f"{name} has no interval on these rows, so its floor of {format_number(floor)} is not reached"
    passes = _is_at_most(floor, bound) if result.maximize else _is_at_most(bound, floor)
    side, at = ("lower", "at least") if result.maximize else ("upper", "at most")
    interval = f"{name} {format_interval(result.candidate)}"
    message = f"{interval}: the {side} bound is {_told_apart(bound, floor)}, and {at} {format_number(floor)} is asked"
    return "pass" if passes else "fail", message


def _is_at_most(value: float, limit: float) -> bool:
    """Whether a number keeps to a limit; the last bits of a sum decide nothing, and NaN keeps to none."""
    return value <= limit or math.isclose(value, limit, rel_tol=_NOISE)


def _told_apart(value: float, limit: float) -> str:
    """Return a number with as many digits, four at least, as it takes to see that it is not the limit."""
    if _is_at_most(value, limit) and _is_at_most(limit, value):
        return format_number(value)
    digits = next((d for d in range(4, 17) if f"{value:.{d}g}" != f"{limit:.{d}g}"), 17)
    return format_number(value) if digits == 4 else f"{value:.{digits}g}"


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
            yield check("cost", "fail", f"{name} has a limit and was not measured", subject=name)
            continue
        if name == SIZE:
            message = f"{result.value:,.0f} bytes; at most {limit:,.0f} bytes are asked"
        else:
            message = f"{_told_apart(result.value, limit)} s; at most {format_number(limit)} s is asked"
        yield check("cost", result.verdict, message, subject=name)
