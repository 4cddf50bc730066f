"""The rules R1 to R5 of the registry over plain values: what a change may do to one model. Reads no files and no Git.

R1  A version's files never change once they are on the base branch.
R2  A version may be withdrawn (its whole folder deleted) only when no channel points to it.
R3  A withdrawn number is burnt: the same number, or one that would pass for it, may come back only with byte-identical
    files. Beside a version that is there, no number may be registered that would pass for its own.
R4  A channel points to a version that exists and is not yanked; where the channel says `after: staging`, the version
    held staging first. (That it passed its gates is judged elsewhere: it needs an evaluation.)
R5  Moving a channel to a version that held it before is a rollback: of R4 only existing and not yanked remain. What
    was itself rolled back from comes back by a promotion.

Each command builds the state that it wants (`state.proposed(...)`, `state.moved(...)`) and asks `check_change`, and
`validate` asks the same of the two sides of a diff: there is one judge. Findings name the file that breaks the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.channels import ChannelStack, rollback_target
from mintmark.core.finding import Finding
from mintmark.core.version import appearance

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from mintmark.core.channels import MoveKind
    from mintmark.core.settings import ChannelRule


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelState:
    """One model at one moment, with its past.

    `versions` has, for each version in the tree, a digest (such as a blob id) for each of its files; `channels` the
    version that each channel points to; `yanked` the versions with a status file; `described` says whether there is a
    model.yaml. The past is what the base branch
    held up to and including this moment: `released` the files that each number first came with, withdrawn numbers
    included; `held` every version that each channel pointed to, oldest first (None where the channel was removed).
    """

    model: str
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    yanked: frozenset[str] = frozenset()
    released: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    described: bool = True
    held: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    _stacks: dict[str, ChannelStack] = field(init=False, repr=False, compare=False, default_factory=dict)

    def proposed(self, version: str, files: Mapping[str, str]) -> ModelState:
        """Return the state after a version with these files was registered."""
        released = self.released if version in self.released else {**self.released, version: files}
        return replace(self, versions={**self.versions, version: files}, released=released)

    def withdrawn(self, version: str) -> ModelState:
        """Return the state after a version's folder was deleted."""
        return replace(self, versions={name: files for name, files in self.versions.items() if name != version})

    def moved(self, channel: str, version: str | None) -> ModelState:
        """Return the state after a channel was pointed to a version, or removed (None)."""
        channels = {name: target for name, target in self.channels.items() if name != channel}
        if version is not None:
            channels[channel] = version
        held = {**self.held, channel: (*self.held.get(channel, ()), version)}
        return replace(self, channels=channels, held=held)

    def yanked_too(self, version: str) -> ModelState:
        """Return the state after a version was yanked."""
        return replace(self, yanked=self.yanked | {version})

    def usable(self) -> list[str]:
        """Return the versions that a channel may point to: those that exist and are not yanked."""
        return [version for version in self.versions if version not in self.yanked]

    def has_held(self, channel: str, version: str) -> bool:
        """Whether a version held a channel at any time, now included."""
        return self._stack(channel).has_held(version)

    def move_kind(self, channel: str, version: str) -> MoveKind:
        """Return what it is to move a channel to a version: a promotion, or a rollback (R5)."""
        return self._stack(channel).kind_of(version)

    def refusal(self, channel: str, version: str, rules: Sequence[ChannelRule]) -> str | None:
        """Return why a channel may not be pointed to a version, to be said after its number; None where it may."""
        if self.channels.get(channel) == version:
            return f"is in {channel} now"
        if version in self.yanked:
            return "is yanked"
        before = next((rule.after for rule in rules if rule.name == channel), None)
        if any(_check_order(self, channel, version, rules)):
            return f"was never in {before}, which comes before {channel}"
        return None

    def _stack(self, channel: str) -> ChannelStack:
        if channel not in self._stacks:
            self._stacks[channel] = ChannelStack((*self.held.get(channel, ()), self.channels.get(channel)))
        return self._stacks[channel]

    def rollback_target(self, channel: str) -> str | None:
        """Return the version to roll a channel back to, None when nothing usable held it before."""
        return rollback_target(self.held.get(channel, ()), self.usable())


def check_change(before: ModelState, after: ModelState, rules: Sequence[ChannelRule]) -> Iterator[Finding]:
    """Yield what a change from one state to another breaks; `before` brings the past, `rules` the channels' order.

    Faults that were there before the change and are untouched by it are left to `check_state`.
    """
    yield from _check_kept(before, after)
    yield from _check_withdrawn(before, after)
    yield from _check_left(before, after, rules)
    yield from _check_numbers(before, after)
    yield from _check_moves(before, after, rules)
    yield from _check_statuses(before.model, after.yanked - before.yanked, {*after.versions, *before.released})


def check_state(state: ModelState, rules: Sequence[ChannelRule]) -> Iterator[Finding]:
    """Yield what is wrong with a state as it stands, its past included: R1 and R3 against `released`, and R4."""
    for version, files in state.versions.items():
        if version in state.released:
            yield from _compare_files(state.model, version, state.released[version], files)
    yield from _look_alikes(state.model, state.versions, state.released)
    yield from _dangling(state)
    for channel, version in state.channels.items():
        yield from _check_order(_before_last_move(state, channel), channel, version, rules)
    yield from _check_statuses(state.model, state.yanked, {*state.versions, *state.released})


def _check_kept(before: ModelState, after: ModelState) -> Iterator[Finding]:
    for version, files in before.versions.items():
        if version in after.versions:
            yield from _compare_files(before.model, version, files, after.versions[version])


def _compare_files(model: str, version: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Finding]:
    """R1: every file is there and none is changed or added."""
    folder = layout.version_folder(model, version)
    for file in sorted(old.keys() | new.keys()):
        if old.get(file) == new.get(file):
            continue
        what = "was deleted" if file not in new else "was added" if file not in old else "was changed"
        remedy = "take that back" if file not in old else "bring it back with git restore"
        message = (
            f"{what}, and {model} {version} is registered: its files never change; "
            f"{remedy}, and make a new version with mintmark propose {model}"
        )
        yield Finding(path=f"{folder}/{file}", message=message, rule="R1")


def _check_withdrawn(before: ModelState, after: ModelState) -> Iterator[Finding]:
    for version in _gone(before, after):
        for channel in _pointing_to(after, version):
            message = (
                f"{before.model} {version} is withdrawn while {channel} points to it; "
                f"move the channel first: mintmark rollback {before.model} {channel}"
            )
            yield Finding(path=layout.version_folder(before.model, version), message=message, rule="R2")


def _check_left(before: ModelState, after: ModelState, rules: Sequence[ChannelRule]) -> Iterator[Finding]:
    """R2: a model goes when no channel points to it any more; what takes the last version from a channel is told."""
    first = rules[0].name if rules else ""
    gone = set(_gone(before, after))
    for channel, version in before.channels.items():
        path = layout.channel_path(before.model, channel)
        if before.described and not after.described:
            message = (
                f"{before.model} is deleted while {channel} points to {version}; first, in a change of its own, take "
                f"its channels off: git rm {path} (docs/how-to/rename-or-delete-a-model.md)"
            )
            yield Finding(path=path, message=message, rule="R2")
        elif version in gone and channel != first and channel not in after.channels:
            message = f"{before.model} {version} is withdrawn, and {channel} is left without any version"
            yield Finding(path=path, message=message, rule="R2", severity="warning")


def _check_numbers(before: ModelState, after: ModelState) -> Iterator[Finding]:
    """R3: a number that comes is new to everybody, or is the one that it was."""
    added = {version: files for version, files in after.versions.items() if version not in before.versions}
    new = {version: files for version, files in added.items() if before.released.get(version) != files}
    if new:
        yield from _look_alikes(before.model, new, {**before.released, **before.versions})
    for version, files in added.items():
        used = before.released.get(version)
        if used is not None and dict(used) != dict(files):
            message = (
                f"the number {version} is burnt: {before.model} {version} was registered before, with other files; "
                f"take another number: mintmark propose {before.model}"
            )
            yield Finding(path=layout.version_path(before.model, version), message=message, rule="R3")


def _look_alikes(
    model: str, judged: Mapping[str, Mapping[str, str]], known: Mapping[str, Mapping[str, str]]
) -> Iterator[Finding]:
    """R3: yield each judged version whose number would pass for another one, registered or burnt, with other files.

    `known` are the numbers that were used before, oldest first: of two that look alike, the first keeps the number.
    """
    first: dict[tuple[str, ...], tuple[str, Mapping[str, str]]] = {}
    for version, files in {**known, **dict(sorted(judged.items()))}.items():
        other, others = first.setdefault(appearance(version), (version, files))
        if other == version or version not in judged or others == files:
            continue
        message = (
            f"{version} would pass for {other}, a number that {model} used before; "
            f"take another number: mintmark propose {model}"
        )
        yield Finding(path=layout.version_path(model, version), message=message, rule="R3")


def _before_last_move(state: ModelState, channel: str) -> ModelState:
    """Return the past of what a channel points to now, without the move that brought it there."""
    held = state.held.get(channel, ())
    known = held[:-1] if held and held[-1] == state.channels[channel] else held
    channels = {name: version for name, version in state.channels.items() if name != channel}
    return replace(state, held={**state.held, channel: known}, channels=channels)


def _check_moves(before: ModelState, after: ModelState, rules: Sequence[ChannelRule]) -> Iterator[Finding]:
    known = set(_dangling(before))
    withdrawn = set(_gone(before, after))
    # A channel left on a withdrawn version is R2's finding already.
    channels = [channel for channel, version in after.channels.items() if version not in withdrawn]
    yield from (finding for finding in _dangling(after, channels) if finding not in known)
    for channel, version in after.channels.items():
        if before.channels.get(channel) != version:
            yield from _check_order(before, channel, version, rules)


def _check_statuses(model: str, yanked: Iterable[str], known: Collection[str]) -> Iterator[Finding]:
    """A version that was withdrawn may keep its status: the number is burnt anyway."""
    for version in sorted(set(yanked).difference(known)):
        message = f"{model} never had a version {version}; delete this file or mend its name"
        yield Finding(path=layout.status_path(model, version), message=message)


def _dangling(state: ModelState, channels: Iterable[str] | None = None) -> Iterator[Finding]:
    """R4, first half: a channel's version exists and is not yanked."""
    for channel in state.channels if channels is None else channels:
        version = state.channels[channel]
        if version in state.versions and version not in state.yanked:
            continue
        fault = (
            f"points to {version}, which is yanked; mintmark rollback {state.model} {channel} goes back, or "
            if version in state.versions
            else f"points to {version}, which {state.model} does not have; "
        )
        message = f"{fault}mintmark promote {state.model}@VERSION {channel} moves it"
        yield Finding(path=layout.channel_path(state.model, channel), where="version", message=message, rule="R4")


def _check_order(past: ModelState, channel: str, version: str, rules: Sequence[ChannelRule]) -> Iterator[Finding]:
    """R4, second half: the channel is one of the registry's, and the version held the channel that comes before."""
    path = layout.channel_path(past.model, channel)
    rule = next((rule for rule in rules if rule.name == channel), None)
    if rule is None:
        names = ", ".join(rule.name for rule in rules)
        yield Finding(path=path, message=f"this registry has no channel {channel}; its channels are {names}", rule="R4")
        return
    first = rule.after
    if first is None or past.has_held(first, version):
        return
    if past.move_kind(channel, version) == "rollback":  # R5
        return
    message = (
        f"{past.model} {version} never held {first}, and {channel} comes after {first}; "
        f"first merge: mintmark promote {past.model}@{version} {first}"
    )
    yield Finding(path=path, where="version", message=message, rule="R4")


def _gone(before: ModelState, after: ModelState) -> list[str]:
    return [version for version in before.versions if version not in after.versions]


def _pointing_to(state: ModelState, version: str) -> list[str]:
    return [channel for channel, target in state.channels.items() if target == version]
