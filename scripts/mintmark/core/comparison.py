"""Set two version records side by side: what differs, and which way each metric went. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.statistics.metric_names import greater_is_better

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Direction = Literal["better", "worse", "same", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricChange:
    """One metric in both records. `difference` is second minus first; `overlap` says whether the intervals overlap."""

    name: str
    first: Mapping[str, float] | None
    second: Mapping[str, float] | None
    difference: float | None
    direction: Direction
    overlap: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One value that is not the same in both records; None stands for a value that is not there."""

    name: str
    first: Any
    second: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What differs between two records."""

    metrics: tuple[MetricChange, ...]
    parameters: tuple[Difference, ...]
    data: tuple[Difference, ...]
    code: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    signature: tuple[Difference, ...]
    artifact: tuple[Difference, ...]


def compare_records(first: Mapping[str, Any], second: Mapping[str, Any]) -> Comparison:
    """Compare two version documents (or a version and a candidate) field by field."""
    return Comparison(
        metrics=tuple(_metric_changes(first["metrics"], second["metrics"])),
        parameters=_differences(first.get("parameters"), second.get("parameters")),
        data=_differences(_by_role(first), _by_role(second)),
        code=_differences(_code(first), _code(second)),
        environment=_differences(first.get("environment"), second.get("environment")),
        signature=_differences(first.get("signature"), second.get("signature")),
        artifact=_differences(first.get("artifact"), second.get("artifact")),
    )


def _metric_changes(
    first: Mapping[str, Mapping[str, float]], second: Mapping[str, Mapping[str, float]]
) -> Iterator[MetricChange]:
    for name in [*first, *(name for name in second if name not in first)]:
        old, new = first.get(name), second.get(name)
        difference = new["value"] - old["value"] if old and new else None
        yield MetricChange(
            name=name,
            first=old,
            second=new,
            difference=difference,
            direction=metric_direction(name, difference),
            overlap=_overlap(old, new),
        )


def metric_direction(name: str, difference: float | None) -> Direction:
    """Return which way a metric went when it changed by a difference."""
    if difference is None:
        return "unknown"
    if difference == 0:
        return "same"
    return "better" if (difference > 0) == greater_is_better(name) else "worse"


def _overlap(old: Mapping[str, float] | None, new: Mapping[str, float] | None) -> bool | None:
    if not old or not new or not all(bound in interval for interval in (old, new) for bound in ("low", "high")):
        return None
    return old["low"] <= new["high"] and new["low"] <= old["high"]


def _by_role(record: Mapping[str, Any]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for entry in record.get("data", ()):
        entries[f"{entry['role']} {entry['path']}"] = {"hash": entry["hash"], "rows": entry["rows"]}
    return entries


def _code(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the commands of the stages and the digests of the scripts that they depend on."""
    found: dict[str, Any] = {}
    for stage, entry in record.get("stages", {}).items():
        found[f"{stage} cmd"] = entry["cmd"]
        found |= {path: digest for path, digest in entry.get("deps", {}).items() if path.endswith(".py")}
    return found


def _differences(first: Any, second: Any) -> tuple[Difference, ...]:
    old, new = dict(_flatten(first)), dict(_flatten(second))
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        Difference(name=name, first=old.get(name), second=new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    )


def _flatten(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flatten(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        for number, inner in enumerate(value):
            yield from _flatten(inner, f"{name}[{number}]")
    elif value is not None:
        yield name, value
