"""A scratch registry with a real Git history and a real, quick DVC pipeline, in three stages of its life."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.scaffold.warm import warm

from mintmark.commands.promote import promote
from mintmark.commands.propose import propose

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "DVC_NO_ANALYTICS": "1",
}

SETTINGS = """\
schema: 1
name: scratch
channels:
  - name: staging
  - name: production
    after: staging
"""

MODEL = """\
schema: 1
name: tiny
title: Tiny
task: regression
owners: ["@ada"]
purpose: A line through two points.
licence: Apache-2.0
target: y
metric: {name: mae, goal: minimize}
gates: {margin: 0.1}
"""

PIPELINE = """\
stages:
  fit:
    foreach: ${models}
    do:
      cmd: python scripts/fit.py ${key}
      deps: [scripts/fit.py, data/points.csv]
      params: ["models.${key}.slope", "models.${key}.inputs"]
      outs:
        - models/${key}/candidate/model.json
        - models/${key}/candidate/predictions.parquet
        - models/${key}/candidate/evaluation.parquet
        - models/${key}/candidate/profile.json
        - models/${key}/candidate/signature.json
        - models/${key}/candidate/data.json
      metrics:
        - models/${key}/candidate/metrics.json
"""

PARAMS = """\
models:
  tiny: {slope: 2.0, inputs: [x]}
"""

FIT = '''\
"""The whole pipeline of the scratch registry: a line with a given slope."""
import hashlib, json, sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from mintmark.registry.yaml.text import parse_yaml

name = sys.argv[1]
params = parse_yaml(Path("params.yaml").read_bytes())["models"][name]
rows = [line.split(",") for line in Path("data/points.csv").read_text().splitlines()[1:]]
x, y = [float(a) for a, _ in rows], [float(b) for _, b in rows]
guess = [params["slope"] * v for v in x]
mae = sum(abs(a - b) for a, b in zip(y, guess)) / len(y)
out = Path("models") / name / "candidate"
out.mkdir(parents=True, exist_ok=True)
pq.write_table(pa.table({"row": list(range(len(x))), "truth": y, "prediction": guess}), out / "predictions.parquet")
pq.write_table(pa.table({"x": x, "y": y}), out / "evaluation.parquet")
digest = "sha256:" + hashlib.sha256(Path("data/points.csv").read_bytes()).hexdigest()
write = lambda file, data: (out / file).write_text(json.dumps(data, indent=2) + "\\n")
write("model.json", {"slope": params["slope"]})
write("profile.json", {"x": {"min": min(x), "max": max(x)}})
write("signature.json", {"inputs": {c: "float64" for c in params["inputs"]},
                         "outputs": {"prediction": {"type": "float64", "shape": [None]}}})
write("data.json", {"lineage": [{"role": "source", "path": "data/points.csv", "hash": digest, "rows": len(x)}]})
write("metrics.json", {"schema": 1, "task": "regression", "rows": len(x), "confidence": 0.95, "resamples": 100,
                       "seed": 1, "metrics": {"mae": {"value": mae, "low": mae / 2, "high": mae * 2},
                       "rmse": {"value": mae}}, "slices": {}})
'''

IGNORED = """\
/models/*/versions/*
!/models/*/versions/[0-9]*/
/models/*/versions/[0-9]*/*
!/models/*/versions/[0-9]*/version.yaml
!/models/*/versions/[0-9]*/metrics.json
!/models/*/versions/[0-9]*/*.dvc
/models/*/candidate/*
__pycache__/
"""

DVC_CONFIG = """\
[core]
    analytics = false
    check_update = false
    remote = store
['remote "store"']
    url = store
"""

NEEDED = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")


@dataclass(frozen=True)
class Scratch:
    """One registry on the disk."""

    root: Path

    def git(self, *arguments: str) -> str:
        result = subprocess.run(("git", *arguments), cwd=self.root, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def commit(self, message: str = "change") -> None:
        self.git("add", "-A")
        self.git("commit", "--quiet", "-m", message)

    def repro(self) -> None:
        """Run the pipeline for real."""
        done = warm.run("dvc", "repro", "--quiet", cwd=self.root)
        assert done.code == 0, done.err

    def propose(self, **options: object) -> int:
        return propose(self.root, "tiny", **{"here": True, **options})  # type: ignore[arg-type]

    def snapshot(self) -> dict[str, object]:
        """Everything that a failed or interrupted command must leave alone."""
        files = {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git/" not in path.as_posix() and "/.dvc/tmp" not in path.as_posix()
        }
        folders = sorted(str(path) for path in (self.root / "models").rglob("*") if path.is_dir())
        return {
            "files": files,
            "folders": folders,
            "status": self.git("status", "--porcelain", "--untracked-files=all"),
            "refs": self.git("for-each-ref"),
            "head": self.git("rev-parse", "HEAD") + self.git("rev-parse", "--symbolic-full-name", "HEAD"),
            "staged": self.git("diff", "--cached", "--raw"),
        }

    def head_tree(self) -> str:
        return self.git("rev-parse", "HEAD^{tree}")

    def subjects(self, revision: str = "HEAD") -> list[str]:
        return self.git("log", "--format=%s", revision).splitlines()


def requirements() -> str:
    hashed = " \\\n    --hash=sha256:" + "0" * 64 + "\n"
    return "".join(f"{name}=={metadata.version(name)}{hashed}" for name in NEEDED)


def make_candidate(root: Path) -> Scratch:
    """A clean repository with a candidate and no version."""
    scratch = Scratch(root)
    root.mkdir(parents=True)
    texts = {
        ".gitignore": IGNORED,
        ".dvc/config": DVC_CONFIG,
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        "models/registry.yaml": SETTINGS,
        "models/tiny/model.yaml": MODEL,
        "dvc.yaml": PIPELINE,
        "params.yaml": PARAMS,
        "scripts/fit.py": FIT,
        "data/points.csv": "x,y\n1,2\n2,4.5\n3,6\n",
        "requirements.lock": requirements(),
    }
    for path, text in texts.items():
        scratch.write(path, text)
    scratch.git("init", "--quiet", "-b", "main")
    scratch.repro()
    scratch.commit("start")
    return scratch


def change_slope(scratch: Scratch, old: str, new: str) -> None:
    """Make another candidate; params.yaml and dvc.lock are changed and not committed."""
    scratch.edit("params.yaml", f"slope: {old}", f"slope: {new}")
    scratch.repro()


def copy_of(scratch: Scratch, target: Path) -> Scratch:
    shutil.copytree(scratch.root, target, symlinks=True)
    return Scratch(target)


def release_twice(scratch: Scratch) -> None:
    """From a second candidate on: 1.0.0 and then 1.1.0 go through staging to production, and all is committed."""
    scratch.git("stash", "--quiet")
    for channel in ("staging", "production"):
        promote(scratch.root, "tiny@1.0.0", channel, here=True)
    scratch.git("stash", "pop", "--quiet")
    scratch.propose(promote=True)
    promote(scratch.root, "tiny@1.1.0", "production", here=True)
