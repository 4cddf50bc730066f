"""Packages in environments of their own, outside this checkout: what a test holds our answers against, and no user has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.scaffold.npm_packages import cache_folder

if TYPE_CHECKING:
    from pathlib import Path


def environment_with(*packages: str, name: str) -> Path:
    """Return the folder of programs of an environment with these packages, made once; skip where they are not to be had."""
    folder = cache_folder() / "python" / name
    done = folder / "complete"
    if not done.exists():
        uv = shutil.which("uv", path=f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}")
        if uv is None:
            pytest.skip("uv, which makes the environment, is not here; make setup brings it")
        subprocess.run((sys.executable, "-m", "venv", "--without-pip", folder), check=True)
        install = (uv, "pip", "install", "--quiet", "--python", folder / "bin/python", *packages)
        made = subprocess.run(install, capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"{name} cannot be set up: {made.stderr[-400:]}")
        done.touch()
    return folder / "bin"
