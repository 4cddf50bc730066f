from __future__ import annotations

import io
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch, begin_committed, object_path
from tests.scaffold.server import serve

from mintmark.core.records import StoredFile, format_pointer
from mintmark.core.settings import ChannelRule, Settings
from mintmark.errors import MintmarkError
from mintmark.registry.dvc import read_config
from mintmark.registry.stored import pacing, remotes
from mintmark.registry.stored.limits import check_limits, store_size
from mintmark.registry.stored.missing_objects import ObjectSizes
from mintmark.registry.stored.pull_cache import cache_folder
from mintmark.registry.stored.pushing import push
from mintmark.registry.stored.remotes import dvc_project, object_paths, open_object
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import (
    ObjectError,
    ObjectMissingError,
    RemoteError,
    UnreachableError,
    WrongBytesError,
)

CONTENT = bytes(range(256)) * 2000  # more than one block
FILE = stored("model.skops", CONTENT)
FLIPPED = b"\xff" + CONTENT[1:]
POINTER = "models/iris/versions/1.0.0/model.skops.dvc"


TWO_REMOTES = "[core]\nremote = far\n['remote \"far\"']\nurl = {}\n['remote \"store\"']\nurl = store\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    return begin_committed(tmp_path / "registry")


def use_remote(made: Scratch, url: str, options: str = "") -> None:
    made.configure(f"[core]\nremote = far\nanalytics = false\n['remote \"far\"']\nurl = {url}\n{options}")


def cached(file: StoredFile = FILE) -> Path:
    return cache_folder() / "sha256" / file.sha256[:2] / file.sha256[2:]


def no_leftovers(*folders: Path) -> bool:
    return not [path for folder in folders for path in folder.rglob(".mintmark-*")]


# Where bytes come from


def test_an_object_of_the_embedded_store_lands_in_the_cache(made: Scratch) -> None:
    made.put(FILE, CONTENT)
    path = Store(made.root).fetch(FILE)
    assert path == cached()
    assert path.read_bytes() == CONTENT
    made.put(FILE, b"gone bad")
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


@pytest.mark.slow
def test_an_object_that_dvc_pushed_is_found(made: Scratch) -> None:
    made.write("x/model.skops", CONTENT)
    made.dvc("add", "-q", "x/model.skops")
    made.dvc("push", "-q", "x/model.skops.dvc")
    shutil.rmtree(made.root / ".dvc" / "cache")
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


def test_an_object_in_the_layout_of_dvc_2_is_found(made: Scratch) -> None:
    old = made.store / FILE.md5[:2] / FILE.md5[2:]
    old.parent.mkdir(parents=True)
    old.write_bytes(CONTENT)
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


def test_the_cache_of_dvc_is_used_where_its_config_says(made: Scratch, tmp_path: Path) -> None:
    made.configure("[cache]\ndir = ../../shared-cache\n")
    made.put(FILE, CONTENT, tmp_path / "shared-cache")
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


def test_a_damaged_object_in_the_cache_of_dvc_does_not_hide_the_good_one(made: Scratch) -> None:
    made.put(FILE, FLIPPED, made.root / ".dvc" / "cache")
    made.put(FILE, CONTENT)
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder_elsewhere_is_a_remote(made: Scratch, tmp_path: Path, scheme: str) -> None:
    made.put(FILE, CONTENT, tmp_path / "far")
    use_remote(made, f"{scheme}{tmp_path / 'far'}")
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


def test_what_the_default_remote_lacks_another_may_have(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, CONTENT)
    made.configure(TWO_REMOTES.format(tmp_path / "far"))
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT
    Store(made.root).check(FILE)


def test_what_a_later_commit_removed_is_read_from_the_revision(made: Scratch) -> None:
    place = made.put(FILE, CONTENT)
    before = made.commit("Add")
    place.unlink()
    made.commit("Remove")
    with pytest.raises(ObjectMissingError):
        Store(made.root).fetch(FILE)
    Store(made.root, revision=before).check(FILE)
    assert Store(made.root, revision=before).fetch(FILE).read_bytes() == CONTENT


def test_an_object_in_memory_is_read_through_fsspec(made: Scratch) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe(f"/bucket/{object_path(FILE)}", CONTENT)
    use_remote(made, "memory://bucket")
    try:
        assert Store(made.root).fetch(FILE).read_bytes() == CONTENT
        memory.pipe(f"/bucket/{object_path(FILE)}", FLIPPED)
        with pytest.raises(WrongBytesError):
            Store(made.root).check(FILE)
        memory.rm("/bucket", recursive=True)
        with pytest.raises(ObjectMissingError):
            Store(made.root).check(FILE)
    finally:
        memory.store.clear()


class Dripping(io.RawIOBase):
    """A file of which a library gets a byte now and then, as long as anybody waits."""

    def read(self, _size: int = -1, /) -> bytes:
        time.sleep(30)
        return b"x"


def test_a_library_that_waits_for_a_slow_server_is_not_waited_for(
    made: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec

    class DrippingSystem(fsspec.AbstractFileSystem):  # type: ignore[misc]
        def open(self, path: str, mode: str = "rb", **_options: Any) -> Dripping:
            return Dripping()

    fsspec.register_implementation("drip", DrippingSystem, clobber=True)
    monkeypatch.setattr(pacing, "LONGEST", 0.3)
    use_remote(made, "drip://bucket")
    store = Store(made.root)
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="sends less than 4,096 bytes a second"):
            store.check(FILE)
    assert time.monotonic() - began < 0.3  # who was too slow once is not asked again


def test_dvc_has_no_longer_than_the_rate_allows(made: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "LONGEST", 0.2)
    monkeypatch.setattr(remotes, "_DVC_STARTS", 0.0)
    use_remote(made, "ssh://localhost/store")
    with pytest.raises(UnreachableError, match="did not finish"):
        Store(made.root).fetch(FILE)


def test_the_options_of_an_s3_remote_reach_fsspec() -> None:
    from mintmark.registry.stored.remotes import _fsspec_options

    options = {"endpointurl": "http://localhost:1", "region": "eu", "profile": "p", "allow_anonymous_login": "true"}
    assert _fsspec_options(options, "s3") == {
        "endpoint_url": "http://localhost:1",
        "client_kwargs": {"region_name": "eu"},
        "profile": "p",
        "anon": True,
    }


def test_an_s3_remote_without_s3fs_is_left_to_dvc_which_says_what_to_install(made: Scratch) -> None:
    use_remote(made, "s3://bucket/path", "profile = p\n")
    with pytest.raises(UnreachableError, match="requires 'dvc-s3'"):
        Store(made.root).fetch(FILE, pointer=POINTER)


# Over http


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


# What is wrong with bytes

DAMAGES = {
    "truncated": (CONTENT[:-1], "511,999 bytes where its record says 512,000"),
    "longer": (CONTENT + b"x", "more than the 512,000 bytes"),
    "bit flip": (FLIPPED, "has the sha256"),
    "empty": (b"", "0 bytes"),
}


@pytest.mark.parametrize(("content", "words"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_object_is_named_and_nothing_lands(made: Scratch, tmp_path: Path, content: bytes, words: str) -> None:
    made.put(FILE, content)
    target = tmp_path / "out" / "model.skops"
    store = Store(made.root)
    for read in (lambda: store.fetch(FILE, pointer=POINTER), lambda: store.copy(FILE, target, pointer=POINTER)):
        with pytest.raises(WrongBytesError, match=words) as caught:
            read()
        message = str(caught.value)
        assert message.startswith(f"{POINTER}: .dvc/store/{object_path(FILE)} has")
        assert message.endswith(f"; git checkout -- .dvc/store/{object_path(FILE)} brings a committed one back")
    with pytest.raises(WrongBytesError, match=words):
        store.check(FILE)
    assert not target.exists()
    assert not cached().exists()
    assert no_leftovers(tmp_path)


def test_damage_in_the_default_remote_counts_though_another_has_the_bytes(made: Scratch, tmp_path: Path) -> None:
    made.configure(TWO_REMOTES.format(tmp_path / "far"))
    made.put(FILE, FLIPPED, tmp_path / "far")
    made.put(FILE, CONTENT)
    with pytest.raises(WrongBytesError, match="in far"):
        Store(made.root).check(FILE)
    assert Store(made.root).fetch(FILE).read_bytes() == CONTENT


@pytest.mark.slow
def test_of_two_faults_the_more_telling_is_shown(made: Scratch, tmp_path: Path) -> None:
    made.configure(TWO_REMOTES.format(tmp_path / "far"))
    made.put(FILE, FLIPPED)
    with pytest.raises(WrongBytesError):
        Store(made.root).fetch(FILE)
    made.configure(TWO_REMOTES.format("http://127.0.0.1:1/x"))
    (made.store / object_path(FILE)).unlink()
    for read in (Store(made.root).fetch, Store(made.root).check):
        with pytest.raises(UnreachableError):
            read(FILE)


def test_two_objects_that_changed_places_are_both_caught(made: Scratch) -> None:
    other = stored("other.skops", FLIPPED)
    made.put(FILE, FLIPPED)
    made.put(other, CONTENT)
    for file in (FILE, other):
        with pytest.raises(WrongBytesError):
            Store(made.root).check(file)


def test_bytes_whose_md5_is_not_their_address_are_caught(made: Scratch) -> None:
    wrong = StoredFile(name="model.skops", md5="0" * 32, sha256=FILE.sha256, size=FILE.size)
    made.put(wrong, CONTENT)
    with pytest.raises(WrongBytesError, match="has the md5"):
        Store(made.root).fetch(wrong)


def test_a_missing_object_says_what_to_do(made: Scratch, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissingError, match="is not in the remote store") as caught:
        Store(made.root).fetch(FILE, pointer=POINTER)
    assert f"git checkout -- .dvc/store/{object_path(FILE)}" in str(caught.value)
    use_remote(made, str(tmp_path / "far"))
    with pytest.raises(ObjectMissingError, match=f"dvc push {POINTER}$"):
        Store(made.root).fetch(FILE, pointer=POINTER)


def test_without_a_remote_there_is_one_sentence(made: Scratch) -> None:
    made.configure("")
    for read in (Store(made.root).fetch, Store(made.root).check):
        with pytest.raises(ObjectMissingError, match="names no remote"):
            read(FILE)


def test_a_link_where_an_object_belongs_is_refused(made: Scratch, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(CONTENT)
    place = made.put(FILE, b"")
    place.unlink()
    place.symlink_to(elsewhere)
    for read in (Store(made.root).fetch, Store(made.root).check):
        with pytest.raises(RemoteError, match="symbolic link where an object belongs"):
            read(FILE)


def test_a_pipe_where_an_object_belongs_does_not_hang(made: Scratch) -> None:
    place = made.put(FILE, b"")
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(RemoteError, match="not a plain file"):
        Store(made.root).check(FILE)


@pytest.mark.parametrize("md5", ["../../../../etc/passwd", "", "a" * 31, "A" * 32, "a" * 32 + "\n", "a" * 32 + ".dir"])
def test_an_md5_that_is_none_never_becomes_a_path(md5: str) -> None:
    with pytest.raises(ObjectError):
        object_paths(md5)


def test_a_sha256_that_is_none_never_becomes_a_path(made: Scratch) -> None:
    wrong = StoredFile(name="model.skops", md5=FILE.md5, sha256="../" * 21 + "x", size=1)
    with pytest.raises(ObjectError, match="is no sha256"):
        Store(made.root).fetch(wrong)


# The cache


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MINTMARK_CACHE", "~/mine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("MINTMARK_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "mintmark"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / ".cache" / "mintmark"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "mintmark"


@pytest.mark.parametrize("damage", [FLIPPED, b"", CONTENT + b"x", None])
def test_a_damaged_entry_of_the_cache_is_healed(made: Scratch, tmp_path: Path, damage: bytes | None) -> None:
    made.put(FILE, CONTENT)
    for read in (Store(made.root).fetch, lambda file: Store(made.root).copy(file, tmp_path / "out")):
        cached().parent.mkdir(parents=True, exist_ok=True)
        cached().unlink(missing_ok=True)
        if damage is None:
            cached().symlink_to(tmp_path / "nowhere")
        else:
            cached().write_bytes(damage)
        read(FILE)
        assert cached().read_bytes() == CONTENT
        assert not cached().is_symlink()
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_copy_needs_no_remote_once_the_cache_has_the_bytes(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, CONTENT)
    store = Store(made.root)
    store.fetch(FILE)
    shutil.rmtree(made.store)
    assert store.copy(FILE, tmp_path / "out") is True
    assert store.copy(FILE, tmp_path / "out") is False
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_copy_does_not_share_its_bytes_with_the_cache(made: Scratch, tmp_path: Path) -> None:
    made.put(FILE, CONTENT)
    Store(made.root).copy(FILE, tmp_path / "out")
    (tmp_path / "out").write_bytes(b"edited")
    assert cached().read_bytes() == CONTENT


@pytest.mark.parametrize("obstacle", ["a file", "no permission"])
def test_a_cache_that_cannot_be_written_is_done_without(
    made: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    made.put(FILE, CONTENT)
    if obstacle == "a file":
        cache_folder().write_text("in the way")
    else:
        monkeypatch.setattr(
            "mintmark.registry.stored.pull_cache.os.access", lambda path, mode: False
        )  # root may write anywhere
    store = Store(made.root)
    assert store.fetch(FILE).read_bytes() == CONTENT
    assert store.copy(FILE, tmp_path / "out") is True
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert not cached().exists()


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file grow past 100,000 bytes: writing further fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("content", [CONTENT, CONTENT[:150_000]], ids=["blocks", "one block that fits in part"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    made: Scratch, tmp_path: Path, request: pytest.FixtureRequest, content: bytes
) -> None:
    file = stored("model.skops", content)
    made.put(file, content)
    source = made.write("candidate/model.skops", content)
    target = tmp_path / "out" / "model.skops"
    request.getfixturevalue("small_disk")
    with pytest.raises(MintmarkError, match=r"no space is left .*MINTMARK_CACHE") as caught:
        Store(made.root).copy(file, target)
    assert "\n" not in str(caught.value)
    shutil.rmtree(made.store)
    with pytest.raises(MintmarkError, match="no space is left"):
        push(made.root, [(file, source)])
    assert not target.exists()
    assert not cached(file).exists()
    assert not (made.store / object_path(file)).exists()
    assert no_leftovers(tmp_path)


def test_verifying_keeps_nothing(made: Scratch) -> None:
    made.put(FILE, CONTENT)
    Store(made.root).check(FILE)
    assert not cache_folder().exists()


def test_verifying_does_not_take_the_word_of_a_cache(made: Scratch) -> None:
    made.put(FILE, CONTENT)
    Store(made.root).fetch(FILE)
    made.put(FILE, CONTENT, made.root / ".dvc" / "cache")
    (made.store / object_path(FILE)).unlink()
    with pytest.raises(ObjectMissingError):
        Store(made.root).check(FILE)


# Into the store


def test_what_is_pushed_is_dvcs_own(made: Scratch) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    created = push(made.root, [(FILE, source)])
    assert created == [made.store / object_path(FILE)]
    assert stat.S_IMODE(created[0].stat().st_mode) == 0o444
    made.write("x/model.skops.dvc", format_pointer(FILE))
    assert "deleted" in made.dvc("status", "-c", "x/model.skops.dvc")  # from the cache, that is: it is in the remote
    made.dvc("pull", "-q", "x/model.skops.dvc")
    assert (made.root / "x" / "model.skops").read_bytes() == CONTENT
    assert "in sync" in made.dvc("status", "-c", "x/model.skops.dvc")
    (made.root / "x" / "model.skops.dvc").unlink()
    made.dvc("gc", "-q", "-f", "-w", "-c")
    assert not created[0].exists()


def test_pushing_again_creates_nothing(made: Scratch) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    push(made.root, [(FILE, source)])
    assert push(made.root, [(FILE, source), (FILE, source)]) == []


def test_a_push_of_other_bytes_leaves_nothing_behind(made: Scratch) -> None:
    good = made.write("candidate/profile.json", b"{}")
    bad = made.write("candidate/model.skops", FLIPPED)
    with pytest.raises(WrongBytesError, match=r"candidate/model\.skops has the sha256"):
        push(made.root, [(stored("profile.json", b"{}"), good), (FILE, bad)])
    with pytest.raises(ObjectMissingError, match=r"candidate/nothing: cannot be read"):
        push(made.root, [(stored("profile.json", b"{}"), good), (FILE, made.root / "candidate/nothing")])
    assert not [path for path in made.store.rglob("*") if path.is_file()]


def test_a_push_does_not_take_a_damaged_object_for_its_own(made: Scratch) -> None:
    made.put(FILE, FLIPPED)
    source = made.write("candidate/model.skops", CONTENT)
    with pytest.raises(WrongBytesError, match="holds other bytes than its name says"):
        push(made.root, [(FILE, source)])


def test_a_store_that_a_link_leads_out_of_the_repository_is_refused(made: Scratch, tmp_path: Path) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    (tmp_path / "elsewhere").mkdir()
    made.store.mkdir()
    (made.store / "files").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MintmarkError, match="out of the repository"):
        push(made.root, [(FILE, source)])
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_push_to_a_server_goes_through_dvc(made: Scratch, tmp_path: Path) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    other = made.write("candidate/profile.json", b"{}")
    (tmp_path / "far").mkdir()
    with serve(tmp_path) as address:
        use_remote(made, f"{address}/far", "method = PUT\n")
        assert push(made.root, [(FILE, source), (stored("profile.json", b"{}"), other)]) == []
        Store(made.root).check(FILE)
    assert (tmp_path / "far" / object_path(stored("p", b"{}"))).read_bytes() == b"{}"


@pytest.mark.slow
def test_a_push_that_a_server_refuses_raises(made: Scratch, tmp_path: Path) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    with serve(tmp_path) as address:
        use_remote(made, f"{address}/far", "method = POST\n")  # the server knows no POST
        with pytest.raises(MintmarkError, match="dvc push"):
            push(made.root, [(FILE, source)])


def test_a_project_for_dvc_keeps_the_options_of_the_remote(made: Scratch) -> None:
    use_remote(made, "https://example.org/x", "user = ada\npassword = 'a, b # c'\n")
    remote = read_config(made.root).required_default
    with dvc_project(remote, None) as project:
        again = read_config(project).required_default
    assert (again.url, dict(again.options)) == (remote.url, dict(remote.options))
    assert again.options["password"] == "a, b # c"
    assert not project.exists()


# Limits and what is missing


def settings(file: int = 10_000_000, store: int = 500_000_000) -> Settings:
    return Settings(name="x", channels=(ChannelRule(name="production"),), file_limit=file, store_limit=store)


def test_the_limits_of_the_embedded_store_stop_with_two_commands(made: Scratch) -> None:
    check_limits(made.root, [FILE], settings(file=FILE.size, store=FILE.size))
    with pytest.raises(MintmarkError, match=r"model\.skops has 512 kB.*takes files of up to 100 kB") as caught:
        check_limits(made.root, [FILE], settings(file=100_000))
    assert "dvc remote add -d storage s3://BUCKET/PATH\n" in str(caught.value)
    with pytest.raises(MintmarkError, match=r"would grow to 512 kB.*up to 500 kB"):
        check_limits(made.root, [FILE], settings(store=500_000))


def test_the_size_of_the_store_counts_and_what_is_there_does_not_count_twice(made: Scratch) -> None:
    made.put(FILE, CONTENT)
    other = stored("profile.json", b"{}")
    assert store_size(made.root) == FILE.size
    check_limits(made.root, [FILE], settings(store=1))
    check_limits(made.root, [FILE, other, other], settings(store=FILE.size + 2))
    with pytest.raises(MintmarkError, match=r"limits\.store"):
        check_limits(made.root, [FILE, other], settings(store=FILE.size + 1))


def test_another_remote_has_no_limits(made: Scratch, tmp_path: Path) -> None:
    for url in ("s3://bucket/path", str(tmp_path / "far")):
        use_remote(made, url)
        check_limits(made.root, [FILE], settings(file=1, store=1))


@pytest.mark.slow
def test_the_two_commands_move_every_version_to_another_store(made: Scratch, tmp_path: Path) -> None:
    """Run what the message says, with a folder for the bucket and the .gitignore of this repository."""
    made.write(".gitignore", (Path(__file__).parents[3] / ".gitignore").read_bytes())
    made.add_version("iris", "1.0.0", {"model.skops": CONTENT, "profile.json": b"{}"})
    with pytest.raises(MintmarkError) as caught:
        check_limits(made.root, [stored("big", b"x" * 20)], settings(file=10))
    commands = [line.strip() for line in str(caught.value).splitlines() if line.startswith("  ")]
    assert len(commands) == 2
    for command in commands:
        line = re.sub(r"\bdvc (?=remote|fetch|push)", f"{sys.executable} -m dvc ", command)
        line = line.replace("s3://BUCKET/PATH", str(tmp_path / "far"))
        subprocess.run(line, shell=True, cwd=made.root, check=True, capture_output=True)
    shutil.rmtree(made.store)
    shutil.rmtree(made.root / ".dvc" / "cache")
    assert read_config(made.root).required_default.folder == tmp_path / "far"
    Store(made.root).check(FILE)
    assert ObjectSizes(made.root, None).faults([FILE, stored("profile.json", b"{}")]) == {}


def test_missing_objects_are_told_by_name_and_size_alone(made: Scratch) -> None:
    there, short, linked = (stored(name, name.encode()) for name in ("there", "short", "linked"))
    made.put(there, b"THERE")  # as long as it should be: only verify reads it
    made.put(short, b"sho")
    made.put(linked, b"").unlink()
    (made.store / object_path(linked)).symlink_to("nowhere")
    faults = ObjectSizes(made.root, None).faults([there, short, linked, FILE, FILE])
    assert list(faults) == [short.md5, linked.md5, FILE.md5]
    assert "has 3 bytes where the record says 5" in faults[short.md5]
    assert "not a plain file" in faults[linked.md5]
    assert f"{object_path(FILE)} is not in the store" in faults[FILE.md5]


def test_a_remote_elsewhere_is_not_asked_what_is_missing(made: Scratch) -> None:
    use_remote(made, "s3://bucket/path")
    assert ObjectSizes(made.root, None).faults([FILE]) == {}


def test_an_object_is_closed_after_use(made: Scratch) -> None:
    made.put(FILE, CONTENT)
    remote = read_config(made.root).required_default
    with open_object(remote, FILE) as stream:
        assert stream.read(3) == CONTENT[:3]
    assert stream.closed
