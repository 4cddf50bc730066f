"""The form of the prediction log: its columns and their types, what its files say of themselves, and their names.

One file holds rows of one version and one day. Its schema follows from the signature of the version and never from
values, so a first batch of nulls fixes no type.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from mintmark.core.question import PROBABILITY
from mintmark.core.signature.column_types import kind_of
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.core.model import Treatment
    from mintmark.core.records import Signature

FORMAT: Final = 1
INPUT: Final = "input_"  # and the name: a column of what was asked
UNSERVED: Final = "none"  # in place of a version, for requests that none could answer
FIXED: Final = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("row", pa.int64()),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("version", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("commit", pa.string()),
        pa.field("latency", pa.float64(), nullable=False),
        pa.field("shadow", pa.bool_(), nullable=False),
        pa.field("status", pa.int32(), nullable=False),
        pa.field("error", pa.string()),
        pa.field("lost", pa.list_(pa.string())),
    ]
)
_FORMAT, _ABOUT, _COUNTS, _REPLACES = b"mintmark.log", b"mintmark.about", b"mintmark.counts", b"mintmark.replaces"
_NAME: Final = re.compile(r"(\d{8}T\d{6})-([0-9a-f]{12})-(\d{8})-(\d{2})\.parquet\Z")
_TIMES: Final = re.compile(r"(?:datetime64|timestamp)(?:\[(s|ms|us|ns)(?:, *([^\]]+))?\])?\Z", re.IGNORECASE)
_NUMBERS: Final = {
    **{f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "int": pa.int64(),
    "uint": pa.uint64(),
    "integer": pa.int64(),
    "float16": pa.float16(),
    "float32": pa.float32(),
}
_AS_JSON: Final = {b"mintmark.as": b"json"}
_HASHED: Final = {b"mintmark.as": b"hash"}


class FileName(NamedTuple):
    """The name of a file: when its rows begin, who wrote it, its number there, and how often it was merged."""

    time: str
    writer: str
    number: int
    level: int

    def __str__(self) -> str:
        return f"{self.time}-{self.writer}-{self.number:08}-{self.level:02}.parquet"


def parse_file_name(name: str) -> FileName | None:
    """Return what the name of a file says, None where it is no file of the log."""
    match = _NAME.match(name)
    return FileName(match[1], match[2], int(match[3]), int(match[4])) if match else None


class Tally(NamedTuple):
    """How many requests and rows there were, how many rows are in the log, and how many requests were dropped."""

    requests: int = 0
    rows: int = 0
    logged: int = 0
    dropped: int = 0

    def __add__(self, other: Tally) -> Tally:  # type: ignore[override]
        return Tally(*(one + two for one, two in zip(self, other, strict=True)))


class Counted(NamedTuple):
    """What a tally is about: a minute (UTC), a channel, whether its version was a shadow, and how requests ended."""

    minute: str
    channel: str
    shadow: bool
    status: int


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a file says of all its rows.

    `inputs` and `classes` are those of the signature, `artifact` is the sha256 of what answered, `personal` says which
    columns are not there as they were given, and `sample` which share of the requests is kept.
    """

    model: str
    version: str
    artifact: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[Any, ...] = ()
    personal: Mapping[str, Treatment] = field(default_factory=dict)
    sample: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "model": self.model,
            "version": self.version,
            "artifact": self.artifact,
            "inputs": list(self.inputs.items()),
            "classes": list(self.classes),
            "personal": dict(sorted(self.personal.items())),
            "sample": self.sample,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> About:
        """Build it from what `to_dict` gave."""
        return cls(
            model=data["model"],
            version=data["version"],
            artifact=data["artifact"],
            inputs=dict(data["inputs"]),
            classes=tuple(data["classes"]),
            personal=dict(data["personal"]),
            sample=data["sample"],
        )


def is_kept(identity: str, sample: float) -> bool:
    """Whether a share of the requests has this one; the same everywhere, so that pairs stay together."""
    if sample >= 1:
        return True
    return int.from_bytes(blake2b(identity.encode(), digest_size=8).digest(), "big") < sample * 2**64


def arrow_type(wanted: str) -> pa.DataType | None:
    """Return the type of a column in a signature, None where it says too little; values are then kept as JSON."""
    name = wanted.lower()
    match kind_of(wanted):
        case "numbers":
            return _NUMBERS.get(name, pa.float64())
        case "booleans":
            return pa.bool_()
        case "text":
            return pa.string()
        case "times":
            match = _TIMES.match(wanted)
            return pa.timestamp((match[1] or "ns").lower(), tz=match[2]) if match else pa.timestamp("ns")
    return None


def _field(name: str, wanted: str, treatment: str | None = None) -> pa.Field:
    if treatment == "hash":
        return pa.field(name, pa.string(), metadata=_HASHED)
    found = arrow_type(wanted)
    return pa.field(name, pa.string(), metadata=_AS_JSON) if found is None else pa.field(name, found)


def is_json(column: pa.Field) -> bool:
    """Whether a column keeps values as JSON, for a signature that does not say their type."""
    return (column.metadata or {}).get(b"mintmark.as") == b"json"


def log_schema(about: About, signature: Signature | None) -> pa.Schema:
    """Return the columns of the log of a version; without a signature those of requests that none could answer."""
    fields = list(FIXED)
    if signature is not None:
        output = signature.outputs.get("prediction")
        fields.append(_field("prediction", output.type if output is not None else ""))
        if "probabilities" in signature.outputs:
            fields += [pa.field(f"{PROBABILITY}{label}", pa.float64()) for label in signature.classes]
        kept = {name: about.personal.get(name) for name in about.inputs if about.personal.get(name) != "drop"}
        fields += [_field(INPUT + name, about.inputs[name], treatment) for name, treatment in kept.items()]
    document = json.dumps(about.to_dict(), ensure_ascii=False).encode()
    return pa.schema(fields, metadata={_FORMAT: str(FORMAT).encode(), _ABOUT: document})


def with_counts(schema: pa.Schema, counts: Mapping[Counted, Tally], replaces: Iterable[str] = ()) -> pa.Schema:
    """Return a schema that also says what was counted, and which files the one that has it stands for."""
    listed = [[*what, *tally] for what, tally in sorted(counts.items())]
    metadata = {**(schema.metadata or {}), _COUNTS: json.dumps(listed, separators=(",", ":")).encode()}
    names = sorted(replaces)
    if names:
        metadata[_REPLACES] = json.dumps(names, separators=(",", ":")).encode()
    return schema.with_metadata(metadata)


def without_counts(schema: pa.Schema) -> pa.Schema:
    """Return a schema as it is before anything is counted."""
    kept = {key: value for key, value in (schema.metadata or {}).items() if key in (_FORMAT, _ABOUT)}
    return schema.with_metadata(kept)


def read_about(schema: pa.Schema, where: str) -> About:
    """Return what a file says of its rows; raise `MintmarkError` for a newer form of the log."""
    metadata = schema.metadata or {}
    version = metadata.get(_FORMAT, b"")
    if not version.isdigit() or _ABOUT not in metadata:
        raise MintmarkError(f"{where}: is no file of a prediction log")
    if int(version) > FORMAT:
        known = f"this mintmark knows {FORMAT}; install a newer one"
        raise MintmarkError(f"{where}: has form {int(version)} of the prediction log, and {known}")
    return About.from_dict(json.loads(metadata[_ABOUT]))


def parse_about(schema: pa.Schema) -> About | None:
    """Return what a file says of its rows, None where it is no file of a log, or one of a newer form."""
    metadata = schema.metadata or {}
    if metadata.get(_FORMAT) != str(FORMAT).encode() or _ABOUT not in metadata:
        return None
    return About.from_dict(json.loads(metadata[_ABOUT]))


def read_counts(schema: pa.Schema) -> dict[Counted, Tally]:
    """Return what a file says was counted."""
    listed = json.loads((schema.metadata or {}).get(_COUNTS, b"[]"))
    return {Counted(*entry[:4]): Tally(*entry[4:]) for entry in listed}


def read_replaces(schema: pa.Schema) -> list[str]:
    """Return the names of the files whose rows a merged file has, whether these are still there or not."""
    names: list[str] = json.loads((schema.metadata or {}).get(_REPLACES, b"[]"))
    return names


def add_counts(parts: Iterable[Mapping[Counted, Tally]]) -> dict[Counted, Tally]:
    """Return the sum of several counts."""
    found: dict[Counted, Tally] = {}
    for part in parts:
        for what, tally in part.items():
            found[what] = found.get(what, Tally()) + tally
    return found
