"""The record and the status of a version as values, and the pointers to its files. Reads no files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.version import Version, format_version, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.question import Label

_UNITS = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)\Z")


def parse_size(size: float | str) -> int:
    """Return a size in bytes: `10 MB` is 10,000,000. Raises `ValueError` for an unknown unit."""
    if isinstance(size, (int, float)):  # 1e7 is a whole number to JSON Schema, and a float to Python
        return int(size)
    match = _SIZE.match(size)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f'"{size}" is not a size such as 10 MB')
    return int(float(match[1]) * _UNITS[match[2]])


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
class OutputType:
    """What one output of a model is; a length of None is the number of rows."""

    type: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """The inputs of a model by name with their types, in order, its outputs, and the classes that it knows."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, OutputType]
    classes: tuple[Label, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Signature:
        """Build it from the `signature` of a version record."""
        outputs = {
            name: OutputType(type=about["type"], shape=tuple(about["shape"])) for name, about in data["outputs"].items()
        }
        return cls(inputs=data["inputs"], outputs=outputs, classes=tuple(data.get("classes", ())))


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSource:
    """A table that a version was made from: where it lies, its hash (`sha256:...`) and how many rows it has."""

    role: Literal["source", "training", "evaluation"]
    path: str
    hash: str
    rows: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DataSource:
        """Build it from an entry of `data` of a version record."""
        return cls(role=data["role"], path=data["path"], hash=data["hash"], rows=data["rows"])


@dataclass(frozen=True, kw_only=True, slots=True)
class StageRecord:
    """One stage of the pipeline as dvc.lock had it: what ran, and the hash of each file that it read and wrote."""

    cmd: str | list[str]
    deps: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StageRecord:
        """Build it from an entry of `stages` of a version record."""
        files = {"deps": data.get("deps", {}), "outs": data.get("outs", {})}
        return cls(cmd=data["cmd"], params=data.get("params", {}), **files)

    @property
    def commands(self) -> tuple[str, ...]:
        """What it ran, one command after the other."""
        return (self.cmd,) if isinstance(self.cmd, str) else tuple(map(str, self.cmd))


NOT_SAID = "not said"  # what a record of an imported version holds where nobody told


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """What a version was made in; `lock` is the digest of the file that pins the packages, or that nobody says one."""

    python: str
    platform: str
    packages: Mapping[str, str]
    lock: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Environment:
        """Build it from the `environment` of a version record."""
        made_in = {key: data[key] for key in ("python", "platform", "lock")}
        return cls(packages=data["packages"], **made_in)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What made a model and describes it, for a registered version and a candidate alike."""

    model: str
    signature: Signature
    parameters: Mapping[str, Any]
    data: tuple[DataSource, ...]
    stages: Mapping[str, StageRecord]
    environment: Environment

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Provenance:
        """Build it from a version record, or from what a candidate would write into one."""
        return cls(
            model=data["model"],
            signature=Signature.from_dict(data["signature"]),
            parameters=data["parameters"],
            data=tuple(map(DataSource.from_dict, data["data"])),
            stages={name: StageRecord.from_dict(stage) for name, stage in data["stages"].items()},
            environment=Environment.from_dict(data["environment"]),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRecord:
    """What version.yaml says. Times are UTC, as `2026-06-01T09:30:00Z`.

    `document` is all of it, and is there to be shown or compared as a whole, unknown fields included.
    """

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
    signature: Signature
    parameters: Mapping[str, Any]
    data: tuple[DataSource, ...]
    stages: Mapping[str, StageRecord]
    environment: Environment
    cost: Mapping[str, float] | None = None
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VersionRecord:
        """Build a record from a document that its schema accepts."""
        artifact, *files = stored_files(data)
        made = Provenance.from_dict(data)
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
            signature=made.signature,
            parameters=made.parameters,
            data=made.data,
            stages=made.stages,
            environment=made.environment,
            cost=data.get("cost"),
            document=data,
        )

    @property
    def provenance(self) -> Provenance:
        """What made this version, to be compared with what made another one or a candidate."""
        return Provenance(
            model=self.model,
            signature=self.signature,
            parameters=self.parameters,
            data=self.data,
            stages=self.stages,
            environment=self.environment,
        )

    @property
    def evaluation_hash(self) -> str | None:
        """The hash of the rows that it was evaluated on, None where the record does not say."""
        return next((source.hash for source in self.data if source.role == "evaluation"), None)

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
