"""A registry with two real versions on real rows, of which the second trusts a column that the first never reads.

1.1.0 is in production and 1.0.0 held it before. Where another service mixes up `worst area`, 1.1.0 is wrong and 1.0.0 is
not, and no value is out of range: only labels, or an estimate, can tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.scaffold.registry import Scratch
from tests.serving.log.logged import journal

from mintmark.artifacts.skops.format import dump_canonical
from mintmark.core.provenance.training_rows import digest_training
from mintmark.core.question import Question
from mintmark.core.statistics import evaluation
from mintmark.core.statistics.metrics import class_outcomes
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.loading import load_model
from mintmark.serving.beside.decisions import Decision
from mintmark.serving.served_version import Question as Asked
from mintmark.serving.served_version import ServedVersion
from mintmark.training import profile, tables

MODEL, TARGET = "breast-cancer", "diagnosis"
FIRST = ["mean texture", "mean smoothness", "mean concave points"]
SECOND = [*FIRST, "worst area"]
INPUTS = {"1.0.0": FIRST, "1.1.0": SECOND}
ROWS_OF_A_REQUEST = 10

Change = Callable[[pd.DataFrame], pd.DataFrame]


def identity(**monitoring: Any) -> dict[str, Any]:
    return {
        "task": "binary-classification",
        "target": TARGET,
        "positive_class": "malignant",
        "metric": {"name": "accuracy", "goal": "maximize"},
        "gates": {"margin": 0.02},
        "monitoring": {"minimum_rows": 50, **monitoring},
    }


@cache
def both_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that train, and those that evaluate and come as traffic."""
    data = load_breast_cancer(as_frame=True)
    frame = data.data.assign(**{TARGET: np.where(data.target == 0, "malignant", "benign")})
    frame["row"] = range(len(frame))
    return tuple(frame[frame["row"] % 2 == part].reset_index(drop=True) for part in (0, 1))  # type: ignore[return-value]


def _version(inputs: Sequence[str]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the files of a version that is trained for real, and what its record says of it."""
    train, rows = both_tables()
    made = make_pipeline(StandardScaler(), LogisticRegression(C=10.0)).fit(train[inputs], train[TARGET])
    said, shares, classes = made.predict(rows[inputs]), made.predict_proba(rows[inputs]), made.classes_.tolist()
    question = Question(task="binary-classification", target=TARGET, metric="accuracy", positive_class="malignant",
                        entity_column=None, slices=())  # fmt: skip
    outcomes = class_outcomes(rows[TARGET].to_numpy(), said, shares, classes, positive="malignant")
    metrics = evaluation.measure(outcomes, rows, question, resamples=200, seed=1)
    return stored_version(made, train, rows, inputs, TARGET, said, shares, classes, metrics)


def stored_version(
    made: Any,
    train: pd.DataFrame,
    rows: pd.DataFrame,
    inputs: Sequence[str],
    target: str,
    said: Any,
    shares: Any,
    classes: list[Any],
    measured: dict[str, Any],
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the files of a version that a test trained, and what its record says of it."""
    key = f"sha256:{hashlib.sha256(b'training').hexdigest()}"
    digests = digest_training(train, inputs=inputs, target=target, has_id=False, entity=None, key=key)
    predicted = evaluation.format_predictions(rows["row"], rows[target], said, shares, classes)
    reference = profile.reference_profile(train[inputs], pd.Series(said), shares, classes)
    files = {
        "model.skops": dump_canonical(made),
        "evaluation.parquet": tables.format_parquet(rows),
        "predictions.parquet": tables.format_parquet(predicted),
        "training-rows.parquet": tables.format_parquet(digests, ascending=["digest"]),
        "profile.json": profile.format_profile(reference),
    }
    evaluated = hashlib.sha256(files["evaluation.parquet"]).hexdigest()
    return files, {
        "signature": evaluation.signature(rows[inputs], pd.Series(said), shares, classes),
        "metrics": measured["metrics"],
        "data": [
            {"role": "training", "path": "train.parquet", "hash": key, "rows": len(train)},
            {"role": "evaluation", "path": "evaluation.parquet", "hash": f"sha256:{evaluated}", "rows": len(rows)},
        ],
    }


def write_registry(scratch: Scratch, **monitoring: Any) -> Scratch:
    """Add the model and both versions to a registry, each promoted to production."""
    scratch.add_model(MODEL, **identity(**monitoring))
    scratch.commit("Describe the model")
    parent = None
    for version, inputs in INPUTS.items():
        files, record = _version(inputs)
        scratch.register(MODEL, version, contents=files, parent=parent, **record)
        scratch.promote(MODEL, version)
        parent = version
    return scratch


# -- traffic -------------------------------------------------------------------------------------------------------


def as_it_is(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def mixed_up(rows: pd.DataFrame) -> pd.DataFrame:
    """A join upstream gives each row the `worst area` of another one."""
    other = both_tables()[1]["worst area"].sample(len(rows), random_state=len(rows) + int(rows["row"].iloc[0]))
    return rows.assign(**{"worst area": other.to_numpy()})


def requests_of(day: int) -> list[tuple[str, pd.DataFrame]]:
    """Every row of the evaluation once a day, in an order of the day's own, as requests with their ids."""
    rows = both_tables()[1]
    order = np.random.default_rng(day).permutation(len(rows))
    parts = [order[start : start + ROWS_OF_A_REQUEST] for start in range(0, len(order), ROWS_OF_A_REQUEST)]
    return [(f"d{day}-{number}", rows.iloc[part].reset_index(drop=True)) for number, part in enumerate(parts)]


def write_log(root: Path, folder: Path, first: datetime, days: Sequence[Change], version: str = "1.1.0") -> Path:
    """A log of days that follow each other, each with what happens to its rows: the real journal of the real version."""
    with answering(root, f"{MODEL}@{version}") as served:
        written = journal(folder)
        for day, change in enumerate(days):
            for number, (name, rows) in enumerate(requests_of(day)):
                moment = first + timedelta(days=day, minutes=30 * number + 1)
                written.record(decision(served, name, change(rows), moment))
            assert written.flush()
    return folder


@contextmanager
def answering(root: Path, reference: str) -> Iterator[ServedVersion]:
    """A version as a server has it."""
    registry = ClonedRegistry(root)
    loaded, record = load_model(registry, reference), registry.resolve(reference)
    with ThreadPoolExecutor(1) as executor:
        yield ServedVersion(loaded, record, commit="c" * 40, executor=executor, waiting=10_000)


def decision(served: ServedVersion, name: str, rows: pd.DataFrame, moment: datetime) -> Decision:
    """What a version answers to rows, as the server tells of it."""
    bound = served.binding.from_columns({column: rows[column].to_numpy() for column in served.signature.inputs})
    (answer,) = served.predict([Asked(bound, bool(served.signature.classes))])
    return Decision(id=name, time=moment.timestamp(), model=served.record.model, channel="production", version=served, rows=bound,
                    answer=answer, seconds=0.01, status=200)  # fmt: skip


def write_labels(path: Path, days: int) -> Path:
    """The truth of every row of some days."""
    parts = [
        rows[[TARGET]].assign(id=name, row=range(len(rows))) for day in range(days) for name, rows in requests_of(day)
    ]
    pd.concat(parts, ignore_index=True).to_csv(path, index=False)
    return path


def days_ago(days: int) -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
