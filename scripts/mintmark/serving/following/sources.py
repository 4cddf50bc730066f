"""Where a server follows a registry: a clone, a Git remote, or a published site. Serves nothing.

Each answers with the registry as it is told now and a name of that state, or raises `MintmarkError`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mintmark.core.finding import without_credentials
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.opening import is_site
from mintmark.registry.repository.main_line import find_base
from mintmark.registry.repository.running import git_text, run_git
from mintmark.registry.stored.pull_cache import cache_folder

if TYPE_CHECKING:
    from mintmark.registry.reading import Registry

_GIT = re.compile(r"(?:ssh|git|file|git\+ssh)://|[\w.+-]+@[\w.-]+:(?!//)|https?://.*\.git/?\Z", re.IGNORECASE)
_KINDS = "file:git:http:https:ssh"  # the ways to a remote that Git may take


class State(NamedTuple):
    """A registry at one moment; `name` is its commit, or the address of a site."""

    registry: Registry
    name: str


class Source(Protocol):
    """Something that a server follows."""

    @property
    def label(self) -> str:
        """What people call it, without a password."""

    def read(self) -> State:
        """Return the registry as it is now, the same `State` where it has not changed.

        Raises `MintmarkError` where it cannot be had.
        """


def open_source(where: Path | str) -> Source:
    """Return what follows a folder, a Git address or the address of a site."""
    text = str(where)
    if _GIT.match(text):
        return RemoteSource(text)
    if is_site(text):
        return SiteSource(text)
    return CloneSource(text)


class SharedSource:
    """A source that several followers read in turn."""

    def __init__(self, source: Source) -> None:
        self._source, self._lock = source, threading.Lock()
        self.label = source.label

    def read(self) -> State:
        """See `Source`."""
        with self._lock:
            return self._source.read()


class CloneSource:
    """The base branch of a clone as it is told there, whatever its work tree holds."""

    def __init__(self, where: Path | str) -> None:
        if not Path(where).is_dir():
            raise UsageError(f"{where}: there is no such folder; give a clone, a Git address or the address of a site")
        registry = ClonedRegistry(where)
        self.root, self._branch = registry.root, registry.settings.base_branch
        self._state: State | None = None
        self.label = str(self.root)

    def read(self) -> State:
        """See `Source`."""
        base = find_base(self.root, self._branch)
        if base is None:
            raise MintmarkError(f"{self.label} has no commit yet")
        if self._state is None or self._state.name != base.told:
            self._state = State(ClonedRegistry(self.root, at=base.told), base.told)
            self._branch = self._state.registry.settings.base_branch
        return self._state


class RemoteSource:
    """The default branch of a Git remote, or the one after `#`; a shallow copy is kept in the user's cache."""

    def __init__(self, address: str) -> None:
        self._address, _, branch = address.partition("#")
        if branch.startswith("-") or any(part in ("", "..") for part in branch.split("/") if branch):
            raise UsageError(f'"{branch}" is no name of a branch')
        self._ref = f"refs/heads/{branch}" if branch else "HEAD"
        self.label = without_credentials(address)
        digest = hashlib.sha256(address.encode()).hexdigest()[:32]
        self._folder = cache_folder() / "serve" / "remotes" / digest
        self._state: State | None = None

    def read(self) -> State:
        """See `Source`."""
        if not (self._folder / "HEAD").exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            run_git("init", "--quiet", "--bare", "--initial-branch=followed", ".", cwd=self._folder)
        kept = "+" + self._ref + ":refs/heads/followed"
        allowed = {"GIT_ALLOW_PROTOCOL": _KINDS}
        try:
            fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--", self._address, kept)
            run_git(*fetch, cwd=self._folder, environment=allowed)
        except MintmarkError as error:
            raise MintmarkError(f"{self.label}: {str(error).replace(self._address, self.label)}") from None
        commit = git_text("rev-parse", "--verify", "refs/heads/followed^{commit}", cwd=self._folder)
        if self._state is None or self._state.name != commit:
            self._state = State(ClonedRegistry(self._folder, at=commit), commit)
        return self._state


class SiteSource:
    """A published site; its documents are asked for again only if they are others by now (ETags)."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.label = without_credentials(address)

    def read(self) -> State:
        """See `Source`: the last good copies that the client keeps are no state of now."""
        from mintmark.registry.published.registry import PublishedRegistry

        return State(PublishedRegistry(self._address, on_warning=_refuse), self.label)


def _refuse(words: str) -> None:
    raise MintmarkError(words)
