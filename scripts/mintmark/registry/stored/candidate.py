"""The files of a candidate: what dvc.lock says of them, and where their bytes are on this machine. Runs nothing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.records import StoredFile
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.documents import parse_document
from mintmark.registry.dvc import read_config
from mintmark.registry.files import parse_json
from mintmark.registry.pipeline import LOCK, making_stage, parse_lock
from mintmark.registry.stored.remotes import object_paths
from mintmark.registry.stored.streams import open_plain_file
from mintmark.registry.yaml.text import YamlFault

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.registry.pipeline import LockedFile
    from mintmark.registry.reading import Registry

_WANTED: Final = {"data.json": "lineage", "signature.json": "inputs"}


def candidate_files(registry: Registry, model: str) -> dict[str, LockedFile]:
    """Return the single files that the pipeline made for a model by name, as dvc.lock has them in this tree.

    Raises `MintmarkError` when the pipeline never made any.
    """
    content = registry.tree.read(LOCK)
    folder = f"models/{model}/candidate/"
    stages = parse_lock(content).values() if content is not None else ()
    found = {
        out.path.removeprefix(folder): out
        for stage in stages
        for out in stage.outs
        if out.path.startswith(folder) and out.md5 and not out.md5.endswith(".dir")
    }
    if not found:
        registry.model(model)  # an unknown model is the more telling fault
        raise MintmarkError(f"{model} has no candidate in {registry.tree.label}; dvc repro makes one")
    return found


def candidate_remedy(registry: Registry, model: str) -> str:
    """Return the command that makes a model's candidate, by the stage that dvc.lock says makes it."""
    content = registry.tree.read(LOCK)
    stage = making_stage(parse_lock(content), model) if content is not None else ""
    return f"dvc repro {stage}".rstrip()


def candidate_artifact(files: dict[str, LockedFile], model: str) -> LockedFile:
    """Return the model itself among the files of a candidate: the one called model.skops, model.onnx, ..."""
    artifacts = [file for name, file in sorted(files.items()) if name.startswith("model.")]
    if not artifacts:
        raise MintmarkError(f"{LOCK} names no models/{model}/candidate/model.*; name it under outs in dvc.yaml")
    return artifacts[0]


def parse_candidate(content: bytes, path: str) -> Any:
    """Return a JSON file of a candidate as data; raise `InvalidRegistryError` where it is not what its name says.

    metrics.json is held against its schema; the others may have any field besides those that a record is made from.
    """
    if path.endswith(layout.METRICS_RECORD):
        document = parse_document("metrics", content, path)
        if document.data is None:
            raise InvalidRegistryError(document.findings)
        return dict(document.data)
    try:
        data = parse_json(content)
    except YamlFault as fault:
        finding = Finding(path=path, message=fault.message, line=fault.line, column=fault.column)
        raise InvalidRegistryError([finding]) from None
    wanted = _WANTED.get(path.rpartition("/")[2])
    if wanted is not None and (not isinstance(data, dict) or wanted not in data):
        message = f'has no "{wanted}"; docs/reference/pipeline.md shows what belongs in it'
        raise InvalidRegistryError([Finding(path=path, message=message)])
    return data


def locate_candidate(registry: Registry, file: LockedFile) -> tuple[StoredFile, Path]:
    """Return a file of a candidate with its digests, and a path that holds its bytes.

    It is looked for in the work tree, DVC's cache and the remotes on this machine; bytes other than those of dvc.lock
    do not count. Raises `MintmarkError` when nowhere has them.
    """
    config = read_config(registry.root)
    folders = [config.cache, *(remote.folder for remote in config.remotes if remote.folder is not None)]
    places = [folder / path for folder in folders for path in object_paths(file.md5 or "")]
    for place in (registry.root / file.path, *places):
        try:
            size, sha256 = _digest(place, file.md5 or "")
        except OSError:
            continue
        if sha256:
            name = file.path.rpartition("/")[2]
            return StoredFile(name=name, md5=file.md5 or "", sha256=sha256, size=size), place
    raise MintmarkError(
        f"{file.path}: the bytes that {LOCK} names are neither in the work tree nor in DVC's cache; "
        f"dvc checkout {file.path} or dvc repro brings them back"
    )


def _digest(path: Path, md5: str) -> tuple[int, str]:
    """Return a file's size and sha256; an empty sha256 when its md5 is another."""
    with open_plain_file(path.resolve()) as stream:  # DVC may link the work tree to its cache
        if hashlib.file_digest(stream, "md5").hexdigest() != md5:
            return 0, ""
        stream.seek(0)
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return stream.tell(), sha256
