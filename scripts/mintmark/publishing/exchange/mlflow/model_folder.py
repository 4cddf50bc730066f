"""A version as the folder that MLflow loads: an MLmodel, and what its loader needs. Imports no MLflow.

Its form: https://mlflow.org/docs/latest/ml/model/#storage-format.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.layout import pointer_path, version_path
from mintmark.core.signature.column_types import Kind, kind_of
from mintmark.errors import MintmarkError
from mintmark.extras import requirement
from mintmark.registry.files import write_atomically
from mintmark.registry.yaml.text import format_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mintmark.core.records import Signature, VersionRecord
    from mintmark.registry.reading import Registry

DATA: Final = "mintmark"  # the folder inside that the loader gets
RECORD: Final = "version.json"
MLMODEL: Final = "MLmodel"
_LOADER: Final = "mintmark.publishing.exchange.mlflow.loader"
_EXTRAS: Final = {"skops": "load", "onnx": "onnx"}
_PACKAGES: Final = ("numpy", "onnxruntime", "pandas", "scikit-learn", "scipy", "skops")
# A whole number is `long` and any other `double`: MLflow refuses what does not fit into a narrower type.
_TYPES: Final[Mapping[Kind, str]] = {"numbers": "double", "booleans": "boolean", "text": "string"}
METHODS: Final = ("predict", "predict_proba")


def model_files(registry: Registry, record: VersionRecord) -> dict[str, bytes]:
    """Return the texts of the folder by their paths; raise `MintmarkError` for what has no rows to predict.

    What a clone trusts is written beside the record, and what a site trusts is not.
    """
    if record.format not in _EXTRAS:
        path = version_path(record.model, str(record.version))
        raise MintmarkError(
            f"{path}: the format is {record.format}, which predicts nothing by itself; mintmark pull {record.reference}"
        )
    requirements = "".join(f"{line}\n" for line in _requirements(record))
    python = record.environment.python
    environment = {"python": python, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}
    conda = {
        "name": "mintmark",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": requirements.splitlines()}],
    }
    loading = {"record": record.document, "trusted_types": list(registry.trusted_names)}
    return {
        MLMODEL: format_yaml(_mlmodel(record)).encode(),
        "requirements.txt": requirements.encode(),
        "python_env.yaml": format_yaml(environment).encode(),
        "conda.yaml": format_yaml(conda).encode(),
        f"{DATA}/{RECORD}": json.dumps(loading, indent=2, ensure_ascii=False).encode(),
    }


def write_model_folder(registry: Registry, record: VersionRecord, folder: Path) -> None:
    """Write the whole folder, the artifact checked against the record."""
    texts = model_files(registry, record)
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / path, text)
    write_artifact(registry, record, folder / DATA / record.artifact.name)


def write_artifact(registry: Registry, record: VersionRecord, target: Path) -> None:
    """Write the artifact of a version, checked against the record."""
    target.parent.mkdir(parents=True, exist_ok=True)
    pointer = pointer_path(record.model, str(record.version), record.artifact.name)
    registry.store(record).copy(record.artifact, target, pointer=pointer)


def _mlmodel(record: VersionRecord) -> dict[str, Any]:
    return {
        "flavors": {
            "python_function": {
                "data": DATA,
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "loader_module": _LOADER,
                "python_version": record.environment.python,
            }
        },
        "metadata": {"mintmark": {"reference": record.reference, "sha256": record.artifact.sha256}},
        "model_size_bytes": record.artifact.size,
        "signature": _signature(record.signature),
        "utc_time_created": record.created.removesuffix("Z").replace("T", " "),
    }


def _signature(signature: Signature) -> dict[str, str]:
    inputs = [{"type": column_type(kind), "name": name, "required": True} for name, kind in signature.inputs.items()]
    outputs = [
        {"type": column_type(about.type), "name": name, "required": True}
        for name, about in signature.outputs.items()
        if name == "prediction" and len(about.shape) == 1
    ]
    method = {"name": "method", "type": "string", "default": METHODS[0], "shape": None}
    told = {"inputs": inputs, "outputs": outputs, "params": [method]}
    return {name: json.dumps(part, ensure_ascii=False) for name, part in told.items() if part}


def column_type(wanted: str) -> str:
    """Return the type in MLflow's schema of a column; `any`, which checks nothing, where it has none like it.

    Its times know no time zone, so a column of times is left to Mintmark's own check.
    """
    if wanted.lower().startswith(("int", "uint")):
        return "long"
    return _TYPES.get(kind_of(wanted), "any")


def _requirements(record: VersionRecord) -> Sequence[str]:
    packages = record.environment.packages
    made_with = [f"{name}=={packages[name]}" for name in _PACKAGES if name in packages]
    return [requirement(_EXTRAS[record.format]), *made_with]
