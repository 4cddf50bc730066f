"""What a bundle holds, that its bytes depend on the version alone, and what hostile records do to it."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from markdown_it import MarkdownIt
from tests.scaffold.registry import ROOT, Scratch

from mintmark.artifacts.skops.format import dump_canonical
from mintmark.core import layout
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.publishing.release.bundle import read_bundle, write_archive, write_bundle, write_folder
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.pulling import pull_files

FILES = {
    "README.md",
    "CARD.md",
    "version.yaml",
    "metrics.json",
    "requirements.txt",
    "sbom.cdx.json",
    "SHA256SUMS",
    "model.skops",
}
SHIPPED = ["breast-cancer@1.0.0", "breast-cancer@1.1.0", "diabetes-progression@1.0.0", "digits@1.0.0"]


def bundle_of(root: Path, reference: str, folder: Path) -> Path:
    write_folder(read_bundle(ClonedRegistry(root), reference), folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def is_strictly_valid(bill: str) -> bool:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None


def loading_lines(readme: str) -> str:
    found = re.search(r"```python\n(import hashlib.*?)```", readme, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def hostile(scratch: Scratch) -> Scratch:
    """A version whose texts are attacks on Markdown, terminals, JSON and paths, some of them as long as may be."""
    attack = "<script>alert(1)</script>\n\n# Heading\n```\n\x1b[31mred\u202e ${{ github.token }} $(id) `id` ::error::x \"'\\ ../../etc"
    scratch.add_model(
        "rose", purpose=attack + "A" * 19_000, limitations=attack, licence="No Such Licence (ours)", title=attack[:20]
    )
    scratch.add_version(
        "rose", "1.0.0",
        author="\x1b[2J<script> <ada@example.org>", summary=attack[:200] + "B" * 19_000,
        data=[{"role": "source", "path": "../../../etc/passwd\n<b>", "hash": "not a hash", "rows": 1}],
        environment={"python": "<script>", "platform": "../..", "packages": {"numpy": "1; rm -rf /", "evil pkg\n": "1"}, "lock": f"sha256:{'1' * 64}"},
        signature={"inputs": {attack: "float64"}, "outputs": {attack: {"type": "x", "shape": [None]}}},
    )  # fmt: skip
    scratch.commit("Register")
    return scratch


@pytest.mark.parametrize(
    "reference", [SHIPPED[1], *(pytest.param(one, marks=pytest.mark.slow) for one in SHIPPED if one != SHIPPED[1])]
)
def test_a_shipped_version_is_whole_valid_and_can_be_checked(reference: str, tmp_path: Path) -> None:
    folder = bundle_of(ROOT, reference, tmp_path / "out")
    assert set(contents(folder)) == FILES
    done = subprocess.run(
        ("sha256sum", "--strict", "-c", "SHA256SUMS"), cwd=folder, capture_output=True, text=True, check=True
    )
    assert {line.partition(":")[0] for line in done.stdout.splitlines()} == FILES - {"SHA256SUMS"}
    assert is_strictly_valid((folder / "sbom.cdx.json").read_text())
    model, _, version = reference.partition("@")
    assert (folder / "version.yaml").read_bytes() == (ROOT / layout.version_path(model, version)).read_bytes()
    assert (folder / "metrics.json").read_bytes() == (ROOT / layout.metrics_path(model, version)).read_bytes()
    assert "channels" not in (folder / "CARD.md").read_text().partition("## Purpose")[0]


def load(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """What the lines of the README load, run where they are meant to be run."""
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    exec(loading_lines((folder / "README.md").read_text()), names)
    return names[name]


def test_the_lines_of_the_readme_load_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the predictions that were registered."""
    pandas = pytest.importorskip("pandas")
    folder = bundle_of(ROOT, "breast-cancer@1.1.0", tmp_path / "out")
    pull_files(ClonedRegistry(ROOT), "breast-cancer@1.1.0", tmp_path / "all", all_files=True)
    model: Any = load(folder, "model", monkeypatch)
    rows = pandas.read_parquet(tmp_path / "all" / "evaluation.parquet")[list(model.feature_names_in_)]
    registered = pandas.read_parquet(tmp_path / "all" / "predictions.parquet")
    assert model.predict(rows).tolist() == registered["prediction"].tolist()


@pytest.mark.slow
def test_the_lines_of_the_readme_know_nothing_of_mintmark(scratch: Scratch, tmp_path: Path) -> None:
    folder = bundle_of(scratch.root, "iris@1.1.0", tmp_path / "out")
    lines = loading_lines((folder / "README.md").read_text())
    use = "\nimport sys\nprint('mintmark' in sys.modules)"
    done = subprocess.run((sys.executable, "-c", lines + use), cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_lines_of_the_readme_refuse_other_bytes(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bundle_of(scratch.root, "iris@1.1.0", tmp_path / "out")
    (folder / "model.skops").write_bytes(dump_canonical([1, 2, 3]))
    with pytest.raises(SystemExit, match=r"model\.skops is not the file that was registered"):
        load(folder, "model", monkeypatch)


@pytest.mark.long
def test_a_fresh_environment_installs_and_loads_it(tmp_path: Path) -> None:
    """As the README says, with real pip and nothing but what the bundle pins."""
    folder = bundle_of(ROOT, "breast-cancer@1.1.0", tmp_path / "out")
    subprocess.run((sys.executable, "-m", "venv", tmp_path / "venv"), check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = (python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements.txt")
    subprocess.run(install, cwd=folder, check=True, timeout=1200)
    lines = loading_lines((folder / "README.md").read_text())
    use = "\nprint(type(model).__name__)"
    done = subprocess.run((python, "-I", "-c", lines + use), cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "Pipeline\n"


def test_the_same_version_gives_the_same_bytes_anywhere_and_later(scratch: Scratch, tmp_path: Path) -> None:
    """In another clone, time zone, locale and umask, with another hash seed, after promotions, edits and a yank."""
    first = write_bundle(ClonedRegistry(scratch.root), "iris@1.1.0", tmp_path / "first")
    scratch.git("clone", "--quiet", str(scratch.root), str(tmp_path / "clone"))
    clone = Scratch(tmp_path / "clone", scratch.artifact, commits=20, environment={
        "GIT_AUTHOR_NAME": "B", "GIT_AUTHOR_EMAIL": "b@b", "GIT_COMMITTER_NAME": "B", "GIT_COMMITTER_EMAIL": "b@b"})  # fmt: skip
    clone.promote("iris", "1.2.0")
    clone.add_model("iris", purpose="Another one.")
    clone.yank("iris", "1.1.0")
    clone.commit("Describe and yank")
    elsewhere = {
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "MINTMARK_CACHE": str(tmp_path / "none"),
    }
    before = os.umask(0o077)
    try:
        done = clone.process("bundle", "iris@1.1.0", "--archive", "-o", str(tmp_path / "second"), **elsewhere)
    finally:
        os.umask(before)
    assert (done.code, done.err) == (0, "warning: iris@1.1.0 was yanked: Trained on leaked labels.\n")
    assert [path.name for path in first] == ["iris-1.1.0.zip", "iris-1.1.0.cdx.json"]
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_an_archive_holds_the_folder_with_fixed_times_and_modes(scratch: Scratch, tmp_path: Path) -> None:
    bundle = read_bundle(ClonedRegistry(scratch.root), "iris@production")
    archive, bill = (written.path for written in write_archive(bundle, tmp_path / "dist"))
    write_folder(bundle, tmp_path / "iris-1.1.0")
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        for member in packed.infolist():
            assert (member.date_time, member.external_attr >> 16, member.compress_type) == (
                (1980, 1, 1, 0, 0, 0),
                0o100644,
                0,
            )
        packed.extractall(tmp_path / "unpacked")
    assert contents(tmp_path / "unpacked" / "iris-1.1.0") == contents(tmp_path / "iris-1.1.0")
    assert bill.read_bytes() == (tmp_path / "iris-1.1.0" / "sbom.cdx.json").read_bytes()


def test_what_hostile_records_say_makes_no_structure(
    hostile: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = read_bundle(ClonedRegistry(hostile.root), "rose@1.0.0")
    archive, bill = (written.path for written in write_archive(bundle, tmp_path / "dist"))
    assert is_strictly_valid(bill.read_text())
    with zipfile.ZipFile(archive) as packed:
        assert set(packed.namelist()) == {f"rose-1.0.0/{name}" for name in FILES}
    for name in ("README.md", "CARD.md", "sbom.cdx.json", "requirements.txt"):
        text = bundle.texts[name].decode()
        assert "\x1b" not in text
        assert "\u202e" not in text
    readme = MarkdownIt().enable("table").parse(bundle.texts["README.md"].decode())
    assert [token.tag for token in readme if token.type == "heading_open"] == ["h1", "h2", "h2"]
    assert not [token for token in readme if token.type.startswith("html")]
    assert len([token for token in readme if token.type == "fence"]) == 4
    load(bundle_of(hostile.root, "rose@1.0.0", tmp_path / "out"), "model", monkeypatch)
    entries = [line for line in bundle.texts["requirements.txt"].decode().splitlines() if not line.startswith("#")]
    assert entries == []


@pytest.mark.parametrize("name", ["readme.md", "metrics.json", "SHA256SUMS", "model.sig"])
def test_an_artifact_cannot_take_the_place_of_a_file_of_the_bundle(scratch: Scratch, tmp_path: Path, name: str) -> None:
    record = scratch.read(layout.version_path("iris", "1.1.0"))
    scratch.write(
        layout.version_path("iris", "2.0.0"),
        record.replace("1.1.0", "2.0.0").replace("path: model.skops", f"path: {name}"),
    )
    scratch.write(layout.metrics_path("iris", "2.0.0"), scratch.read(layout.metrics_path("iris", "1.1.0")))
    scratch.commit("Register")
    with pytest.raises(MintmarkError, match="which a bundle gives a file of its own"):
        bundle_of(scratch.root, "iris@2.0.0", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_wrong_bytes_are_not_bundled(scratch: Scratch, tmp_path: Path) -> None:
    scratch.add_version("iris", "2.0.0", {"model.skops": b"one model"})
    scratch.commit("Register")
    scratch.object_of("iris", "2.0.0").write_bytes(b"any model")
    with pytest.raises(MintmarkError, match="has the sha256"):
        bundle_of(scratch.root, "iris@2.0.0", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_breaks_the_rule_of_formats_is_not_bundled(scratch: Scratch, tmp_path: Path) -> None:
    scratch.add_version("iris", "2.0.0", {"model.skops": b"\x80\x04N."})
    scratch.commit("Register")
    with pytest.raises(InvalidRegistryError, match="R8"):
        bundle_of(scratch.root, "iris@2.0.0", tmp_path / "out")


def test_only_what_is_registered_is_bundled(scratch: Scratch, tmp_path: Path) -> None:
    scratch.add_version("iris", "2.0.0")
    with pytest.raises(MintmarkError, match="no commit has it yet"):
        bundle_of(scratch.root, "iris@2.0.0", tmp_path / "out")
    scratch.edit(layout.version_path("iris", "1.0.0"), "Trained again.", "Trained twice.")
    with pytest.raises(MintmarkError, match=r"version.yaml: is not as [0-9a-f]{10} registered it"):
        bundle_of(scratch.root, "iris@1.0.0", tmp_path / "out")


def test_what_is_there_is_treated_as_pull_treats_it(scratch: Scratch, tmp_path: Path) -> None:
    bundle, folder = read_bundle(ClonedRegistry(scratch.root), "iris@1.1.0"), tmp_path / "out"
    assert {written.action for written in write_folder(bundle, folder)} == {"written"}
    assert {written.action for written in write_folder(bundle, folder)} == {"up to date"}
    (folder / "CARD.md").write_text("mine")
    assert [w.path.name for w in write_folder(bundle, folder) if w.action == "replaced"] == ["CARD.md"]
    (folder / "CARD.md").unlink()
    (folder / "CARD.md").symlink_to(tmp_path / "elsewhere")
    write_folder(bundle, folder)
    assert not (folder / "CARD.md").is_symlink()
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_written_where_a_folder_is_in_the_way(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "out" / "SHA256SUMS").mkdir(parents=True)
    with pytest.raises(MintmarkError, match="is a folder where a file is to be written"):
        bundle_of(scratch.root, "iris@1.1.0", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["SHA256SUMS"]


def test_other_formats_say_how_they_are_loaded(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np
    from safetensors.numpy import save

    content = save({"weights": np.arange(3.0)})
    stem = {"model.skops": content}
    record = scratch.add_version("iris", "2.0.0", stem)
    artifact = {**record["artifact"], "format": "safetensors"}
    scratch.add_version("iris", "2.0.0", stem, artifact=artifact)
    scratch.commit("Register")
    folder = bundle_of(scratch.root, "iris@2.0.0", tmp_path / "out")
    arrays: Any = load(folder, "arrays", monkeypatch)
    assert arrays["weights"].tolist() == [0.0, 1.0, 2.0]


def test_the_archive_can_be_read_by_others(scratch: Scratch, tmp_path: Path) -> None:
    archive, _ = write_bundle(ClonedRegistry(scratch.root), "iris@1.1.0", tmp_path)
    shutil.unpack_archive(archive, tmp_path / "unpacked", "zip")
    assert set(contents(tmp_path / "unpacked" / "iris-1.1.0")) == FILES
    assert zipfile.is_zipfile(io.BytesIO(archive.read_bytes()))
