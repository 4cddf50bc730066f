"""A server that is killed at any moment: what it had for a second is there, once, and every file can be read."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.serving.log.logged import decision, journal, rows_of, version

_LOST = 1.0  # seconds


def _serve(folder: Path, served: Any, first: int, told: int) -> None:
    """Log a request every few milliseconds until the end, and tell when each was logged."""
    log = journal(folder, every=0.05, together=2)
    log.start()
    for number in range(first, first + 100_000):
        log.record(decision(served, str(number), [{"age": number}], time=time.time()))
        os.write(told, f"{number} {time.monotonic()}\n".encode())
        time.sleep(0.004)


def _kill_one(folder: Path, served: Any, first: int, after: float) -> tuple[int, int]:
    """Return the last number that was logged a second before the end, and all that was."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            _serve(folder, served, first, writes)
        finally:
            os._exit(1)
    os.close(writes)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    ended = time.monotonic()
    os.waitpid(child, 0)
    with os.fdopen(reads) as file:
        told = [line.split() for line in file.read().splitlines()]
    safe = [int(number) for number, moment in told if float(moment) < ended - _LOST]
    return max(safe, default=first - 1), max((int(number) for number, _ in told), default=first - 1)


def _try(folder: Path, times: int) -> None:
    served = version({"age": "int64"})
    moments = random.Random(14)
    first = 0
    must_be_there: set[int] = set()
    for _ in range(times):
        safe, last = _kill_one(folder, served, first, moments.uniform(0.05, 2.2))
        must_be_there |= set(range(first, safe + 1))
        first = last + 1
        for path in folder.glob("*/*/*/*.parquet"):
            pq.read_table(path)  # a broken one raises
    found = [int(number) for number in rows_of(folder)["id"]] if must_be_there else []
    assert len(found) == len(set(found)), "a row is there twice"
    assert must_be_there <= set(found)
    log = journal(folder, every=0.05, together=2)  # the next one takes over what is left
    log.start()
    end = time.monotonic() + 30
    while list(folder.glob("*/*/*/.*.tmp")) and time.monotonic() < end:
        time.sleep(0.05)
    assert log.stop() == 0
    assert not list(folder.glob("*/*/*/.*.tmp"))
    assert sorted(int(number) for number in rows_of(folder)["id"]) == sorted(found)


def test_what_was_logged_survives_a_kill(tmp_path: Path) -> None:
    _try(tmp_path, 2)


@pytest.mark.slow
def test_what_was_logged_survives_many_kills(tmp_path: Path) -> None:
    _try(tmp_path, 15)
