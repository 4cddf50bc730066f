"""Load versions that came from elsewhere, run by MLflow's own Python; prints what they answer as JSON."""

from __future__ import annotations

import json
import sys

import mlflow
import pandas as pd

import mintmark


def main(place: str, file: str, references: list[str]) -> None:
    """Print what each version answers to the rows of a file, with MLflow and with `mintmark.load`."""
    mlflow.set_registry_uri(f"mintmark://{place}")
    rows, told = pd.read_csv(file), {}
    for reference in references:
        theirs = mlflow.pyfunc.load_model(f"models:/{reference}")
        ours = mintmark.load(theirs.metadata.metadata["mintmark"]["reference"], path=place)
        told[reference] = [list(theirs.predict(rows)), ours.predict(rows).tolist()]
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
