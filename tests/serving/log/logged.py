"""Decisions of versions without a registry, to be logged and read again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from tests.serving.served import Shares, version_of

from mintmark.registry.logged.decisions import read_inputs
from mintmark.registry.logged.folded import unfolded
from mintmark.registry.logged.reading import PredictionLog
from mintmark.serving.beside.decisions import Decision
from mintmark.serving.log.journal import Journal
from mintmark.serving.served_version import Answer, ServedVersion

NOW = 1_800_000_000.0  # 2027-01-15


def version(
    inputs: Mapping[str, str], *, number: str = "1.0.0", classes: tuple[Any, ...] = ("even", "odd")
) -> ServedVersion:
    found = version_of(Shares(), dict(inputs), ThreadPoolExecutor(1), version=number, classes=classes)
    record: Any = found.record
    record.artifact = SimpleNamespace(sha256="a" * 64)
    return found


def decision(
    served: ServedVersion | None, identity: str, rows: Sequence[Mapping[str, Any]] | None, **changed: Any
) -> Decision:
    """A request as the server tells of it, with an answer where there are rows."""
    bound = served.binding.from_records(rows) if served is not None and rows is not None else None
    answer = None
    if bound is not None:
        shares = np.tile([0.25, 0.75], (len(bound), 1))
        answer = Answer(np.array(["odd"] * len(bound), dtype=object), shares)
    told: dict[str, Any] = {
        "id": identity,
        "time": NOW,
        "model": "people",
        "channel": "production",
        "version": served,
        "rows": bound,
        "answer": answer,
        "seconds": 0.01,
        "status": 200,
    }
    return Decision(**(told | changed))


def journal(where: Path | str, **options: Any) -> Journal:
    """A journal whose threads do not run: a test calls `flush` itself."""
    options.setdefault("personal", lambda _: {})
    options.setdefault("tell", lambda *_, **__: None)
    return Journal(str(where), **options)


def rows_of(where: Path | str) -> pd.DataFrame:
    """Every row of a log."""
    log = PredictionLog(str(where))
    tables = [unfolded(part.rows, "the rows").to_pandas() for place in log.places() for part in log.read(place)]
    return pd.concat(tables, ignore_index=True)


def inputs_of(where: Path | str) -> pd.DataFrame:
    """The inputs that the one part of a log holds."""
    log = PredictionLog(str(where))
    ((part,),) = (log.read(place) for place in log.places())
    return read_inputs(unfolded(part.rows, "the rows"), part.about)


def today() -> float:
    return time.time()
