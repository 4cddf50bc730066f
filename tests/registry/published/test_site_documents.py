"""Documents of a published site: asked for once, kept with their age, and refused where they would do harm."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.registry.site_fixture import Site, put, start_site

from mintmark.registry.published import site_documents
from mintmark.registry.published.site_documents import HttpDocuments, SiteError, parse_site_address

DOCUMENT = "models/iris/index.json"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = start_site(tmp_path / "site")
    put(site.api / DOCUMENT, {"name": "iris", "text": "é"})
    yield site
    site.stop()


class Reader:
    """Reads documents as a new command each time, with the copies of the commands before."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.warnings = folder, list[str]()

    def get(self, site: Site | str, path: str = DOCUMENT, wrong: str | None = None) -> Any:
        address = parse_site_address(site if isinstance(site, str) else site.url)
        return HttpDocuments(address, self.folder, self.warnings.append).get(path, lambda _: wrong)

    def copy(self) -> Path:
        (found,) = self.folder.iterdir()
        return found


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_documents, "PAUSES", (0.01, 0.01))


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path / "copies")


def test_a_document_that_did_not_change_is_not_sent_again(site: Site, reader: Reader) -> None:
    first = reader.get(site)
    assert first == {"name": "iris", "text": "é"}
    assert site.asked() == [(DOCUMENT, 200)]
    assert reader.get(site) == first
    assert "If-None-Match" in site.headers[0]
    assert site.asked() == [(DOCUMENT, 304)]
    put(site.api / DOCUMENT, {"name": "iris", "text": "changed"})
    assert reader.get(site)["text"] == "changed"
    assert site.asked() == [(DOCUMENT, 200)]
    assert reader.warnings == []


def test_a_server_that_knows_only_times_is_asked_by_time(site: Site, reader: Reader) -> None:
    moment = "Mon, 01 Jun 2026 09:30:00 GMT"

    def answer(request: web.Request) -> web.Response:
        if request.headers.get("If-Modified-Since") == moment:
            return web.Response(status=304)
        return web.json_response({"name": "iris"}, headers={"Last-Modified": moment})

    site.answer = answer
    assert reader.get(site) == reader.get(site) == {"name": "iris"}
    assert [status for _, status in site.asked()] == [200, 304]


def test_one_reader_asks_once_for_a_document_and_for_one_that_is_not_there(site: Site, reader: Reader) -> None:
    documents = HttpDocuments(parse_site_address(site.url), reader.folder, reader.warnings.append)
    for _ in range(2):
        assert documents.get(DOCUMENT, lambda _: None) is not None
        assert documents.get("models/none/index.json", lambda _: None) is None
    assert site.asked() == [(DOCUMENT, 200), ("models/none/index.json", 404)]


def test_a_server_that_is_down_leaves_the_last_copy_with_its_age(site: Site, reader: Reader) -> None:
    first = reader.get(site)
    os.utime(reader.copy(), (0, 1780306200))
    site.stop()
    assert reader.get(site) == first
    (warning,) = reader.warnings
    assert warning.startswith(f"{site.url} cannot be reached: ")
    assert warning.endswith("; this is its state of 2026-06-01 09:30 UTC")
    site.start()
    assert reader.get(site) == first
    assert len(reader.warnings) == 1


def test_an_answer_of_no_change_makes_the_copy_young_again(site: Site, reader: Reader) -> None:
    reader.get(site)
    os.utime(reader.copy(), (0, 0))
    reader.get(site)
    assert time.time() - reader.copy().stat().st_mtime < 100


def test_the_oldest_copy_is_the_one_that_is_told_of(site: Site, reader: Reader) -> None:
    put(site.api / "old.json", {})
    reader.get(site, "old.json")
    os.utime(reader.copy(), (0, 1700000000))
    reader.get(site)
    site.stop()
    documents = HttpDocuments(parse_site_address(site.url), reader.folder, reader.warnings.append)
    for path in (DOCUMENT, "old.json", DOCUMENT, "old.json"):
        documents.get(path, lambda _: None)
    assert len(reader.warnings) == 2
    assert "2023-11-14" in reader.warnings[1]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_server_in_trouble_leaves_the_last_copy(site: Site, reader: Reader, status: int) -> None:
    first = reader.get(site)
    site.answer = lambda _: web.Response(status=status)
    assert reader.get(site) == first
    assert f"answers {status}" in reader.warnings[0]


def test_a_server_that_stumbles_is_asked_again(site: Site, reader: Reader) -> None:
    left = [503]
    site.answer = lambda _: web.Response(status=left.pop()) if left else None
    assert reader.get(site)["name"] == "iris"
    assert site.asked() == [(DOCUMENT, 503), (DOCUMENT, 200)]


def test_without_a_copy_the_error_names_address_and_remedy(site: Site, reader: Reader) -> None:
    site.stop()
    with pytest.raises(SiteError, match=r"index\.json cannot be reached: .*no copy .* check the address"):
        reader.get(site)


@pytest.mark.parametrize(("status", "words"), [(401, "USER:PASSWORD"), (403, "USER:PASSWORD"), (400, "answers 400")])
def test_a_refusal_is_no_lost_network(site: Site, reader: Reader, status: int, words: str) -> None:
    reader.get(site)
    site.answer = lambda _: web.Response(status=status)
    with pytest.raises(SiteError, match=words):
        reader.get(site)
    assert reader.warnings == []


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_stays_gone_without_the_network(site: Site, reader: Reader, status: int) -> None:
    reader.get(site)
    site.answer = lambda _: web.Response(status=status)
    assert reader.get(site) is None
    site.stop()
    with pytest.raises(SiteError, match="no copy"):
        reader.get(site)


def test_a_wrong_answer_does_not_take_the_place_of_the_copy(site: Site, reader: Reader) -> None:
    first = reader.get(site)
    site.answer = lambda _: web.Response(text="<html>Sign in to the hotel's network", content_type="text/html")
    with pytest.raises(SiteError, match=r"index\.json: is a web page"):
        reader.get(site)
    site.answer = lambda _: web.json_response({"name": "other"})
    with pytest.raises(SiteError, match=r"index\.json: is another"):
        reader.get(site, wrong="is another")
    site.stop()
    assert reader.get(site) == first


def test_an_answer_of_no_change_to_a_first_question_is_an_error(site: Site, reader: Reader) -> None:
    site.answer = lambda _: web.Response(status=304)
    with pytest.raises(SiteError, match="answers 304"):
        reader.get(site)


@pytest.mark.parametrize("damage", [b"", b"x", b'{"path": 1}\n', None])
def test_a_damaged_copy_counts_for_nothing(site: Site, reader: Reader, damage: bytes | None) -> None:
    reader.get(site)
    content = reader.copy().read_bytes()
    reader.copy().write_bytes(content.replace(b'iris",', b'rose",') if damage is None else damage)
    site.asked()
    assert reader.get(site)["name"] == "iris"
    assert site.asked() == [(DOCUMENT, 200)]


def test_a_cache_that_cannot_be_written_keeps_nothing(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    reader = Reader(tmp_path / "file" / "copies")
    assert reader.get(site) == reader.get(site)
    assert site.asked() == [(DOCUMENT, 200)] * 2


def test_copies_of_two_documents_are_never_mixed_up(site: Site, reader: Reader) -> None:
    reader.get(site)
    before = reader.copy()
    put(site.api / "other.json", {"name": "other"})
    reader.get(site, "other.json")
    (other,) = set(reader.folder.iterdir()) - {before}
    other.write_bytes(before.read_bytes())
    site.stop()
    with pytest.raises(SiteError, match="no copy"):
        reader.get(site, "other.json")


def test_a_copy_that_another_user_left_counts_for_nothing(
    site: Site, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.get(site)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    site.stop()
    with pytest.raises(SiteError, match="no copy"):
        reader.get(site)


def _read_often(url: str, folder: Path) -> None:
    reader = Reader(folder)
    for _ in range(30):
        assert set(reader.get(url)["text"]) in ({"a"}, {"b"})
    assert reader.warnings == []


def test_two_processes_leave_a_whole_copy(site: Site, reader: Reader) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_read_often, args=(site.url, reader.folder)) for _ in range(2)]
    texts = iter(range(10**6))
    site.answer = lambda _: web.json_response({"text": "ab"[next(texts) % 2] * 50_000})
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    site.stop()
    assert len(reader.get(site)["text"]) == 50_000
    assert len(list(reader.folder.iterdir())) == 1


# What comes packed, and what does not end


def packed(body: bytes, **headers: str) -> web.Response:
    return web.Response(body=body, headers={"Content-Encoding": "gzip", **headers})


def test_a_packed_document_is_unpacked(site: Site, reader: Reader) -> None:
    site.answer = lambda _: packed(gzip.compress(b'{"name": "packed"}'), ETag='W/"1"')
    assert reader.get(site) == {"name": "packed"}
    assert "gzip" in site.headers[0]["Accept-Encoding"]
    site.answer = lambda request: web.Response(status=304 if request.headers.get("If-None-Match") == 'W/"1"' else 500)
    assert reader.get(site) == {"name": "packed"}


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_fills_the_memory(
    site: Site, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_documents, "MAX_DOCUMENT", 1_000_000)
    bomb = gzip.compress(b" " * 500_000_000)
    site.answer = lambda _: packed(bomb)
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(SiteError, match="larger than the 1,000,000 bytes"):
        reader.get(site)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_document_that_is_too_large_is_refused(site: Site, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_documents, "MAX_DOCUMENT", 1000)
    site.answer = lambda _: web.Response(body=b'{"a": "' + b"x" * 1000 + b'"}')
    with pytest.raises(SiteError, match="larger than the 1,000 bytes"):
        reader.get(site)
    site.answer = lambda _: web.Response(body=b'{"a": "' + b"x" * 991 + b'"}')
    assert len(reader.get(site)["a"]) == 991


@pytest.mark.parametrize(
    ("encoding", "body", "words"), [("gzip", b'{"a": 1}', "is no gzip"), ("br", b"x", "comes as br")]
)
def test_other_packings_are_refused(site: Site, reader: Reader, encoding: str, body: bytes, words: str) -> None:
    site.answer = lambda _: web.Response(body=body, headers={"Content-Encoding": encoding})
    with pytest.raises(SiteError, match=words):
        reader.get(site)


def raw_server(*pieces: bytes, pause: float = 0.0) -> str:
    """Serve one connection after the other with these bytes, whatever is asked; return the address."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BROKEN = {
    "length": HEAD + b'Content-Length: 100\r\n\r\n{"name": "iris"}',
    "chunk": HEAD + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"name": "iris"}',
    "packed": HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b'{"name": "iris"}')[:-9],
    "no http": b"\x00\x01\x02\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_off_is_a_lost_network(reader: Reader, answer: bytes) -> None:
    with pytest.raises(SiteError, match=r"cannot be reached: .*no copy of it is here"):
        reader.get(raw_server(answer))


def test_a_server_that_drips_is_given_up(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_documents, "_DEADLINE", 0.3)
    address = raw_server(HEAD + b"\r\n", *[b" "] * 200, pause=0.02)
    with pytest.raises(SiteError, match=r"took longer than"):
        reader.get(address)


def test_a_server_that_says_nothing_is_asked_once(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_documents, "_TIMEOUT", 0.2)
    silent, asked = socket.create_server(("127.0.0.1", 0)), list[socket.socket]()

    def accept() -> None:
        while True:
            asked.append(silent.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    documents = HttpDocuments(
        parse_site_address(f"http://127.0.0.1:{silent.getsockname()[1]}"), reader.folder, reader.warnings.append
    )
    for path in ("a.json", "b.json", "c.json"):
        with pytest.raises(SiteError, match="timed out"):
            documents.get(path, lambda _: None)
    assert len(asked) == 1


# Redirects


def test_a_redirect_is_followed_and_secrets_stay_with_their_host(site: Site, reader: Reader, tmp_path: Path) -> None:
    other = start_site(tmp_path / "other")
    put(other.api / DOCUMENT, {"name": "elsewhere"})
    target = f"http://localhost:{other.port}/models/api/v1/{DOCUMENT}"
    site.answer = lambda _: web.Response(status=301, headers={"Location": target})
    address = site.url.replace("//", "//ada:secret@")
    assert reader.get(address) == {"name": "elsewhere"}
    assert site.headers[0]["Authorization"].startswith("Basic ")
    assert "Authorization" not in other.headers[0]
    other.stop()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/", "http://[::1"])
def test_a_redirect_leads_to_no_other_kind_of_address(site: Site, reader: Reader, target: str) -> None:
    site.answer = lambda _: web.Response(status=302, headers={"Location": target})
    with pytest.raises(SiteError):
        reader.get(site)


def test_a_redirect_in_a_circle_ends(site: Site, reader: Reader) -> None:
    site.answer = lambda request: web.Response(status=302, headers={"Location": str(request.url)})
    with pytest.raises(SiteError, match="answers 302"):
        reader.get(site)


def test_credentials_are_sent_and_never_shown(site: Site, reader: Reader) -> None:
    address = site.url.replace("//", "//ada:s%40cret@")
    assert reader.get(address)["name"] == "iris"
    assert site.headers[0]["Authorization"] == "Basic YWRhOnNAY3JldA=="
    site.stop()
    reader.get(address)
    with pytest.raises(SiteError) as caught:
        reader.get(address, "none.json")
    for text in (*reader.warnings, str(caught.value), repr(parse_site_address(address))):
        assert "cret" not in text
        assert "ada" not in text
