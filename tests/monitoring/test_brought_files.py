"""Rows that people bring in Parquet: few bytes may unpack to a great many, and that is told in one sentence."""

from __future__ import annotations

import io
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.monitoring.real_logs import MODEL, VERSION
from tests.monitoring.test_memory import LONG, bounded
from tests.serving.log.of_repository import ROOT

from mintmark.beginning.rows import read_rows
from mintmark.commands.measuring.row_files import read_batches
from mintmark.commands.monitoring.label_files import read_labels
from mintmark.errors import MintmarkError
from mintmark.monitoring.known_versions import KnownVersion, know_version
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.logged.brought import read_tables

ROWS = 2_000  # row by row 2 GB
MOST = 300_000_000


@pytest.fixture(scope="module")
def known() -> KnownVersion:
    return know_version(ClonedRegistry(ROOT), MODEL, VERSION)


def long_texts(rows: int = ROWS) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int32), pa.array([LONG]))


def write(file: Path, *, as_dictionary: bool = True, **columns: object) -> Path:
    ids = pa.array([f"d0-{number}" for number in range(ROWS)])
    table = pa.table({"id": ids, "diagnosis": ["benign"] * ROWS, **columns})
    pq.write_table(table, file, compression="zstd", store_schema=as_dictionary)
    assert file.stat().st_size < 100_000
    return file


@pytest.mark.parametrize(("name", "as_dictionary"), [("id", False), ("diagnosis", True)])
def test_labels_that_unpack_to_more_than_fits_are_refused(
    name: str, as_dictionary: bool, known: KnownVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintmark.registry.files.MOST_HELD", 100_000_000)
    file = write(tmp_path / "labels.parquet", as_dictionary=as_dictionary, **{name: long_texts()})
    said = r"labels\.parquet: its rows take over 0 GB of memory; keep the columns id, row and diagnosis, and the rows"
    with bounded(MOST), pytest.raises(MintmarkError, match=said):
        read_labels(str(file), known)


def test_what_labels_do_not_need_is_not_read(known: KnownVersion, tmp_path: Path) -> None:
    file = write(tmp_path / "labels.parquet", note=long_texts(), **{"worst area": long_texts()})
    with bounded(MOST):
        assert len(read_labels(str(file), known)) == ROWS


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "as_dictionary"), [("text", True), ("text", False), ("list", True), ("list", False), ("fixed", False)]
)
def test_rows_are_read_a_few_at_a_time(kind: str, as_dictionary: bool, tmp_path: Path) -> None:
    values = long_texts()
    if kind == "list":
        values = pa.ListArray.from_arrays(np.arange(ROWS + 1, dtype=np.int32), values)
    if kind == "fixed":
        fixed = pa.array([LONG[:500_000].encode()], pa.binary(500_000))
        values = pa.DictionaryArray.from_arrays(np.zeros(ROWS, dtype=np.int32), fixed)
    file = write(tmp_path / "rows.parquet", as_dictionary=as_dictionary, long=values)
    types = {"long": "string"} if kind == "text" else {}
    with bounded(800_000_000):
        assert sum(len(batch.as_types(types)) for batch in read_batches(file)) == ROWS


def test_rows_to_begin_with_are_measured_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.registry.files.MOST_HELD", 100_000_000)
    file = write(tmp_path / "rows.parquet", text=long_texts())
    with bounded(MOST), pytest.raises(MintmarkError, match=r"rows\.parquet: its rows take over 0 GB of memory; give a"):
        read_rows(str(file), file.read_bytes())


@pytest.mark.parametrize("group", [7, 1_000])
def test_every_kind_of_column_comes_out_as_it_was_written(group: int) -> None:
    texts = [None if number == 3 else f"s{number % 5}" for number in range(60)]
    pairs = [[("k", text)] for text in texts]
    table = pa.table(
        {
            "text": pa.array(texts),
            "large": pa.array(texts, pa.large_string()),
            "view": pa.array(texts, pa.string_view()),
            "category": pa.array(texts).dictionary_encode(),
            "bytes": pa.array([text and text.encode() for text in texts]),
            "fixed": pa.array([b"abcd"] * 60, pa.binary(4)),
            "list": pa.array([[text] if text else [] for text in texts]),
            "record": pa.array([{"a": text} if text else None for text in texts]),
            "map": pa.array(pairs, pa.map_(pa.string(), pa.string())),
            "whole": pa.array([None, *range(59)]),
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=group)
    file.seek(0)
    read = list(read_tables(file, "rows", rows=25))
    assert max(map(len, read)) <= 25
    assert pa.concat_tables(read).to_pylist() == table.to_pylist()


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"diagnosis": pa.array([["benign"]] * ROWS)}, r'column "diagnosis" holds lists or records; write texts'),
        ({"id": pa.array([b"\xff"] * ROWS).view(pa.string())}, r"is no Parquet file \(.*Invalid UTF8"),
    ],
)
def test_labels_that_are_none_are_refused(
    columns: dict[str, object], said: str, known: KnownVersion, tmp_path: Path
) -> None:
    with pytest.raises(MintmarkError, match=rf"labels\.parquet: {said}"):
        read_labels(str(write(tmp_path / "labels.parquet", **columns)), known)


def test_a_number_that_is_a_word_in_some_row_is_named(known: KnownVersion, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("id,row,diagnosis,worst area\na,0,benign,n/a?\nb,first,benign,5\n")
    with pytest.raises(MintmarkError, match=r'labels\.csv: column "row" holds values of several kinds; write all'):
        read_labels(str(file), known)


def test_a_file_at_an_address_is_named_as_it_is_there(known: KnownVersion) -> None:
    files = fsspec.filesystem("memory")
    for name, row in (("one/labels.csv", "first"), ("many/1.csv", "first")):
        files.pipe(f"/{name}", f"id,row,diagnosis\na,0,benign\nb,{row},benign\n".encode())
    for where in ("memory://one/labels.csv", "memory://many"):
        name = "memory://one/labels.csv" if "one" in where else "memory://many/1.csv"
        with pytest.raises(MintmarkError, match=rf'^{name}: column "row" holds values of several kinds'):
            read_labels(where, known)
