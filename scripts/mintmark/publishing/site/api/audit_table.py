"""The audit as a table for a spreadsheet (CSV, RFC 4180), with no cell that would be taken for a formula. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COLUMNS: Final = (
    "time", "kind", "model", "version", "channel", "from", "to", "by", "sentence", "reason", "subject", "commit",
    "pull_request",
)  # fmt: skip
# Turns the text around it, or is not seen. Joiners between letters stay.
_UNSEEN: Final = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# What a spreadsheet takes for the beginning of a formula, in wide letters too; some skip blanks before it.
_FORMULA: Final = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def format_audit_table(audit: Mapping[str, Any]) -> str:
    """Return all events, the newest first; `assets/audit.js` writes the same of those that a reader has chosen."""
    return _line(COLUMNS) + "".join(_line(event[name] for name in COLUMNS) for event in audit["events"])


def _line(values: Iterable[Any]) -> str:
    return ",".join(map(_cell, values)) + "\r\n"


def _cell(value: Any) -> str:
    """Return a value between quotes. An apostrophe makes text of what would be a formula.

    What nobody sees, or what turns the text around it, is written out as registry.js does it.
    """
    text = "" if value is None else _UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", str(value))
    defused = f"'{text}" if _FORMULA.match(text) else text
    return '"' + defused.replace('"', '""') + '"'
