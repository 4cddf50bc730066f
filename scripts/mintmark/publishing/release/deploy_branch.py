"""The branch `deploy`: what each channel is to run, one commit a move, with the move that caused it. Tags nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.finding import one_line
from mintmark.core.records import VersionRecord
from mintmark.core.words.events import event_sentence
from mintmark.publishing.machine_branch import Addition, add_to_branch
from mintmark.publishing.release.desired_state import folder_of, render
from mintmark.publishing.release.remote import DEPLOY
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.documents import blob_oid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.core.events import Event
    from mintmark.publishing.release.tagging import Merged

_MOVES = ("promote", "rollback", "close")
_TRAILER = "Mintmark-Move"


@dataclass(frozen=True, kw_only=True, slots=True)
class Desired:
    """One commit of the branch: its message, and the files of one channel by path, none where it is closed."""

    model: str
    channel: str
    message: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class DesiredPlan:
    """The commits to add to the branch, and what is left out; `tip` is the branch's last commit, None before the first.

    The commits are in the order of the moves.
    """

    tip: str | None
    commits: tuple[Desired, ...]
    left_out: tuple[str, ...]

    @property
    def additions(self) -> list[Addition]:
        """The commits as they are written: a channel has these files and no others."""
        return [
            Addition(message=each.message, files=each.files, removed=(folder_of(each.model, each.channel),))
            for each in self.commits
        ]


def plan_desired(merged: Merged, only: Iterable[tuple[str, str]] | None = None) -> DesiredPlan:
    """Compare the branch, as the remote has it now, with the moves of channels; `only` names models and channels.

    A channel whose last move is there and whose files differ from what they would be now gets one commit more:
    models/registry.yaml has changed what serves it.
    """
    root = merged.remote.root
    tip = merged.remote.list().refs.get(DEPLOY)
    if tip is not None:
        merged.remote.fetch({DEPLOY: tip})
    wanted = None if only is None else set(only)
    moves = {place: steps for place, steps in _moves(merged).items() if wanted is None or place in wanted}
    done = _done(root, tip) if tip is not None else {}
    todo = {place: _left(steps, done.get(place, ())) for place, steps in moves.items()}
    shown = {place: todo[place] or steps[-1:] for place, steps in moves.items()}
    versions = _Versions(merged, (move for steps in shown.values() for _, move in steps))
    present = _by_folder(git.list_tree(root, tip, whole=True)) if tip is not None else {}
    found: list[tuple[int, Desired]] = []
    left_out: list[str] = []
    for place, steps in shown.items():
        for number, move in steps:
            files, fault = versions.files(move)
            if fault is not None:
                left_out.append(fault)
            elif todo[place] or present.get(folder_of(*place), {}) != _oids(files):
                message = _message(move) if todo[place] else _settings_message(move)
                found.append((number, Desired(model=place[0], channel=place[1], message=message, files=files)))
    commits = [commit for _, commit in sorted(found, key=lambda one: one[0])]
    return DesiredPlan(tip=tip, commits=tuple(commits), left_out=tuple(left_out))


def write_desired(merged: Merged, only: Iterable[tuple[str, str]] | None = None) -> DesiredPlan:
    """Add the missing commits to the branch of the remote, all of them in one push, and return what was added."""
    chosen = None if only is None else list(only)
    return add_to_branch(merged.remote, DEPLOY, lambda: plan_desired(merged, chosen), again="mintmark release")


def last_moves(merged: Merged) -> dict[tuple[str, str], Event]:
    """Return the last move of each channel, by model and channel."""
    return {place: moves[-1][1] for place, moves in _moves(merged).items()}


def deployed_versions(merged: Merged, tip: str | None, place: tuple[str, str]) -> frozenset[str]:
    """Return the versions that a channel has run, as the branch at `tip` tells."""
    done = set(_done(merged.remote.root, tip).get(place, ())) if tip is not None else set()
    moves = _moves(merged).get(place, [])
    return frozenset(move.after for _, move in moves if move.after is not None and move.commit in done)


def deployed_places(merged: Merged, tip: str | None) -> frozenset[tuple[str, str]]:
    """Return the models and channels whose last move the branch at `tip` has."""
    done = _done(merged.remote.root, tip) if tip is not None else {}
    return frozenset(place for place, move in last_moves(merged).items() if move.commit in done.get(place, ()))


_Numbered = tuple[int, "Event"]


def _moves(merged: Merged) -> dict[tuple[str, str], list[_Numbered]]:
    """Return the moves of each channel, oldest first, each with its place among all events."""
    found: dict[tuple[str, str], list[_Numbered]] = {}
    for number, event in enumerate(merged.chronicle.events):
        if event.channel and event.kind in _MOVES:
            found.setdefault((event.model, event.channel), []).append((number, event))
    return found


def _left(moves: Sequence[_Numbered], done: Iterable[str]) -> Sequence[_Numbered]:
    """Return the moves after the last one that is done; the last one alone where those that are done are unknown."""
    known = set(done)
    last = max((place for place, (_, move) in enumerate(moves) if move.commit in known), default=None)
    if last is not None:
        return moves[last + 1 :]
    return moves[-1:] if known else moves


def _done(root: Path, tip: str) -> dict[tuple[str, str], list[str]]:
    """Return the commits of the base branch whose moves the branch has, by model and channel."""
    listed = git.git_text("log", "--no-show-signature", f"--format=%(trailers:key={_TRAILER},valueonly)", tip, cwd=root)
    found: dict[tuple[str, str], list[str]] = {}
    for line in listed.splitlines():
        words = line.split()
        if len(words) == 3:
            found.setdefault((words[0], words[1]), []).append(words[2])
    return found


class _Versions:
    """The records that moves point to: from the base branch's last commit at once, from the move's own where gone."""

    def __init__(self, merged: Merged, moves: Iterable[Event]) -> None:
        self._merged = merged
        registry = ClonedRegistry(merged.remote.root, at=merged.commit)
        self._settings = registry.settings
        paths = {layout.version_path(move.model, move.after) for move in moves if move.after is not None}
        self._documents = registry.read_many("version", sorted(paths))

    def files(self, move: Event) -> tuple[dict[str, bytes], str | None]:
        """Return what a channel is to run after a move, and what keeps that from being told."""
        if move.after is None or move.channel is None:
            return {}, None
        path = layout.version_path(move.model, move.after)
        document = self._documents.get(path)
        if document is None:
            document = ClonedRegistry(self._merged.remote.root, at=move.commit).read("version", path)
        released = self._merged.chronicle.model(move.model).history.first_seen.get(move.after)
        if document is None or document.data is None or released is None:
            reason = document.findings[0] if document is not None and document.findings else f"{path}: is not there"
            return {}, f"{move.channel} of {move.model} at {move.commit[:10]} is not on deploy: {reason}"
        record = VersionRecord.from_dict(document.data)
        return render(
            record,
            move.channel,
            registered=released.oid,
            kserve=self._settings.kserve,
            kubernetes=self._settings.kubernetes,
        ), None


def _by_folder(entries: Mapping[str, git.Entry]) -> dict[str, dict[str, str]]:
    """Return the blob of each file by path, for each folder of a channel."""
    found: dict[str, dict[str, str]] = {}
    for path, entry in entries.items():
        found.setdefault("/".join(path.split("/")[:2]), {})[path] = entry.oid
    return found


def _oids(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: blob_oid(content) for path, content in files.items()}


def _message(move: Event) -> str:
    sentence = event_sentence(
        move.kind, version=move.version, channel=move.channel, before=move.before, after=move.after
    )
    subject = {
        "promote": f"promote {move.model} {move.after} to {move.channel}",
        "rollback": f"rollback {move.model} {move.after} in {move.channel}",
    }.get(move.kind, f"close {move.channel} of {move.model}")
    cause = f"Because of {move.commit[:10]}: {one_line(move.subject)}"
    return f"{subject}\n\n{sentence}.\n\n{cause}\n\n{_TRAILER}: {move.model} {move.channel} {move.commit}\n"


def _settings_message(move: Event) -> str:
    return (
        f"serve {move.model} in {move.channel} as models/registry.yaml says\n\n"
        f"The version stays {move.after or 'none'}. What serves it has changed.\n"
    )
