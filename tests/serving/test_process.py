"""A real server process: swaps under load, an orderly end, and a start after kill -9."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from tests.scaffold.registry import Scratch
from tests.serving.grpc_server import Client
from tests.serving.running import Server, serving, until
from tests.serving.test_following import PRODUCTION, move

from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.loading import load_model

NAME = "loans@production"
ROWS = [{"age": 20.0 + place, "income": place / 7 - 2, "debt": 1 - place / 9} for place in range(24)]


CLIENTS = {"rows": range(5), "grpc": range(5, 8)}


class Load:
    """Clients that ask all the time, each over one connection, and keep what they were answered."""

    def __init__(self, server: Server) -> None:
        self.answers: list[tuple[int, str, list[Any]]] = []
        self.faults: list[str] = []
        self._place, self._grpc_port = urlsplit(server.url), server.grpc_port
        self._stop = threading.Event()
        asks = {"rows": self._ask, "grpc": self._call}
        self._threads = [
            threading.Thread(target=asks[way], args=(number,)) for way, numbers in CLIENTS.items() for number in numbers
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        connection = http.client.HTTPConnection(self._place.hostname or "", self._place.port, timeout=60)
        mine = ROWS[number : number + 3]
        body = json.dumps({"rows": mine})
        while not self._stop.is_set():
            try:
                connection.request("POST", "/models/loans/predict", body, {"content-type": "application/json"})
                answer = connection.getresponse()
                found = json.loads(answer.read())
            except (OSError, http.client.HTTPException) as error:
                if not self._stop.is_set():
                    self.faults.append(repr(error))
                return
            if answer.status != 200 or answer.headers["x-model-version"] != found["version"]:
                self.faults.append(f"{answer.status} {found}")
                continue
            shares = [row["probabilities"]["yes"] for row in found["predictions"]]
            self.answers.append((number, found["version"], shares))

    def _call(self, number: int) -> None:
        client = Client(self._grpc_port)
        columns = {name: [row[name] for row in ROWS[number : number + 3]] for name in ROWS[0]}
        inputs = [
            {"name": name, "datatype": "FP64", "shape": [3], "contents": {"fp64_contents": values}}
            for name, values in columns.items()
        ]
        message = {"model_name": "loans", "inputs": inputs, "outputs": [{"name": "probabilities"}]}
        with client.channel:
            while not self._stop.is_set():
                told = client.ask("ModelInfer", message, timeout=60)
                if told.code is not grpc.StatusCode.OK:
                    self.faults.append(f"{told.code} {told.words}")
                    return
                if told.metadata["x-model-version"] != told.answer.model_version:
                    self.faults.append(f"{told.metadata} {told.answer}")
                (shares,) = told.answer.outputs
                self.answers.append((number, told.answer.model_version, list(shares.contents.fp64_contents[1::2])))


def expected(loans: Scratch) -> dict[tuple[int, str], list[float]]:
    """What each version answers to each client."""
    found = {}
    registry = ClonedRegistry(loans.root)
    for version in ("1.0.0", "1.1.0"):
        model = load_model(registry, f"loans@{version}")
        assert list(model.signature.classes) == ["no", "yes"]
        for number in (number for numbers in CLIENTS.values() for number in numbers):
            found[number, version] = model.predict_proba(ROWS[number : number + 3])[:, 1].tolist()
    return found


def _serves(server: Server, version: str) -> bool:
    return server.version(NAME) == version


def swap_under_load(loans: Scratch, folder: Path, swaps: int) -> tuple[Load, list[int]]:
    memory: list[int] = []
    with serving(loans.root, folder, NAME, "--every", "20ms") as server, Load(server) as load:
        for number in range(swaps):
            wanted = ("1.1.0", "1.0.0")[number % 2]
            move(loans, wanted)
            until(partial(_serves, server, wanted), server.log)
            status = Path(f"/proc/{server.process.pid}/status").read_text()
            memory.append(int(status.split("VmRSS:")[1].split()[0]))
    return load, memory


def assert_nothing_was_mixed(load: Load, loans: Scratch) -> None:
    assert load.faults == []
    wanted = expected(loans)
    for number, version, shares in load.answers:
        assert shares == pytest.approx(wanted[number, version], abs=1e-12), f"{number} was answered by a mixture"
    counts = Counter((version, number in CLIENTS["grpc"]) for number, version, _ in load.answers)
    assert len(counts) == 4, "both versions over both protocols"


@pytest.mark.slow
def test_swaps_under_load_lose_no_request_and_mix_no_versions(loans: Scratch, tmp_path: Path) -> None:
    load, _ = swap_under_load(loans, tmp_path / "logs", 6)
    assert_nothing_was_mixed(load, loans)


@pytest.mark.long
def test_five_hundred_swaps(loans: Scratch, tmp_path: Path) -> None:
    load, memory = swap_under_load(loans, tmp_path / "logs", 500)
    assert_nothing_was_mixed(load, loans)
    early, late = max(memory[20:60]), max(memory[-40:])
    print(f"{len(load.answers):,} answers, {early:,} kB after 60 swaps, {late:,} kB after 500")
    assert late < early * 1.05, "memory grows"


@pytest.mark.slow
def test_an_orderly_end_and_a_start_without_the_registry(loans: Scratch, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with serving(loans.root, logs, NAME, "--drain", "1s") as server:
        with Load(server) as load:
            until(lambda: len(load.answers) > 20, server.log)
            with socket.create_connection((load._place.hostname or "", load._place.port or 0)) as caller:
                caller.sendall(b"no HTTP\r\n\r\n")
                assert caller.recv(100).startswith(b"HTTP/1.1 400 ")
            server.process.send_signal(signal.SIGTERM)
            until(lambda: server.ask("/ready").code == 503, server.log)
            assert server.ask("/live").code == 200
            assert server.ask("/models/loans/predict", {"rows": ROWS[:1]}).code == 200
            load._stop.set()
        assert load.faults == []
        assert server.process.wait(60) == 0
        events = [json.loads(line) for line in server.log.read_text().splitlines()]
        assert [event["event"] for event in events][-3:] == ["logged", "stopping", "stopped"]
    with serving(loans.root, logs, NAME) as server:
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    (loans.root / ".git").rename(loans.root / "git.away")
    (loans.root / ".git").mkdir()
    (loans.root / ".git/HEAD").write_text("ref: refs/heads/main\n")
    with serving(loans.root, logs, NAME) as server:
        status = server.ask("/ready").json
        assert status["unreachable"]
        assert status["serving"][0]["version"] == "1.0.0"


@pytest.mark.slow
def test_workers_share_the_port_and_a_dead_one_is_replaced(loans: Scratch, tmp_path: Path) -> None:
    with serving(loans.root, tmp_path / "logs", NAME, "--workers", "2") as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        first = children.read_text().split()
        assert len(first) == 3, "what forks proofs, and two that answer"
        with Load(server) as load:
            until(lambda: len(load.answers) > 100, server.log)
        assert load.faults == []
        until(lambda: _counted(server) == len(load.answers), server.log)  # by all processes together
        os.kill(int(first[-1]), signal.SIGKILL)
        until(lambda: len(set(children.read_text().split()) - set(first)) == 1, server.log)
        assert server.stop() == 0


def _counted(server: Server) -> float:
    lines = server.ask("/metrics").body.decode().splitlines()
    requests = [line for line in lines if line.startswith("mintmark_requests_total{")]
    return sum(float(line.split()[-1]) for line in requests if '"rows"' in line or '"grpc"' in line)


@pytest.mark.slow
def test_check_says_what_would_be_served(loans: Scratch) -> None:
    done = loans.mintmark("serve", "--check")
    assert (done.code, done.out) == (0, "loans@production: loans@1.0.0\n")
    loans.remove(PRODUCTION)
    loans.commit("Take it off")
    done = loans.mintmark("serve", "--check", "loans@production", "loans@1.1.0")
    assert done.code == 1
    assert "no version of loans is in production" in done.out
    assert "loans@1.1.0: loans@1.1.0" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("loans",), "names no version"),
        (("loans@candidate",), "is no version"),
        (("--every", "soon"), "is no time"),
        (("--port", "70000"), "is no port"),
        (("--registry", "nowhere"), "no such folder"),
        (("--tokens", "none.txt"), "none.txt: cannot be read"),
        (("--host", "203.0.113.1"), "cannot be listened on"),
    ],
)
def test_a_wrong_call_is_one_sentence(loans: Scratch, arguments: tuple[str, ...], words: str) -> None:
    done = loans.mintmark("serve", "--port", "0", "--grpc-port", "0", *arguments)
    assert done.code in (1, 2)
    assert words in done.err
    assert "Traceback" not in done.err


STOPPED_EARLY = """
import os, signal, socket, time
from mintmark.serving.processes.workers import Workers
fork = os.fork
def fork_and_stop():
    pid = fork()
    if pid:
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        time.sleep(0.2)
    return pid
os.fork = fork_and_stop
listening = socket.create_server(("127.0.0.1", 0))
run = lambda channel: time.sleep(60)
raise SystemExit(Workers(1, run, listening=listening, ended=lambda pid: None).serve())
"""


def test_a_stop_while_a_process_is_made_ends_that_one_too() -> None:
    done = subprocess.run((sys.executable, "-c", STOPPED_EARLY), timeout=30, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


WITHOUT_STREAMS = """
import socket, sys
from pathlib import Path
from mintmark.commands.serving.serve import open_streams
open_streams()
import uvicorn
uvicorn.Config("app")
Path("number").write_text(str(socket.socket().fileno()))
"""


def test_a_server_needs_no_streams(tmp_path: Path) -> None:
    command = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", WITHOUT_STREAMS)
    assert subprocess.run(command, cwd=tmp_path, check=False, timeout=60).returncode == 0
    assert int((tmp_path / "number").read_text()) > 2


STOPPED_BEFORE = """
import os, signal, sys, time
from mintmark.cli import main
from mintmark.serving import server
def prepare_libraries():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
server.prepare_libraries = prepare_libraries
sys.exit(main(["serve", "--port", "0"]))
"""


def test_a_stop_while_libraries_are_imported_does_not_wait_for_them() -> None:
    done = subprocess.run((sys.executable, "-c", STOPPED_BEFORE), timeout=30, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
