"""A registry whose only version was made by two quick stages, which a test may change before they run."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.commands.writing_fixture import make_candidate
from tests.scaffold.pipeline import TINY
from tests.scaffold.registry import Scratch

from mintmark.core.judgement.review import Reproduction
from mintmark.judging.reproducing.reproduction import reproduce_version
from mintmark.registry.clone import ClonedRegistry

PREPARE_STAGE = """\
stages:
  prepare:
    foreach: ${models}
    do:
      cmd: python scripts/prepare.py ${key}
      deps: [scripts/prepare.py, data/points.csv]
      outs:
        - models/${key}/candidate/clean.csv
        - models/${key}/candidate/plots
"""
FIT_STAGE = TINY.pipeline.removeprefix("stages:\n").replace(TINY.data, '"models/${key}/candidate/clean.csv"')

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
TIMED = '"slices": {}, "cost": {"load_seconds": __import__("time").perf_counter()}}'
FITTED = TINY.script.replace('"slices": {}}', TIMED).replace(
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
    scratch.write("dvc.yaml", PREPARE_STAGE + FIT_STAGE)
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


def keep_points_in_dvc(scratch: Scratch, *, push: bool = True) -> Path:
    """Take the source data out of Git, and into DVC; return where its object is in the embedded store."""
    scratch.git("rm", "--quiet", "--cached", "data/points.csv")
    scratch.dvc("add", "--quiet", "data/points.csv")
    if push:
        scratch.dvc("push", "--quiet", "data/points.csv.dvc")
    md5 = hashlib.md5((scratch.root / "data/points.csv").read_bytes()).hexdigest()
    return scratch.root / ".dvc/store/files/md5" / md5[:2] / md5[2:]
