"""What GitHub makes of Markdown: its own renderer (cmark-gfm), and what its filters would find in the text of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

ZERO_WIDTH_SPACE = "\u200b"
VOID = {"br", "hr", "img", "input", "link", "meta"}
LITERAL = {"pre", "code", "a", "style", "script"}  # in these GitHub looks for nothing
# As html-pipeline has them, which is what GitHub published of its filters, and its documentation of the rest.
FOUND_IN_TEXT = {
    "mention": re.compile(r"(?:^|\W)@[a-z0-9]", re.I),
    "issue": re.compile(r"(?:^|\W)(?:[\w.-]+/[\w.-]+)?#[0-9]|\bGH-[0-9]", re.I),
    "emoji": re.compile(r":[\w+-]+:"),
    "formula": re.compile(r"\$[^$]+\$|\$`|`\$"),
    "address": re.compile(r"[a-z]+://\w|\bwww\.\w|\w@\w[\w-]*\.\w", re.I),
}


@dataclass
class Page(HTMLParser):
    """A rendered page: its elements with attributes, and each text with the elements that it stands in."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.open), data))

    def handle_comment(self, data: str) -> None:
        self.elements.append(("!--", {"": data}))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("!", {"": decl}))

    @property
    def text(self) -> str:
        return "".join(data for _, data in self.texts).replace(ZERO_WIDTH_SPACE, "")

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def count(self, tag: str) -> int:
        return sum(1 for name, _ in self.elements if name == tag)

    def found_in_text(self) -> dict[str, list[str]]:
        """What GitHub would make a link, a picture or a formula of."""
        found = {
            name: [data for stack, data in self.texts if not LITERAL & set(stack) and pattern.search(data)]
            for name, pattern in FOUND_IN_TEXT.items()
        }
        for stack, data in self.texts:
            if stack[-2:] == ("blockquote", "p") and re.match(r"\s*\[!\w+\]", data):
                found["alert"] = [data]
            if stack and stack[-1] in ("li", "p") and re.match(r"\s*\[[ x]\]", data, re.I):
                found["task"] = [data]
        return {name: texts for name, texts in found.items() if texts}


def render(markdown: str) -> Page:
    """Return the page that GitHub shows for a comment."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_HARDBREAKS
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=options))
    page.close()
    if page.open:
        page.faults.append(f"still open: {page.open}")
    return page


def fences(markdown: str, language: str) -> list[str]:
    """Return the texts of the code blocks of one language, as a renderer finds them."""
    page = render(markdown)
    languages = [attributes.get("lang") for tag, attributes in page.elements if tag == "pre"]
    blocks: list[str] = []
    inside = False
    for stack, data in page.texts:
        if "pre" in stack and inside:
            blocks[-1] += data
        elif "pre" in stack:
            blocks.append(data)
        inside = "pre" in stack
    assert len(blocks) == len(languages)
    return [block for block, name in zip(blocks, languages, strict=True) if name == language]
