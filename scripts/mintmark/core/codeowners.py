"""The file CODEOWNERS: the block that follows from the owners of the models. Reads no files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CODEOWNERS = ".github/CODEOWNERS"
ELSEWHERE = ("CODEOWNERS", "docs/CODEOWNERS")  # GitHub reads the first of the three that is there
_BEGIN = "# mintmark doctor --write: begin. These lines follow from the owners in model.yaml; edit them there."
_END = "# mintmark doctor --write: end"
_OWNER = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_MODEL = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def write_block(text: str, owners: Mapping[str, Sequence[str]]) -> str:
    """Return `text` with the block of the models in it, each model's folder with its owners.

    What people wrote around the block stays as it is, byte for byte. Without a block, it is added at the end, where
    it has the last word. Raises `ValueError` for a model or an owner that is no name, and for half a block.
    """
    block = "\n".join([_BEGIN, *(_line(model, owners[model]) for model in sorted(owners)), _END])
    lines = text.split("\n")
    begins, ends = _places(lines, _BEGIN), _places(lines, _END)
    if not begins and not ends:
        return f"{text}{_gap(text)}{block}\n"
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise ValueError("its block is damaged: the lines with begin and end must each be there once, in this order")
    return "\n".join([*lines[: begins[0]], block, *lines[ends[0] + 1 :]])


def _gap(text: str) -> str:
    if not text:
        return ""
    return "\n" if text.endswith("\n") else "\n\n"


def _places(lines: Iterable[str], marker: str) -> list[int]:
    return [number for number, line in enumerate(lines) if line.rstrip("\r") == marker]


def _line(model: str, owners: Sequence[str]) -> str:
    if not _MODEL.fullmatch(model):
        raise ValueError(f"{model!r} cannot name a model")
    for owner in owners:
        if not _OWNER.fullmatch(owner):
            raise ValueError(f"{owner!r} is neither a user nor a team, such as @ada or @acme/ml")
    if not owners:
        raise ValueError(f"{model} has no owner")
    return f"/models/{model}/ {' '.join(owners)}"


def lines_after_block(text: str) -> list[str]:
    """Return the lines below the block that name owners: the last match wins, so they may overrule the block."""
    lines = text.split("\n")
    ends = _places(lines, _END)
    after = lines[ends[-1] + 1 :] if ends else []
    return [line.strip() for line in after if line.strip() and not line.strip().startswith("#")]
