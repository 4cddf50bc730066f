"""Simulate how often monitoring alarms without a reason, and what it finds, with its own code.

`python tests/bench/monitoring.py` prints the tables of docs/explanation/monitoring.md in an hour; `--samples 20` is
quicker and less exact, and `--only` takes a word of a table's title. The table beside Evidently and NannyML needs uv,
which installs each of them into an environment of its own in the user's cache.

A reference is drawn, its profile is built by the function that training calls, and windows are counted and judged by
those that `mintmark monitor` calls. Every sample has a reference of its own, because that is a sample too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.bench.built_profiles import Reference, calm_columns  # noqa: E402
from tests.bench.production import KINDS, MIXED, SHIFT, TEXTS, WORLDS, Change, Tally, World, shifted_window  # noqa: E402

from mintmark.monitoring.column_counts import bins_of  # noqa: E402

SIZES = (100, 1_000, 10_000, 100_000)
REFERENCE = 1_000
SMALL_REFERENCE = 400
_FALSE_DRAWS, _DRAWS = 200, 60  # windows for each line
_OTHER = 12  # windows for each line of other monitors: one takes them a second
_MOST_CELLS = 300_000_000  # values that one line draws, at the most
OTHERS = {"evidently": ("evidently==0.7.23", "pandas<3"), "nannyml": ("nannyml==0.13.1", "statsmodels", "pandas<3")}
CHANGES: Mapping[str, Change] = {
    "shift of 0.2 sd": Change(shift=0.2),
    "shift of 0.3 sd": Change(shift=SHIFT),
    "shift of 0.5 sd": Change(shift=0.5),
    "spread times 1.5": Change(scale=1.5),
    "15% stuck at the median": Change(stuck=0.15),
}
_NO_ORDER = (*TEXTS, "yes or no")  # a shift is all that can happen to them


def texts_of(world: World) -> list[str]:
    """Return the columns of a world that hold text."""
    return [name for name, kind in world.columns().items() if kind in TEXTS]


def false_alarms(samples: int, sizes: Sequence[int]) -> Iterator[str]:
    """Yield, for each kind of columns and size, how many windows of 100 say something where nothing changed.

    An alarm is a fault of values in the second window, or drift of a column in both.
    """
    yield "| columns | reference | rows | a window | an alarm |"
    yield "|---|--:|--:|--:|--:|"
    for world in WORLDS:
        for reference_rows in (SMALL_REFERENCE, REFERENCE) if world is MIXED else (REFERENCE,):
            wanted = [rows for rows in sizes if rows < 100_000 or world.name.startswith(MIXED.name)]
            tallies = {rows: (Tally(), Tally()) for rows in wanted}
            for seed in range(samples):
                generator = np.random.default_rng((seed, reference_rows))
                days = world.reference(generator, reference_rows)
                reference = Reference(days, texts=texts_of(world), told_of_days=world.has_times)
                for rows in [rows for rows in wanted if seed < _affordable(samples, 2 * rows)]:
                    first, second = (reference.raised(world.draw(generator, rows)) for _ in range(2))
                    drifted = {each.column for each in first if not each.is_hard}
                    once, alarm = tallies[rows]
                    once.add(bool(first))
                    alarm.add(any(each.is_hard or each.column in drifted for each in second))
            for rows, (once, alarm) in tallies.items():
                yield f"| {world.name} | {reference_rows:,} | {rows:,} | {once} | {alarm} |"


def power(samples: int, sizes: Sequence[int]) -> Iterator[str]:
    """Yield, for each kind of column, change and size, in how many windows of 100 the change of one column is found.

    It is the only one of thirty columns that changed.
    """
    yield "| column | change | " + " | ".join(f"{rows:,}" for rows in sizes) + " |"
    yield "|---|---|" + "--:|" * len(sizes)
    for kind in [kind for kind in KINDS if kind != "skewed number"]:  # of ranks alone, so the same as of a number
        changes = {title: change for title, change in CHANGES.items() if change.shift or kind not in _NO_ORDER}
        found = {(title, rows): Tally() for title in changes for rows in sizes}
        make, texts = KINDS[kind], [kind] if kind in TEXTS else []
        for seed in range(samples):
            generator = np.random.default_rng((seed, REFERENCE))
            reference = Reference([{kind: make(generator.standard_normal(REFERENCE))}], texts=texts)
            for rows in sizes:
                latent = generator.standard_normal(rows)
                for title, change in changes.items():
                    window = {kind: change.stick(make(change.move(latent)))}
                    raised = reference.raised(window, calm_columns(REFERENCE, rows))
                    found[title, rows].add(any(each.column == kind for each in raised))
        for title in changes:
            told = " | ".join(f"{100 * found[title, rows].share:.0f}" for rows in sizes)
            yield f"| {kind} | {title} | {told} |"


def slow(samples: int, sizes: Sequence[int]) -> Iterator[str]:
    """Yield when a column that shifts by 0.05 sd a window is alarmed about."""
    steps = 20
    yield "| rows | half of them found by window | its shift then | found by window 20 |"
    yield "|--:|--:|--:|--:|"
    for rows in sizes:
        when = np.array([_alarmed_in(seed, rows, steps) for seed in range(_affordable(samples, rows * steps // 30))])
        middle = int(np.median(when))
        late = f"{middle} | {0.05 * middle:.2f} sd" if middle <= steps else "later | more"
        yield f"| {rows:,} | {late} | {100 * np.mean(when <= steps):.0f} |"


def _alarmed_in(seed: int, rows: int, steps: int) -> int:
    """Return in which window a number that shifts slowly is an alarm: its values, or drift in two windows in a row."""
    generator = np.random.default_rng((seed, rows))
    reference, before = Reference([{"number": generator.standard_normal(REFERENCE)}], texts=()), False
    for step in range(1, steps + 1):
        window = {"number": generator.standard_normal(rows) + 0.05 * step}
        raised = [each for each in reference.raised(window, calm_columns(REFERENCE, rows)) if each.column == "number"]
        if any(each.is_hard or before for each in raised):
            return step
        before = any(not each.is_hard for each in raised)
    return steps + 1


def others(samples: int, sizes: Sequence[int]) -> Iterator[str]:
    """Yield false alarms and power of one column beside other rules and other monitors, on the same rows."""
    yield "| rule | reference | rows | false alarms | shift of 0.3 sd found |"
    yield "|---|--:|--:|--:|--:|"
    first = next(iter(MIXED.columns()))
    for title, ask in _rules().items():
        for reference_rows in (1_000, 10_000):
            for rows in [rows for rows in sizes if rows < 100_000]:
                if title.startswith("NannyML") and reference_rows < 5 * rows:
                    continue  # its threshold is made of windows of the reference, and there are too few
                false, found = Tally(), Tally()
                count = samples if title.startswith(("Mintmark", "PSI", "KS")) else min(samples, _OTHER)
                for alarms in ask(reference_rows, rows, count):
                    found.add(first in alarms)
                    false.add(bool(alarms - {first}))
                yield f"| {title} | {reference_rows:,} | {rows:,} | {false} | {100 * found.times / found.of:.0f} |"


def _rules() -> dict[str, Callable[[int, int, int], Iterator[set[str]]]]:
    rules: dict[str, Callable[[int, int, int], Iterator[set[str]]]] = {
        "Mintmark": _each(lambda reference, window: {each.column for each in reference.raised(window)}),
        "KS, p below 0.05": _each(lambda reference, window: {n for n in window if _ks(reference, n, window[n]) < 0.05}),
        "PSI above 0.2": _each(lambda reference, window: {n for n in window if _psi(reference, n, window[n]) > 0.2}),
    }
    for tool, packages in OTHERS.items():
        python = environment(tool, packages)
        title = packages[0].replace("==", " ").replace("evidently", "Evidently").replace("nannyml", "NannyML")
        rules[title] = _asked(python, tool)
    return rules


def _each(
    rule: Callable[[Reference, Mapping[str, NDArray[Any]]], set[str]],
) -> Callable[[int, int, int], Iterator[set[str]]]:
    def ask(reference_rows: int, rows: int, samples: int) -> Iterator[set[str]]:
        for seed in range(samples):
            table, window = shifted_window(seed, reference_rows, rows)
            yield rule(Reference([table], texts=texts_of(MIXED)), window)

    return ask


def _asked(python: Path, tool: str) -> Callable[[int, int, int], Iterator[set[str]]]:
    def ask(reference_rows: int, rows: int, samples: int) -> Iterator[set[str]]:
        command = (python, HERE / "other_monitors.py", tool, str(reference_rows), str(rows), str(samples))
        quiet = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=quiet).stdout
        yield from (set(json.loads(line)) for line in told.splitlines() if line.startswith("["))

    return ask


def _ks(reference: Reference, name: str, values: NDArray[Any]) -> float:
    from scipy.special import kolmogorov

    before, now = _both(reference, name, values)
    gap = np.abs(np.cumsum(before) / before.sum() - np.cumsum(now) / now.sum()).max()
    return float(kolmogorov(gap * np.sqrt(before.sum() * now.sum() / (before.sum() + now.sum()))))


def _psi(reference: Reference, name: str, values: NDArray[Any]) -> float:
    shares = [side / side.sum() + 1e-4 for side in _both(reference, name, values)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _both(reference: Reference, name: str, values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the counts of the profile and of the window, in bins or at levels."""
    column, (counts, _) = reference.columns[name], reference.count({name: values})[name]
    assert counts is not None
    now = bins_of(counts, column) if column.binned else counts.levels
    return np.array(column.binned or column.levelled), np.array(now)


def environment(tool: str, packages: Sequence[str]) -> Path:
    """Return the Python of an environment with a tool, which stays in the user's cache."""
    import platformdirs

    folder = platformdirs.user_cache_path("mintmark") / "bench" / "-".join([tool, packages[0].partition("==")[2]])
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if uv is None:
            raise SystemExit("uv, which sets up the other monitors, is not here; make setup brings it")
        subprocess.run((uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder), check=True)
        subprocess.run((uv, "pip", "install", "--quiet", "--python", python, *packages), check=True)
        (folder / "complete").touch()
    return python


def _affordable(samples: int, rows: int) -> int:
    return max(20, min(samples, _MOST_CELLS // (30 * rows)))


TABLES: Mapping[str, Callable[[int, Sequence[int]], Iterator[str]]] = {
    "False alarms, in 100 windows of 30 columns": false_alarms,
    "Power: of 100 windows, how many find the change": power,
    "Slow change": slow,
    "Beside other rules and monitors": others,
}


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, help=f"windows for each line ({_DRAWS}, of false alarms {_FALSE_DRAWS})")
    parser.add_argument("--only", default="", help="a word of a table's title")
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES), help="of a window: only these sizes")
    options = parser.parse_args()
    for title, lines in TABLES.items():
        if options.only.lower() in title.lower():
            started = time.process_time()
            print(f"\n## {title}\n")
            samples = options.samples or (_FALSE_DRAWS if lines is false_alarms else _DRAWS)
            for line in lines(samples, options.rows):
                print(line, flush=True)
            print(f"\n{time.process_time() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
