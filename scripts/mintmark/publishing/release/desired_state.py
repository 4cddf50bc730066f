"""The desired state of a channel as plain files: JSON, and manifests for KServe and plain Kubernetes. Pure.

The files say what is to run and nothing of how it came there, so a rollback gives the bytes of the first time.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import version_folder
from mintmark.registry.files import format_json, format_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.records import VersionRecord
    from mintmark.core.settings import KServe, Kubernetes

DOCUMENT = "desired.json"
MANIFEST = "inference-service.yaml"
DEPLOYMENT, SERVICE = "deployment.yaml", "service.yaml"
KUSTOMIZATION = "kustomization.yaml"
PORT = 8080
_LONGEST_NAME = 63  # of a Kubernetes object that becomes part of a host name
_PLACEHOLDER = re.compile(r"\{(model|channel|version|sha256)\}")


def folder_of(model: str, channel: str) -> str:
    """`breast-cancer/production`: where the files of a channel lie on the branch."""
    return f"{model}/{channel}"


def render(
    record: VersionRecord,
    channel: str,
    *,
    registered: str,
    kserve: KServe | None = None,
    kubernetes: Kubernetes | None = None,
) -> dict[str, bytes]:
    """Return the files of a channel by path; `registered` is the commit that registered the version.

    Without settings of KServe or Kubernetes there is the document alone.
    """
    folder = folder_of(record.model, channel)
    files = {DOCUMENT: format_json(_document(record, channel, registered))}
    manifests: dict[str, dict[str, Any]] = {}
    if kserve is not None:
        manifests[MANIFEST] = _manifest(record, channel, kserve)
    if kubernetes is not None:
        manifests |= {
            DEPLOYMENT: _deployment(record, channel, kubernetes),
            SERVICE: _service(record, channel),
        }
    if manifests:
        files |= {name: format_yaml(manifest) for name, manifest in manifests.items()}
        files[KUSTOMIZATION] = format_yaml(_KUSTOMIZE | {"resources": list(manifests)})
    return {f"{folder}/{name}": text.encode() for name, text in files.items()}


_KUSTOMIZE = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


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
    container: dict[str, Any] = {"name": "kserve-container", "image": kserve.image}
    if kserve.arguments:
        container["args"] = _filled_in(kserve.arguments, record, channel)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": object_name(record.model, channel), "annotations": _annotations(record, channel)},
        "spec": {"predictor": {"containers": [container]}},
    }


def _deployment(record: VersionRecord, channel: str, kubernetes: Kubernetes) -> dict[str, Any]:
    """Return what runs a version side by side; it names the version, so that all change it in one rollout."""
    name = object_name(record.model, channel)
    container = {
        "name": "mintmark",
        "image": kubernetes.image,
        "args": _filled_in(kubernetes.arguments or _SERVE, record, channel),
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": [{"name": "MINTMARK_CACHE", "value": "/cache"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 10, "failureThreshold": 6},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}, {"name": "temporary", "mountPath": "/tmp"}],  # noqa: S108
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 60,
        "containers": [container],
        "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "temporary", "emptyDir": {}}],
    }
    labels = {_NAME_LABEL: name}
    annotations = _annotations(record, channel)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": {
            "replicas": kubernetes.replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
        },
    }


def _service(record: VersionRecord, channel: str) -> dict[str, Any]:
    name = object_name(record.model, channel)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {_NAME_LABEL: name}},
        "spec": {"selector": {_NAME_LABEL: name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    }


_NAME_LABEL = "app.kubernetes.io/name"
_SERVE = ("serve", "{model}@{version}", "--host", "0.0.0.0", "--port", str(PORT), "--drain", "10s")  # noqa: S104 - in a pod


def _said(record: VersionRecord, channel: str) -> dict[str, str]:
    return {
        "model": record.model,
        "channel": channel,
        "version": str(record.version),
        "sha256": record.artifact.sha256,
    }


def _annotations(record: VersionRecord, channel: str) -> dict[str, str]:
    return {f"mintmark/{name}": value for name, value in _said(record, channel).items()}


def _filled_in(arguments: Sequence[str], record: VersionRecord, channel: str) -> list[str]:
    said = _said(record, channel)
    return [_PLACEHOLDER.sub(lambda match: said[match[1]], text) for text in arguments]


def object_name(model: str, channel: str) -> str:
    """`breast-cancer--production`: no name holds two hyphens, so two channels never share one. A long one is cut."""
    name = f"{model}--{channel}"
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_NAME - 9].rstrip('-')}-{digest}"
