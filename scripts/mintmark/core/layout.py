"""Where each file of a registry lies. Paths are relative to the root, with forward slashes; opens none of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

MODELS = "models"
REGISTRY = "models/registry.yaml"
VERSION_RECORD = "version.yaml"
METRICS_RECORD = "metrics.json"
POINTER_SUFFIX = ".dvc"

Kind = Literal["registry", "model", "version", "metrics", "channel", "status", "pointer", "candidate", "other"]

_PLACES = re.compile(
    r"models/(?:(?P<registry>registry\.yaml)"
    r"|(?P<model>[^/]+)/(?:(?P<identity>model\.yaml)"
    r"|(?P<candidate>candidate)/.*"
    r"|channels/(?P<channel>[^/]+)\.yaml"
    r"|status/(?P<status>[^/]+)\.yaml"
    r"|versions/(?P<version>[^/]+)/(?P<file>.+)))\Z",
    re.DOTALL,  # a line break in a file's name must not hide it
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a path means: `model` and `name` (of the version or channel) are empty where they do not apply."""

    kind: Kind
    model: str = ""
    name: str = ""


def model_path(model: str) -> str:
    """`models/iris/model.yaml`."""
    return f"models/{model}/model.yaml"


def version_folder(model: str, version: str) -> str:
    """`models/iris/versions/1.4.2`."""
    return f"models/{model}/versions/{version}"


def version_path(model: str, version: str) -> str:
    """`models/iris/versions/1.4.2/version.yaml`."""
    return f"models/{model}/versions/{version}/{VERSION_RECORD}"


def metrics_path(model: str, version: str) -> str:
    """`models/iris/versions/1.4.2/metrics.json`."""
    return f"models/{model}/versions/{version}/{METRICS_RECORD}"


def pointer_path(model: str, version: str, file: str) -> str:
    """`models/iris/versions/1.4.2/model.skops.dvc`."""
    return f"models/{model}/versions/{version}/{file}{POINTER_SUFFIX}"


def channel_path(model: str, channel: str) -> str:
    """`models/iris/channels/production.yaml`."""
    return f"models/{model}/channels/{channel}.yaml"


def status_path(model: str, version: str) -> str:
    """`models/iris/status/1.4.2.yaml`."""
    return f"models/{model}/status/{version}.yaml"


def candidate_path(model: str, file: str) -> str:
    """`models/iris/candidate/model.skops`."""
    return f"models/{model}/candidate/{file}"


def locate(path: str) -> Place:
    """Return what a path inside the registry means; `other` for a file that has no place there."""
    match = _PLACES.match(path)
    if match is None:
        return Place("other")
    found = match.groupdict()
    if found["registry"]:
        return Place("registry")
    model = found["model"]
    if found["identity"]:
        return Place("model", model)
    for kind in ("candidate", "channel", "status"):
        if found[kind]:
            return Place(kind, model, found[kind])
    return Place(_kind_in_version(found["file"]), model, found["version"])


def _kind_in_version(file: str) -> Kind:
    if file == VERSION_RECORD:
        return "version"
    if file == METRICS_RECORD:
        return "metrics"
    return "pointer" if file.endswith(POINTER_SUFFIX) and "/" not in file else "other"
