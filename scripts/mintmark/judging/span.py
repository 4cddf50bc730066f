"""The two ends of a change, the base and the head, both read out of Git. Nothing is checked out; judges nothing."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mintmark.core.judgement.carried import NOTHING_READ, Sources
from mintmark.core.judgement.kinds import Classification, PathChange, Shift, classify
from mintmark.core.layout import OUTSIDE, channel_path, locate
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry, find_root
from mintmark.registry.past.branch_diff import BranchDiff
from mintmark.registry.past.history import ModelHistory, channel_target
from mintmark.registry.pipeline import LOCK, PARAMS, PIPELINE, model_stages, named_paths, parse_lock, stage_sources
from mintmark.registry.repository.merge_result import merge_result
from mintmark.registry.stored.store import Store
from mintmark.registry.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mintmark.core.settings import Settings
    from mintmark.registry.dvc import DvcConfig
    from mintmark.registry.pipeline import LockedStage


class Span:
    """What lies between `base` and `head`.

    `before` is the registry at the tip of the base: everything that judges is taken from it (R6). `after` is the one
    that the merge of head would make (R12), at the commit `merged`; what the change does is the difference. `head` is
    for what concerns its own commits. Where the two conflict there is no merge: `conflicts` names the files, and what
    the change does is told of head alone, since it left base. Raises `MintmarkError` for a revision that names no
    commit, and in a shallow clone. `now` is the judge's clock, in seconds since 1970.
    """

    def __init__(self, root: Path | str, base: str, head: str) -> None:
        self.now = time.time()
        self.root = find_root(root)
        self.base = git.resolve_commit(self.root, base)
        self.head = git.resolve_commit(self.root, head)
        git.require_history(self.root)
        self.merged, self.conflicts = merge_result(self.root, self.base, self.head)
        self.start = self.base
        if self.conflicts:
            self.start = git.git_text("merge-base", self.base, self.head, cwd=self.root)
        self.before = ClonedRegistry(self.root, at=self.base)
        self.after = ClonedRegistry(self.root, at=self.merged)
        self.change = BranchDiff(self.after, self.base)
        self._versions: dict[tuple[str, str], Collection[str]] = {}

    @cached_property
    def settings(self) -> Settings:
        """The settings that judge: those of the base."""
        return self.before.settings

    @cached_property
    def config(self) -> DvcConfig:
        """DVC's configuration with the repository's part as the base has it: a proposal names no remotes."""
        return self.before.dvc_config

    @property
    def ends(self) -> tuple[str, str]:
        """The two commits that the change lies between: the base and the merge."""
        return self.start, self.merged

    def store(self, registry: ClonedRegistry) -> Store:
        """Return the stored bytes as one side has them, by the remotes of the base."""
        return Store(self.root, revision=registry.commit, config=self.config)

    @cached_property
    def paths(self) -> list[PathChange]:
        """Every path that the merge changes, anywhere in the repository."""
        return [PathChange(entry.path, _how(entry), _mode(entry)) for entry in self._changed]

    @property
    def own_paths(self) -> list[PathChange]:
        """Those of them in the folder of the registry: its rules say nothing of what lies outside."""
        return [change for change in self.paths if not change.path.startswith(OUTSIDE)]

    @property
    def entries(self) -> list[git.DiffEntry]:
        """The same, with the modes and blobs of both sides."""
        return [entry for entry in self._changed if not entry.path.startswith(OUTSIDE)]

    @cached_property
    def _changed(self) -> list[git.DiffEntry]:
        return git.diff(self.root, self.start, self.merged)

    @cached_property
    def histories(self) -> dict[str, ModelHistory]:
        """The past of the models that the change touches, on the base's side."""
        return self.change.histories()

    def history(self, model: str) -> ModelHistory:
        """Return the past of one such model."""
        return self.histories.get(model, ModelHistory())

    def anchor(self, model: str) -> str | None:
        """Return the anchor: what model.yaml of the base names, else the first version that held the last channel."""
        return self.before.model(model).anchor or self.history(model).first_holder(self.settings.last_channel)

    @cached_property
    def kind(self) -> Classification:
        """What kind of change this is."""
        return classify(
            self.paths,
            self._shifts(),
            versions=lambda model, version: (
                self.has_version(self.start, model, version),
                self.has_version(self.merged, model, version),
            ),
            remains=lambda model: bool(self._names(self.merged, model)),
            holders=lambda model, channel: self.history(model).holders(channel),
            reads=self.reads,
            first_channel=self.settings.first_channel,
        )

    def has_version(self, commit: str, model: str, version: str) -> bool:
        """Whether a commit has a folder of this version."""
        return version in self._names(commit, model)

    def _names(self, commit: str, model: str) -> Collection[str]:
        if (commit, model) not in self._versions:
            self._versions[commit, model] = git.list_folder(self.root, commit, f"models/{model}/versions").keys()
        return self._versions[commit, model]

    def reads(self, model: str | None) -> Sources:
        """Return what the stages of a model read, by dvc.lock of both ends; of None, what the merged pipeline names."""
        if model is None:
            try:
                return named_paths(*GitTree(self.root, self.merged).read_many([PIPELINE, PARAMS]).values())
            except MintmarkError:  # a link in place of one of them
                return NOTHING_READ
        found = NOTHING_READ
        for stages in self._locks:
            found |= stage_sources(model_stages(stages, model))
        return found

    @cached_property
    def _locks(self) -> list[Mapping[str, LockedStage]]:
        """What dvc.lock of both ends holds, as far as it can be read: what judges a proposal says that it cannot."""
        found: list[Mapping[str, LockedStage]] = []
        for commit in self.ends:
            try:
                found.append(parse_lock(GitTree(self.root, commit).read(LOCK) or b""))
            except MintmarkError:
                continue
        return found

    def _shifts(self) -> Iterator[Shift]:
        """Yield the channels whose file names another version after the merge."""
        places = [locate(change.path) for change in self.paths]
        touched = [place for place in places if place.kind == "channel"]
        paths = [channel_path(place.model, place.name) for place in touched]
        sides = [self.channel_targets(commit, paths) for commit in (self.start, self.merged)]
        for place in touched:
            before, after = (side.get(channel_path(place.model, place.name)) for side in sides)
            if before != after:
                yield Shift(place.model, place.name, before, after)

    def channel_targets(self, commit: str, paths: list[str]) -> dict[str, str | None]:
        """Return the version that each of these channel files names in a commit; of a link, nothing."""
        tree = GitTree(self.root, commit)
        try:
            return {path: channel_target(content) for path, content in tree.read_many(paths).items()}
        except MintmarkError:  # a link in place of a channel file, which the rules report
            return {}


def _mode(change: git.DiffEntry) -> str:
    return change.new_mode if change.new_oid != git.NO_OBJECT else change.old_mode


def _how(change: git.DiffEntry) -> Literal["added", "changed", "deleted"]:
    if change.old_oid == git.NO_OBJECT:
        return "added"
    return "deleted" if change.new_oid == git.NO_OBJECT else "changed"
