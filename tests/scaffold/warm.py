"""Run commands as processes whose imports are done: what a test sees is what `python -P -m MODULE` would give it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

SERVER = Path(__file__).with_name("warm_server.py")


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass
class WarmProcess:
    """The server of this test process, started when it is first needed.

    For tests of what commands do. A test of starting, of signals or of what is imported starts a process of its own.
    """

    _server: subprocess.Popen[bytes] | None = None
    _pipes: tuple[BinaryIO, BinaryIO] | None = None  # of requests and of answers
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask_of(self, requests: BinaryIO, answers: BinaryIO) -> None:
        """Ask this server from now on, and start none."""
        self._pipes = requests, answers

    def run(self, module: str, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None) -> Result:
        """Run the module `mintmark.cli` or `dvc` with our Python first on the path, and wait for its end."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return self.run_in({**os.environ, "PATH": path, **(environment or {})}, module, *arguments, cwd=cwd)

    def run_in(self, environment: Mapping[str, str], module: str, *arguments: str, cwd: Path) -> Result:
        """Run a module with just these variables."""
        with self._lock, tempfile.TemporaryDirectory() as name:
            outputs = {stream: Path(name, stream) for stream in ("stdout", "stderr")}
            request = {
                "module": module,
                "arguments": arguments,
                "cwd": str(cwd),
                "environment": {**environment},
                **{stream: str(file) for stream, file in outputs.items()},
            }
            code = self._ask(json.dumps(request).encode() + b"\n")
            return Result(code, *(file.read_text(errors="replace") for file in outputs.values()))

    def _ask(self, request: bytes) -> int:
        if self._pipes is None:
            command = (sys.executable, "-P", str(SERVER))
            self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            atexit.register(self._stop)
            assert self._server.stdin is not None
            assert self._server.stdout is not None
            self._pipes = cast("BinaryIO", self._server.stdin), cast("BinaryIO", self._server.stdout)
        requests, answers = self._pipes
        requests.write(request)
        requests.flush()
        return int(answers.readline())

    def _stop(self) -> None:
        if self._server is not None:
            assert self._server.stdin is not None
            self._server.stdin.close()
            self._server.wait()


warm = WarmProcess()


def _run_dvc(
    command: tuple[str, ...], *, cwd: Path | str, env: Mapping[str, str], timeout: float | None, **how: Any
) -> Any:
    """What `mintmark.registry.dvc` asks `subprocess.run` for; who sets a time gets a process that can be ended."""
    assert command[1:4] == ("-P", "-m", "dvc")
    if timeout is not None:
        return subprocess.run(command, cwd=cwd, env=env, timeout=timeout, **how)
    done = warm.run_in(env, "dvc", *command[4:], cwd=Path(cwd))
    return subprocess.CompletedProcess(command, done.code, done.out.encode(), done.err.encode())


# For `mintmark.registry.dvc`, in place of the module `subprocess`.
WARM_DVC = SimpleNamespace(run=_run_dvc, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired)
