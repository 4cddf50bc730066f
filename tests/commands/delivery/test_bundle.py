"""`mintmark bundle`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch


def test_a_folder_is_written_and_every_file_named(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = scratch.run("bundle", "iris@production")
    assert (result.code, result.err) == (0, "")
    named = [line.split()[1] for line in result.out.splitlines()]
    assert sorted(named) == sorted(str(path) for path in Path("iris-1.1.0").iterdir())
    assert named[0] == "iris-1.1.0/model.skops"
    assert named[-1] == "iris-1.1.0/SHA256SUMS"
    assert "is up to date" in scratch.run("bundle", "iris@production").out


def test_an_archive_is_written_here(scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    result = scratch.run("bundle", "iris@latest", "--archive", "--json")
    assert result.code == 0
    report = json.loads(result.out)
    assert report["reference"] == "iris@1.2.0"
    assert [file["path"] for file in report["files"]] == ["iris-1.2.0.zip", "iris-1.2.0.cdx.json"]
    assert sorted(path.name for path in folder.iterdir()) == ["iris-1.2.0.cdx.json", "iris-1.2.0.zip"]


@pytest.mark.parametrize(
    ("reference", "code", "sentence"),
    [
        ("iris@candidate", 2, "iris@candidate is no version yet"),
        ("iris@9.9.9", 1, "iris has no version 9.9.9"),
        ("iris", 2, "names no version"),
    ],
)
def test_what_has_no_bundle(scratch: Scratch, tmp_path: Path, reference: str, code: int, sentence: str) -> None:
    result = scratch.run("bundle", reference, "-o", str(tmp_path / "out"))
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err
    assert not (tmp_path / "out").exists()


def test_the_bundle_of_an_earlier_day_is_the_same(scratch: Scratch, tmp_path: Path) -> None:
    assert scratch.run("bundle", "iris@production", "--at", "2026-01-03", "-o", str(tmp_path / "a")).code == 0
    assert scratch.run("bundle", "iris@1.0.0", "-o", str(tmp_path / "b")).code == 0
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert [(tmp_path / "a" / n).read_bytes() for n in names] == [(tmp_path / "b" / n).read_bytes() for n in names]
