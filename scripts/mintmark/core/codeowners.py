"""The file CODEOWNERS: the block that follows from the owners of the models. Reads no files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CODEOWNERS = ".github/CODEOWNERS"
ELSEWHERE = ("CODEOWNERS", "docs/CODEOWNERS")  # GitHub reads the first of the three that is there
_BEGIN = "# mintmark doctor --write{}: begin. These lines follow from the owners in model.yaml; edit them there."
_END = "# mintmark doctor --write{}: end"
_ANY_END = re.compile(r"# mintmark doctor --write(?: in .+)?: end")
_ANY_BEGIN = re.compile(r"# mintmark doctor --write(?: in .+)?: begin\. .*")
_NO_PATTERN = re.compile(r"[*?\[\]!#\\\x00-\x1f\x7f]")  # what a path in CODEOWNERS cannot hold, or means something else
_OWNER = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_MODEL = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def write_block(text: str, owners: Mapping[str, Sequence[str]], prefix: str = "") -> str:
    """Return `text` with the block of the models in it, each model's folder with its owners.

    `prefix` is the folder of the registry in its repository with a final slash; each registry has a block of its own.
    What people wrote around the block stays as it is, byte for byte. Without a block, it is added at the end, where it
    has the last word. Raises `ValueError` for a model or an owner that is no name, for half a block, and for a folder
    that cannot be named there.
    """
    if _NO_PATTERN.search(prefix):
        raise ValueError(f"the folder {prefix} cannot be named in it: its name has a sign that means something there")
    begin, end = _markers(prefix)
    block = "\n".join([begin, *(_line(prefix, model, owners[model]) for model in sorted(owners)), end])
    lines = text.split("\n")
    begins, ends = _places(lines, begin), _places(lines, end)
    if not begins and not ends:
        return f"{text}{_gap(text)}{block}\n"
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise ValueError("its block is damaged: the lines with begin and end must each be there once, in this order")
    return "\n".join([*lines[: begins[0]], block, *lines[ends[0] + 1 :]])


def _markers(prefix: str) -> tuple[str, str]:
    where = f" in {prefix.rstrip('/')}" if prefix else ""
    return _BEGIN.format(where), _END.format(where)


def _gap(text: str) -> str:
    if not text:
        return ""
    return "\n" if text.endswith("\n") else "\n\n"


def _places(lines: Iterable[str], marker: str) -> list[int]:
    return [number for number, line in enumerate(lines) if line.rstrip("\r") == marker]


def _line(prefix: str, model: str, owners: Sequence[str]) -> str:
    if not _MODEL.fullmatch(model):
        raise ValueError(f"{model!r} cannot name a model")
    for owner in owners:
        if not _OWNER.fullmatch(owner):
            raise ValueError(f"{owner!r} is neither a user nor a team, such as @ada or @acme/ml")
    if not owners:
        raise ValueError(f"{model} has no owner")
    folder = prefix.replace(" ", "\\ ")
    return f"/{folder}models/{model}/ {' '.join(owners)}"


def lines_after_block(text: str, prefix: str = "") -> list[str]:
    """Return the lines below the block that name owners: the last match wins, so they may overrule the block.

    The blocks of other registries in the repository name their own folders.
    """
    lines = text.split("\n")
    ends = _places(lines, _markers(prefix)[1])
    found, inside = [], False
    for line in map(str.strip, lines[ends[-1] + 1 :] if ends else ()):
        inside = (inside or bool(_ANY_BEGIN.fullmatch(line))) and not _ANY_END.fullmatch(line)
        if line and not inside and not line.startswith("#"):
            found.append(line)
    return found
