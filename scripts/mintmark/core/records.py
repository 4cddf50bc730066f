"""The records of a registry as values: settings, model, version, channel and status. Reads no files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mintmark.core.version import Version, format_version, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)\Z")
DEFAULT_FILE_LIMIT = 10 * 1000**2
DEFAULT_STORE_LIMIT = 500 * 1000**2


def parse_size(size: float | str) -> int:
    """Return a size in bytes: `10 MB` is 10,000,000. Raises `ValueError` for an unknown unit."""
    if isinstance(size, (int, float)):  # 1e7 is a whole number to JSON Schema, and a float to Python
        return int(size)
    match = _SIZE.match(size)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f'"{size}" is not a size such as 10 MB')
    return int(float(match[1]) * _UNITS[match[2]])


def format_size(size: int) -> str:
    """Return a size as people read it: 10,000,000 is `10 MB`."""
    for unit in ("GB", "MB", "kB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.3g} {unit}"
    return f"{size} B"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelRule:
    """One channel of the settings; `after` names the channel that a version must have held first."""

    name: str
    after: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What models/registry.yaml says; sizes are in bytes."""

    name: str
    channels: tuple[ChannelRule, ...]
    base_branch: str = "main"
    trusted_types: tuple[str, ...] = ()
    file_limit: int = DEFAULT_FILE_LIMIT
    store_limit: int = DEFAULT_STORE_LIMIT
    repository: str | None = None
    site: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Build the settings from a document that its schema accepts."""
        limits, addresses = data.get("limits", {}), data.get("addresses", {})
        return cls(
            name=data["name"],
            channels=tuple(ChannelRule(name=c["name"], after=c.get("after")) for c in data["channels"]),
            base_branch=data.get("base_branch", "main"),
            trusted_types=tuple(data.get("trusted_types", ())),
            file_limit=parse_size(limits.get("file", DEFAULT_FILE_LIMIT)),
            store_limit=parse_size(limits.get("store", DEFAULT_STORE_LIMIT)),
            repository=addresses.get("repository"),
            site=addresses.get("site"),
        )

    @property
    def first_channel(self) -> str:
        """The channel that a new version enters."""
        return self.channels[0].name

    @property
    def last_channel(self) -> str:
        """The channel whose version is the champion."""
        return self.channels[-1].name

    def channel(self, name: str) -> ChannelRule | None:
        """Return the rule of a channel, None when the settings know none of that name."""
        return next((rule for rule in self.channels if rule.name == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """The primary metric of a model and whether more of it is better."""

    name: str
    maximize: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """What model.yaml says; `document` is all of it, unknown fields included."""

    name: str
    task: str
    owners: tuple[str, ...]
    metric: Metric
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Model:
        """Build a model from a document that its schema accepts."""
        metric = data["metric"]
        return cls(
            name=data["name"],
            task=data["task"],
            owners=tuple(data["owners"]),
            metric=Metric(name=metric["name"], maximize=metric["goal"] == "maximize"),
            document=data,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A file whose bytes are in the store: its name, both digests, and its size in bytes."""

    name: str
    md5: str
    sha256: str
    size: int

    @classmethod
    def from_dict(cls, name: str, data: Mapping[str, Any]) -> StoredFile:
        """Build it from an entry of a version record."""
        return cls(name=name, md5=data["md5"], sha256=data["sha256"], size=data["size"])

    def to_dict(self) -> dict[str, Any]:
        """Return the entry that a version record holds for it."""
        return {"md5": self.md5, "sha256": self.sha256, "size": self.size}


def stored_files(record: Mapping[str, Any]) -> list[StoredFile]:
    """Return the stored files of a version document, the artifact first."""
    artifact = record["artifact"]
    others = (StoredFile.from_dict(name, entry) for name, entry in record["files"].items())
    return [StoredFile.from_dict(artifact["path"], artifact), *others]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A metric with the bounds of its interval, in the metric's own unit."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRecord:
    """What version.yaml says; `document` is all of it. Times are UTC, as `2026-06-01T09:30:00Z`."""

    model: str
    version: Version
    parent: Version | None
    created: str
    author: str
    summary: str
    format: str
    artifact: StoredFile
    files: tuple[StoredFile, ...]
    metrics: Mapping[str, Interval]
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VersionRecord:
        """Build a record from a document that its schema accepts."""
        artifact, *files = stored_files(data)
        return cls(
            model=data["model"],
            version=parse_version(data["version"]),
            parent=parse_version(data["parent"]) if data["parent"] is not None else None,
            created=data["created"],
            author=data["author"],
            summary=data["summary"],
            format=data["artifact"]["format"],
            artifact=artifact,
            files=tuple(files),
            metrics={name: Interval(**interval) for name, interval in data["metrics"].items()},
            document=data,
        )

    @property
    def stored_files(self) -> tuple[StoredFile, ...]:
        """The artifact first, then every other file that has a pointer."""
        return (self.artifact, *self.files)

    def stored_file(self, name: str) -> StoredFile | None:
        """Return what the record says of the stored file of a name, None where it has none."""
        return next((file for file in (*self.files, self.artifact) if file.name == name), None)

    @property
    def reference(self) -> str:
        """`iris@1.4.2`."""
        return f"{self.model}@{format_version(self.version)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """Why a version was yanked, and which one to use instead."""

    reason: str
    replacement: Version | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Status:
        """Build a status from a document that its schema accepts."""
        replacement = data.get("replacement")
        return cls(reason=data["reason"], replacement=parse_version(replacement) if replacement else None)


def format_pointer(file: StoredFile) -> str:
    """Return the `.dvc` file that DVC itself would write for a stored file.

    The bytes follow from the record alone, so a pointer is checked by comparing it, without parsing it.
    """
    return f"outs:\n- md5: {_quoted(file.md5)}\n  size: {file.size}\n  hash: md5\n  path: {_quoted(file.name)}\n"


# What DVC's YAML library takes for something other than text: 12345678e90... is a number, and so is 0b01.
_NOT_TEXT = re.compile(
    r"0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|null|Null|NULL|true|True|TRUE|false|False|FALSE"
)


def _quoted(text: str) -> str:
    return f"'{text}'" if _NOT_TEXT.fullmatch(text) else text
