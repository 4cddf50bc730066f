"""One way to read files by path, from the work tree or from any Git revision. Parses nothing."""

from __future__ import annotations

import hashlib
import heapq
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.files import read_text_file, unix_lines
from mintmark.registry.yaml.text import MAX_BYTES, MAX_LOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path


_LOCK = "dvc.lock"
STORE = ".dvc/store"
_KEPT_FILES, _KEPT_BYTES = 64, 64 << 10  # of one commit, which the checks of a review read again and again
_TICK = 3  # seconds in which some file systems give two changes the same time
WATCHED = ("models", STORE)


class Files(Protocol):
    """Files by path; paths are relative to the folder of the registry, with forward slashes."""

    label: str

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is no such file; cut just past the size that a record may have."""

    def read_many(self, paths: list[str]) -> dict[str, bytes]:
        """Return the bytes of those files that are there."""

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none when there is no such folder."""


class Tree(Files, Protocol):
    """Files that Git knows."""

    def entries(self, folder: str, wanted: Callable[[str], bool] | None = None) -> dict[str, git.Entry]:
        """Return every file below a folder with its mode and blob id, or those whose path is wanted."""

    def walk(self, folder: str) -> Iterator[tuple[str, git.Entry]]:
        """Yield every file below a folder in the order of the bytes of the paths, and keep none of them."""

    def subtree_ids(self, folder: str) -> dict[str, str]:
        """Return the tree id of each folder in a folder that holds just what Git knows, tracked files considered."""

    def stamp(self, folder: str, paths: Iterable[str], before: float) -> str | None:
        """Return a text that is another one once a folder of a model, or one of these files and folders in it, changes.

        None where that cannot be told: where one of them changed a moment `before`, seconds since 1970, or later.
        """

    @property
    def blobs(self) -> BlobReader:
        """What reads the blobs that `entries` named so far."""


def read_each(files: Files, paths: list[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the bytes of those files that are there, and what keeps others from being read (R10)."""
    try:
        return files.read_many(paths), {}
    except MintmarkError:  # of one of them, which all but that one must survive
        found: dict[str, bytes] = {}
        faults: dict[str, str] = {}
        for path in paths:
            try:
                content = files.read(path)
            except MintmarkError as error:
                faults[path] = str(error).partition(": ")[2] or str(error)
            else:
                found |= {} if content is None else {path: content}
        return found, faults


@dataclass(frozen=True, slots=True)
class BlobReader:
    """Yields the bytes of blobs by id; small enough to be sent to another process.

    `uncommitted` has the path of each blob that only the work tree holds.
    """

    root: Path
    uncommitted: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each id with its bytes, in no particular order; a blob that is too large comes back cut."""
        committed = []
        for oid in oids:
            if oid in self.uncommitted:
                yield oid, read_text_file(self.root / self.uncommitted[oid])
            else:
                committed.append(oid)
        yield from git.read_blobs(self.root, committed, limit=MAX_BYTES)


class GitTree:
    """The files of one commit."""

    def __init__(self, root: Path, commit: str) -> None:
        self.root, self.commit, self.label = root, commit, commit[:10]
        self._entries: dict[str, dict[str, git.Entry]] = {}
        self._children: dict[str, dict[str, list[str]]] = {}
        self._subtrees: dict[str, dict[str, str]] = {}
        self._small: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        """See `Tree`."""
        return self.read_many([path]).get(path)

    def read_many(self, paths: list[str]) -> dict[str, bytes]:
        """See `Tree`: one Git process, whatever the number of files; small ones are remembered, up to a number."""
        new = [path for path in paths if path not in self._small]
        read = self._read_new(new) if new else {}
        small = [path for path, content in read.items() if len(content) <= _KEPT_BYTES]
        self._small |= {path: read[path] for path in small[: _KEPT_FILES - len(self._small)]}
        known = self._small | read
        return {path: known[path] for path in paths if path in known}

    def _read_new(self, paths: list[str]) -> dict[str, bytes]:
        known = self.find(paths)
        for path, entry in known.items():
            if entry.mode in git.NO_FILES:
                raise MintmarkError(f"{path}: is {git.NO_FILES[entry.mode]} where a file belongs")
        limit = max(map(_limit, paths), default=MAX_BYTES)
        blobs = dict(git.read_blobs(self.root, {entry.oid for entry in known.values()}, limit=limit))
        return {path: blobs[entry.oid] for path, entry in known.items()}

    def find(self, paths: list[str]) -> dict[str, git.Entry]:
        """Return the mode and blob id of those files that are there."""
        if not paths:  # Git would list everything
            return {}
        for folder, entries in self._entries.items():
            if all(path.startswith(f"{folder}/") for path in paths):
                return {path: entries[path] for path in paths if path in entries}
        output = git.run_git("ls-tree", "-z", self.commit, "--", *paths, cwd=self.root)
        found = {}
        for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            meta, _, path = line.partition("\t")
            mode, kind, oid = meta.split(" ")
            if kind == "blob":
                found[path] = git.Entry(mode, oid)
        return found

    def names(self, folder: str) -> list[str]:
        """See `Tree`."""
        for known, entries in self._entries.items():
            if f"{folder}/".startswith(f"{known}/"):
                if known not in self._children:
                    self._children[known] = _children(entries)
                return self._children[known].get(folder, [])
        return sorted(git.list_folder(self.root, self.commit, folder))

    def entries(self, folder: str, wanted: Callable[[str], bool] | None = None) -> dict[str, git.Entry]:
        """See `Tree`: read once, then remembered, where all are."""
        if wanted is not None and folder not in self._entries:
            return git.list_tree(self.root, self.commit, folder, wanted=wanted)
        if folder not in self._entries:
            self._entries[folder] = git.list_tree(self.root, self.commit, folder)
        known = self._entries[folder]
        return known if wanted is None else {path: entry for path, entry in known.items() if wanted(path)}

    def walk(self, folder: str) -> Iterator[tuple[str, git.Entry]]:
        """See `Tree`."""
        return git.walk_tree(self.root, self.commit, folder)

    def subtree_ids(self, folder: str) -> dict[str, str]:
        """See `Tree`."""
        children = git.list_folder(self.root, self.commit, folder)
        return {name: oid for name, (kind, oid) in children.items() if kind == "tree"}

    def stamp(self, folder: str, paths: Iterable[str], before: float) -> str | None:  # noqa: ARG002
        """See `Tree`: the id of the folder's tree, which is a digest of all that is in it."""
        above, _, name = folder.rpartition("/")
        if above not in self._subtrees:
            self._subtrees[above] = self.subtree_ids(above)
        return self._subtrees[above].get(name)

    @property
    def blobs(self) -> BlobReader:
        """See `Tree`."""
        return BlobReader(self.root)


def _by_bytes(item: tuple[str, git.Entry]) -> bytes:
    return os.fsencode(item[0])


def _limit(path: str) -> int:
    return MAX_LOCK_BYTES if path == _LOCK else MAX_BYTES


def _children(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the sorted names in each folder that occurs in paths."""
    children: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        while name:
            names = children.setdefault(folder, set())
            if name in names:
                break
            names.add(name)
            folder, _, name = folder.rpartition("/")
    return {folder: sorted(names) for folder, names in children.items()}


class WorkTree:
    """The files as they lie on the disk, uncommitted ones included, and what a sparse checkout skips as Git has it."""

    label = "the work tree"

    def __init__(self, root: Path) -> None:
        self.root = root
        self._uncommitted: dict[str, str] = {}
        self._wait: Callable[[], set[str]] | None = None
        self._changes: set[str] | None = None
        self._plain_folders: set[str] = set()

    def read(self, path: str) -> bytes | None:
        """See `Tree`."""
        full = os.path.join(self.root, path)
        if not os.path.lexists(full):
            return self._read_skipped([path]).get(path)
        link = self._linked_folder(path.rpartition("/")[0])
        if link:
            raise MintmarkError(f"{path}: lies behind {link}, which is a symbolic link where a folder belongs")
        content = read_text_file(full, limit=_limit(path))
        return content if path.startswith(f"{STORE}/") else unix_lines(content)

    def _linked_folder(self, folder: str) -> str | None:
        """Return the folder on the way to a path that is a symbolic link: it may lead anywhere on this machine."""
        if not folder or folder in self._plain_folders:
            return None
        link = self._linked_folder(folder.rpartition("/")[0])
        if link is None and os.path.islink(os.path.join(self.root, folder)):
            link = folder
        if link is None:
            self._plain_folders.add(folder)
        return link

    def read_many(self, paths: list[str]) -> dict[str, bytes]:
        """See `Tree`."""
        there = [path for path in paths if os.path.lexists(os.path.join(self.root, path))]
        found = {path: self.read(path) for path in there}
        known = {path: content for path, content in found.items() if content is not None}
        return known | self._read_skipped([path for path in paths if path not in found])

    @cached_property
    def _skipped(self) -> dict[str, git.Entry]:
        """The files that a sparse checkout leaves out of the work tree."""
        from mintmark.registry.repository.skipped import skipped_files

        return skipped_files(self.root)

    @cached_property
    def _skipped_names(self) -> dict[str, list[str]]:
        return _children(self._skipped)

    def _read_skipped(self, paths: list[str]) -> dict[str, bytes]:
        entries = {path: self._skipped[path] for path in paths if path in self._skipped}
        for path, entry in entries.items():
            if entry.mode in git.NO_FILES:
                raise MintmarkError(f"{path}: is {git.NO_FILES[entry.mode]} where a file belongs")
        limit = max(map(_limit, paths), default=MAX_BYTES)
        blobs = dict(git.read_blobs(self.root, {entry.oid for entry in entries.values()}, limit=limit))
        return {path: blobs[entry.oid] for path, entry in entries.items()}

    def names(self, folder: str) -> list[str]:
        """See `Tree`."""
        skipped = self._skipped_names.get(folder, [])
        try:
            present = os.listdir(os.path.join(self.root, folder))
            return sorted({*skipped, *present}) if skipped else sorted(present)
        except (FileNotFoundError, NotADirectoryError):
            return skipped

    def entries(self, folder: str, wanted: Callable[[str], bool] | None = None) -> dict[str, git.Entry]:
        """See `Tree`: what HEAD holds, with what differs from it on the disk read and hashed."""
        self.watch()
        entries = git.list_tree(self.root, self.head, folder, wanted=wanted) if self.head else {}
        changes = {path for path in self.changes(folder) if wanted is None or wanted(path)}
        for path in changes:
            entries.pop(path, None)
        return entries | self._changed_entries(changes)

    def walk(self, folder: str) -> Iterator[tuple[str, git.Entry]]:
        """See `Tree`."""
        self.watch()
        committed = git.walk_tree(self.root, self.head, folder) if self.head else iter(())
        changes = self.changes(folder)
        if not changes:
            return committed
        kept = ((path, entry) for path, entry in committed if path not in changes)
        new = sorted(self._changed_entries(changes).items(), key=_by_bytes)
        return heapq.merge(kept, new, key=_by_bytes)

    def _changed_entries(self, changes: set[str]) -> dict[str, git.Entry]:
        """Return the entries of those of these paths that are there, read from the disk and hashed."""
        links = {path: entry for path in changes if (entry := self._link(path)) is not None}
        files = sorted(path for path in changes - links.keys() if self._is_plain(path))
        new = links | dict(zip(files, git.hash_files(self.root, files), strict=True))
        self._uncommitted |= {entry.oid: path for path, entry in new.items()}
        return new | {path: self._skipped[path] for path in changes - new.keys() if path in self._skipped}

    @property
    def blobs(self) -> BlobReader:
        """See `Tree`: from the disk where Git does not have them yet."""
        return BlobReader(self.root, dict(self._uncommitted))

    def subtree_ids(self, folder: str) -> dict[str, str]:
        """See `Tree`: without the folders in which a tracked file was touched."""
        if not self.head:
            return {}
        touched = git.changed_paths(self.root, [folder], untracked=False)
        dirty = {path[len(folder) + 1 :].partition("/")[0] for path in touched}
        clean = GitTree(self.root, self.head).subtree_ids(folder)
        return {name: oid for name, oid in clean.items() if name not in dirty}

    def stamp(self, folder: str, paths: Iterable[str], before: float) -> str | None:
        """See `Tree`: what the file system tells of them without opening one, as the index of Git remembers it."""
        if self._skipped or self._linked_folder(folder.rpartition("/")[0]):
            return None
        latest, told, root = 0, list[int](), str(self.root)
        for path in (folder, *paths):
            try:
                found = os.lstat(f"{root}/{path}")
            except (FileNotFoundError, NotADirectoryError):
                told.append(0)
                continue
            told += (found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            latest = max(latest, found.st_mtime_ns, found.st_ctime_ns)
        if latest > (before - _TICK) * 1e9:
            return None
        return hashlib.sha1(repr(told).encode(), usedforsecurity=False).hexdigest()

    def watch(self) -> None:
        """Begin to ask Git what differs from HEAD, which takes it a while: do something else meanwhile."""
        if self._wait is None:
            self._wait = git.start_changed_paths(self.root, WATCHED)

    def changes(self, folder: str) -> set[str]:
        """Return the paths below a watched folder, or below a folder in one, that differ from HEAD; asked once."""
        self.watch()
        if self._changes is None and self._wait is not None:
            self._changes = self._wait()
        return {path for path in self._changes or () if path.startswith(f"{folder}/") or path == folder}

    def _link(self, path: str) -> git.Entry | None:
        from mintmark.registry.documents import blob_oid

        full = os.path.join(self.root, path)
        if not os.path.islink(full):
            return None
        return git.Entry(git.SYMLINK, blob_oid(os.fsencode(os.readlink(full))))

    def _is_plain(self, path: str) -> bool:
        return os.path.isfile(os.path.join(self.root, path)) and not self._linked_folder(path.rpartition("/")[0])

    @cached_property
    def head(self) -> str | None:
        """The commit that the work tree stands on, None before the first."""
        return git.head_commit(self.root)
