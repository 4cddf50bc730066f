"""The reference pages of model.yaml, registry.yaml and params.yaml tell every key of the schemas, each with an example that holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.reference_pages import PAGES, refreshed, sections

from mintmark.registry.documents import parse_document
from mintmark.registry.schemas import load_schema

_CONDITIONS = ("if", "then", "else", "not")


def keys_of(part: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key that a schema names, at any depth, with where it is in the schema."""
    if isinstance(part, list):
        for number, inner in enumerate(part):
            yield from keys_of(inner, f"{place}/{number}")
    elif isinstance(part, dict):
        for name, value in part.get("properties", {}).items():
            yield f"{place}/{name}", value
        for name, inner in part.items():
            if name not in (*_CONDITIONS, "examples"):
                yield from keys_of(inner, f"{place}/{name}")


@pytest.mark.parametrize("kind", PAGES)
def test_every_key_says_what_it_does_and_shows_an_example(kind):
    whole = load_schema(kind)
    for place, key in keys_of(whole):
        assert re.fullmatch(r"[A-Z`].*\.", key.get("description", "")), f"{place}: write a sentence"
        assert key.get("examples"), f"{place}: give an example"
        schema = {**key, "$defs": whole.get("$defs", {})}
        for example in key["examples"]:
            assert not list(Draft202012Validator(schema).iter_errors(example)), f"{place}: {example}"


@pytest.mark.parametrize("kind", PAGES)
def test_the_page_has_the_tables_of_the_schema(kind):
    page = PAGES[kind].read_text(encoding="utf-8")
    assert page == refreshed(kind, page), "refresh it: python -m tests.reference_pages"


@pytest.mark.parametrize("kind", PAGES)
def test_no_key_is_missing_from_the_tables(kind):
    shown = {name for section in sections(kind) for name in section.keys}
    assert shown == {place.rpartition("/")[2] for place, _ in keys_of(load_schema(kind))}


@pytest.mark.parametrize("kind", PAGES)
def test_the_file_that_the_page_shows_keeps_to_its_schema(kind):
    first = re.search(r"^```yaml\n(.*?)^```", PAGES[kind].read_text(encoding="utf-8"), re.M | re.S)
    assert first
    assert parse_document(kind, first[1].encode(), PAGES[kind].name).findings == ()
