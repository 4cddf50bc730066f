"""A registry whose only version was made by two quick stages, which a test may change before they run."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.commands.writing_fixture import FIT, Scratch, make_candidate
from tests.scaffold.warm import warm

from mintmark.core.judgement.review import Reproduction
from mintmark.judging.reproducing.reproduction import reproduce_version
from mintmark.registry.clone import ClonedRegistry

PIPELINE = """\
stages:
  prepare:
    foreach: ${models}
    do:
      cmd: python scripts/prepare.py ${key}
      deps: [scripts/prepare.py, data/points.csv]
      outs:
        - models/${key}/candidate/clean.csv
        - models/${key}/candidate/plots
  fit:
    foreach: ${models}
    do:
      cmd: python scripts/fit.py ${key}
      deps: [scripts/fit.py, "models/${key}/candidate/clean.csv"]
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

PREPARE = '''\
"""Copies the points, and draws them."""
import sys
from pathlib import Path

text = Path("data/points.csv").read_text()
out = Path("models") / sys.argv[1] / "candidate"
(out / "plots").mkdir(parents=True, exist_ok=True)
(out / "plots/points.csv").write_text(text)
# here
(out / "clean.csv").write_text(text)
'''

# The last lines of fit.py write what was measured; `cost` differs every time, as in the pipeline of this repository.
TIMED = '"slices": {}, "cost": {"load_seconds": __import__("time").perf_counter()}})'
FITTED = FIT.replace('"slices": {}})', TIMED).replace(
    'Path("data/points.csv").read_text()', 'Path("models", name, "candidate/clean.csv").read_text()'
)
assert FITTED.count("clean.csv") == 1
assert TIMED in FITTED


def python(*lines: str) -> str:
    """Lines of a program, each with its end."""
    return "".join(f"{line}\n" for line in lines)


def make_registry(root: Path) -> Scratch:
    """A candidate of both stages; nothing is proposed."""
    scratch = make_candidate(root)
    scratch.write("dvc.yaml", PIPELINE)
    scratch.write("json.py", "raise SystemExit('a module of the registry that has the name of another')\n")
    scratch.write("scripts/prepare.py", PREPARE)
    scratch.write("scripts/fit.py", FITTED)
    scratch.repro()
    scratch.commit("Two stages")
    return scratch


def release(scratch: Scratch) -> None:
    """Run the pipeline where it changed, and register what it makes as 1.0.0 in one commit."""
    scratch.repro()
    scratch.git("add", "-A")
    if scratch.git("status", "--porcelain"):
        scratch.commit("Another pipeline")
    assert scratch.propose() == 0


def reproduce(scratch: Scratch, **options: object) -> Reproduction:
    registry = ClonedRegistry(scratch.root)
    record = registry.resolve("tiny@1.0.0")
    commit = registry.history("tiny").first_seen["1.0.0"].oid
    return reproduce_version(registry.root, record, commit, **options)  # type: ignore[arg-type]


def dvc(scratch: Scratch, *arguments: str) -> None:
    done = warm.run("dvc", *arguments, cwd=scratch.root)
    assert done.code == 0, done.err


def keep_points_in_dvc(scratch: Scratch, *, push: bool = True) -> Path:
    """Take the source data out of Git, and into DVC; return where its object is in the embedded store."""
    scratch.git("rm", "--quiet", "--cached", "data/points.csv")
    dvc(scratch, "add", "--quiet", "data/points.csv")
    if push:
        dvc(scratch, "push", "--quiet", "data/points.csv.dvc")
    md5 = hashlib.md5((scratch.root / "data/points.csv").read_bytes()).hexdigest()
    return scratch.root / ".dvc/store/files/md5" / md5[:2] / md5[2:]
