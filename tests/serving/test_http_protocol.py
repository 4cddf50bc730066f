"""Small requests are answered without a task of their own, and as all others are: over real connections."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple

import pandas as pd
import pytest
from tests.serving.running import ask_app, over_http, until
from tests.serving.served import Echo, Shares, app_of, version_of

from mintmark.serving.app import App
from mintmark.serving.limits import Limits

PREDICT = "/models/people/predict"
INFER = "/v2/models/people/infer"
AGE = {"name": "age", "shape": [1], "datatype": "INT64", "data": [3]}
TOKEN = {"authorization": "Bearer right-token-of-ours"}


class Held(Echo):
    """Answers once it is let go, and counts the rows that it was asked about."""

    def __init__(self) -> None:
        self.let_go, self.rows = threading.Event(), 0

    def predict(self, table: pd.DataFrame) -> Any:
        self.rows += len(table)
        assert self.let_go.wait(60)
        return super().predict(table)


class Here(NamedTuple):
    app: App
    port: int


@pytest.fixture(scope="module")
def here(executor: Executor) -> Iterator[Here]:
    version = version_of(Shares(), {"age": "int64"}, executor, classes=("even", "odd"))
    app = app_of(version, Limits(rows=5, bytes=50_000), tokens=("right-token-of-ours",), origins=("https://ours",))
    with over_http(app) as port:
        yield Here(app, port)


def message(path: str, body: bytes, *lines: str, version: str = "1.1") -> bytes:
    given = ("host: here", TOKEN_LINE, *lines)
    if not any(line.startswith("transfer-encoding") for line in lines):
        given = (*given, f"content-length: {len(body)}")
    return "\r\n".join((f"POST {path} HTTP/{version}", *given, "", "")).encode() + body


TOKEN_LINE = f"authorization: {TOKEN['authorization']}"
BODY = json.dumps({"rows": [{"age": 3}]}).encode()


def answers(port: int, *pieces: bytes, count: int = 1, pause: float = 0.0) -> list[tuple[int, dict[str, str], bytes]]:
    """What comes back over one connection for what is sent in pieces."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        file = connection.makefile("rb")
        found = []
        for _ in range(count):
            code = int(file.readline().split()[1])
            if code == 100:
                file.readline()
                code = int(file.readline().split()[1])
            lines = iter(lambda: file.readline().decode().strip(), "")
            headers = dict(line.split(": ", 1) for line in lines)
            found.append((code, headers, file.read(int(headers.get("content-length", 0)))))
        return found


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (PREDICT, BODY, TOKEN),
        (PREDICT, b"age\n3\n", TOKEN | {"content_type": "text/csv"}),
        (PREDICT, BODY, TOKEN | {"x_request_id": "mine", "origin": "https://ours"}),
        (INFER, json.dumps({"id": "é\n", "inputs": [AGE]}).encode(), TOKEN),
        ("/v2/models/people/versions/1.0.0/infer", json.dumps({"inputs": [AGE]}).encode(), TOKEN),
        ("/models/people%40production/predict", BODY, TOKEN),
        ("/invocations", json.dumps({"inputs": {"age": [3]}}).encode(), TOKEN),
        (PREDICT, BODY, {}),
        (PREDICT, b"", TOKEN),
        (PREDICT, b'{"rows": [{"age": "x"}]}', TOKEN),
        (PREDICT, b'{"rows": [{"age": 1, "age": 2}]}', TOKEN),
        (PREDICT, b'{"rows": []}', TOKEN),
        (PREDICT, json.dumps({"rows": [{"age": 3}] * 6}).encode(), TOKEN),
        (PREDICT, b" " * 50_001, TOKEN),
        (PREDICT, BODY, TOKEN | {"content_encoding": "gzip"}),
        ("/models/nobody/predict", BODY, TOKEN),
        ("/v2/models/people/versions/9.0.0/infer", BODY, TOKEN),
        ("/models/people", BODY, TOKEN),
        ("/nothing", BODY, TOKEN),
    ],
)
def test_both_ways_answer_alike(here: Here, path: str, body: bytes, headers: dict[str, str]) -> None:
    by_asgi = ask_app(here.app, path.replace("%40", "@"), body, method="POST", **headers)
    named = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines = (f"POST {path} HTTP/1.1", "host: here", *named, f"content-length: {len(body)}", "", "")
    ((code, given, answer),) = answers(here.port, "\r\n".join(lines).encode() + body)
    given.pop("date")
    assert given.pop("server") == "uvicorn"
    assert code == by_asgi.code
    assert _unnamed(given, answer) == _unnamed(dict(by_asgi.headers), by_asgi.body)


def _unnamed(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body without an id that was made for this request."""
    made = headers["x-request-id"]
    return {**headers, "x-request-id": "" if len(made) == 16 else made}, body.replace(made.encode(), b"")


def test_however_a_request_comes_it_is_answered(here: Here) -> None:
    whole = message(PREDICT, BODY)
    chunked = message(PREDICT, b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), "transfer-encoding: chunked")
    waits = message(PREDICT, BODY, "expect: 100-continue")
    large = message(PREDICT, BODY + b" " * 40_000)
    byte_by_byte = [whole[place : place + 1] for place in range(len(whole))]
    for pieces in ([whole], [chunked], [waits], [large], [large[:3000], large[3000:]], byte_by_byte):
        ((code, headers, body),) = answers(here.port, *pieces)
        assert (code, json.loads(body)["predictions"][0]["prediction"]) == (200, "odd")
        assert "connection" not in headers


def test_requests_that_come_together_are_answered_in_their_order(here: Here) -> None:
    rows = [{"age": number} for number in range(6)]
    asked = [message(PREDICT, json.dumps({"rows": [row]}).encode(), f"x-request-id: r{row['age']}") for row in rows]
    page = b"GET /v2/health/live HTTP/1.1\r\nhost: here\r\n\r\n"
    found = answers(here.port, b"".join((*asked, page, asked[0])), count=8)
    assert [headers["x-request-id"] for _, headers, _ in found[:6]] == [f"r{number}" for number in range(6)]
    said = [json.loads(body)["predictions"][0]["prediction"] for _, _, body in found[:6]]
    assert said == ["even", "odd"] * 3
    assert json.loads(found[6][2]) == {"live": True}
    assert found[7][1]["x-request-id"] == "r0"


def test_a_connection_closes_when_its_caller_says_so(here: Here) -> None:
    for asked in (message(PREDICT, BODY, "connection: close"), message(PREDICT, BODY, version="1.0")):
        with socket.create_connection(("127.0.0.1", here.port), timeout=30) as connection:
            connection.sendall(asked)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nconnection: close\r\n" in answer


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (message("http://here", BODY), 400),
        (message("//[", BODY), 404),
        (message("*", BODY), 404),
        (message("/%ff%0d%0aset-cookie:x", BODY), 404),
        (message(PREDICT, BODY, "content-length: 3"), 400),
        (message(PREDICT, BODY, "transfer-encoding: gzip"), 400),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_odd_requests_are_refused(here: Here, asked: bytes, code: int) -> None:
    ((found, headers, _),) = answers(here.port, asked)
    assert found == code
    assert "set-cookie" not in headers
    assert answers(here.port, message(PREDICT, BODY))[0][0] == 200


def test_who_asks_for_a_web_socket_gets_no_answer_of_the_request_before(executor: Executor) -> None:
    """A proxy sends the requests of many callers over one connection."""
    app = app_of(version_of(Echo(), {"age": "int64"}, executor))
    upgrade = message(PREDICT, b"", "connection: upgrade", "upgrade: websocket").replace(b"POST", b"GET")
    with over_http(app, ws=WebSockets) as port:
        found = answers(port, message(PREDICT, BODY), upgrade, count=2, pause=0.1)
    assert [code for code, _, _ in found] == [200, 405]


class WebSockets(asyncio.Protocol):
    """Stands for a library for web sockets that happens to be installed."""


def test_a_caller_that_goes_leaves_the_queue(executor: Executor) -> None:
    held = Held()
    with ThreadPoolExecutor(max_workers=1) as own:
        app = app_of(version_of(held, {"age": "int64"}, own))
        with over_http(app) as port:
            with socket.create_connection(("127.0.0.1", port)) as first:
                first.sendall(message(PREDICT, BODY))
                until(lambda: held.rows == 1)
                for _ in range(5):
                    with socket.create_connection(("127.0.0.1", port)) as gone:
                        gone.sendall(message(PREDICT, BODY))
                until(lambda: _gone(app) == 5)
                held.let_go.set()
                assert first.recv(100).startswith(b"HTTP/1.1 200")
            assert answers(port, message(PREDICT, BODY))[0][0] == 200
    assert held.rows == 2, "nobody asked for the five that went"


def _gone(app: App) -> float:
    counted = [line for line in app.metrics.text().decode().splitlines() if line.startswith("mintmark_requests_total{")]
    return sum(float(line.split()[-1]) for line in counted if 'code="499"' in line)


def test_who_reads_no_answers_is_read_no_more(executor: Executor) -> None:
    """A caller that asks on and on and takes no answer must not fill the memory."""
    app = app_of(version_of(Echo(), {"city": "str"}, executor))
    asked = message(PREDICT, json.dumps({"rows": [{"city": "x" * 30_000}]}).encode())
    with over_http(app) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(2.0)
        with pytest.raises(TimeoutError):
            connection.sendall(asked * 10_000)


def test_a_connection_on_which_nothing_comes_is_closed_and_one_in_use_is_not(executor: Executor) -> None:
    app = app_of(version_of(Echo(), {"age": "int64"}, executor))
    with over_http(app, timeout_keep_alive=1) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(10)
        for _ in range(3):
            connection.sendall(message(PREDICT, BODY))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)
        begin = time.monotonic()
        assert connection.recv(100) == b""
        assert 0.1 < time.monotonic() - begin < 5
