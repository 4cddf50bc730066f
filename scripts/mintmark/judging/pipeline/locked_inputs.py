"""What dvc.lock says that stages read, against the files of the head. Asks neither DVC nor its dvc.yaml."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.digest import digest_bytes
from mintmark.judging.pipeline.head_files import Digests
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mintmark.judging.pipeline.head_files import HeadFiles
    from mintmark.registry.pipeline import LockedFile, LockedStage

_FOLDER = ".dir"
_NOTHING = object()


def pointers_to(path: str) -> list[str]:
    """Return where the `.dvc` file of a path may be: beside it, and beside each folder that it lies in."""
    return [f"{place}.dvc" for place in (PurePosixPath(path), *PurePosixPath(path).parents) if place.name]


def sources(stages: Mapping[str, LockedStage]) -> list[tuple[str, LockedFile]]:
    """Return what stages read and none of them made, with the name of the stage."""
    made = {out.path for stage in stages.values() for out in stage.outs}
    return [(name, dep) for name, stage in sorted(stages.items()) for dep in stage.deps if dep.path not in made]


def unlike_head(stages: Mapping[str, LockedStage], head: HeadFiles) -> Iterator[tuple[str, str]]:
    """Yield stages of dvc.lock that read other content than the head has, each with what differs."""
    made = {out.path for stage in stages.values() for out in stage.outs}
    read = sources(stages)
    digests = head.digest({file for _, dep in read for file in _files_of(dep, head)})
    known: dict[LockedFile, str | None] = {}
    for name, dep in read:
        if dep not in known:
            known[dep] = _content_fault(dep, head, digests) if _files_of(dep, head) else _pointer_fault(dep, head)
        if known[dep]:
            yield name, f"{dep.path} {known[dep]}"
    values: dict[str, Any] = {}
    for name, stage in sorted(stages.items()):
        for path, locked in stage.params.items():
            if path not in made:
                yield from ((name, f"{path}: {fault}") for fault in _unlike_values(path, locked, head, values))


def _files_of(dep: LockedFile, head: HeadFiles) -> list[str]:
    """Return the file itself where it is one, else those in the folder."""
    return [dep.path] if dep.path in head else head.below(dep.path)


def _content_fault(dep: LockedFile, head: HeadFiles, digests: Mapping[str, Digests | None]) -> str | None:
    if dep.path in head:
        found = digests[dep.path]
        if found is None:
            return "is too large to be compared; dvc add it"
        sizes = [size for md5, size in found if md5 == dep.md5]
        if not sizes:
            return "is modified"
        return None if dep.size in sizes else f"has {sizes[0]} bytes, and dvc.lock says {dep.size}"
    folder = dep.path.rstrip("/") + "/"
    inside: dict[str, Digests] = {}
    for path in head.below(dep.path):
        found = digests[path]
        if found is None:
            return f"holds {path}, which is too large to be compared; dvc add it"
        inside[path.removeprefix(folder)] = found
    return None if dep.md5 in {_folder_md5(files) for files in _each_kind(inside)} else "is modified"


def _each_kind(files: Mapping[str, Digests]) -> Iterator[dict[str, str]]:
    """Yield the md5 of each file: as they are, then with either kind of line ends."""
    for number in range(len(Digests._fields)):
        yield {path: digests[number][0] for path, digests in files.items()}


def _folder_md5(files: Mapping[str, str]) -> str:
    """Return the hash of a folder as DVC makes it: the md5 of a listing in JSON, sorted by path."""
    listing = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    return digest_bytes(json.dumps(listing, sort_keys=True).encode()).md5 + _FOLDER


def _pointer_fault(dep: LockedFile, head: HeadFiles) -> str | None:
    """What the head does not hold itself is behind a `.dvc` pointer that says the same."""
    found = [path for path in pointers_to(dep.path) if path in head]
    if not found:
        return "is read by the pipeline and is not in the repository; commit it, or dvc add it"
    if found[0] != f"{dep.path.rstrip('/')}.dvc":
        return None  # a folder around it is kept by DVC as a whole
    if _pointed(found[0], head) == dep.md5:
        return None
    return f"has another md5 ({dep.hash}) than {found[0]} points to"


def _pointed(pointer: str, head: HeadFiles) -> Any:
    """Return the md5 that a pointer has of the one file that it is named after; None where it names others."""
    try:
        (out,) = parse_yaml(head.content(pointer))["outs"]
        named = PurePosixPath(str(out.get("path"))).name == PurePosixPath(pointer).name.removesuffix(".dvc")
        return out.get("md5") if named else None
    except (AttributeError, KeyError, TypeError, ValueError, YamlFault):
        return None


def _unlike_values(path: str, locked: Mapping[str, Any], head: HeadFiles, known: dict[str, Any]) -> Iterable[str]:
    """Return which parameters have another value in a file than dvc.lock says, or are not in it."""
    if path not in head:
        return ["is not in the repository, and parameters are taken from it; commit it"]
    try:
        if path not in known:
            known[path] = head.values(path)
    except YamlFault as fault:
        return [fault.message]
    return [f"{key} is modified" for key, value in locked.items() if _look_up(known[path], str(key)) != value]


def _look_up(data: Any, key: str) -> Any:
    """Return the value at `models.iris.C`, as DVC finds it; a part may be the position in a list."""
    if isinstance(data, dict) and key in data:
        return data[key]
    for part in key.split("."):
        if isinstance(data, dict):
            data = data.get(part, _NOTHING)
        elif isinstance(data, list) and part.isdecimal() and len(part) < 10 and int(part) < len(data):
            data = data[int(part)]
        else:
            return _NOTHING
    return data
