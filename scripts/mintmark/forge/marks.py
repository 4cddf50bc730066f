"""The hidden mark by which Mintmark finds again what it wrote, and the length of a text that GitHub takes."""

from __future__ import annotations

import re
from urllib.parse import quote

from mintmark.core.words.long_markdown import cut_at_line

MOST_CHARACTERS = 65_536  # of a comment, or of the body of an issue or a pull request
_MARK = re.compile(r"<!-- mintmark: (?P<key>(?:(?!--)[^<>\r\n])*) -->")
_CUT = "*The rest is cut: the text is longer than a forge takes.*"


def format_mark(key: str) -> str:
    """Return the line that a text with this key begins with; it shows nowhere."""
    return f"<!-- mintmark: {quote(key, safe='@:/.#+ ').replace('-', '%2D')} -->"


def marked(key: str, body: str) -> str:
    """Return a text with the mark of its key, cut at a line where it is too long."""
    return shortened(f"{format_mark(key)}\n{body}")


def is_marked(key: str, body: str) -> bool:
    """Whether a text has the mark of a key."""
    return read_mark(body) == key


def read_mark(body: str) -> str | None:
    """Return the key that a text is marked with: the first one, for a person may have written something above it."""
    from urllib.parse import unquote

    found = _find(body)
    return None if found is None else unquote(found["key"])


def begins_marked(body: str) -> bool:
    """Whether a text begins with a mark, whatever its key."""
    return _MARK.match(body.lstrip()) is not None


def renewed(body: str, text: str) -> str:
    """Return a marked text that takes the place of an older one, below what a person wrote above that."""
    found = _find(body)
    above = body[: found.start()] if found is not None else ""
    return shortened(above + text) if above.strip() else text


def without_key(body: str) -> str:
    """Return a text whose key stands for it no more: another text may be opened with the same one."""
    found = _find(body)
    if found is None:
        return body
    return shortened(body[: found.start()] + format_mark(f"ended {read_mark(body)}") + body[found.end() :])


def _find(body: str) -> re.Match[str] | None:
    """Return where the mark stands; one that is quoted, or shown as code, is the word of somebody else."""
    for found in _MARK.finditer(body):
        before = body[body.rfind("\n", 0, found.start()) + 1 : found.start()]
        if not before.lstrip().startswith(">") and "`" not in before and not before.startswith(("    ", "\t")):
            return found
    return None


def shortened(text: str) -> str:
    """Return a text that GitHub takes: cut at a line, with what the cut left open closed."""
    return cut_at_line(text, MOST_CHARACTERS, _CUT)
