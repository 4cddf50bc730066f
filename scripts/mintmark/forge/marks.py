"""The hidden mark by which Mintmark finds again what it wrote, and the length of a text that GitHub takes."""

from __future__ import annotations

from urllib.parse import quote

MOST_CHARACTERS = 65_536  # of a comment, or of the body of an issue or a pull request
_CUT = "\n\n*The rest is cut: the text is longer than a forge takes.*"


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


def shortened(text: str) -> str:
    """Return a text that GitHub takes: cut at a line, with the code block closed that the cut left open."""
    if _length(text) <= MOST_CHARACTERS:
        return text
    kept, room = [], MOST_CHARACTERS - len(_CUT) - 20
    fence = ""
    for line in text.splitlines():
        room -= _length(line) + 1
        if room < 0:
            break
        kept.append(line)
        fence = _fence_after(line, fence)
    return "\n".join([*kept, *([fence] if fence else [])]) + _CUT


def _fence_after(line: str, fence: str) -> str:
    """Return the fence that is open after a line, empty where none is."""
    bare = line.strip()
    for mark in ("```", "~~~"):
        if bare.startswith(fence or mark) and bare.startswith(mark):
            opening = bare[: len(bare) - len(bare.lstrip(mark[0]))]
            if not fence:
                return opening
            return "" if bare == opening else fence
    return fence


def _length(text: str) -> int:
    """Count as GitHub may: a character beyond the basic plane counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
