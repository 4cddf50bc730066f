"""What versions were made from, the other way round: from data, scripts and packages to the versions. Pure."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.publishing.site.api.json_text import Document, split_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mintmark.publishing.site.api.model_documents import ModelFacts

Part = Literal["data", "scripts", "packages"]
PARTS: Final[tuple[Part, ...]] = ("data", "scripts", "packages")
_KEYS: Final[Mapping[Part, tuple[str, str]]] = {
    "data": ("path", "hash"),
    "scripts": ("path", "hash"),
    "packages": ("package", "version"),
}
_SCRIPT: Final = ".py"
_MOST: Final = 1_000  # versions that an entry of a model names, the highest
_PAGE_BYTES: Final = 950_000


def model_lineage(facts: ModelFacts) -> Document:
    """Return, for one model, each file of data, script and package with the versions that were made from it."""
    found: dict[Part, dict[tuple[str, str], list[str]]] = {part: defaultdict(list) for part in PARTS}
    for version in facts.source.versions:
        for part, key in dict.fromkeys(_made_from(facts.source.records[version])):
            found[part][key].append(version)
    return {
        "$schema": "../../schemas/api-lineage.schema.json",
        "commit": facts.commit,
        "name": facts.source.name,
        **{part: [_entry(part, key, versions) for key, versions in sorted(found[part].items())] for part in PARTS},
        "older": None,
    }


def _entry(part: Part, key: tuple[str, str], versions: Sequence[str]) -> Document:
    named = dict(zip(_KEYS[part], key, strict=True))
    return {**named, "versions": list(versions[:_MOST]), "more": max(0, len(versions) - _MOST)}


def _made_from(record: Mapping[str, Any]) -> Iterator[tuple[Part, tuple[str, str]]]:
    yield from (("data", (entry["path"], entry["hash"])) for entry in record["data"])
    for stage in record.get("stages", {}).values():
        yield from (("scripts", pair) for pair in stage.get("deps", {}).items() if pair[0].endswith(_SCRIPT))
    yield from (("packages", pair) for pair in record["environment"].get("packages", {}).items())


def registry_lineage(
    models: Iterable[Document], champions: Mapping[str, str | None], commit: str | None
) -> list[Document]:
    """Return the same for the whole registry, in pages: of each entry the models, with how many versions and which.

    `models` are documents of `model_lineage`, `champions` the version in the last channel of each model. What most
    versions were made from comes first.
    """
    found: dict[Part, dict[tuple[str, str], list[Document]]] = {part: defaultdict(list) for part in PARTS}
    for model in models:
        for part in PARTS:
            for entry in model[part]:
                key = entry[_KEYS[part][0]], entry[_KEYS[part][1]]
                found[part][key].append(_of_model(model["name"], entry, champions.get(model["name"])))
    rows = [
        (part, {**dict(zip(_KEYS[part], key, strict=True)), "models": found[part][key]})
        for part in ("packages", "scripts", "data")
        for key in sorted(found[part], key=lambda key: (-sum(one["versions"] for one in found[part][key]), key))
    ]
    pages = []
    parts = split_rows(rows, chain([_PAGE_BYTES], repeat(_PAGE_BYTES)))
    for number, page in enumerate(parts, start=1):
        document: Document = {"$schema": "schemas/api-lineage.schema.json", "commit": commit, "name": None}
        document |= {part: [row for kind, row in page if kind == part] for part in PARTS}
        document["older"] = f"lineage-{number + 1}.json" if number < len(parts) else None
        pages.append(document)
    return pages


def _of_model(name: str, entry: Document, champion: str | None) -> Document:
    versions = entry["versions"]
    return {
        "name": name,
        "versions": len(versions) + entry["more"],
        "newest": versions[0],
        "champion": champion if champion in versions else None,
    }
