"""The schemas of the static API: what they accept, what they refuse, and that anybody's validator can use them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from tests.publishing.site.api_checks import KINDS, check_api, check_document, faults_of
from tests.publishing.site.samples.sample_documents import DOCUMENTS, PENDING, YANKED

from mintmark.publishing.site.api.published_schemas import published_schemas
from mintmark.registry.schemas import load_schema, schema_folder


def edited(kind: str, place: str, value: Any) -> dict[str, Any]:
    """A document with one value changed, added, or (`...`) taken away."""
    document = copy.deepcopy(DOCUMENTS[kind])
    *parents, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    target: Any = document
    for parent in parents:
        target = target[parent]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return document


def test_every_kind_has_a_sample() -> None:
    assert tuple(DOCUMENTS) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_keeps_to_its_schema(kind: str) -> None:
    check_document(DOCUMENTS[kind])


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        ("config", "repository", None),
        ("config", "store/url", None),
        ("models", "updated", None),
        ("models", "models", []),
        ("models", "models/0/compared_with", None),
        ("models", "models/0/compared_with/standing", None),
        ("models", "models/0/format", None),
        ("model", "older", None),
        ("model", "latest", None),
        ("model", "channels", {}),
        ("model", "champion", None),
        ("model", "champion/compared_with", None),
        ("model", "attention/0/version", None),
        ("model", "versions/0/verified", None),
        ("model", "channels/production/commit", None),
        ("model", "versions/0/yanked", {**YANKED, **PENDING}),
        ("model", "versions/0/registered", None),
        ("version", "metrics", None),
        ("version", "curves", None),
        ("version", "status", {**YANKED, **PENDING, "replacement": None}),
        ("version", "reproduced", None),
        ("version", "review", None),
        ("version", "review/report", None),
        ("version", "typical", None),
        ("version", "outcomes", None),
        ("version", "trials", None),
        ("channel", "since", None),
        ("channel", "commit", None),
        ("channel", "artifact/url", None),
        ("audit", "events/0/from", "0.9.0"),
        ("audit", "commit", "3" * 64),
    ],
)
def test_what_may_be_missing_may_be_null(kind: str, place: str, value: Any) -> None:
    check_document(edited(kind, place, value))


def test_a_further_page_has_no_head() -> None:
    page = {key: DOCUMENTS["model"][key] for key in ("$schema", "commit", "name", "versions", "moves", "older")}
    check_document(page)
    assert faults_of({**page, "latest": "1.0.0"}), "a head is whole or is not there"


def _objects(value: Any, place: str = "") -> Iterator[str]:
    """Every object inside a document but those in `extra`, where anything goes."""
    if isinstance(value, dict):
        yield place
        for key, inner in value.items():
            yield from _objects(inner, f"{place}/{key}" if place else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _objects(inner, f"{place}/{number}" if place else str(number))


_OPEN = ("channels", "metrics", "params", "parameters", "files", "outputs", "inputs", "packages", "deps", "outs", "stages", "slices", "row",
         "importance", "floors", "cost")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_unknown_is_accepted(kind: str) -> None:
    checked = 0
    for place in _objects(DOCUMENTS[kind]):
        if set(place.split("/")) & {"estimator", "parameters", "params"} or place.rpartition("/")[2] in _OPEN:
            continue
        assert faults_of(edited(kind, f"{place}/unknown" if place else "unknown", 1)), place
        checked += 1
    assert checked >= {"models": 5, "audit": 2, "channel": 2, "curves": 2}.get(kind, 6)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_required_may_be_left_out(kind: str) -> None:
    for key in DOCUMENTS[kind]:
        if key != "$schema":
            assert faults_of(edited(kind, key, ...)), key


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        ("config", "registry/channels", []),  # registry.schema.json says so
        ("model", "model/metric/goal", "max"),  # model.schema.json
        ("model", "model/behaviour", [{"name": "x", "kind": "magic"}]),  # a $ref inside model.schema.json
        ("version", "record/artifact/md5", "0"),  # version.schema.json
        ("version", "record/metrics/roc_auc/value", "high"),  # a $ref inside version.schema.json
        ("version", "metrics/rows", 0),  # metrics.schema.json
        ("version", "metrics/metrics/roc_auc/low", None),
        ("version", "commit", "main"),
        ("version", "registered/time", "2026-06-01"),
        ("version", "registered/commit", None),
        ("version", "files", []),
        ("version", "files/0/name", "../model.skops"),
        ("version", "reference", "iris@production@1"),
        ("channel", "version", None),
        ("channel", "sha256", "0" * 63),
        ("models", "models/0/badges", ["stale", "stale"]),
        ("models", "models/0/compared_with/standing", "worse than ever"),
        ("models", "totals/versions", -1),
        ("audit", "events/0/kind", "delete"),
        ("audit", "events/0/pull_request", "12"),
        ("audit", "events/0/commit", None),
    ],
)
def test_what_breaks_a_schema_is_refused(kind: str, place: str, value: Any) -> None:
    assert faults_of(edited(kind, place, value))


def _registry(sources: dict[str, bytes]) -> Registry[Any]:
    resources = [Resource.from_contents(json.loads(content)) for content in sources.values()]
    return Registry().with_resources((str(resource.id()), resource) for resource in resources)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["published", "in the repository"])
def test_a_registry_of_all_schemas_serves_as_well(kind: str, form: str) -> None:
    """Somebody may load all the files at once: the copies inside bundles must not get in the way."""
    files = published_schemas()
    if form != "published":
        files = {path.name: path.read_bytes() for path in schema_folder().glob("*.schema.json")}
    validator = Draft202012Validator({"$ref": f"urn:mintmark:schema:api-{kind}:1"}, registry=_registry(files))
    validator.validate(DOCUMENTS[kind])
    assert not validator.is_valid({**DOCUMENTS[kind], "commit": "main"})


@pytest.mark.parametrize("kind", KINDS)
def test_another_validator_agrees_with_the_file_alone(kind: str) -> None:
    schema = json.loads(published_schemas()[f"api-{kind}.schema.json"])
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert validator.is_valid(DOCUMENTS[kind])
    assert not validator.is_valid(edited(kind, "unknown", 1))
    if kind == "version":
        assert not validator.is_valid(edited(kind, "record/artifact/md5", "0"))


def test_every_schema_is_published() -> None:
    files = published_schemas()
    assert sorted(files) == sorted(path.name for path in schema_folder().glob("*.schema.json"))
    for name, content in files.items():
        schema = json.loads(content)
        Draft202012Validator.check_schema(schema)
        source = load_schema(name.removesuffix(".schema.json"))
        assert {**schema, "$defs": 0} == {**source, "$defs": 0}
        assert content.endswith(b"}\n")
    assert json.loads(files["channel.schema.json"]) == load_schema("channel"), "what refers to nothing stays as it is"


def test_publishing_changes_no_loaded_schema() -> None:
    before = copy.deepcopy(load_schema("api-version"))
    assert published_schemas() == published_schemas()
    assert load_schema("api-version") == before


def test_documents_of_a_site_are_found_and_held(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    for name, content in published_schemas().items():
        (tmp_path / "schemas" / name).write_bytes(content)
    places = {
        "config": "config.json",
        "models": "models.json",
        "model": "models/iris/index.json",
        "version": "models/iris/versions/1.0.0.json",
        "channel": "models/iris/channels/production.json",
        "audit": "audit.json",
    }
    for kind, place in places.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(DOCUMENTS[kind]))
    stored_file = tmp_path / "models/iris/versions/1.0.0/profile.json"
    stored_file.parent.mkdir()
    stored_file.write_text("{}")
    assert check_api(tmp_path) == 6
    (tmp_path / places["model"]).write_text(
        json.dumps({**DOCUMENTS["model"], "$schema": "schemas/api-model.schema.json"})
    )
    with pytest.raises(AssertionError, match="is not there"):
        check_api(tmp_path)
