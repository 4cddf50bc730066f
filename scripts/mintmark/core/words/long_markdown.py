"""Cut Markdown that is longer than a forge takes, so that what is left still reads as it should. Pure."""

from __future__ import annotations

import re
from typing import Final

_FENCE: Final = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})(?P<info>[^\n]*)\Z")


def length_of(text: str) -> int:
    """Count as forges may: a character beyond the basic plane counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_at_line(markdown: str, most: int, ending: str) -> str:
    """Return Markdown of at most `most` characters: whole lines of it, and `ending` where lines are gone.

    A fence or a `<details>` that is open where the text is cut is closed. `ending` is one paragraph, such as a link to
    where the whole text is.
    """
    if length_of(markdown) <= most:
        return markdown
    lines = markdown.split("\n")
    marks, folds, size = "", 0, 0
    whole, closing = 0, [ending]
    for number, line in enumerate(lines, 1):
        size += length_of(line) + 1
        if size > most:
            break
        marks = _fence_after(line, marks)
        if not marks:
            folds = max(0, folds + line.count("<details") - line.count("</details>"))
        needed = [*([marks] if marks else []), *["\n</details>"] * folds, "", ending]
        if size + length_of("\n".join(needed)) <= most:
            whole, closing = number, needed
    return "\n".join([*lines[:whole], *closing])


def _fence_after(line: str, marks: str) -> str:
    """Return the marks that close the fence that is open behind a line; empty where none is."""
    found = _FENCE.match(line)
    if found is None:
        return marks
    if not marks:
        return "" if "`" in found["marks"] and "`" in found["info"] else found["marks"]
    closes = found["marks"].startswith(marks) and not found["info"].strip()
    return "" if closes else marks
