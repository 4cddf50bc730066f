from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch, begin_committed
from tests.scaffold.server import serve

from mintmark.commands.verify import verify
from mintmark.core.layout import channel_path, pointer_path, version_path
from mintmark.errors import MintmarkError, UsageError

PROFILE = b"{}"
ALL_WELL = "every one can be fetched and is as recorded"


def model(name: str, version: str) -> bytes:
    return f"{name} {version}".encode()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    made = begin_committed(tmp_path / "registry")
    for name in ("iris", "wine"):
        made.add_model(name)
        for version in ("1.0.0", "1.1.0"):
            made.add_version(name, version, {"model.skops": model(name, version), "profile.json": PROFILE})
    made.set_channel("iris", "production", "1.0.0")
    made.commit("Register")
    return made


def run(made: Scratch, *references: str, at: str | None = None, as_json: bool = False) -> int:
    return verify(made.root, list(references), at=at, as_json=as_json)


def line_of(made: Scratch, path: str, text: str) -> int:
    lines = (made.root / path).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def damage(made: Scratch, name: str, version: str) -> None:
    made.put(stored("model.skops", model(name, version)), model(name, version).upper())


def test_all_versions_are_verified_and_the_last_line_says_so(
    made: Scratch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(made) == 0
    assert capsys.readouterr().out == f"verified 8 files of 4 versions (42 B): {ALL_WELL}\n"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("references", "versions"),
    [(["iris"], 2), (["iris@1.0.0"], 1), (["iris@production"], 1), (["iris@latest", "iris@1.1.0", "wine"], 3)],
)
def test_references_choose_what_is_verified(
    made: Scratch, capsys: pytest.CaptureFixture[str], references: list[str], versions: int
) -> None:
    assert run(made, *references, as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["versions"], report["files"], report["findings"]) == (versions, 2 * versions, [])


def test_a_fault_elsewhere_is_not_looked_for(made: Scratch) -> None:
    damage(made, "wine", "1.0.0")
    assert run(made, "iris", "wine@1.1.0") == 0
    assert run(made, "wine") == 1


def test_a_damaged_object_is_told_at_the_line_of_its_sha256(made: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    damage(made, "iris", "1.1.0")
    file = stored("model.skops", model("iris", "1.1.0"))
    assert run(made) == 1
    first, last = capsys.readouterr().out.splitlines()
    path = version_path("iris", "1.1.0")
    assert first.startswith(f"{path}:{line_of(made, path, file.sha256)}:3: artifact.sha256: .dvc/store/files/md5/")
    assert "has the sha256" in first
    assert first.endswith("[R9]")
    assert last == "verified 8 files of 4 versions (42 B): 1 fault"


def test_a_file_that_versions_share_is_told_for_each(made: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    made.put(stored("profile.json", PROFILE), b"[]")
    assert run(made, as_json=True) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    expected = [version_path(name, v) for name in ("iris", "wine") for v in ("1.0.0", "1.1.0")]
    assert [finding["path"] for finding in findings] == expected
    assert {finding["where"] for finding in findings} == {"files.profile.json.sha256"}
    sha256 = stored("profile.json", PROFILE).sha256
    assert {finding["line"] for finding in findings} == {line_of(made, path, sha256) for path in expected}


def test_every_fault_is_reported_and_none_hides_another(made: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    damage(made, "iris", "1.1.0")
    made.write(version_path("iris", "1.0.0"), "schema: 1\nmodel: iris\nmodel: iris\n")
    (made.store / "files/md5").joinpath(
        *(lambda md5: (md5[:2], md5[2:]))(stored("m", model("wine", "1.0.0")).md5)
    ).unlink()
    (made.root / pointer_path("wine", "1.1.0", "model.skops")).unlink()
    (made.root / pointer_path("wine", "1.1.0", "profile.json")).write_text(
        (made.root / pointer_path("wine", "1.0.0", "profile.json")).read_text().replace("size: 2", "size: 3")
    )
    assert run(made) == 1
    *findings, last = capsys.readouterr().out.splitlines()
    expected = [
        (f"{version_path('iris', '1.0.0')}:3:1: ", 'the key "model" is there twice'),
        (f"{version_path('iris', '1.1.0')}:", "has the sha256"),
        (f"{version_path('wine', '1.0.0')}:", "is not in the remote store"),
        (f"{pointer_path('wine', '1.1.0', 'model.skops')}: ", "is missing, so DVC cannot fetch model.skops"),
        (f"{pointer_path('wine', '1.1.0', 'profile.json')}:3: ", "the record makes it: size: 2"),
    ]
    assert len(findings) == len(expected)
    for finding, (start, words) in zip(findings, expected, strict=True):
        assert finding.startswith(start)
        assert words in finding
    assert last.endswith(": 5 faults")


def test_a_record_that_is_missing_or_a_link_hides_no_other(made: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    (made.root / version_path("iris", "1.0.0")).unlink()
    link = made.root / version_path("iris", "1.1.0")
    link.unlink()
    link.symlink_to(made.root / version_path("wine", "1.0.0"))
    pointer = made.root / pointer_path("wine", "1.1.0", "model.skops")
    pointer.unlink()
    pointer.symlink_to("profile.json.dvc")
    damage(made, "wine", "1.0.0")
    assert run(made) == 1
    findings = capsys.readouterr().out.splitlines()[:-1]
    assert [finding.split(":")[0] for finding in findings] == [
        version_path("iris", "1.0.0"),
        version_path("iris", "1.1.0"),
        version_path("wine", "1.0.0"),
        pointer_path("wine", "1.1.0", "model.skops"),
    ]
    assert "is missing" in findings[0]
    assert "symbolic link" in findings[1]
    assert "symbolic link" in findings[3]


def test_a_channel_that_cannot_be_read_does_not_stop_the_others(
    made: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.write(channel_path("iris", "production"), "version: [\n")
    assert run(made, "iris@production", "wine") == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(channel_path("iris", "production"))
    assert last.startswith("verified 4 files of 2 versions")


@pytest.mark.parametrize(
    ("reference", "kind"),
    [("tulip", MintmarkError), ("iris@9.0.0", MintmarkError), ("iris@x@y", UsageError), ("iris@candidate", UsageError)],
)
def test_a_reference_that_means_nothing_is_refused(made: Scratch, reference: str, kind: type[MintmarkError]) -> None:
    with pytest.raises(kind):
        run(made, "wine", reference)


def test_a_registry_without_versions_has_nothing_to_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(begin_committed(tmp_path / "empty")) == 0
    assert capsys.readouterr().out == "there is no version to verify\n"


def test_a_revision_is_verified_as_it_was(made: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    made.git("tag", "before")
    shutil.rmtree(made.root / "models" / "iris")
    shutil.rmtree(made.store)
    made.commit("Withdraw")
    assert run(made, at="before") == 0
    assert capsys.readouterr().out == f"verified 8 files of 4 versions (42 B): {ALL_WELL}\n"
    assert run(made) == 1


def test_a_remote_over_http_is_verified_past_every_cache(
    made: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made.store, tmp_path / "far")
    shutil.copytree(made.store, made.root / ".dvc" / "cache")
    shutil.rmtree(made.store)
    with serve(tmp_path / "far") as address:
        made.configure(f"[core]\nremote = far\n['remote \"far\"']\nurl = {address}\n")
        assert run(made) == 0
        made.put(stored("p", PROFILE), b"[]", tmp_path / "far")
        assert run(made, "iris@1.0.0") == 1
    assert run(made, "iris@1.0.0") == 1
    assert "cannot be reached" in capsys.readouterr().out
    assert not (tmp_path / "cache").exists()
