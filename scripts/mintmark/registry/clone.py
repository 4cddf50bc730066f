"""The registry in a clone: the work tree, or any revision of the Git repository around a folder. Changes nothing."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core.finding import Finding
from mintmark.core.layout import REGISTRY
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry import git
from mintmark.registry.documents import Document, Documents, open_cache
from mintmark.registry.reading import Registry
from mintmark.registry.repository.skipped import looks_bare
from mintmark.registry.tree import GitTree, Tree, WorkTree, read_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mintmark.core.events import Registration
    from mintmark.core.records import VersionRecord
    from mintmark.registry.dvc import DvcConfig
    from mintmark.registry.past.history import ModelHistory
    from mintmark.registry.repository.main_line import BaseBranch
    from mintmark.registry.rows import Listing
    from mintmark.registry.stored.store import Store


def find_root(path: Path | str = ".") -> Path:
    """Return the folder of the registry around a path; raise `MintmarkError` where there is no Git repository.

    That is the nearest folder with a models/registry.yaml, which may be a subfolder, else the root of the repository.
    """
    if "://" in str(path):
        shown = str(path).rpartition("@")[2]  # a password may stand before it
        raise UsageError(f"{shown}: a registry is read from a clone; git clone it, and give the folder")
    start = Path(path).resolve()
    found = None
    for folder in (start, *start.parents):
        if found is None and (folder / REGISTRY).is_file():
            found = folder
        if (folder / ".git").exists() or looks_bare(folder):
            return found or folder
    raise MintmarkError(f"{start} is not inside a Git repository; git clone your registry, or git init a new one")


class ClonedRegistry(Registry):
    """The registry in the Git repository around `path`, in the work tree or (`at`) at a revision or a date.

    A bare repository is read at HEAD.
    """

    tree: Tree

    def __init__(self, path: Path | str = ".", *, at: str | None = None) -> None:
        self.at = at
        self._root = find_root(path)
        super().__init__(_open_tree(self._root))
        if at is not None:
            self.tree = self._tree_at(at)

    @property
    def root(self) -> Path:
        """See `Registry`."""
        return self._root

    @property
    def revision(self) -> str:
        """The commit whose past is this registry's history."""
        return self.commit or "HEAD"

    @property
    def commit(self) -> str | None:
        """The commit that is read, None for the work tree."""
        return self.tree.commit if isinstance(self.tree, GitTree) else None

    @cached_property
    def documents(self) -> Documents:
        """The parsed records, remembered between commands."""
        from mintmark.registry.git import common_folder

        return Documents(open_cache(common_folder(self.root)))

    @property
    def dvc_config(self) -> DvcConfig:
        """DVC's configuration, with the repository's own part as this tree has it."""
        from mintmark.registry.dvc import read_config

        return read_config(self.root, committed=self.tree.read(".dvc/config") or b"")

    @property
    def trusted_types(self) -> tuple[str, ...]:
        """See `Registry`: those of the settings."""
        return self.settings.trusted_types

    @property
    def trusted_names(self) -> tuple[str, ...]:
        """See `Registry`: those of the settings."""
        return self.settings.trusted_names

    def require_clone(self, what: str) -> None:
        """See `Registry`: this is one."""

    def require_model(self, name: str) -> None:
        """See `Registry`; a model whose identity alone is broken is one."""
        if name not in self.models():
            self.model(name)

    def store(self, record: VersionRecord, *, on_bytes: Callable[[int], None] | None = None) -> Store:  # noqa: ARG002
        """See `Registry`: one store has the bytes of every version."""
        from mintmark.registry.stored.store import Store

        return Store(self.root, revision=self.commit, on_bytes=on_bytes)

    def read_many(self, kind: str, paths: list[str]) -> dict[str, Document]:
        """See `Registry`: with one question to Git where all can be read."""
        contents, faults = read_each(self.tree, paths)
        found = self.documents.load(kind, contents)
        for path, fault in faults.items():
            found[path] = Document(None, (Finding(path=path, line=1, message=fault),))
        return {path: found[path] for path in paths if path in found}

    def list_models(self) -> Listing:
        """See `Registry`: reads the records of champions and of latest versions only."""
        from mintmark.registry.listing import list_models

        return list_models(self, self.tree, self.documents)

    def list_versions(self, names: Iterable[str]) -> Listing:
        """See `Registry`."""
        from mintmark.registry.listing import list_versions

        return list_versions(self, self.tree, self.documents, names)

    def history(self, model: str) -> ModelHistory:
        """See `Registry`: of the base branch, or of the revision that was asked for (`at`).

        What a branch holds that is not merged yet has not happened.
        """
        from mintmark.registry.past.history import ModelHistory, model_history

        commit = self._past() if self.at is None else self.commit
        return model_history(self.root, commit, model) if commit is not None else ModelHistory()

    def registrations(self, model: str) -> Mapping[str, Registration]:
        """See `Registry`."""
        return self.history(model).registrations

    def own_history(self, model: str) -> ModelHistory:
        """Return the past of this very tree: in a work tree, of the branch that it is on."""
        from mintmark.registry.past.history import ModelHistory, model_history

        commit = self.head
        return model_history(self.root, commit, model) if commit is not None else ModelHistory()

    @property
    def head(self) -> str | None:
        """The commit that is read, or that the work tree stands on; None before the first."""
        return self.tree.head if isinstance(self.tree, WorkTree) else self.commit

    @cached_property
    def base(self) -> BaseBranch | None:
        """The base branch that the settings name, None in a repository without commits."""
        from mintmark.registry.repository.main_line import find_base

        return find_base(self.root, self.settings.base_branch)

    def _past(self) -> str | None:
        if self.base is None or self.head is None:
            return self._told()
        return self.base.past_of(self.head)

    def _told(self) -> str | None:
        return self.base.told if self.base is not None else None

    def _tree_at(self, at: str) -> Tree:
        """Return what a revision holds; a date means the base branch as it was then."""
        from mintmark.core.moment import is_day, parse_moment
        from mintmark.registry.repository.main_line import commit_before, warn_of_date
        from mintmark.registry.repository.names import find_commit

        wrong = MintmarkError(f'--at "{at}" is neither a revision of this repository nor a date such as 2026-06-01')
        try:
            moment = parse_moment(at)
        except ValueError as error:
            moment, wrong = None, UsageError(f"--at {error}")
        if moment is None:
            commit = find_commit(self.root, at)
            if commit is None:
                raise wrong
            return GitTree(self.root, commit)
        git.require_history(self.root)
        warn_of_date(self.root, at, moment, is_day=is_day(at))
        told = self._told()
        commit = commit_before(self.root, moment, told) if told is not None else None
        if commit is None:
            raise MintmarkError(f"this registry had no commit yet on {at}")
        return GitTree(self.root, commit)


def _open_tree(root: Path) -> Tree:
    if not looks_bare(root):
        return WorkTree(root)
    head = git.head_commit(root)
    if head is None:
        raise MintmarkError(f"{root} is a bare repository without commits; git push something to it first")
    return GitTree(root, head)
