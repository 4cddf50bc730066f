"""A Git and DVC repository with the real stages and one tiny model, made once and copied for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.scaffold.once import Once
from tests.scaffold.warm import warm

ROOT = Path(__file__).parents[2]
PARAMS = """\
schema: 1
models:
  churn:
    seed: 1
    source: {path: data/churn.csv}
    prepare:
      carry: [region]
      missing: {columns: {income: median}}
      split: {method: stratified, evaluation: 0.4}
    estimator:
      class: sklearn.pipeline.Pipeline
      parameters:
        steps:
          scale: {class: sklearn.preprocessing.StandardScaler}
          model: {class: sklearn.linear_model.LogisticRegression}
    tune:
      search: grid
      folds: 3
      space: {model__C: [0.1, 10]}
    evaluate: {resamples: 200, importance_repeats: 2, explain: true}
"""
RENT = """\
  rent:
    seed: 1
    source: {path: data/rent, files: "*.parquet"}
    prepare:
      split: {method: time, by: month, evaluation: 0.4}
    estimator: {class: sklearn.linear_model.Ridge}
    tune: {search: random, trials: 2, folds: 3, space: {alpha: {log_uniform: [0.1, 10]}}}
    evaluate: {resamples: 200, importance_repeats: 2}
"""
MODEL = """\
schema: 1
name: churn
task: binary-classification
owners: ["@acme/ml"]
purpose: Tell who leaves.
licence: Apache-2.0
target: left
positive_class: yes, gone
entity_column: null
metric: {name: roc_auc, goal: maximize}
gates: {margin: 0.05}
slices:
  - name: north
    where: {column: region, equals: north}
"""
RENT_MODEL = """\
schema: 1
name: rent
task: regression
owners: ["@acme/ml"]
purpose: Estimate a rent.
licence: Apache-2.0
target: rent
positive_class: null
entity_column: null
metric: {name: mae, goal: minimize}
gates: {margin: 5}
slices: []
"""


def environment(**changes: str) -> dict[str, str]:
    """The environment of this process, with our Python first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **changes}


@dataclass(frozen=True)
class Repository:
    """A folder and the means to run what a person would type in it."""

    root: Path

    def run(self, *command: str, check: bool = True, **changes: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, cwd=self.root, env=environment(**changes), capture_output=True, text=True)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def dvc(self, *arguments: str, **options) -> str:
        done = warm.run("dvc", *arguments, cwd=self.root, environment=options)
        assert done.code == 0, done.text
        return done.out

    def replace(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new, 1))

    def add_rent(self) -> None:
        """Add a second model the way a team does: its data, a section, a model.yaml; nothing else."""
        generator = np.random.default_rng(2)
        folder = self.root / "data/rent"
        folder.mkdir()
        for part in range(2):
            size = generator.uniform(20, 100, 40)
            month = pd.to_datetime("2026-01-01") + pd.to_timedelta(generator.integers(0, 300, 40), unit="D")
            rent = size * 12 + generator.normal(0, 30, 40)
            pd.DataFrame({"size": size, "month": month, "rent": rent}).to_parquet(folder / f"{part}.parquet")
        (self.root / "models/rent").mkdir()
        (self.root / "models/rent/model.yaml").write_text(RENT_MODEL)
        with (self.root / "params.yaml").open("a") as params:
            params.write(RENT)

    def candidate(self, model: str = "churn") -> dict[str, bytes]:
        folder = self.root / "models" / model / "candidate"
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def churn_rows(rows: int = 120) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    age, income = generator.integers(18, 80, rows), np.round(generator.normal(40, 10, rows), 1)
    income[::17] = np.nan
    left = age + generator.normal(0, 12, rows) > 50
    return pd.DataFrame(
        {
            "age": age,
            "income": income,
            "region": np.where(generator.random(rows) < 0.5, "north", "south"),
            "left": np.where(left, "yes, gone", "no"),
        }
    )


def make_repository(root: Path) -> Repository:
    repository = Repository(root)
    for name in ("scripts", "schemas", ".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", "dvc.yaml"):
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    (root / "models/churn").mkdir(parents=True)
    (root / "models/churn/model.yaml").write_text(MODEL)
    (root / "params.yaml").write_text(PARAMS)
    (root / "data").mkdir()
    churn_rows().to_csv(root / "data/churn.csv", index=False)
    repository.run("git", "init", "-q", "-b", "main")
    return repository


@pytest.fixture(scope="session")
def made_once(once: Once) -> Repository:
    """The repository after its first `dvc repro` and a commit; never changed by a test."""
    return Repository(once.build("pipeline", _make))


def _make(root: Path) -> None:
    repository = make_repository(root)
    repository.dvc("repro")
    repository.run("git", "add", "-A")
    repository.run("git", "commit", "-qm", "Train")


@pytest.fixture
def repository(made_once, tmp_path) -> Repository:
    """A copy for one test, with every output up to date."""
    shutil.copytree(made_once.root, tmp_path / "r", symlinks=True)
    return Repository(tmp_path / "r")
