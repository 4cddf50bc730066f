"""`mintmark pull`: write the files of one version into a folder, verified. Loads no model."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mintmark.commands.opening import open_registry
from mintmark.core import layout
from mintmark.core.records import StoredFile, format_size
from mintmark.core.reference import CANDIDATE
from mintmark.errors import MintmarkError
from mintmark.registry.loader import as_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mintmark.registry.loader import Registry

Action = Literal["written", "replaced", "up to date"]
_WORTH_A_BAR = 10 * 1000**2  # bytes


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


def pull(
    root: Path,
    reference: str,
    *,
    output: Path | None,
    at: str | None,
    all_files: bool,
    as_json: bool,
    site: str | None = None,
) -> int:
    """Write the artifact of a version, or all its stored files, into a folder and say where."""
    registry = open_registry(root, site=site, at=at)
    with _progress() as on_bytes:
        pulled = pull_files(registry, reference, output, all_files=all_files, on_bytes=on_bytes)
    if pulled.yanked:
        print(f"warning: {pulled.yanked}", file=sys.stderr)
    if as_json:
        print(json.dumps(_to_dict(pulled), indent=2, ensure_ascii=False))
    else:
        for pulled_file in pulled.files:
            print(_format(pulled_file))
    return 0


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

    files = tuple(_write(f, folder, copy) for f in (record.stored_files if all_files else (record.artifact,)))
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
    from mintmark.registry.candidate import candidate_artifact, candidate_files, locate_candidate
    from mintmark.registry.streams import copy_verified

    if registry.site is not None:
        registry.site.refuse("candidates")
    known = candidate_files(registry, model)
    folder = output if output is not None else Path(f"{model}-{CANDIDATE}")
    wanted = list(known.values()) if all_files else [candidate_artifact(known, model)]
    files = []
    for locked in wanted:
        file, source = locate_candidate(registry, locked)
        files.append(_write(file, folder, partial(copy_verified, source)))
    return Pulled(f"{model}@{CANDIDATE}", folder, tuple(files))


def _write(file: StoredFile, folder: Path, copy: Callable[[StoredFile, Path], bool]) -> PulledFile:
    if Path(file.name).name != file.name or file.name in ("", ".", ".."):
        raise MintmarkError(f'"{file.name}" is no plain file name; nothing was written')
    target = folder / file.name
    if target.is_dir() and not target.is_symlink():
        raise MintmarkError(f"{target}: is a folder where a file is to be written; choose another with --output")
    before = target.is_symlink() or target.exists()
    if not copy(file, target):
        return PulledFile(target, file, "up to date")
    return PulledFile(target, file, "replaced" if before else "written")


def _format(pulled: PulledFile) -> str:
    size = format_size(pulled.file.size)
    match pulled.action:
        case "written":
            return f"wrote {pulled.path} ({size})"
        case "replaced":
            return f"wrote {pulled.path} ({size}) over a file with other content"
        case _:
            return f"{pulled.path} is up to date ({size})"


def _to_dict(pulled: Pulled) -> dict[str, Any]:
    files = [
        {"path": str(f.path), "size": f.file.size, "sha256": f.file.sha256, "action": f.action} for f in pulled.files
    ]
    return {
        "reference": pulled.reference,
        "folder": str(pulled.folder),
        "files": files,
        "yanked": pulled.yanked,
    }


@contextmanager
def _progress() -> Iterator[Callable[[int], None] | None]:
    """Show on a terminal how many bytes came, once they are enough to wait for."""
    if not sys.stderr.isatty():
        yield None
        return
    bars: list[Any] = []
    seen = 0

    def advance(count: int) -> None:
        nonlocal seen
        seen += count
        if seen >= _WORTH_A_BAR:
            if not bars:
                bars.append(_start_bar())
            bars[0][0].update(bars[0][1], completed=seen)

    try:
        yield advance
    finally:
        for progress, _ in bars:
            progress.stop()


def _start_bar() -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TransferSpeedColumn

    columns = (SpinnerColumn(), DownloadColumn(), TransferSpeedColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    progress.start()
    return progress, progress.add_task("pull", total=None)
