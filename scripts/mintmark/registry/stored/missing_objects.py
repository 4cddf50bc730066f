"""Which objects a folder remote lacks, or holds in another size. Reads names and sizes, no bytes."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.registry.dvc import read_config
from mintmark.registry.stored.remotes import object_paths
from mintmark.registry.stored.streams import ObjectError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mintmark.core.records import StoredFile


class ObjectSizes:
    """The sizes of the objects in folder remotes, kept for several questions.

    It looks at names and sizes only; `Store.check` reads the bytes. With a revision, the embedded store is the one of
    that commit. Other remotes are not asked.
    """

    def __init__(self, root: Path, revision: str | None) -> None:
        self._root, self._revision = root, revision
        config = read_config(root)
        default = config.default if config.default is not None and config.default.folder is not None else None
        self._folders = [remote.folder for remote in config.remotes if remote.folder is not None] if default else []
        self._embedded = default.embedded_in(root) if default is not None else None

    def faults(self, files: Iterable[StoredFile]) -> dict[str, str]:
        """Return, by md5, what is wrong with those objects that are missing or of another size; nothing of the rest."""
        if not self._folders:
            return {}
        distinct = {file.md5: file for file in files}.values()
        if self._embedded and self._revision is not None:
            return _missing_in_commit(self._committed, self._embedded, distinct)
        faults = {file.md5: fault for file in distinct if (fault := _object_fault(self._folders, file))}
        if not faults or self._embedded is None:
            return faults
        return {md5: fault for md5, fault in faults.items() if _place(self._embedded, md5) not in self._skipped}

    @cached_property
    def _committed(self) -> Mapping[str, int]:
        from mintmark.registry import git

        assert self._revision is not None
        assert self._embedded is not None
        return git.list_sizes(self._root, self._revision, self._embedded)

    @cached_property
    def _skipped(self) -> Collection[str]:
        from mintmark.registry.repository.skipped import skipped_files

        return skipped_files(self._root)


def _place(store: str, md5: str) -> str:
    return f"{store}/files/md5/{md5[:2]}/{md5[2:]}"


def _missing_in_commit(sizes: Mapping[str, int], store: str, files: Iterable[StoredFile]) -> dict[str, str]:
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
