"""The rows that a version is in the registry's SQLite file: plain tuples, maybe made in another process. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from mintmark.core.cost import recorded_cost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Row = tuple[str | float | None, ...]
_to_json = json.JSONEncoder(ensure_ascii=False).encode
_LARGEST = 2**63 - 1  # what SQLite can keep as an integer


class VersionRows(NamedTuple):
    """What one version is made of, by table; every row but the first lacks the version's id, which comes before it."""

    version: Row
    metrics: Sequence[Row]
    slices: Sequence[Row]
    parameters: Sequence[Row]
    data: Sequence[Row]
    files: Sequence[Row]
    packages: Sequence[Row]
    stages: Sequence[Row]
    importances: Sequence[Row]


def version_rows(document: Mapping[str, Any]) -> VersionRows:
    """Return the rows of a version from its document (`models/<m>/versions/<v>.json`)."""
    record, metrics = document["record"], document["metrics"] or {}
    slices = metrics.get("slices", {})
    return VersionRows(
        version=_version(document, record, metrics),
        metrics=[
            *_intervals("", metrics.get("metrics") or record["metrics"]),
            *(row for name in sorted(slices) for row in _intervals(name, slices[name]["metrics"])),
        ],
        slices=[(name, _whole(slices[name]["rows"])) for name in sorted(slices)],
        parameters=sorted(_flatten(record["parameters"])),
        data=[
            (number, part["role"], part["path"], part["hash"], _whole(part["rows"]))
            for number, part in enumerate(record["data"], 1)
        ],
        files=[
            (file["name"], _whole(file["size"]), file["md5"], file["sha256"], file["url"]) for file in document["files"]
        ],
        packages=sorted(record["environment"]["packages"].items()),
        stages=[(number, name, _command(stage)) for number, (name, stage) in enumerate(record["stages"].items(), 1)],
        importances=[
            (name, _real(found["mean"]), _real(found.get("std")))
            for name, found in sorted(metrics.get("importance", {}).items())
        ],
    )


def _version(document: Mapping[str, Any], record: Mapping[str, Any], metrics: Mapping[str, Any]) -> Row:
    """Return the values of the table `versions` in its order, but for `id` and `rank`, which the writer gives."""
    environment, artifact = record["environment"], record["artifact"]
    cost = recorded_cost(artifact["size"], record.get("cost"), metrics)
    registered = document["registered"] or {}
    status = document["status"] or {}
    reproduced = document["reproduced"] or {}
    return (
        document["model"], document["version"], record["parent"], record["created"], record["author"],
        record["summary"], artifact["format"], artifact["path"], artifact["sha256"],
        _whole(sum(file["size"] for file in document["files"])), _whole(metrics.get("rows")),
        environment["python"], environment["platform"], environment["lock"],
        _real(cost.get("load_seconds")), _real(cost.get("latency_row_seconds")),
        _real(cost.get("latency_batch_seconds")),
        registered.get("time"), registered.get("by"), registered.get("pull_request"),
        status.get("time"), status.get("by"), status.get("reason"), status.get("replacement"),
        reproduced.get("time"), reproduced.get("by"), reproduced.get("identical"), document["commit"],
    )  # fmt: skip


def _intervals(name: str, metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    for metric in sorted(metrics):
        found = metrics[metric]
        yield name, metric, _real(found["value"]), _real(found.get("low")), _real(found.get("high"))


def _flatten(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each parameter as (`estimator.parameters.C`, text): text as it is, all else as JSON."""
    waiting: list[tuple[str, Any]] = [(_step(name), value) for name, value in parameters.items()]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(f"{name}.{_step(inner)}", deeper) for inner, deeper in value.items()]
        else:
            yield name, value if isinstance(value, str) else _to_json(value)


def _step(name: str) -> str:
    """A key that holds a dot is quoted, so that `{"a.b": 1}` and `{"a": {"b": 1}}` are two parameters."""
    return _to_json(name) if not name or "." in name or '"' in name else name


def _command(stage: Mapping[str, Any]) -> str:
    cmd = stage["cmd"]
    return cmd if isinstance(cmd, str) else "\n".join(map(str, cmd))


def _whole(number: int | None) -> int | None:
    return None if number is None else min(int(number), _LARGEST)


def _real(number: float | None) -> float | None:
    if number is None:
        return None
    try:
        return float(number)
    except OverflowError:  # an integer of more than 308 digits
        return float("inf") if number > 0 else float("-inf")
