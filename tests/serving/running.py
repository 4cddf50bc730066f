"""A real `mintmark serve` in a process of its own, and the same application asked without one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import uvicorn

from mintmark.serving.app import App
from mintmark.serving.http.protocol import HttpProtocol

T = TypeVar("T")
PATIENCE = 60.0  # seconds for what takes two when the machine is idle


class Reply(NamedTuple):
    """What came back."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A server process; `url` ends without a slash."""

    process: subprocess.Popen[str]
    url: str
    log: Path
    grpc_port: int

    def ask(self, path: str, body: Any = None, *, kind: str = "application/json", **headers: str) -> Reply:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data=data, headers={"content-type": kind, **named})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return Reply(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, dict(error.headers), error.read())

    def version(self, name: str) -> str | None:
        """The version that is served under a name now."""
        slots = self.ask("/status").json["serving"]
        return next((slot["version"] for slot in slots if slot["name"] == name), None)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(root: Path, folder: Path, *arguments: str, ready: bool = True, **environment: str) -> Iterator[Server]:
    """Run `mintmark serve` in `root`, with its words in `folder`, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"serve-{time.monotonic_ns()}.log"
    own = ("--port", "0", "--grpc-port", "0", "--every", "200ms", *arguments)
    command = (sys.executable, "-m", "mintmark.cli", "serve", *own)
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, cwd=root, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **environment}
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.match(r"serving at (http://\S+)/", line)
        assert found, line + log.read_text()
        over_grpc = re.match(r"gRPC at \S+:(\d+)", process.stdout.readline())
        assert over_grpc, log.read_text()
        server = Server(process, found[1], log, int(over_grpc[1]))
        if ready:
            until(lambda: server.ask("/ready").code == 200, log)
        yield server
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def until(is_so: Callable[[], object], log: Path | None = None) -> None:
    """Wait until something is so; fail with the server's words where it never is."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text() if log is not None else "it never was so")


def run(awaited: Coroutine[Any, Any, T]) -> T:
    """Run something in a loop of its own, also where one runs in this thread, as a browser's does in other tests."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, awaited).result()


def ask_app(app: App, path: str, body: Any = None, *, method: str | None = None, **headers: str) -> Reply:
    """Ask the application as a server of ASGI does, without a network."""
    return run(call_app(app, path, body, method=method, **headers))


async def call_app(app: App, path: str, body: Any = None, *, method: str | None = None, **headers: str) -> Reply:
    """See `ask_app`; for callers that have a loop."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method or ("GET" if data is None else "POST"),
        "path": path.partition("?")[0],
        "query_string": path.partition("?")[2].encode(),
        "headers": given,
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data or b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    named = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], named, sent[1]["body"])


@contextmanager
def over_http(app: App, **options: Any) -> Iterator[int]:
    """Serve the application as the server does, in a thread, until the block ends; give its port."""
    http: Any = partial(HttpProtocol, app)
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=http, lifespan="off", log_level="error", **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
