"""The colours of better and worse, and the words, stand on a page only where its documents have a paired test that says so."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.site_pages import addresses

DECIDED = ("better", "worse")
COLOUR = re.compile(r'<(\w+)[^>]*class="[^"]*\bmm-(better|worse)\b[^"]*"[^>]*>(.*?)</\1>', re.S)
WORDS = re.compile(r"(?<!no )(?<!neither )\b(better|worse) than (?:[a-z][a-z0-9-]*@)?(\d[0-9A-Za-z.+-]*[0-9A-Za-z])")


def read(site: Path, path: str) -> Any:
    return json.loads((site / "api/v1" / path).read_text())


def reviewed(review: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What a kept review decided, as the word and the version that it is held against."""
    comparison = ((review or {}).get("report") or {}).get("comparison") or {}
    standing = (comparison.get("difference") or {}).get("standing")
    return [(standing, comparison["against"].rpartition("@")[2])] if standing in DECIDED else []


def compared(other: dict[str, Any] | None) -> list[tuple[str, str]]:
    return [(other["standing"], other["version"])] if other and other["standing"] in DECIDED else []


def decided(site: Path, page: str) -> list[tuple[str, str]]:
    """What paired tests decided of what a page shows, as its documents tell."""
    models = read(site, "models.json")
    if page == "":
        return [each for row in models["models"] for each in compared(row["compared_with"])]
    match page.strip("/").split("/"):
        case ["models", model]:
            champion = read(site, f"models/{model}/index.json").get("champion") or {}
            return list({*compared(champion.get("compared_with")), *reviewed(champion.get("review"))})
        case ["models", model, version] if (site / f"api/v1/models/{model}/versions/{version}.json").is_file():
            return reviewed(read(site, f"models/{model}/versions/{version}.json").get("review"))
    return []


@pytest.mark.parametrize("name", ["built", "troubled"])
def test_colours_and_words_of_a_verdict_stand_only_where_a_test_decided(
    name: str, request: pytest.FixtureRequest
) -> None:
    site: Path = request.getfixturevalue(name)
    seen: Counter[str] = Counter()
    for page in addresses(site):
        if page.startswith("docs/"):
            continue
        file = site / page if page.endswith(".html") else site / page / "index.html"
        content = file.read_text().partition("<h1")[2]
        expected = decided(site, page)
        coloured = [(look, re.sub(r"<[^>]*>", "", inside)) for _, look, inside in COLOUR.findall(content)]
        assert Counter(look for look, _ in coloured) == Counter(word for word, _ in expected), page
        assert all(look in inside for look, inside in coloured), page
        text = " ".join(re.sub(r"<[^>]*>", " ", html.unescape(content)).split())
        assert {*WORDS.findall(text)} <= {*expected}, page
        seen.update(look for look, _ in coloured)
    assert name == "troubled" or {*seen} == {*DECIDED}, "reviews of the lively registry decided both"
