"""Real versions of this repository, and their answers as a server logs them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from tests.serving.log.logged import NOW

from mintmark.artifacts.tables import read_table
from mintmark.core import layout
from mintmark.core.question import EVALUATION
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.loading import open_artifact
from mintmark.serving.beside.decisions import Decision
from mintmark.serving.served_version import Question, ServedVersion

ROOT = Path(__file__).parents[3]


def _fetch(version: str, name: str) -> Path:
    registry = ClonedRegistry(ROOT)
    record = registry.record("breast-cancer", version)
    file = next(file for file in record.stored_files if file.name == name)
    return registry.store(record).fetch(file, pointer=layout.pointer_path(record.model, version, name))


@cache
def served(version: str) -> ServedVersion:
    registry = ClonedRegistry(ROOT)
    record = registry.record("breast-cancer", version)
    model = open_artifact(record, _fetch(version, record.artifact.name), registry.trusted_names)
    return ServedVersion(model, record, commit="c" * 40, executor=ThreadPoolExecutor(1), waiting=10_000)


@cache
def evaluation_rows() -> pd.DataFrame:
    """The evaluation rows of 1.2.0, with the truth."""
    return read_table(_fetch("1.2.0", EVALUATION), EVALUATION)


def answered(version: str, identity: str, rows: pd.DataFrame, **changed: Any) -> Decision:
    """What a version answers to rows, as one request."""
    found = served(version)
    bound = found.binding.from_columns({name: rows[name].to_numpy() for name in found.signature.inputs})
    (answer,) = found.predict([Question(bound, True)])
    told: dict[str, Any] = {
        "id": identity,
        "time": NOW,
        "model": "breast-cancer",
        "channel": "production",
        "version": found,
        "rows": bound,
        "answer": answer,
        "seconds": 0.01,
        "status": 200,
    }
    return Decision(**(told | changed))
