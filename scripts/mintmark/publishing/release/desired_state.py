"""The desired state of a channel as plain files: a JSON document, a KServe InferenceService, a Kustomize base. Pure.

The files say what is to run and nothing of how it came there, so a rollback gives the bytes of the first time.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import version_folder
from mintmark.registry.files import format_json, format_yaml

if TYPE_CHECKING:
    from mintmark.core.records import VersionRecord
    from mintmark.core.settings import KServe

DOCUMENT = "desired.json"
MANIFEST = "inference-service.yaml"
KUSTOMIZATION = "kustomization.yaml"
_LONGEST_NAME = 63  # of a Kubernetes object that becomes part of a host name
_PLACEHOLDER = re.compile(r"\{(model|channel|version|sha256)\}")


def folder_of(model: str, channel: str) -> str:
    """`breast-cancer/production`: where the files of a channel lie on the branch."""
    return f"{model}/{channel}"


def render(record: VersionRecord, channel: str, *, registered: str, kserve: KServe | None) -> dict[str, bytes]:
    """Return the files of a channel by path; `registered` is the commit that registered the version.

    Without the settings of KServe there is the document alone.
    """
    folder = folder_of(record.model, channel)
    files = {DOCUMENT: format_json(_document(record, channel, registered))}
    if kserve is not None:
        files[MANIFEST] = format_yaml(_manifest(record, channel, kserve))
        files[KUSTOMIZATION] = format_yaml(_KUSTOMIZE)
    return {f"{folder}/{name}": text.encode() for name, text in files.items()}


_KUSTOMIZE = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "resources": [MANIFEST],
}


def _document(record: VersionRecord, channel: str, registered: str) -> dict[str, Any]:
    version, artifact = str(record.version), record.artifact
    return {
        "schema": 1,
        "model": record.model,
        "channel": channel,
        "version": version,
        "registered": registered,
        "artifact": {
            "path": f"{version_folder(record.model, version)}/{artifact.name}",
            "format": record.format,
            **artifact.to_dict(),
        },
    }


def _manifest(record: VersionRecord, channel: str, kserve: KServe) -> dict[str, Any]:
    said = {
        "model": record.model,
        "channel": channel,
        "version": str(record.version),
        "sha256": record.artifact.sha256,
    }
    container: dict[str, Any] = {"name": "kserve-container", "image": kserve.image}
    if kserve.arguments:
        container["args"] = [_PLACEHOLDER.sub(lambda match: said[match[1]], text) for text in kserve.arguments]
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": object_name(record.model, channel),
            "annotations": {f"mintmark/{name}": value for name, value in said.items()},
        },
        "spec": {"predictor": {"containers": [container]}},
    }


def object_name(model: str, channel: str) -> str:
    """`breast-cancer--production`: no name holds two hyphens, so two channels never share one. A long one is cut."""
    name = f"{model}--{channel}"
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_NAME - 9].rstrip('-')}-{digest}"
