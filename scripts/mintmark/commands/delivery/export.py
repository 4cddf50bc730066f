"""`mintmark export`: write a version in the form that another system reads. Loads no model, and sends nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from mintmark.commands.pull import format_pulled, show_progress
from mintmark.core.layout import model_path
from mintmark.core.model import blanks_in
from mintmark.errors import MintmarkError
from mintmark.publishing.exchange.exported import Files, read_exported, write_files
from mintmark.publishing.exchange.huggingface import huggingface_files
from mintmark.publishing.exchange.kubeflow import kubeflow_files
from mintmark.publishing.exchange.sas import sas_files
from mintmark.publishing.exchange.tfx import tfx_files
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.pulling import yanked_note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mintmark.publishing.exchange.exported import ExportedVersion

_SYSTEMS: Final[Mapping[str, Callable[[ExportedVersion], Files]]] = {
    "huggingface": huggingface_files,
    "kubeflow": kubeflow_files,
    "sas": sas_files,
    "tfx": tfx_files,
}


def export(root: Path, reference: str, *, system: str, folder: Path, at: str | None) -> int:
    """Write the files for `system` below a folder and say where."""
    registry = ClonedRegistry(root, at=at)
    with show_progress() as on_bytes:
        version = read_exported(registry, reference, on_bytes=on_bytes)
    _refuse_blanks(version)
    for written in write_files(version, _SYSTEMS[system](version), folder):
        print(format_pulled(written))
    record = version.record
    if yanked := yanked_note(registry, record.model, str(record.version)):
        print(f"warning: {yanked}", file=sys.stderr)
    return 0


def _refuse_blanks(version: ExportedVersion) -> None:
    """Raise where nobody has said yet whose model it is: other systems would take the blanks for answers."""
    blank = ", ".join(key for key, _ in blanks_in(version.model.document))
    if blank:
        path = model_path(version.record.model)
        raise MintmarkError(f"{path}: {blank}: blank, and other systems would take that for an answer; fill it in")
