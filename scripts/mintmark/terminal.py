"""Keep what other people wrote from being obeyed by a terminal or by a workflow's runner. Prints nothing.

This is the one place for it, whatever prints.
"""

from __future__ import annotations

import re
from typing import Any

# What a terminal obeys or what turns text around, but for tabs and line ends.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\r(?!\n)")
# What a runner of GitHub's obeys: `::` where a line begins with it, and `##[` anywhere.
_COMMANDS = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)


class Escaped:
    """A stream on which nothing is printed that a terminal or a runner obeys; `unescaped` is the one for our own."""

    def __init__(self, stream: Any) -> None:
        self.unescaped = stream

    def write(self, text: str) -> int:
        """Write a text, its controls as JSON escapes them: what is JSON stays so."""
        shown = _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
        self.unescaped.write(_COMMANDS.sub(r"\1\\u003a", shown).replace("##[", r"\u0023#["))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unescaped, name)


def escaped(stream: Any) -> Any:
    """Return the stream to print to in place of one, which may have been closed by the caller (None)."""
    return stream if stream is None else Escaped(stream)


def unescaped(stream: Any) -> Any:
    """Return the stream behind, on which a progress bar moves and a runner is told something."""
    return stream.unescaped if isinstance(stream, Escaped) else stream
