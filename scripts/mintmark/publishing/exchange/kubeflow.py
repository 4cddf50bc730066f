"""A version as a YAML catalog of Kubeflow Hub: a model with its artifact and its metrics. Reads nothing.

Its form: https://github.com/kubeflow/model-registry/tree/main/catalog, API v1alpha1.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import REGISTRY, version_folder
from mintmark.errors import MintmarkError
from mintmark.publishing.exchange.exported import ExportedVersion, Files
from mintmark.registry.yaml.text import format_yaml

if TYPE_CHECKING:
    from mintmark.core.settings import Settings


def kubeflow_files(version: ExportedVersion) -> Files:
    """Return the catalog; it names where the artifact is, and has no copy of it."""
    record, model = version.record, version.model
    times = {"createTimeSinceEpoch": _epoch(record.created), "lastUpdateTimeSinceEpoch": _epoch(version.registered)}
    told = {
        "mintmark_version": str(record.version),
        "mintmark_number": str(version.number),
        "sha256": record.artifact.sha256,
        "format": record.format,
        "channels": ", ".join(version.source.channels or ()),
    }
    if version.source.status is not None:
        told["yanked"] = version.source.status.reason
    entry: dict[str, Any] = {
        "name": f"{record.model}/{record.version}",
        "provider": " ".join(model.document["owners"]),
        "description": model.purpose,
        "readme": version.card.removeprefix("---\n").partition("\n---\n")[2].lstrip(),
        "license": model.licence,
        "libraryName": {"skops": "scikit-learn", "onnx": "onnx"}.get(record.format, record.format),
        "tasks": [str(model.document["task"])],
        **times,
        "customProperties": {name: _text(text) for name, text in told.items() if text},
        "artifacts": [
            {"artifactType": "model-artifact", "uri": _address(version.settings, version), **times},
            {
                "artifactType": "metrics-artifact",
                "metricsType": "accuracy-metrics",
                **times,
                "customProperties": {name: _number(each.value) for name, each in record.metrics.items()},
            },
        ],
    }
    catalog = {"source": version.settings.name, "models": [entry]}
    return Files(texts={"catalog.yaml": format_yaml(catalog).encode()})


def _address(settings: Settings, version: ExportedVersion) -> str:
    record = version.record
    if settings.site:
        path = f"api/v1/models/{record.model}/versions/{record.version}/{record.artifact.name}"
        return f"{settings.site.rstrip('/')}/{path}"
    if settings.repository:
        folder = version_folder(record.model, str(record.version))
        return f"{settings.repository.rstrip('/')}/tree/{settings.base_branch}/{folder}"
    raise MintmarkError(f"{REGISTRY}: a catalog names where the model is; write addresses.site or addresses.repository")


def _epoch(moment: str) -> str:
    return str(int(datetime.fromisoformat(moment).timestamp() * 1000))


def _text(text: str) -> dict[str, Any]:
    return {"metadataType": "MetadataStringValue", "string_value": text}


def _number(value: float) -> dict[str, Any]:
    return {"metadataType": "MetadataDoubleValue", "double_value": float(value)}
