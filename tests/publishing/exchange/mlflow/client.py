"""What an MLflow user does with a registry, run by MLflow's own Python; prints what came of it as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient

import mintmark


def main(uri: str, place: str, at: str | None) -> None:
    """Ask a registry at `uri`, whose versions `mintmark.load` has from `place`; an empty place asks no model."""
    mlflow.set_registry_uri(uri)
    client = MlflowClient()
    models = client.search_registered_models()
    told: dict[str, Any] = {
        "mlflow": mlflow.__version__,
        "models": {m.name: m.aliases for m in models},
        "latest": {m.name: [v.version for v in m.latest_versions] for m in models},
        "descriptions": {m.name: m.description for m in models},
        "versions": {m.name: _versions(client, f"name='{m.name}'") for m in models},
        "ordered": [f"{v.name} {v.version}" for v in client.search_model_versions(order_by=["version_number DESC"])],
        "by tag": _versions(client, "tags.`mintmark.version` = '1.1.0'"),
        "page": [m.name for m in client.search_registered_models(max_results=1)],
        "refused": {name: _refusal(ask, client) for name, ask in REFUSED.items()},
    }
    if place:
        told["loaded"] = {reference: _load(reference, place, at) for reference in LOADED}
    print(json.dumps(told))


LOADED = (
    "breast-cancer@production",
    "breast-cancer@v1.0.0",
    "digits/1",
    "diabetes-progression/latest",
    "digits/Production",
)
REFUSED: dict[str, Callable[[MlflowClient], Any]] = {
    "register": lambda c: c.create_registered_model("another"),
    "version": lambda c: c.create_model_version(c.search_registered_models()[0].name, "file:///tmp"),
    "alias": lambda c: c.set_registered_model_alias(c.search_registered_models()[0].name, "production", "1"),
    "delete": lambda c: c.delete_model_version(c.search_registered_models()[0].name, "1"),
    "no model": lambda c: c.get_registered_model("nobody"),
    "no version": lambda c: c.get_model_version(c.search_registered_models()[0].name, "99"),
    "no alias": lambda c: c.get_model_version_by_alias(c.search_registered_models()[0].name, "nowhere"),
}


def _versions(client: MlflowClient, wanted: str) -> list[dict[str, Any]]:
    return [
        {
            "number": v.version, "aliases": list(v.aliases), "tags": v.tags, "status": v.status, "user": v.user_id,
            "description": v.description, "stage": v.current_stage, "source": v.source, "message": v.status_message,
        }
        for v in client.search_model_versions(wanted)
    ]  # fmt: skip


def _refusal(ask: Callable[[MlflowClient], Any], client: MlflowClient) -> str:
    try:
        return f"not refused: {ask(client)}"
    except mlflow.exceptions.MlflowException as error:
        return f"{error.error_code}: {error}"


def _load(reference: str, place: str, at: str | None) -> dict[str, Any]:
    """Load one version both ways and let both answer for the rows that it was evaluated on."""
    theirs = mlflow.pyfunc.load_model(f"models:/{reference}")
    name = theirs.metadata.metadata["mintmark"]["reference"]
    ours = mintmark.load(name, path=place, at=at)
    folder = mintmark.pull(name, tempfile.mkdtemp(), path=place, at=at, all_files=True)
    rows = pd.read_parquet(folder / "evaluation.parquet")[list(ours.signature.inputs)]
    same = bool((theirs.predict(rows) == ours.predict(rows)).all())
    if ours.signature.classes:
        answer = theirs.predict(rows, params={"method": "predict_proba"})
        same = same and bool((answer == ours.predict_proba(rows)).all())
    return {"reference": name, "rows": len(rows), "same": same}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] or None)
