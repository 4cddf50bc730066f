"""Parcels that a build leaves for the next one: whole or not there, by what made them, and never too many."""

import errno
import os
from pathlib import Path

import pytest

from mintmark.publishing.site.kept import shelf as module
from mintmark.publishing.site.kept.shelf import Parcel, Shelf

PARCEL = Parcel({"files": ["a", "\udcff"], "left_out": None}, [b"one", b"", b"\x00\xff" * 500])


def test_a_parcel_comes_back_as_it_was_to_who_asks_for_the_same(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "not there yet", "code 1")
    assert shelf.take("iris") is None
    shelf.put("iris", PARCEL)
    assert shelf.take("iris") == PARCEL
    assert shelf.take("price") is None
    assert Shelf(shelf.folder, "code 2").take("iris") is None


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:40] + b"!" + b[41:], lambda _: b"", lambda b: b * 2])
def test_a_damaged_parcel_is_none(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    shelf = Shelf(tmp_path, "")
    shelf.put("iris", PARCEL)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert shelf.take("iris") is None
    shelf.put("iris", PARCEL)
    assert shelf.take("iris") == PARCEL


def test_what_was_not_taken_for_longest_goes_and_what_is_too_large_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path, "")
    for name in "abc":
        shelf.put(name, Parcel(name, [os.urandom(1000)]))
    for path in tmp_path.iterdir():
        os.utime(path, (1000, 1000))
    assert shelf.take("a")
    monkeypatch.setattr(module, "MOST_BYTES", 1900)
    shelf.sweep()
    assert [name for name in "abc" if shelf.take(name)] == ["a"]
    monkeypatch.setattr(module, "_MOST_UNPACKED", 100)
    shelf.put("large", PARCEL)
    assert shelf.take("large") is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    shelf = Shelf(tmp_path / "file", "")
    shelf.put("iris", PARCEL)
    assert shelf.take("iris") is None
    shelf.sweep()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    full = Shelf(tmp_path / "full", "")
    monkeypatch.setattr(os, "replace", refuse)
    full.put("iris", PARCEL)
    assert [*full.folder.iterdir()] == []


def test_the_fingerprint_is_of_code_and_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = module.fingerprint()
    assert module.fingerprint() == before
    (tmp_path / "jinja2-99.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert module.fingerprint() != before
    monkeypatch.undo()
    (tmp_path / "page.html").write_text("<p>")
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    with_page = module.fingerprint()
    (tmp_path / "page.html").write_text("<b>")
    assert len({before, with_page, module.fingerprint()}) == 3
