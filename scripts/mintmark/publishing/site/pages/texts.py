"""Texts of model.yaml and of records as HTML: Markdown without HTML, pictures, or links to anything but web and mail.

Whoever may open a pull request writes these texts. CommonMark is read by markdown-it with HTML off, so every character
of the text is escaped; what is left to forbid is where a link leads, and characters that show something else than what
is there. Headings become bold lines, because the outline of a page is the page's own.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from mintmark.core.finding import shorten
from mintmark.publishing.site.pages.templating import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST: Final = 20_000  # the schemas allow no longer text; documents of an older registry may hold one
_SAFE_LINK: Final = re.compile(
    r"(?:https?://[^/?#@\s]+(?:[/?#][!-~]*)?|mailto:[!-~]+@[!-~]+)\Z", re.ASCII | re.IGNORECASE
)
_MARKS: Final = re.compile(r"[*_`\[\]<>#|\\!&~+=-]|^\s*[0-9]+[.)]", re.MULTILINE)  # without any, a text is plain
_MOST_CELLS: Final = 20_000
_BLANK_START: Final = re.compile(r"\A(?:[ \t]*\n)+")
_REL: Final = "nofollow noopener noreferrer"


@lru_cache(maxsize=1024)
def render_text(markdown: str) -> Markup:
    """Return the HTML of a text that nobody vouches for; the same text is rendered once."""
    text = shorten(_BLANK_START.sub("", markdown).rstrip(), _LONGEST)
    if _is_plain_line(text):
        return Markup("<p>{}</p>\n").format(text)
    reader = _reader(tables=not _is_bomb(text))
    tokens = [_safe_block(token) for token in reader.parse(text)]
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - escaped by markdown-it, html is off


@lru_cache(maxsize=1024)
def plain_text(markdown: str) -> str:
    """Return what a reader sees of a text, in one line and without marks: for a row, a title or a preview."""
    text = shorten(markdown, _LONGEST)
    if not _MARKS.search(text):
        return " ".join(text.split())
    tokens = _reader(tables=False).parse(text)
    parts = (_words(token) for token in tokens)
    return " ".join(" ".join(part for part in parts if part).split())


def _is_plain_line(text: str) -> bool:
    """Whether a text is one line without any marks, which needs no reader of Markdown."""
    is_line = text.isascii() and text.isprintable() and text[:1] not in ("", " ")
    return is_line and '"' not in text and "'" not in text and not _MARKS.search(text)


def _words(token: Token) -> str:
    if token.children is None:
        return token.content
    return "".join(" " if inner.type in ("softbreak", "hardbreak") else inner.content for inner in token.children)


def _is_bomb(text: str) -> bool:
    """Whether its tables would be filled up to more cells than anybody reads: a short row gets those it lacks."""
    rules = (line for line in text.splitlines() if "-" in line and not line.strip("|:- \t>"))
    return max((rule.count("|") + 1 for rule in rules), default=0) * text.count("\n") > _MOST_CELLS


@cache
def _reader(*, tables: bool) -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    if tables:
        reader.enable("table")
    # A link that is refused stays what its author typed: `[x](javascript:alert(1))` is read as these characters.
    reader.validateLink = is_safe_link  # type: ignore[method-assign]
    return reader


def is_safe_link(url: str) -> bool:
    """Whether a link may lead there: a whole address of web or mail without credentials, in printable ASCII."""
    return _SAFE_LINK.match(url) is not None


def _safe_block(token: Token) -> Token:
    """Return a token whose text shows every character, without attributes, and which is no heading."""
    attributes = {"start": token.attrs["start"]} if "start" in token.attrs else {}
    if token.type in ("heading_open", "heading_close"):
        bold = {"class": "mm-heading"} if token.nesting == 1 else {}
        return token.copy(type=token.type.replace("heading", "paragraph"), tag="p", attrs=bold)
    content = shown(token.content) if token.type in ("fence", "code_block") else token.content
    children = list(_safe_inlines(token.children)) if token.children is not None else None
    return token.copy(attrs=attributes, content=content, children=children)


def _safe_inlines(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the parts of a line: links with nothing but an address, and pictures as links to where they lie.

    `[x]()` has no address to refuse, so it comes here as a link; what is left of it is its text.
    """
    kept = False  # links of CommonMark lie in no other link
    for token in tokens:
        if token.type == "image":
            yield from _picture(token, linked=not kept)
        elif token.type == "link_open":
            url = str(token.attrs["href"])
            if kept := is_safe_link(url):
                yield _link(url)
        elif token.type != "link_close" or kept:
            kept = kept and token.type != "link_close"
            yield token.copy(content=shown(token.content))


def _picture(token: Token, *, linked: bool) -> Iterator[Token]:
    text = Token("text", "", 0, content=shown(token.content) or "picture")
    url = str(token.attrs["src"])
    if not linked or not is_safe_link(url):
        yield text
        return
    yield _link(url)
    yield text
    yield Token("link_close", "a", -1)


def _link(url: str) -> Token:
    return Token("link_open", "a", 1, attrs={"href": url, "rel": _REL})


class _Renderer(RendererHTML):
    """Blocks of code and tables that can be scrolled with the keyboard."""

    def fence(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return str(Markup('<pre tabindex="0"><code>{}</code></pre>\n').format(tokens[idx].content))

    def code_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return self.fence(tokens, idx)

    def table_open(self, *_: Any) -> str:
        return '<div class="mm-scroll" tabindex="0" role="region" aria-label="Table"><table>\n'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"
