"""What a terminal shows while a command works: a bar that goes away, and nothing where nobody looks."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from types import SimpleNamespace

import pytest
from tests.scaffold.registry import Scratch

from mintmark.cli import main
from mintmark.commands import pull, reproduce, site, verify


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def is_cleared(terminal: Terminal) -> bool:
    return terminal.getvalue().endswith("\r") and not terminal.getvalue().rsplit("\r", 2)[-2].strip()


def test_bytes_that_come_are_counted_once_they_are_many() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), pull.show_progress() as on_bytes:
        assert on_bytes is not None
        on_bytes(pull._WORTH_A_BAR - 1)
        assert terminal.getvalue() == ""
        on_bytes(1)
        assert "10.0MB" in terminal.getvalue()
    assert is_cleared(terminal)


def test_stages_that_run_again_are_named() -> None:
    terminal = Terminal()
    record = SimpleNamespace(stages={"prepare@iris": None, "train@iris": None}, document={"stages": {1: 1, 2: 2}})
    with redirect_stderr(terminal), reproduce._progress(record) as on_stage:  # type: ignore[arg-type]
        assert on_stage is not None
        assert "cloning" in terminal.getvalue()
        on_stage("prepare@iris")
    assert is_cleared(terminal)


def test_models_that_are_written_are_counted() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), site._progress() as on_model:
        assert on_model is not None
        on_model(3, 10)
    assert is_cleared(terminal)


def test_files_that_are_verified_are_counted() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), verify._progress(2) as advance:
        advance()
        assert "verifying" in terminal.getvalue()
    assert is_cleared(terminal)


def test_a_command_on_a_terminal_works_as_elsewhere(scratch: Scratch) -> None:
    terminal = Terminal()
    with redirect_stderr(terminal):
        assert main(["-C", str(scratch.root), "verify"]) == 0
    assert "verifying" in terminal.getvalue()


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with pull.show_progress() as on_bytes, site._progress() as on_model, verify._progress(2) as advance:
        assert on_bytes is None
        assert on_model is None
        advance()
    assert capsys.readouterr().err == ""
