"""Set two version records side by side: what differs, and whether their numbers may be compared. Judges nothing.

Two numbers that were not measured on the same rows differ by chance and by the rows, so there is no difference to tell.
Only a paired test on the same rows says better or worse (core/judgement/contests.py); its result is handed in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.core.cost import recorded_cost
from mintmark.core.provenance.inputs import is_code
from mintmark.core.question import EVALUATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.statistics.results import PairedDifference

Basis = Literal["same rows", "other rows", "other models"]
_PARAMETERS: Final = "params.yaml"
_SEARCH: Final = "tune."  # how names of what a stage that searches was given begin
# What can differ besides the metrics, with the words for it, in the order in which it is told.
PARTS: Final = {
    "parameters": "parameters",
    "search": "search space",
    "stages": "stage parameters",
    "data": "data",
    "code": "code",
    "environment": "environment",
    "signature": "signature",
    "artifact": "artifact",
    "slices": "slices",
    "cost": "cost",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricChange:
    """One metric in both records.

    `difference` is second minus first, None where they were not measured on the same rows. `test` is what a paired test
    says, None where there was none.
    """

    name: str
    first: Mapping[str, float] | None
    second: Mapping[str, float] | None
    difference: float | None
    test: PairedDifference | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One value that is not the same in both records; None stands for a value that is not there."""

    name: str
    first: Any
    second: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What differs between two records; `basis` tells on what their metrics were measured."""

    basis: Basis
    metrics: tuple[MetricChange, ...]
    parameters: tuple[Difference, ...]
    data: tuple[Difference, ...]
    code: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    signature: tuple[Difference, ...]
    artifact: tuple[Difference, ...]
    search: tuple[Difference, ...] = ()
    stages: tuple[Difference, ...] = ()
    slices: tuple[Difference, ...] = ()
    cost: tuple[Difference, ...] = ()


def basis_of(first: Mapping[str, Any], second: Mapping[str, Any]) -> Basis:
    """Return whether the metrics of two version documents may be subtracted: one model, and the very same rows.

    A record that names no evaluation rows was measured on rows of its own.
    """
    if first.get("model") != second.get("model"):
        return "other models"
    ours, theirs = _evaluated(first), _evaluated(second)
    return "same rows" if ours and ours == theirs else "other rows"


def _evaluated(record: Mapping[str, Any]) -> list[str]:
    """Return the digest of the stored evaluation rows, else what the lineage says of them."""
    stored = record.get("files", {}).get(EVALUATION)
    if stored is not None:
        return [f"sha256:{stored['sha256']}"]
    return [entry["hash"] for entry in record.get("data", ()) if entry["role"] == "evaluation"]


def compare_records(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    tested: Mapping[str, PairedDifference] | None = None,
    measured: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None] = (None, None),
) -> Comparison:
    """Compare two version documents (or a version and a candidate) field by field.

    `tested` has what a paired test says of a metric, second minus first. `measured` are the metrics.json of both, which
    tell of slices.
    """
    basis = basis_of(first, second)
    (search, stages), (other_search, other_stages) = _stage_parameters(first), _stage_parameters(second)
    return Comparison(
        basis=basis,
        metrics=tuple(_metric_changes(first["metrics"], second["metrics"], basis, tested or {})),
        parameters=_differences(first.get("parameters"), second.get("parameters")),
        data=_differences(_by_role(first), _by_role(second)),
        code=_differences(_code(first), _code(second)),
        environment=_differences(first.get("environment"), second.get("environment")),
        signature=_differences(first.get("signature"), second.get("signature")),
        artifact=_differences(first.get("artifact"), second.get("artifact")),
        search=_differences(search, other_search),
        stages=_differences(stages, other_stages),
        slices=_differences(_slices(measured[0]), _slices(measured[1])),
        cost=_differences(_cost(first, measured[0]), _cost(second, measured[1])),
    )


def _metric_changes(
    first: Mapping[str, Mapping[str, float]],
    second: Mapping[str, Mapping[str, float]],
    basis: Basis,
    tested: Mapping[str, PairedDifference],
) -> Iterator[MetricChange]:
    for name in [*first, *(name for name in second if name not in first)]:
        old, new = first.get(name), second.get(name)
        difference = new["value"] - old["value"] if old and new and basis == "same rows" else None
        test = tested.get(name) if basis == "same rows" else None
        yield MetricChange(name=name, first=old, second=new, difference=difference, test=test)


def _by_role(record: Mapping[str, Any]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for entry in record.get("data", ()):
        entries[f"{entry['role']} {entry['path']}"] = {"hash": entry["hash"], "rows": entry["rows"]}
    return entries


def _code(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the commands of the stages and the digests of the scripts that they depend on."""
    found: dict[str, Any] = {}
    for stage, entry in record.get("stages", {}).items():
        found[f"{stage.partition('@')[0]} cmd"] = entry["cmd"]
        found |= {path: digest for path, digest in entry.get("deps", {}).items() if is_code(path)}
    return found


def _stage_parameters(record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the stages were given: the settings of the search by themselves, then everything else.

    What `parameters` of the record says as well is left out. Stages that were given the same value tell it once.
    """
    said = dict(_flatten(record.get("parameters")))
    model = record.get("model", "")
    found: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for stage, entry in record.get("stages", {}).items():
        for path, values in entry.get("params", {}).items():
            file = path.removeprefix(f"models/{model}/")
            for key, value in _flatten(values):
                name = key.removeprefix(f"models.{model}.")
                if name in said and said[name] == value:
                    continue
                part = found[0] if name.startswith(_SEARCH) else found[1]
                name = name if file == _PARAMETERS else f"{file}: {name}"
                part[name if part.get(name, value) == value else f"{stage.partition('@')[0]} {name}"] = value
    return found


def _slices(measured: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the rows and the metrics of each slice by name."""
    found: dict[str, Any] = {}
    for name, entry in ((measured or {}).get("slices") or {}).items():
        found[f"{name}: rows"] = entry["rows"]
        found |= {f"{name}: {metric}": interval["value"] for metric, interval in entry["metrics"].items()}
    return found


def _cost(record: Mapping[str, Any], measured: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the artifact costs to keep and to run; its size is among what is told of the artifact."""
    artifact = record.get("artifact", {})
    found = recorded_cost(artifact.get("size", 0), record.get("cost"), measured)
    return {name: value for name, value in found.items() if name != "size"}


def _differences(first: Any, second: Any) -> tuple[Difference, ...]:
    if first == second:
        return ()
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
    elif name and value is not None:
        yield name, value
