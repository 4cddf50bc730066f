"""The hidden mark by which Mintmark finds again what it wrote, and the length of a text that GitHub takes."""

from __future__ import annotations

from urllib.parse import quote

from mintmark.core.words.long_markdown import cut_at_line

MOST_CHARACTERS = 65_536  # of a comment, or of the body of an issue or a pull request
_CUT = "*The rest is cut: the text is longer than a forge takes.*"


def format_mark(key: str) -> str:
    """Return the line that a text with this key begins with; it shows nowhere."""
    return f"<!-- mintmark: {quote(key, safe='@:/.#+ ').replace('-', '%2D')} -->"


def marked(key: str, body: str) -> str:
    """Return a text with the mark of its key, cut at a line where it is too long."""
    return shortened(f"{format_mark(key)}\n{body}")


def is_marked(key: str, body: str) -> bool:
    """Whether a text begins with the mark of a key."""
    return body.lstrip().startswith(format_mark(key))


def read_mark(body: str) -> str | None:
    """Return the key that a text is marked with."""
    from urllib.parse import unquote

    line = body.lstrip().partition("\n")[0].strip()
    if not line.startswith("<!-- mintmark: ") or not line.endswith(" -->"):
        return None
    return unquote(line.removeprefix("<!-- mintmark: ").removesuffix(" -->"))


def without_key(body: str) -> str:
    """Return a text whose key stands for it no more: another text may be opened with the same one."""
    key = read_mark(body)
    if key is None:
        return body
    return marked(f"ended {key}", body.lstrip().partition("\n")[2])


def shortened(text: str) -> str:
    """Return a text that GitHub takes: cut at a line, with what the cut left open closed."""
    return cut_at_line(text, MOST_CHARACTERS, _CUT)
