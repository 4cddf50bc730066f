"""Where stored documents lie: on the branch `monitoring`, or in a folder. Lists and reads files; parses nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import Finding, one_line
from mintmark.errors import MintmarkError
from mintmark.monitoring.stored.parsing import MOST_BYTES, place_of
from mintmark.registry import git
from mintmark.registry.documents import blob_oid
from mintmark.registry.files import read_text_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

BRANCH: Final = "monitoring"
MOST_FILES: Final = 10_000  # of one model; of more, the newest
_NAMED: Final = 20  # files that are no documents, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFiles:
    """Documents that may be read: `files` has the blob id of each by path.

    They lie in a folder, or in the objects of a clone. `findings` names what is there and is none of them.
    """

    root: Path
    is_folder: bool
    label: str
    files: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def models(self) -> dict[str, StoredFiles]:
        """Return the part of each model, which holds no findings."""
        found: dict[str, dict[str, str]] = {}
        for path, oid in self.files.items():
            found.setdefault(path.partition("/")[0], {})[path] = oid
        return {name: replace(self, files=files, findings=()) for name, files in found.items()}

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Yield the path and the bytes of each document; of a large one, no more than tells that it is."""
        if self.is_folder:
            for path in self.files:
                yield path, read_text_file(self.root / path, limit=MOST_BYTES)
            return
        paths: dict[str, list[str]] = {}
        for path, oid in self.files.items():
            paths.setdefault(oid, []).append(path)
        for oid, content in git.read_blobs(self.root, paths, limit=MOST_BYTES):
            yield from ((path, content) for path in paths[oid])

    def shown(self, path: str) -> str:
        """Return how messages name a document."""
        return f"{self.label}{path}"


def find_branch(root: Path) -> str | None:
    """Return the ref of the branch: as the remote had it last, else one of this clone; None where there is none."""
    remote = git.push_remote(root) or "origin"
    for ref in (f"refs/remotes/{remote}/{BRANCH}", f"refs/heads/{BRANCH}"):
        if git.ask_git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", cwd=root) is not None:
            return ref
    return None


def branch_files(root: Path, revision: str) -> StoredFiles:
    """Return the documents of the branch at a revision."""
    found, strange = {}, []
    for path, entry in git.walk_tree(root, revision, whole=True):
        if entry.mode not in git.NO_FILES and place_of(path) is not None:
            found[path] = entry.oid
        else:
            strange.append(path)
    return _stored(StoredFiles(root=root, is_folder=False, label=f"{BRANCH}:"), found, strange)


def folder_files(folder: Path) -> StoredFiles:
    """Return the documents in a folder, as `mintmark monitor --output` writes them; raise where there is no folder."""
    if not folder.is_dir():
        raise MintmarkError(f"{folder}: there is no such folder; mintmark monitor --output DIR writes one")
    found, strange = {}, []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name).relative_to(folder).as_posix()
            whole = folder / path
            if place_of(path) is not None and not whole.is_symlink() and whole.is_file():
                found[path] = blob_oid(read_text_file(whole, limit=MOST_BYTES))
            else:
                strange.append(path)
    return _stored(StoredFiles(root=folder, is_folder=True, label=f"{folder}/"), found, strange)


def _stored(empty: StoredFiles, found: Mapping[str, str], strange: Iterable[str]) -> StoredFiles:
    findings = _strangers(empty, sorted(strange))
    by_model: dict[str, list[str]] = {}
    for path in sorted(found):
        by_model.setdefault(path.partition("/")[0], []).append(path)
    files: dict[str, str] = {}
    for model, paths in by_model.items():
        newest = sorted(paths, key=lambda path: path.rpartition("/")[2])[-MOST_FILES:]
        if len(newest) < len(paths):
            message = f"holds {len(paths):,} documents, and only the newest {MOST_FILES:,} are read"
            findings.append(Finding(path=empty.shown(model), message=message))
        files |= {path: found[path] for path in sorted(newest)}
    return replace(empty, files=files, findings=tuple(findings))


def _strangers(empty: StoredFiles, paths: list[str]) -> list[Finding]:
    """Return a finding for each file that is none of ours; of many, few by name."""
    found = [
        Finding(path=empty.shown(_written(path)), message="is no document of a window, and is not read; take it away")
        for path in paths[:_NAMED]
    ]
    if len(paths) > _NAMED:
        message = f"{len(paths) - _NAMED:,} more files there are no documents of windows, and are not read"
        found.append(Finding(path=empty.label.rstrip(":/"), message=message))
    return found


def _written(path: str) -> str:
    """Return a path as one line that any terminal shows: whoever pushed it chose its letters."""
    return one_line(path.encode("utf-8", "replace").decode())[:200]
