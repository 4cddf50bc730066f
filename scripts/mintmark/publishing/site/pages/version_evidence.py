"""How good a version is, as rows for its page: metrics, gates, slices, importances. Compares values, judges nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.core.comparison import Basis, basis_of
from mintmark.core.cost import recorded_cost
from mintmark.core.judgement.checks import Check
from mintmark.core.judgement.gates import check_record
from mintmark.core.model import Gates, slice_rows_needed
from mintmark.core.question import Condition
from mintmark.core.records import Interval
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.words.comparisons import relation
from mintmark.core.words.demands import TIMES, as_it_is, comparisons, condition, cost_name
from mintmark.core.words.explained import has_spread
from mintmark.core.words.numbers import (
    NOTHING,
    as_float,
    bounds,
    interval_of,
    number,
    seconds,
    signed,
    undefined,
    undefined_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHOWN_IMPORTANCES: Final = 10
_BAR: Final = 200  # units of the drawing of a bar


class MetricRow(NamedTuple):
    """One metric beside the champion's; texts, ready to be escaped."""

    name: str
    primary: bool
    goal: str
    value: str
    bounds: str
    champion: str
    difference: str
    words: str


class SliceRow(NamedTuple):
    """One slice: its rows, the metrics that are shown of it, and whether it has too few rows to say much."""

    name: str
    description: str
    where: str
    rows: str
    few: bool
    values: list[str]


class ImportanceBar(NamedTuple):
    """The permutation importance of one input; positions are in units of the drawing, 0 to 200."""

    name: str
    text: str
    start: float
    width: float
    low: float
    high: float


def metric_rows(
    model: Mapping[str, Any], version: Mapping[str, Any], champion: Mapping[str, Any] | None
) -> list[MetricRow]:
    """Return every metric of a version, the primary one first."""
    found = version["record"]["metrics"]
    theirs = champion["record"]["metrics"] if champion else {}
    primary = model["metric"]["name"]
    basis: Basis = basis_of(version["record"], champion["record"]) if champion else "other rows"
    measured = version["metrics"] or {}
    shown = [
        _metric_row(name, found[name], theirs.get(name), basis, primary=name == primary)
        for name in sorted(found, key=lambda name: name != primary)
    ]
    absent = [name for name in undefined_names(measured) if name not in found]
    return [*shown, *(_undefined_row(name, measured, theirs.get(name)) for name in absent)]


def _metric_row(
    name: str, own: Mapping[str, float], theirs: Mapping[str, float] | None, basis: Basis, *, primary: bool
) -> MetricRow:
    """A site holds no paired test for every pair of versions, so it says of none that one is better."""
    difference = own["value"] - theirs["value"] if theirs and basis == "same rows" else None
    return MetricRow(
        name=name,
        primary=primary,
        goal="more" if greater_is_better(name) else "less",
        value=number(own["value"]),
        bounds=bounds(own.get("low"), own.get("high")) or NOTHING,
        champion=interval_of(theirs),
        difference=signed(difference),
        words=relation(basis, None, primary=primary) if theirs else "",
    )


def _undefined_row(name: str, measured: Mapping[str, Any], theirs: Mapping[str, float] | None) -> MetricRow:
    return MetricRow(
        name=name,
        primary=False,  # a version whose primary metric has no value is not made
        goal="more" if greater_is_better(name) else "less",
        value=undefined(measured, name) or NOTHING,
        bounds=NOTHING,
        champion=interval_of(theirs),
        difference=NOTHING,
        words="",
    )


def cost_of(version: Mapping[str, Any]) -> dict[str, float]:
    """Return what a version costs to keep and to run, as it says itself."""
    record = version["record"]
    return recorded_cost(record["artifact"]["size"], record.get("cost"), version["metrics"])


def gate_checks(model: Mapping[str, Any], version: Mapping[str, Any]) -> list[Check]:
    """Return the gates of model.yaml that a record alone can be held against: floors and costs."""
    metrics = {name: Interval(**own) for name, own in version["record"]["metrics"].items()}
    return check_record(metrics, cost_of(version), Gates.from_dict(model["gates"]))


def comparison_gates(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the gates that only a review can hold a version to, with what they ask."""
    return list(comparisons(model["metric"]["name"], Gates.from_dict(model["gates"])))


def slice_metrics(model: Mapping[str, Any]) -> list[str]:
    """Return the metrics that slices are shown with: the primary one, and those that have a floor."""
    return list(dict.fromkeys([model["metric"]["name"], *model["gates"].get("floors", {})]))


def slice_rows(model: Mapping[str, Any], measured: Mapping[str, Any], names: Sequence[str]) -> list[SliceRow]:
    """Return all rows as a whole, then each slice that was measured or is declared."""
    declared = {entry["name"]: entry for entry in model.get("slices", ())}
    found = measured["slices"]
    if not declared and not found:
        return []
    least = slice_rows_needed(model["gates"])
    whole = SliceRow(
        name="all rows",
        description="",
        where="",
        rows=f"{measured['rows']:,}",
        few=False,
        values=[interval_of(measured["metrics"].get(name)) for name in names],
    )
    order = [*declared, *(name for name in found if name not in declared)]
    return [whole, *(_slice_row(name, declared.get(name), measured, names, least) for name in order)]


def _slice_row(
    name: str,
    declared: Mapping[str, Any] | None,
    measured: Mapping[str, Any],
    names: Sequence[str],
    least: int,
) -> SliceRow:
    found = measured["slices"].get(name)
    return SliceRow(
        name=name,
        description=(declared or {}).get("description", ""),
        where=condition(Condition.from_dict(declared["where"]), as_it_is) if declared else "no longer declared",
        rows=f"{found['rows']:,}" if found else "not measured",
        few=found is not None and found["rows"] < least,
        values=[_slice_value(name, metric, found, measured) for metric in names],
    )


def _slice_value(name: str, metric: str, found: Mapping[str, Any] | None, measured: Mapping[str, Any]) -> str:
    own = found["metrics"].get(metric) if found else None
    return interval_of(own) if own else undefined(measured, metric, name) or NOTHING


def importance_bars(measured: Mapping[str, Any]) -> list[ImportanceBar]:
    """Return the importance of each input, the largest first, on one scale that begins at 0 or below."""
    importance = measured.get("importance") or {}
    found = {name: (as_float(i["mean"]), abs(as_float(i.get("std", 0)))) for name, i in importance.items()}
    found = {name: pair for name, pair in found.items() if all(map(math.isfinite, pair))}
    if not found:
        return []
    low = min(0.0, *(mean - std for mean, std in found.values()))
    high = max(0.0, *(mean + std for mean, std in found.values()))
    scale = _BAR / (high - low) if high > low else 0.0
    order = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    spread = has_spread(importance)
    texts = {name: f"{number(mean)} ± {number(std)}" if spread else number(mean) for name, (mean, std) in order}
    return [_bar(name, texts[name], mean, std, low, scale) for name, (mean, std) in order]


def _bar(name: str, text: str, mean: float, std: float, low: float, scale: float) -> ImportanceBar:
    return ImportanceBar(
        name=name,
        text=text,
        start=round((min(0.0, mean) - low) * scale, 1),
        width=round(abs(mean) * scale, 1),
        low=round((mean - std - low) * scale, 1),
        high=round((mean + std - low) * scale, 1),
    )


def costs(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what it takes to run a version, where that was measured."""
    for name in TIMES:
        if name in found:
            yield cost_name(name, found.get("batch_rows")), seconds(found[name])
