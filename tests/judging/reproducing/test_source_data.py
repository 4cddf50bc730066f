"""What DVC keeps beside the stages: found by its pointers, fetched without changing any remote."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch
from tests.scaffold.server import serve

from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.judging.reproducing.source_data import SourceFile, fetch_sources, source_files
from mintmark.registry.dvc import Remote

PLAIN = "outs:\n- md5: {md5}\n  hash: md5\n  path: {path}\n"


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def made(tmp_path: Path) -> Scratch:
    scratch = Scratch(tmp_path / "r")
    scratch.root.mkdir()
    scratch.git("init", "--quiet")
    return scratch


def commit(made: Scratch, files: dict[str, str]) -> str:
    for name, text in files.items():
        made.write(name, text)
    made.commit("data")
    return made.git("rev-parse", "HEAD")


def put(folder: Path, content: bytes, *, suffix: str = "", old: bool = False) -> str:
    digest = md5(content)
    place = folder / ("" if old else "files/md5") / digest[:2] / f"{digest[2:]}{suffix}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    place.chmod(0o644)  # DVC trusts what cannot be written; this it would hash, and delete where it is wrong
    return f"{digest}{suffix}"


def file(content: str, *, kind: str | None = "md5") -> SourceFile:
    return SourceFile(path="data/a.csv", pointer="data/a.csv.dvc", md5=content, kind=kind)


def test_pointers_are_found_at_around_and_below_what_a_stage_reads(made: Scratch) -> None:
    digest = md5(b"")
    head = commit(
        made,
        {
            "data/a.csv.dvc": PLAIN.format(md5=digest, path="a.csv"),
            "data/deep/b.csv.dvc": PLAIN.format(md5=digest, path="b.csv"),
            "whole.dvc": PLAIN.format(md5=f"{digest}.dir", path="whole"),
            "moved.dvc": f"wdir: elsewhere\n{PLAIN.format(md5=digest, path='c.csv')}",
            "old.dvc": f"outs:\n- md5: {digest}\n  path: old.csv\n",
            "models/iris/versions/1.0.0/model.skops.dvc": PLAIN.format(md5=digest, path="model.skops"),
        },
    )

    def found(*paths: str) -> list[str]:
        return sorted(entry.path for entry in source_files(made.root, head, paths))

    assert found("data/a.csv") == ["data/a.csv"]
    assert found("data") == ["data/a.csv", "data/deep/b.csv"]
    assert found("whole/part/x.csv") == ["whole"]
    assert found("elsewhere/c.csv", "scripts/fit.py") == ["elsewhere/c.csv"]
    assert found("dat", "data/a.csv.dvc", "models") == []
    assert [entry.kind for entry in source_files(made.root, head, ["old.csv", "whole"])] == [None, "md5"]


@pytest.mark.parametrize("text", ["outs: [", "outs: 3\n", "- a\n", "outs:\n- {md5: abc}\n", "wdir: 3\nouts: []\n"])
def test_a_pointer_that_is_none_is_named(made: Scratch, text: str) -> None:
    head = commit(made, {"data/a.csv.dvc": text})
    assert source_files(made.root, head, ["scripts/fit.py"]) == []
    with pytest.raises(InvalidRegistryError, match=r"data/a\.csv\.dvc: cannot be read as what dvc add writes"):
        source_files(made.root, head, ["data/a.csv"])


def test_a_pointer_that_leads_elsewhere_is_not_for_that_data(made: Scratch) -> None:
    head = commit(made, {"data/a.csv.dvc": PLAIN.format(md5=md5(b""), path="../../../etc/passwd")})
    assert source_files(made.root, head, ["data/a.csv"]) == []


@pytest.mark.parametrize("way", first_quick(["folder", "http"]))
def test_a_folder_comes_whole(tmp_path: Path, way: str) -> None:
    far, cache = tmp_path / "far", tmp_path / "cache"
    entries = [{"md5": put(far, text), "relpath": f"{number}.csv"} for number, text in enumerate((b"one", b"two"))]
    wanted = file(put(far, json.dumps(entries).encode(), suffix=".dir"))
    with serve(far) as address:
        remote = Remote(name="far", url=address if way == "http" else str(far))
        fetch_sources([wanted], [remote], cache)
        assert sorted(path.stat().st_size for path in cache.rglob("*") if path.is_file())[:2] == [3, 3]
        assert {path.stat().st_nlink for path in cache.rglob("*") if path.is_file()} == {1}
        shutil.rmtree(cache)
        (far / "files/md5" / entries[0]["md5"][:2] / entries[0]["md5"][2:]).unlink()
        with pytest.raises(MintmarkError, match=r"data/a\.csv: no remote has the bytes"):
            fetch_sources([wanted], [remote], cache)


@pytest.mark.parametrize("listing", [b"[", b"{}x", b'[{"md5": "../../../x", "relpath": "a"}]', b"[1]", b'[{"md5": 3}]'])
def test_a_list_of_a_folder_that_is_none(tmp_path: Path, listing: bytes) -> None:
    wanted = file(put(tmp_path / "far", listing, suffix=".dir"))
    with pytest.raises(MintmarkError, match="DVC's list of that folder cannot be read"):
        fetch_sources([wanted], [Remote(name="far", url=str(tmp_path / "far"))], tmp_path / "cache")


def test_the_next_remote_is_asked_for_what_the_first_lacks(tmp_path: Path) -> None:
    first, second = put(tmp_path / "one", b"first"), put(tmp_path / "two", b"second")
    remotes = [Remote(name=name, url=str(tmp_path / name)) for name in ("nowhere", "one", "two")]
    fetch_sources([file(first), file(second)], remotes, tmp_path / "cache")
    assert len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("way", ["folder", "http"])
def test_wrong_bytes_are_refused_and_stay_where_they_are(tmp_path: Path, way: str) -> None:
    far = tmp_path / "far"
    digest = put(far, b"right")
    place = far / "files/md5" / digest[:2] / digest[2:]
    place.write_bytes(b"wrong")
    with serve(far) as address, pytest.raises(MintmarkError, match=r"data/a\.csv: no remote has the bytes"):
        fetch_sources(
            [file(digest)], [Remote(name="far", url=address if way == "http" else str(far))], tmp_path / "cache"
        )
    assert place.read_bytes() == b"wrong"
    assert place.stat().st_mode & 0o777 == 0o644


def test_a_link_in_a_store_is_no_object(tmp_path: Path) -> None:
    digest = put(tmp_path / "far", b"secret")
    place = tmp_path / "far/files/md5" / digest[:2] / digest[2:]
    place.rename(tmp_path / "secret")
    place.symlink_to(tmp_path / "secret")
    with pytest.raises(MintmarkError, match="symbolic link"):
        fetch_sources([file(digest)], [Remote(name="far", url=str(tmp_path / "far"))], tmp_path / "cache")


def test_data_of_dvc_2_is_found_in_its_layout(tmp_path: Path) -> None:
    """Its md5 is that of the text with other line ends, so it cannot be compared with the bytes."""
    far = tmp_path / "far"
    digest = put(far, b"a\n", old=True)
    (far / digest[:2] / digest[2:]).write_bytes(b"a\r\n")
    fetch_sources([file(digest, kind=None)], [Remote(name="far", url=str(far))], tmp_path / "cache")
    assert (tmp_path / "cache" / digest[:2] / digest[2:]).read_bytes() == b"a\r\n"
