"""Data that stages read and DVC keeps: which it is at a commit, and its bytes into a cache. Lays nothing out.

A pointer may come from a proposal, and DVC writes to whatever place a pointer names. So DVC is given pointers of our
own here, which hold a digest and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import shutil
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.core.layout import POINTER_SUFFIX, locate
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.judging.reproducing.path_set import PathMap
from mintmark.registry import git
from mintmark.registry.dvc import run_dvc
from mintmark.registry.files import format_yaml
from mintmark.registry.stored.remotes import dvc_project, object_paths
from mintmark.registry.stored.streams import WrongBytesError, open_plain_file, receive
from mintmark.registry.tree import GitTree
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mintmark.registry.dvc import Remote

_MD5 = re.compile(r"([0-9a-f]{32})(\.dir)?\Z")
_DIGITS = 32
_BLOCK = 1 << 18
_READ_ONLY = 0o444  # what DVC gives its objects; it takes the word of one with this mode


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file or folder (its md5 has `.dir` behind it) that the `.dvc` file `pointer` stands for.

    `kind` is how the md5 was taken: `md5`, None for that of DVC 2.
    """

    path: str
    pointer: str
    md5: str
    kind: str | None

    def to_dict(self, name: str) -> dict[str, Any]:
        """Return the output that a pointer to the same bytes has, under another name."""
        return {"md5": self.md5, **({"hash": self.kind} if self.kind else {}), "path": name}


def source_files(root: Path, commit: str, paths: Iterable[str]) -> list[SourceFile]:
    """Return what DVC keeps of `paths` at a commit: they themselves, folders around them, and files in them.

    Raises `InvalidRegistryError` for a `.dvc` file beside them that cannot be read.
    """
    wanted = PathMap((path, path) for path in paths)
    pointers = [path for path in git.list_tree(root, commit) if _may_stand_for(path, wanted)]
    found = [file for path, text in GitTree(root, commit).read_many(pointers).items() for file in _parse(path, text)]
    return [file for file in found if wanted.touching(file.path)]


def _may_stand_for(pointer: str, wanted: PathMap[str]) -> bool:
    """Whether a path is that of a `.dvc` file beside, above or below something wanted, and no version's."""
    if not pointer.endswith(POINTER_SUFFIX) or locate(pointer).kind == "pointer":
        return False
    return bool(wanted.touching(posixpath.dirname(pointer)))


def _parse(pointer: str, text: bytes) -> Iterator[SourceFile]:
    try:
        data = parse_yaml(text)
        folder = posixpath.join(posixpath.dirname(pointer), data.get("wdir") or ".")
        for out in data.get("outs") or ():
            path = posixpath.normpath(posixpath.join(folder, out["path"]))
            if isinstance(out.get("md5"), str) and _MD5.match(out["md5"]):
                kind = "md5" if out.get("hash") == "md5" else None
                yield SourceFile(path=path, pointer=pointer, md5=out["md5"], kind=kind)
    except (AttributeError, KeyError, TypeError, YamlFault) as fault:
        message = f"cannot be read as what dvc add writes ({fault}); dvc add writes it again"
        raise InvalidRegistryError([Finding(path=pointer, message=message)]) from None


def fetch_sources(files: Sequence[SourceFile], remotes: Iterable[Remote], cache: Path) -> None:
    """Get the bytes of files from the first remote that has them into `cache`, which becomes a DVC cache.

    Raises `MintmarkError` where no remote has them all. Every object is compared with its digest.
    """
    missing, faults = list(files), list[str]()
    for remote in remotes:
        if missing and remote.folder is not None:
            faults += [said for file in missing if (said := _copy(file, remote.folder, cache))]
        elif missing:
            faults += _fetch_through_dvc(missing, remote, cache)
        missing = [file for file in missing if not _is_held(file, cache)]
    if missing:
        file = missing[0]
        why = f" ({faults[0]})" if faults else ""
        raise MintmarkError(
            f"{file.path}: no remote has the bytes that {file.pointer} names{why}; dvc push {file.pointer} "
            "from where they are"
        )


def _copy(file: SourceFile, folder: Path, cache: Path) -> str | None:
    """Copy a file, or a folder's files, out of a folder remote; return what is wrong with an object that is there.

    DVC itself would delete a damaged object from the remote, and the remote is not ours to change.
    """
    digest, suffix = file.md5[:_DIGITS], file.md5[_DIGITS:]
    for place in object_paths(digest):
        try:
            with open_plain_file(folder / f"{place}{suffix}") as stream:
                receive(_verified(stream, file), cache / f"{place}{suffix}", mode=_READ_ONLY, durable=False)
        except FileNotFoundError:
            continue
        except OSError as fault:
            return f"the object {place} cannot be read: {fault.strerror}"
        except WrongBytesError as fault:
            return str(fault)
        inner = _listed(file, cache / f"{place}{suffix}") if suffix else ()
        return next((said for entry in inner if (said := _copy(entry, folder, cache))), None)
    return None


def _verified(stream: IO[bytes], file: SourceFile) -> Iterator[bytes]:
    md5 = hashlib.md5(usedforsecurity=False)
    while block := stream.read(_BLOCK):
        md5.update(block)
        yield block
    if file.kind == "md5" and md5.hexdigest() != file.md5[:_DIGITS]:  # DVC 2 took the md5 of other line ends
        raise WrongBytesError(f"the object {object_paths(file.md5[:_DIGITS])[0]} of {file.path} holds other bytes")


def _fetch_through_dvc(files: Sequence[SourceFile], remote: Remote, cache: Path) -> Iterator[str]:
    """Have DVC fetch what a remote has of files; yield what DVC complains of."""
    checked = replace(remote, options={**remote.options, "verify": "true"})
    with dvc_project(checked, cache.parent) as project:
        names = [f"object-{number}" for number in range(len(files))]
        for name, file in zip(names, files, strict=True):
            (project / f"{name}{POINTER_SUFFIX}").write_text(format_yaml({"outs": [file.to_dict(name)]}), "utf-8")
        try:
            run_dvc("fetch", *(f"{name}{POINTER_SUFFIX}" for name in names), cwd=project)
        except MintmarkError as error:
            yield f"the remote {remote.name}: {error}"
        if (project / "cache").is_dir():
            shutil.copytree(project / "cache", cache, dirs_exist_ok=True, copy_function=os.replace)


def _is_held(file: SourceFile, cache: Path) -> bool:
    """Whether a cache has a file; of a folder, whether it has every file in it."""
    digest, suffix = file.md5[:_DIGITS], file.md5[_DIGITS:]
    for place in object_paths(digest):
        found = cache / f"{place}{suffix}"
        if found.is_file():
            return not suffix or all(_is_held(inner, cache) for inner in _listed(file, found))
    return False


def _listed(folder: SourceFile, listing: Path) -> list[SourceFile]:
    """Return the files of a folder, from the list that DVC keeps of it: `[{"md5": …, "relpath": …}, …]`."""
    try:
        entries = [(entry["relpath"], entry["md5"]) for entry in json.loads(listing.read_bytes())]
        files = [replace(folder, path=f"{folder.path}/{name}", md5=md5) for name, md5 in entries if _MD5.match(md5)]
    except (KeyError, OSError, RecursionError, TypeError, ValueError):
        files, entries = [], [("", "")]
    if len(files) != len(entries) or any(len(file.md5) != _DIGITS for file in files):
        raise MintmarkError(f"{folder.path}: DVC's list of that folder cannot be read; dvc add makes it again")
    return files
