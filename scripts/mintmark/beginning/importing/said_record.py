"""The files of a version that comes without evaluation rows: what others said of it. Writes nothing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.digest import digest_bytes
from mintmark.core import layout
from mintmark.core.records import NOT_SAID, StoredFile, format_pointer
from mintmark.core.statistics.metric_names import metric_names
from mintmark.errors import InvalidRegistryError
from mintmark.registry.documents import parse_document
from mintmark.registry.files import format_json, format_yaml
from mintmark.registry.schemas import accepts
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.beginning.importing.found import FoundVersion, Source
    from mintmark.core.question import Task

IMPORTED: Final = "imported"  # the key of `extra` that says where a version came from
_SCHEMA: Final = "../../../../schemas/version.schema.json"


def imported(source: Source, version: FoundVersion, **more: Any) -> dict[str, Any]:
    """Return what `extra` of a record keeps of where a version came from."""
    told = {"from": source.system, "address": source.address, "model": source.model, **version.extra, **more}
    return {IMPORTED: told}


def is_of(extra: Any, source: Source, version: FoundVersion) -> bool:
    """Whether the `extra` of a record says that it is this very version of that registry."""
    told = extra.get(IMPORTED) if isinstance(extra, dict) else None
    if not isinstance(told, dict):
        return False
    known = version.extra
    wanted = {"from": source.system, "model": known.get("model", source.model), "version": known.get("version")}
    return {key: told.get(key) for key in wanted} == wanted


def summary(source: Source, version: FoundVersion) -> str:
    """Return what a reviewer reads first: which version it was, and what was said of it there."""
    when = f", of {version.created} as it says" if version.created else ""
    what = version.title or f"Version {version.name} of {source.model} in {source.system}"
    head = f"{what}{when}."
    return f"{head}\n\n{version.description}".strip()


def said_files(
    source: Source,
    version: FoundVersion,
    model: str,
    artifact: bytes,
    *,
    form: str,
    task: Task,
    parent: str | None,
    created: str,
    author: str,
    extra: Mapping[str, Any],
) -> tuple[StoredFile, dict[str, bytes]]:
    """Return the artifact as a stored file, and the files of the version's folder by path.

    Raises `InvalidRegistryError` where the record would break its schema.
    """
    assert version.made is not None
    digests = digest_bytes(artifact)
    file = StoredFile(name=f"model.{form}", md5=digests.md5, sha256=digests.sha256, size=len(artifact))
    known = set(metric_names(task))
    metrics = {name: {"value": value} for name, value in sorted(version.metrics.items()) if name in known}
    pinned = version.made.requirements
    record: dict[str, Any] = {
        "schema": 1,
        "model": model,
        "version": version.number,
        "parent": parent,
        "created": created,
        "author": author,
        "summary": summary(source, version),
        "artifact": {"path": file.name, "format": form, **file.to_dict()},
        "files": {},
        "signature": dict(version.made.signature or {"inputs": {}, "outputs": {}}),
        "parameters": {},
        "metrics": metrics,
        "data": [],
        "stages": {
            f"import-{model}": {
                "cmd": ["mintmark", "import", source.system, source.address, source.model],
                "deps": {f"data/{model}/{file.name}": f"md5:{file.md5}"},
            }
        },
        "environment": {
            "python": version.made.python or NOT_SAID,
            "platform": NOT_SAID,
            "packages": dict(version.made.packages),
            "lock": f"sha256:{hashlib.sha256(pinned).hexdigest()}" if pinned else NOT_SAID,
        },
        "extra": dict(extra),
    }
    text = format_yaml(record, schema=_SCHEMA).encode()
    path = layout.version_path(model, version.number)
    if not accepts("version", parse_yaml(text)):
        raise InvalidRegistryError(parse_document("version", text, path).findings)
    told = {"schema": 1, "task": task, "said_by": source.system, "metrics": metrics, "slices": {}}
    return file, {
        path: text,
        layout.metrics_path(model, version.number): format_json(told).encode(),
        layout.pointer_path(model, version.number, file.name): format_pointer(file).encode(),
    }
