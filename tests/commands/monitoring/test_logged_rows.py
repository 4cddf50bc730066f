"""Rows of the log that are asked again: to which entity each belongs, as the log says it or else the labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from tests.serving.log.logged import NOW, decision, journal, version

from mintmark.commands.monitoring.logged_rows import LoggedRows, Wanted, read_logged_rows
from mintmark.monitoring.documents import Window
from mintmark.monitoring.labels import know_labels
from mintmark.registry.logged.reading import PredictionLog

DAY = datetime.fromtimestamp(NOW, UTC).replace(hour=0, minute=0, second=0)
PATIENTS = ["a", "a", None, "b"]


def read(folder: Path, *, inputs: dict[str, str], personal: dict[str, Any], labelled: dict[str, Any]) -> LoggedRows:
    written = journal(folder, personal=lambda _: personal, key=b"k" * 32)
    rows = [{"x": float(row), "patient": patient} for row, patient in enumerate(PATIENTS)]
    asked = [{name: value for name, value in row.items() if name in inputs} for row in rows]
    written.record(decision(version(inputs), "r0", asked))
    assert written.flush()
    table = pa.table({"id": ["r0"] * 4, "row": range(4), "left": ["odd"] * 4, **labelled})
    labels = know_labels(table, "left", ("id", "row"), None, {"id": pa.string(), "row": pa.int64()}, entity="patient",
                         where="labels")  # fmt: skip
    record: Any = SimpleNamespace(
        model="people", version="1.0.0", reference="people@1.0.0", artifact=SimpleNamespace(sha256="a" * 64)
    )
    window = Window(start=DAY, end=DAY + timedelta(days=1), span="1d", is_over=True)
    wanted = Wanted(record=record, channel="production", windows=[window], rows=4, entity="patient", labels=labels)
    return read_logged_rows(PredictionLog(str(folder)), wanted)


BOTH, ONE = {"x": "float64", "patient": "str"}, {"x": "float64"}


@pytest.mark.parametrize(
    ("inputs", "personal", "labelled", "expected", "are_hashed"),
    [
        (BOTH, {}, {"patient": ["z"] * 4}, ["a", "a", "row 2", "b"], False),
        (ONE, {}, {"patient": [7, 7, None, 8]}, ["7", "7", "row 2", "8"], False),
        (ONE, {}, {"patient": [7, 7, 9, 8]}, [7, 7, 9, 8], False),
        (BOTH, {"patient": "hash"}, {"patient": ["u", "u", "v", "w"]}, ["u", "u", "v", "w"], False),
        (ONE, {}, {}, None, False),
    ],
    ids=["the log first", "else the labels", "numbers stay numbers", "labels before a hash", "nobody says it"],
)
def test_the_entity_of_each_row(
    tmp_path: Path, inputs: Any, personal: Any, labelled: Any, expected: list[Any] | None, are_hashed: bool
) -> None:
    found = read(tmp_path, inputs=inputs, personal=personal, labelled=labelled)
    assert (found.entities, found.are_hashed) == (expected, are_hashed)


def test_a_hash_says_which_rows_belong_together_and_not_whom_a_version_has_seen(tmp_path: Path) -> None:
    found = read(tmp_path, inputs=BOTH, personal={"patient": "hash"}, labelled={})
    assert found.entities is not None
    assert (found.are_hashed, len(set(found.entities)), found.entities[0] == found.entities[1]) == (True, 3, True)
