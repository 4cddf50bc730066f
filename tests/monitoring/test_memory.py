"""Memory is bounded whatever the log holds: a text that is small in its file stays small."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
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
from mintmark.registry.logged.decisions import find_decisions
from mintmark.registry.logged.folded import unfolded
from mintmark.registry.logged.reading import PredictionLog

LONG = "x" * 1_000_000
ROWS = 5_000  # row by row 5 GB
POOLS: list[Any] = []  # which stay as long as what they gave
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
    with bounded(100_000_000):
        found = scan(log, log.places(), plan, Span(windows=(window,), channels=frozenset({"production"})))
    check_counts(found)


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """Let neither Arrow nor Python hold more bytes at any time."""
    pool, before = pa.proxy_memory_pool(pa.default_memory_pool()), pa.default_memory_pool()
    POOLS.append(pool)
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)
    assert pool.max_memory() < most
    assert peak < most


def test_one_decision_among_rows_with_long_texts_is_found(tmp_path: Path) -> None:
    """`mintmark replay` wants one row of 5 GB."""
    write_long_texts(tmp_path)
    log = PredictionLog(str(tmp_path))
    with bounded(100_000_000):
        (found,) = find_decisions(log, "r7")
    assert (found.inputs["text"].tolist(), found.error, found.lost) == ([LONG], LONG, (LONG,))
    (place,) = log.places()
    with bounded(100_000_000):
        (part,) = log.read(place)
    assert part.rows.num_rows == ROWS
    with pytest.raises(MintmarkError, match=r"the rows have 15,000 MB of text, more than the 500 MB that are read"):
        unfolded(part.rows, "the rows")


def write_plain_texts(folder: Path, texts: list[str], **how: Any) -> Path:
    """A file of the journal with texts row by row, as no dictionary."""
    write_long_texts(folder)
    (file,) = folder.rglob("*.parquet")
    table = pq.read_table(file, read_dictionary=["error"]).slice(0, len(texts))
    for name in ("lost", "error"):
        place = table.column_names.index(name)
        table = table.set_column(
            place, name, pa.nulls(len(texts), pa.list_(pa.string()) if name == "lost" else pa.string())
        )
    place = table.column_names.index("input_text")
    table = table.set_column(place, "input_text", pa.array(texts))
    pq.write_table(table, file, compression="zstd", use_dictionary=False, **how)
    assert file.stat().st_size < 1_000_000
    return file


@pytest.mark.slow
def test_rows_that_are_much_longer_than_the_others_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    """Their size is that of the page they are in: on average these rows are short."""
    write_plain_texts(tmp_path, ["a"] * 4_000 + [LONG] * 500, write_batch_size=16)
    with bounded(400_000_000):
        assert [each.is_whole for each in find_decisions(PredictionLog(str(tmp_path)), "r4100")] == [True]


def varint(number: int, length: int = 0) -> bytes:
    """A number as the end of a file has it, in so many bytes."""
    number, found = number * 2, bytearray()
    while number or len(found) < length or not found:
        found.append(number & 127 | 128)
        number >>= 7
    found[-1] &= 127
    return bytes(found)


@pytest.mark.parametrize("lie", ["a page", "the end"])
def test_a_file_that_becomes_larger_than_it_says_is_named_and_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    """A few kilobytes that unpack to 150 MB, in one page, or in many of which the end of the file says nothing."""
    monkeypatch.setattr("mintmark.artifacts.parquet_pages.MOST_BYTES", 100_000_000)
    file = write_plain_texts(tmp_path, [LONG] * 150, write_batch_size=1024 if lie == "a page" else 16)
    if lie == "the end":
        names = pq.read_metadata(file).schema.names
        honest = pq.read_metadata(file).row_group(0).column(names.index("input_text")).total_uncompressed_size
        body, end = file.read_bytes()[:-8], file.read_bytes()[-8:]
        start = len(body) - int.from_bytes(end[:4], "little")
        said = varint(honest)
        assert body.count(said, start) == 1
        file.write_bytes(body[:start] + body[start:].replace(said, varint(1000, len(said))) + end)
    log = PredictionLog(str(tmp_path))
    with (
        bounded(100_000_000),
        pytest.raises(MintmarkError, match=r"\.parquet: holds what no server writes \(") as raised,
    ):
        find_decisions(log, "r7")
    assert str(raised.value).startswith(str(file))
    plan = Plan(model="people", version="1.0.0", inputs={"text": "str"}, classes=("even", "odd"), positive=1,
                profile=ReferenceProfile(inputs={"text": TEXT}, probabilities={}))  # fmt: skip
    window = Window(start=DAY, end=DAY + timedelta(days=1), span="1d", is_over=True)
    with bounded(100_000_000):
        found = scan(log, log.places(), plan, Span(windows=(window,), channels=frozenset({"production"})))
    assert len(found.faults) == 1
    assert found.faults[0].startswith(f"{file}: holds what no server writes (")


def test_rows_whose_texts_are_too_long_are_not_asked_again(tmp_path: Path) -> None:
    write_long_texts(tmp_path, lost=False)
    window = Window(start=DAY, end=DAY + timedelta(days=1), span="1d", is_over=True)
    record: Any = SimpleNamespace(
        model="people", version="1.0.0", reference="people@1.0.0", artifact=SimpleNamespace(sha256="a" * 64)
    )
    wanted = Wanted(record=record, channel="production", windows=[window], rows=ROWS)
    with pytest.raises(MintmarkError, match=r"people@1\.0\.0 in the log have 5,000 MB of text, more"):
        read_logged_rows(PredictionLog(str(tmp_path)), wanted)


def check_counts(found: Scanned) -> None:
    assert (found.faults, found.notes) == ([], [])
    counts = found.rows[Group("production", False, 0)]
    text: ColumnCounts = counts.columns["text"]
    assert (counts.rows, text.unseen_rows, text.lost) == (ROWS, ROWS, 0)
    assert text.unseen.counts == {LONG[:199] + "…": ROWS}
    assert counts.slices["long"].rows == ROWS
    assert [len(places) for places in counts.labelled.places] == [ROWS]


def test_a_file_without_a_column_that_every_server_writes_is_named(tmp_path: Path) -> None:
    write_long_texts(tmp_path, lost=False)
    (file,) = tmp_path.rglob("*.parquet")
    table = pq.read_table(file, read_dictionary=["input_text", "error"])
    pq.write_table(table.drop_columns("error"), file)
    with pytest.raises(MintmarkError, match=r"\.parquet: has no column error$"):
        find_decisions(PredictionLog(str(tmp_path)), "r7")
