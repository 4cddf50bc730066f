"""A logged decision is shown again by the version that made it, or nothing is claimed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.serving.log.logged import journal
from tests.serving.log.of_repository import ROOT, answered, evaluation_rows

from mintmark.cli import main
from mintmark.registry.logged.form import is_kept
from mintmark.serving.served_version import Answer


def replay(identity: str, log: Path, *arguments: str) -> int:
    return main(["-C", str(ROOT), "replay", identity, str(log), *arguments])


def log_one(folder: Path, version: str = "1.2.0", **changed: Any) -> None:
    log = journal(folder)
    log.record(answered(version, "a", evaluation_rows().head(3), **changed))
    assert log.flush()


def test_the_same_answer_comes_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_one(tmp_path, version="1.1.0")
    assert replay("a", tmp_path) == 0
    out = capsys.readouterr().out
    assert "breast-cancer@1.1.0 in production" in out, "the version that decided, and not the one of now"
    assert "breast-cancer@1.1.0 says the same now of the logged inputs (3 rows)." in out


def test_another_answer_is_told_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    true = answered("1.2.0", "a", evaluation_rows().head(3)).answer
    assert true is not None
    assert true.probabilities is not None
    off = true.probabilities.copy()
    off[1] += 1e-4
    log_one(tmp_path, answer=Answer(true.predictions, off))
    assert replay("a", tmp_path, "--json") == 1
    (found,) = json.loads(capsys.readouterr().out)["decisions"]
    assert (found["outcome"], found["differing"]) == ("other", 1)
    assert found["now"]["predictions"] == found["logged"]["predictions"]


@pytest.mark.parametrize("treatment", ["drop", "hash"])
def test_a_personal_input_is_named_and_nothing_is_claimed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], treatment: Any
) -> None:
    log = journal(tmp_path, personal=lambda _: {"mean radius": treatment}, key=b"k" * 16)
    log.record(answered("1.2.0", "a", evaluation_rows().head(1)))
    assert log.flush()
    assert replay("a", tmp_path) == 42
    out = capsys.readouterr().out
    assert 'the log does not hold "mean radius" (personal, ' in out
    assert "the same now" not in out


def test_what_failed_has_no_answer_to_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_one(tmp_path, answer=None, status=504, error="too slow")
    assert replay("a", tmp_path) == 42
    assert "it was answered with an error (504: too slow)" in capsys.readouterr().out


def test_what_is_not_in_the_sample_is_said_to_be_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = journal(tmp_path, sample=0.5)
    inside, outside = (next(str(n) for n in range(99) if is_kept(str(n), 0.5) == kept) for kept in (True, False))
    log.record(answered("1.2.0", inside, evaluation_rows().head(1)))
    assert log.flush()
    assert replay(outside, tmp_path) == 42
    assert "the log keeps a sample" in capsys.readouterr().out


def test_another_file_under_the_same_number_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version: Any = answered("1.2.0", "a", evaluation_rows().head(1)).version
    log = journal(tmp_path)
    other: Any = answered("1.1.0", "a", evaluation_rows().head(1))
    other.version.version, number = "1.2.0", other.version.version
    try:
        log.record(other)
        assert log.flush()
    finally:
        other.version.version = number
    assert version.version == "1.2.0"
    assert replay("a", tmp_path) == 42
    assert "is another model than the one that answered" in capsys.readouterr().out


def test_an_id_that_nobody_knows_and_a_log_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_one(tmp_path)
    assert replay("b", tmp_path) == 42
    assert "no request of this id" in capsys.readouterr().out
    assert replay("b", tmp_path / "nothing") == 1
    assert "there is no prediction log" in capsys.readouterr().err
