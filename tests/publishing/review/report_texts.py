"""The text of a report, which is checked as a whole wherever a test reads it."""

from __future__ import annotations

from typing import Any

from tests.publishing.on_github import Page, fences, render

from mintmark.core.judgement.review import Review
from mintmark.publishing.review.markdown_report import MARKER, format_markdown

HEADINGS = [
    "Primary metric",
    "Checks to look at",
    "Files",
    "Summary by the author",
    "All metrics",
    "Slices",
    "Behaviour tests",
    "Cost",
    "Cross-checks",
    "Curves",
    "Differences",
    "Lineage",
    "Uses of the evaluation data",
    "Reproduction",
    "Isolation of the models",
    "What to do next",
]
OWN_TAGS = {
    *("h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "blockquote", "pre", "code", "strong"),
    *("em", "details", "summary", "sub", "span", "br", "hr", "!--"),
}
OWN_ATTRIBUTES = [{"align": "right"}, {"lang": "mermaid"}, {"open": None}, {"": " mintmark-review "}]


def headings(page: Page) -> list[str]:
    return [data for stack, data in page.texts if stack == ("h3",)]


def check_whole(markdown: str, limit: int = 60_000) -> Page:
    """What holds of every report: short enough, nothing broken, and nothing in it but what we put there."""
    assert len(markdown) < limit
    assert markdown.startswith(f"{MARKER}\n\n## ")
    assert markdown.endswith("</sub>\n")
    page = render(markdown)
    assert page.faults == []
    assert page.tags <= OWN_TAGS
    assert [attributes for _, attributes in page.elements if attributes and attributes not in OWN_ATTRIBUTES] == []
    assert page.count("!--") == 1
    assert page.count("h2") == 1
    assert page.count("details") == page.count("summary") == markdown.count("<details") == markdown.count("</details>")
    assert page.count("pre") == len(fences(markdown, "mermaid")) == markdown.count("```mermaid")
    assert markdown.count("```") == 2 * page.count("pre")
    assert page.found_in_text() == {}
    assert set(headings(page)) <= set(HEADINGS)
    assert page.count("h3") == len(headings(page))
    return page


def text_of(review: Review, **options: Any) -> str:
    return check_whole(format_markdown(review, **options)).text
