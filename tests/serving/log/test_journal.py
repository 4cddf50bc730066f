"""The queue of the log and the files that come out of it: what is counted, dropped, sampled, tried again and told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import fsspec
import pytest
from tests.serving.log.logged import NOW, decision, journal, rows_of, today, version

from mintmark.errors import MintmarkError
from mintmark.registry.logged.form import Tally, is_kept
from mintmark.registry.logged.reading import PredictionLog
from mintmark.serving.log.journal import Journal

INPUTS = {"age": "int64"}


@pytest.fixture(scope="module")
def served() -> Any:
    return version(INPUTS)


def counts_of(where: Path | str) -> dict[tuple[int, bool], Tally]:
    log = PredictionLog(str(where))
    found: Counter[tuple[int, bool]] = Counter()
    tallies: dict[tuple[int, bool], Tally] = {}
    for place in log.places():
        for what, tally in log.counts(place).items():
            key = (what.status, what.shadow)
            tallies[key] = tallies.get(key, Tally()) + tally
            found[key] += 1
    return tallies


def test_rows_are_by_model_version_and_day(tmp_path: Path, served: Any) -> None:
    log = journal(tmp_path)
    log.record(decision(served, "a", [{"age": 1}]))
    log.record(decision(served, "b", [{"age": 2}], time=NOW + 86400))
    log.record(decision(version(INPUTS, number="1.1.0"), "c", [{"age": 3}]))
    log.record(decision(None, "d", None, status=503, error="nothing is ready", version=None))
    assert log.flush()
    folders = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.glob("*/*/*/*.parquet")}
    assert folders == {
        "people/1.0.0/2027-01-15",
        "people/1.0.0/2027-01-16",
        "people/1.1.0/2027-01-15",
        "people/none/2027-01-15",
    }
    assert rows_of(tmp_path).set_index("id")["status"].to_dict() == {"a": 200, "b": 200, "c": 200, "d": 503}


def test_requests_that_failed_are_logged_without_inputs_where_they_were_not_bound(tmp_path: Path, served: Any) -> None:
    log = journal(tmp_path)
    log.record(decision(served, "a", None, status=400, error='there is no column "age"'))
    log.record(decision(served, "b", [{"age": 3}], answer=None, status=504, error="too slow"))
    log.record(decision(served, "c", []))
    assert log.flush()
    found = rows_of(tmp_path).set_index("id")
    assert found["error"].to_dict() == {"a": 'there is no column "age"', "b": "too slow"}
    assert found["prediction"].isna().all()
    assert found["row"].isna().to_dict() == {"a": True, "b": False}
    assert found.loc["b", "input_age"] == 3
    assert counts_of(tmp_path) == {
        (200, False): Tally(requests=1),
        (400, False): Tally(requests=1),
        (504, False): Tally(requests=1, rows=1, logged=1),
    }


def test_a_sample_keeps_pairs_together_and_counts_stay_whole(tmp_path: Path, served: Any) -> None:
    log = journal(tmp_path, sample=0.3)
    ids = [f"request {number}" for number in range(200)]
    for identity in ids:
        log.record(decision(served, identity, [{"age": 1}, {"age": 2}]))
        log.record(decision(served, identity, [{"age": 1}, {"age": 2}], shadow=True, channel="staging"))
    assert log.flush()
    found = rows_of(tmp_path)
    kept = [identity for identity in ids if is_kept(identity, 0.3)]
    assert 30 < len(kept) < 90
    for shadow in (False, True):
        side = found[found["shadow"] == shadow]
        assert side["id"].tolist() == [identity for identity in kept for _ in range(2)]
        assert counts_of(tmp_path)[200, shadow] == Tally(requests=200, rows=400, logged=2 * len(kept))


def test_a_sample_that_keeps_nothing_still_counts(tmp_path: Path, served: Any) -> None:
    left_out = next(str(number) for number in range(1000) if not is_kept(str(number), 0.1))
    log = journal(tmp_path, sample=0.1)
    log.record(decision(served, left_out, [{"age": 1}]))
    assert log.flush()
    assert rows_of(tmp_path).empty
    assert counts_of(tmp_path) == {(200, False): Tally(requests=1, rows=1)}


def test_the_queue_is_bounded_and_counts_what_it_drops(tmp_path: Path, served: Any) -> None:
    log = journal(tmp_path, room=10_000)
    for number in range(100):
        log.record(decision(served, str(number), [{"age": 1}], size=200))
    assert log.waiting == 10
    assert log.dropped == 90
    assert log.flush()
    assert rows_of(tmp_path)["id"].tolist() == [str(number) for number in range(10)]
    assert counts_of(tmp_path) == {(200, False): Tally(requests=100, rows=100, logged=10, dropped=90)}
    log.record(decision(served, "next", [{"age": 1}]))
    assert log.flush()
    assert "next" in rows_of(tmp_path)["id"].tolist()


def test_a_place_that_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    log = journal(tmp_path, tell=lambda event, **_: told.append(event), room=10_000)
    is_full = True

    def fsync(_: int) -> None:
        if is_full:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("mintmark.serving.log.storage.os.fsync", fsync)
    for number in range(3):
        log.record(decision(served, str(number), [{"age": 1}]))
        assert not log.flush()
    for number in range(100):
        log.record(decision(served, f"more {number}", [{"age": 1}]))
    assert told == ["log cannot be written"]
    assert log.failures == 3
    assert log.waiting < 20, "what waits is bounded"
    assert not list(tmp_path.glob("*/*/*/*")), "nothing is left of what could not be written"
    is_full = False
    assert log.flush()
    assert told == ["log cannot be written", "log is written again"]
    found = rows_of(tmp_path)["id"].tolist()
    assert found[:3] == ["0", "1", "2"]
    assert len(found) == len(set(found))
    assert sum(tally.requests for tally in counts_of(tmp_path).values()) == 103


def test_a_bucket_is_a_place_too(served: Any) -> None:
    where = "memory://bucket-of-a-test/log"
    try:
        log = journal(where, together=3)
        for number in range(7):
            log.record(decision(served, str(number), [{"age": number}], time=today()))
            assert log.flush()
        while log._merger.merge(time.strftime("%Y-%m-%d", time.gmtime())):
            pass
        assert sorted(rows_of(where)["id"]) == [str(number) for number in range(7)]
        (place,) = PredictionLog(where).places()
        assert len(fsspec.filesystem("memory").ls(f"/bucket-of-a-test/log/{place.path}")) == 1
        assert counts_of(where) == {(200, False): Tally(requests=7, rows=7, logged=7)}
    finally:
        fsspec.filesystem("memory").rm("/bucket-of-a-test", recursive=True)


def test_a_folder_that_nobody_may_write_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MintmarkError, match="no prediction log can be written"):
        journal(tmp_path / "file" / "log")


def test_what_is_queued_is_written_within_a_second_and_when_it_ends(tmp_path: Path, served: Any) -> None:
    log = journal(tmp_path, every=0.1)
    log.start()
    log.record(decision(served, "a", [{"age": 1}], time=today()))
    end = time.monotonic() + 30
    while not list(tmp_path.glob("*/*/*/*.parquet")) and time.monotonic() < end:
        time.sleep(0.02)
    assert rows_of(tmp_path)["id"].tolist() == ["a"]
    log.record(decision(served, "b", [{"age": 1}], time=today()))
    assert log.stop() == 0
    assert rows_of(tmp_path)["id"].tolist() == ["a", "b"]


def merge_all(log: Journal) -> None:
    while log._merger.merge(time.strftime("%Y-%m-%d", time.gmtime())):
        pass


def test_who_reads_while_files_are_merged_finds_each_row_once(tmp_path: Path, served: Any) -> None:
    log = journal(tmp_path, together=2)
    stopped = threading.Event()

    def merge() -> None:
        while not stopped.is_set():
            merge_all(log)

    thread = threading.Thread(target=merge)
    thread.start()
    try:
        for number in range(60):
            log.record(decision(served, str(number), [{"age": 1}], time=today()))
            assert log.flush()
            found = rows_of(tmp_path)["id"].tolist()
            assert sorted(map(int, found)) == list(range(number + 1))
    finally:
        stopped.set()
        thread.join()
    merge_all(log)
    assert len(list(tmp_path.glob("*/*/*/*.parquet"))) < 8
    assert counts_of(tmp_path) == {(200, False): Tally(requests=60, rows=60, logged=60)}


def test_files_of_days_that_are_over_become_one(tmp_path: Path, served: Any) -> None:
    log = journal(tmp_path)
    for number in range(5):
        log.record(decision(served, str(number), [{"age": 1}]))
        assert log.flush()
    while log._merger.merge("2027-01-16"):
        pass
    assert len(list(tmp_path.glob("*/*/*/*.parquet"))) == 1
    assert rows_of(tmp_path)["id"].tolist() == [str(number) for number in range(5)]


def test_rows_of_another_form_are_not_merged_with_these(tmp_path: Path, served: Any) -> None:
    personal: dict[str, Any] = {}
    log = journal(tmp_path, personal=lambda _: personal)
    for number in range(4):
        if number == 2:
            personal["age"] = "drop"
        log.record(decision(served, str(number), [{"age": number}]))
        assert log.flush()
    while log._merger.merge("2027-01-16"):
        pass
    found = rows_of(tmp_path).sort_values("id")
    assert found["id"].tolist() == ["0", "1", "2", "3"]
    assert found["input_age"].tolist()[:2] == [0, 1]
    assert found["input_age"].isna().tolist()[2:] == [True, True]
