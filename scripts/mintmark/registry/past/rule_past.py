"""What the rules ask of the past of every model, in few bytes: it holds a hundred thousand versions. Judges nothing."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING

from mintmark.core.layout import MODELS, locate
from mintmark.core.version import is_version
from mintmark.registry import git
from mintmark.registry.past.history import read_targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mintmark.registry.git import Commit, DiffEntry


class FileIds(Mapping[str, str]):
    """The blob id of each file of a version, in a third of the memory that a `dict` takes; its files come sorted."""

    __slots__ = ("_ids", "_names")

    def __init__(self, files: Mapping[str, str]) -> None:
        self._names = _shared(tuple(sorted(files)))
        self._ids = bytes.fromhex("".join(files[name] for name in self._names))

    def __getitem__(self, name: str) -> str:
        try:
            place = self._names.index(name)
        except ValueError:
            raise KeyError(name) from None
        size = len(self._ids) // len(self._names)
        return self._ids[place * size : (place + 1) * size].hex()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FileIds):
            return self._names == other._names and self._ids == other._ids
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as a dict has none


@functools.lru_cache(maxsize=1_000)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return one tuple for all versions whose files have the same names, as nearly all have."""
    return tuple(map(intern, names))


@dataclass(slots=True)
class RulePast:
    """Of one model, the files that each number first came with, and every version that each channel pointed to.

    Both say what those of `ModelHistory` say; None stands for a channel that was removed.
    """

    released: dict[str, Mapping[str, str]] = field(default_factory=dict)
    held: dict[str, list[str | None]] = field(default_factory=dict)


def read_rule_past(root: Path, log: Iterable[tuple[Commit, list[DiffEntry]]]) -> dict[str, RulePast]:
    """Return the past of every model that occurs in a log of the first-parent line, oldest commit first."""
    pasts: dict[str, RulePast] = defaultdict(RulePast)
    steps: list[tuple[str, str, str]] = []  # the model, the channel, the id of its file
    wanted: set[str] = set()
    for _, changes in log:
        added: dict[tuple[str, str], dict[str, str]] = {}
        for change in changes:
            parts = change.path.split("/", 4)  # models/iris/versions/1.0.0/model.skops.dvc
            if len(parts) == 5 and parts[2] == "versions" and parts[0] == MODELS:
                if change.old_oid == git.NO_OBJECT:
                    added.setdefault((parts[1], parts[3]), {})[parts[4]] = change.new_oid
            elif (place := locate(change.path)).kind == "channel":
                steps.append((intern(place.model), intern(place.name), intern(change.new_oid)))
                if change.new_oid != git.NO_OBJECT and change.new_mode != git.SUBMODULE:
                    wanted.add(steps[-1][2])
        for (model, version), files in added.items():
            released = pasts[model].released
            if version not in released:
                released[intern(version)] = FileIds(files)
    _add_holders(pasts, steps, read_targets(root, wanted))
    return dict(pasts)


def _add_holders(
    pasts: Mapping[str, RulePast], steps: Iterable[tuple[str, str, str]], targets: Mapping[str, str | None]
) -> None:
    for model, channel, oid in steps:
        named = targets.get(oid)
        version = intern(named) if named is not None and is_version(named) else None
        if version is None and oid != git.NO_OBJECT:  # damage: nobody has moved or closed the channel
            continue
        held = pasts[model].held.get(channel)
        if version != (held[-1] if held else None):
            pasts[model].held.setdefault(channel, []).append(version)
