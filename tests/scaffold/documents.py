"""The documents of a registry, as their schemas accept them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mintmark.core.records import StoredFile

SETTINGS: dict[str, Any] = {
    "schema": 1,
    "name": "Scratch registry",
    "base_branch": "main",
    "channels": [{"name": "staging"}, {"name": "production", "after": "staging"}],
}


def model_document(name: str) -> dict[str, Any]:
    """A model.yaml that its schema accepts."""
    return {
        "schema": 1,
        "name": name,
        "title": f"The {name} model",
        "task": "binary-classification",
        "owners": ["@ada"],
        "purpose": "To be read by tests.",
        "licence": "Apache-2.0",
        "metric": {"name": "roc_auc", "goal": "maximize"},
        "gates": {"margin": 0.01, "floors": {"roc_auc": 0.7}},
    }


def stored(name: str, content: bytes) -> StoredFile:
    """What a record says of a file with this content."""
    md5 = hashlib.md5(content).hexdigest()
    return StoredFile(name=name, md5=md5, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def predictions(seed: str) -> bytes:
    """A predictions.parquet of one row, another for each seed."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(
        pa.table({"row": [0], "truth": [1], "prediction": [1]}).replace_schema_metadata({"seed": seed}), buffer
    )
    return buffer.getvalue()


def profile(seed: str) -> bytes:
    """A profile.json, another for each seed."""
    return json.dumps({"rows": int(hashlib.md5(seed.encode()).hexdigest()[:6], 16)}).encode() + b"\n"


def metrics_of(version: str) -> dict[str, dict[str, float]]:
    """Metrics that differ from version to version."""
    value = round(0.9 + int(hashlib.md5(version.encode()).hexdigest()[:4], 16) / 1_000_000, 6)
    return {
        "roc_auc": {"value": value, "low": value - 0.02, "high": value + 0.02},
        "log_loss": {"value": 1 - value, "low": 0.02, "high": 0.2},
    }


def version_document(
    model: str, version: str, files: dict[str, StoredFile], *, parent: str | None = None, **changes: Any
) -> dict[str, Any]:
    """A version.yaml that its schema accepts."""
    name = next(name for name in files if name.startswith("model."))
    artifact = files[name]
    return {
        "schema": 1,
        "model": model,
        "version": version,
        "parent": parent,
        "created": "2026-01-02T09:30:00Z",
        "author": "Ada Lovelace <ada@example.org>",
        "summary": f"Version {version} of {model}.\n\nTrained again.\n",
        "artifact": {"path": name, "format": name.partition(".")[2], **artifact.to_dict()},
        "files": {other: file.to_dict() for other, file in files.items() if other != name},
        "signature": {
            "inputs": {"width": "float64", "length": "float64"},
            "outputs": {"prediction": {"type": "int64", "shape": [None]}},
            "classes": [0, 1],
        },
        "parameters": {"estimator": "sklearn.linear_model.LogisticRegression", "C": 0.1},
        "metrics": metrics_of(version),
        "data": [
            {"role": role, "path": f"models/{model}/candidate/{role}.parquet", "hash": f"md5:{version}", "rows": 100}
            for role in ("training", "evaluation")
        ],
        "stages": {
            "train": {
                "cmd": f"python scripts/train.py {model}",
                "deps": {"scripts/train.py": f"md5:{version}"},
                "outs": {f"models/{model}/candidate/{name}": f"md5:{artifact.md5}"},
            }
        },
        "environment": {
            "python": "3.11.7",
            "platform": "linux-x86_64",
            "packages": {"scikit-learn": "1.6.0"},
            "lock": f"sha256:{'0' * 64}",
        },
        **changes,
    }


def metrics_document(metrics: dict[str, dict[str, float]]) -> dict[str, Any]:
    """A metrics.json that its schema accepts."""
    return {
        "schema": 1,
        "task": "binary-classification",
        "rows": 100,
        "confidence": 0.95,
        "resamples": 1000,
        "seed": 0,
        "metrics": metrics,
        "slices": {},
        "cost": {"size": 200, "load_seconds": 0.01, "latency_row_seconds": 0.0004, "latency_batch_seconds": 0.003},
        "importance": {"width": {"mean": 0.01, "std": 0.001}},
    }
