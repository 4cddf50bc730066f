"""A version as a repository of the Hugging Face Hub: card, config, artifact and record. Uploads nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import version_path
from mintmark.publishing.exchange.exported import Files
from mintmark.registry.yaml.text import format_yaml

if TYPE_CHECKING:
    from mintmark.publishing.exchange.exported import ExportedVersion


def huggingface_files(version: ExportedVersion) -> Files:
    """Return the files; `README.md` is the model card, whose front matter the Hub reads."""
    record = version.record
    comment = f"# {version_path(record.model, str(record.version))}\n"
    texts = {
        "README.md": version.card.encode(),
        "config.json": json.dumps(_config(version), indent=2, ensure_ascii=False).encode() + b"\n",
        "version.yaml": f"{comment}{format_yaml(record.document)}".encode(),
        "metrics.json": json.dumps(version.source.measured, indent=2, ensure_ascii=False).encode() + b"\n",
    }
    return Files(texts=texts, artifact=record.artifact.name)


def _config(version: ExportedVersion) -> dict[str, Any]:
    """Return what skops writes for a scikit-learn model, and for every format what Mintmark knows of it."""
    record = version.record
    packages = record.environment.packages
    own = {
        "reference": record.reference,
        "format": record.format,
        "sha256": record.artifact.sha256,
        "inputs": dict(record.signature.inputs),
        "classes": list(record.signature.classes),
    }
    if record.format != "skops":
        return {"mintmark": own}
    kind = "regression" if version.source.measured["task"] == "regression" else "classification"
    sklearn = {
        "columns": list(record.signature.inputs),
        "environment": [f"{name}={packages[name]}" for name in ("scikit-learn", "skops", "numpy") if name in packages],
        "model": {"file": record.artifact.name},
        "model_format": "skops",
        "task": f"tabular-{kind}",
        "use_intelex": False,
    }
    return {"mintmark": own, "sklearn": sklearn}
