"""Bytes of stored files: verified reads from caches and remotes, and writes to the default remote. Loads no model."""

from __future__ import annotations

import io
import os
import stat
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mintmark.core.words import numbers
from mintmark.errors import MintmarkError
from mintmark.registry.dvc import DvcConfig, Remote, read_config
from mintmark.registry.stored.pull_cache import PullCache
from mintmark.registry.stored.remotes import object_paths, open_object, push_through_dvc
from mintmark.registry.stored.streams import (
    ObjectError,
    ObjectMissingError,
    RemoteError,
    UnreachableError,
    WrongBytesError,
    holds,
    open_plain_file,
    receive,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mintmark.core.records import StoredFile
    from mintmark.core.settings import Settings

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

    def _drain(self, remote: Remote, file: StoredFile) -> None:
        with self._open(remote, file) as stream:
            for _ in verified(stream, file, label=self._label(remote, file)):
                pass

    def _fill(self, path: Path, file: StoredFile, pointer: str) -> None:
        faults: list[ObjectError] = []
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
        """Open an object; with a revision, one in the embedded store is read from that commit, if it is there."""
        embedded = remote.embedded_in(self.root) if self.revision is not None else None
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
        if self.revision is None:
            return None
        from mintmark.registry import git

        blob = f"{self.revision}:{path}"
        if git.try_git("cat-file", "-s", blob, cwd=self.root) != str(file.size):
            return None
        return git.run_git("cat-file", "blob", blob, cwd=self.root)

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


def push(root: Path, files: Iterable[tuple[StoredFile, Path]]) -> list[Path]:
    """Put the bytes at each path into the default remote, under the address of its stored file.

    A folder remote gets them in DVC's layout, and the objects that were not there before are returned; any other gets
    them from `dvc push` in a project of its own. Raises `ObjectError` when a path does not hold the bytes of its
    stored file; whatever goes wrong, no object is left behind in a folder remote.
    """
    wanted = {file.md5: (file, path) for file, path in files}
    remote = read_config(root).required_default
    folder = remote.folder
    if folder is None:
        by_md5 = {md5: file for md5, (file, _) in wanted.items()}
        push_through_dvc(remote, by_md5, lambda file, place: _import(file, wanted[file.md5][1], place))
        return []
    _refuse_detour(root, remote, folder)
    created: list[Path] = []
    try:
        for file, path in wanted.values():
            place = folder / object_paths(file.md5)[0]
            if not _stands(place, file):
                _import(file, path, place)
                created.append(place)
    except BaseException:
        for place in created:
            place.unlink(missing_ok=True)
        raise
    return created


def _import(file: StoredFile, path: Path, place: Path) -> None:
    try:
        stream = path.open("rb", buffering=0)
    except OSError as error:
        raise ObjectMissingError(f"{path}: cannot be read: {error.strerror}") from None
    with stream:
        receive(verified(stream, file, label=str(path)), place, mode=_READ_ONLY)


def _stands(place: Path, file: StoredFile) -> bool:
    """Whether an object is there already, with the right bytes; raises `WrongBytesError` for a damaged one."""
    if not os.path.lexists(place):
        return False
    if not holds(place, file):
        raise WrongBytesError(f"{place} is there already and holds other bytes than its name says; remove it")
    return True


def _refuse_detour(root: Path, remote: Remote, folder: Path) -> None:
    """Refuse an embedded store that a link leads out of the repository."""
    if remote.embedded_in(root):
        objects = os.path.realpath(folder / "files" / "md5")
        if not Path(objects).is_relative_to(os.path.realpath(root)):
            raise MintmarkError(f"{remote.embedded_in(root)} leads out of the repository through a symbolic link")


def check_limits(root: Path, files: Iterable[StoredFile], settings: Settings) -> None:
    """Raise `MintmarkError` with the way to another remote when files are too large for the embedded store.

    Any other remote has no limits.
    """
    remote = read_config(root).default
    embedded = remote.embedded_in(root) if remote else None
    if remote is None or embedded is None or remote.folder is None:
        return
    wanted = {file.md5: file for file in files}.values()
    for file in wanted:
        if file.size > settings.file_limit:
            raise MintmarkError(
                f"{file.name} has {numbers.size(file.size)}, and the embedded store takes files of up to "
                f"{numbers.size(settings.file_limit)} (limits.file in models/registry.yaml). {_way_out(root, remote)}"
            )
    new = sum(f.size for f in wanted if not (remote.folder / object_paths(f.md5)[0]).exists())
    total = new + store_size(root)
    if new and total > settings.store_limit:
        raise MintmarkError(
            f"the embedded store would grow to {numbers.size(total)}, and it takes up to "
            f"{numbers.size(settings.store_limit)} (limits.store in models/registry.yaml). {_way_out(root, remote)}"
        )


def _way_out(root: Path, remote: Remote) -> str:
    pointers = "models/*/versions/*/*.dvc"
    move = f"dvc fetch -r {remote.name} {pointers} && dvc push {pointers}"
    if not store_size(root):
        move = 'git commit -m "Keep models in another store" .dvc/config'
    return (
        "Two commands move to another store, S3 (s3://), Google Cloud (gs://), Azure (azure://), SSH (ssh://) "
        "or any other DVC remote:\n"
        "  dvc remote add -d storage s3://BUCKET/PATH\n"
        f"  {move}"
    )


def store_size(root: Path) -> int:
    """Return the bytes that the objects of a default remote on this machine take; 0 for any other remote."""
    remote = read_config(root).default
    folder = remote.folder if remote else None
    return sum(_sizes(folder)) if folder else 0


def _sizes(folder: Path | str) -> Iterator[int]:
    try:
        with os.scandir(folder) as children:
            for child in children:
                if child.is_dir(follow_symlinks=False):
                    yield from _sizes(child.path)
                else:
                    yield child.stat(follow_symlinks=False).st_size
    except (FileNotFoundError, NotADirectoryError):
        return


def missing_objects(root: Path, files: Iterable[StoredFile], *, revision: str | None = None) -> dict[str, str]:
    """Return, by md5, what is wrong with those objects that a folder remote lacks or holds in another size.

    It looks at names and sizes only; `Store.check` reads the bytes. With a revision, the embedded store is the one of
    that commit. Other remotes are not asked: the result is empty.
    """
    config = read_config(root)
    folders = [remote.folder for remote in config.remotes if remote.folder is not None]
    if config.default is None or config.default.folder is None:
        return {}
    distinct = {file.md5: file for file in files}.values()
    embedded = config.default.embedded_in(root) if revision is not None else None
    if embedded and revision:
        return _missing_in_commit(root, revision, embedded, distinct)
    faults = {}
    for file in distinct:
        fault = _object_fault(folders, file)
        if fault:
            faults[file.md5] = fault
    return faults


def _missing_in_commit(root: Path, revision: str, store: str, files: Iterable[StoredFile]) -> dict[str, str]:
    from mintmark.registry import git

    sizes = git.list_sizes(root, revision, store)
    faults = {}
    for file in files:
        try:
            paths = [f"{store}/{path}" for path in object_paths(file.md5)]
        except ObjectError as error:
            faults[file.md5] = str(error)
            continue
        size = next((sizes[path] for path in paths if path in sizes), None)
        if size is None:
            faults[file.md5] = f"the object {paths[0]} is not committed; git add -f it (mintmark propose does)"
        elif size != file.size:
            faults[file.md5] = _wrong_size(paths[0], size, file)
    return faults


def _object_fault(folders: list[Path], file: StoredFile) -> str | None:
    try:
        paths = object_paths(file.md5)
    except ObjectError as error:
        return str(error)
    for folder in folders:
        for path in paths:
            try:
                found = os.lstat(f"{folder}/{path}")
            except OSError:
                continue
            if not stat.S_ISREG(found.st_mode):
                return f"the object {path} is not a plain file"
            if found.st_size != file.size:
                return _wrong_size(path, found.st_size, file)
            return None
    return f"the object {paths[0]} is not in the store"


def _wrong_size(path: str, size: int, file: StoredFile) -> str:
    return f"the object {path} has {size:,} bytes where the record says {file.size:,}"
