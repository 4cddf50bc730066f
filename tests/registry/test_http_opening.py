"""An answer of a server ends: by a least rate once its grace is over, and by a last moment. Redirects have no body."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mintmark.registry import http_opening
from mintmark.registry.http_opening import HttpFault, open_address

Answer = Callable[[socket.socket], None]
PROMISE = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\n"


@contextlib.contextmanager
def _serving(answer: Answer) -> Iterator[str]:
    """Answer each connection on a port of this machine, and end when the client goes away."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    with client, contextlib.suppress(OSError):
                        client.recv(65536)
                        answer(client)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        listening.shutdown(socket.SHUT_RDWR)


def _drip(client: socket.socket, content: bytes = b"x" * 3_000) -> None:
    for number in range(len(content)):
        client.sendall(content[number : number + 1])
        time.sleep(0.01)


def _drip_a_head(client: socket.socket) -> None:
    _drip(client, b"HTTP/1.1 200 OK\r\n" + b"X-Header: x\r\n" * 300)


def _drip_a_body(client: socket.socket) -> None:
    client.sendall(PROMISE)
    _drip(client)


def _read(address: str) -> None:
    with open_address(address, headers={}, timeout=5, pauses=()) as answer:
        while answer.read(65536):
            pass


@pytest.mark.parametrize("answer", [_drip_a_head, _drip_a_body])
def test_a_byte_now_and_then_is_no_answer(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_opening, "GRACE", 0.2)
    with _serving(answer) as address, pytest.raises((HttpFault, TimeoutError), match="less than 4,096 bytes a second"):
        _read(address)


def test_an_answer_without_an_end_has_a_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    def flood(client: socket.socket) -> None:
        client.sendall(PROMISE)
        while True:
            client.sendall(b"x" * 65536)

    monkeypatch.setattr(http_opening, "LONGEST", 0.2)
    with _serving(flood) as address, pytest.raises(TimeoutError, match="not done after"):
        _read(address)


def test_the_body_of_a_redirect_is_not_read() -> None:
    def redirect(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
        _drip(client)

    begin = time.monotonic()
    with _serving(redirect) as address, pytest.raises(HttpFault, match="cannot be reached"):
        _read(address)
    assert time.monotonic() - begin < 5


def test_a_slow_server_that_answers_in_the_end_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(client: socket.socket) -> None:
        time.sleep(0.3)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)

    monkeypatch.setattr(http_opening, "GRACE", 0.2)
    with _serving(answer) as address, open_address(address, headers={}, timeout=5) as opened:
        assert len(opened.read()) == 100_000
