"""Measure the statistics of a review: candidate and champion on 2,000 rows over 10,000 resamples, in one process.

`make bench` prints them below its table; `python tests/bench/bootstrap.py` prints them alone.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.differences import RESAMPLES, judge_difference, paired_bootstrap
from mintmark.core.statistics.metric_names import CLASSIFICATION, REGRESSION, greater_is_better
from mintmark.core.statistics.metrics import (
    Outcomes,
    class_outcomes,
    regression_outcomes,
)
from mintmark.core.statistics.significance import cross_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROWS = 2_000
RUNS = 3  # of what has a target
Pair = tuple[Outcomes, Outcomes]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what is computed of a pair, and its target in seconds (None: only for knowledge)."""

    name: str
    target: float | None
    compute: Callable[[], object]


def regression() -> Pair:
    """Return two models of one target, the second a little farther off."""
    generator = np.random.default_rng(1)
    truth = generator.normal(100, 20, ROWS)
    error = generator.normal(0, 5, ROWS)
    return regression_outcomes(truth, truth + error), regression_outcomes(truth, truth + error * 1.02)


def classification(classes: int) -> Pair:
    """Return two models of one target of so many classes, alike but for noise."""
    generator = np.random.default_rng(2)
    labels = list(range(classes))
    truth = generator.integers(0, classes, ROWS)
    shared = 2 * np.eye(classes)[truth] + generator.normal(0, 1, (ROWS, classes))
    logits = [shared + generator.normal(0, 0.3, shared.shape) for _ in range(2)]
    tables = [np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in logits]
    first, second = (class_outcomes(truth, table.argmax(axis=1), table, labels) for table in tables)
    return first, second


def compare(names: Sequence[str], pair: Pair) -> Callable[[], object]:
    """Return what a review does for these metrics: resample, both intervals, difference and verdict."""

    def run() -> object:
        found = paired_bootstrap(names, *pair)
        return [
            (each.candidate_interval, each.champion_interval, judge_difference(each, maximize=maximize, margin=0.01))
            for each, maximize in ((each, greater_is_better(name)) for name, each in found.items())
        ]

    return run


def rows() -> Sequence[Row]:
    """Return the lines of the table."""
    numbers, two, ten = regression(), classification(2), classification(10)
    return (
        Row("MAE", 2.0, compare(["mae"], numbers)),
        Row("accuracy", 2.0, compare(["accuracy"], two)),
        Row("F1", 2.0, compare(["f1"], two)),
        Row("ROC AUC", 5.0, compare(["roc_auc"], two)),
        Row("every metric, regression", None, compare(REGRESSION, numbers)),
        Row("every metric, 2 classes", None, compare(CLASSIFICATION, two)),
        Row("F1, 10 classes", 2.0, compare(["f1"], ten)),
        Row("ROC AUC, 10 classes", None, compare(["roc_auc"], ten)),
        Row("McNemar and DeLong", None, lambda: cross_checks(*two)),
    )


def seconds(row: Row) -> float:
    """Return the shortest time of several runs, of one run where there is no target."""
    times = []
    for _ in range(1 if row.target is None else RUNS):
        start = time.perf_counter()
        row.compute()
        times.append(time.perf_counter() - start)
    return min(times)


def format_statistics() -> str:
    """Measure everything and return the table: seconds, target and whether it was reached."""
    lines = [f"{f'{ROWS:,} rows, {RESAMPLES:,} resamples':<30}{'seconds':>10}{'target':>9}  reached"]
    for row in rows():
        taken = seconds(row)
        print(f"  {row.name}: {taken:.3f} s", file=sys.stderr, flush=True)
        line = f"{row.name:<30}{taken:>10.3f}{'' if row.target is None else format(row.target, '.2f'):>9}"
        lines.append(line + ("" if row.target is None else "  yes" if taken <= row.target else "  NO"))
    return "\n".join(lines)


if __name__ == "__main__":
    print(format_statistics())
