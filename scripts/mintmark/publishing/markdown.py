"""Blocks of GitHub Markdown around texts that nobody vouches for: escaped, they are shown as they were written.

Entities carry every character that has a meaning to Markdown: CommonMark 0.31, section 2.5, lets none of them make
structure. What GitHub looks for in the finished text comes after that, where an entity is a character again: mentions,
references to issues, addresses, emoji. These are broken by a zero-width space, as Dependabot and Renovate do, so no
such name is left to be found; names that people copy (`iris@1.4.2`, paths, metrics) are code, where GitHub looks for
nothing. Dollar signs stand alone in an element, as GitHub's page on mathematical expressions tells.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

GAP: Final = "&#8203;"  # a zero-width space
MOST_MARKS: Final = 3  # accents on one letter; a pile of them covers the lines above

_REPLACEMENTS: Final = {
    **{character: f"&#{ord(character)};" for character in "\\`*_[]|~"},
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "@": f"&#64;{GAP}",
    "#": f"&#35;{GAP}",
    "$": "<span>&#36;</span>",
}
_SPECIAL: Final = re.compile(
    r"(?P<box>\[(?=[!x ]))"  # a box to tick, or an alert
    r"|(?P<emoji>:(?=//|[\w+-]+(?::|\Z)))"  # whoever shows the text may go on with a colon
    r"|(?P<address>(?<![0-9A-Za-z])www(?=\.))"
    r"|(?P<issue>(?<![0-9A-Za-z])GH-(?=[0-9]))"
    r"|[\\`*_\[\]|~&<>@#$]",
    re.IGNORECASE,
)
# The start of a list, of a line under a heading, or of the row that sets a table's columns.
_START: Final = re.compile(r"\A(?:[-+=:]|[0-9]{1,9}[.)](?=\s|\Z))")
_REFERENCE: Final = re.compile(
    r"(?<![\w.@/-])([a-z][a-z0-9]*(?:-[a-z0-9]+)*"
    r"@(?:[0-9]+\.[0-9]+\.[0-9]+(?:[-+](?:[0-9A-Za-z-]+[.+])*[0-9A-Za-z-]+)?|[a-z][a-z0-9]*(?:-[a-z0-9]+)*))"
    r"(?![@/\w-]|\.\w)",
    re.ASCII,
)
_PLAIN_CODE: Final = re.compile(r"[0-9A-Za-z_.,:/+=()%…-]+(?:(?: |(?<=[0-9a-z])@)[0-9A-Za-z_.,:/+=()%…-]+)*\Z")
_MOST_GROWTH: Final = 3


def visible(text: str) -> str:
    """Return a text as one line in which controls, invisible characters and piles of accents are written out."""
    line = one_line(text)
    if line.isascii():
        return line
    shown, marks = [], 0
    for character in line:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        shown.append(character if marks <= MOST_MARKS else character.encode("unicode_escape").decode())
    return "".join(shown)


def escape(text: str, *, most: int | None = None) -> str:
    """Return one line of Markdown that GitHub shows as `text`, in paragraphs, lists, tables and headings.

    References (`iris@1.4.2`) become code. With `most`, the text is cut to so many characters, and to fewer where they
    take more than three times as many in Markdown.
    """
    if most is None:
        return _escape_sentence(visible(text).strip())
    return _cut(_line(text, most), most, _escape_sentence)


def escape_html(text: str, *, most: int) -> str:
    """Return a text for where GitHub reads HTML and no Markdown, such as in `<summary>`; cut as `escape` does."""
    return _cut(_line(text, most), most, _escape)


def bold(text: str, *, most: int) -> str:
    """Return a text in bold; cut as `escape` does."""
    return f"**{escape(text, most=most) or '(no name)'}**"


def code(text: str, *, most: int = 80) -> str:
    """Return a name, a path or a value as code, in paragraphs, lists, tables and headings; cut as `escape` does."""
    shown = shorten(_line(text, most), most)
    if _PLAIN_CODE.match(shown):
        return f"`{shown}`"
    return f"<code>{_cut(shown, most, _escape)}</code>" if shown else ""


def quote(text: str, *, most: int) -> str:
    """Return a text of many lines as a block quote that keeps lines and paragraphs; cut as `escape` does."""
    return _cut(text.strip(), most, _quote)


def _line(text: str, most: int) -> str:
    """Return a text as one line, and of a huge one no more than is needed to cut it."""
    return visible(text[: 10 * most]).strip()


def _cut(text: str, most: int, format_text: Callable[[str], str]) -> str:
    """Return the Markdown of a text, of less of it as long as that is out of proportion: an entity takes much room."""
    text, room = shorten(text, most), _MOST_GROWTH * most
    markdown = format_text(text)
    while len(markdown) > room and len(text) > 1:
        text = shorten(text, max(1, min(len(text) - 1, len(text) * room // len(markdown))))
        markdown = format_text(text)
    return markdown


def _quote(text: str) -> str:
    paragraphs: list[list[str]] = [[]]
    for line in re.split(r"\r\n|\r|\n", text):
        if line.strip():
            paragraphs[-1].append(escape(line))
        elif paragraphs[-1]:
            paragraphs.append([])
    # A line break of Markdown is one more in a comment on GitHub, and none in a file.
    return "\n>\n".join(f"> {'<br>'.join(lines)}" for lines in paragraphs if lines)


def _escape_sentence(text: str) -> str:
    parts = _REFERENCE.split(text)  # what stands between references, and each reference
    markdown = "".join(f"`{part}`" if number % 2 else _escape(part) for number, part in enumerate(parts))
    return _START.sub(lambda start: f"{start[0][:-1]}&#{ord(start[0][-1])};", markdown)


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: _REPLACEMENTS.get(match[0], match[0]) + (GAP if match.lastgroup else ""), text)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = ()) -> str:
    """Return a table of cells that are Markdown already; the `numeric` columns are set to the right."""
    rule = ["--:" if column in numeric else "---" for column in range(len(header))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def details(summary: str, body: str, *, unfolded: bool = False) -> str:
    """Return Markdown that opens on a click, under a summary that is HTML already."""
    return f"<details{' open' if unfolded else ''}>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def bullets(items: Iterable[str]) -> str:
    """Return a list of items that are Markdown already."""
    return "\n".join(f"- {item}" for item in items)


def fence(text: str, language: str) -> str:
    """Return a block of code; raises `ValueError` for a text that could end it."""
    if "`" in text or "~~~" in text:
        raise ValueError("holds a fence of its own")
    return f"```{language}\n{text}\n```"
