"""Objects over HTTP, from servers that lie, stumble, redirect or are not there."""

from __future__ import annotations

from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tests.registry.stored.one_object import CONTENT, FILE, FLIPPED, POINTER, cached, no_leftovers, use_remote
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch
from tests.scaffold.server import serve

from mintmark.registry.stored.pull_cache import cache_folder
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import (
    ObjectError,
    ObjectMissingError,
    RemoteError,
    UnreachableError,
    WrongBytesError,
)


def test_an_object_comes_over_http(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, CONTENT, tmp_path / "far")
    with serve(tmp_path) as address:
        use_remote(made, f"{address}/far/")
        assert Store(made.root).fetch(FILE).read_bytes() == CONTENT
        Store(made.root).check(FILE)


def test_a_same_size_bit_flip_over_http_is_caught(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, FLIPPED, tmp_path)
    with serve(tmp_path) as address:
        use_remote(made, address)
        with pytest.raises(WrongBytesError, match=FILE.md5[2:]):
            Store(made.root).fetch(FILE)
    assert not cached().exists()


def test_a_transfer_that_stops_half_way_is_caught(made: Scratch, tmp_path: Path) -> None:
    def stop_half_way(request: SimpleHTTPRequestHandler) -> bool:
        request.send_response(200)
        request.send_header("Content-Length", str(len(CONTENT)))
        request.end_headers()
        request.wfile.write(CONTENT[: len(CONTENT) // 2])
        return True

    with serve(tmp_path, stop_half_way) as address:
        use_remote(made, address)
        with pytest.raises(ObjectError, match=r"bytes where its record says|broke off"):
            Store(made.root).fetch(FILE)
    assert not cached().exists()
    assert no_leftovers(cache_folder())


def test_a_server_that_never_ends_is_left_at_the_size_of_the_record(made: Scratch, tmp_path: Path) -> None:
    sent: list[Any] = []

    def send_for_ever(request: SimpleHTTPRequestHandler) -> bool:
        request.send_response(200)
        request.end_headers()
        try:
            while len(sent) < 1000:
                request.wfile.write(b"x" * 100_000)
                sent.append(1)
        except OSError:
            pass
        return True

    with serve(tmp_path, send_for_ever) as address:
        use_remote(made, address)
        with pytest.raises(WrongBytesError, match=r"more than the 512,000 bytes"):
            Store(made.root).fetch(FILE)
    assert len(sent) < 1000


def redirect_to(target: str) -> object:
    def respond(request: SimpleHTTPRequestHandler) -> bool:
        if request.path.startswith("/there"):
            return False
        request.send_response(302)
        request.send_header("Location", target + request.path)
        request.end_headers()
        return True

    return respond


@pytest.mark.parametrize("scheme", ["file", "ftp", "data"])
def test_a_redirect_to_another_scheme_is_not_followed(made: Scratch, tmp_path: Path, scheme: str) -> None:
    made.put(FILE, CONTENT, tmp_path)
    with serve(tmp_path, redirect_to(f"{scheme}://{tmp_path}")) as address:  # type: ignore[arg-type]
        use_remote(made, address)
        with pytest.raises(RemoteError, match="302"):
            Store(made.root).fetch(FILE)


def test_a_redirect_to_another_place_of_the_same_kind_is_followed(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, CONTENT, tmp_path / "there")
    with serve(tmp_path, redirect_to("/there")) as address:  # type: ignore[arg-type]
        use_remote(made, address)
        assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


@pytest.mark.parametrize("options", ["auth = basic\nuser = ada\npassword = secret\n", ""], ids=["config", "address"])
def test_a_password_goes_to_its_server_and_not_to_the_one_it_redirects_to(
    made: Scratch, tmp_path: Path, options: str
) -> None:
    made.put(FILE, CONTENT, tmp_path)
    seen: dict[str, str | None] = {}

    def note(name: str, answer: object) -> object:
        def respond(request: SimpleHTTPRequestHandler) -> bool:
            seen[name] = request.headers.get("Authorization")
            return bool(answer and answer(request))  # type: ignore[operator]

        return respond

    with serve(tmp_path, note("second", None)) as second:  # type: ignore[arg-type]
        first_answer = note("first", redirect_to(second))
        with serve(tmp_path, first_answer) as first:  # type: ignore[arg-type]
            use_remote(made, first, options)
            if not options:
                use_remote(made, first.replace("//", "//ada:secret@"))
            assert Store(made.root).fetch(FILE).read_bytes() == CONTENT
    assert seen == {"first": "Basic YWRhOnNlY3JldA==", "second": None}


def test_a_server_that_stumbles_is_asked_again(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, CONTENT, tmp_path)
    stumbles = iter([503])

    def stumble(request: SimpleHTTPRequestHandler) -> bool:
        for code in stumbles:
            request.send_error(code)
            return True
        return False

    with serve(tmp_path, stumble) as address:
        use_remote(made, address)
        assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


def test_a_server_that_refuses_is_one_sentence_with_its_answer(made: Scratch, tmp_path: Path) -> None:
    def refuse(request: SimpleHTTPRequestHandler) -> bool:
        request.send_error(403)
        return True

    with serve(tmp_path, refuse) as address:
        use_remote(made, address)
        with pytest.raises(RemoteError, match="answers 403 Forbidden") as caught:
            Store(made.root).fetch(FILE, pointer=POINTER)
    assert str(caught.value).startswith(f"{POINTER}: ")


def test_a_server_that_is_not_there_is_asked_for_one_object_alone(
    made: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:

    pauses: list[float] = []
    monkeypatch.setattr("mintmark.registry.http_opening.time.sleep", pauses.append)
    use_remote(made, "http://user:secret@127.0.0.1:1/x")
    store = Store(made.root)
    for _ in range(3):
        with pytest.raises(UnreachableError, match="cannot be reached") as caught:
            store.check(FILE)
    assert len(pauses) == 2
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_what_only_dvc_can_read_it_fetches_without_the_pointer(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, CONTENT, tmp_path / "far")
    with serve(tmp_path) as address:
        use_remote(made, f"{address}/far", "ask_password = false\n")
        assert Store(made.root).fetch(FILE).read_bytes() == CONTENT
        with pytest.raises(ObjectMissingError, match="DVC finds no object"):
            Store(made.root).fetch(stored("model.skops", b"other"))
    assert made.git("status", "--porcelain") == "M .dvc/config"


def test_a_remote_that_keeps_files_by_name_is_refused(made: Scratch) -> None:
    use_remote(made, "s3://bucket/path", "version_aware = true\n")
    with pytest.raises(RemoteError, match="keeps files by name"):
        Store(made.root).check(FILE)
