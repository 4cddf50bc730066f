"""What Git's history tells of versions and channels, along the first-parent line. Judges nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mintmark.core.channels import ChannelStack, Move
from mintmark.core.events import Event, Registration, number_versions
from mintmark.core.layout import MODELS, locate
from mintmark.core.moment import format_moment
from mintmark.core.version import is_version
from mintmark.registry import git
from mintmark.registry.past.model_log import open_past_cache, start_model_log
from mintmark.registry.yaml.text import MAX_BYTES, YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from mintmark.core.events import EventKind
    from mintmark.registry.git import Commit, DiffEntry

_TARGET = "target"
_ANCHOR = "anchor"
_Step = tuple["Commit", str, str, "DiffEntry"]


@dataclass(slots=True)
class ModelHistory:
    """The past of one model: the moves of each channel and of its anchor, and the files of each version.

    `released` has, for each version number that was ever there, the blob id of each of its files when it first came.
    `anchors` are the changes of `anchor` in model.yaml. `damages` tell of files of channels that a commit left without
    a version in them, and of those that were mended.
    """

    moves: list[Move] = field(default_factory=list)
    anchors: list[Event] = field(default_factory=list)
    damages: list[Event] = field(default_factory=list)
    released: dict[str, dict[str, str]] = field(default_factory=dict)
    first_seen: dict[str, Commit] = field(default_factory=dict)

    def holders(self, channel: str) -> list[str | None]:
        """Return every version that a channel pointed to, oldest first; None stands for a channel that was removed."""
        return [move.after for move in self.moves if move.channel == channel]

    @property
    def held(self) -> dict[str, list[str | None]]:
        """What `holders` returns, for each channel that was moved."""
        return {channel: self.holders(channel) for channel in {move.channel for move in self.moves}}

    @property
    def registrations(self) -> dict[str, Registration]:
        """When each version came that was ever there, and as which."""
        numbers = number_versions({version: commit.oid for version, commit in self.first_seen.items()})
        return {v: Registration(number, format_moment(self.first_seen[v].time)) for v, number in numbers.items()}

    def first_holder(self, channel: str) -> str | None:
        """Return the first version that a channel pointed to, None where it never pointed to any."""
        return next((version for version in self.holders(channel) if version is not None), None)


def read_history(
    root: Path, log: Iterable[tuple[Commit, list[DiffEntry]]], *, files: bool = True
) -> dict[str, ModelHistory]:
    """Return the history of every model that occurs in a log of the first-parent line, oldest commit first.

    Without `files` no `released` is kept: of a large registry it takes more memory than all the rest.
    """
    histories: dict[str, ModelHistory] = defaultdict(ModelHistory)
    steps: list[_Step] = []
    described: list[_Step] = []
    for commit, changes in log:
        for change in changes:
            parts = change.path.split("/", 4)  # models/iris/versions/1.0.0/model.skops.dvc
            if len(parts) == 5 and parts[2] == "versions" and parts[0] == MODELS:
                if change.old_oid == git.NO_OBJECT:
                    history = histories[parts[1]]
                    first = history.first_seen.setdefault(parts[3], commit)
                    if files and first.oid == commit.oid:
                        history.released.setdefault(parts[3], {})[parts[4]] = change.new_oid
            elif (place := locate(change.path)).kind == "channel":
                steps.append((commit, place.model, place.name, change))
            elif place.kind == "model" and git.NO_OBJECT not in (change.old_oid, change.new_oid):
                described.append((commit, place.model, "", change))
    _add_moves(root, histories, steps)
    _add_anchors(root, histories, described)
    return dict(histories)


def _add_moves(root: Path, histories: dict[str, ModelHistory], steps: Sequence[_Step]) -> None:
    targets = read_targets(root, _sides(steps))
    stacks: dict[tuple[str, str], ChannelStack] = defaultdict(ChannelStack)
    damaged: set[tuple[str, str]] = set()
    for commit, model, channel, change in steps:
        place = model, channel
        before, after = stacks[place].present, _version(targets.get(change.new_oid))
        if after is None and change.new_oid != git.NO_OBJECT:  # nobody has moved or closed the channel
            if place not in damaged:
                histories[model].damages.append(event_of(commit, "damage", model, channel=channel))
            damaged.add(place)
            continue
        was_damaged = place in damaged
        damaged.discard(place)
        if before == after:
            if was_damaged and after is not None:
                histories[model].damages.append(event_of(commit, "mend", model, channel=channel))
            continue
        move = Move(
            channel=channel,
            before=before,
            after=after,
            kind=stacks[place].move(after),
            commit=commit.oid,
            author=commit.author,
            time=format_moment(commit.time),
            subject=commit.subject,
        )
        histories[model].moves.append(move)


def _version(text: str | None) -> str | None:
    """Return a version that a file named; the text of a file that named something else is not one."""
    return text if text is not None and is_version(text) else None


def event_of(
    commit: Commit,
    kind: EventKind,
    model: str,
    *,
    version: str | None = None,
    channel: str | None = None,
    before: str | None = None,
    after: str | None = None,
    reason: str | None = None,
) -> Event:
    """Return something that a commit did, with who did it and when."""
    return Event(
        kind=kind,
        model=model,
        version=version,
        channel=channel,
        before=before,
        after=after,
        reason=reason,
        commit=commit.oid,
        author=commit.author,
        time=format_moment(commit.time),
        subject=commit.subject,
    )


def _add_anchors(root: Path, histories: dict[str, ModelHistory], steps: Sequence[_Step]) -> None:
    anchors = _read_field(root, _sides(steps), "anchor", kind=_ANCHOR)
    for commit, model, _, change in steps:
        before, after = _version(anchors.get(change.old_oid)), _version(anchors.get(change.new_oid))
        if before != after:
            event = event_of(commit, "anchor", model, before=before, after=after)
            histories[model].anchors.append(event)


def _sides(steps: Iterable[_Step]) -> set[str]:
    """Return the ids of the files on both sides of these changes."""
    changes = [change for *_, change in steps]
    sides = {(each.old_mode, each.old_oid) for each in changes} | {(each.new_mode, each.new_oid) for each in changes}
    return {oid for mode, oid in sides if oid != git.NO_OBJECT and mode != git.SUBMODULE}


def read_targets(root: Path, oids: Collection[str]) -> dict[str, str | None]:
    """Return the version that each of these blobs names as the content of a channel file, None where it names none."""
    return _read_field(root, oids, "version", kind=_TARGET)


def _read_field(root: Path, oids: Collection[str], name: str, *, kind: str) -> dict[str, str | None]:
    cache = open_past_cache(root)
    try:
        known: dict[str, str | None] = {oid: json.loads(text) for oid, text in cache.get_many(kind, oids).items()}
        unknown = sorted(set(oids) - known.keys())
        fresh = {oid: text_field(content, name) for oid, content in git.read_blobs(root, unknown, limit=MAX_BYTES)}
        cache.put_many(kind, {oid: json.dumps(text) for oid, text in fresh.items()})
    finally:
        cache.close()
    return known | fresh


def channel_target(content: bytes) -> str | None:
    """Return the version that the text of a channel file names, None when it names none."""
    return text_field(content, "version")


def text_field(content: bytes, name: str) -> str | None:
    """Return a text at the top of a YAML file as any commit may hold one, None where there is none to be read."""
    try:
        data = parse_yaml(content)
    except YamlFault:
        return None
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def model_history(root: Path, revision: str, model: str) -> ModelHistory:
    """Return the history of one model up to a revision; raise `MintmarkError` in a shallow clone."""
    git.require_history(root)
    log = start_model_log(root, git.resolve_commit(root, revision), [model])()
    return read_history(root, log).get(model, ModelHistory())
