"""A team's own train script in stages of its own, without a section in params.yaml: by DVC, proposed and judged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from tests.scaffold.brought import begin_empty, rows

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import sys
from pathlib import Path
import pandas as pd
from sklearn.linear_model import LogisticRegression
from mintmark.artifacts.skops.format import dump_canonical

table = pd.read_csv("data/trees.csv")
train, rest = table[table.row % 2 == 0], table[table.row % 2 == 1]
made = LogisticRegression(C=0.001).fit(train[["width", "height"]], train["kind"])
folder = Path("data/trees")
folder.mkdir(exist_ok=True)
(folder / "model.skops").write_bytes(dump_canonical(made))
for name, rows in (("train", train), ("evaluation", rest)):
    rows.to_parquet(folder / f"{name}.parquet", index=False)
"""
# Where other models are made by the stages that come with Mintmark.
OTHERS = """\
  prepare:
    foreach: ${models}
    do: {cmd: "python scripts/prepare.py ${key}", outs: ["models/${key}/candidate/train.parquet"]}
"""
IDENTITY = {
    "schema": 1, "name": "trees", "task": "binary-classification", "target": "kind", "owners": ["@ada"],
    "purpose": "Tells trees.", "licence": "MIT", "metric": {"name": "accuracy"}, "gates": {"margin": 0.05},
}  # fmt: skip


@pytest.mark.long
def test_a_teams_own_stages_make_versions_like_any_other(tmp_path: Path) -> None:
    registry = begin_empty(tmp_path / "registry")
    page = (ROOT / "docs/how-to/add-a-model.md").read_text().partition("## Use a pipeline of your own")[2]
    (stages,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    registry.write("dvc.yaml", stages + OTHERS)
    registry.write("params.yaml", "schema: 1\nmodels: {}\n")
    registry.write("scripts/train_trees.py", SCRIPT)
    table = rows(3, 800)
    table.insert(0, "row", range(len(table)))
    registry.write("data/trees.csv", table.to_csv(index=False))
    registry.write("models/trees/model.yaml", yaml.safe_dump(IDENTITY, sort_keys=False))
    registry.commit("Describe the model")
    registry.dvc("repro", "measure-trees")
    done = registry.mintmark("propose", "trees", "--here", "--promote")
    assert done.code == 0, done.text
    record = yaml.safe_load(registry.read("models/trees/versions/1.0.0/version.yaml"))
    assert [(entry["role"], entry["rows"]) for entry in record["data"]] == [("training", 400), ("evaluation", 400)]
    assert "elsewhere" not in registry.mintmark("show", "trees@1.0.0").text
    assert registry.mintmark("promote", "trees@1.0.0", "production", "--here").code == 0
    registry.edit("scripts/train_trees.py", "C=0.001", "C=1.0")
    stale = registry.mintmark("propose", "trees", "--here")
    assert stale.code == 1
    assert "scripts/train_trees.py is modified; dvc repro measure-trees runs it" in stale.text
    registry.dvc("repro", "measure-trees")
    done = registry.mintmark("propose", "trees", "--here")
    assert done.code == 0, done.text
    # Nobody is asked: its training rows are known, are others than those of the evaluation, and come out again.
    reviewed = registry.mintmark("review", "--base", "HEAD~1", "--head", "HEAD", "--author", "ada", "--reproduce")
    assert reviewed.code == 0, reviewed.text
    assert "none of the 400 rows was in the training of trees@1.1.0 or trees@1.0.0" in reviewed.text
    assert "identical bytes" in reviewed.text
    assert registry.mintmark("verify").code == 0
