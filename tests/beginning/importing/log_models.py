"""Run by MLflow's own Python: log models to a server as a team does, and print what the registry has then as JSON."""

from __future__ import annotations

import inspect
import json
import sys

import mlflow
import numpy as np
import onnx
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

NAME = "Churn model"


def log(flavour: object, model: object, **options: object) -> str:
    """Log a model by the name that this MLflow gives the argument, in a run of its own, and register it."""
    wanted = inspect.signature(flavour.log_model).parameters  # type: ignore[attr-defined]
    where = {"name": "model"} if "name" in wanted else {"artifact_path": "model"}
    with mlflow.start_run() as run:
        mlflow.log_params({"C": 0.5, "scaler": "standard"})
        mlflow.log_metrics({"roc_auc": 0.93, "val_loss": 0.2})
        known = {key: value for key, value in options.items() if key in wanted}
        given = () if model is None else (model,)
        flavour.log_model(*given, **where, registered_model_name=NAME, **known)  # type: ignore[attr-defined]
        return str(run.info.run_id)


def main(address: str, exported: str) -> None:
    """Log an estimator, an ONNX model, a flavour of code alone, and one whose run is deleted then."""
    mlflow.set_tracking_uri(address)
    draw = np.random.default_rng(0)
    rows = pd.DataFrame({"width": draw.normal(size=200), "length": draw.normal(size=200)})
    truth = (rows["width"] + draw.normal(scale=0.3, size=200) > 0).astype("int64")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, truth)
    told = {"signature": infer_signature(rows, model.predict(rows)), "input_example": rows.head(20)}
    runs = [log(mlflow.sklearn, model, **told, serialization_format="cloudpickle")]

    runs.append(log(mlflow.onnx, onnx.load(exported), **told))

    class Code(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined,misc]
        def predict(self, context: object, model_input: object, params: object = None) -> object:
            return model_input

    runs.append(log(mlflow.pyfunc, None, python_model=Code()))
    runs.append(log(mlflow.sklearn, model, **told, serialization_format="cloudpickle"))
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(NAME, "production", 1)
    client.set_registered_model_alias(NAME, "challenger", 2)
    client.update_registered_model(NAME, "Says who will leave.")
    client.delete_run(runs[3])
    rows.assign(left=truth).to_csv("rows.csv", index=False)
    import sklearn

    print(json.dumps({"mlflow": mlflow.__version__, "sklearn": sklearn.__version__, "runs": runs}))


if __name__ == "__main__":
    main(*sys.argv[1:])
