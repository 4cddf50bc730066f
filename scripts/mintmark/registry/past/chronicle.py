"""All that the first-parent history tells of a registry, read once: events, moves, last commits. Judges nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mintmark.core.events import Event, EventKind
from mintmark.core.layout import MODELS, locate
from mintmark.core.moment import format_moment
from mintmark.core.reference import is_name
from mintmark.core.version import is_version
from mintmark.registry import git
from mintmark.registry.past.history import ModelHistory, read_history, text_field
from mintmark.registry.yaml.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

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
    """Return the past of a registry up to a revision; raise `MintmarkError` in a shallow clone."""
    git.require_history(root)
    log = list(git.start_first_parent_log(root, revision, [MODELS])())
    histories = read_history(root, log)
    chronicle = Chronicle({name: ModelChronicle(history) for name, history in histories.items()})
    reasons = _read_reasons(root, log)
    moves = _moves_by_commit(histories)
    for commit, changes in log:
        events = [event for change in changes for event in _note(chronicle, commit, change, reasons)]
        events += moves.get(commit.oid, ())
        for event in sorted(events, key=_in_order):
            chronicle.events.append(event)
            chronicle.models[event.model].events.append(event)
        chronicle.last = commit
    return chronicle


_STEPS: tuple[EventKind, ...] = (
    "create", "describe", "anchor", "propose", "yank", "unyank", "promote", "rollback", "close", "withdraw", "remove",
)  # fmt: skip


def _in_order(event: Event) -> tuple[int, str, str]:
    return _STEPS.index(event.kind), event.model, event.version or event.channel or ""


def _note(chronicle: Chronicle, commit: Commit, change: DiffEntry, reasons: Mapping[str, str]) -> Iterable[Event]:
    """Keep which commit touched what, and yield what it did to records, status files and identities."""
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
    kind = _kind(place.kind, change)
    if kind is not None:
        yield Event(
            kind=kind,
            model=place.model,
            version=place.name or None,
            reason=reasons.get(change.new_oid) if kind == "yank" else None,
            commit=commit.oid,
            author=commit.author,
            time=format_moment(commit.time),
            subject=commit.subject,
        )


def _kind(place: str, change: DiffEntry) -> EventKind | None:
    came, went = change.old_oid == git.NO_OBJECT, change.new_oid == git.NO_OBJECT
    match place:
        case "model":
            return "create" if came else "remove" if went else "describe"
        case "version":
            return "propose" if came else "withdraw" if went else None
        case "status":
            return "unyank" if went else "yank"
    return None


def _moves_by_commit(histories: Mapping[str, ModelHistory]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for name, history in histories.items():
        for anchor in history.anchors if is_name(name) else ():
            named = replace(anchor, before=_version(anchor.before), after=_version(anchor.after))
            found[anchor.commit].append(named)
        for move in history.moves if is_name(name) else ():
            if not is_name(move.channel):
                continue
            after = _version(move.after)
            event = Event(
                kind=move.kind if after is not None else "close",
                model=name,
                version=after,
                channel=move.channel,
                before=_version(move.before),
                after=after,
                commit=move.commit,
                author=move.author,
                time=move.time,
                subject=move.subject,
            )
            found[move.commit].append(event)
    return found


def _version(text: str | None) -> str | None:
    """Return a version that a channel file named; the text of a file that named something else is not one."""
    return text if text is not None and is_version(text) else None


def _read_reasons(root: Path, log: Iterable[tuple[Commit, list[DiffEntry]]]) -> dict[str, str]:
    """Return why versions were yanked, by the blob id of the status file."""
    oids = {
        change.new_oid
        for _, changes in log
        for change in changes
        if change.new_mode not in git.NO_FILES and "/status/" in change.path and locate(change.path).kind == "status"
    }
    blobs = git.read_blobs(root, sorted(oids - {git.NO_OBJECT}), limit=MAX_BYTES)
    return {oid: reason for oid, content in blobs if (reason := text_field(content, "reason")) is not None}
