"""The limits of the embedded store, and the way out of it past them. Reads sizes only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core.words import numbers
from mintmark.errors import MintmarkError
from mintmark.registry.dvc import Remote, read_config
from mintmark.registry.stored.remotes import object_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mintmark.core.records import StoredFile
    from mintmark.core.settings import Settings


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
