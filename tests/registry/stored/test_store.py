"""Where the bytes of a version come from, and what is wrong with bytes."""

from __future__ import annotations

import io
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from tests.registry.stored.one_object import CONTENT, FILE, FLIPPED, POINTER, cached, no_leftovers, use_remote
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch, object_path

from mintmark.core.records import StoredFile
from mintmark.registry.dvc import read_config
from mintmark.registry.stored import pacing, remotes
from mintmark.registry.stored.missing_objects import ObjectSizes
from mintmark.registry.stored.remotes import object_paths, open_object
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import (
    ObjectError,
    ObjectMissingError,
    RemoteError,
    UnreachableError,
    WrongBytesError,
)

TWO_REMOTES = "[core]\nremote = far\n['remote \"far\"']\nurl = {}\n['remote \"store\"']\nurl = store\n"


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
