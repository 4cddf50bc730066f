"""The bill of materials: strictly valid CycloneDX 1.6 that says what the record says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.scaffold.registry import ROOT, Scratch

from mintmark.publishing.release.bundle import read_bundle
from mintmark.registry.clone import ClonedRegistry


def bill_of(root: object, reference: str) -> dict[str, Any]:
    text = read_bundle(ClonedRegistry(root), reference).texts["sbom.cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    return json.loads(text)  # type: ignore[no-any-return]


def test_it_has_the_fields_of_the_model_card() -> None:
    registry = ClonedRegistry(ROOT)
    registered = registry.history("breast-cancer").first_seen["1.1.0"].oid  # it says what model.yaml said then
    record, model = registry.resolve("breast-cancer@1.1.0"), ClonedRegistry(ROOT, at=registered).model("breast-cancer")
    bill = bill_of(ROOT, "breast-cancer@1.1.0")
    component = bill["metadata"]["component"]
    assert (component["type"], component["name"], component["version"]) == (
        "machine-learning-model",
        "breast-cancer",
        "1.1.0",
    )
    assert component["licenses"] == [{"expression": model.licence}]
    assert {"alg": "SHA-256", "content": record.artifact.sha256} in component["hashes"]
    card = component["modelCard"]
    assert card["modelParameters"]["task"] == "binary-classification"
    assert len(card["modelParameters"]["inputs"]) == len(record.signature.inputs)
    metrics = card["quantitativeAnalysis"]["performanceMetrics"]
    whole = {metric["type"]: metric for metric in metrics if "slice" not in metric}
    assert whole["roc_auc"]["value"] == str(record.metrics["roc_auc"].value)
    assert whole["roc_auc"]["confidenceInterval"]["lowerBound"] == str(record.metrics["roc_auc"].low)
    assert {metric.get("slice") for metric in metrics} > {None}
    assert card["considerations"]["technicalLimitations"][0] == model.limitations
    assert bill["metadata"]["authors"] == [{"name": "Mintmark maintainers"}]


def test_every_reference_leads_somewhere() -> None:
    bill = bill_of(ROOT, "digits@1.0.0")
    known = {component["bom-ref"] for component in (*bill["components"], bill["metadata"]["component"])}
    dependencies = {entry["ref"]: set(entry.get("dependsOn", ())) for entry in bill["dependencies"]}
    assert dependencies.keys() == known
    assert set().union(*dependencies.values()) <= known
    datasets = bill["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"]
    assert {dataset["ref"] for dataset in datasets} <= known
    (sklearn,) = (ref for ref in known if ref.startswith("pkg:pypi/scikit-learn@"))
    assert any(ref.startswith("pkg:pypi/scipy@") for ref in dependencies[sklearn])


@pytest.mark.parametrize(
    ("licence", "found"),
    [
        ("mit OR apache-2.0", {"expression": "MIT OR Apache-2.0"}),
        ("Ours alone", {"license": {"name": "Ours alone"}}),
        ("(", {"license": {"name": "("}}),
    ],
)
def test_a_licence_that_spdx_does_not_know_is_a_name(scratch: Scratch, licence: str, found: dict[str, Any]) -> None:
    scratch.add_model("rose", licence=licence)
    scratch.add_version("rose", "1.0.0")
    scratch.commit("Register")
    assert bill_of(scratch.root, "rose@1.0.0")["metadata"]["component"]["licenses"] == [found]
