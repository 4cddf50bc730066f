"""The JSON Schemas as the site publishes them: each stands alone, with those that it refers to inside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mintmark.registry.schemas import load_schema, schema_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING = ".schema.json"


def published_schemas() -> dict[str, bytes]:
    """Return every schema by file name, such as `api-model.schema.json`.

    A schema that refers to another by its `$id` comes with the other under `$defs`, as JSON Schema 2020-12 bundles
    them (core, section 9.3): a validator needs the one file, and neither a registry of schemas nor an address.
    """
    kinds = sorted(path.name.removesuffix(_ENDING) for path in schema_folder().glob(f"*{_ENDING}"))
    by_id = {load_schema(kind)["$id"]: kind for kind in kinds}
    return {f"{kind}{_ENDING}": _format(_bundle(kind, by_id)) for kind in kinds}


def _bundle(kind: str, by_id: dict[str, str]) -> dict[str, Any]:
    schema = load_schema(kind)
    others: set[str] = set()
    waiting = [kind]
    while waiting:
        found = {by_id[target] for target in _references(load_schema(waiting.pop())) if target in by_id}
        waiting += sorted(found - others)
        others |= found
    if not others - {kind}:
        return schema
    return {
        **schema,
        "$defs": {**schema.get("$defs", {}), **{f"{name}:1": load_schema(name) for name in sorted(others)}},
    }


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str):
            yield target
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _format(schema: dict[str, Any]) -> bytes:
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()
