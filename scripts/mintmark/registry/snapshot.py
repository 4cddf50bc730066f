"""All of a registry, or some of its models, read at once: files, facts and faults by path. Judges no history."""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass, field, replace
from sys import intern
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding, format_place
from mintmark.core.judgement.rules import ModelState
from mintmark.core.layout import Place, locate
from mintmark.core.reference import is_name
from mintmark.core.version import is_version
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.facts import metrics_facts, version_facts, whole
from mintmark.registry.past.rule_past import FileIds
from mintmark.registry.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from mintmark.registry.documents import Document, Documents
    from mintmark.registry.git import Entry
    from mintmark.registry.past.history import ModelHistory
    from mintmark.registry.past.rule_past import RulePast
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
_PART = 12_000  # files that are read at a time, of two thousand versions
_AHEAD = 1  # parts that are parsed while another one is judged
_FEW = 20  # models: reading the whole of models/ takes longer than asking for so many


@dataclass(slots=True)
class ModelFiles:
    """The paths of one model by what they are; `versions` has each folder's files with their blob ids."""

    identity: str | None = None
    versions: dict[str, Mapping[str, str]] = field(default_factory=dict)
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

    def state(self, model: str, history: ModelHistory | RulePast) -> ModelState:
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
            held=history.held,
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
    with Workers() as workers:
        snapshot = _start_reading(entries, tree, documents, workers, records)()
    snapshot.findings.extend(_case_collisions(snapshot))
    return snapshot


def read_everything(tree: Tree, documents: Documents, visit: Callable[[Snapshot], None]) -> Snapshot:
    """Read all models as `read_snapshot` does, without holding what takes most memory.

    `visit` is given one part after the other: all files of some version folders, with their facts. What is returned
    has all else, and of versions the ids of their files; neither `entries` nor the facts of records.
    """
    whole = Snapshot({})
    with Workers() as workers:
        ahead: deque[Callable[[], Snapshot]] = deque()
        for entries in _parts(tree.walk(layout.MODELS)):
            ahead.append(_start_reading(entries, tree, documents, workers))
            if len(ahead) > _AHEAD:
                _keep(whole, ahead.popleft()(), visit)
        while ahead:
            _keep(whole, ahead.popleft()(), visit)
    whole.findings.extend(_case_collisions(whole))
    return whole


def _parts(entries: Iterable[tuple[str, Entry]]) -> Iterator[dict[str, Entry]]:
    """Yield files in parts of about `_PART`, never the files of one version folder in two."""
    part: dict[str, Entry] = {}
    last: list[str] = []
    for path, entry in entries:
        folder = path.split("/", 4)[:4]
        if len(part) >= _PART and folder != last:
            yield part
            part = {}
        part[path] = entry
        last = folder
    if part:
        yield part


def _keep(whole: Snapshot, part: Snapshot, visit: Callable[[Snapshot], None]) -> None:
    visit(part)
    whole.findings += part.findings
    whole.facts |= {path: data for path, data in part.facts.items() if locate(path).kind not in _RECORDS}
    for model, files in part.models.items():
        known = whole.models.setdefault(model, ModelFiles())
        known.identity = known.identity or files.identity
        known.versions |= {intern(version): FileIds(ids) for version, ids in files.versions.items()}
        known.channels |= files.channels
        known.statuses |= files.statuses


def _start_reading(
    entries: Mapping[str, Entry],
    tree: Tree,
    documents: Documents,
    workers: Workers,
    records: Collection[str] | None = None,
) -> Callable[[], Snapshot]:
    """Begin to read the records among files, and return the function that waits for them."""
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
    blobs = tree.blobs
    begun = [
        documents.start_facts(kind, oids, _PROJECTIONS[kind], blobs, workers) for kind, oids in by_kind.items() if oids
    ]

    def wait() -> Snapshot:
        for facts in begun:
            for path, document in facts().items():
                snapshot.take(path, document)
        return snapshot

    return wait


def _entries(tree: Tree, folders: Sequence[str]) -> dict[str, Entry]:
    """Return the files below folders; of many models, by one question instead of one for each."""
    if len(folders) > _FEW:
        wanted = set(folders)
        return tree.entries(
            layout.MODELS, lambda path: path in wanted or not wanted.isdisjoint(layout.folders_around(path))
        )
    return {path: entry for folder in folders for path, entry in tree.entries(folder).items()}


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
        ids = files.versions.setdefault(place.name, {})
        assert isinstance(ids, dict)
        ids[name] = entry.oid


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
