"""A version as all exporters take it, and the files that they give back. Knows no other system."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from mintmark.core.layout import pointer_path, version_path
from mintmark.core.records import StoredFile
from mintmark.errors import MintmarkError
from mintmark.publishing.card.model_card import CardSource, format_card, read_card
from mintmark.registry.files import write_atomically
from mintmark.registry.stored.pulling import PulledFile, write_file
from mintmark.registry.stored.streams import copy_verified, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mintmark.core.model import Model
    from mintmark.core.records import VersionRecord
    from mintmark.core.reference import Reference
    from mintmark.core.settings import Settings
    from mintmark.registry.clone import ClonedRegistry


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedVersion:
    """A version with its number, its card, and its artifact, whose verified bytes lie at `artifact`."""

    source: CardSource
    number: int
    registered: str
    card: str
    settings: Settings
    artifact: Path
    keeper: object = field(repr=False)  # what fetched the bytes may keep them for as long as it lives

    @property
    def record(self) -> VersionRecord:
        """The record of the version."""
        return self.source.record

    @property
    def model(self) -> Model:
        """What model.yaml says."""
        return self.source.model


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """What an exporter makes: texts by their paths below the folder, and where the artifact goes, if anywhere."""

    texts: Mapping[str, bytes]
    artifact: str | None = None


def read_exported(
    registry: ClonedRegistry, reference: Reference | str, *, on_bytes: Callable[[int], None] | None = None
) -> ExportedVersion:
    """Read all that an export takes; raise `MintmarkError` for a version that is not merged yet, or not whole."""
    source = read_card(registry, reference)
    record, version = source.record, str(source.record.version)
    known = registry.registrations(record.model).get(version)
    if known is None:
        path = version_path(record.model, version)
        raise MintmarkError(f"{path}: is not on the base branch yet, so it has no number; merge its proposal first")
    store = registry.store(record, on_bytes=on_bytes)
    file = store.fetch(record.artifact, pointer=pointer_path(record.model, version, record.artifact.name))
    return ExportedVersion(
        source=source,
        number=known.number,
        registered=known.time,
        card=format_card(source),
        settings=registry.settings,
        artifact=file,
        keeper=store,
    )


def write_files(version: ExportedVersion, files: Files, folder: Path) -> list[PulledFile]:
    """Write the files below a folder, each whole or not at all, the artifact checked on its way."""
    written = []
    if files.artifact is not None:
        parent, _, name = files.artifact.rpartition("/")
        artifact = version.record.artifact
        if name != artifact.name:
            raise MintmarkError(f"the artifact is {artifact.name}, not {name}")
        written.append(write_file(artifact, folder / parent, partial(copy_verified, version.artifact)))
    for path, content in files.texts.items():
        parent, _, name = path.rpartition("/")
        written.append(write_file(_described(name, content), folder / parent, partial(_copy_text, content)))
    return written


def _copy_text(content: bytes, file: StoredFile, target: Path) -> bool:
    if holds(target, file):
        return False
    write_atomically(target, content)
    return True


def _described(name: str, content: bytes) -> StoredFile:
    md5, sha256 = hashlib.md5(content, usedforsecurity=False), hashlib.sha256(content)
    return StoredFile(name=name, md5=md5.hexdigest(), sha256=sha256.hexdigest(), size=len(content))
