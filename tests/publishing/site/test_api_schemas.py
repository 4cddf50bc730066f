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
from tests.publishing.site.sample_versions import review, summaries
from tests.scaffold.documents import SETTINGS, metrics_document, metrics_of, model_document, stored, version_document

from mintmark.publishing.site.api.published_schemas import published_schemas
from mintmark.registry.schemas import load_schema, schema_folder

COMMIT = {
    "commit": "1" * 40,
    "by": "Ada",
    "time": "2026-06-01T09:30:00Z",
    "subject": "Promote iris 1.0.0 (#12)",
    "pull_request": 12,
}
PENDING = {**dict.fromkeys(COMMIT), "pull_request": None}
_FILES = {name: stored(name, name.encode()) for name in ("model.skops", "profile.json")}
_RECORD = {**version_document("iris", "1.0.0", _FILES), "author": "Ada"}
_SHA256 = _RECORD["artifact"]["sha256"]
_ARTIFACT = {"path": "model.skops", "size": 11, "sha256": _SHA256}
_YANKED = {"reason": "Leaked labels.", "replacement": "1.0.1", **COMMIT}
_REPRODUCED = {"time": "2026-06-02T09:30:00Z", "by": "Grace", "identical": True}
_HEAD = {"commit": "2" * 40}
_COMPARED_WITH = {
    "version": "0.9.0",
    "value": 0.96,
    "low": None,
    "high": None,
    "rows": "same",
    "difference": 0.01,
    "standing": "no worse",
}
_ATTENTION = {
    "kind": "yanked",
    "severity": "high",
    "model": "iris",
    "version": "1.0.0",
    "channel": "production",
    "sentence": "production points to 1.0.0, which was yanked: Leaked labels.",
    "since": None,
    "file": "models/iris/channels/production.yaml",
    "line": 1,
}
_ROW = {
    "version": "1.0.0",
    "reference": "iris@1.0.0",
    "created": "2026-06-01T09:30:00Z",
    "author": "Ada",
    "summary": "First.",
    "format": "skops",
    "artifact": _ARTIFACT,
    "metrics": {"roc_auc": {"value": 0.97, "low": 0.95, "high": 0.99}},
    "size": 23,
    "channels": ["production"],
    "yanked": _YANKED,
    "reproduced": _REPRODUCED,
    "verified": True,
    "missed": ["size 23 B; at most 20 B is allowed"],
    "registered": COMMIT,
    "number": 2,
}

DOCUMENTS: dict[str, dict[str, Any]] = {
    "config": {
        "$schema": "schemas/api-config.schema.json",
        **_HEAD,
        "name": "Ours",
        "description": None,
        "base_branch": "main",
        "repository": "https://github.com/acme/models",
        "site": None,
        "server": None,
        "verifying": None,
        "channels": [
            {"name": "staging", "after": None, "description": None},
            {"name": "production", "after": "staging", "description": "What users are served."},
        ],
        "registry": SETTINGS,
        "mintmark": "0.1.0",
        "store": {"url": "s3://bucket/path"},
        "documents": {
            "models": "models.json",
            "model": "models/{model}/index.json",
            "version": "models/{model}/versions/{version}.json",
            "curves": "models/{model}/curves/{version}.json",
            "channel": "models/{model}/channels/{channel}.json",
            "audit": "audit.json",
            "audit_table": "audit.csv",
            "lineage": "lineage.json",
            "model_lineage": "models/{model}/lineage.json",
            "feed": "feed.xml",
            "model_feed": "models/{model}/feed.xml",
            "badge": "badges/{model}/{channel}.svg",
            "database": "registry.sqlite",
            "schemas": ["schemas/api-config.schema.json"],
        },
    },
    "models": {
        "$schema": "schemas/api-models.schema.json",
        **_HEAD,
        "totals": {
            "models": 1,
            "models_unreadable": 0,
            "champions": 1,
            "champions_unreadable": 0,
            "versions": 1,
            "yanked": 0,
            "withdrawn": 0,
            "files_size": 23,
        },
        "updated": "2026-06-01T09:30:00Z",
        "attention": [_ATTENTION],
        "models": [
            {
                "name": "iris",
                "title": None,
                "task": "binary-classification",
                "owners": ["@ada"],
                "tags": ["flowers"],
                "licence": "Apache-2.0",
                "format": "skops",
                "framework": "scikit-learn",
                "metric": {"name": "roc_auc", "goal": "maximize"},
                "versions": 1,
                "latest": "1.0.0",
                "channels": {"production": "1.0.0"},
                "measured": "1.0.0",
                "value": 0.97,
                "low": 0.95,
                "high": 0.99,
                "compared_with": _COMPARED_WITH,
                "created": "2026-06-01T09:30:00Z",
                "since": "2026-06-01T09:30:00Z",
                "badges": ["reproduced", "stale"],
                "purpose": "To tell flowers apart.",
                "commit": "2" * 40,
            }
        ],
    },
    "model": {
        "$schema": "../../schemas/api-model.schema.json",
        **_HEAD,
        "name": "iris",
        "model": model_document("iris"),
        "latest": "1.0.0",
        "channels": {
            "production": {
                "version": "1.0.0",
                "sha256": _SHA256,
                "since": "2026-06-01T09:30:00Z",
                "replaced": None,
                "rollback_to": None,
                "reference": "iris@1.0.0",
                **COMMIT,
            }
        },
        "champion": {
            "channel": "production",
            "version": "1.0.0",
            "row": _ROW,
            "review": None,
            "compared_with": _COMPARED_WITH,
            "url": None,
        },
        "attention": [_ATTENTION],
        "choices": {"production": [{"version": "1.0.0", "kind": "promote", "refused": "is in production now"}]},
        "versions": [_ROW],
        "withdrawn": [{"version": "0.8.0", **COMMIT, "registered": COMMIT, "number": 1}],
        "moves": [{"channel": "production", "kind": "promote", "from": None, "to": "1.0.0", **COMMIT}],
        "older": "index-2.json",
    },
    "version": {
        "$schema": "../../../schemas/api-version.schema.json",
        **_HEAD,
        "reference": "iris@1.0.0",
        "model": "iris",
        "version": "1.0.0",
        "record": _RECORD,
        "metrics": metrics_document(metrics_of("1.0.0")),
        "status": _YANKED,
        "registered": COMMIT,
        "reproduced": _REPRODUCED,
        "review": review(),
        **summaries(),
        "code": ["scripts/train.py"],
        "curves": "../curves/1.0.0.json",
        "files": [
            {"name": "model.skops", "size": 11, "md5": "0" * 32, "sha256": _SHA256, "url": "1.0.0/model.skops"},
            {"name": "profile.json", "size": 12, "md5": "1" * 32, "sha256": "1" * 64, "url": None},
        ],
    },
    "curves": {
        "$schema": "../../../schemas/api-curves.schema.json",
        **_HEAD,
        "reference": "iris@1.0.0",
        "model": "iris",
        "version": "1.0.0",
        "curves": [
            {
                "title": "ROC curve",
                "x_label": "False positive rate",
                "y_label": "True positive rate",
                "start": 0,
                "end": 1,
                "x": [0, 0, 1],
                "y": [0, 0.9, 1],
            }
        ],
    },
    "channel": {
        "$schema": "../../../schemas/api-channel.schema.json",
        **_HEAD,
        "model": "iris",
        "channel": "production",
        "version": "1.0.0",
        "reference": "iris@1.0.0",
        "sha256": _SHA256,
        "since": "2026-06-01T09:30:00Z",
        "replaced": None,
        "rollback_to": None,
        "by": "Ada",
        "pull_request": None,
        "record": "../versions/1.0.0.json",
        "artifact": {**_ARTIFACT, "url": "../versions/1.0.0/model.skops"},
    },
    "audit": {
        "$schema": "schemas/api-audit.schema.json",
        **_HEAD,
        "parts": [
            {"path": "audit/2025.json", "events": 3, "from": "2025-06-01T09:30:00Z", "to": "2025-12-01T09:30:00Z"}
        ],
        "events": [
            {
                "kind": "promote",
                "model": "iris",
                "version": "1.0.0",
                "channel": "production",
                "from": None,
                "to": "1.0.0",
                "reason": None,
                "sentence": "1.0.0 was promoted to production",
                **COMMIT,
            }
        ],
    },
}


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
        ("model", "versions/0/yanked", {**_YANKED, **PENDING}),
        ("model", "versions/0/registered", None),
        ("version", "metrics", None),
        ("version", "curves", None),
        ("version", "status", {**_YANKED, **PENDING, "replacement": None}),
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
