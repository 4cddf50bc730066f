"""One model as the site reads it: every document of it in the tree, and what is wrong with the others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.layout import locate
from mintmark.core.records import StoredFile, format_pointer, stored_files
from mintmark.core.version import is_version, latest_release, parse_version
from mintmark.registry import git
from mintmark.registry.documents import blob_oid, parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.layout import Place
    from mintmark.registry.git import Entry
    from mintmark.registry.tree import BlobReader

_READ = ("model", "version", "metrics", "channel", "status")
_IN_FOLDER = ("version", "metrics", "pointer")


@dataclass(slots=True)
class ModelSource:
    """The documents of one model by version or channel; `oids` has the blob id of each version's record.

    What cannot be read is told as well (R10): `unreadable` are versions without a record that can be read, and
    `broken_channels` what a channel points to that leads to none (None: its own file cannot be read). `findings` say
    why, with file and line. `channels` and `records` hold only what is whole.
    """

    name: str
    identity: Mapping[str, Any] = field(default_factory=dict)
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    metrics: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    oids: dict[str, str] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    broken_channels: dict[str, str | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def stored(self, version: str, name: str) -> StoredFile | None:
        """Return what the record of a version says of a stored file, None where it has none of that name."""
        entry = self.records[version]["files"].get(name)
        return StoredFile.from_dict(name, entry) if entry is not None else None

    @property
    def versions(self) -> list[str]:
        """Its versions whose record can be read, the highest first."""
        return sorted(self.records, key=lambda version: parse_version(version).order, reverse=True)

    @property
    def latest(self) -> str | None:
        """The highest version that is neither a pre-release nor yanked, whether it can be read or not."""
        known = (*self.records, *self.unreadable)
        return latest_release(version for version in known if version not in self.statuses)


def read_source(name: str, entries: Mapping[str, Entry], blobs: BlobReader) -> ModelSource:
    """Read one model from the entries of its folder; what cannot be read is told as broken, with file and line (R10).

    A model whose own model.yaml cannot be read has no identity.
    """
    source = ModelSource(name)
    paths = {path: locate(path) for path in entries}
    wanted = {path: place for path, place in paths.items() if place.kind in _READ}
    for path in [path for path in wanted if entries[path].mode in git.NO_FILES]:
        message = f"is {git.NO_FILES[entries[path].mode]} where a file belongs"
        source.findings.append(Finding(path=path, line=1, message=message))
        _note_broken(source, path)
        del wanted[path]
    contents = dict(blobs({entries[path].oid for path in wanted}))
    for path, place in wanted.items():
        document = parse_document(place.kind, contents[entries[path].oid], path)
        source.findings.extend(document.findings)
        if document.data is not None:
            _keep(source, path, document.data, entries[path].oid)
        else:
            _note_broken(source, path)
    _find_unreadable(source, paths)
    _check_parts(source, entries)
    lines = {
        path: _version_line(contents[entries[path].oid]) for path, place in wanted.items() if place.kind == "channel"
    }
    _drop_strays(source, lines)
    return source


def _version_line(content: bytes) -> int:
    """Return the line of a channel's file that says where it points."""
    found = (number for number, line in enumerate(content.splitlines(), start=1) if line.startswith(b"version"))
    return next(found, 1)


def _keep(source: ModelSource, path: str, data: Mapping[str, Any], oid: str) -> None:
    place = locate(path)
    match place.kind:
        case "model" if data["name"] == source.name:
            source.identity = data
        case "version" if (data["model"], data["version"]) == (source.name, place.name):
            source.records[place.name] = data
            source.oids[place.name] = oid
        case "model" | "version":
            message = f"says that it is {data.get('model', data.get('name'))}, and its folder says otherwise"
            if data.get("model") == source.name:
                message = f"says that it is version {data['version']}, and its folder says otherwise"
            source.findings.append(Finding(path=path, line=1, message=message))
        case "metrics":
            source.metrics[place.name] = data
        case "channel":
            source.channels[place.name] = str(data["version"])
        case "status" if is_version(place.name):
            source.statuses[place.name] = data
        case "status":
            message = f'"{place.name}" is not a version; a status file is named 1.4.2.yaml'
            source.findings.append(Finding(path=path, line=1, message=message))


def _note_broken(source: ModelSource, path: str) -> None:
    """Keep what the name of a broken file tells: that a channel is there, and that a version was yanked."""
    place = locate(path)
    if place.kind == "channel":
        source.broken_channels[place.name] = None
    elif place.kind == "status" and is_version(place.name):
        source.statuses[place.name] = {"reason": f"The reason cannot be read ({path})."}


def _find_unreadable(source: ModelSource, paths: Mapping[str, Place]) -> None:
    """Note every folder of a version that has no record which can be read, and those that are no version."""
    folders = {place.name for place in paths.values() if place.kind in _IN_FOLDER}
    for version in sorted(folders - source.records.keys()):
        path = layout.version_path(source.name, version)
        if not is_version(version):
            message = f'"{version}" is not a version as Semantic Versioning writes it, such as 1.4.2; git mv the folder'
        elif path in paths:
            message = ""
        else:
            message = "is missing, and its folder is still there; git restore it, or withdraw the whole folder"
        if message:
            source.findings.append(Finding(path=path, line=1, message=message))
        if is_version(version):
            source.unreadable.add(version)


def _check_parts(source: ModelSource, entries: Mapping[str, Entry]) -> None:
    """Note metrics and pointers of a whole record that are missing, or are not those that it names."""
    found: dict[str, set[str]] = {}
    for path in entries:
        if path.endswith(layout.POINTER_SUFFIX):
            found.setdefault(locate(path).name, set()).add(path)
    for version, record in source.records.items():
        metrics = layout.metrics_path(source.name, version)
        if metrics not in entries:
            source.findings.append(Finding(path=metrics, line=1, message="is missing; git restore it"))
        wanted = {layout.pointer_path(source.name, version, file.name): file for file in stored_files(record)}
        for path, file in wanted.items():
            message = ""
            if path not in entries:
                message = "is missing; the record names this file, so its pointer belongs here: git restore it"
            elif not _is_blob(format_pointer(file).encode(), entries[path].oid):
                message = f"disagrees with the md5 and size in {layout.VERSION_RECORD} beside it; git restore both"
            if message:
                source.findings.append(Finding(path=path, line=1, message=message))
        for path in sorted(found.get(version, set()) - wanted.keys()):
            message = f"points to a file that {layout.VERSION_RECORD} beside it does not name; git rm it"
            source.findings.append(Finding(path=path, line=1, message=message))


def _is_blob(content: bytes, oid: str) -> bool:
    """Whether Git gives these bytes this id, with SHA-1 or SHA-256."""
    if len(oid) == 40:
        return blob_oid(content) == oid
    return hashlib.sha256(b"blob %d\0" % len(content) + content).hexdigest() == oid


def _drop_strays(source: ModelSource, lines: Mapping[str, int]) -> None:
    """Move channels that lead to no readable record to those that are broken, and say so."""
    if not source.identity and all(finding.path != layout.model_path(source.name) for finding in source.findings):
        message = "is missing; every model has one: the tutorial shows how to write it"
        source.findings.append(Finding(path=layout.model_path(source.name), line=1, message=message))
    for channel, version in list(source.channels.items()):
        if version in source.records:
            continue
        source.broken_channels[channel] = source.channels.pop(channel)
        path = layout.channel_path(source.name, channel)
        message = f"points to {version}, which does not exist ({path}, line {lines[path]})"
        if version in source.unreadable:
            record = layout.version_path(source.name, version)
            first = next(finding for finding in source.findings if finding.path == record)
            message = f"points to {version}, whose record cannot be read ({record}, line {first.line or 1})"
        source.findings.append(Finding(path=path, line=lines[path], message=message))
