"""Hold documents of the static API to the schemas that are published with them, as somebody else would."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from mintmark.publishing.site.api.published_schemas import published_schemas

_ENDING = ".schema.json"
KINDS = ("config", "models", "model", "version", "curves", "channel", "audit")


@functools.cache
def validator_of(kind: str) -> Draft202012Validator:
    """A validator that knows one published file and nothing else."""
    return Draft202012Validator(json.loads(published_schemas()[f"api-{kind}{_ENDING}"]))


def kind_of(document: dict[str, Any]) -> str:
    """The kind that a document itself names: `../../schemas/api-model.schema.json` is `model`."""
    name = document["$schema"].rpartition("/")[2]
    assert name.startswith("api-")
    assert name.endswith(_ENDING)
    return name.removeprefix("api-").removesuffix(_ENDING)


def faults_of(document: dict[str, Any]) -> list[str]:
    """Every way in which a document breaks the schema that it names."""
    return [
        f"{error.json_path}: {error.message[:300]}" for error in validator_of(kind_of(document)).iter_errors(document)
    ]


def check_document(document: Path | dict[str, Any]) -> None:
    """Assert that a document keeps to the schema that it names; of a file also that the schema is where it says."""
    if isinstance(document, Path):
        data = json.loads(document.read_bytes())
        assert (document.parent / data["$schema"]).is_file(), f"{document}: {data['$schema']} is not there"
    else:
        data = document
    assert faults_of(data) == [], document if isinstance(document, Path) else kind_of(data)


def documents_of(api: Path) -> Iterator[Path]:
    """Every document below `api/v1`."""
    yield from (
        path for path in sorted(api.rglob("*.json")) if path.parent.name != "schemas" and _is_document(path, api)
    )


def _is_document(path: Path, api: Path) -> bool:
    """Stored files lie one folder deeper than documents: `models/<m>/versions/<v>/profile.json`."""
    return len(path.relative_to(api).parts) <= 4


def check_api(api: Path) -> int:
    """Hold a whole built `api/v1` to its schemas; return how many documents there were."""
    documents = list(documents_of(api))
    for path in documents:
        check_document(path)
    return len(documents)
