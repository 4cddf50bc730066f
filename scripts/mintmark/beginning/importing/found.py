"""What another registry has of a model, as values: its versions, and which of them cannot come. Reads nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Protocol

from mintmark.core.finding import one_line, shorten
from mintmark.core.words import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ARTIFACT: Final = 1 << 30  # bytes of a model file
MOST_TEXT: Final = 2_000  # characters of a text that is kept
MOST_ENTRIES: Final = 200  # parameters, metrics or tags of one version
MOST_VERSIONS: Final = 10_000
_FORMS: Final = {"skops": "skops", "onnx": "onnx", "safetensors": "safetensors", "pkl": "pickle", "pickle": "pickle",
                 "joblib": "pickle"}  # fmt: skip
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")


class ImportRefused(Exception):  # noqa: N818 - it is told beside the version, and the others go on
    """Why a version cannot come, and what to do about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """How a version was saved: the model file by its path there, its form, and what was kept beside it.

    `form` is skops, onnx, safetensors or pickle. `signature` is that of a record, None where nobody said it. `example`
    are rows that the model was logged with, as JSON. `requirements` pin the packages of its making.
    """

    path: str
    form: str
    signature: Mapping[str, Any] | None = None
    example: bytes | None = None
    python: str = ""
    requirements: bytes = b""
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundVersion:
    """A version of another registry: its name there and its number here, what it is made of or why it cannot come.

    `number` is empty where the other registry numbers nothing, and `title` names it where its name alone would not.
    `created` is a time in UTC, as it is said there. `metrics` are those that somebody said. `extra` is kept as it is.
    """

    name: str
    number: str
    made: Made | None
    title: str = ""
    why_not: str = ""
    created: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """A model in another registry."""

    @property
    def system(self) -> str:
        """The word for what kind of registry it is."""

    @property
    def address(self) -> str:
        """Where it lies, without a password."""

    @property
    def model(self) -> str:
        """The name of the model there."""

    @property
    def purpose(self) -> str:
        """What the model is for, as it was said there; known once the versions are."""

    def versions(self) -> Sequence[FoundVersion]:
        """Return every version of the model, the oldest first."""

    def read(self, version: FoundVersion) -> bytes:
        """Return the model file of a version that has one; raise `ImportRefused` where it cannot be had."""


def model_name(name: str) -> str:
    """Return a name of a model here for one of there: small letters, digits and single hyphens."""
    return _NOT_IN_A_NAME.sub("-", name.lower()).strip("-")[:63].strip("-")


def form_of(path: str) -> str:
    """Return in which form a file holds a model, by its name; raise `ImportRefused` for a form that cannot come."""
    form = _FORMS.get(path.rpartition(".")[2].lower())
    if form is None:
        raise ImportRefused(f"{path}: holds no skops, ONNX, safetensors or pickle; export it to ONNX, and tag that")
    return form


def plain_path(path: object) -> str | None:
    """Return a path in a folder, None for what leads out of it or is none."""
    if not isinstance(path, str) or not path or not path.isprintable() or "\\" in path or len(path) > 500:
        return None
    parts = PurePosixPath(path).parts
    return None if path.startswith("/") or ".." in parts or ":" in parts[0] else "/".join(parts)


def kept(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return entries that somebody else wrote in a size that a record can hold; what is cut says so."""
    found = {shorten(one_line(str(key)), 250): _kept_value(table[key]) for key in sorted(table)[:MOST_ENTRIES]}
    if len(table) > MOST_ENTRIES:
        found["left out"] = numbers.count(len(table) - MOST_ENTRIES, "entry", "entries")
    return found


def _kept_value(value: Any) -> Any:
    return text(value) if isinstance(value, str) else value


def text(value: object) -> str:
    """Return a text of somebody else's as one that a record can hold."""
    shown = "".join(each if each.isprintable() or each == "\n" else " " for each in str(value))
    return shorten(shown.strip(), MOST_TEXT)
