"""The files of the head that a pipeline names, listed by one question to Git. Judges nothing."""

from __future__ import annotations

import tomllib
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.artifacts.digest import digest_bytes
from mintmark.core.layout import folders_around
from mintmark.registry import git
from mintmark.registry.files import line_ends
from mintmark.registry.yaml.text import MAX_BYTES, YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mintmark.registry.clone import ClonedRegistry

LARGEST: Final = 64 << 20  # bytes of a file that is read to compare it
_YAML, _TOML = (".yaml", ".yml", ".json"), ".toml"
_AT_ONCE = 8
_MOST_FOLDERS = 1_000  # to name to Git; above, it lists everything


class Digests(NamedTuple):
    """The md5 and the size of a file as it is, and with the line ends of Unix and of Windows.

    Line ends do not count: before DVC 3, and where a work tree has those of Windows.
    """

    plain: tuple[str, int]
    unix: tuple[str, int]
    windows: tuple[str, int]


class HeadFiles:
    """The plain files of the head at, above and below the paths that a pipeline names."""

    def __init__(self, head: ClonedRegistry, paths: Iterable[str]) -> None:
        self._root = head.root
        tops = {_top(path) for path in paths}
        wanted = [f":(literal){top}" for top in sorted(tops)] if len(tops) <= _MOST_FOLDERS else []
        found = git.list_tree(head.root, head.revision, *wanted) if tops else {}
        self._oids = {path: entry.oid for path, entry in found.items() if entry.mode not in git.NO_FILES}
        self._digests: dict[str, Digests | None] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._oids

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        """The files below each folder that holds any."""
        below: dict[str, list[str]] = {}
        for path in self._oids:
            for folder in folders_around(path):
                below.setdefault(folder, []).append(path)
        return below

    def below(self, folder: str) -> list[str]:
        """Return the files in a folder and in those below it."""
        return self._children.get(folder.rstrip("/"), [])

    def digest(self, paths: Collection[str]) -> dict[str, Digests | None]:
        """Return the digests of files that are there; of one that is too large to be read here, None."""
        wanted = sorted({self._oids[path] for path in paths} - self._digests.keys())
        for start in range(0, len(wanted), _AT_ONCE):
            for oid, content in git.read_blobs(self._root, wanted[start : start + _AT_ONCE], limit=LARGEST):
                self._digests[oid] = _digests(content) if len(content) <= LARGEST else None
        return {path: self._digests[self._oids[path]] for path in paths}

    def content(self, path: str) -> bytes:
        """Return the bytes of a small file, cut just past the size that a YAML file may have."""
        ((_, content),) = git.read_blobs(self._root, [self._oids[path]], limit=MAX_BYTES)
        return content

    def values(self, path: str) -> Any:
        """Return what a file of parameters or variables holds; raise `YamlFault` for one that says nothing."""
        if not path.endswith((*_YAML, _TOML)):
            raise YamlFault("is read by no judge; keep parameters in YAML, JSON or TOML")
        content = self.content(path)
        if not path.endswith(_TOML) or len(content) > MAX_BYTES:
            return parse_yaml(content, number_keys=True)  # which says that it is too large
        try:
            return tomllib.loads(content.decode())
        except (ValueError, RecursionError) as fault:
            raise YamlFault(f"is no TOML: {fault}") from None


def _top(path: str) -> str:
    """Return the folder to list for a path: the topmost, below `models/` that of the model."""
    first, _, rest = path.partition("/")
    return f"{first}/{rest.partition('/')[0]}" if first == "models" and rest else first


def _digests(content: bytes) -> Digests:
    return Digests(*((digest_bytes(text).md5, len(text)) for text in line_ends(content)))
