"""Write the bytes of stored files to the default remote: all of them, or none where it is a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError
from mintmark.registry.dvc import Remote, read_config
from mintmark.registry.stored.remotes import object_paths, push_through_dvc
from mintmark.registry.stored.streams import ObjectMissingError, WrongBytesError, holds, receive, verified

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.records import StoredFile

_READ_ONLY = 0o444  # what DVC gives its objects; one with another mode is hashed again by every DVC command


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
