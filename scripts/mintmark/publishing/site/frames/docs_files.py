"""The files of docs/ that the site's pages are built from, and those whose names no page can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.finding import Finding
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.tree import WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mintmark.registry.clone import ClonedRegistry

_DOCS = "docs"


def misnamed_docs(docs: Iterable[str]) -> Iterator[Finding]:
    """Yield a fault for each file of docs/ whose name no page can have."""
    for path in sorted(docs):
        if not path.isprintable():
            yield Finding(path=_DOCS, message=f"{path!r} is no name that a page can have; rename it")


def docs_files(registry: ClonedRegistry) -> dict[str, bytes]:
    """Return the files of docs/ by their path in it."""
    tree = registry.tree
    if isinstance(tree, WorkTree):
        folder = registry.root / _DOCS
        if folder.is_symlink():
            raise MintmarkError(f"{_DOCS}: is a symbolic link where a folder belongs")
        found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    entries = tree.entries(_DOCS)
    plain = {path: entry.oid for path, entry in entries.items() if entry.mode not in git.NO_FILES}
    contents = dict(git.read_blobs(registry.root, set(plain.values())))
    return {path.removeprefix(f"{_DOCS}/"): contents[oid] for path, oid in plain.items()}
