"""What the how-to says of each framework, done: its code exports a model, and `mintmark register` takes it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.scaffold.brought import begin_empty, describe, logistic_graph, rows
from tests.scaffold.framework_environment import HEAVY, framework_programs, heavy_python
from tests.scaffold.registry import Scratch

PAGES = Path(__file__).parents[3] / "docs/how-to"
# What the page begins with: a fitted model, and the tables.
FITTED = """\
import pandas as pd

table = pd.read_csv("trees.csv")
train, holdout = table[:300], table[300:]
inputs = ["width", "height"]
"""
BOOSTERS = {
    "XGBoost": """\
from xgboost import XGBClassifier

model = XGBClassifier(n_estimators=200, early_stopping_rounds=5).fit(
    train[inputs].to_numpy(), train["kind"],
    eval_set=[(holdout[inputs].to_numpy(), holdout["kind"])], verbose=False,
)
assert model.best_iteration < 100, "it has to stop early"
""",
    "LightGBM": """\
from lightgbm import LGBMClassifier

holdout = holdout.assign(kind=holdout["kind"].map({0: "Ulme", 1: "Eiche"}))
model = LGBMClassifier(n_estimators=40, verbose=-1).fit(train[inputs], train["kind"].map({0: "Ulme", 1: "Eiche"}))
""",
}


def section(page: str, title: str) -> str:
    return (PAGES / page).read_text().partition(f"### {title}\n")[2].partition("\n### ")[0]


def codes(number: int = 450) -> object:
    table = rows(5, number)
    return table.assign(kind=(table["kind"] == "oak").astype(int))


@pytest.fixture
def empty(tmp_path: Path) -> Scratch:
    return begin_empty(tmp_path / "registry")


@pytest.mark.long
@pytest.mark.parametrize("framework", list(BOOSTERS))
def test_a_boosted_model_goes_through_onnx(empty: Scratch, tmp_path: Path, framework: str) -> None:
    programs = framework_programs("boosters")
    codes().to_csv(tmp_path / "trees.csv", index=False)  # type: ignore[attr-defined]
    (block,) = re.findall(r"```python\n(.*?)```", section("bring-a-model.md", framework), re.S)
    script = f"{FITTED}{BOOSTERS[framework]}{block}holdout.to_csv('holdout.csv', index=False)\n"
    (tmp_path / "export.py").write_text(script)
    done = subprocess.run((programs / "python", "export.py"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    places = {name: str(tmp_path / name) for name in ("model.onnx", "holdout.csv", "answers.csv")}
    given = ("--artifact", places["model.onnx"], "--data", places["holdout.csv"], "--target", "kind")
    told = empty.mintmark("register", "trees", *given, "--predictions", places["answers.csv"])
    assert told.code == 0, told.text
    assert "it answers here as --predictions says" in told.text
    metrics = yaml.safe_load(empty.read("models/trees/candidate/metrics.json"))["metrics"]
    assert metrics["roc_auc"]["value"] > 0.8


# What has no answers of its own on the page writes some, for `--predictions`.
TOLD = """
answers = pd.DataFrame(shares, columns=["probability_0", "probability_1"])
answers.insert(0, "prediction", shares.argmax(axis=1))
answers.to_csv("answers.csv", index=False)
"""
NETWORKS = {
    "CatBoost": (
        """
from catboost import CatBoostClassifier
model = CatBoostClassifier(iterations=40, verbose=False).fit(train[inputs], train["kind"])
""",
        "",
    ),
    "PyTorch": (
        """
import pickle
import torch
torch.manual_seed(0)
rows, truth = torch.tensor(train[inputs].to_numpy("float32")), torch.tensor(train["kind"].to_numpy())
model = torch.nn.Sequential(
    torch.nn.Linear(2, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(16, 2)
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for _ in range(100):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(rows), truth).backward()
    optimizer.step()
torch.save(model, "saved.pt")
torch.save(model.state_dict(), "saved.bin", _use_new_zipfile_serialization=False)
with open("saved.pickle", "wb") as file:
    pickle.dump(model, file)
torch.jit.trace(model.eval(), rows).save("saved.script")
""",
        "shares = Labelled()(torch.tensor(holdout[inputs].to_numpy('float32')))[1].detach().numpy()" + TOLD,
    ),
    "Keras and TensorFlow": (
        """
import keras
keras.utils.set_random_seed(0)
layers = keras.layers
made = keras.Sequential([
    keras.Input((2,)), layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dropout(0.2),
    layers.Dense(2, "softmax"),
])
made.compile("adam", "sparse_categorical_crossentropy")
made.fit(train[inputs].to_numpy(), train["kind"].to_numpy(), epochs=30, verbose=0)
made.save("model.keras")
made.save("saved.h5")
""",
        "shares = model.predict(holdout[inputs].to_numpy(), verbose=0)" + TOLD,
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("framework", list(HEAVY))
def test_the_lines_of_the_page_export_what_the_framework_answers(
    empty: Scratch, tmp_path: Path, framework: str
) -> None:
    python, (before, after) = heavy_python(framework), NETWORKS[framework]
    codes().to_csv(tmp_path / "trees.csv", index=False)  # type: ignore[attr-defined]
    (block,) = re.findall(r"```python\n(.*?)```", section("bring-a-model.md", framework), re.S)
    (tmp_path / "export.py").write_text(f"{FITTED}{before}{block}{after}holdout.to_csv('holdout.csv', index=False)\n")
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run((python, "export.py"), cwd=tmp_path, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    measured = ("--data", str(tmp_path / "holdout.csv"), "--target", "kind")
    given = ("--artifact", str(tmp_path / "model.onnx"), *measured, "--predictions", str(tmp_path / "answers.csv"))
    told = empty.mintmark("register", "trees", *given)
    assert told.code == 0, told.text
    assert "it answers here as --predictions says" in told.text
    describe(empty)
    assert empty.mintmark("propose", "trees", "--here").code == 0
    reviewed = empty.mintmark("review", "--base", "HEAD~1", "--head", "HEAD", "--author", "ada")
    assert reviewed.code == 42, reviewed.text  # it was trained elsewhere
    assert "✗" not in reviewed.text
    # What the framework itself saves is refused with this page, whatever it is called.
    for saved in [path for path in tmp_path.iterdir() if path.stem == "saved" or path.suffix == ".keras"]:
        renamed = shutil.copy(saved, tmp_path / f"{saved.name}.pkl")
        for path in (str(saved), str(renamed)):
            for command in (("register", "trees", "--artifact", path), ("convert", path, *measured)):
                refused = empty.mintmark(*command)
                assert refused.code == 1, refused.text
                assert "ONNX" in refused.text
                assert "docs/how-to/bring-a-model.md shows how" in refused.text


@pytest.mark.long
@pytest.mark.parametrize(
    ("framework", "graph"),
    [
        # Their wheels are too heavy: graphs of the form that the code of the page exports.
        ("CatBoost", logistic_graph(labels="codes", shares="zipmap")),
        ("PyTorch", logistic_graph(labels="codes")),
        ("Keras and TensorFlow", logistic_graph(labels="codes", shares="output_1")),
    ],
)
def test_a_network_goes_through_onnx(empty: Scratch, tmp_path: Path, framework: str, graph: bytes) -> None:
    assert 'format="onnx"' in section("bring-a-model.md", framework) or "onnx.export" in section(
        "bring-a-model.md", framework
    )
    table = codes(200)
    table.to_csv(tmp_path / "holdout.csv", index=False)  # type: ignore[attr-defined]
    (tmp_path / "model.onnx").write_bytes(graph)
    given = ("--artifact", str(tmp_path / "model.onnx"), "--data", str(tmp_path / "holdout.csv"), "--target", "kind")
    told = empty.mintmark("register", "trees", *given)
    assert told.code == 0, told.text
    signature = yaml.safe_load(empty.read("models/trees/candidate/signature.json"))
    assert signature["classes"] == [0, 1]
    assert "probabilities" in signature["outputs"]
    metrics = yaml.safe_load(empty.read("models/trees/candidate/metrics.json"))["metrics"]
    assert metrics["roc_auc"]["value"] > 0.8


@pytest.mark.long
def test_a_network_is_trained_with_four_optimizers_by_one_line(empty: Scratch, tmp_path: Path) -> None:
    programs = framework_programs("jax")
    page = (PAGES / "train-a-network.md").read_text()
    settings, stages = (re.sub(r"^    ", "", text, flags=re.M) for text in re.findall(r"```yaml\n(.*?)```", page, re.S))
    empty.write("params.yaml", f"schema: 1\nmodels: {{}}\n{settings}")
    empty.write("dvc.yaml", stages)
    empty.write("scripts/train_network.py", (PAGES / "train_network.py").read_text())
    random = np.random.default_rng(1)
    table = rows(4, 600)
    table["species"] = np.select([table["width"] > 0.5, table["height"] > 0.3], ["rose", "Nelke"], "Ähre")
    table.insert(0, "row", random.permutation(len(table)))
    empty.write("data/flowers.csv", table.drop(columns="kind").to_csv(index=False))
    identity = {
        "schema": 1, "name": "flowers", "task": "multiclass-classification", "target": "species", "owners": ["@ada"],
        "purpose": "Tells flowers.", "licence": "MIT", "metric": {"name": "accuracy"}, "gates": {"margin": 0.05},
    }  # fmt: skip
    empty.write("models/flowers/model.yaml", yaml.safe_dump(identity))
    empty.commit("Describe the model")
    path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    found = {}
    for before, optimizer in (("adam", "adam"), ("adam", "sgd"), ("sgd", "adagrad"), ("adagrad", "rmsprop")):
        empty.edit("params.yaml", f"optimizer: {before}", f"optimizer: {optimizer}")
        subprocess.run(
            (programs / "python", "-m", "dvc", "repro", "--quiet", "measure-flowers"),
            cwd=empty.root, env={**os.environ, **path}, check=True,
        )  # fmt: skip
        metrics = yaml.safe_load(empty.read("models/flowers/candidate/metrics.json"))["metrics"]
        found[optimizer] = (
            metrics["accuracy"]["value"],
            empty.path("models/flowers/candidate/model.onnx").read_bytes(),
        )
    assert all(accuracy > 0.8 for accuracy, _ in found.values()), {name: value for name, (value, _) in found.items()}
    assert len({content for _, content in found.values()}) == 4
    proposed = empty.mintmark("propose", "flowers", "--here")
    assert proposed.code == 0, proposed.text
    record = yaml.safe_load(empty.read("models/flowers/versions/1.0.0/version.yaml"))
    assert record["parameters"]["extra.network"]["optimizer"] == "rmsprop"
    assert [entry["role"] for entry in record["data"]] == ["training", "evaluation"]
    reviewed = empty.mintmark("review", "--base", "HEAD~1", "--head", "HEAD", "--author", "ada")
    assert reviewed.code == 42, reviewed.text  # its evaluation rows are the first ones
    assert "✗" not in reviewed.text
