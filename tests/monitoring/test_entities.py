"""Rows of one entity belong together: told by the log, else by the labels, else it is said that nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.monitoring.example_documents import a_day
from tests.monitoring.real_logs import DAY, as_it_is, labels_of, watch_folder, write_log
from tests.monitoring.test_performance import NO_PROFILE, known, model

from mintmark.commands.monitoring.label_files import read_labels
from mintmark.commands.monitoring.window_report import format_watched
from mintmark.monitoring.counting import Plan, RowCounts, count_rows
from mintmark.monitoring.known_versions import KnownVersion, know_version
from mintmark.monitoring.labels import KnownLabels, know_labels
from mintmark.monitoring.window_labels import LabelledRows, WindowLabels
from mintmark.registry.logged.form import INPUT
from mintmark.registry.schemas import accepts

ROWS = 8
PATIENTS = ["a", "a", "a", "b", "b", "c", "c", "c"]


def logged(**columns: Any) -> pa.RecordBatch:
    """Rows of one request each, all answered."""
    return pa.RecordBatch.from_pydict(
        {
            "id": [f"r{number}" for number in range(ROWS)],
            "row": [0] * ROWS,
            "status": pa.array([200] * ROWS, pa.int32()),
            "latency": [0.1] * ROWS,
            "lost": pa.nulls(ROWS, pa.list_(pa.string())),
            "prediction": ["yes"] * ROWS,
            **columns,
        }
    )


def labels(**columns: Any) -> KnownLabels:
    table = pa.table({"id": [f"r{number}" for number in range(ROWS)], "left": ["yes"] * ROWS, **columns})
    return know_labels(table, "left", ("id",), None, {"id": pa.string()}, entity="patient", where="labels.csv")


def found(rows: list[pa.RecordBatch], given: KnownLabels, entity: str | None = "patient") -> LabelledRows:
    plan = Plan(model="m", version="1.0.0", inputs={"patient": "str"}, profile=NO_PROFILE, classes=("no", "yes"),
                positive=1, labels=given.index, entity=entity)  # fmt: skip
    counts = RowCounts()
    for part in rows:
        counts.add(count_rows(part, plan))
    window = WindowLabels(known=given, places=np.empty(0, dtype=np.int64), window=a_day(), delay=timedelta(0), now=DAY)
    version = known(described=replace(model(), entity_column=entity))
    return window.rows(counts.labelled, version)


def sizes(rows: LabelledRows) -> list[int]:
    assert rows.clusters is not None
    return sorted(np.bincount(rows.clusters).tolist())


def test_the_log_says_which_rows_are_of_one_entity() -> None:
    rows = found([logged(**{f"{INPUT}patient": PATIENTS})], labels())
    assert (sizes(rows), rows.assumption) == ([2, 3, 3], "")
    in_parts = [logged(**{f"{INPUT}patient": PATIENTS}).slice(0, 4), logged(**{f"{INPUT}patient": PATIENTS}).slice(4)]
    assert sizes(found(in_parts, labels())) == [2, 3, 3], "wherever they are"


def test_else_the_labels_say_it() -> None:
    rows = found([logged()], labels(patient=PATIENTS))
    assert (sizes(rows), rows.assumption) == ([2, 3, 3], "")
    assert sizes(found([logged(**{f"{INPUT}patient": ["x"] * ROWS})], labels(patient=PATIENTS))) == [8], "the log first"


def test_rows_of_which_nobody_knows_are_said_to_be_taken_for_their_own() -> None:
    rows = found([logged(**{f"{INPUT}patient": [*PATIENTS[:6], None, None]})], labels())
    assert sizes(rows) == [1, 1, 1, 2, 3]
    assert rows.assumption == '2 rows without "patient" were each taken for an entity of its own'
    nobody = found([logged()], labels())
    assert nobody.clusters is None
    assert nobody.assumption == 'rows were taken as independent, for neither the log nor the labels hold "patient"'
    assert (found([logged()], labels(), None).clusters, found([logged()], labels(), None).assumption) == (None, "")


def test_a_file_without_probabilities_leaves_what_needs_none() -> None:
    """Two releases of a server: of some rows nobody knows the probabilities, and all of them have a prediction."""
    shares = {"probability_no": [0.2] * ROWS, "probability_yes": [0.8] * ROWS}
    rows = found([logged(**shares).slice(0, 5), logged().slice(5)], labels())
    assert (len(rows.outcomes), rows.outcomes.probabilities) == (ROWS, None)


def test_the_document_and_the_report_say_that_rows_were_taken_as_independent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of patients whose log never held the patient."""

    def described(registry: Any, name: str, version: str) -> KnownVersion:
        told = know_version(registry, name, version)
        return replace(told, model=replace(told.model, entity_column="patient"))

    monkeypatch.setattr("mintmark.monitoring.watching.know_version", described)
    log, file = write_log(tmp_path / "log", {0: as_it_is}), tmp_path / "labels.csv"
    labels_of([0]).drop(columns="day").to_csv(file, index=False)
    watched = watch_folder(log, days=1, read_labels=lambda version: read_labels(str(file), version))
    document = watched.documents[0]
    assert document.performance is not None
    said = 'rows were taken as independent, for neither the log nor the labels hold "patient"'
    assert (document.performance.entities, document.performance.assumption) == (None, said)
    assert accepts("monitoring", document.to_dict())
    assert f"With labels, {said}." in format_watched(watched)
    assert 'and that rows of one "patient" are independent' in format_watched(watched)
    labels_of([0]).drop(columns="day").assign(patient=lambda rows: rows["id"]).to_csv(file, index=False)
    watched = watch_folder(log, days=1, read_labels=lambda version: read_labels(str(file), version))
    performance = watched.documents[0].performance
    assert performance is not None
    assert (performance.entities, performance.assumption) == (20, "")
