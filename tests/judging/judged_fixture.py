"""A small registry with a real pipeline and a champion in production, for judging what is proposed on top of it."""

from __future__ import annotations

import csv
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.commands.writing_fixture import DVC_CONFIG, IGNORED, requirements
from tests.scaffold.documents import stored
from tests.scaffold.warm import Result, warm

from mintmark.core.records import format_pointer

MODEL = """\
schema: 1
name: loans
task: binary-classification
owners: ["@ada", "@acme/risk"]
purpose: Tells who pays back.
licence: Apache-2.0
target: paid
positive_class: "yes"
metric: {name: accuracy, goal: maximize}
gates:
  margin: 0.02
  leak_cap: 0.2
  floors: {accuracy: 0.7}
  slice_margin: 0.05
  slice_min_rows: 50
  cost: {size: 1 MB, load_seconds: 30}
slices:
  - name: young
    where: {column: age, below: 35}
  - name: region-b
    where: {column: region, equals: b}
behaviour:
  - name: rich-pay
    kind: minimum-functionality
    cases:
      - row: {income: 9, debt: -9}
        expect: "yes"
  - name: income-helps
    kind: direction
    change: {column: income, add: 0.5}
    expect: increase
    share: 0.95
  - name: refuses-nonsense
    kind: malformed
    inputs: [missing-column, nan]
    expect: error
"""

SETTINGS = """\
schema: 1
name: judged
channels:
  - name: staging
  - name: production
    after: staging
"""

PIPELINE = """\
stages:
  fit:
    foreach: ${models}
    do:
      cmd: python scripts/fit.py ${key}
      deps: [scripts/fit.py, data/loans.csv]
      params:
        - models.${key}
        - models/${key}/model.yaml: [slices, metric]
      outs:
        - models/${key}/candidate/model.skops
        - models/${key}/candidate/predictions.parquet
        - models/${key}/candidate/evaluation.parquet
        - models/${key}/candidate/profile.json
        - models/${key}/candidate/signature.json
        - models/${key}/candidate/data.json
        - models/${key}/candidate/metrics.json
"""

# A champion that sees little; proposals change these.
PARAMS: dict[str, Any] = {"columns": ["age", "income", "debt"], "C": 0.0002, "every": 1, "estimator": "logistic"}

FIT = '''\
"""The whole pipeline of the scratch registry: rows with an even number train, the others evaluate."""
import sys
from pathlib import Path
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from mintmark.artifacts.skops.format import dump_canonical
from mintmark.core.statistics import evaluation
from mintmark.training import tables
from mintmark.core.statistics.metrics import class_outcomes
from mintmark.core.question import Question
from mintmark.registry.files import format_json
from mintmark.registry.yaml.text import parse_yaml

name = sys.argv[1]
params = parse_yaml(Path("params.yaml").read_bytes())["models"][name]
question = Question.from_dict(parse_yaml(Path(f"models/{name}/model.yaml").read_bytes()))
frame = pd.read_csv("data/loans.csv")
train, rows = frame[frame.row % 2 == 0], frame[(frame.row % 2 == 1) & (frame.row % params["every"] == 0)]
rows = rows.reset_index(drop=True)
inputs = params["columns"]
made = DummyClassifier() if params["estimator"] == "dummy" else LogisticRegression(C=params["C"])
made.fit(train[inputs], train["paid"])
prediction, probabilities = made.predict(rows[inputs]), made.predict_proba(rows[inputs])
classes = made.classes_.tolist()
outcomes = class_outcomes(rows["paid"].to_numpy(), prediction, probabilities, classes, positive=question.positive_class)
metrics = evaluation.measure(outcomes, rows, question, resamples=200, seed=1)
out = Path("models") / name / "candidate"
out.mkdir(parents=True, exist_ok=True)
evaluated = tables.format_parquet(rows)
(out / "model.skops").write_bytes(dump_canonical(made))
(out / "evaluation.parquet").write_bytes(evaluated)
predicted = evaluation.format_predictions(rows["row"], rows["paid"], prediction, probabilities, classes)
(out / "predictions.parquet").write_bytes(tables.format_parquet(predicted))
write = lambda file, data: (out / file).write_text(format_json(data))
write("profile.json", {"rows": len(train)})
write("signature.json", evaluation.signature(rows[inputs], pd.Series(prediction), probabilities, classes))
write("data.json", {"lineage": [{"role": "evaluation", "path": f"{out}/evaluation.parquet",
                                 "hash": tables.digest_bytes(evaluated), "rows": len(rows)}]})
write("metrics.json", metrics)
'''


@dataclass(frozen=True)
class Judged:
    """One registry on the disk; `main` is the base of every proposal."""

    root: Path

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(("git", *arguments), cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def path(self, name: str) -> Path:
        return self.root / name

    def read(self, name: str) -> str:
        return self.path(name).read_text()

    def write(self, name: str, content: str | bytes) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            self.path(name).write_bytes(content)
        else:
            self.path(name).write_text(content)

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text, text
        self.write(name, text.replace(old, new))

    def commit(self, message: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "main") -> None:
        self.git("switch", "--quiet", "-C", name, start)

    def set_params(self, **changes: Any) -> None:
        self.write("params.yaml", yaml.safe_dump({"models": {"loans": PARAMS | changes}}))

    def repro(self) -> None:
        """Run the pipeline for real."""
        self.run_tool("dvc", "repro", "--quiet")

    def mintmark(self, *arguments: str) -> Result:
        return self.run_tool("mintmark.cli", *arguments, check=False)

    def run_tool(self, module: str, *arguments: str, check: bool = True) -> Result:
        done = warm.run(module, *arguments, cwd=self.root)
        assert done.code == 0 or not check, done.text
        return done

    def propose(self, *arguments: str, **params: Any) -> None:
        """Change params.yaml, run the pipeline and commit the version on the current branch."""
        self.set_params(**params)
        self.repro()
        done = self.mintmark("propose", "loans", "--here", *arguments)
        assert done.code == 0, done.text

    def review(self, *arguments: str, base: str = "main", head: str = "HEAD") -> Review:
        """Run the real command; the report is read back as data."""
        folder = self.root.parent / "report"
        shutil.rmtree(folder, ignore_errors=True)
        author = () if "--author" in arguments else ("--author", "ada")
        done = self.mintmark("review", "--base", base, "--head", head, "--report-dir", str(folder), *author, *arguments)
        assert "Traceback" not in done.text, done.text
        assert (folder / "report.json").exists(), done.text
        report = json.loads((folder / "report.json").read_text())
        return Review(done.code, done.text, report, (folder / "report.md").read_text())


@dataclass(frozen=True)
class Review:
    """What one review said."""

    code: int
    text: str
    report: dict[str, Any]
    markdown: str

    @property
    def kind(self) -> str:
        return str(self.report["kind"])

    def verdict(self, name: str) -> set[str]:
        """The verdicts of the checks of this name."""
        return {check["verdict"] for check in self.report["checks"] if check["name"] == name}

    def messages(self, verdict: str = "fail") -> str:
        return "\n".join(f"{c['name']}: {c['message']}" for c in self.report["checks"] if c["verdict"] == verdict)


def _rows() -> Iterator[dict[str, Any]]:
    noise = random.Random(7)
    for row in range(3000):
        age, income, debt = noise.uniform(18, 80), noise.gauss(0, 1), noise.gauss(0, 1)
        chance = 1 / (1 + 2.718281828 ** -(1.6 * income - 1.2 * debt + 0.02 * (age - 45)))
        paid = "yes" if noise.random() < chance else "no"
        yield {
            "row": row, "age": round(age, 2), "income": round(income, 4), "debt": round(debt, 4),
            "region": noise.choice("ab"), "noise": round(noise.gauss(0, 1), 4), "paid": paid,
        }  # fmt: skip


def make_registry(root: Path) -> Judged:
    """A clean repository with 1.0.0 in production."""
    root.mkdir(parents=True)
    judged = Judged(root)
    texts = {
        ".gitignore": IGNORED,
        ".dvc/config": DVC_CONFIG,
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        "requirements.lock": requirements(),
        "models/registry.yaml": SETTINGS,
        "models/loans/model.yaml": MODEL,
        "dvc.yaml": PIPELINE,
        "scripts/fit.py": FIT,
    }
    for path, text in texts.items():
        judged.write(path, text)
    judged.path("data").mkdir()
    with judged.path("data/loans.csv").open("w") as file:
        rows = list(_rows())
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    judged.set_params()
    judged.git("init", "--quiet", "-b", "main")
    judged.commit("Describe the model")
    judged.propose()
    for channel in ("staging", "production"):
        done = judged.mintmark("promote", "loans@1.0.0", channel, "--here")
        assert done.code == 0, done.text
    return judged


def copy_of(judged: Judged, root: Path) -> Judged:
    shutil.copytree(judged.root, root, symlinks=True)
    return Judged(root)


def forge(judged: Judged, version: str, name: str, content: bytes) -> None:
    """Put other bytes in place of a stored file or of metrics.json, and mend every record that would tell: the store,
    the pointer, version.yaml and dvc.lock. What is left is a proposal that agrees with itself."""
    folder = f"models/loans/versions/{version}"
    lock = yaml.safe_load(judged.read("dvc.lock"))
    out = next(out for out in lock["stages"]["fit@loans"]["outs"] if out["path"].endswith(f"/{name}"))
    new = stored(name, content)
    for path in ("dvc.lock", f"{folder}/version.yaml"):
        judged.write(path, judged.read(path).replace(out["md5"], new.md5))
    judged.edit("dvc.lock", f"md5: {new.md5}\n      size: {out['size']}", f"md5: {new.md5}\n      size: {new.size}")
    with rewritten(judged.path(f"{folder}/version.yaml")) as record:
        if name == "metrics.json":
            judged.write(f"{folder}/metrics.json", content)
            record["metrics"] = json.loads(content)["metrics"]
            return
        place = record["artifact"] if record["artifact"]["path"] == name else record["files"][name]
        place |= new.to_dict()
        if name == "evaluation.parquet":
            for entry in record["data"]:
                entry["hash"] = f"sha256:{new.sha256}"
    judged.write(f"{folder}/{name}.dvc", format_pointer(new))
    judged.write(f".dvc/store/files/md5/{new.md5[:2]}/{new.md5[2:]}", content)


def bytes_of(judged: Judged, version: str, name: str) -> bytes:
    """The stored bytes of a version's file."""
    record = yaml.safe_load(judged.read(f"models/loans/versions/{version}/version.yaml"))
    entry = record["artifact"] if record["artifact"]["path"] == name else record["files"][name]
    return judged.path(f".dvc/store/files/md5/{entry['md5'][:2]}/{entry['md5'][2:]}").read_bytes()


@contextmanager
def rewritten(path: Path) -> Iterator[dict[str, Any]]:
    """Edit a YAML or JSON record as data."""
    data = yaml.safe_load(path.read_text())
    yield data
    path.write_text(json.dumps(data, indent=2) if path.suffix == ".json" else yaml.safe_dump(data, sort_keys=False))
