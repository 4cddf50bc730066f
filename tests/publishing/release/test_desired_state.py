"""The files of the branch `deploy`, held against their own schema, a strict one for the manifest, and KServe's."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.scaffold.documents import stored, version_document

from mintmark.core.records import VersionRecord
from mintmark.core.settings import KServe, Settings
from mintmark.publishing.release.desired_state import object_name, render
from mintmark.registry.schemas import load_schema

# What our manifests hold, and nothing else: Kubernetes drops keys that it does not know, without a word.
_TEXT = {"type": "string", "minLength": 1}
MANIFEST = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "serving.kserve.io/v1beta1"},
        "kind": {"const": "InferenceService"},
        "metadata": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "annotations"],
            "properties": {
                "name": {"type": "string", "pattern": r"^[a-z]([-a-z0-9]*[a-z0-9])?\Z", "maxLength": 63},
                "annotations": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": [f"mintmark/{name}" for name in ("model", "channel", "version", "sha256")],
                    "patternProperties": {"^mintmark/(model|channel|version|sha256)$": _TEXT},
                },
            },
        },
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["predictor"],
            "properties": {
                "predictor": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["containers"],
                    "properties": {
                        "containers": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 1,
                            "items": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["name", "image"],
                                "properties": {
                                    "name": {"const": "kserve-container"},
                                    "image": _TEXT,
                                    "args": {"type": "array", "minItems": 1, "items": _TEXT},
                                },
                            },
                        }
                    },
                }
            },
        },
    },
}
# KServe's own, which is no part of this project.
_PLACES = [
    folder / "shared/data/kserve-inferenceservice-v1beta1.schema.json.gz" for folder in Path(__file__).parents[4:]
]
KSERVE = next((path for path in _PLACES if path.exists()), _PLACES[0])
SERVING = KServe(
    image="ghcr.io/acme/serve:1.4.0@sha256:" + "0" * 64, arguments=("--model", "{model}@{version}", "8080", "true")
)


def record(version: str = "1.4.2", model: str = "iris") -> VersionRecord:
    files = {name: stored(name, name.encode()) for name in ("model.skops", "predictions.parquet", "profile.json")}
    return VersionRecord.from_dict(version_document(model, version, files))


def rendered(version: str = "1.4.2", kserve: KServe | None = SERVING) -> dict[str, bytes]:
    return render(record(version), "production", registered="a" * 40, kserve=kserve)


def manifest(kserve: KServe = SERVING) -> Any:
    return yaml.safe_load(rendered(kserve=kserve)["iris/production/inference-service.yaml"])


def closed(schema: Any) -> Any:
    """A schema of Kubernetes in which a key that it does not name is a fault."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(part) for key, part in schema.items()}
    if isinstance(inner.get("properties"), dict) and "additionalProperties" not in inner:
        inner["additionalProperties"] = False
    return inner


def test_the_document_keeps_to_its_schema() -> None:
    document = json.loads(rendered()["iris/production/desired.json"])
    assert list(Draft202012Validator(load_schema("desired")).iter_errors(document)) == []
    assert (document["model"], document["channel"], document["version"]) == ("iris", "production", "1.4.2")
    assert document["artifact"]["sha256"] == record().artifact.sha256


@pytest.mark.parametrize("kserve", [SERVING, KServe(image="serve")])
def test_the_manifest_holds_what_it_should_and_nothing_else(kserve: KServe) -> None:
    assert list(Draft202012Validator(MANIFEST).iter_errors(manifest(kserve))) == []


def test_the_strict_check_sees_a_key_that_is_not_one() -> None:
    wrong = manifest()
    wrong["spec"]["predictor"]["containers"][0]["arguments"] = ["--model"]
    assert list(Draft202012Validator(MANIFEST).iter_errors(wrong)) != []


@pytest.mark.skipif(not KSERVE.exists(), reason=f"{KSERVE.name} is not here; it is KServe's and no part of the project")
def test_the_manifest_keeps_to_the_schema_of_kserve_strictly() -> None:
    schema = closed(json.loads(gzip.decompress(KSERVE.read_bytes())))
    given = manifest()
    assert list(Draft202012Validator(schema["properties"]["spec"]).iter_errors(given["spec"])) == []
    wrong = manifest()
    wrong["spec"]["predictor"]["containers"][0]["arguments"] = ["--model"]
    assert list(Draft202012Validator(schema["properties"]["spec"]).iter_errors(wrong["spec"])) != []


def test_placeholders_are_filled_and_nothing_else_is_touched() -> None:
    kserve = KServe(
        image="serve",
        arguments=("{model}@{version}", "{channel}", "{sha256}", "{other}", '{"a": 1}', "{model", "{{model}}"),
    )
    args = manifest(kserve)["spec"]["predictor"]["containers"][0]["args"]
    assert args == ["iris@1.4.2", "production", record().artifact.sha256, "{other}", '{"a": 1}', "{model", "{iris}"]


def test_texts_stay_texts_in_yaml() -> None:
    assert manifest()["spec"]["predictor"]["containers"][0]["args"][2:] == ["8080", "true"]


def test_the_kustomize_base_names_the_manifest_beside_it() -> None:
    files = rendered()
    base = yaml.safe_load(files["iris/production/kustomization.yaml"])
    assert base["kind"] == "Kustomization"
    assert [f"iris/production/{name}" in files for name in base["resources"]] == [True]


def test_without_a_container_there_is_the_document_alone() -> None:
    assert list(rendered(kserve=None)) == ["iris/production/desired.json"]


def test_the_same_version_gives_the_same_bytes() -> None:
    assert rendered() == rendered()
    assert rendered("1.4.3") != rendered()


def test_two_channels_never_share_a_name() -> None:
    assert object_name("a-b", "c") != object_name("a", "b-c")
    long = [object_name("m" * 63, channel * 63) for channel in "ab"]
    assert long[0] != long[1]
    assert all(len(name) <= 63 and not name.endswith("-") for name in long)


def test_the_settings_say_what_serves_a_channel() -> None:
    data = {"name": "x", "channels": [{"name": "production"}], "kserve": {"image": "serve", "arguments": ["a"]}}
    assert Settings.from_dict(data).kserve == KServe(image="serve", arguments=("a",))
    assert str(KServe(image="serve", arguments=("a", "b"))) == "serve a b"


@pytest.mark.parametrize(
    "kserve",
    [{}, {"image": ""}, {"image": "a b"}, {"image": "-x"}, {"image": "x\n"}, {"image": "x", "arguments": ["a\nb"]},
     {"image": "x", "command": ["sh"]}],
)  # fmt: skip
def test_the_schema_of_the_settings_refuses(kserve: dict[str, Any]) -> None:
    from mintmark.registry.schemas import accepts

    data = {"schema": 1, "name": "x", "channels": [{"name": "production"}]}
    assert accepts("registry", {**data, "kserve": {"image": "ghcr.io/acme/serve:1"}})
    assert not accepts("registry", {**data, "kserve": kserve})
