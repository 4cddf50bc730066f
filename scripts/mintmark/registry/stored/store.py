"""Bytes of stored files: verified reads from caches and remotes. Writes to no remote."""

from __future__ import annotations

import io
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mintmark.core.records import StoredFile
from mintmark.registry.dvc import DvcConfig, Remote, read_config
from mintmark.registry.stored.pull_cache import PullCache
from mintmark.registry.stored.remotes import object_paths, open_object
from mintmark.registry.stored.streams import (
    ObjectError,
    ObjectMissingError,
    RemoteError,
    UnreachableError,
    WrongBytesError,
    holds,
    open_plain_file,
    read_by_md5,
    receive,
    require_space,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mintmark.registry.git import Entry

_READ_ONLY = 0o444  # what DVC gives its objects; one with another mode is hashed again by every DVC command


class Store:
    """The bytes behind the pointers of the registry at `root`, as of `revision` where one is given (`--at`).

    Every read checks size and sha256, and md5 where the bytes come from DVC. `config` takes the place of what DVC's
    config files in the work tree say. `on_bytes` is told of each block that comes from a remote, by its length.
    `pointer`, wherever it is taken, only names the file in messages.
    """

    def __init__(
        self,
        root: Path,
        *,
        revision: str | None = None,
        config: DvcConfig | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        self.root, self.revision, self._on_bytes = root, revision, on_bytes
        if config is not None:
            self.config = config
        self._cache = PullCache()
        self._unreachable: dict[str, UnreachableError] = {}

    @cached_property
    def config(self) -> DvcConfig:
        """The remotes and the cache that DVC's config names."""
        return read_config(self.root)

    def fetch(self, file: StoredFile, *, pointer: str = "") -> Path:
        """Return the path of verified bytes in the cache; where that cannot be written, in a folder that lives as
        long as this store does. Raises `ObjectError` when no source has the right bytes.
        """
        path = self._cache.kept(file)
        if not holds(path, file):
            path = self._cache.writable(file)
            self._fill(path, file, pointer)
        return path

    def copy(self, file: StoredFile, target: Path, *, pointer: str = "") -> bool:
        """Write verified bytes to `target` whole or not at all; return False when it held them already."""
        if holds(target, file):
            return False
        try:
            with open_plain_file(self._cache.kept(file)) as stream:
                receive(verified(stream, file, md5=False), target)
                return True
        except (ObjectError, OSError):
            path = self.fetch(file, pointer=pointer)
        with open_plain_file(path) as stream:
            receive(verified(stream, file, md5=False), target)
        return True

    def check(self, file: StoredFile, *, pointer: str = "") -> None:
        """Prove that a remote has the right bytes, without keeping them; raises `ObjectError` when not.

        The first remote that has the object counts, the default one before all others.
        """
        faults: list[ObjectError] = []
        for remote in self.config.remotes:
            try:
                self._drain(remote, file)
            except WrongBytesError as fault:
                raise self._fault(file, pointer, [fault]) from None
            except ObjectError as fault:
                faults.append(fault)
            else:
                return
        raise self._fault(file, pointer, faults)

    def read_object(self, md5: str, size: int, *, name: str) -> bytes:
        """Return the bytes of an object that only dvc.lock names, by its md5; `name` is for messages.

        Raises `ObjectError` when no source has them.
        """
        file = StoredFile(name=name, md5=md5, sha256="", size=size)
        faults: list[ObjectError] = []
        local = Remote(name="cache", url=str(self.config.cache))
        for remote in (local, *self.config.remotes):
            try:
                with self._open(remote, file) as stream:
                    return read_by_md5(stream, file, label=self._label(remote, file))
            except ObjectError as fault:
                if remote is not local:
                    faults.append(fault)
        raise self._fault(file, name, faults)

    def _drain(self, remote: Remote, file: StoredFile) -> None:
        with self._open(remote, file) as stream:
            for _ in verified(stream, file, label=self._label(remote, file)):
                pass

    def _fill(self, path: Path, file: StoredFile, pointer: str) -> None:
        faults: list[ObjectError] = []
        require_space(path, file)
        local = Remote(name="cache", url=str(self.config.cache))
        for remote in (local, *self.config.remotes):
            try:
                with self._open(remote, file) as stream:
                    blocks = verified(stream, file, label=self._label(remote, file), on_bytes=self._on_bytes)
                    receive(blocks, path, mode=_READ_ONLY, durable=False)
            except ObjectError as fault:
                if remote is not local:
                    faults.append(fault)
            else:
                return
        raise self._fault(file, pointer, faults)

    @contextmanager
    def _open(self, remote: Remote, file: StoredFile) -> Iterator[IO[bytes]]:
        """Open an object; with a revision, or where it is not checked out, one in the embedded store comes from Git."""
        embedded = remote.embedded_in(self.root)
        content = self._committed(f"{embedded}/{object_paths(file.md5)[0]}", file) if embedded else None
        if content is not None:
            yield io.BytesIO(content)
            return
        with self._open_current(remote, file) as stream:
            yield stream

    @contextmanager
    def _open_current(self, remote: Remote, file: StoredFile) -> Iterator[IO[bytes]]:
        if remote.name in self._unreachable:  # to wait for the same server again would take hours for 10,000 objects
            raise self._unreachable[remote.name]
        try:
            with open_object(remote, file) as stream:
                yield stream
        except UnreachableError as fault:
            self._unreachable[remote.name] = fault
            raise

    def _committed(self, path: str, file: StoredFile) -> bytes | None:
        from mintmark.registry import git

        if self.revision is not None:
            entry = git.list_tree(self.root, self.revision, path).get(path)
        else:
            entry = self._skipped.get(path)
        if entry is None or entry.mode in git.NO_FILES:
            return None
        content = dict(git.read_blobs(self.root, [entry.oid], limit=file.size))[entry.oid]
        return content if len(content) == file.size else None

    @cached_property
    def _skipped(self) -> dict[str, Entry]:
        """The files that a sparse checkout leaves out of the work tree."""
        from mintmark.registry.repository.skipped import skipped_files

        return skipped_files(self.root)

    def _label(self, remote: Remote, file: StoredFile) -> str:
        place = remote.embedded_in(self.root)
        return f"{place}/{object_paths(file.md5)[0]}" if place else f"{object_paths(file.md5)[0]} in {remote.name}"

    def _fault(self, file: StoredFile, pointer: str, faults: list[ObjectError]) -> ObjectError:
        """Return the fault to show, the most telling of those of each remote, with what to do about it."""
        where = f"{pointer or file.name}: "
        if not faults:
            return ObjectMissingError(
                f"{where}.dvc/config names no remote to get it from; dvc remote add -d NAME ADDRESS"
            )
        order = (WrongBytesError, RemoteError, ObjectMissingError, ObjectError)
        fault = min(faults, key=lambda fault: next(n for n, kind in enumerate(order) if isinstance(fault, kind)))
        return type(fault)(f"{where}{fault}{self._remedy(fault, file, pointer)}")

    def _remedy(self, fault: ObjectError, file: StoredFile, pointer: str) -> str:
        if not isinstance(fault, (ObjectMissingError, WrongBytesError)):
            return ""
        embedded = self.config.remotes[0].embedded_in(self.root)
        if embedded:
            return f"; git checkout -- {embedded}/{object_paths(file.md5)[0]} brings a committed one back"
        return f"; push it again from where it was made: dvc push {pointer or f'{file.name}.dvc'}"
