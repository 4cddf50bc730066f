"""Memory is bounded whatever the log holds: a text that is small in its file stays small."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.serving.log.logged import NOW, decision, journal, version

from mintmark.commands.monitoring.logged_rows import Wanted, read_logged_rows
from mintmark.core.question import Condition, Slice
from mintmark.errors import MintmarkError
from mintmark.monitoring.column_counts import ColumnCounts
from mintmark.monitoring.counting import Plan
from mintmark.monitoring.documents import Window
from mintmark.monitoring.groups import Group, Span
from mintmark.monitoring.labels import know_labels
from mintmark.monitoring.reference_columns import ReferenceColumn, ReferenceProfile
from mintmark.monitoring.scanning import Scanned, scan
from mintmark.registry.logged.reading import PredictionLog

LONG = "x" * 1_000_000
ROWS = 5_000  # row by row 5 GB
DAY = datetime.fromtimestamp(NOW, UTC).replace(hour=0, minute=0, second=0)
TEXT = ReferenceColumn(name="text", kind="category", rows=50, levels=("a",), levelled=(50, 0), singles=0)


def write_long_texts(folder: Path, *, lost: bool = True) -> None:
    """A file of the journal, with one row many times over, each with a long text wherever a text can be."""
    written = journal(folder)
    written.record(decision(version({"text": "str"}), "r0", [{"text": "a"}]))
    assert written.flush()
    (file,) = folder.rglob("*.parquet")
    table = pq.read_table(file)
    rows = table.take(np.zeros(ROWS, dtype=np.int64))
    long = pa.DictionaryArray.from_arrays(np.zeros(ROWS, dtype=np.int32), pa.array([LONG]))
    changed = {
        "id": pa.array([f"r{number}" for number in range(ROWS)]),
        "input_text": long,
        "error": long,
    }
    if lost:
        changed["lost"] = pa.ListArray.from_arrays(np.arange(ROWS + 1, dtype=np.int32), long)
    for name, values in changed.items():
        rows = rows.set_column(rows.column_names.index(name), name, values)
    pq.write_table(rows.replace_schema_metadata(table.schema.metadata), file, compression="zstd")
    assert file.stat().st_size < 1_000_000


def test_a_long_text_in_every_row_is_held_once(tmp_path: Path) -> None:
    write_long_texts(tmp_path)
    labels = know_labels(pa.table({"text": ["a", LONG], "target": ["odd", "odd"]}), "target", ("text",), None,
                         {"input_text": pa.string()}, where="labels")  # fmt: skip
    plan = Plan(
        model="people",
        version="1.0.0",
        inputs={"text": "str"},
        profile=ReferenceProfile(inputs={"text": TEXT}, probabilities={}),
        classes=("even", "odd"),
        positive=1,
        slices=(Slice(name="long", where=Condition(column="text", equals=LONG)),),
        labels=labels.index,
        entity="text",
    )
    window = Window(start=DAY, end=DAY + timedelta(days=1), span="1d", is_over=True)
    log = PredictionLog(str(tmp_path))
    pool, before = pa.proxy_memory_pool(pa.default_memory_pool()), pa.default_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        found = scan(log, log.places(), plan, Span(windows=(window,), channels=frozenset({"production"})))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)
    check_counts(found)
    assert pool.max_memory() < 100_000_000
    assert peak < 100_000_000


def test_rows_whose_texts_are_too_long_are_not_asked_again(tmp_path: Path) -> None:
    write_long_texts(tmp_path, lost=False)
    window = Window(start=DAY, end=DAY + timedelta(days=1), span="1d", is_over=True)
    record: Any = SimpleNamespace(
        model="people", version="1.0.0", reference="people@1.0.0", artifact=SimpleNamespace(sha256="a" * 64)
    )
    wanted = Wanted(record=record, channel="production", windows=[window], rows=ROWS)
    with pytest.raises(MintmarkError, match=r"people@1\.0\.0 in the log have 5,000 MB of text, too much"):
        read_logged_rows(PredictionLog(str(tmp_path)), wanted)


def check_counts(found: Scanned) -> None:
    assert (found.faults, found.notes) == ([], [])
    counts = found.rows[Group("production", False, 0)]
    text: ColumnCounts = counts.columns["text"]
    assert (counts.rows, text.unseen_rows, text.lost) == (ROWS, ROWS, 0)
    assert text.unseen.counts == {LONG[:199] + "…": ROWS}
    assert counts.slices["long"].rows == ROWS
    assert [len(places) for places in counts.labelled.places] == [ROWS]
