"""Write a prediction log of any size, of breast-cancer, and measure how long a scan of it takes.

`python -m tests.bench.logs write FOLDER --rows 10000000`, then `python -m tests.bench.logs scan FOLDER`.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from tests.serving.log.of_repository import ROOT, evaluation_rows

from mintmark.core.question import PROBABILITY
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.logged.form import INPUT, About, Counted, FileName, Tally, log_schema, with_counts
from mintmark.serving.log.merging import open_writer

MODEL, VERSION = "breast-cancer", "1.2.0"
DAY = datetime(2026, 3, 4, tzinfo=UTC)
_FILE = 300_000  # rows: some 64 MB
_GROUP = 60_000


def write(folder: Path, rows: int, *, seed: int = 0) -> None:
    """Write a day of rows that look like the evaluation rows, in files as large as a server makes them."""
    record = ClonedRegistry(ROOT).record(MODEL, VERSION)
    about = About(
        model=MODEL,
        version=VERSION,
        artifact=record.artifact.sha256,
        inputs=dict(record.signature.inputs),
        classes=tuple(record.signature.classes),
    )
    schema = log_schema(about, record.signature)
    known = evaluation_rows()[list(about.inputs)].to_numpy()
    generator = np.random.default_rng(seed)
    place = folder / MODEL / VERSION / f"{DAY:%Y-%m-%d}"
    place.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, rows, _FILE)):
        count = min(_FILE, rows - start)
        seconds = (start + np.arange(count)) * 86_400 / rows
        moments = int(DAY.timestamp() * 1e6) + (seconds * 1e6).astype(np.int64)
        minutes, requests = np.unique(moments // 60_000_000, return_counts=True)
        counts = {
            Counted(f"{datetime.fromtimestamp(60 * int(minute), UTC):%Y-%m-%dT%H:%M}", "production", False, 200): Tally(
                int(many), int(many), int(many)
            )
            for minute, many in zip(minutes, requests, strict=True)
        }
        told = with_counts(schema, counts)
        sink = io.BytesIO()
        with open_writer(sink, told) as writer:
            for begin in range(0, count, _GROUP):
                some = moments[begin : begin + _GROUP]
                writer.write_table(_table(some, start + begin, known, about, told, generator))
        first = DAY + timedelta(seconds=float(seconds[0]))
        name = FileName(f"{first:%Y%m%dT%H%M%S}", "0123456789ab", number, 1)
        (place / str(name)).write_bytes(sink.getvalue())


def _table(
    moments: np.ndarray, start: int, known: np.ndarray, about: About, schema: pa.Schema, generator: np.random.Generator
) -> pa.Table:
    count = len(moments)
    values = known[generator.integers(len(known), size=count)] * generator.normal(1, 0.05, size=(count, known.shape[1]))
    share = generator.beta(0.5, 0.9, size=count)
    columns = {
        "id": pa.array([f"{number:016x}" for number in range(start, start + count)]),
        "row": pa.array(np.zeros(count, dtype=np.int64)),
        "time": pa.array(moments, type=schema.field("time").type),
        "model": pa.array([MODEL] * count),
        "version": pa.array([VERSION] * count),
        "channel": pa.array(["production"] * count),
        "commit": pa.array(["c" * 40] * count),
        "latency": pa.array(generator.gamma(2, 0.003, size=count)),
        "shadow": pa.array(np.zeros(count, dtype=bool)),
        "status": pa.array(np.full(count, 200, dtype=np.int32)),
        "error": pa.nulls(count, pa.string()),
        "lost": pa.nulls(count, pa.list_(pa.string())),
        "prediction": pa.array(np.where(share > 0.5, "malignant", "benign")),
        f"{PROBABILITY}benign": pa.array(1 - share),
        f"{PROBABILITY}malignant": pa.array(share),
        **{f"{INPUT}{name}": pa.array(values[:, place]) for place, name in enumerate(about.inputs)},
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


def scan(folder: Path) -> None:
    """Scan the day, and print seconds and megabytes."""
    from mintmark.monitoring.groups import Span
    from mintmark.monitoring.known_versions import know_version
    from mintmark.monitoring.scanning import scan as scan_log
    from mintmark.monitoring.windows import windows_between
    from mintmark.registry.logged.reading import PredictionLog

    log = PredictionLog(str(folder))
    windows = windows_between(DAY, DAY + timedelta(days=1), "1d", now=DAY + timedelta(days=2))
    span = Span(windows=tuple(windows), channels=frozenset(["production"]))
    plan = know_version(ClonedRegistry(ROOT), MODEL, VERSION).plan()
    begin, worked = time.perf_counter(), time.process_time()
    found = scan_log(log, log.places(MODEL, VERSION), plan, span)
    seconds, worked = time.perf_counter() - begin, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    ((group, counts),) = found.rows.items()
    again = found.seen[group].duplicates
    print(f"{counts.rows:,} rows, {again:,} more that came again, {size / 1e9:.2f} GB:")
    print(f"{seconds:.1f} s, {worked:.1f} s of CPU, {peak:,.0f} MB")
    print(*found.faults, sep="\n", end="", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["write", "scan"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args()
    if given.what == "write":
        write(given.folder, given.rows)
    else:
        scan(given.folder)


if __name__ == "__main__":
    main()
