"""Which objects a folder remote lacks, or holds in another size. Reads names and sizes, no bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.registry.dvc import read_config
from mintmark.registry.stored.remotes import object_paths
from mintmark.registry.stored.streams import ObjectError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.records import StoredFile


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
    faults = {file.md5: fault for file in distinct if (fault := _object_fault(folders, file))}
    store = config.default.embedded_in(root)
    if faults and store is not None:
        from mintmark.registry.repository.skipped import skipped_files

        skipped = skipped_files(root)
        return {md5: fault for md5, fault in faults.items() if _place(store, md5) not in skipped}
    return faults


def _place(store: str, md5: str) -> str:
    return f"{store}/files/md5/{md5[:2]}/{md5[2:]}"


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
