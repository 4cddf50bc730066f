"""Measure `mintmark review` of proposals on 1,500 evaluation rows, with and without a champion that must be run."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE))

from tests.judging.judged_fixture import make_registry, propose  # noqa: E402

SECONDS = 4.0
RUNS = 5


@dataclass(frozen=True, slots=True)
class ReviewMeasurement:
    """The fastest of several reviews: seconds, and seconds of all its processes together."""

    seconds: float
    cpu_seconds: float


def measure_review(root: Path, head: str) -> ReviewMeasurement:
    """Review the proposal on a branch several times."""
    command = (
        sys.executable,
        "-P",
        "-m",
        "mintmark.cli",
        "review",
        "--base",
        "main",
        "--head",
        head,
        "--author",
        "ada",
    )
    seconds, cpu = [], []
    for _ in range(RUNS):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if "model: loans@1.1.0 was loaded" not in done.stdout:
            raise SystemExit(f"the review of {head} judged no model:\n{done.stdout}{done.stderr}")
    return ReviewMeasurement(min(seconds), min(cpu))


def build(folder: Path) -> Path:
    """Make a registry with a champion and two proposals: one on its 1,500 rows, one that brings 750 others as well."""
    judged = make_registry(folder / "registry", rows=1500)
    judged.branch("same-rows")
    propose(judged, C=1.0)
    judged.branch("other-rows")
    propose(judged, "--version", "1.1.0", C=1.0, every=3)
    judged.branch("main", "main")
    return judged.root


def main() -> None:
    """Print the seconds of both reviews, and of the first the target."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="mintmark-bench-") as name:
        os.environ["MINTMARK_CACHE"] = str(Path(name) / "cache")
        root = build(Path(name))
        print(f"\n{'review of a proposal':<46}{'seconds':>8}{'CPU':>7}{'target':>8}  reached")
        found = measure_review(root, "same-rows")
        reached = "yes" if found.seconds <= SECONDS else "NO"
        print(f"{'1,500 rows':<46}{found.seconds:>8.2f}{found.cpu_seconds:>7.2f}{SECONDS:>8.2f}  {reached}", flush=True)
        found = measure_review(root, "other-rows")
        print(f"{'1,500 rows and 750 others, champion run too':<46}{found.seconds:>8.2f}{found.cpu_seconds:>7.2f}")


if __name__ == "__main__":
    main()
