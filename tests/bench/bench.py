"""Measure Mintmark at 100, 1,000 and 10,000 versions as whole processes, each beside `python -c pass`; print a table.

`make bench` runs it, and `make bench BENCH_ARGS=100000` with 1,000 models, then without a site. CI never has the cache: see the cold rows. Times are the best of several runs, in seconds; memory is the largest resident set of the process.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic import MODEL_COUNT, Synthetic, build

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
MODEL = "breast-cancer"
SIZES = (100, 1_000, 10_000)
LARGE = 100_000
MEMORY_TARGETS = {False: 200.0, True: 400.0}  # by whether it is that large


@dataclass(frozen=True, slots=True)
class Measurement:
    """Seconds and megabytes of the best of several runs of one whole process."""

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what is run, and its targets in seconds at 10,000 and 100,000 (None: only for knowledge)."""

    name: str
    target: float | None
    measure: Callable[[Synthetic], Measurement]
    large: float | None = None

    def target_at(self, size: int) -> float | None:
        """Return the target at a size."""
        return self.large if size >= LARGE else self.target


def run(*command: str, cwd: Path, runs: int = 5, before: Callable[[], None] | None = None) -> Measurement:
    """Run a command several times, each after `before`, and return the shortest time and the largest memory."""
    seconds, megabytes = [], []
    for _ in range(runs):
        if before is not None:
            before()
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - start)
        megabytes.append(usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2))
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 42):
            assert process.stderr is not None
            raise SystemExit(f"{' '.join(command)} failed:\n{process.stderr.read().decode()}")
        process.communicate()
    return Measurement(min(seconds), max(megabytes))


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    return environment


def mintmark(*arguments: str) -> tuple[str, ...]:
    """Return the command line of the installed console script."""
    return (str(BIN / "mintmark"), *arguments)


def forget(registry: Synthetic) -> None:
    """Delete the blob cache."""
    shutil.rmtree(registry.root / ".git" / "mintmark", ignore_errors=True)


def warm(*arguments: str) -> Callable[[Synthetic], Measurement]:
    """Measure a command that was run before."""
    return lambda registry: run(*mintmark(*arguments), cwd=registry.root, runs=12)


def cold(*arguments: str) -> Callable[[Synthetic], Measurement]:
    """Measure a command with no blob cache; in the largest registry twice, where it may take minutes."""
    return lambda registry: run(
        *mintmark(*arguments),
        cwd=registry.root,
        runs=2 if registry.versions >= LARGE else 6,
        before=lambda: forget(registry),
    )


def pull(registry: Synthetic) -> Measurement:
    """Measure the fetch of a 1 MB model into an empty folder, with an empty content cache."""
    target = registry.root.parent / "pulled"
    cache = Path(os.environ["MINTMARK_CACHE"])

    def clear() -> None:
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(cache, ignore_errors=True)

    return run(*mintmark("pull", "model-000@1.0.0", "-o", str(target)), cwd=registry.root, before=clear)


def bundle(registry: Synthetic) -> Measurement:
    """Measure the bundle of a version of this very registry: the models of the synthetic one are no models."""
    target = registry.root.parent / "bundled"

    def clear() -> None:
        shutil.rmtree(target, ignore_errors=True)

    return run(*mintmark("bundle", f"{MODEL}@1.1.0", "-o", str(target)), cwd=HERE, before=clear)


def add_pipeline(registry: Synthetic) -> None:
    """Put the real breast-cancer pipeline into a synthetic registry and run it."""
    root = registry.root
    for path in ("scripts", "schemas"):
        shutil.copytree(HERE / path, root / path, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ("dvc.yaml", "requirements.lock", ".dvcignore"):
        shutil.copy(HERE / path, root / path)
    (root / "models" / MODEL).mkdir()
    shutil.copy(HERE / "models" / MODEL / "model.yaml", root / "models" / MODEL)
    text = (HERE / "params.yaml").read_text()
    sections = text.split("\n\n  ")
    section = next(part for part in sections if part.startswith(f"{MODEL}:"))
    (root / "params.yaml").write_text(f"schema: 1\nmodels:\n  {section.split(chr(10) * 2)[0].rstrip()}\n")
    _dvc(root, "repro", "--quiet")
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "-m", "add the pipeline")


def propose(registry: Synthetic) -> Measurement:
    """Measure a proposal, from a main branch without it; what DVC takes is in the row below."""

    def reset() -> None:
        _git(registry.root, "switch", "--quiet", "--force", "main")
        branches = _git(registry.root, "branch", "--format=%(refname:short)").split()
        for branch in branches:
            if branch != "main":
                _git(registry.root, "branch", "--quiet", "-D", branch)

    return run(*mintmark("propose", MODEL), cwd=registry.root, runs=3, before=reset)


def dvc_part(registry: Synthetic) -> Measurement:
    """Measure what `propose` asks of DVC: whether the stages of one model are up to date."""
    stages = [f"{stage}@{MODEL}" for stage in ("prepare", "tune", "train", "evaluate")]
    return run(str(BIN / "dvc"), "status", "--json", *stages, cwd=registry.root, runs=3)


def bare(registry: Synthetic) -> Measurement:
    """Measure Python alone."""
    return run(sys.executable, "-c", "pass", cwd=registry.root, runs=9)


def repro(registry: Synthetic) -> Measurement:
    """Measure `dvc repro` with nothing to do."""
    return run(str(BIN / "dvc"), "repro", cwd=registry.root, runs=3)


def review_rollback(registry: Synthetic) -> Measurement:
    """Measure the review of a rollback: history, bytes, and no model."""
    channel = "models/model-050/channels/production.yaml"
    _git(registry.root, "switch", "--quiet", "--force", "-C", "back", "main")
    _git(registry.root, "revert", "--no-edit", _git(registry.root, "log", "-1", "--format=%H", "--", channel).strip())
    return run(*mintmark("review", "--base", "main", "--head", "back"), cwd=registry.root)


ROWS = (
    Row("python -c pass", None, bare),
    Row("mintmark --version", 0.05, warm("--version")),
    Row("show m@production", 0.07, warm("show", "model-050@production"), 0.07),
    Row("history m", 0.15, warm("history", "model-050"), 0.3),
    Row("history m, no cache", None, cold("history", "model-050")),
    Row("list", 0.12, warm("list"), 0.25),
    Row("list, no cache", 2.0, cold("list")),
    Row("list --versions", None, warm("list", "--versions")),
    Row("list --versions, no cache", 3.0, cold("list", "--versions"), 30.0),
    Row("list --at a past day", None, warm("list", "--at", "2025-01-02")),
    Row("pull of 1 MB", 0.15, pull),
    Row("bundle of a small model", None, bundle),
    Row("validate, no cache", 3.0, cold("validate")),
    Row("validate, nothing changed", 0.3, warm("validate")),
    Row("dvc repro, nothing to do", None, repro),
    Row("dvc status of one model", None, dvc_part),
    Row("propose", None, propose),
    Row("validate --base, one version", 0.3, warm("validate", "--base", "main"), 0.6),
    Row("validate --base --at HEAD, as pr.yml does", 0.3, warm("validate", "--base", "main", "--at", "HEAD"), 0.6),
    Row("validate --base, no cache", None, cold("validate", "--base", "main")),
    Row("review of a rollback", 1.5, review_rollback, 1.5),
)


def measure_all(sizes: list[int], folder: Path) -> dict[str, dict[int, Measurement]]:
    """Build a registry of each size and measure every row in it."""
    found: dict[str, dict[int, Measurement]] = {row.name: {} for row in ROWS}
    for size in sizes:
        print(f"building {size:,} versions ...", file=sys.stderr, flush=True)
        registry = build(folder / str(size), size, models=max(MODEL_COUNT, size // 100))
        add_pipeline(registry)
        for row in ROWS:
            found[row.name][size] = row.measure(registry)
            print(f"  {row.name}: {found[row.name][size].seconds:.3f} s", file=sys.stderr, flush=True)
        shutil.rmtree(folder / str(size))
    return found


def format_report(found: dict[str, dict[int, Measurement]], sizes: list[int]) -> str:
    """Return the table: seconds by size, peak memory at the largest, target and whether it was reached there."""
    largest = sizes[-1]
    lines = [f"{'whole process':<30}" + "".join(f"{size:>10,}" for size in sizes) + f"{'MB':>8}{'target':>9}  reached"]
    for row in ROWS:
        times = found[row.name]
        line = f"{row.name:<30}" + "".join(f"{times[size].seconds:>10.3f}" for size in sizes)
        target = row.target_at(largest)
        line += f"{times[largest].megabytes:>8.0f}{'' if target is None else format(target, '.2f'):>9}"
        reached = "" if target is None else "  yes" if times[largest].seconds <= target else "  NO"
        lines.append(line + reached)
    over = found["propose"][largest].seconds - found["dvc status of one model"][largest].seconds
    lines.append(
        f"propose over what DVC takes at {largest:,}: {over:.3f} s (target 1.00: {'yes' if over <= 1 else 'NO'})"
    )
    ours = [row.name for row in ROWS if not row.name.startswith(("dvc", "propose"))]
    peak = max(found[name][largest].megabytes for name in ours)
    target = MEMORY_TARGETS[largest >= LARGE]
    reached = "yes" if peak <= target else "NO"
    lines.append(f"peak memory of the reading commands at {largest:,}: {peak:.0f} MB (target {target:.0f}: {reached})")
    return "\n".join(lines)


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(("git", "-C", str(root), *arguments), check=True, capture_output=True, text=True).stdout


def _dvc(root: Path, *arguments: str) -> None:
    subprocess.run((str(BIN / "dvc"), *arguments), cwd=root, check=True, env=_environment())


def main() -> None:
    """Measure the sizes that are asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="numbers of versions")
    sizes = sorted(parser.parse_args().sizes)
    with tempfile.TemporaryDirectory(prefix="mintmark-bench-") as folder:
        os.environ["MINTMARK_CACHE"] = str(Path(folder) / "cache")
        found = measure_all(sizes, Path(folder))
    print(f"\n{os.cpu_count()} cores, Python {sys.version.split()[0]}; best of several runs, in seconds")
    print(format_report(found, sizes))
    # What these two import would count as memory of every process that was measured.
    sites = [str(size) for size in sizes if size < LARGE]  # a site of more versions has no target
    if sites:
        subprocess.run((sys.executable, str(HERE / "tests/bench/sites.py"), *sites), check=True, env=_environment())
    subprocess.run((sys.executable, str(HERE / "tests/bench/reviews.py")), check=True, env=_environment())
    from bootstrap import format_statistics

    print(f"\n{format_statistics()}")


if __name__ == "__main__":
    main()
