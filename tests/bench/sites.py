"""Measure `mintmark site build`: seconds, memory of all its processes together, bytes of what it writes.

Every version has stored predictions, from which its curves are drawn. A cold build has no cache, a warm one what the
build before it left. The last rows are of a clone of this repository, with its models and docs/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parents[2]
OWN = "this repository"
SECONDS = {"100": (5.0, 5.0), "10,000": (45.0, 20.0), OWN: (None, 2.0)}  # cold and warm
MEMORY = 1000.0  # MB
SITE_BYTES = 1000 * 1000**2  # what GitHub Pages takes
INDEX_BYTES = 1000**2


@dataclass(frozen=True, slots=True)
class SiteMeasurement:
    """One build: seconds, peak of the resident memory of its processes in MB, and sizes in bytes."""

    seconds: float
    megabytes: float
    size: int
    pages: int
    largest_index: int
    largest_page: int


def measure_site(
    command: tuple[str, ...], root: Path, output: Path, environment: dict[str, str], *, warm: bool
) -> SiteMeasurement:
    """Build the site of the registry at `root` once, into a folder that is not there; without `warm` with no cache."""
    if not warm:
        shutil.rmtree(root / ".git" / "mintmark", ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen(
        (*command, "site", "build", "--fetch", "-o", str(output)),
        cwd=root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peaks: list[int] = [0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks))
    watcher.start()
    if process.wait() != 0:
        raise SystemExit(f"site build failed in {root}")
    seconds = time.perf_counter() - start
    watcher.join()
    files = [path for path in output.rglob("*") if path.is_file()]
    pages = [path for path in files if path.name == "index.html"]
    indexes = [path for path in files if path.name == "index.json"]
    return SiteMeasurement(
        seconds=seconds,
        megabytes=peaks[0] / 1000**2,
        size=sum(path.stat().st_size for path in files),
        pages=len(pages),
        largest_index=max(path.stat().st_size for path in indexes),
        largest_page=max(path.stat().st_size for path in pages),
    )


def _watch(pid: int, peaks: list[int]) -> None:
    """Keep the highest sum of what a process and its children hold; shared pages count once for each of them."""
    try:
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            peaks[0] = max(peaks[0], sum(_held(part) for part in (process, *process.children(recursive=True))))
            time.sleep(0.1)
    except psutil.NoSuchProcess:
        return


def _held(process: psutil.Process) -> int:
    try:
        held: int = process.memory_info().rss
    except psutil.Error:
        return 0
    return held


def measure_both(registry: str, root: Path, scratch: Path) -> dict[tuple[str, bool], SiteMeasurement]:
    """Build the site of a registry cold and then warm."""
    command = (str(Path(sys.executable).parent / "mintmark"),)
    found = {}
    for warm in (False, True):
        found[registry, warm] = measure_site(command, root, scratch / "site", dict(os.environ), warm=warm)
        shutil.rmtree(scratch / "site")
    return found


def format_sites(found: dict[tuple[str, bool], SiteMeasurement]) -> str:
    """Return the table of site builds with their targets."""
    lines = [
        f"{'site build':<24}{'seconds':>9}{'target':>8}{'MB':>7}{'pages':>9}{'site MB':>9}{'index kB':>10}{'page kB':>9}"
    ]
    for (registry, warm), one in found.items():
        target = SECONDS[registry][warm] if registry in SECONDS else None
        cells = f"{one.seconds:>9.2f}{'' if target is None else format(target, '.0f'):>8}{one.megabytes:>7.0f}"
        cells += f"{one.pages:>9,}{one.size / 1e6:>9.0f}{one.largest_index / 1e3:>10.0f}{one.largest_page / 1e3:>9.0f}"
        name = f"{registry}, {'warm' if warm else 'cold'}"
        lines.append(f"{name:<24}{cells}  {'reached' if _reached(target, one) else 'NOT REACHED'}")
    return "\n".join(lines)


def _reached(target: float | None, one: SiteMeasurement) -> bool:
    in_time = target is None or one.seconds <= target
    return in_time and one.megabytes <= MEMORY and one.size <= SITE_BYTES and one.largest_index <= INDEX_BYTES


if __name__ == "__main__":
    import tempfile

    from synthetic import build

    with tempfile.TemporaryDirectory(prefix="mintmark-bench-") as folder:
        scratch = Path(folder)
        results: dict[tuple[str, bool], SiteMeasurement] = {}
        for number in [int(argument) for argument in sys.argv[1:]] or [100, 10_000]:
            registry = build(scratch / str(number), number, drawn=True)
            results |= measure_both(f"{number:,}", registry.root, scratch)
            shutil.rmtree(scratch / str(number))
        subprocess.run(("git", "clone", "--quiet", str(HERE), str(scratch / "own")), check=True)
        results |= measure_both(OWN, scratch / "own", scratch)
    print(f"\n{format_sites(results)}")
