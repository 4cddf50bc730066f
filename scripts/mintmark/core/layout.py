"""Where each file of a registry lies. Paths are relative to the root, with forward slashes; opens none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTSIDE = "../"  # how a path begins that lies outside of the folder of a registry, in its repository
MODELS = "models"
REGISTRY = "models/registry.yaml"
VERSION_RECORD = "version.yaml"
METRICS_RECORD = "metrics.json"
SETTLED_BY_ENTRY = ("dvc.lock", "dvc.yaml", "params.yaml")  # each model has lines of its own in them
COST = "cost.json"  # of a candidate: measured times, no output of the pipeline
POINTER_SUFFIX = ".dvc"

Kind = Literal["registry", "model", "version", "metrics", "channel", "status", "pointer", "candidate", "other"]


class Place(NamedTuple):
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
    if path == REGISTRY:
        return Place("registry")
    root, model, kind, name, file = (*path.split("/", 4), "", "", "", "")[:5]
    if root != MODELS or not model or not kind:
        return Place("other")
    if kind == "versions" and name and file:
        return Place(_kind_in_version(file), model, name)
    if kind == "model.yaml" and not name:
        return Place("model", model)
    if kind == "candidate" and name:
        return Place("candidate", model, kind)
    if kind in _NAMED_FILES and name.endswith(".yaml") and name != ".yaml" and not file:
        return Place(_NAMED_FILES[kind], model, name.removesuffix(".yaml"))
    return Place("other")


def folders_around(path: str) -> Iterator[str]:
    """Yield every folder that a path lies in, the innermost first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def is_placeholder(path: str) -> bool:
    """Whether a path below models/ keeps an empty folder, or what the pipeline made out of Git; nobody reads it."""
    if not path.startswith(f"{MODELS}/"):
        return False
    *folders, name = path.split("/")[1:]
    if len(folders) > _DEEPEST:
        return False
    if name == ".gitkeep":
        return len(folders) < 2 or (len(folders) == 2 and folders[1] in _FOLDERS)
    return name == ".gitignore" and (len(folders) == 1 or folders[1:2] == ["candidate"])


_DEEPEST = 6
_FOLDERS = ("candidate", "channels", "status", "versions")
_NAMED_FILES: dict[str, Kind] = {"channels": "channel", "status": "status"}


def _kind_in_version(file: str) -> Kind:
    if file == VERSION_RECORD:
        return "version"
    if file == METRICS_RECORD:
        return "metrics"
    return "pointer" if file.endswith(POINTER_SUFFIX) and "/" not in file else "other"
