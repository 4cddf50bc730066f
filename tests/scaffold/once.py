"""Build what many tests only copy or look at once for all processes of a test run, and not once in each."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


class Once:
    """Folders that the processes of one run share; nobody changes what lies in them after it is built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the folder of this name, which `make` has filled, in this process or in another one.

        `make` gets the path of a folder that is not there yet. Where it fails, the next to ask tries again.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done, folder = self.folder / f"{name}.done", self.folder / name
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what a build left that failed
                make(folder)
                done.touch()
            return folder


def shared_folder(factory: pytest.TempPathFactory, config: pytest.Config) -> Path:
    """The folder that all processes of this run know: xdist gives each a temporary folder below the run's own."""
    base = factory.getbasetemp()
    return (base.parent if hasattr(config, "workerinput") else base) / "once"
