"""`mintmark pull`: write the files of one version into a folder, verified. Loads no model."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mintmark.commands.opening import open_registry
from mintmark.core.words import numbers
from mintmark.registry.stored.pulling import Pulled, PulledFile, pull_files
from mintmark.terminal import unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_WORTH_A_BAR = 10 * 1000**2  # bytes


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
    with show_progress() as on_bytes:
        pulled = pull_files(registry, reference, output, all_files=all_files, on_bytes=on_bytes)
    if pulled.yanked:
        print(f"warning: {pulled.yanked}", file=sys.stderr)
    if as_json:
        print(json.dumps(_to_dict(pulled), indent=2, ensure_ascii=False))
    else:
        for pulled_file in pulled.files:
            print(format_pulled(pulled_file))
    return 0


def format_pulled(pulled: PulledFile) -> str:
    """Return the line that says what became of a file."""
    size = numbers.size(pulled.file.size)
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
def show_progress() -> Iterator[Callable[[int], None] | None]:
    """Show on a terminal how many bytes came, once they are enough to wait for."""
    if not sys.stderr.isatty():
        yield None
        return
    bars: list[Any] = []
    seen = 0

    def advance(count: int) -> None:
        nonlocal seen
        seen += count
        if bars:
            bars[0].update(count)
        elif seen >= _WORTH_A_BAR:
            from tqdm import tqdm

            bars.append(tqdm(initial=seen, unit="B", unit_scale=True, leave=False, file=unescaped(sys.stderr)))

    try:
        yield advance
    finally:
        for bar in bars:
            bar.close()
