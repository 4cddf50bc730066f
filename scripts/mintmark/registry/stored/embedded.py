"""What a change adds to the embedded store, changes in it and takes from it: nothing that nobody names (R8, R9).

An object is a plain file at `files/md5/xx/<30 hex>`, or `<30 hex>.dir` for the list of a folder. Its bytes have the md5
of its name, a record, dvc.lock, a `.dvc` file or the list of a folder names it, and it is what that name says.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mintmark.artifacts.named_files import check_named
from mintmark.core.finding import Finding
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.documents import blob_oid
from mintmark.registry.stored.contents import check_folder_list
from mintmark.registry.stored.naming import find_names
from mintmark.registry.stored.streams import open_plain_file
from mintmark.registry.tree import STORE, GitTree, WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mintmark.core.settings import Settings
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.snapshot import Snapshot
    from mintmark.registry.stored.naming import Naming

_OBJECT = re.compile(rf"{re.escape(STORE)}/files/md5/([0-9a-f]{{2}})/([0-9a-f]{{30}})(\.dir)?\Z")
_PLAIN = "100644"
_ON_DISK = ""  # in place of the id of a blob that Git does not have yet
_MOST_OBJECTS = 10_000
_MOST_FINDINGS = 100
_AT_ONCE = 64 << 20  # bytes of objects in memory, unless a single one is larger
_MOST_PATHS = 200  # in one command line


class _Change(NamedTuple):
    """One path in the store before and after."""

    old: git.Entry | None
    new: git.Entry | None


def check_store(registry: ClonedRegistry, start: str, snapshot: Snapshot, settings: Settings) -> Iterator[Finding]:
    """Yield what a tree does to the embedded store since the commit `start` and may not.

    `snapshot` has the records that the change brings.
    """
    changes = _changes(registry, start)
    if len(changes) > _MOST_OBJECTS:
        message = f"{len(changes):,} objects change at once, and {_MOST_OBJECTS:,} may; split the change"
        yield Finding(path=STORE, message=message, rule="R8")
        return
    findings = _findings(registry, start, changes, snapshot, settings)
    yield from islice(findings, _MOST_FINDINGS)
    if next(findings, None) is not None:
        yield Finding(path=STORE, message=f"has more than {_MOST_FINDINGS} faults; these are the first", rule="R8")


def _findings(
    registry: ClonedRegistry, start: str, changes: Mapping[str, _Change], snapshot: Snapshot, settings: Settings
) -> Iterator[Finding]:
    added: dict[str, git.Entry] = {}
    gone: set[str] = set()
    for path, (old, new) in sorted(changes.items()):
        if new is None:
            gone.add(path)
        elif old is None:
            added[path] = new
        elif not _is_kept(registry.root / path, old, new, settings.file_limit):
            message = "was changed, and objects of the store never change; git restore it"
            yield Finding(path=path, message=message, rule="R9")
    if added:
        yield from _check_added(registry, start, added, gone, snapshot, settings)
    if gone:
        yield from _check_gone(registry, start, gone, snapshot)


def _changes(registry: ClonedRegistry, start: str) -> dict[str, _Change]:
    """Return every path in the store that differs from `start`, uncommitted ones included."""
    found = {
        change.path: _Change(_entry(change.old_mode, change.old_oid), _entry(change.new_mode, change.new_oid))
        for change in git.diff(registry.root, start, registry.revision, [STORE])
    }
    if isinstance(registry.tree, WorkTree):
        pending = sorted(registry.tree.changes(STORE))
        before = GitTree(registry.root, start)
        for place in range(0, len(pending), _MOST_PATHS):
            paths = pending[place : place + _MOST_PATHS]
            known = before.find(paths)
            found |= {path: _Change(known.get(path), _on_disk(registry.root / path)) for path in paths}
    return {path: change for path, change in found.items() if any(change)}


def _entry(mode: str, oid: str) -> git.Entry | None:
    return None if oid == git.NO_OBJECT else git.Entry(mode, oid)


def _on_disk(path: Path) -> git.Entry | None:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    kind = git.SYMLINK if stat.S_ISLNK(mode) else _PLAIN if stat.S_ISREG(mode) else git.SUBMODULE
    return git.Entry(kind, _ON_DISK)


def _is_kept(place: Path, old: git.Entry, new: git.Entry, limit: int) -> bool:
    """Whether an object is what it was; of one in the work tree, what Git would make of it."""
    if new.oid != _ON_DISK or new.mode != old.mode or new.mode != _PLAIN:
        return new == old
    return blob_oid(_read_file(place, limit)) == old.oid


def _read_file(place: Path, limit: int) -> bytes:
    """Return the bytes of a plain file, one more than the limit at most; raise `MintmarkError` where it is none."""
    try:
        with open_plain_file(place) as stream:
            return stream.read(limit + 1)
    except OSError as error:
        raise MintmarkError(f"{place}: cannot be read: {error.strerror}") from None


# -- what comes ------------------------------------------------------------------------------------------------------


def _check_added(
    registry: ClonedRegistry,
    start: str,
    added: Mapping[str, git.Entry],
    gone: Iterable[str],
    snapshot: Snapshot,
    settings: Settings,
) -> Iterator[Finding]:
    misplaced = {path: finding for path, entry in added.items() if (finding := _misplaced(path, entry))}
    yield from misplaced.values()
    objects = {path: entry for path, entry in added.items() if path not in misplaced}
    sizes = _sizes(registry.root, objects)
    for path, size in sizes.items():
        if size > settings.file_limit:
            yield _too_large(path, "has", size, "files of up to", settings.file_limit, "file")
    if objects:
        before = git.list_sizes(registry.root, start, STORE)
        total = sum(before.values()) - sum(before.get(path, 0) for path in gone) + sum(sizes.values())
        if total > settings.store_limit:
            yield _too_large(STORE, "would grow to", total, "up to", settings.store_limit, "store")
            return
    fitting = {path: objects[path] for path, size in sizes.items() if size <= settings.file_limit}
    names = find_names(registry, snapshot, {_address(path) for path in fitting})
    for path in fitting:
        if _address(path) not in names:
            message = "is named by no record, no dvc.lock, no .dvc file and no list of a folder; git rm it"
            yield Finding(path=path, message=message, rule="R8")
    wanted = {path: entry for path, entry in fitting.items() if _address(path) in names}
    known = set(snapshot.facts)
    for path, content in _contents(registry.root, wanted, sizes):
        yield from _check_bytes(path, content, names[_address(path)], known, settings)


def _misplaced(path: str, entry: git.Entry) -> Finding | None:
    """Return what is wrong with the place or the mode of an object."""
    if _OBJECT.match(path) is None:
        message = "has no place in the store, which holds objects at files/md5/ab/cdef… alone; git rm it"
    elif entry.mode in git.NO_FILES:
        message = f"is {git.NO_FILES[entry.mode]} where an object belongs; git rm it"
    elif entry.mode != _PLAIN:
        message = "can be executed, and objects are plain files; git update-index --chmod=-x it"
    else:
        return None
    return Finding(path=path, message=message, rule="R8")


def _address(path: str) -> str:
    """Return what names an object: its md5, with `.dir` behind it for the list of a folder."""
    return "".join(path.split("/")[-2:])


def _too_large(path: str, verb: str, size: int, takes: str, limit: int, key: str) -> Finding:
    message = (
        f"{verb} {numbers.size(size)}, and the embedded store takes {takes} {numbers.size(limit)} "
        f"(limits.{key} in models/registry.yaml); docs/how-to/use-s3.md moves to another store"
    )
    return Finding(path=path, message=message, rule="R8")


def _sizes(root: Path, entries: Mapping[str, git.Entry]) -> dict[str, int]:
    committed = sorted({entry.oid for entry in entries.values() if entry.oid != _ON_DISK})
    known = git.blob_sizes(root, committed) if committed else {}
    return {
        path: os.lstat(root / path).st_size if entry.oid == _ON_DISK else known[entry.oid]
        for path, entry in entries.items()
    }


def _contents(root: Path, entries: Mapping[str, git.Entry], sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """Yield each object with its bytes, read once; a few are in memory at a time."""
    for batch in git.in_batches({path: sizes[path] for path in entries}, _AT_ONCE):
        yield from _read_batch(root, entries, batch, sizes)


def _read_batch(
    root: Path, entries: Mapping[str, git.Entry], paths: list[str], sizes: Mapping[str, int]
) -> Iterator[tuple[str, bytes]]:
    blobs = dict(git.read_blobs(root, {entries[path].oid for path in paths} - {_ON_DISK}))
    for path in paths:
        oid = entries[path].oid
        yield path, _read_file(root / path, sizes[path]) if oid == _ON_DISK else blobs[oid]


def _check_bytes(
    path: str, content: bytes, names: Iterable[Naming], judged: set[str], settings: Settings
) -> Iterator[Finding]:
    """Yield what is wrong with the bytes of an object; what a record of the change names is looked at with it."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != _address(path).removesuffix(".dir"):
        yield Finding(path=path, message=f"has the md5 {md5}, which is not its name; git rm it", rule="R9")
    elif path.endswith(".dir"):
        yield from check_folder_list(content, path=path)
    elif not any(naming.owner in judged for naming in names):
        for name in sorted({naming.name for naming in names}):
            yield from check_named(content, name, path=path, trusted=settings.trusted_names)


# -- what goes -------------------------------------------------------------------------------------------------------


def _check_gone(registry: ClonedRegistry, start: str, gone: Iterable[str], snapshot: Snapshot) -> Iterator[Finding]:
    addresses = {path: _address(path) for path in sorted(gone) if _OBJECT.match(path)}
    names = find_names(registry, snapshot, set(addresses.values())) if addresses else {}
    for path, address in addresses.items():
        if address in names:
            owner = min(naming.owner for naming in names[address])
            message = f"was deleted, and {owner} needs it; git restore --source={start[:10]} -- {path}"
            yield Finding(path=path, message=message, rule="R9")
