"""Versions whose cards tests look at, and ways to look at them."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from mintmark.core.model import Model
from mintmark.core.records import VersionRecord
from mintmark.publishing.card.model_card import CardSource, read_card
from mintmark.registry.clone import ClonedRegistry

ROOT = Path(__file__).parents[3]
SHIPPED = ["breast-cancer@1.1.0", "diabetes-progression@1.0.0", "digits@1.0.0"]


def shipped(reference: str) -> CardSource:
    return read_card(ClonedRegistry(ROOT), reference)


def a_source(
    *,
    model: dict[str, Any] | None = None,
    record: dict[str, Any] | None = None,
    measured: dict[str, Any] | None = None,
    **changes: Any,
) -> CardSource:
    """Breast cancer 1.1.0 with other values; a value of None leaves the field out."""
    source = shipped(SHIPPED[0])

    def changed(document: Any, fields: dict[str, Any] | None) -> dict[str, Any]:
        merged = {**copy.deepcopy(dict(document)), **(fields or {})}
        return {
            name: value for name, value in merged.items() if value is not None or name in ("parent", "entity_column")
        }

    return replace(
        source,
        model=Model.from_dict(changed(source.model.document, model)),
        record=VersionRecord.from_dict(changed(source.record.document, record)),
        measured=changed(source.measured, measured),
        **changes,
    )


def section(card: str, title: str) -> str:
    """The text below one heading of the second level."""
    parts = re.split(r"^## (.+)$", card, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title].strip()


def rows_of(text: str) -> list[list[str]]:
    """The cells of the rows of the first table in a text, without the header."""
    lines = next(block for block in text.split("\n\n") if block.startswith("| ")).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class Page(HTMLParser):
    """What a reader of the rendered card has before them: the elements, and the text."""

    def __init__(self, card: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        body = card.split("\n---\n", 1)[1]
        self.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(body))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", {}))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).replace("\u200b", "").split())

    @property
    def headings(self) -> list[str]:
        return [tag for tag, _ in self.tags if re.fullmatch(r"h\d", tag)]
