"""Stored files as a site needs them: proved bytes from the embedded store, and from a remote only when told to."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from mintmark.registry import git
from mintmark.registry.stored.remotes import object_paths
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import ObjectError, open_plain_file, verified
from mintmark.registry.tree import WorkTree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.core.records import StoredFile
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.git import Entry

PUBLISHED_BYTES = 400 * 1000**2  # of a site's 1 GB; a larger store shows only what channels point to


# What a browser would run, or show as a page, at the address of the site.
_ACTIVE = re.compile(r"\.(x?html?|xht|shtml|svgz?|xml|xslt?|m?js|css|pdf|swf|wasm)(\.bin)*\Z", re.IGNORECASE)


def published_name(name: str) -> str:
    """Return the name under which a site carries a stored file: one that no browser takes for a page or a script."""
    return f"{name}.bin" if _ACTIVE.search(name) else name


@dataclass(frozen=True, slots=True)
class EmbeddedFiles:
    """The objects of the embedded store at one tree by path; empty where the default remote lies elsewhere.

    `size` is what all of them take, in bytes; `on_disk` says that the work tree is read, and not a commit. `remote` is
    where else to look for what is only drawn from. `missed` takes what was looked for everywhere and not found.
    """

    root: Path
    folder: str
    objects: Mapping[str, Entry]
    size: int
    on_disk: bool
    remote: Store | None = None
    missed: list[StoredFile] = field(default_factory=list, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether no file can be read at all."""
        return not self.objects and self.remote is None

    @property
    def is_embedded(self) -> bool:
        """Whether the files should be here: the default remote is the embedded store."""
        return bool(self.folder)

    def read(self, file: StoredFile) -> bytes | None:
        """Return the bytes of a stored file when they are here and are what the record says, None otherwise."""
        path = next((path for path in self._paths(file) if path in self.objects), None)
        if path is None or file.size > PUBLISHED_BYTES:
            return None
        try:
            with self._open(path) as stream:
                return b"".join(verified(stream, file, md5=False))
        except (ObjectError, OSError):
            return None

    def read_anywhere(self, file: StoredFile) -> bytes | None:
        """Return the bytes of a stored file from here or from the remote, None where neither has them."""
        content = self.read(file)
        if content is None and self.remote is not None:
            with suppress(ObjectError, OSError):
                content = self.remote.fetch(file).read_bytes()
        if content is None:
            self.missed.append(file)
        return content

    def _open(self, path: str) -> IO[bytes]:
        if self.on_disk:
            return open_plain_file(self.root / path)
        return io.BytesIO(git.run_git("cat-file", "blob", self.objects[path].oid, cwd=self.root))

    def _paths(self, file: StoredFile) -> list[str]:
        try:
            return [f"{self.folder}/{path}" for path in object_paths(file.md5)]
        except ObjectError:
            return []


def embedded_files(registry: ClonedRegistry, *, fetch: bool = False) -> EmbeddedFiles:
    """Return what the embedded store of a registry holds in its tree; with `fetch`, the remotes are asked as well."""
    remote = Store(registry.root, revision=registry.commit, config=registry.dvc_config) if fetch else None
    default = registry.dvc_config.default
    folder = default.embedded_in(registry.root) if default else None
    if not folder:
        return EmbeddedFiles(registry.root, "", {}, size=0, on_disk=False, remote=remote)
    tree = registry.tree
    plain = {path: entry for path, entry in tree.entries(folder).items() if entry.mode not in git.NO_FILES}
    revision = tree.head if isinstance(tree, WorkTree) else registry.commit
    sizes = git.list_sizes(registry.root, revision, folder) if revision else {}
    size = sum(sizes.get(path, 0) for path in plain)
    return EmbeddedFiles(registry.root, folder, plain, size=size, on_disk=isinstance(tree, WorkTree), remote=remote)


def store_address(registry: ClonedRegistry) -> str | None:
    """Return the address of the default remote if others can read from it, without any password in it."""
    from urllib.parse import urlsplit

    default = registry.dvc_config.default
    if default is None or default.folder is not None:
        return None
    try:
        parts = urlsplit(default.url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
