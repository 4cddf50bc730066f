"""Put new files beside those that are there, and overwrite none. Knows nothing of what is in them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mintmark.errors import MintmarkError
from mintmark.registry.files import read_text_file, unix_lines, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GROWING: Final = (".gitignore", ".gitattributes", ".dvcignore")  # of which lines of ours are added to lines of theirs
STAYING: Final = (".dvc/config", ".dvc/.gitignore", "requirements.lock")  # where a team has its own, that one counts
OURS_FOLLOW: Final = "# Mintmark's own lines follow: mintmark init added them."


@dataclass(frozen=True, kw_only=True, slots=True)
class Placing:
    """What is to be written: files that are `new`, those that are `longer` than before, and what `stays` as it is."""

    new: Mapping[str, bytes] = field(default_factory=dict)
    longer: Mapping[str, bytes] = field(default_factory=dict)
    stays: tuple[str, ...] = ()

    @property
    def writes(self) -> dict[str, bytes]:
        """Every file that is written, by path."""
        return {**self.new, **self.longer}


def plan(root: Path, files: Mapping[str, bytes]) -> Placing:
    """Return what of `files` has to be written below `root`.

    Raises `MintmarkError` that names every file of another content, and every link, that is in the way.
    """
    new, longer, stays, in_the_way = dict[str, bytes](), dict[str, bytes](), list[str](), list[str]()
    for path, content in files.items():
        present = _present(root, path)
        if present is None:
            new[path] = content
        elif unix_lines(present) == content:
            continue
        elif path in GROWING:
            grown = _grown(present, content)
            longer |= {path: grown} if grown != present else {}
        elif path in STAYING:
            stays.append(path)
        else:
            in_the_way.append(path)
    if in_the_way:
        raise MintmarkError(_refusal(in_the_way))
    return Placing(new=new, longer=longer, stays=tuple(stays))


def _refusal(paths: list[str]) -> str:
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    elsewhere = "; move what is there, or begin the registry in a folder of its own: mintmark -C registry init"
    workflows = (
        "; --no-workflows leaves those of GitHub out" if all(".github/" in path for path in paths) else elsewhere
    )
    return f"{shown}: in the way, and nothing is overwritten{workflows}"


def _present(root: Path, path: str) -> bytes | None:
    """Return what is at a path, None where nothing is; raise `MintmarkError` where a link or a file leads elsewhere."""
    place = root
    parts = path.split("/")
    for part in parts[:-1]:
        place = place / part
        if part != ".." and (place.is_symlink() or (place.exists() and not place.is_dir())):
            raise MintmarkError(f"{place}: is no folder, and {parts[-1]} belongs below it; move it elsewhere")
    target = place / parts[-1]
    return read_text_file(target) if os.path.lexists(target) else None


def _grown(present: bytes, content: bytes) -> bytes:
    """Return a list of patterns with ours behind theirs: the later line counts. Theirs stay byte by byte."""
    has = unix_lines(present).decode("utf-8", "surrogateescape")
    ours = content.decode()
    if ours in has:
        return present
    end = b"\r\n" if b"\r\n" in present else b"\n"
    gap = b"" if not present or present.endswith(b"\n") else end
    return present + gap + end + f"{OURS_FOLLOW}\n{ours}".encode().replace(b"\n", end)


def write(root: Path, placing: Placing) -> None:
    """Write what was planned, each file whole or not at all. Run again after a stop, the plan holds the rest."""
    for path, content in placing.writes.items():
        write_atomically(root / path, content)
