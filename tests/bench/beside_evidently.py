"""Run `mintmark monitor` and Evidently over the same million logged rows of 30 columns: seconds and memory of each.

`python -m tests.bench.beside_evidently --rows 1000000`, with uv, which installs Evidently into the user's cache. Both
are whole processes. Evidently gets the inputs alone, as a table in memory, beside 569 rows for a reference; Mintmark
reads the whole log and checks values, drift, predictions, traffic and the estimate.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from tests.bench.logs import DAY, MODEL, VERSION, write
from tests.bench.monitoring import OTHERS, environment
from tests.serving.log.of_repository import ROOT

EVIDENTLY = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
window, reference = (pd.read_parquet(path) for path in sys.argv[1:3])
window = window[[name for name in window if name.startswith("input_")]].rename(columns=lambda name: name[6:])
found = Report([DataDriftPreset()]).run(window, reference[list(window)]).dict()
print(found["metrics"][0]["value"])
"""


def main() -> None:
    """Print what each took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    python = environment("evidently", (*OTHERS["evidently"], "pyarrow"))
    with tempfile.TemporaryDirectory() as created:
        folder, reference = Path(created) / "log", Path(created) / "reference.parquet"
        write(folder, rows)
        load_breast_cancer(as_frame=True).data.to_parquet(reference)
        day = ["--since", f"{DAY:%Y-%m-%d}"]
        ours = [sys.executable, "-m", "mintmark.cli", "monitor", MODEL, "--log", str(folder), *day, "--json"]
        _measure("mintmark monitor", ours)
        _measure(
            "Evidently",
            [str(python), "-c", EVIDENTLY, str(folder / MODEL / VERSION / f"{DAY:%Y-%m-%d}"), str(reference)],
        )


def _measure(name: str, command: list[str]) -> None:
    begin = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        told = running.stdout.read() if running.stdout else b""
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{name}: {seconds:.1f} s, {cpu:.1f} s of CPU, {usage.ru_maxrss / 1024:,.0f} MB, exit {running.returncode}")
    print(told[-200:].decode(), file=sys.stderr)


if __name__ == "__main__":
    main()
