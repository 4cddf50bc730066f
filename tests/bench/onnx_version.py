"""Make a copy of a registry in which a model's champion is the same fitted model as ONNX. Measures nothing."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import md5, sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from mintmark.artifacts.onnx_format import OnnxModel
from mintmark.core.records import StoredFile, format_pointer

PACKAGES = ("skl2onnx==1.*",)
_VERSION = "9.0.0"
_EXPORT = """
import joblib, numpy, sys
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
inputs = [("x", FloatTensorType([None, int(sys.argv[2])]))]
model = joblib.load(sys.argv[1])
for _, step in model.steps:
    if hasattr(step, "voting"):  # as skl2onnx takes it; no prediction depends on it
        step.weights, step.flatten_transform = numpy.array(step.weights), False
made = to_onnx(model, initial_types=inputs, options={id(model): {"zipmap": False}})
open(sys.argv[3], "wb").write(made.SerializeToString())
"""


def with_onnx(registry: Path, folder: Path, model: str, fitted: Path, programs: Path) -> Path:
    """Return a clone of a registry, in `folder`, whose production runs `fitted` (a joblib file) as ONNX.

    `programs` are those of an environment with `PACKAGES` and the scikit-learn that fitted the model.
    """
    clone, exported = folder / "onnx", folder / "model.onnx"
    _run("git", "clone", "--quiet", registry, clone)
    champion = yaml.safe_load((clone / "models" / model / "channels/production.yaml").read_text())["version"]
    old = clone / "models" / model / "versions" / champion
    new = shutil.copytree(old, old.parent / _VERSION)
    document = yaml.safe_load((old / "version.yaml").read_text())
    inputs = list(document["signature"]["inputs"])
    _run(programs / "python", "-c", _EXPORT, fitted, str(len(inputs)), exported)
    (new / f"{document['artifact']['path']}.dvc").unlink()
    artifact = _store(clone, new, "model.onnx", exported.read_bytes())
    files = {name: StoredFile.from_dict(name, about) for name, about in document["files"].items()}
    rows, answers = (_table(clone, files[name]) for name in ("evaluation.parquet", "predictions.parquet"))
    labels, shares = OnnxModel(exported.read_bytes(), path="model.onnx").predict_both(rows[inputs])
    answers["prediction"] = labels
    for place, label in enumerate(document["signature"]["classes"]):
        answers[f"probability_{label}"] = shares[:, place].astype("float64")
    written = BytesIO()
    answers.to_parquet(written, index=False)
    document["files"]["predictions.parquet"] = _store(clone, new, "predictions.parquet", written.getvalue())
    document |= {"version": _VERSION, "artifact": {"path": "model.onnx", "format": "onnx", **artifact}}
    (new / "version.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (clone / "models" / model / "channels/production.yaml").write_text(f"version: {_VERSION}\n")
    _run("git", "-C", clone, "add", "--all")
    person = ("-c", "user.name=Bench", "-c", "user.email=bench@mintmark.example")
    _run("git", "-C", clone, *person, "commit", "--quiet", "-m", "Serve it as ONNX")
    return clone


def _store(clone: Path, folder: Path, name: str, content: bytes) -> dict[str, Any]:
    """Write a stored file and its pointer; return what the record says of it."""
    digests = {"md5": md5(content).hexdigest(), "sha256": sha256(content).hexdigest()}
    file = StoredFile(name=name, size=len(content), **digests)
    path = _object(clone, file)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    (folder / f"{name}.dvc").write_text(format_pointer(file))
    return file.to_dict()


def _object(clone: Path, file: StoredFile) -> Path:
    return clone / ".dvc/store/files/md5" / file.md5[:2] / file.md5[2:]


def _table(clone: Path, file: StoredFile) -> pd.DataFrame:
    return pd.read_parquet(_object(clone, file))


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)
