"""All that the first-parent history tells of a registry, read once: events, moves, last commits. Judges nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mintmark.core.events import Event, EventKind
from mintmark.core.layout import MODELS, locate
from mintmark.core.reference import is_name
from mintmark.core.version import is_version
from mintmark.registry import git
from mintmark.registry.past.history import ModelHistory, event_of, read_history, text_field
from mintmark.registry.yaml.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mintmark.core.layout import Place
    from mintmark.registry.git import Commit, DiffEntry


@dataclass(slots=True)
class ModelChronicle:
    """The past of one model: its history, its events oldest first, and the last commit that touched it.

    `touched` has, for each version, the last commit that changed its record or its status.
    """

    history: ModelHistory = field(default_factory=ModelHistory)
    events: list[Event] = field(default_factory=list)
    last: Commit | None = None
    touched: dict[str, Commit] = field(default_factory=dict)


@dataclass(slots=True)
class _Folders:
    """The folders of versions as a commit leaves them: how many files each has, and which are registered.

    A record that is deleted alone, or comes back, was damaged and mended: nothing was withdrawn or registered.
    `changed` has, of each registered folder that is not as it was registered, what its changed files were by path.
    """

    files: Counter[tuple[str, str]] = field(default_factory=Counter)
    registered: set[tuple[str, str]] = field(default_factory=set)
    records: set[tuple[str, str]] = field(default_factory=set)  # that came with this commit
    touched: dict[tuple[str, str], None] = field(default_factory=dict)
    changed: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    damaged: set[tuple[str, str]] = field(default_factory=set)  # by this commit

    def note(self, place: Place, change: DiffEntry) -> None:
        """Take in what a commit does to one file of a version."""
        folder = place.model, place.name
        came, went = change.old_oid == git.NO_OBJECT, change.new_oid == git.NO_OBJECT
        self.files[folder] += came - went
        self.touched[folder] = None
        if came and place.kind == "version":
            self.records.add(folder)
        if folder in self.registered:
            was = self.changed.setdefault(folder, {})
            if was.setdefault(change.path, change.old_oid) == change.new_oid:
                del was[change.path]
            else:
                self.damaged.add(folder)

    def settle(self, commit: Commit) -> Iterator[Event]:
        """Yield the versions that a commit registers, withdraws, damages and mends."""
        for folder in self.touched:
            model, version = folder
            if folder in self.registered and not self.files[folder]:
                self.registered.remove(folder)
                self.changed.pop(folder, None)
                yield event_of(commit, "withdraw", model, version=version)
            elif folder in self.records and folder not in self.registered:
                self.registered.add(folder)
                yield event_of(commit, "propose", model, version=version)
            elif folder in self.damaged:
                yield event_of(commit, "damage", model, version=version)
            elif folder in self.changed and not self.changed[folder]:
                del self.changed[folder]
                yield event_of(commit, "mend", model, version=version)
        self.touched, self.records, self.damaged = {}, set(), set()


@dataclass(slots=True)
class Chronicle:
    """The past of a registry: each model's, all events oldest first, and the last commits of settings and of all."""

    models: dict[str, ModelChronicle] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    settings: Commit | None = None
    last: Commit | None = None

    def model(self, name: str) -> ModelChronicle:
        """Return the past of a model, an empty one for a model that no commit has."""
        return self.models.get(name) or ModelChronicle()


def read_chronicle(root: Path, revision: str) -> Chronicle:
    """Return the past of a registry up to a revision; raise `MintmarkError` in a shallow clone.

    The log is read once, and no commit of it is kept whole.
    """
    git.require_history(root)
    chronicle, told = Chronicle(), list[tuple[str, list[Event]]]()
    log = git.start_first_parent_log(root, revision, [MODELS])()
    histories = read_history(root, _noting(chronicle, told, log), files=False)
    for name, history in histories.items():
        chronicle.models.setdefault(name, ModelChronicle()).history = history
    reasons = _read_reasons(root, told)
    moves = _moves_by_commit(histories)
    for commit, events in told:
        known = [replace(event, reason=reasons.get(event.reason)) if event.reason else event for event in events]
        for event in sorted([*known, *moves.get(commit, ())], key=_in_order):
            chronicle.events.append(event)
            chronicle.models[event.model].events.append(event)
    return chronicle


def _noting(
    chronicle: Chronicle, told: list[tuple[str, list[Event]]], log: Iterable[tuple[Commit, list[DiffEntry]]]
) -> Iterator[tuple[Commit, list[DiffEntry]]]:
    """Yield a log as it is, and note what each commit did; the reason of a yank is the id of its file until then."""
    folders = _Folders()
    for commit, changes in log:
        events = [event for change in changes for event in _note(chronicle, commit, change, folders)]
        told.append((commit.oid, [*events, *folders.settle(commit)]))
        chronicle.last = commit
        yield commit, changes


_STEPS: tuple[EventKind, ...] = (
    "create", "describe", "anchor", "propose", "yank", "unyank", "damage", "mend", "promote", "rollback", "close",
    "withdraw", "remove",
)  # fmt: skip


def _in_order(event: Event) -> tuple[int, str, str]:
    return _STEPS.index(event.kind), event.model, event.version or event.channel or ""


def _note(chronicle: Chronicle, commit: Commit, change: DiffEntry, folders: _Folders) -> Iterable[Event]:
    """Keep which commit touched what, and yield what it did to status files and identities."""
    place = locate(change.path)
    if place.kind == "registry":
        chronicle.settings = commit
    if not is_name(place.model) or place.kind == "candidate":
        return
    if place.kind in ("version", "metrics", "pointer", "status") and not is_version(place.name):
        return  # whatever lies there, it is no version, and its name is nobody's to show
    model = chronicle.models.setdefault(place.model, ModelChronicle())
    model.last = commit
    if place.kind in ("version", "metrics", "pointer", "status"):
        model.touched[place.name] = commit
        if place.kind != "status":
            folders.note(place, change)
    kind = _kind(place.kind, change)
    if kind is not None:
        reason = change.new_oid if kind == "yank" and change.new_mode not in git.NO_FILES else None
        yield event_of(commit, kind, place.model, version=place.name or None, reason=reason)


def _kind(place: str, change: DiffEntry) -> EventKind | None:
    came, went = change.old_oid == git.NO_OBJECT, change.new_oid == git.NO_OBJECT
    match place:
        case "model":
            return "create" if came else "remove" if went else "describe"
        case "status":
            return "unyank" if went else "yank"
    return None


def _moves_by_commit(histories: Mapping[str, ModelHistory]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for name, history in histories.items():
        for anchor in history.anchors if is_name(name) else ():
            found[anchor.commit].append(anchor)
        for damage in history.damages if is_name(name) else ():
            if damage.channel is not None and is_name(damage.channel):
                found[damage.commit].append(damage)
        for move in history.moves if is_name(name) else ():
            if not is_name(move.channel):
                continue
            event = Event(
                kind=move.kind,
                model=name,
                version=move.after,
                channel=move.channel,
                before=move.before,
                after=move.after,
                commit=move.commit,
                author=move.author,
                time=move.time,
                subject=move.subject,
            )
            found[move.commit].append(event)
    return found


def _read_reasons(root: Path, told: Iterable[tuple[str, list[Event]]]) -> dict[str, str]:
    """Return why versions were yanked, by the blob id of the status file."""
    oids = {event.reason for _, events in told for event in events if event.reason is not None}
    blobs = git.read_blobs(root, sorted(oids), limit=MAX_BYTES)
    return {oid: reason for oid, content in blobs if (reason := text_field(content, "reason")) is not None}
