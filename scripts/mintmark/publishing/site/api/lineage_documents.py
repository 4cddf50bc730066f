"""What the versions of a model were made from, the other way round: from data, code and packages to them. Pure."""

from __future__ import annotations

from collections import defaultdict
from itertools import repeat
from typing import TYPE_CHECKING, Final

from mintmark.core.provenance.inputs import Part, inputs_of
from mintmark.publishing.site.api.json_text import Document, split_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.publishing.site.api.model_facts import ModelFacts

PARTS: Final[tuple[Part, ...]] = ("packages", "scripts", "data")
KEYS: Final[Mapping[Part, tuple[str, ...]]] = {
    "packages": ("package", "version"),
    "scripts": ("path", "hash"),
    "data": ("path", "hash", "role"),
}
_MOST: Final = 1_000  # versions that an entry names: the highest, and the champion wherever it stands
_PAGE_BYTES: Final = 200_000


def lineage_name(number: int) -> str:
    """Return the name of a page of the lineage of a model, counted from 1."""
    return f"lineage-{number}.json" if number > 1 else "lineage.json"


def model_lineage(facts: ModelFacts) -> list[Document]:
    """Return, in pages, each package, file of code and file of data of a model with the versions that name it."""
    found: dict[Part, dict[tuple[str, ...], list[str]]] = {part: defaultdict(list) for part in PARTS}
    for version in facts.source.versions:
        for part, key in dict.fromkeys(inputs_of(facts.source.records[version])):
            found[part][key].append(version)
    champion = facts.source.channels.get(facts.channels[-1])
    came = _registered(facts)
    rows = [
        (part, _entry(part, key, versions, champion, came))
        for part, entries in found.items()
        for key, versions in sorted(entries.items())
    ]
    pages = split_rows(rows, repeat(_PAGE_BYTES))
    return [
        {
            "$schema": "../../schemas/api-lineage-entries.schema.json",
            "commit": facts.commit,
            "name": facts.source.name,
            **{part: [row for kind, row in page if kind == part] for part in PARTS},
            "older": lineage_name(number + 1) if number < len(pages) else None,
        }
        for number, page in enumerate(pages, start=1)
    ]


def _registered(facts: ModelFacts) -> dict[str, int]:
    """Return the place of each version in the order in which they were first registered."""
    versions = (event.version for event in facts.chronicle.events if event.kind == "propose" and event.version)
    return {version: place for place, version in enumerate(dict.fromkeys(versions))}


def _entry(
    part: Part, key: tuple[str, ...], versions: Sequence[str], champion: str | None, came: Mapping[str, int]
) -> Document:
    named = list(versions[:_MOST])
    if champion is not None and champion in versions[_MOST:]:
        named.append(champion)
    return {
        **dict(zip(KEYS[part], key, strict=True)),
        "versions": named,
        "more": len(versions) - len(named),
        "first": min(reversed(versions), key=lambda version: came.get(version, len(came))),
        "champion": champion if champion in versions else None,
    }
