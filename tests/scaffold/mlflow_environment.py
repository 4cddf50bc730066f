"""MLflow in environments of its own, outside this checkout: its own pins and ours do not go together."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.npm_packages import cache_folder

ROOT = Path(__file__).parents[2]
OLDEST, NEWEST = "2.22.5", "3.17.2"


def mlflow_programs(version: str, *, make: bool) -> Path:
    """Return the folder of programs of an environment with MLflow and this checkout; skip where there is none to have."""
    folder = cache_folder() / "mlflow" / version
    programs = folder / "bin"
    if not (programs / "mlflow").exists():
        if not make:
            pytest.skip(f"MLflow {version} is not in {folder}; make test-long puts it there")
        # An older MLflow takes any SQLAlchemy, and fails with what 2.1 no longer has.
        install(folder, f"mlflow=={version}", "sqlalchemy<2.1", f"{ROOT}[registry,onnx]")
    install(folder, "--no-deps", f"{ROOT}")  # another checkout may have been there before
    return programs


def install(folder: Path, *packages: str) -> None:
    """Put packages into an environment, the last of them as a checkout that is edited; skip where that cannot be."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv, which sets environments up, is not here; make setup brings it")
    if not (folder / "bin/python").exists():
        subprocess.run((sys.executable, "-m", "venv", "--without-pip", folder), check=True)
    install = (
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        folder / "bin/python",
        *packages[:-1],
        "--editable",
        packages[-1],
    )
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{folder} cannot be set up: {done.stderr[-400:]}")


def mlflow_settings(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a process that keeps what MLflow writes in a folder of the test."""
    # In files: an older MLflow does not go with the SQLAlchemy of today, and a newer one has to be told that we mean it.
    tracking = {"MLFLOW_TRACKING_URI": f"file://{folder}/runs", "MLFLOW_ALLOW_FILE_STORE": "true"}
    own = {**tracking, "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
    return {**os.environ, **own, **more}


def run_client(programs: Path, script: Path, folder: Path, *arguments: str, **more: str) -> Any:
    """Run a script with MLflow's Python and return the JSON of its last line."""
    command = (programs / "python", script, *arguments)
    environment = mlflow_settings(folder, **more)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def mlflow_process(folder: Path, health: str, *command: object) -> Iterator[None]:
    """Run one of MLflow's servers until the block ends, from when `health` answers on.

    It has a session of its own: an older MLflow dies without its workers, which would go on for ever.
    """
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=mlflow_settings(folder), stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(health, timeout=5)
                    break
                except OSError:
                    time.sleep(0.5)
                    assert process.poll() is None, (folder / "server.log").read_text()[-3000:]
            yield
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and all that it started; MLflow's newest may take minutes to end by itself on a busy machine."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
            return
