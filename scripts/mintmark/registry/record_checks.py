"""Where the files of a model disagree with one another: record and folder, pointers, metrics, names. Reads no past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.model import blanks_in
from mintmark.core.statistics.metric_names import UNBOUNDED, dispute_goal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mintmark.registry.snapshot import ModelFiles, Snapshot


def check_records(snapshot: Snapshot, channels: Iterable[str]) -> Iterator[Finding]:
    """Yield where the files of a model disagree with one another: record and folder, pointers, metrics, names."""
    yield from check_versions(snapshot)
    yield from check_models(snapshot, channels)


def check_versions(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what `check_records` finds in version folders, each of which is judged by itself."""
    for model, files in snapshot.models.items():
        for version, present in files.versions.items():
            yield from _check_version(snapshot, model, version, present)


def check_models(snapshot: Snapshot, channels: Iterable[str]) -> Iterator[Finding]:
    """Yield what `check_records` finds outside version folders."""
    known = list(channels)
    for model, files in snapshot.models.items():
        yield from _check_identity(snapshot, model, files)
        for channel, path in files.channels.items():
            if channel not in known:
                message = f'this registry has no channel "{channel}"; its channels are {", ".join(known)}'
                yield Finding(path=path, message=message)


def _check_identity(snapshot: Snapshot, model: str, files: ModelFiles) -> Iterator[Finding]:
    if files.identity is None:
        if files.versions or files.channels:
            path = layout.model_path(model)
            yield Finding(path=path, message="is missing; every model has one: the tutorial shows how to write it")
        return
    data = snapshot.facts.get(files.identity)
    if data is not None and data["name"] != model:
        message = f'"{data["name"]}" is not the name of its folder; write name: {model}'
        yield Finding(path=files.identity, where="name", message=message)
    if data is not None:
        yield from contradictions(files.identity, data)
        yield from _check_anchor(files, files.identity, data.get("anchor"))


def _check_anchor(files: ModelFiles, path: str, anchor: str | None) -> Iterator[Finding]:
    """Yield where nothing can be held against the anchor that model.yaml names; a review asks a person then."""
    gone = anchor is not None and anchor not in files.versions
    if anchor is not None and (gone or anchor in files.statuses):
        message = f"{anchor} {'is no version of this model' if gone else 'is yanked'}; move it to the champion"
        yield Finding(path=path, where="anchor", message=message, severity="warning")


def contradictions(path: str, identity: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield where a model.yaml that its schema accepts contradicts itself: goals, floors of nothing, names twice."""
    wrong = dispute_goal(identity["metric"])
    if wrong is not None:
        yield Finding(path=path, where="metric.goal", message=wrong)
    yield from _floors_of_nothing(path, identity)
    yield from _repeated_names(path, identity)
    for key, remedy in blanks_in(identity):
        yield Finding(path=path, where=key, message=f"is still blank; {remedy}", severity="warning")


def _repeated_names(path: str, identity: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield slices and behaviour tests with the name of another one: nothing may hide behind its namesake."""
    for part in ("slices", "behaviour"):
        names = [entry["name"] for entry in identity.get(part) or ()]
        for number, name in enumerate(names):
            if name in names[:number]:
                message = f'there is another one called "{name}"; give it a name of its own'
                yield Finding(path=path, where=f"{part}[{number}].name", message=message)


def _floors_of_nothing(path: str, identity: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield floors of a metric without an interval: no rows could ever reach them honestly."""
    for name in sorted(UNBOUNDED & set(identity["gates"].get("floors", ()))):
        message = f"one row decides {name}, so it has no interval to hold against a floor; set a floor on rmse or mae"
        yield Finding(path=path, where=f"gates.floors.{name}", message=message)


def _check_version(snapshot: Snapshot, model: str, version: str, present: Mapping[str, str]) -> Iterator[Finding]:
    path = layout.version_path(model, version)
    if layout.VERSION_RECORD not in present:
        message = f"is missing, and its folder is still there; git restore it, or withdraw all of {model} {version}"
        yield Finding(path=path, message=message, rule="R1")
        return
    if layout.METRICS_RECORD not in present:
        yield Finding(path=layout.metrics_path(model, version), message="is missing; git restore it", rule="R1")
    record = snapshot.facts.get(path)
    if record is None:
        return
    for name, wanted in (("model", model), ("version", version)):
        if record[name] != wanted:
            message = f'"{record[name]}" disagrees with the folder, which says {wanted}'
            yield Finding(path=path, where=name, message=message)
    yield from _check_pointers(model, version, record["pointers"], present)
    metrics = snapshot.facts.get(layout.metrics_path(model, version))
    if metrics is not None and metrics["measured"] != record["measured"]:
        message = f"disagrees with {layout.METRICS_RECORD} beside it; mintmark propose writes both from one evaluation"
        yield Finding(path=path, where="metrics", message=message, rule="R7")


def _check_pointers(
    model: str, version: str, wanted: Mapping[str, str], present: Mapping[str, str]
) -> Iterator[Finding]:
    pointers = {name: oid for name, oid in present.items() if name.endswith(layout.POINTER_SUFFIX)}
    folder = layout.version_folder(model, version)
    for name in sorted(wanted.keys() | pointers.keys()):
        if wanted.get(name) == pointers.get(name):
            continue
        if name not in pointers:
            message = "is missing; the record names this file, so its pointer belongs here: git restore it"
        elif name not in wanted:
            message = f"points to a file that {layout.VERSION_RECORD} beside it does not name; git rm it"
        else:
            message = f"disagrees with the md5 and size in {layout.VERSION_RECORD} beside it; git restore both"
        yield Finding(path=f"{folder}/{name}", message=message, rule="R1")
