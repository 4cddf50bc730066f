"""The schemas: of one dialect, closed, and kept to by every record of this repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[1]
SCHEMAS = sorted((ROOT / "schemas").glob("*.schema.json"))


def test_there_are_schemas_to_check() -> None:
    assert len(SCHEMAS) >= 6


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name.partition(".")[0])
def test_schemas_are_of_2020_12_and_closed(path: Path) -> None:
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for place, part in _objects(schema):
        if place.endswith("/extra"):
            continue
        if "properties" in part:
            assert part.get("additionalProperties") is False or "$ref" in part, f"{path.name}: {place} is open"
            assert set(part.get("required", ())) <= set(part["properties"]), f"{path.name}: {place}"


def _objects(part: object, place: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            yield place, part
        for key, inner in part.items():
            yield from _objects(inner, f"{place}/{key}")
    elif isinstance(part, list):
        for number, inner in enumerate(part):
            yield from _objects(inner, f"{place}/{number}")


def _committed_yaml() -> list[Path]:
    folders = (ROOT / "models").glob("**/*.yaml")
    return sorted([ROOT / "params.yaml", *(path for path in folders if "candidate" not in path.parts)])


def test_every_record_names_its_schema_in_its_first_line() -> None:
    files = _committed_yaml()
    assert len(files) >= 4
    for path in files:
        first = path.read_text().splitlines()[0]
        match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert match, f"{path}: the first line names no schema"
        assert (path.parent / match[1]).resolve() in [schema.resolve() for schema in SCHEMAS], f"{path}: {match[1]}"


def test_every_record_keeps_to_its_schema() -> None:
    from mintmark.core.layout import locate
    from mintmark.registry.documents import parse_document

    for path in _committed_yaml():
        name = path.relative_to(ROOT).as_posix()
        kind = "params" if name == "params.yaml" else locate(name).kind
        assert [str(finding) for finding in parse_document(kind, path.read_bytes(), name).findings] == []
