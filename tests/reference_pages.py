"""Write the tables of keys in docs/reference from the schemas: `python -m tests.reference_pages`.

A page is written by hand but for what lies between the two marks. A section is one mapping of the file; alternatives
that say in a fixed key what they are get a section each, others share one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintmark.registry.schemas import load_schema

PAGES = {
    kind: Path(__file__).parents[1] / "docs" / "reference" / f"{kind}.md" for kind in ("registry", "model", "params")
}
BEGIN = "<!-- The tables below come from the schema: python -m tests.reference_pages -->"
END = "<!-- The tables above come from the schema. -->"

Schema = dict[str, Any]
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping: where it is in the file, and each key with its schema and whether it must be there."""

    place: str
    keys: Mapping[str, tuple[Schema, bool]]


def sections(kind: str) -> Iterator[Section]:
    """Yield the mappings of a kind of file, each before the ones inside it."""
    document = load_schema(kind)
    yield from _mappings(document, "", document)


def _mappings(schema: Schema, place: str, document: Schema) -> Iterator[Section]:
    alternatives = [_resolved(one, document) for one in schema.get("oneOf", ())] or [schema]
    objects = [one for one in alternatives if "properties" in one]
    named = {_fixed(one): one for one in objects if _fixed(one)}
    groups = [(f"{place} with {name}", [one]) for name, one in named.items()] or [(place, objects)]
    for where, members in groups:
        keys: dict[str, tuple[Schema, bool]] = {}
        for member in members:
            for name, value in member["properties"].items():
                needed = all(name in other.get("required", ()) for other in members)
                keys.setdefault(name, (_resolved(value, document), needed))
        if keys:
            yield Section(where, keys)
        for name, (value, _) in keys.items():
            yield from _mappings(value, f"{place}.{name}" if place else name, document)
    for inner in alternatives:
        yield from _below(inner, place, document)


def _below(schema: Schema, place: str, document: Schema) -> Iterator[Section]:
    """The mappings in a list, and those under names that the file's author chooses."""
    if isinstance(schema.get("items"), dict):
        yield from _mappings(_resolved(schema["items"], document), f"{place}[]", document)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _mappings(_resolved(schema["additionalProperties"], document), f"{place}.*", document)


def _fixed(schema: Schema) -> str | None:
    return next((f"{name}: {value['const']}" for name, value in schema["properties"].items()
                 if isinstance(value.get("const"), str)), None)  # fmt: skip


def _resolved(schema: Schema, document: Schema) -> Schema:
    """A schema with what it refers to; what stands beside the reference wins."""
    reference = schema.get("$ref")
    return schema if reference is None else {**document["$defs"][reference.rpartition("/")[2]], **schema}


def tables(kind: str) -> str:
    """Return a table for each mapping, under a heading that says where it is; one that came before is left out."""
    found: list[Section] = []
    for section in sections(kind):
        if all(section.keys != other.keys for other in found):
            found.append(section)
    return "\n".join(_table(section.place, section.keys) for section in found)


def _table(place: str, keys: Mapping[str, tuple[Schema, bool]]) -> str:
    heading = f"### `{place.replace('.*', '.NAME')}`" if place else "## Every key"
    rows = [f"| `{name}`{' (needed)' if needed else ''} | {_told(value)} | {_example(value)} |"
            for name, (value, needed) in keys.items()]  # fmt: skip
    return "\n".join([heading, "", "| key | what it does | example |", "|---|---|---|", *rows, ""])


def _told(value: Schema) -> str:
    text = value["description"]
    options = [f"`{one}`" for one in value.get("enum", ())]
    if options and not all(option in text for option in options):
        text += f" One of {', '.join(options)}."
    return text.replace("|", "\\|")


def _example(value: Schema) -> str:
    first = value["examples"][0]
    text = first if isinstance(first, str) and not first.startswith(("@", "*")) else _yaml(first)
    return f"`{text}`".replace("|", "\\|")


def _yaml(value: Any) -> str:
    """A value as one writes it in YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_yaml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str) and not any(mark in value for mark in ":,*@{}[]#\"'"):
        return value
    return json.dumps(value, ensure_ascii=False)


def refreshed(kind: str, page: str) -> str:
    """Return a page with the tables as the schema has them now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(kind)}\n{END}{after}"


if __name__ == "__main__":
    for kind, path in PAGES.items():
        path.write_text(refreshed(kind, path.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"wrote {path}")
