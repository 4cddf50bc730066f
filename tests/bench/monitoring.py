"""Simulate how often monitoring alarms without a reason, and what it finds, with its own code.

`python tests/bench/monitoring.py` prints the tables of docs/explanation/monitoring.md in some minutes; `--samples 40` is
quicker and less exact, and `--only` takes a word of a table's title. The table beside Evidently and NannyML needs uv,
which installs each of them into an environment of its own in the user's cache.

A reference is drawn, the profile's bins are made of it, and windows are counted in them: as training and the prediction
log do it. Every sample has a reference of its own, because that is a sample too.
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

from tests.bench.production import KINDS, MIXED, ORDERED, SHIFT, WORLDS, Change, Tally, World, shifted_window, whole  # noqa: E402

from mintmark.core.statistics.histograms import bin_counts, bin_edges  # noqa: E402
from mintmark.core.statistics.live.drift import (  # noqa: E402
    FALSE_ALARMS,
    LEAST_DISTANCE,
    LEAST_SHARE,
    QUALITY_FALSE_ALARMS,
    Distance,
    compare_levels,
    compare_ordered,
    compare_range,
    judge,
)
from mintmark.core.statistics.live.spread import NO_SPREAD, Spread, spread_of  # noqa: E402

SIZES = (100, 1_000, 10_000, 100_000)
REFERENCE = 1_000
SMALL_REFERENCE = 400
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


class Reference:
    """The profile of a made-up reference: the bins of each column, its counts, and how much its days differ."""

    def __init__(self, world: World, days: Sequence[Mapping[str, NDArray[Any]]], *, told_of_days: bool = True) -> None:
        table = whole([dict(day) for day in days])
        kinds = {name: kind for name, kind in world.columns().items() if name in table}
        self.rows = len(next(iter(table.values())))
        self.edges = {name: bin_edges(table[name]) for name, kind in kinds.items() if kind in ORDERED}
        self.ends = {name: (table[name].min(), table[name].max()) for name in self.edges}
        self.counts = {name: self.count(name, table[name]) for name in table}
        self.spreads: dict[str, Spread] = {}
        if len(days) > 1 and told_of_days:
            for name in table:
                counted = np.stack([self.count(name, day[name]) for day in days])
                self.spreads[name] = spread_of(counted, ordered=name in self.edges)

    def count(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        """Return the rows of a column in the bins of the reference, or at its levels."""
        if name in self.edges:
            return np.array(bin_counts(values, self.edges[name]))
        return np.bincount(values, minlength=40)

    def compare(self, name: str, values: NDArray[Any]) -> Distance:
        """Return how far a window is, by Mintmark's own tests."""
        compare = compare_ordered if name in self.edges else compare_levels
        return compare(self.counts[name], self.count(name, values), self.spreads.get(name, NO_SPREAD))

    def outside(self, name: str, values: NDArray[Any]) -> Distance:
        """Return how many rows are beyond the ends."""
        low, high = self.ends[name]
        return compare_range(self.rows, int((values < low).sum()), int((values > high).sum()), len(values))

    def alarms(self, window: Mapping[str, NDArray[Any]]) -> set[str]:
        """Return the columns that raise an alarm, of drift or of values out of range."""
        names = list(window)
        drifts = judge([self.compare(name, window[name]) for name in names], [LEAST_DISTANCE] * len(names))
        ends = judge(
            [self.outside(name, window[name]) for name in self.edges],
            [LEAST_SHARE] * len(self.edges),
            false_alarms=QUALITY_FALSE_ALARMS,
        )
        found = {name for name, verdict in zip(names, drifts, strict=True) if verdict.is_drift}
        return found | {name for name, verdict in zip(self.edges, ends, strict=True) if verdict.is_drift}


def false_alarms(samples: int, sizes: Sequence[int]) -> Iterator[str]:
    """Yield, for each kind of columns and size, how many windows of 100 alarm where nothing changed."""
    yield "| columns | reference | rows | a window | two in a row |"
    yield "|---|--:|--:|--:|--:|"
    for world in WORLDS:
        for reference_rows in (SMALL_REFERENCE, REFERENCE) if world is MIXED else (REFERENCE,):
            for rows in [rows for rows in sizes if rows < 100_000 or world.name.startswith(MIXED.name)]:
                once, twice = Tally(), Tally()
                for seed in range(_affordable(samples, rows)):
                    generator = np.random.default_rng((seed, rows, reference_rows))
                    days = world.reference(generator, reference_rows)
                    reference = Reference(world, days, told_of_days=world.has_times)
                    alarms = reference.alarms(world.draw(generator, rows))
                    once.add(bool(alarms))
                    twice.add(bool(alarms) and bool(alarms & reference.alarms(world.draw(generator, rows))))
                yield f"| {world.name} | {reference_rows:,} | {rows:,} | {once} | {twice} |"


def power(samples: int, sizes: Sequence[int]) -> Iterator[str]:
    """Yield, for each kind of column, change and size, in how many windows of 100 the change of one column is found.

    A column is found as if it were the only one of thirty that changed, so its p-value counts thirty times.
    """
    yield "| column | change | " + " | ".join(f"{rows:,}" for rows in sizes) + " |"
    yield "|---|---|" + "--:|" * len(sizes)
    for kind in [kind for kind in KINDS if kind != "skewed number"]:  # of ranks alone, so the same as of a number
        world = World(name=kind, kinds=(kind,))
        name = next(iter(world.columns()))
        for title, change in CHANGES.items():
            if kind not in ORDERED and not change.shift:
                continue
            cells = []
            for rows in sizes:
                found = Tally()
                for seed in range(_affordable(samples, rows)):
                    found.add(_is_found(world, name, change, np.random.default_rng((seed, rows)), rows))
                cells.append(f"{100 * found.times / found.of:.0f}")
            yield f"| {kind} | {title} | {' | '.join(cells)} |"


def _is_found(world: World, name: str, change: Change, generator: np.random.Generator, rows: int) -> bool:
    latent = generator.standard_normal((2, max(rows, REFERENCE)))
    make = KINDS[world.columns()[name]]
    table = {name: make(latent[0, :REFERENCE])}
    reference = Reference(world, [table])
    found = reference.compare(name, change.stick(make(change.move(latent[1, :rows]))))
    return found.distance >= LEAST_DISTANCE and found.p_value * len(world.columns()) <= FALSE_ALARMS


def slow(samples: int, sizes: Sequence[int]) -> Iterator[str]:
    """Yield when a column that shifts by 0.05 sd a window is alarmed about: two windows in a row."""
    steps = 20
    yield "| rows | half of them found by window | its shift then | found by window 20 |"
    yield "|--:|--:|--:|--:|"
    world = World(name="number", kinds=("number",))
    name = next(iter(world.columns()))
    for rows in sizes:
        when = []
        for seed in range(_affordable(samples, rows * steps // 30)):
            generator = np.random.default_rng((seed, rows))
            reference, before, found = (
                Reference(world, [{name: generator.standard_normal(REFERENCE)}]),
                False,
                steps + 1,
            )
            for step in range(1, steps + 1):
                distance = reference.compare(name, generator.standard_normal(rows) + 0.05 * step)
                now = distance.distance >= LEAST_DISTANCE and distance.p_value * len(world.columns()) <= FALSE_ALARMS
                if now and before:
                    found = step
                    break
                before = now
            when.append(found)
        middle = int(np.median(when))
        late = f"{middle} | {0.05 * middle:.2f} sd" if middle <= steps else "later | more"
        yield f"| {rows:,} | {late} | {100 * np.mean(np.array(when) <= steps):.0f} |"


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
        "Mintmark": _each(lambda reference, window: reference.alarms(window)),
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
            yield rule(Reference(MIXED, [table]), window)

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

    before, now = reference.counts[name], reference.count(name, values)
    gap = np.abs(np.cumsum(before) / before.sum() - np.cumsum(now) / now.sum()).max()
    return float(kolmogorov(gap * np.sqrt(before.sum() * now.sum() / (before.sum() + now.sum()))))


def _psi(reference: Reference, name: str, values: NDArray[Any]) -> float:
    shares = [side / side.sum() + 1e-4 for side in (reference.counts[name], reference.count(name, values))]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


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
    parser.add_argument("--samples", type=int, default=300, help="windows for each line (300)")
    parser.add_argument("--only", default="", help="a word of a table's title")
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES), help="of a window: only these sizes")
    options = parser.parse_args()
    for title, lines in TABLES.items():
        if options.only.lower() in title.lower():
            started = time.process_time()
            print(f"\n## {title}\n")
            for line in lines(options.samples, options.rows):
                print(line, flush=True)
            print(f"\n{time.process_time() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
