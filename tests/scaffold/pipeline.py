"""A real, quick DVC pipeline of one stage; toys differ in what they read, how they fit it and what they keep."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from tests.scaffold.registry import Scratch, begin

PIPELINE = """\
stages:
  fit:
    foreach: ${models}
    do:
      cmd: python scripts/fit.py ${key}
      deps: [scripts/fit.py, DATA]
      params:
        - TRACKED
      outs:
        - models/${key}/candidate/ARTIFACT
        - models/${key}/candidate/predictions.parquet
        - models/${key}/candidate/evaluation.parquet
        - models/${key}/candidate/training-rows.parquet
        - models/${key}/candidate/profile.json
        - models/${key}/candidate/signature.json
        - models/${key}/candidate/data.json
      metrics:
        - models/${key}/candidate/metrics.json
"""

SCRIPT = '''\
"""The whole pipeline of a scratch registry."""
import hashlib
import sys
from pathlib import Path
from mintmark.registry.files import format_json
from mintmark.registry.yaml.text import parse_yaml

name = sys.argv[1]
params = parse_yaml(Path("params.yaml").read_bytes())["models"][name]
out = Path("models") / name / "candidate"
out.mkdir(parents=True, exist_ok=True)
write = lambda file, data: (out / file).write_text(format_json(data))

FIT
lineage = [{**each, "hash": "sha256:" + hashlib.sha256(Path(each["path"]).read_bytes()).hexdigest()} for each in data]
write("profile.json", profile)
write("signature.json", signature)
write("data.json", {"lineage": lineage})
write("metrics.json", metrics)
'''

# A line with a given slope: it needs no scikit-learn, which takes longer to import than all the rest.
LINE = """\
import pyarrow as pa, pyarrow.parquet as pq

rows = [line.split(",") for line in Path("data/points.csv").read_text().splitlines()[1:]]
x, y = [float(a) for a, _ in rows], [float(b) for _, b in rows]
guess = [params["slope"] * v for v in x]
mae = sum(abs(a - b) for a, b in zip(y, guess)) / len(y)
pq.write_table(pa.table({"row": list(range(len(x))), "truth": y, "prediction": guess}), out / "predictions.parquet")
pq.write_table(pa.table({**dict.fromkeys(params["inputs"], x), "y": y}), out / "evaluation.parquet")
pq.write_table(pa.table({"of": pa.array([], "string"), "digest": pa.array([], "int64")}), out / "training-rows.parquet")
write("model.json", {"slope": params["slope"]})
data = [{"role": "source", "path": "data/points.csv", "rows": len(x)}]
profile = {"x": {"min": min(x), "max": max(x)}}
signature = {"inputs": {c: "float64" for c in params["inputs"]},
             "outputs": {"prediction": {"type": "float64", "shape": [None]}}}
metrics = {"schema": 1, "task": "regression", "rows": len(x), "confidence": 0.95, "resamples": 100, "seed": 1,
           "metrics": {"mae": {"value": mae, "low": mae / 2, "high": mae * 2}, "rmse": {"value": mae}}, "slices": {}}
"""

# Rows with an even number train a real classifier, the others evaluate it. `seen`: of the first rows, all train it.
CLASSIFIER = """\
from mintmark.training import arithmetic  # before NumPy
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from mintmark.artifacts.skops.format import dump_canonical, import_skops_alone
from mintmark.core.question import Question
from mintmark.core.statistics import evaluation
from mintmark.core.statistics.metrics import class_outcomes
from mintmark.core.provenance.training_rows import digest_training
from mintmark.training import tables

question = Question.from_dict(parse_yaml(Path(f"models/{name}/model.yaml").read_bytes()))
frame = pd.read_csv("data/loans.csv")
train, rows = frame[(frame.row % 2 == 0) | (frame.row < params["seen"])], frame[(frame.row % 2 == 1) & (frame.row % params["every"] == 0)]
rows = rows.reset_index(drop=True)
inputs = params["columns"]
made = DummyClassifier() if params["estimator"] == "dummy" else LogisticRegression(C=params["C"])
made.fit(train[inputs], train["paid"])
prediction, probabilities = made.predict(rows[inputs]), made.predict_proba(rows[inputs])
classes = made.classes_.tolist()
outcomes = class_outcomes(rows["paid"].to_numpy(), prediction, probabilities, classes, positive=question.positive_class)
import_skops_alone()
(out / "model.skops").write_bytes(dump_canonical(made))
(out / "evaluation.parquet").write_bytes(tables.format_parquet(rows))
predicted = evaluation.format_predictions(rows["row"], rows["paid"], prediction, probabilities, classes)
(out / "predictions.parquet").write_bytes(tables.format_parquet(predicted))
key = "sha256:" + hashlib.sha256(Path("data/loans.csv").read_bytes()).hexdigest()
digests = digest_training(
    train, inputs=inputs, target="paid", has_id=False, entity=question.entity_column, key=key
)
(out / "training-rows.parquet").write_bytes(tables.format_parquet(digests, ascending=["digest"]))
data = [{"role": "training", "path": "data/loans.csv", "rows": len(train)},
        {"role": "evaluation", "path": f"{out}/evaluation.parquet", "rows": len(rows)}]
profile = {"rows": len(train)}
signature = evaluation.signature(rows[inputs], pd.Series(prediction), probabilities, classes)
metrics = evaluation.measure(outcomes, rows, question, resamples=200, seed=1)
"""

NEEDED = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")


@dataclass(frozen=True)
class Toy:
    """A model that the stage makes."""

    model: str
    data: str
    artifact: str
    params: dict[str, Any]
    tracked: tuple[str, ...]  # what of params.yaml and of other files the stage depends on
    fit: str

    @property
    def pipeline(self) -> str:
        tracked = "\n        - ".join(self.tracked)
        return PIPELINE.replace("DATA", self.data).replace("ARTIFACT", self.artifact).replace("TRACKED", tracked)

    @property
    def script(self) -> str:
        return SCRIPT.replace("FIT\n", self.fit)


TINY = Toy(
    model="tiny",
    data="data/points.csv",
    artifact="model.json",
    params={"slope": 2.0, "inputs": ["x"]},
    tracked=("models.${key}.slope", "models.${key}.inputs"),
    fit=LINE,
)
LOANS = Toy(
    model="loans",
    data="data/loans.csv",
    artifact="model.skops",
    # A champion that sees little; proposals change these.
    params={"columns": ["age", "income", "debt"], "C": 0.0002, "every": 1, "seen": 0, "estimator": "logistic"},
    tracked=("models.${key}", "models/${key}/model.yaml: [slices, metric]"),
    fit=CLASSIFIER,
)


def open_toy(toy: Toy, top: Path, prefix: str = "") -> Scratch:
    """The registry of a toy that is at `top`: Mintmark commits there too, and all its commits have the time of the clock."""
    return Scratch(top / prefix, model=toy.model, dated=False, prefix=prefix)


def begin_toy(toy: Toy, top: Path, data: str, prefix: str = "") -> Scratch:
    """A registry with a pipeline that has not run, without any commit and without the model.yaml."""
    begin(top, prefix=prefix)
    scratch = open_toy(toy, top, prefix)
    scratch.write("dvc.yaml", toy.pipeline)
    scratch.write("scripts/fit.py", toy.script)
    scratch.write(toy.data, data)
    scratch.write("requirements.lock", requirements())
    write_params(scratch, toy)
    return scratch


def write_params(scratch: Scratch, toy: Toy, **changes: Any) -> None:
    """Write params.yaml: what the toy begins with, and changes."""
    params = {"models": {toy.model: toy.params | changes}}
    scratch.write("params.yaml", yaml.safe_dump(params, default_flow_style=None))


def requirements(*more: str) -> str:
    """A requirements.lock of what is installed."""
    hashed = " \\\n    --hash=sha256:" + "0" * 64 + "\n"
    return "".join(f"{name}=={metadata.version(name)}{hashed}" for name in (*NEEDED, *more))
