"""A regression and ten classes, watched: real versions of this repository and their real answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.monitoring.real_logs import DAY
from tests.serving.log.logged import journal
from tests.serving.log.of_repository import ROOT

from mintmark.artifacts.tables import read_table
from mintmark.commands.monitoring.label_files import read_labels
from mintmark.core import layout
from mintmark.core.question import EVALUATION
from mintmark.monitoring.documents import WindowDocument
from mintmark.monitoring.watching import Watching, watch
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.logged.reading import PredictionLog
from mintmark.registry.stored.loading import open_artifact
from mintmark.serving.beside.decisions import Decision
from mintmark.serving.served_version import Question, ServedVersion

VERSION = "1.1.0"


def write(folder: Path, model: str, change: dict[str, float]) -> pd.DataFrame:
    """Write a log in which the evaluation rows were asked in one request, and return them with their truth."""
    registry = ClonedRegistry(ROOT)
    record = registry.record(model, VERSION)

    def fetched(name: str) -> Path:
        file = next(file for file in record.stored_files if file.name == name)
        return registry.store(record).fetch(file, pointer=layout.pointer_path(model, VERSION, name))

    artifact = open_artifact(record, fetched(record.artifact.name), registry.trusted_names)
    served = ServedVersion(artifact, record, commit="c" * 40, executor=ThreadPoolExecutor(1), waiting=10_000)
    rows = read_table(fetched(EVALUATION), EVALUATION).reset_index(drop=True)
    asked = rows.assign(**{name: rows[name] * factor for name, factor in change.items()})
    bound = served.binding.from_columns({name: asked[name].to_numpy() for name in served.signature.inputs})
    (answer,) = served.predict([Question(bound, bool(served.signature.classes))])
    written = journal(folder)
    written.record(Decision(id="r", time=DAY.timestamp() + 60, model=model, channel="production", version=served,
                            rows=bound, answer=answer, seconds=0.1, status=200))  # fmt: skip
    assert written.flush()
    return rows.assign(id="r", row=np.arange(len(rows)))


def found(folder: Path, model: str, labels: Path | None = None) -> WindowDocument:
    how = Watching(
        now=DAY + timedelta(days=2),
        span="1d",
        read_labels=None if labels is None else lambda version: read_labels(str(labels), version),
    )
    return watch(ClonedRegistry(ROOT), PredictionLog(str(folder)), [model], how).documents[0]


def test_a_regression_is_estimated_and_measured(tmp_path: Path) -> None:
    rows = write(tmp_path / "log", "diabetes-progression", {})
    rows[["id", "row", "progression"]].to_csv(tmp_path / "labels.csv", index=False)
    document = found(tmp_path / "log", "diabetes-progression", tmp_path / "labels.csv")
    assert document.estimate is not None
    assert document.performance is not None
    assert document.estimate.method == "dle"
    measured, estimated = document.performance.metrics["mae"], document.estimate.metrics["mae"]
    assert measured.registered is not None
    assert measured.value == pytest.approx(measured.registered.value)
    assert estimated.value == pytest.approx(measured.value, rel=1e-6), "the same rows have the same loss"
    assert (measured.worse, estimated.worse) == (False, False)
    assert document.outputs[0].kind == "number"
    assert document.performance.slices["older"].metrics["mae"].worse is False


@pytest.mark.slow
def test_ten_classes_and_slices_that_are_known_by_their_label_alone(tmp_path: Path) -> None:
    rows = write(tmp_path / "log", "digits", {})
    rows[["id", "row", "digit"]].to_parquet(tmp_path / "labels.parquet", index=False)
    document = found(tmp_path / "log", "digits", tmp_path / "labels.parquet")
    assert document.performance is not None
    assert document.estimate is not None
    measured = document.performance.metrics["accuracy"]
    assert measured.registered is not None
    assert measured.value == pytest.approx(measured.registered.value)
    assert len(document.outputs) == 11
    loops = document.performance.slices["with-loops"].metrics["accuracy"]
    assert loops.registered is not None
    assert loops.value == pytest.approx(loops.registered.value)
    assert document.estimate.slices["with-loops"].reason == "the log does not have its column"


@pytest.mark.slow
def test_grey_values_that_come_as_shares_are_named(tmp_path: Path) -> None:
    """0 to 16 becomes 0 to 1600: whole numbers of few values that nobody has seen."""
    write(tmp_path, "digits", {"pixel_4_4": 100.0})
    document = found(tmp_path, "digits")
    (finding,) = [each for each in document.findings if each.kind in ("unseen", "out-of-range")]
    assert finding.column == "pixel_4_4"
    assert "1600" in finding.words or "outside" in finding.words
