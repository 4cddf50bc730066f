"""No text of a registry makes structure in a model card."""

from __future__ import annotations

import re

import pytest
from tests.publishing.card.shown_cards import Page, a_source, section

from mintmark.core.records import Status
from mintmark.publishing.card.model_card import CardSource, format_card

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></table><!-- hidden",
    "<!-- -->",
    "[click](javascript:alert(1)) ![x](https://evil.example/p.png)",
    "[x]: https://evil.example",
    "<https://evil.example> https://evil.example www.evil.example",
    "| a | b |",
    "`code` ``` ~~~ ```` ~~gone~~ **bold** _it_",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "===",
    "---",
    "&lt;b&gt; &amp; &#60;",
    "\\<b\\> \\| \\",
    "$x$ $$y$$ \\(z\\)",
    "@everyone #1 GH-1 a@b.example :tada:",
    "two  spaces",
]  # fmt: skip
PARAGRAPHS = "\n\n".join(HOSTILE)
SAFE_TAGS = {"a", "blockquote", "br", "code", "details", "h1", "h2", "p", "pre", "span", "strong", "summary", "table", "tbody",
             "td", "th", "thead", "tr"}  # fmt: skip


def hostile_source(text: str) -> CardSource:
    """A card source with a text wherever a text can be."""
    names = {f"{text} {number}": number for number in range(2)}
    rules = [{"name": "clear-cases", "kind": "minimum-functionality", "description": text, "cases": [{"row": {text: text}, "expect": text}]},
             {"name": "moved", "kind": "invariance", "description": text, "change": {"column": text, "set": text}, "tolerance": 1, "share": 1}]  # fmt: skip
    model = {
        **dict.fromkeys(("purpose", "intended_use", "out_of_scope", "limitations", "ethics", "training_data"), text),
        **dict.fromkeys(("title", "target", "positive_class"), text),
        "owners": [text],
        "behaviour": rules,
        "slices": [{"name": "large-nuclei", "description": text, "where": {"column": text, "in": [text, text]}}],
        "monitoring": {"columns": [text]},
    }
    record = {
        **dict.fromkeys(("author", "summary"), text),
        "parameters": {text: {text: text}},
        "data": [{"role": "source", "path": text, "hash": text, "rows": 1}],
        "signature": {
            "inputs": dict.fromkeys(names, text),
            "outputs": {text: {"type": text, "shape": [None]}},
            "classes": [text],
        },
        "stages": {
            text: {
                "cmd": [text, text],
                "deps": {text: f"md5:{text}"},
                "outs": {text: f"md5:{text}"},
                "params": {text: text},
            }
        },
        "environment": {"python": text, "platform": text, "packages": {text: text}, "lock": f"sha256:{'0' * 64}"},
    }
    importance = {name: {"mean": number, "std": 0} for name, number in names.items()}
    return a_source(model=model, record=record, measured={"importance": importance}, status=Status(reason=text))


@pytest.mark.parametrize("text", [*HOSTILE, PARAGRAPHS], ids=[*HOSTILE, "all of them"])
def test_no_text_of_a_file_makes_structure(text: str) -> None:
    usual = Page(format_card(hostile_source("plain")))
    page = Page(format_card(hostile_source(text)))
    assert {tag for tag, _ in page.tags} <= SAFE_TAGS
    assert page.headings == usual.headings
    for tag in ("table", "tr", "td", "th", "details", "summary", "pre", "blockquote", "a"):
        assert [t for t, _ in page.tags].count(tag) == [t for t, _ in usual.tags].count(tag), tag
    for tag, attributes in page.tags:
        targets = (r"#[a-z-]+", r"http://data\.europa\.eu/eli/reg/2024/1689/oj", r"language-(sh|python|yaml)")
        assert tag in ("a", "code", "pre") or not attributes, (tag, attributes)
        assert all(any(re.fullmatch(target, value or "") for target in targets) for value in attributes.values())


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_shown_as_they_were_written(text: str) -> None:
    shown = Page(format_card(hostile_source(text))).text
    assert shown.count(" ".join(text.split())) >= 30


def test_parameters_cannot_leave_their_block_of_code() -> None:
    text = "```\n````\n<script>\n# heading"
    page = Page(format_card(a_source(record={"parameters": {"note": text}})))
    assert "script" not in [tag for tag, _ in page.tags]
    assert "<script>" in page.text
    assert page.headings == Page(format_card(a_source())).headings


def test_text_cannot_write_to_the_terminal() -> None:
    card = format_card(hostile_source("red \x1b[31m \u202e text"))
    assert "\x1b" not in card
    assert "\u202e" not in card


def test_paragraphs_and_lines_are_kept() -> None:
    card = format_card(a_source(model={"purpose": "One\nline.\n\n  Two &\nlines.  \n \n\n"}))
    assert section(card, "Purpose") == "One<br>\nline.\n\nTwo &amp;<br>\nlines."
