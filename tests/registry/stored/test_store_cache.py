"""The cache of verified bytes: it heals itself, is never trusted blindly, and may be missing."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.stored.one_object import CONTENT, FILE, FLIPPED, cached, no_leftovers
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch, object_path

from mintmark.errors import MintmarkError
from mintmark.registry.stored.pull_cache import cache_folder
from mintmark.registry.stored.pushing import push
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import ObjectMissingError


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
