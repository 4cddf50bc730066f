"""`mintmark bundle`: write a version with all that a stranger needs to check and load it. Loads no model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mintmark.commands.pull import format_pulled, show_progress
from mintmark.publishing.release.bundle import read_bundle, write_archive, write_folder
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.pulling import yanked_note


def bundle(root: Path, reference: str, *, output: Path | None, at: str | None, archive: bool, as_json: bool) -> int:
    """Write the bundle of a version as a folder, or as an archive beside its bill of materials, and say where."""
    registry = ClonedRegistry(root, at=at)
    with show_progress() as on_bytes:
        found = read_bundle(registry, reference, on_bytes=on_bytes)
    folder = output if output is not None else Path() if archive else Path(found.name)
    files = write_archive(found, folder) if archive else write_folder(found, folder)
    model, _, version = found.reference.partition("@")
    yanked = yanked_note(registry, model, version)
    if yanked:
        print(f"warning: {yanked}", file=sys.stderr)
    if as_json:
        listed = [
            {"path": str(f.path), "size": f.file.size, "sha256": f.file.sha256, "action": f.action} for f in files
        ]
        report = {"reference": found.reference, "folder": str(folder), "files": listed, "yanked": yanked}
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        for file in files:
            print(format_pulled(file))
    return 0
