"""Write the files of one version, or of the candidate, into a folder, verified. Loads no model and prints nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mintmark.core import layout
from mintmark.core.reference import CANDIDATE
from mintmark.errors import MintmarkError
from mintmark.registry.reading import as_reference
from mintmark.temporary import sweep_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from mintmark.core.records import StoredFile
    from mintmark.registry.reading import Registry

Action = Literal["written", "replaced", "up to date"]


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file that lies in the folder now, and what it took."""

    path: Path
    file: StoredFile
    action: Action


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was pulled: the version (`breast-cancer@1.4.2`), the folder, its files, and why the version was yanked."""

    reference: str
    folder: Path
    files: tuple[PulledFile, ...]
    yanked: str | None = None


def pull_files(
    registry: Registry,
    reference: str,
    output: Path | None = None,
    *,
    all_files: bool = False,
    on_bytes: Callable[[int], None] | None = None,
) -> Pulled:
    """Write the files of a version into `output` (`./MODEL-VERSION` when None), each verified and whole or not at all.

    A file that is there with the same bytes stays; one with other bytes is replaced, and the result says so.
    """
    wanted = as_reference(reference)
    if wanted.selector == CANDIDATE:
        return _pull_candidate(registry, wanted.model, output, all_files=all_files)
    record = registry.resolve(wanted)
    folder = output if output is not None else Path(f"{record.model}-{record.version}")
    store = registry.store(record, on_bytes=on_bytes)

    def copy(file: StoredFile, target: Path) -> bool:
        return store.copy(file, target, pointer=layout.pointer_path(record.model, str(record.version), file.name))

    files = tuple(write_file(f, folder, copy) for f in (record.stored_files if all_files else (record.artifact,)))
    return Pulled(record.reference, folder, files, yanked_note(registry, record.model, str(record.version)))


def yanked_note(registry: Registry, model: str, version: str) -> str | None:
    """Return a sentence about a version that was yanked, None for any other."""
    try:
        status = registry.status(model, version)
    except MintmarkError as error:
        return str(error)
    if status is None:
        return None
    instead = f"; use {model}@{status.replacement}" if status.replacement else ""
    return f"{model}@{version} was yanked: {' '.join(status.reason.split())}{instead}"


def _pull_candidate(registry: Registry, model: str, output: Path | None, *, all_files: bool) -> Pulled:
    from mintmark.registry.stored.candidate import candidate_artifact, candidate_files, locate_candidate
    from mintmark.registry.stored.streams import copy_verified

    registry.require_clone("candidates")
    known = candidate_files(registry, model)
    folder = output if output is not None else Path(f"{model}-{CANDIDATE}")
    wanted = list(known.values()) if all_files else [candidate_artifact(known, model)]
    files = []
    for locked in wanted:
        file, source = locate_candidate(registry, locked)
        files.append(write_file(file, folder, partial(copy_verified, source)))
    return Pulled(f"{model}@{CANDIDATE}", folder, tuple(files))


def write_file(file: StoredFile, folder: Path, copy: Callable[[StoredFile, Path], bool]) -> PulledFile:
    """Write a file into a folder with `copy`, which returns False where the file is there with the same bytes."""
    if Path(file.name).name != file.name or file.name in ("", ".", ".."):
        raise MintmarkError(f'"{file.name}" is no plain file name; nothing was written')
    target = folder / file.name
    if target.is_dir() and not target.is_symlink():
        raise MintmarkError(f"{target}: is a folder where a file is to be written; choose another with --output")
    sweep_files(folder)
    before = target.is_symlink() or target.exists()
    made = not folder.exists()
    try:
        written = copy(file, target)
    except BaseException:
        with suppress(OSError):  # a folder that holds something stays, and so does one that was there
            if made:
                folder.rmdir()
        raise
    if not written:
        return PulledFile(target, file, "up to date")
    return PulledFile(target, file, "replaced" if before else "written")
