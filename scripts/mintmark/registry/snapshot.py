"""All of a registry, or some of its models, read at once: files, facts and faults by path. Judges no history."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding, format_place
from mintmark.core.judgement.rules import ModelState
from mintmark.core.layout import Place, locate
from mintmark.core.reference import is_name
from mintmark.core.statistics.metric_names import UNBOUNDED, dispute_goal
from mintmark.core.version import is_version
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.facts import metrics_facts, version_facts, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from mintmark.registry.documents import Document, Documents
    from mintmark.registry.git import Entry
    from mintmark.registry.past.history import ModelHistory
    from mintmark.registry.tree import Files, Tree
    from mintmark.registry.yaml.text import Position, Positions

_PROJECTIONS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "registry": whole,
    "model": whole,
    "channel": whole,
    "status": whole,
    "version": version_facts,
    "metrics": metrics_facts,
}
_RECORDS = ("version", "metrics")
_FEW = 20  # models: reading the whole of models/ takes longer than asking for so many


@dataclass(slots=True)
class ModelFiles:
    """The paths of one model by what they are; `versions` has each folder's files with their blob ids."""

    identity: str | None = None
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Snapshot:
    """What a tree holds below `models/`, or below some models.

    `facts` has what was asked of each readable record by path; `findings` the faults of form: what cannot be parsed,
    breaks its schema, has no place in a registry, or is no plain file.
    """

    entries: Mapping[str, Entry]
    models: dict[str, ModelFiles] = field(default_factory=dict)
    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def take(self, path: str, document: Document | None) -> None:
        """Add one document that was read by itself."""
        if document is not None:
            self.findings.extend(document.findings)
            if document.data is not None:
                self.facts[path] = document.data

    def state(self, model: str, history: ModelHistory) -> ModelState:
        """Return one model as the rules see it."""
        files = self.models.get(model, ModelFiles())
        targets = {name: self.facts.get(path) for name, path in files.channels.items()}
        return ModelState(
            model=model,
            versions=files.versions,
            channels={name: str(data["version"]) for name, data in targets.items() if data},
            yanked=frozenset(files.statuses),
            released=history.released,
            described=files.identity is not None,
            held={channel: history.holders(channel) for channel in {move.channel for move in history.moves}},
        )


def read_snapshot(
    tree: Tree,
    documents: Documents,
    folders: Iterable[str] = (layout.MODELS,),
    records: Collection[str] | None = None,
) -> Snapshot:
    """Read everything below folders; records that the cache knows are not parsed again.

    With `records`, of version.yaml and metrics.json files only those at these paths are read.
    """
    entries = _entries(tree, list(folders))
    snapshot = Snapshot(entries)
    by_kind: dict[str, dict[str, str]] = {kind: {} for kind in _PROJECTIONS}
    for path, entry in entries.items():
        place = locate(path)
        if not _is_plain_record(place, entry):
            snapshot.findings.extend(_misplaced(path, place, entry))
        if entry.mode in git.NO_FILES:
            continue
        _file(snapshot, path, place, entry)
        if place.kind in _RECORDS and records is not None and path not in records:
            continue
        if place.kind in by_kind:
            by_kind[place.kind][path] = entry.oid
    for kind, oids in by_kind.items():
        _read_kind(snapshot, kind, oids, tree, documents)
    snapshot.findings.extend(_case_collisions(snapshot))
    return snapshot


def _entries(tree: Tree, folders: Sequence[str]) -> dict[str, Entry]:
    """Return the files below folders; of many models, by one question instead of one for each."""
    if len(folders) > _FEW:
        wanted = set(folders)
        return tree.entries(
            layout.MODELS, lambda path: path in wanted or not wanted.isdisjoint(layout.folders_around(path))
        )
    return {path: entry for folder in folders for path, entry in tree.entries(folder).items()}


def _read_kind(snapshot: Snapshot, kind: str, oids: Mapping[str, str], tree: Tree, documents: Documents) -> None:
    for path, document in documents.facts(kind, oids, _PROJECTIONS[kind], tree.blobs).items():
        snapshot.take(path, document)


def _file(snapshot: Snapshot, path: str, place: Place, entry: Entry) -> None:
    if not place.model:
        return
    files = snapshot.models.setdefault(place.model, ModelFiles())
    if place.kind == "model":
        files.identity = path
    elif place.kind == "channel":
        files.channels[place.name] = path
    elif place.kind == "status":
        files.statuses[place.name] = path
    elif place.name and place.kind != "candidate":
        name = path[len(layout.version_folder(place.model, place.name)) + 1 :]
        files.versions.setdefault(place.name, {})[name] = entry.oid


def _is_plain_record(place: Place, entry: Entry) -> bool:
    """Whether a file is what nearly all are: a record or a pointer in a version folder whose names are in order."""
    in_folder = place.kind in ("version", "metrics", "pointer") and entry.mode == "100644"
    return in_folder and _is_known_name(place.model) and _is_known_version(place.name)


_is_known_name = functools.cache(is_name)
_is_known_version = functools.cache(is_version)


def _misplaced(path: str, place: Place, entry: Entry) -> Iterator[Finding]:
    """Yield what is wrong with a path itself: names, links, and files that no record folder may hold."""
    if entry.mode in git.NO_FILES:
        message = f"is {git.NO_FILES[entry.mode]} where a file belongs; replace it by the file"
        yield Finding(path=path, message=message, rule="R8")
    elif place.kind == "candidate" or (place.kind == "other" and not place.model):
        if not layout.is_placeholder(path):
            yield stray(path)
    elif entry.mode == "100755":
        yield Finding(path=path, message="is executable, and nobody runs it; git update-index --chmod=-x it")
    if place.model and not is_name(place.model):
        yield Finding(path=path, message=f'"{place.model}" cannot name a model: {NAMES}; git mv the folder')
    in_record = place.kind in ("version", "metrics", "pointer") or (place.kind == "other" and place.name)
    if in_record and not is_version(place.name):
        message = f'"{place.name}" is not a version as Semantic Versioning writes it, such as 1.4.2'
        yield Finding(path=path, message=f"{message}; git mv the folder")
    if place.kind == "other" and place.name:
        message = f"has no place in a record; a version folder holds {layout.VERSION_RECORD}, {layout.METRICS_RECORD}"
        yield Finding(path=path, message=f"{message} and .dvc pointers; git rm it", rule="R8")
    if place.kind == "channel" and not is_name(place.name):
        yield Finding(path=path, message=f'"{place.name}" cannot name a channel: {NAMES}')
    if place.kind == "status" and not is_version(place.name):
        yield Finding(path=path, message=f'"{place.name}" is not a version; a status file is named 1.4.2.yaml')


def stray(path: str) -> Finding:
    """Return the fault of a file below models/ that is none of those which a registry holds."""
    message = (
        "has no place here: a model has a model.yaml, NAME.yaml files in channels/ and status/, and a folder for each "
        "version in versions/; what the pipeline makes lies in candidate/, outside Git; git mv or git rm it"
    )
    return Finding(path=path, message=message, rule="R8")


NAMES = "names have lower-case letters, digits and single hyphens, and begin with a letter"


def _case_collisions(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield names that a file system which ignores case takes for one: a checkout there would lose one of them.

    Versions are not among them: that their numbers do not look alike is for the rules (R3).
    """
    models = {name: f"{layout.MODELS}/{name}" for name in snapshot.models}
    pointed = [paths for files in snapshot.models.values() for paths in (files.channels, files.statuses)]
    for paths in (models, *pointed):
        seen: dict[str, str] = {}
        for name in sorted(paths):
            other = seen.setdefault(name.lower(), name)
            if other != name:
                message = f'differs from "{other}" only in case, which macOS and Windows cannot keep apart; rename one'
                yield Finding(path=paths[name], message=message)


def check_records(snapshot: Snapshot, channels: Iterable[str]) -> Iterator[Finding]:
    """Yield where the files of a model disagree with one another: record and folder, pointers, metrics, names."""
    known = list(channels)
    for model, files in snapshot.models.items():
        yield from _check_identity(snapshot, model, files)
        for version, present in files.versions.items():
            yield from _check_version(snapshot, model, version, present)
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


def with_lines(findings: Iterable[Finding], tree: Files) -> Iterator[Finding]:
    """Yield findings with the line and column of the field that they name, where they have none yet."""
    from mintmark.registry.yaml.text import YamlFault, parse_yaml

    for finding in findings:
        if finding.line is not None or not finding.path.endswith((".yaml", ".json", ".dvc")):
            yield finding
            continue
        positions: Positions = {}
        try:
            parse_yaml(tree.read(finding.path) or b"", positions=positions)
        except (YamlFault, MintmarkError):  # what is no YAML, or no file, has no lines to tell
            positions = {}
        line, column = _position(finding.where, positions) if finding.where else (1, None)
        yield replace(finding, line=line, column=column)


def _position(where: str, positions: Positions) -> Position:
    return next((position for place, position in positions.items() if format_place(place) == where), (1, 1))
