"""Prediction logs of breast-cancer 1.2.0 that the real journal writes: answers of the real version to real rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from tests.serving.log.logged import journal
from tests.serving.log.of_repository import ROOT, answered, evaluation_rows

from mintmark.monitoring.watching import Watched, Watching, watch
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.logged.reading import PredictionLog
from mintmark.serving.beside.decisions import Decision
from mintmark.serving.log.journal import Journal

MODEL, VERSION = "breast-cancer", "1.2.0"
DAY = datetime(2026, 3, 4, tzinfo=UTC)
ROWS = 10  # of a request
REQUESTS = 20  # of a day

Change = Callable[[pd.DataFrame], pd.DataFrame]


def rows_of(day: int, number: int) -> pd.DataFrame:
    """The rows of a request: every evaluation row once a day, in an order of the day's own."""
    known = evaluation_rows()
    order = np.random.default_rng(day).permutation(len(known))
    return known.iloc[order[number * ROWS : (number + 1) * ROWS]].reset_index(drop=True)


def moment(day: int, number: int) -> float:
    return (DAY + timedelta(days=day, minutes=60 * number + 1)).timestamp()


def ask(day: int, number: int, change: Change = lambda rows: rows, **told: object) -> Decision:
    """A request of a day, whose rows a fault upstream may have changed."""
    version = str(told.pop("version", VERSION))
    time = {"time": moment(day, number), **told}
    return answered(version, f"d{day}-{number}", change(rows_of(day, number)), **time)


def write_day(written: Journal, day: int, change: Change = lambda rows: rows, **told: object) -> None:
    for number in range(REQUESTS):
        written.record(ask(day, number, change, **told))
    assert written.flush()


def write_log(folder: Path, days: dict[int, Change]) -> Path:
    """A log of some days, each with what happened to its rows."""
    written = journal(folder)
    for day, change in days.items():
        write_day(written, day, change)
    return folder


def as_it_is(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def labels_of(days: list[int], **columns: object) -> pd.DataFrame:
    """The truth of every row of some days, as a team would bring it."""
    parts = [
        rows_of(day, number)[["diagnosis"]].assign(id=f"d{day}-{number}", row=range(len(rows_of(day, number))), day=day)
        for day in days
        for number in range(REQUESTS)
    ]
    return pd.concat(parts, ignore_index=True).assign(**columns)


def watch_folder(folder: Path, *, days: int, **how: object) -> Watched:
    """What is found in a log at six in the morning after some days."""
    now = DAY + timedelta(days=days, hours=6)
    return watch(ClonedRegistry(ROOT), PredictionLog(str(folder)), [MODEL], Watching(now=now, **how))  # type: ignore[arg-type]
