"""Keep what other people wrote from being obeyed by a terminal: one place, whatever prints it. Prints nothing."""

from __future__ import annotations

import re
from typing import Any

# What a terminal obeys or what turns text around, but for tabs and line ends.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\r(?!\n)")


class Escaped:
    """A stream on which nothing is printed that a terminal obeys; `unescaped` is the stream for our own controls."""

    def __init__(self, stream: Any) -> None:
        self.unescaped = stream

    def write(self, text: str) -> int:
        """Write a text, its controls as JSON escapes them: what is JSON stays so."""
        self.unescaped.write(_CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unescaped, name)


def escaped(stream: Any) -> Any:
    """Return the stream to print to in place of one, which may have been closed by the caller (None)."""
    return stream if stream is None else Escaped(stream)


def unescaped(stream: Any) -> Any:
    """Return the stream behind, on which a progress bar moves."""
    return stream.unescaped if isinstance(stream, Escaped) else stream
