"""What dvc.lock says that stages read, against files that are given as bytes. Asks neither DVC nor its dvc.yaml.

`dvc status` leaves out what a stage is frozen against, and what dvc.lock names but dvc.yaml does not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.digest import digest_bytes
from mintmark.registry.files import unix_lines
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.registry.pipeline import LockedFile, LockedStage

_FOLDER = ".dir"
_READABLE = (".yaml", ".yml", ".json")
_NOTHING = object()


def unlike_lock(stages: Mapping[str, LockedStage], files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield stages of dvc.lock that read other content than `files` has, each with what differs.

    Left out is what `files` does not have, what another stage wrote, and parameters in Python or TOML.
    """
    made = {out.path for stage in stages.values() for out in stage.outs}
    for name, stage in sorted(stages.items()):
        for dep in stage.deps:
            if dep.path not in made and not _is_as_locked(dep, files):
                yield name, f"{dep.path} is modified"
        for path, values in stage.params.items():
            if path in files and path.endswith(_READABLE):
                yield from ((name, f"{path}: {key} is modified") for key in _changed(files[path], values))


def _is_as_locked(dep: LockedFile, files: Mapping[str, bytes]) -> bool:
    if dep.md5 is None:
        return True
    if dep.path in files:  # line ends do not count: before DVC 3, and where a work tree has those of Windows
        return dep.md5 in {digest_bytes(ends(files[dep.path])).md5 for ends in _LINE_ENDS}
    folder = dep.path.rstrip("/") + "/"
    inside = {path.removeprefix(folder): content for path, content in files.items() if path.startswith(folder)}
    return not inside or dep.md5 in {_folder_md5({k: ends(v) for k, v in inside.items()}) for ends in _LINE_ENDS}


def _as_it_is(content: bytes) -> bytes:
    return content


def _windows(content: bytes) -> bytes:
    return unix_lines(content).replace(b"\n", b"\r\n")


_LINE_ENDS = (_as_it_is, unix_lines, _windows)


def _folder_md5(files: Mapping[str, bytes]) -> str:
    """Return the hash of a folder as DVC makes it: the md5 of a listing in JSON, sorted by path."""
    listing = [{"md5": digest_bytes(files[path]).md5, "relpath": path} for path in sorted(files)]
    return digest_bytes(json.dumps(listing, sort_keys=True).encode()).md5 + _FOLDER


def _changed(content: bytes, locked: Mapping[str, Any]) -> list[str]:
    """Return which parameters have another value in a file than dvc.lock says, or are not in it."""
    try:
        data = parse_yaml(content)
    except YamlFault:
        return list(locked)
    return [key for key, value in locked.items() if _look_up(data, str(key)) != value]


def _look_up(data: Any, key: str) -> Any:
    """Return the value at `models.iris.C`, as DVC finds it; a part may be the position in a list."""
    if isinstance(data, dict) and key in data:
        return data[key]
    for part in key.split("."):
        if isinstance(data, dict):
            data = data.get(part, _NOTHING)
        elif isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            return _NOTHING
    return data
