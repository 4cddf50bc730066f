from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.registry.derived_cache import DerivedCache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mintmark"


def test_what_is_put_is_there_the_next_time(folder: Path) -> None:
    first = DerivedCache(folder, "f")
    first.put_many("a", {"k": "v", "l": "w"})
    first.put_many("b", {"k": "x"})
    first.close()
    second = DerivedCache(folder, "f")
    assert second.get_many("a", ["k", "l", "m"]) == {"k": "v", "l": "w"}
    assert second.get("b", "k") == "x"
    assert second.get("c", "k") is None


def test_another_fingerprint_forgets_everything(folder: Path) -> None:
    DerivedCache(folder, "old").put_many("a", {"k": "v"})
    assert DerivedCache(folder, "new").get("a", "k") is None
    assert DerivedCache(folder, "old").get("a", "k") is None
    with sqlite3.connect(folder / "cache.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM entry WHERE kind != 'fingerprint'").fetchone() == (0,)


def test_an_older_process_that_still_runs_leaves_its_values_to_nobody(folder: Path) -> None:
    old = DerivedCache(folder, "old")
    new = DerivedCache(folder, "new")
    old.put_many("a", {"k": "by old rules"})
    assert new.get("a", "k") is None
    new.put_many("a", {"k": "by new rules"})
    assert old.get("a", "k") == "by old rules"
    assert DerivedCache(folder, "new").get("a", "k") == "by new rules"


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_replaced(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "cache.sqlite").write_bytes(content)
    cache = DerivedCache(folder, "f")
    cache.put_many("a", {"k": "v"})
    assert DerivedCache(folder, "f").get("a", "k") == "v"


def test_a_table_of_another_shape_is_replaced(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "cache.sqlite") as connection:
        connection.execute("CREATE TABLE entry (x TEXT)")
    DerivedCache(folder, "f").put_many("a", {"k": "v"})
    assert DerivedCache(folder, "f").get("a", "k") == "v"


def test_a_file_that_is_damaged_in_the_middle_heals(folder: Path) -> None:
    cache = DerivedCache(folder, "f")
    cache.put_many("a", {f"k{n}": "v" * 500 for n in range(200)})
    cache.close()
    path = folder / "cache.sqlite"
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xee" * (len(content) - 12288)
    path.write_bytes(content)
    damaged = DerivedCache(folder, "f")
    values = {f"k{n}": "w" * 500 for n in range(200)}
    assert set(damaged.get_many("a", values).values()) <= {"v" * 500}
    damaged.close()
    DerivedCache(folder, "f").put_many("a", values)
    assert DerivedCache(folder, "f").get_many("a", values) == values


def test_where_nothing_can_be_written_it_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    cache = DerivedCache(tmp_path / "file", "f")
    cache.put_many("a", {"k": "v"})
    assert cache.get("a", "k") is None
    assert (tmp_path / "file").read_text() == "x"
    (tmp_path / "taken" / "cache.sqlite").mkdir(parents=True)
    assert DerivedCache(tmp_path / "taken", "f").get("a", "k") is None


def test_a_read_only_file_is_read(folder: Path) -> None:
    DerivedCache(folder, "f").put_many("a", {"k": "v"})
    (folder / "cache.sqlite").chmod(0o444)
    folder.chmod(0o555)
    try:
        cache = DerivedCache(folder, "f")
        assert cache.get("a", "k") == "v"
        cache.put_many("a", {"k2": "v"})
    finally:
        folder.chmod(0o755)


def test_a_locked_file_is_neither_waited_for_nor_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DerivedCache(folder, "f").put_many("a", {"k": "v"})
    before = (folder / "cache.sqlite").stat().st_ino
    holder = sqlite3.connect(folder / "cache.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("mintmark.registry.derived_cache._PATIENCE", 0)
    cache = DerivedCache(folder, "f")
    assert cache.get("a", "k") is None
    cache.put_many("a", {"k": "w"})
    holder.execute("ROLLBACK")
    monkeypatch.undo()
    assert DerivedCache(folder, "f").get("a", "k") == "v"
    assert (folder / "cache.sqlite").stat().st_ino == before


@pytest.mark.parametrize("before", [(), ("old",)])
@pytest.mark.parametrize("step", range(8))
def test_opening_keeps_what_a_quicker_process_has_put(
    folder: Path, monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...], step: int
) -> None:
    """Another process opens the same cache and writes just before one of the statements that opening takes."""
    for fingerprint in before:
        DerivedCache(folder, fingerprint).put_many("a", {"k": "by old rules"})
    monkeypatch.setattr("mintmark.registry.derived_cache._PATIENCE", 0)
    connect = sqlite3.connect
    statements: list[str] = []
    written: dict[str, str] = {}

    def be_quicker(statement: str) -> None:
        statements.append(statement)
        if len(statements) == step + 1:
            monkeypatch.setattr(sqlite3, "connect", connect)
            quicker = DerivedCache(folder, "f")
            quicker.put_many("a", {"k": "v"})
            written.update(quicker.get_many("a", ["k"]))

    def observed(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(be_quicker)
        return connection

    monkeypatch.setattr(sqlite3, "connect", observed)
    slower = DerivedCache(folder, "f")
    assert written == {"k": "v"} or step > 3  # after some steps the slower one holds the lock
    assert slower.get_many("a", ["k"]) == written
    assert DerivedCache(folder, "f").get_many("a", ["k"]) == written


def test_many_processes_at_once(folder: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom mintmark.registry import derived_cache\n"
        "derived_cache._PATIENCE = 240\n"  # a busy machine may hold up the one that writes for longer than a command waits
        "for n in range(40):\n"
        "    own = derived_cache.DerivedCache(Path(sys.argv[1]), 'f')\n"
        "    own.put_many('a', {f'{sys.argv[2]}-{n}': 'v' * 1000})\n"
        "    assert set(own.get_many('a', [f'{p}-{m}' for p in range(4) for m in range(40)]).values()) <= {'v' * 1000}\n"
    )
    processes = [subprocess.Popen((sys.executable, "-c", program, str(folder), str(n))) for n in range(4)]
    assert [process.wait(300) for process in processes] == [0, 0, 0, 0]
    keys = [f"{p}-{n}" for p in range(4) for n in range(40)]
    assert len(DerivedCache(folder, "f").get_many("a", keys)) == len(keys)


def test_more_keys_than_one_query_takes(folder: Path) -> None:
    values = {f"key {n}": str(n) for n in range(3000)}
    cache = DerivedCache(folder, "f")
    cache.put_many("a", values)
    assert cache.get_many("a", values) == values


@given(
    values=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_any_text_survives(values: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cache")
    DerivedCache(folder, "f").put_many("a", values)
    assert DerivedCache(folder, "f").get_many("a", values) == values


def test_a_closed_cache_holds_nothing(folder: Path) -> None:
    cache = DerivedCache(folder, "f")
    cache.close()
    cache.put_many("a", {"k": "v"})
    assert cache.get("a", "k") is None


def test_a_row_damaged_in_an_intact_file_is_read_as_absent(tmp_path: Path) -> None:
    cache = DerivedCache(tmp_path, "f")
    cache.put_many("kind", {"a": '["whole"]', "b": '["damaged"]'})
    cache.close()
    with sqlite3.connect(tmp_path / "cache.sqlite") as connection:
        connection.execute("UPDATE entry SET value = replace(value, 'damaged', 'dam')")
    assert DerivedCache(tmp_path, "f").get_many("kind", ["a", "b"]) == {"a": '["whole"]'}
