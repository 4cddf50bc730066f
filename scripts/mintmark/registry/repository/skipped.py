"""What a repository keeps off the disk: a sparse checkout some of its files, a bare repository all. Changes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mintmark.registry import git
from mintmark.registry.repository.git_settings import around, git_folders

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = 8  # of an index: its name and the version of its format
_WITH_FLAGS = 3  # the first version that can tell a skipped file


def is_bare(root: Path) -> bool:
    """Whether a repository has no work tree."""
    top = around(os.path.realpath(root))
    return not os.path.exists(os.path.join(top, ".git"))


def looks_bare(folder: Path) -> bool:
    """Whether a folder is a bare repository, as Git tells it; the `.git` of a work tree is none."""
    if folder.name == ".git" or not (folder / "HEAD").is_file():
        return False
    return (folder / "objects").is_dir() and (folder / "refs").is_dir()


def skipped_files(root: Path) -> dict[str, git.Entry]:
    """Return the files that a sparse checkout leaves out of the work tree, as the index has them.

    Git is started only where there may be any.
    """
    if is_bare(root) or not _may_skip(git_folders(os.path.realpath(root))[0]):
        return {}
    output = git.run_git("ls-files", "-t", "-s", "-z", cwd=root).decode("utf-8", "surrogateescape")
    skipped = {}
    for line in output.split("\0")[:-1]:
        meta, _, path = line.partition("\t")  # S 100644 4b825dc6... 0
        mark, mode, oid, _ = meta.split(" ")
        if mark == "S" and not os.path.lexists(os.path.join(root, path)):
            skipped[path] = git.Entry(mode, oid)
    return skipped


def _may_skip(git_folder: str) -> bool:
    if os.path.exists(os.path.join(git_folder, "info", "sparse-checkout")):
        return True
    try:
        with open(os.path.join(git_folder, "index"), "rb") as index:
            return int.from_bytes(index.read(_HEADER)[4:]) >= _WITH_FLAGS
    except OSError:
        return False


def read_off_disk(root: Path, path: str) -> bytes | None:
    """Return a file that the repository keeps off the disk, None where it has none of that path."""
    if is_bare(root):
        head = git.head_commit(root) if looks_bare(root) else None
        entries = git.list_tree(root, head, path) if head is not None else {}
    else:
        entries = skipped_files(root)
    entry = entries.get(path)
    if entry is None or entry.mode in git.NO_FILES:
        return None
    return dict(git.read_blobs(root, [entry.oid]))[entry.oid]
