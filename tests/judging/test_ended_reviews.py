"""A review that cannot go on is a failed one: exit code 1, and every report says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.registry import Scratch
from tests.scaffold.warm import Result

from mintmark.commands import review as command
from mintmark.judging import judge


def _review(registry: Scratch, folder: Path, base: str = "main", head: str = "better") -> Result:
    """Review with reports of an earlier review in the folder, which said that all is well."""
    folder.mkdir()
    for name in command._REPORTS:
        (folder / name).write_text("earlier")
    return registry.run("review", "--base", base, "--head", head, "--author", "ada", "--report-dir", str(folder))


def _assert_told(done: Result, folder: Path, says: str) -> None:
    assert done.code == 1, done.text
    for name in command._REPORTS:
        assert says in (folder / name).read_text().replace("\\", ""), name
    assert '"verdict": "fail"' in (folder / "report.json").read_text()


def test_histories_with_nothing_in_common(judged: Scratch, tmp_path: Path) -> None:
    judged.git("switch", "--quiet", "--orphan", "other")
    judged.git("commit", "--quiet", "--allow-empty", "-m", "other")
    _assert_told(_review(judged, tmp_path / "reports", head="other"), tmp_path / "reports", "no commit in common")


def test_a_revision_that_names_no_commit(judged: Scratch, tmp_path: Path) -> None:
    _assert_told(_review(judged, tmp_path / "base", base="nothing"), tmp_path / "base", "names no commit")
    _assert_told(_review(judged, tmp_path / "head", head="nothing"), tmp_path / "head", "names no commit")


def test_a_config_of_the_base_that_cannot_be_read(judged: Scratch, tmp_path: Path) -> None:
    judged.git("switch", "--quiet", "main")
    judged.write(".dvc/config", "[core\nremote = x\n")
    judged.commit()
    judged.branch("change")
    judged.write("models/loans/channels/production.yaml", "version: 1.0.0 \n")
    judged.commit()
    _assert_told(_review(judged, tmp_path / "reports", head="change"), tmp_path / "reports", "is not a DVC config")


@pytest.mark.parametrize("fault", [KeyError("x"), RecursionError(), BrokenPipeError(), SystemExit(0), UnicodeError()])
def test_a_bug(judged: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    def raise_it(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(judge, "validate_change", raise_it)
    done = _review(judged, tmp_path / "reports")
    _assert_told(done, tmp_path / "reports", type(fault).__name__)
    assert "please report it" in done.out
    assert "Traceback" in done.err


@pytest.mark.slow
def test_a_report_that_cannot_be_made(judged: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[[Any, str], str] = command._format
    calls: list[str] = []

    def once(found: Any, style: str) -> str:
        calls.append(style)
        if len(calls) == 1:
            raise ValueError("no such character")
        return real(found, style)

    monkeypatch.setattr(command, "_format", once)
    _assert_told(_review(judged, tmp_path / "reports"), tmp_path / "reports", "no such character")


def test_a_judge_of_the_base_that_dies_without_a_word(
    judged: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_judge_elsewhere", lambda *_: -9)
    _assert_told(_review(judged, tmp_path / "reports"), tmp_path / "reports", "ended with exit code -9")


@pytest.mark.slow
def test_a_reader_that_goes_away_changes_no_verdict(judged: Scratch) -> None:
    command_line = (sys.executable, "-m", "mintmark.cli", "-C", str(judged.root), "review", "--base", "nothing",
                    "--head", "main")  # fmt: skip
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as closed:
        done = subprocess.run(command_line, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
