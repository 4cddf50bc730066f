"""Build pinned Go programs once, keep them in the user's cache, and skip a test where that cannot be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.scaffold.npm_packages import cache_folder

_LONGEST = 900  # seconds


def go_program(module: str, version: str) -> Path:
    """Return a program that Go builds from a module; Go holds what it downloads to its own checksum database."""
    name = [part for part in module.split("/") if not part[1:].isdecimal()][-1]
    kept = cache_folder() / f"{name}-{version}"
    if kept.exists():
        return kept
    if shutil.which("go") is None:
        pytest.skip(f"there is no Go to build {name} with")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        command, environment = ("go", "install", f"{module}@{version}"), {**os.environ, "GOBIN": folder}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=_LONGEST, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"Go did not build {name} within {_LONGEST // 60} minutes")
        if done.returncode:
            pytest.skip(f"Go could not build {name}: {done.stderr.strip()[-200:]}")
        Path(folder, name).replace(kept)
    return kept
