"""Read and write YAML strictly: one document, YAML 1.2 scalars, no aliases, tags or duplicate keys. Opens no files."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mintmark.registry.yaml.faults import MAX_BYTES, MAX_DEPTH, MAX_LOCK_BYTES, Position, Positions, YamlFault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_LOCK_BYTES",
    "Position",
    "Positions",
    "YamlFault",
    "format_yaml",
    "parse_yaml",
]


def parse_yaml(
    text: bytes, *, positions: Positions | None = None, limit: int = MAX_BYTES, number_keys: bool = False
) -> Any:
    """Return the one document in `text`; raise `YamlFault` where it breaks a rule.

    Scalars follow the core schema of YAML 1.2: `yes` and `2026-06-01` are text, `1e3` is a number. Aliases, anchors and
    tags are refused, so a small text stays small. `positions`, when given, receives the line and column of each value
    by its path (of the key, for the values of a mapping). Keys are text. With `number_keys`, for params.yaml and
    dvc.lock, a mapping whose keys are numbers or booleans comes back as `{mapping: [[key, value], ...]}`.
    """
    if len(text) > limit:
        raise YamlFault(f"is larger than {limit:,} bytes, the most that a YAML file may have here", 1)
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise YamlFault(f"byte 0x{text[error.start]:02x} is not UTF-8; save the file as UTF-8", line) from None
    if positions is None:
        from mintmark.registry.yaml.plain import Declined, read_plain

        with suppress(Declined):
            return read_plain(decoded)
    from mintmark.registry.yaml.reader import read_document  # imports PyYAML, which takes 15 ms

    try:
        return read_document(text, positions, number_keys=number_keys)
    except YamlFault:
        _refuse_conflict(text)
        raise


def _refuse_conflict(text: bytes) -> None:
    """Raise `YamlFault` for a text with the marks of Git's in it: they are what is wrong then."""
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.startswith(b"<<<<<<< "):
            raise YamlFault("is in conflict; mintmark resolve settles dvc.lock, dvc.yaml and params.yaml", number)


def format_yaml(data: Mapping[str, Any], *, schema: str | None = None) -> str:
    """Return `data` as a YAML text that `parse_yaml` reads back to the same value.

    `schema` is the relative path of its JSON Schema, written as the comment by which editors find it.
    """
    from mintmark.registry.yaml.writer import write_document

    header = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    return header + write_document(data)
