"""Blocks of Markdown for a model card, made from texts that nobody vouches for. Reads nothing."""

from __future__ import annotations

import re
from typing import Final

from mintmark.core.finding import one_line
from mintmark.core.layout import model_path
from mintmark.publishing import markdown

_LONGEST: Final = 20_000  # characters of one line; a card is for people, and files of the registry are for the rest
_BLANK: Final = "(blank)"


def literal(text: str) -> str:
    """Return a text as one line of Markdown that shows it as it is, in a table too."""
    return markdown.escape(" ".join(text.split()), most=_LONGEST)


def prose(text: str) -> str:
    """Return a long text as Markdown that shows it as it is: paragraphs stay paragraphs, lines stay lines."""
    paragraphs = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    lines = ([literal(line) for line in part.split("\n") if line.strip()] for part in paragraphs)
    return "\n\n".join("<br>\n".join(part) for part in lines) or _BLANK


def code(text: str) -> str:
    """Return a name, a path or a command as code."""
    return markdown.code(text, most=_LONGEST) or _BLANK


def block(text: str, language: str) -> str:
    """Return a text as a block of code that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    shown = "\n".join(one_line(line) for line in text.rstrip("\n").split("\n"))
    return f"{ticks}{language}\n{shown}\n{ticks}"


def link(title: str) -> str:
    """Return a link to a section of the card, by the anchor that GitHub and the Hub give its heading."""
    return f"[{title}](#{re.sub(r'[^a-z0-9 -]', '', title.lower()).replace(' ', '-')})"


def unwritten(field: str, model: str) -> str:
    """Return the sentence that stands where model.yaml has nothing to say."""
    return f"Nobody has written this yet: add `{field}:` to `{model_path(model)}`."
