"""Fetch pinned releases of npm packages once, keep them in the user's cache, and skip a test where that cannot be done."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest


def cache_folder() -> Path:
    """Where what tests fetch once is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mintmark-tests"


def npm_file(package: str, version: str, member: str, sha256: str, scratch: Path) -> Path:
    """Return one file of a release of an npm package, fetched once, kept, and held to its sha256."""
    kept = cache_folder() / f"{package}-{version}-{Path(member).name}"
    if not kept.is_file() or hashlib.sha256(kept.read_bytes()).hexdigest() != sha256:
        content = _npm_pack(package, version, member, scratch)
        assert hashlib.sha256(content).hexdigest() == sha256
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(content)
        part.replace(kept)
    return kept


def _npm_pack(package: str, version: str, member: str, folder: Path) -> bytes:
    run_npm("pack", f"{package}@{version}", "--silent", "--pack-destination", str(folder), folder=folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        found = archive.extractfile(f"package/{member}")
        assert found is not None
        return found.read()


def npm_program(package: str, pins: Path) -> Path:
    """Return a program of a package, installed once with all that it needs as the lock file in `pins` has it."""
    version = json.loads((pins / "package.json").read_text())["dependencies"][package]
    kept = cache_folder() / f"{package}-{version}"
    program = kept / "node_modules" / ".bin" / package
    if not program.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as name:
            folder = Path(name, package)
            shutil.copytree(pins, folder)
            run_npm("ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund", folder=folder)
            with contextlib.suppress(OSError):  # another test may have put it there in the meantime
                folder.rename(kept)
    return program


def run_npm(*arguments: str, folder: Path) -> None:
    """Run npm, or skip the test that needs what it would have fetched."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to fetch it with")
    try:
        done = subprocess.run(("npm", *arguments), cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer within three minutes")
    if done.returncode:
        pytest.skip(f"npm could not {arguments[0]}: {done.stderr.strip()[-200:]}")
