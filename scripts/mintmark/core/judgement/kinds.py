"""Of what kind a change is, read from the paths that it touches. Reads no files and no Git.

The kinds are a closed set: `propose` (adds one version of one model; may move the first channel to it, and may change
pipeline code, params and dvc.lock), `promote`, `rollback`, `withdraw` (deletes one version and takes channels off it;
may take back what its proposal changed), `yank`, `describe` (edits model.yaml; a new model comes with its pipeline
code) and `code`. Anything else is a mixture, and comes with the split to make.

A registered version that is edited fits no kind. It goes with the code: the rules refuse it under any kind (R1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from mintmark.core.channels import ChannelStack
from mintmark.core.finding import one_line
from mintmark.core.judgement.review import Kind, Subject
from mintmark.core.layout import REGISTRY, locate, model_path, version_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

# What judges, and what it runs in: nobody changes it in the same request as what it judges (R6).
JUDGES = (
    "scripts/mintmark/",
    "schemas/",
    ".github/",
    ".dvc/config",
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-uv.lock",
    REGISTRY,
)
# What no model is made from or judged by. Anything else may touch one.
_DOCUMENTS = ("LICENSE", "mkdocs.yml")
_DOCUMENT_FOLDERS = ("docs/",)
_STORE = ".dvc/store/"
_MOST_NAMED = 3
_LONGEST = 80

Folder = tuple[str, str]  # model and version


class PathChange(NamedTuple):
    """One path that a change adds, edits or deletes."""

    path: str
    how: Literal["added", "changed", "deleted"]


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
    """What a change touches, sorted out. `silent`: something that is no matter by itself, such as a stored object."""

    added: list[Folder] = field(default_factory=list)
    removed: list[Folder] = field(default_factory=list)
    yanked: list[Folder] = field(default_factory=list)
    restored: list[Folder] = field(default_factory=list)
    described: list[str] = field(default_factory=list)
    judge: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    forward: list[Shift] = field(default_factory=list)
    back: list[Shift] = field(default_factory=list)
    silent: bool = False

    @property
    def shifts(self) -> list[Shift]:
        return [*self.forward, *self.back]

    @property
    def statuses(self) -> list[Folder]:
        return sorted([*self.yanked, *self.restored])


def is_documentation(path: str) -> bool:
    """Whether a path cannot touch a model: a page at the root or below docs/, or what builds them."""
    return path in _DOCUMENTS or path.startswith(_DOCUMENT_FOLDERS) or ("/" not in path and path.endswith(".md"))


def classify(
    paths: Iterable[PathChange],
    shifts: Iterable[Shift],
    *,
    versions: Callable[[str, str], tuple[bool, bool]],
    holders: Callable[[str, str], Iterable[str | None]],
    first_channel: str,
) -> Classification:
    """Return the kind of a change, whatever the order of its paths.

    `versions(model, version)` tells whether a version was there before and is there after; `holders(model, channel)`
    gives every version that held a channel, oldest first (R5), `first_channel` is where new versions enter.
    """
    contents = _sort_out(sorted(set(paths)), versions)
    for shift in sorted(shifts, key=lambda shift: (shift.model, shift.channel)):
        move = ChannelStack(holders(shift.model, shift.channel)).kind_of(shift.after)
        (contents.forward if move == "promote" else contents.back).append(shift)
    kind = _kind(contents, first_channel)
    parts = _split(contents, first_channel) if kind == "mixture" else ()
    return Classification(kind=kind, subjects=tuple(_subjects(kind, contents)), parts=tuple(parts))


def _sort_out(paths: Iterable[PathChange], versions: Callable[[str, str], tuple[bool, bool]]) -> _Contents:
    contents = _Contents()
    folders: dict[Folder, None] = {}
    for path, how in paths:
        place = locate(path)
        if place.kind == "model":
            contents.described.append(place.model)
        elif place.kind == "status":
            (contents.restored if how == "deleted" else contents.yanked).append((place.model, place.name))
        elif place.kind == "channel" or path.startswith(_STORE):
            contents.silent = True
        elif place.name and place.kind != "candidate":
            folders[place.model, place.name] = None
        elif path.startswith(JUDGES):
            contents.judge.append(path)
        else:
            contents.code.append(path)
    for folder in folders:
        before, after = versions(*folder)
        if after and not before:
            contents.added.append(folder)
        elif before and not after:
            contents.removed.append(folder)
        else:
            contents.code.append(version_folder(*folder))
    return contents


def _kind(c: _Contents, first_channel: str) -> Kind:
    """Return the one kind that fits everything that a change holds."""
    if c.added or c.removed:
        apart = bool(c.statuses or c.described or c.judge or len(c.added) + len(c.removed) > 1)
        if apart or len(_entering(c, first_channel)) + len(_leaving(c)) < len(c.shifts):
            return "mixture"
        return "propose" if c.added else "withdraw"
    if c.statuses or c.shifts:
        return _pointed(c)
    if c.described:
        return "mixture" if c.judge else "describe"
    return "code" if c.judge or c.code or c.silent else "nothing"


def _pointed(c: _Contents) -> Kind:
    """Return the kind of a change to channels or statuses, which nothing else comes with."""
    if c.described or c.judge or c.code or (c.statuses and c.shifts):
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
    """Return the moves off versions that go, back to where the channel was before."""
    removed = set(c.removed)
    return [s for s in c.back if (s.model, s.before) in removed]


def _subjects(kind: Kind, c: _Contents) -> Iterator[Subject]:
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
    """Yield the requests that a mixture should have been, in an order in which they can be merged."""
    alone = [*c.judge, *([] if c.added or c.removed else c.code)]
    if alone:
        yield Part(kind="code", what=_listed(alone))
    if c.described:
        yield Part(kind="describe", what=_listed([model_path(model) for model in c.described]))
    yield from _yanks(c.restored, ", taken back")
    own = {*_entering(c, first_channel), *_leaving(c)}
    channels = _by_version(c, own)
    code = f", with {_listed(c.code)}" if c.code else ""  # the first proposal or withdrawal brings it
    for number, folder in enumerate(c.added):
        enters = f", entering {_listed(channels[folder])}" if folder in channels else ""
        yield Part(kind="propose", what=f"{_named(*folder)}{enters}{'' if number else code}")
    yield from _moves(c, own)
    yield from _yanks(c.yanked)
    for number, folder in enumerate(c.removed):
        leaves = f", leaving {_listed(channels[folder])}" if folder in channels else ""
        yield Part(kind="withdraw", what=f"{_named(*folder)}{leaves}{'' if number or c.added else code}")


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
