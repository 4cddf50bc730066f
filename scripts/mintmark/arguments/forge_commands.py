"""The commands that a forge's workflows run; each also runs on a laptop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mintmark.arguments.command import Command

FORGE_COMMANDS: dict[str, Command] = {}
