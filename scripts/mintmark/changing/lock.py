"""One writing command at a time in a repository. Reading commands need no lock."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError
from mintmark.registry.git import common_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def one_at_a_time(root: Path, command: str) -> Iterator[None]:
    """Hold the repository's lock while `command` writes; raise `MintmarkError` at once when another one holds it.

    The lock goes with the process, so a killed command leaves none behind. What such a command left half done in
    the work tree is undone here, before the next one begins.
    """
    from mintmark.changing.journal import undo_interrupted

    folder = common_folder(root) / "mintmark"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise MintmarkError(f"{folder / 'lock'}: cannot be written: {error.strerror}") from None
    try:
        _take(handle)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"mintmark {command}, process {os.getpid()}, {_now()}".encode(), 0)
        undo_interrupted(root)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 200, 0).decode("utf-8", "replace") or "another mintmark command"
        raise MintmarkError(f"{holder} is at work in this repository; wait until it is done and try again") from None


def _now() -> str:
    return f"since {datetime.now(UTC):%H:%M:%S} UTC"
