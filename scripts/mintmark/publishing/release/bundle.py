"""The bundle of a version: its files with all that a stranger needs to check and load it. Changes no registry.

Everything is read at the commit that registered the version, so that the same version gives the same bytes: what
happened to it since, such as a promotion, is not in it. Every byte is checked against the record on its way.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mintmark.core import layout
from mintmark.core.records import StoredFile
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.publishing.card.model_card import CardSource, format_card
from mintmark.publishing.release.bill_of_materials import format_bill
from mintmark.publishing.release.readme import ABOUT, format_readme
from mintmark.publishing.release.requirements import format_requirements, read_requirements
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import write_atomically
from mintmark.registry.stored.pulling import PulledFile, write_file
from mintmark.registry.stored.streams import copy_verified, holds, open_plain_file, verified
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mintmark.core.records import VersionRecord
    from mintmark.core.reference import Reference

SIGNATURE: Final = "model.sig"
BILL: Final = "sbom.cdx.json"
SUMS: Final = "SHA256SUMS"
_OWN_NAMES: Final = frozenset(name.lower() for name in (*ABOUT, "README.md", SIGNATURE))
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell
_UNIX: Final = 3
_MODE: Final = (stat.S_IFREG | 0o644) << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """The files of a bundle: the artifact, whose verified bytes lie at `source`, and the texts by their names."""

    reference: str
    name: str
    artifact: StoredFile
    source: Path
    texts: Mapping[str, bytes]


def read_bundle(
    registry: ClonedRegistry, reference: Reference | str, *, on_bytes: Callable[[int], None] | None = None
) -> Bundle:
    """Read all that the bundle of a version holds; raise `MintmarkError` where a byte of it is not right."""
    wanted = registry.resolve(reference)
    version = str(wanted.version)
    commit = _registered_in(registry, wanted)
    then = ClonedRegistry(registry.root, at=commit)
    record, model, measured = (
        then.record(wanted.model, version),
        then.model(wanted.model),
        then.metrics(wanted.model, version),
    )
    path = layout.version_path(record.model, version)
    written = _read(then, path)
    if written != _read(registry, path):
        raise MintmarkError(f"{path}: is not as {commit[:10]} registered it; git checkout {commit[:10]} -- {path}")
    if record.artifact.name.lower() in _OWN_NAMES:
        raise MintmarkError(
            f'{path}: the artifact has the name "{record.artifact.name}", which a bundle gives a file of its own'
        )
    source = registry.store(record, on_bytes=on_bytes).fetch(
        record.artifact, pointer=layout.pointer_path(record.model, version, record.artifact.name)
    )
    requirements = read_requirements(registry.root, commit, record)
    card = CardSource(model=model, record=record, measured=measured, channels=None)
    texts = {
        "README.md": format_readme(model, record, requirements, _types(record, source, then.trusted_names)).encode(),
        "CARD.md": format_card(card).encode(),
        "version.yaml": written,
        "metrics.json": _read(then, layout.metrics_path(record.model, version)),
        "requirements.txt": format_requirements(requirements, record).encode(),
        BILL: format_bill(model, record, measured, requirements).encode(),
    }
    texts[SUMS] = _sums({record.artifact.name: record.artifact.sha256, **{n: _sha256(t) for n, t in texts.items()}})
    return Bundle(
        reference=record.reference,
        name=f"{record.model}-{version}",
        artifact=record.artifact,
        source=source,
        texts=texts,
    )


def _registered_in(registry: ClonedRegistry, record: VersionRecord) -> str:
    first = registry.own_history(record.model).first_seen.get(str(record.version))
    if first is None:
        path = layout.version_path(record.model, str(record.version))
        raise MintmarkError(f"{path}: no commit has it yet, so nothing is registered to bundle; git commit it first")
    return first.oid


def _read(registry: ClonedRegistry, path: str) -> bytes:
    content = registry.tree.read(path)
    if content is None:
        raise MintmarkError(f"{path}: is missing; git checkout brings it back")
    return content


def _types(record: VersionRecord, source: Path, trusted: tuple[str, ...]) -> frozenset[str]:
    """Return every type that a skops file holds after its checks, none for other formats; raise for a fault (R8)."""
    name = f"{layout.version_folder(record.model, str(record.version))}/{record.artifact.name}"
    if record.format == "skops":
        from mintmark.artifacts.skops.safety import read_skops

        content = read_skops(source.read_bytes(), path=name, trusted=trusted)
        if isinstance(content, list):
            raise InvalidRegistryError(content)
        return content.types
    from mintmark.artifacts.formats import check_artifact

    if faults := check_artifact(source, name=name, declared_format=record.format, trusted=trusted):
        raise InvalidRegistryError(faults)
    return frozenset()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sums(digests: Mapping[str, str]) -> bytes:
    """Return what `sha256sum -c` reads."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def write_folder(bundle: Bundle, folder: Path) -> tuple[PulledFile, ...]:
    """Write the files of a bundle into a folder, each whole or not at all, as `pull` does; the sums come last."""
    names = [bundle.artifact.name, *bundle.texts]
    for name in names:
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            raise MintmarkError(
                f"{folder / name}: is a folder where a file is to be written; choose another with --output"
            )
    first = write_file(bundle.artifact, folder, partial(copy_verified, bundle.source))
    return (first, *(_write_text(name, content, folder) for name, content in bundle.texts.items()))


def write_archive(bundle: Bundle, folder: Path) -> tuple[PulledFile, ...]:
    """Write a bundle as one zip, and its bill of materials beside it; the same bundle gives the same bytes."""
    with TemporaryFolder("bundle") as temporary:
        packed = temporary / "bundle.zip"
        _pack(bundle, packed)
        file = _described(f"{bundle.name}.zip", packed)
        archive = write_file(file, folder, partial(copy_verified, packed))
    return archive, _write_text(f"{bundle.name}.cdx.json", bundle.texts[BILL], folder)


def write_bundle(registry: ClonedRegistry, reference: Reference | str, folder: Path) -> list[Path]:
    """Write what a release has as its assets, and return where: the archive of a version and its bill of materials."""
    return [written.path for written in write_archive(read_bundle(registry, reference), folder)]


def _write_text(name: str, content: bytes, folder: Path) -> PulledFile:
    file = StoredFile(
        name=name,
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=_sha256(content),
        size=len(content),
    )

    def copy(file: StoredFile, target: Path) -> bool:
        if holds(target, file):
            return False
        write_atomically(target, content)
        return True

    return write_file(file, folder, copy)


def _pack(bundle: Bundle, target: Path) -> None:
    """Pack the files without compressing them: another zlib would give other bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        with open_plain_file(bundle.source) as stream:
            _add(
                archive,
                f"{bundle.name}/{bundle.artifact.name}",
                bundle.artifact.size,
                verified(stream, bundle.artifact),
            )
        for name, content in sorted(bundle.texts.items()):
            _add(archive, f"{bundle.name}/{name}", len(content), iter((content,)))


def _add(archive: zipfile.ZipFile, name: str, size: int, blocks: Iterator[bytes]) -> None:
    member = zipfile.ZipInfo(name, _FIRST_DAY)
    member.create_system, member.external_attr, member.file_size = _UNIX, _MODE, size
    with archive.open(member, "w") as packed:
        for block in blocks:
            packed.write(block)


def _described(name: str, path: Path) -> StoredFile:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 18):
            sha256.update(block)
            md5.update(block)
    return StoredFile(name=name, md5=md5.hexdigest(), sha256=sha256.hexdigest(), size=path.stat().st_size)
