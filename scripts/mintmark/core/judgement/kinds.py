"""Of what kind a change is, read from the paths that it touches. Reads no files and no Git.

The kinds are a closed set, each with a list of what it may touch:

propose   one new version of one model, its bytes, the first channel that moves to it, the pipeline and what it reads
promote   the file of the one channel that moves
rollback  the files of the channels that move, and bytes that come back
withdraw  one version that goes, its bytes, the channels that leave it, the pipeline and what it read; or a whole model
          that no channel points to any more
yank      status files of one model
describe  model.yaml files, the pipeline, and what it names
code      everything else, and nothing that is registered

Anything else is a mixture, and comes with the split to make.

A registered version that is edited fits no kind. It goes with the code: the rules refuse it under any kind (R1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from mintmark.core.channels import ChannelStack
from mintmark.core.finding import one_line
from mintmark.core.judgement.carried import NOTHING_READ, STORE, Sources, belongs, governs
from mintmark.core.judgement.review import Kind, Subject
from mintmark.core.layout import channel_path, is_placeholder, locate, model_path, version_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

_MOST_NAMED = 3
_LONGEST = 80
_MOST_OWNERS = 10

Folder = tuple[str, str]  # model and version


class PathChange(NamedTuple):
    """One path that a change adds, edits or deletes."""

    path: str
    how: Literal["added", "changed", "deleted"]
    mode: str = "100644"  # that it has after the change, or had before it was deleted


class Shift(NamedTuple):
    """One channel that points elsewhere after a change; None where it does not point anywhere."""

    model: str
    channel: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a change that could be a request of its own; `what` is short, whatever the names in it are."""

    kind: Kind
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """The kind of a change and what it is about; of a mixture `parts` are the requests to split it into."""

    kind: Kind
    subjects: tuple[Subject, ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(slots=True)
class _Contents:
    """What a change touches, sorted out. `remarks` are files of channels that stay; `gone` whole models that leave."""

    added: list[Folder] = field(default_factory=list)
    removed: list[Folder] = field(default_factory=list)
    yanked: list[Folder] = field(default_factory=list)
    restored: list[Folder] = field(default_factory=list)
    described: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    judge: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    unstored: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    forward: list[Shift] = field(default_factory=list)
    back: list[Shift] = field(default_factory=list)

    @property
    def shifts(self) -> list[Shift]:
        return [*self.forward, *self.back]

    @property
    def statuses(self) -> list[Folder]:
        return sorted([*self.yanked, *self.restored])

    @property
    def alone(self) -> list[str]:
        """What nothing else here may carry."""
        bytes_in = [] if self.added or self.back else self.stored
        bytes_out = [] if self.removed else self.unstored
        return [*self.judge, *self.code, *self.remarks, *bytes_in, *bytes_out]


def classify(
    paths: Iterable[PathChange],
    shifts: Iterable[Shift],
    *,
    versions: Callable[[str, str], tuple[bool, bool]],
    remains: Callable[[str], bool],
    holders: Callable[[str, str], Iterable[str | None]],
    reads: Callable[[str | None], Sources],
    first_channel: str,
) -> Classification:
    """Return the kind of a change, whatever the order of its paths.

    `versions(model, version)` tells whether a version was there before and is there after, `remains(model)` whether any
    is there after; `holders(model, channel)` gives every version that held a channel, oldest first (R5); `reads(model)`
    what the stages of a model read, before or after, and of None what the pipeline names at all; `first_channel` is
    where new versions enter.
    """
    contents = _sort_out(sorted(set(paths)), versions, remains)
    for shift in sorted(shifts, key=lambda shift: (shift.model, shift.channel)):
        move = ChannelStack(holders(shift.model, shift.channel)).kind_of(shift.after)
        (contents.forward if move == "promote" else contents.back).append(shift)
    moved = {channel_path(shift.model, shift.channel) for shift in contents.shifts}
    contents.remarks = [path for path in contents.remarks if path not in moved]
    _take_along(contents, reads)
    kind = _kind(contents, first_channel)
    parts = _split(contents, first_channel) if kind == "mixture" else ()
    return Classification(kind=kind, subjects=tuple(_subjects(kind, contents)), parts=tuple(parts))


def _sort_out(
    paths: Iterable[PathChange], versions: Callable[[str, str], tuple[bool, bool]], remains: Callable[[str], bool]
) -> _Contents:
    contents = _Contents()
    folders: dict[Folder, None] = {}
    deleted = []
    for path, how, _ in paths:
        place = locate(path)
        if place.kind == "model":
            contents.described.append(place.model)
            deleted += [place.model] if how == "deleted" else []
        elif place.kind == "status":
            (contents.restored if how == "deleted" else contents.yanked).append((place.model, place.name))
        elif place.kind == "channel":
            contents.remarks.append(path)
        elif path.startswith(STORE):
            (contents.unstored if how == "deleted" else contents.stored).append(path)
        elif place.name and place.kind != "candidate":
            folders[place.model, place.name] = None
        else:
            (contents.judge if governs(path) else contents.code).append(path)
    for folder in folders:
        before, after = versions(*folder)
        if after and not before:
            contents.added.append(folder)
        elif before and not after:
            contents.removed.append(folder)
        else:
            contents.code.append(version_folder(*folder))
    left = {model for model, _ in contents.removed}
    contents.gone = [model for model in deleted if model in left and not remains(model)]
    return contents


def _take_along(c: _Contents, reads: Callable[[str | None], Sources]) -> None:
    """Tell what a proposal, a withdrawal or a description may carry from code of its own."""
    owners: list[str | None] = [*dict.fromkeys(model for model, _ in (*c.added, *c.removed))]
    if not owners and c.described and not (c.statuses or c.shifts):
        owners = [None]
    if not owners or not c.code:
        return
    sources = NOTHING_READ
    for owner in owners[:_MOST_OWNERS]:  # more than one are a mixture anyway
        sources |= reads(owner)
    c.carried = [path for path in c.code if is_placeholder(path) or belongs(path, sources)]
    c.code = sorted(set(c.code).difference(c.carried))


def _kind(c: _Contents, first_channel: str) -> Kind:
    """Return the one kind that fits everything that a change holds."""
    if c.gone:
        return "withdraw" if _is_one_model(c) else "mixture"
    if c.added or c.removed:
        apart = bool(c.statuses or c.described or c.alone or len(c.added) + len(c.removed) > 1)
        if apart or len(_entering(c, first_channel)) + len(_leaving(c)) < len(c.shifts):
            return "mixture"
        return "propose" if c.added else "withdraw"
    if c.statuses or c.shifts:
        return _pointed(c)
    if c.described:
        return "mixture" if c.alone else "describe"
    return "code" if c.alone else "nothing"


def _is_one_model(c: _Contents) -> bool:
    """Whether a change takes one whole model away, from which all channels were taken before, and nothing else."""
    touched = {*c.described, *(model for model, _ in (*c.removed, *c.restored))}
    return touched == set(c.gone) and len(touched) == 1 and not (c.added or c.yanked or c.shifts or c.alone)


def _pointed(c: _Contents) -> Kind:
    """Return the kind of a change to channels or statuses, which nothing else comes with."""
    if c.described or c.alone or (c.statuses and c.shifts):
        return "mixture"
    if c.statuses:
        return "yank" if len({model for model, _ in c.statuses}) == 1 else "mixture"
    if not c.forward:
        return "rollback"
    return "promote" if len(c.shifts) == 1 else "mixture"


def _entering(c: _Contents, first_channel: str) -> list[Shift]:
    """Return the moves of the first channel to versions that are new."""
    added = set(c.added)
    return [s for s in c.shifts if s.channel == first_channel and (s.model, s.after) in added]


def _leaving(c: _Contents) -> list[Shift]:
    """Return the moves off versions that go, back to where the channel was before; a whole model is left first."""
    removed = {folder for folder in c.removed if folder[0] not in c.gone}
    return [s for s in c.back if (s.model, s.before) in removed]


def _subjects(kind: Kind, c: _Contents) -> Iterator[Subject]:
    if kind == "withdraw" and c.gone:
        yield Subject(model=c.gone[0])
        return
    if kind in ("propose", "withdraw"):  # with one version, and all moves are its own
        ((model, version),) = c.added or c.removed
        yield Subject(model=model, version=version, channel=c.shifts[0].channel if c.shifts else None)
        return
    yield from (Subject(model=model, version=version) for model, version in (*c.added, *c.removed, *c.statuses))
    for s in c.shifts:
        yield Subject(model=s.model, version=s.after, incumbent=s.before, channel=s.channel)
    yield from (Subject(model=model) for model in c.described)


# -- the split of a mixture ------------------------------------------------------------------------------------------


def _split(c: _Contents, first_channel: str) -> Iterator[Part]:
    """Yield the requests that a mixture should have been, in an order in which they can be merged.

    What a version is judged by comes before it. A model goes last, when no channel points to it.
    """
    going = set(c.gone)
    if c.alone:
        yield Part(kind="code", what=_listed(c.alone))
    code = f", with {_listed(c.carried)}" if c.carried else ""  # the first that may bring it does
    described = [model_path(model) for model in c.described if model not in going]
    if described:
        yield Part(kind="describe", what=f"{_listed(described)}{'' if c.added or c.removed else code}")
    yield from _yanks([folder for folder in c.restored if folder[0] not in going], ", taken back")
    own = {*_entering(c, first_channel), *_leaving(c)}
    channels = _by_version(c, own)
    for number, folder in enumerate(c.added):
        enters = f", entering {_listed(channels[folder])}" if folder in channels else ""
        yield Part(kind="propose", what=f"{_named(*folder)}{enters}{'' if number else code}")
    yield from _moves(c, own)
    yield from _yanks(c.yanked)
    leaving = [folder for folder in c.removed if folder[0] not in going]
    for number, folder in enumerate(leaving):
        leaves = f", leaving {_listed(channels[folder])}" if folder in channels else ""
        yield Part(kind="withdraw", what=f"{_named(*folder)}{leaves}{'' if number or c.added else code}")
    for number, model in enumerate(c.gone):
        brings = "" if number or c.added or leaving else code
        yield Part(kind="withdraw", what=f"{_short(model)} with all its versions{brings}")


def _by_version(c: _Contents, own: Collection[Shift]) -> dict[tuple[str, str | None], list[str]]:
    """Return the channels that enter each new version or leave each withdrawn one."""
    found: dict[tuple[str, str | None], list[str]] = {}
    added = set(c.added)
    for s in sorted(own, key=lambda s: (s.model, s.channel)):
        found.setdefault((s.model, s.after if (s.model, s.after) in added else s.before), []).append(s.channel)
    return found


def _moves(c: _Contents, told: Collection[Shift]) -> Iterator[Part]:
    for s in c.forward:
        if s not in told:
            yield Part(kind="promote", what=f"{_named(s.model, s.after or '')} to {_short(s.channel)}")
    for s in c.back:
        if s not in told:
            target = _short(s.after or "no version")
            yield Part(kind="rollback", what=f"{_short(s.channel)} of {_short(s.model)} to {target}")


def _yanks(folders: Iterable[Folder], how: str = "") -> Iterator[Part]:
    for model, group in groupby(sorted(folders), key=lambda folder: folder[0]):
        yield Part(kind="yank", what=f"{_short(model)} {_listed([version for _, version in group])}{how}")


def _named(model: str, version: str) -> str:
    return f"{_short(model)} {_short(version)}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(_short, names[:_MOST_NAMED]))
    return f"{shown} and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else shown


def _short(name: str) -> str:
    """Return a name in one line that is not long: a proposal may name things as it likes."""
    text = one_line(name[:_LONGEST])
    return text if len(name) <= _LONGEST and len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
