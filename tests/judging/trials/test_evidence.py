"""Tables of a proposal: what is read, and what is refused before it fills the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.artifacts.tables import read_table
from mintmark.core.question import Question
from mintmark.errors import MintmarkError
from mintmark.judging.trials.evidence import read_rows

NAME = "evaluation.parquet"


def _file(folder: Path, table: pa.Table, **options: Any) -> Path:
    path = folder / NAME
    pq.write_table(table, path, compression="zstd", **options)
    return path


@contextmanager
def _counted() -> Iterator[pa.MemoryPool]:
    """A pool that tells how much memory was taken from it."""
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pa.set_memory_pool(usual)


@pytest.mark.parametrize("store_schema", [True, False])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_one_long_text_over_and_over(tmp_path: Path, kind: pa.DataType, store_schema: bool) -> None:
    """A file of some hundred bytes that would take 20 GB."""
    long = pa.array([b"x" * 100_000]).cast(kind)
    column = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 200_000), long)
    path = _file(tmp_path, pa.table({"a": column}), store_schema=store_schema, dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < 10_000
    with _counted() as pool, pytest.raises(MintmarkError, match="more than can be judged"):
        read_table(path, NAME)
    assert 0 < pool.max_memory() < 1 << 30


def test_pages_that_together_unpack_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch has a page of every column, so they are counted before one is unpacked."""
    monkeypatch.setattr("mintmark.artifacts.tables._MOST_BYTES", 40_000_000)
    table = pa.table({f"c{number}": ["x" * 15_000_000] for number in range(4)})
    path = _file(tmp_path, table, use_dictionary=False, write_statistics=False)
    assert path.stat().st_size < 100_000
    with _counted() as pool, pytest.raises(MintmarkError, match=r"unpacks to .* more than can be judged"):
        read_table(path, NAME)
    assert pool.max_memory() < 1_000_000


@pytest.mark.slow
def test_many_columns_of_many_rows(tmp_path: Path) -> None:
    column = pa.repeat(pa.scalar(0.0), 1_000_000)
    path = _file(tmp_path, pa.table({f"c{number}": column for number in range(300)}))
    with pytest.raises(MintmarkError, match="more than can be judged"):
        read_table(path, NAME)


@pytest.mark.parametrize("value", [[1.0], {"a": 1}, [{"a": [1]}]])
def test_columns_of_lists_and_records(tmp_path: Path, value: object) -> None:
    with pytest.raises(MintmarkError, match='in the column "a"'):
        read_table(_file(tmp_path, pa.table({"a": [value] * 3})), NAME)


def test_an_honest_table_is_read_as_it_is(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": pa.array(["é", None, "b"] * 30_000),
            "kind": pa.array(["x", "y", "x"] * 30_000).dictionary_encode(),
            "number": pa.array([1.5, None, 2.0] * 30_000),
            "day": pa.array([1, 2, 3] * 30_000, pa.date32()),
            "yes": pa.array([True, False, None] * 30_000),
        }
    )
    path = _file(tmp_path, table)
    found, expected = read_table(path, NAME), pq.read_table(path).to_pandas(ignore_metadata=True)
    assert found.equals(expected)
    assert list(found.dtypes) == list(expected.dtypes)
    empty = read_table(_file(tmp_path, table.slice(0, 0)), NAME)
    assert list(empty.columns) == table.column_names


def test_entities_that_cannot_be_sorted(tmp_path: Path) -> None:
    question = Question.from_dict(
        {
            "name": "loans",
            "task": "binary-classification",
            "target": "paid",
            "metric": {"name": "accuracy", "goal": "maximize"},
            "entity_column": "who",
        }
    )
    for who, fits in (([1.0, None], True), (["a", "b"], True), (["a", None], False)):
        path = _file(tmp_path, pa.table({"paid": ["yes", "no"], "who": who}))
        if fits:
            assert len(read_rows(path, "0" * 64, question).table) == 2
            continue
        with pytest.raises(MintmarkError, match='names or numbers in "who"'):
            read_rows(path, "0" * 64, question)
