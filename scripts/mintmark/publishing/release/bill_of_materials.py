"""The bill of materials of a version: CycloneDX 1.6 in JSON, with the model card in its own fields. Reads nothing.

The format: https://cyclonedx.org/docs/1.6/json/. Texts of the registry are values of JSON and nothing else.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.model import Model
    from mintmark.core.records import DataSource, VersionRecord
    from mintmark.publishing.release.requirements import Package, Requirements

_SHA256: Final = re.compile(r"sha256:([0-9a-f]{64})\Z")
_ADDRESS: Final = re.compile(r"\s*<[^<>\s]+@[^<>\s]+>\Z")
_SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"


def format_bill(model: Model, record: VersionRecord, measured: Mapping[str, Any], requirements: Requirements) -> str:
    """Return the document; the same version gives the same text. `measured` is metrics.json."""
    environment = record.environment
    libraries = requirements.applying(environment.python, environment.platform)
    document = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{record.reference} {record.artifact.sha256}')}",
        "version": 1,
        "metadata": _metadata(model, record, measured),
        "components": [
            *(_data(number, source) for number, source in enumerate(record.data)),
            *map(_library, libraries),
        ],
        "dependencies": [*_dependencies(record, requirements, libraries)],
    }
    # In ASCII alone, no terminal and no page finds in it what turns text around or hides it.
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _metadata(model: Model, record: VersionRecord, measured: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": record.created,
        "tools": {"components": [{"type": "application", "name": "Mintmark"}]},
        "authors": [{"name": _ADDRESS.sub("", record.author) or record.author}],
        "component": {
            "type": "machine-learning-model",
            "bom-ref": record.reference,
            "name": record.model,
            "version": str(record.version),
            "description": model.purpose,
            "hashes": [
                {"alg": "MD5", "content": record.artifact.md5},
                {"alg": "SHA-256", "content": record.artifact.sha256},
            ],
            "licenses": _licences(model.licence),
            **({"tags": [*model.tags]} if model.tags else {}),
            "modelCard": _model_card(model, record, measured),
            "properties": [*_properties(model, record)],
        },
    }


def _licences(licence: str) -> list[dict[str, Any]]:
    """Return an SPDX expression as one, and any other text as the name of a licence."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return [{"expression": str(canonicalize_license_expression(licence))}]
    except InvalidLicenseExpression:
        return [{"license": {"name": licence}}]


def _properties(model: Model, record: VersionRecord) -> Iterator[dict[str, str]]:
    facts = {
        "artifact": record.artifact.name,
        "format": record.format,
        "lock": record.environment.lock,
        "owners": " ".join(model.owners),
        "parent": str(record.parent) if record.parent else None,
        "platform": record.environment.platform,
        "python": record.environment.python,
        "summary": record.summary,
    }
    for name, value in facts.items():
        if value is not None:
            yield {"name": f"mintmark:{name}", "value": value}


def _model_card(model: Model, record: VersionRecord, measured: Mapping[str, Any]) -> dict[str, Any]:
    signature = record.signature
    parameters: dict[str, Any] = {
        "approach": {"type": "supervised"},
        "task": model.task,
        "datasets": [{"ref": _data_ref(number, source)} for number, source in enumerate(record.data)],
        "inputs": [{"format": f"{name}: {kind}"} for name, kind in signature.inputs.items()],
        "outputs": [{"format": f"{name}: {output.type}"} for name, output in signature.outputs.items()],
    }
    if architecture := _architecture(record):
        parameters["modelArchitecture"] = architecture
    considerations = {
        "useCases": [text for text in (model.intended_use,) if text],
        "technicalLimitations": [text for text in (model.limitations, model.out_of_scope) if text],
        "ethicalConsiderations": [{"name": text} for text in (model.ethics,) if text],
    }
    return {
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": [*_metrics(measured)]},
        "considerations": {name: given for name, given in considerations.items() if given},
    }


def _architecture(record: VersionRecord) -> str | None:
    estimator = record.parameters.get("estimator")
    name = estimator.get("class") if isinstance(estimator, dict) else estimator
    return name if isinstance(name, str) else None


def _metrics(measured: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the metrics of all evaluation rows, then those of each slice."""
    yield from _metrics_of(measured["metrics"])
    for name, part in measured["slices"].items():
        yield from ({**metric, "slice": name} for metric in _metrics_of(part["metrics"]))


def _metrics_of(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for name, found in metrics.items():
        metric: dict[str, Any] = {"type": name, "value": str(found["value"])}
        bounds = {"lowerBound": found.get("low"), "upperBound": found.get("high")}
        interval = {bound: str(value) for bound, value in bounds.items() if value is not None}
        yield {**metric, **({"confidenceInterval": interval} if interval else {})}


def _data_ref(number: int, source: DataSource) -> str:
    return f"data-{number}-{source.role}"


def _data(number: int, source: DataSource) -> dict[str, Any]:
    rows = {"name": "mintmark:rows", "value": str(source.rows)}
    digest = {"name": "mintmark:hash", "value": source.hash}
    match = _SHA256.match(source.hash)
    return {
        "type": "data",
        "bom-ref": _data_ref(number, source),
        "name": source.path,
        **({"hashes": [{"alg": "SHA-256", "content": match[1]}]} if match else {}),
        "data": [{"type": "dataset", "name": f"{source.role} data", "contents": {"properties": [digest, rows]}}],
    }


def _library(package: Package) -> dict[str, Any]:
    """Return a library, with the hashes of all files that its package URL can stand for."""
    hashes = [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")} for digest in package.hashes]
    reference = {
        "type": "distribution",
        "url": _purl(package),
        "hashes": hashes,
    }
    return {
        "type": "library",
        "bom-ref": _purl(package),
        "name": package.name,
        "version": package.version,
        "purl": _purl(package),
        **({"externalReferences": [reference]} if hashes else {}),
    }


def _purl(package: Package) -> str:
    return f"pkg:pypi/{package.name}@{quote(package.version, safe='')}"


def _dependencies(
    record: VersionRecord, requirements: Requirements, libraries: tuple[Package, ...]
) -> Iterator[dict[str, Any]]:
    """Yield what the model needs, and what each library needs among the others."""
    data = [_data_ref(number, source) for number, source in enumerate(record.data)]
    yield {"ref": record.reference, "dependsOn": sorted({*data, *map(_purl, libraries)})}
    yield from ({"ref": ref} for ref in data)
    for package in libraries:
        needed = {*requirements.needs(package.name)}
        refs = sorted({_purl(other) for other in libraries if other.name in needed})
        yield {"ref": _purl(package), **({"dependsOn": refs} if refs else {})}
