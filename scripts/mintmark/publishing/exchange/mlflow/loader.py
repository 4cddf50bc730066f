"""What MLflow calls to load a version: the checks of `mintmark.load`, then a model that predicts. Imports no MLflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.core.records import VersionRecord
from mintmark.errors import InputError
from mintmark.publishing.exchange.mlflow.model_folder import METHODS, RECORD
from mintmark.registry.stored.loading import open_artifact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.artifacts.loaded_model import LoadedModel


class ServedModel:
    """A `mintmark.load`ed model with the `predict` that MLflow asks for."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return what `LoadedModel.predict` does, or `predict_proba` with `params={"method": "predict_proba"}`."""
        method = (params or {}).get("method", METHODS[0])
        if method not in METHODS:
            raise InputError(f'there is no method "{method}"; there are {" and ".join(METHODS)}')
        return getattr(self.loaded, method)(model_input)


def _load_pyfunc(path: str) -> ServedModel:
    """Load what `write_model_folder` wrote; MLflow gives the folder with the record and the artifact."""
    folder = Path(path)
    about = json.loads((folder / RECORD).read_bytes())
    record = VersionRecord.from_dict(about["record"])
    file = folder / record.artifact.name
    return ServedModel(open_artifact(record, file, about["trusted_types"]))
