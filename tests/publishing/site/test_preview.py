"""The preview: a real server on this machine that builds again when the registry changed."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from mintmark.errors import MintmarkError, UsageError
from mintmark.publishing.site import preview
from mintmark.publishing.site.preview import Rebuild, open_server


class Source:
    """A page that says how often it was built, and a state that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.builds, self.state = folder, 0, "first"
        self.rebuild = Rebuild(self.build, lambda: self.state)

    def build(self) -> None:
        self.builds += 1
        (self.folder / "index.html").write_text(f"build {self.builds}")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "404.html").write_text("our own page for what is not there")
    return Source(tmp_path)


@pytest.fixture
def server(source: Source, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setattr(preview, "_PATIENCE", 0.0)
    opened = open_server(source.folder, 0, source.rebuild)
    threading.Thread(target=opened.serve_forever, daemon=True).start()
    yield opened
    opened.shutdown()
    opened.server_close()


def ask(server: ThreadingHTTPServer, path: str, host: str = "localhost", method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers={"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_a_page_is_built_again_when_the_registry_changed(server: ThreadingHTTPServer, source: Source) -> None:
    assert ask(server, "/") == (200, "build 1")
    assert ask(server, "/") == (200, "build 1")
    source.state = "second"
    assert ask(server, "/") == (200, "build 2")
    assert source.builds == 2


def test_what_is_not_there_is_answered_with_the_page_of_the_site(server: ThreadingHTTPServer) -> None:
    assert ask(server, "/nowhere/") == (404, "our own page for what is not there")
    assert ask(server, "/nowhere/", method="HEAD") == (404, "")
    assert ask(server, "/../../etc/passwd")[0] == 404


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:80",
        "localhost@evil.example",
        "[::1].evil.example",
        "[::1",
    ],
)
def test_another_name_is_refused(server: ThreadingHTTPServer, host: str) -> None:
    assert ask(server, "/", host)[0] == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_names_of_this_machine_are_answered(server: ThreadingHTTPServer, host: str) -> None:
    assert ask(server, "/", host)[0] == 200


def test_a_build_that_fails_is_told_once_and_leaves_the_site_that_is_there(
    server: ThreadingHTTPServer, source: Source, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(server, "/") == (200, "build 1")

    def fail() -> None:
        raise MintmarkError("models/iris/model.yaml: is broken")

    monkeypatch.setattr(source.rebuild, "_build", fail)
    source.state = "broken"
    assert ask(server, "/") == (200, "build 1")
    assert ask(server, "/") == (200, "build 1")
    assert capsys.readouterr().err == "mintmark: models/iris/model.yaml: is broken\n"
    monkeypatch.setattr(source.rebuild, "_build", source.build)
    source.state = "mended"
    assert ask(server, "/") == (200, "build 2")


def test_a_browser_that_goes_away_is_not_spoken_of(
    server: ThreadingHTTPServer, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    (source.folder / "large.bin").write_bytes(bytes(30_000_000))
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(b"GET /large.bin HTTP/1.0\r\nHost: localhost\r\n\r\n")
        connection.recv(1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ask(server, "/a%00b")[0] == 404
    assert "Traceback" not in capsys.readouterr().err


def test_a_port_that_cannot_be_had_is_said(server: ThreadingHTTPServer, source: Source) -> None:
    with pytest.raises(MintmarkError, match=rf"port {server.server_port}: .*--port"):
        open_server(source.folder, server.server_port, source.rebuild)
    with pytest.raises(UsageError, match="1 to 65535"):
        open_server(source.folder, 70_000, source.rebuild)
