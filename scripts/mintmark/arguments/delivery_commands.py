"""The commands that deliver what is merged: what a release makes, and what is handed to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mintmark.arguments.command import Command

DELIVERY_COMMANDS: dict[str, Command] = {}
