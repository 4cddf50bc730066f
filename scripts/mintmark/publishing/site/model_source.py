"""One model as the site reads it: every document of it in the tree, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.layout import locate
from mintmark.core.version import is_version, latest_release, parse_version
from mintmark.registry import git
from mintmark.registry.documents import parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.registry.git import Entry
    from mintmark.registry.tree import BlobReader

_READ = ("model", "version", "metrics", "channel", "status")


@dataclass(slots=True)
class ModelSource:
    """The documents of one model by version or channel; `oids` has the blob id of each version's record."""

    name: str
    identity: Mapping[str, Any] = field(default_factory=dict)
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    metrics: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    oids: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def versions(self) -> list[str]:
        """Its versions, the highest first."""
        return sorted(self.records, key=lambda version: parse_version(version).order, reverse=True)

    @property
    def latest(self) -> str | None:
        """The highest version that is neither a pre-release nor yanked."""
        return latest_release(version for version in self.records if version not in self.statuses)


def read_source(name: str, entries: Mapping[str, Entry], blobs: BlobReader) -> ModelSource:
    """Read one model from the entries of its folder; what cannot be read is among the findings and nowhere else (R10).

    A model whose own model.yaml cannot be read has no identity, and nothing to show.
    """
    source = ModelSource(name)
    paths = {path: locate(path) for path in entries}
    wanted = {path: place for path, place in paths.items() if place.kind in _READ}
    for path in [path for path in wanted if entries[path].mode in git.NO_FILES]:
        message = f"is {git.NO_FILES[entries[path].mode]} where a file belongs"
        source.findings.append(Finding(path=path, line=1, message=message))
        del wanted[path]
    contents = dict(blobs({entries[path].oid for path in wanted}))
    for path, place in wanted.items():
        document = parse_document(place.kind, contents[entries[path].oid], path)
        source.findings.extend(document.findings)
        if document.data is not None:
            _keep(source, path, document.data, entries[path].oid)
    _drop_strays(source)
    return source


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
            source.findings.append(Finding(path=path, line=1, message=message))
        case "metrics":
            source.metrics[place.name] = data
        case "channel":
            source.channels[place.name] = str(data["version"])
        case "status" if is_version(place.name):
            source.statuses[place.name] = data


def _drop_strays(source: ModelSource) -> None:
    """Leave out what points to nothing that can be read, and say so."""
    if not source.identity and all(finding.path != layout.model_path(source.name) for finding in source.findings):
        message = "is missing; every model has one: the tutorial shows how to write it"
        source.findings.append(Finding(path=layout.model_path(source.name), line=1, message=message))
    for channel, version in list(source.channels.items()):
        if version not in source.records:
            del source.channels[channel]
            path = layout.channel_path(source.name, channel)
            message = f"points to {version}, which has no record that can be read; mintmark validate tells more"
            source.findings.append(Finding(path=path, line=1, message=message))
