"""`mintmark import gto` and `mintmark import huggingface`: tags of a clone, and a folder, become versions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from tests.scaffold.registry import Scratch

import mintmark
from mintmark.cli import main
from mintmark.registry.clone import ClonedRegistry

ASKED = ("--task", "binary-classification", "--target", "left", "--commit")


def git(folder: Path, *arguments: str, when: str = "2024-03-01T10:00:00Z") -> str:
    dates = {**os.environ, "GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
    done = subprocess.run(("git", *arguments), cwd=folder, env=dates, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def tagged(scratch: Scratch, tmp_path: Path) -> Path:
    """A repository with GTO's tags: one version in Git, one in DVC's cache, one as a pickle, one taken out."""
    folder = tmp_path / "old"
    (folder / "models").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "artifacts.yaml").write_text("churn: {type: model, path: models/churn.skops, description: Who leaves}\n")
    (folder / "models/churn.skops").write_bytes(scratch.artifact)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "One")
    git(folder, "tag", "-am", "First", "churn@v1.0.0")
    git(folder, "tag", "-am", "To prod", "churn#prod#1")
    md5 = hashlib.md5(scratch.artifact).hexdigest()
    cached = folder / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(scratch.artifact)
    (folder / ".gitignore").write_text("/.dvc/cache\n")
    (folder / "models/churn.skops").unlink()
    (folder / "models/churn.skops.dvc").write_text(f"outs:\n- md5: {md5}\n  path: churn.skops\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Two")
    git(folder, "tag", "-am", "Second", "churn@v1.1.0", when="2024-05-01T10:00:00Z")
    (folder / "artifacts.yaml").write_text("churn: {type: model, path: models/churn.pkl}\n")
    (folder / "models/churn.pkl").write_bytes(b"")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Three")
    git(folder, "tag", "-am", "Third", "churn@v2.0.0")
    git(folder, "tag", "-am", "Fourth", "churn@v3.0.0")
    git(folder, "tag", "-am", "Out", "churn@v3.0.0!")
    (folder / "artifacts.yaml").write_text("churn: {type: model, path: ../../etc/passwd}\n")
    git(folder, "commit", "-qam", "Five")
    git(folder, "tag", "-am", "Fifth", "churn@v5.0.0")
    return folder


def test_versions_of_gto_come_with_their_numbers_and_dates(
    tagged: Path, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = git(tagged, "for-each-ref")
    assert main(["-C", str(scratch.root), "import", "gto", str(tagged), "churn", *ASKED]) == 1
    said = capsys.readouterr().out
    assert "churn in old: 4 versions, as churn here" in said
    assert "v2.0.0 -> 2.0.0, of 2024-03-01T10:00:00Z: cannot come: it is a pickle without an input example" in said
    assert "cannot come: neither artifacts.yaml nor dvc.yaml at " in said
    assert "prod -> churn@1.0.0: enters no channel" in said
    registry = ClonedRegistry(scratch.root)
    assert [str(version) for version in registry.versions("churn")] == ["1.0.0", "1.1.0"]
    record = registry.record("churn", "1.1.0")
    told = record.document["extra"]["imported"]
    assert (told["from"], told["address"], told["version"], told["created"]) == (
        "gto", "old", "1.1.0", "2024-05-01T10:00:00Z"
    )  # fmt: skip
    assert told["commit"] == git(tagged, "rev-parse", "churn@v1.1.0^{commit}")
    assert told["user"] == git(
        tagged, "for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags/churn@v1.1.0"
    )
    assert record.metrics == {}
    assert record.signature.inputs == {}
    assert main(["-C", str(scratch.root), "validate", "--base", "main", "--steps"]) == 0
    assert git(tagged, "for-each-ref") == before
    assert main(["-C", str(scratch.root), "import", "gto", str(tagged), "churn", "--commit"]) == 1
    assert "v1.1.0 -> 1.1.0, of 2024-05-01T10:00:00Z: is here already\n" in capsys.readouterr().out


@pytest.mark.slow
def test_an_artifact_in_a_subfolder_and_what_was_taken_back_and_given_again(
    scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """GTO calls it `path/to:name` and tags it `path/to=name`; tags may have no number, and then the newest counts."""
    folder = tmp_path / "mono"
    md5 = hashlib.md5(scratch.artifact).hexdigest()
    for name, content in (
        ("ml/credit/dvc.yaml", b"artifacts: {churn: {type: model, path: out/churn.skops, desc: Who leaves}}\n"),
        (
            "ml/credit/dvc.lock",
            f"stages: {{fit: {{cmd: a, outs: [{{path: out/churn.skops, md5: {md5}}}]}}}}\n".encode(),
        ),
        (f"ml/credit/.dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", scratch.artifact),
        (".gitignore", b"cache\n"),
        ("artifacts.yaml", b"churn: {type: model, path: another.skops}\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "One")
    for day, tag in enumerate(("@v1.0.0#1", "@v1.0.0!#2", "@v1.0.0#3", "#dev", "#dev!", "#prod", "#prod!", "#prod"), 1):
        when = f"2024-03-{day:02}T10:00:00Z"
        name = f"ml/credit=churn{tag}"
        git(folder, "tag", "-f", "-am", "On", name, when=when)
    git(folder, "tag", "-am", "Another", "churn@v7.0.0")
    place = ["-C", str(scratch.root), "import", "gto", str(folder), "ml/credit:churn"]
    assert main([*place, *ASKED, "--as", "churn"]) == 0
    told = capsys.readouterr().out
    assert "ml/credit:churn in mono: 1 version, as churn here" in told
    assert "prod -> churn@1.0.0: enters no channel" in told
    assert "dev ->" not in told
    imported = ClonedRegistry(scratch.root).record("churn", "1.0.0").document["extra"]["imported"]
    assert (imported["tag"], imported["created"]) == ("ml/credit=churn@v1.0.0#3", "2024-03-03T10:00:00Z")


@pytest.mark.long
def test_every_page_and_command_shows_a_version_of_which_little_is_said(
    tagged: Path, scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-C", str(scratch.root), "import", "gto", str(tagged), "churn", *ASKED]) == 1
    scratch.git("branch", "-f", "main", "HEAD")
    scratch.git("switch", "-q", "main")
    for command in (("show", "churn@1.1.0"), ("list", "churn"), ("card", "churn@1.1.0"), ("history", "churn"),
                    ("compare", "churn@1.0.0", "churn@1.1.0"), ("validate",), ("pull", "churn@1.1.0", "-o", tmp_path / "p"),
                    ("site", "build", "-o", tmp_path / "site")):  # fmt: skip
        assert main(["-C", str(scratch.root), *map(str, command)]) == 0, capsys.readouterr()
    page = next((tmp_path / "site").glob("**/churn/1.1.0/index.html")).read_text()
    assert "Said by gto; nobody measured it here." in page


def test_what_dvc_has_elsewhere_is_named(tagged: Path, scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    cached = next((tagged / ".dvc/cache").rglob("*/??????????????????????????????"))
    cached.write_bytes(b"damaged")
    assert main(["-C", str(scratch.root), "import", "gto", str(tagged), "churn", *ASKED, "--only", "v1.1.0"]) == 1
    assert "v1.1.0 did not come: models/churn.skops: DVC's cache has other bytes than" in capsys.readouterr().out
    cached.unlink()
    asked = ("import", "gto", str(tagged), "churn", *ASKED[:-1])
    assert main(["-C", str(scratch.root), *asked]) == 0
    told = capsys.readouterr().out
    assert (
        "v1.1.0 -> 1.1.0, of 2024-05-01T10:00:00Z: cannot come: models/churn.skops: DVC tracks it and has not" in told
    )
    (tagged / ".dvc/config").write_text("[cache]\n    dir = ../kept\n")
    kept = tagged / "kept" / cached.parent.name / cached.name  # as DVC 2 laid it out
    kept.parent.mkdir(parents=True)
    kept.write_bytes(scratch.artifact)
    assert main(["-C", str(scratch.root), *asked]) == 0
    assert "v1.1.0 -> 1.1.0, of 2024-05-01T10:00:00Z: skops\n" in capsys.readouterr().out
    assert main(["-C", str(scratch.root), "import", "gto", str(tagged), "nobody", *ASKED]) == 1
    assert "git switch import/churn" not in capsys.readouterr().err


def test_a_folder_of_the_hub_becomes_a_version(
    scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "hub"
    folder.mkdir()
    (folder / "model.skops").write_bytes(scratch.artifact)
    (folder / "README.md").write_text(
        "---\nlicense: mit\nmodel-index:\n- name: churn\n  results:\n  - metrics:\n    - {type: accuracy, value: 0.9}\n"
        "    - {type: vibes, value: 3}\n---\n# Churn\n"
    )
    config = {"sklearn": {"model": {"file": "model.skops"}, "environment": ["scikit-learn=1.6.0"]}}
    (folder / "config.json").write_text(json.dumps(config))
    assert main(["-C", str(scratch.root), "import", "huggingface", str(folder), "Ada/Churn", *ASKED]) == 0
    record = ClonedRegistry(scratch.root).record("ada-churn", "1.0.0")
    assert {name: found.value for name, found in record.metrics.items()} == {"accuracy": 0.9}
    assert record.environment.packages == {"scikit-learn": "1.6.0"}
    assert record.environment.lock == "not said"
    assert record.document["extra"]["imported"]["card"] == {"license": "mit"}
    assert record.document["extra"]["imported"]["metrics"]["vibes"] == 3.0
    # Nobody said its columns: rows go to it as they are, and a file has no types for them.
    model = mintmark.load("ada-churn@1.0.0", path=scratch.root)
    rows = pd.DataFrame({"length": [0.0, 3.0], "width": [1.0, 0.5]})
    assert model.predict(rows).tolist() == model.predict(rows.to_numpy()).tolist() == [0, 1]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    asked = ("ada-churn@1.0.0", str(tmp_path / "rows.csv"))
    assert main(["-C", str(scratch.root), "predict", *asked, "-o", str(tmp_path / "out.csv")]) == 1
    assert 'mintmark.load("ada-churn@1.0.0").predict(table)' in capsys.readouterr().err


@pytest.mark.slow
def test_the_rows_that_skops_writes_into_a_config_say_the_columns(
    scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside weights and copies in fewer bits, the model is the one that is called so, also in a folder of its own."""
    folder = tmp_path / "hub"
    (folder / "onnx").mkdir(parents=True)
    for name in ("model.safetensors", "onnx/model_quantized.onnx"):
        (folder / name).write_bytes(b"")
    (folder / "onnx/model.skops").write_bytes(scratch.artifact)
    rows = {"length": [0.5, None], "width": [1, 2], "kind": ["a", "b"]}
    config = {"sklearn": {"columns": ["width", "length", "kind"], "example_input": rows}}
    (folder / "config.json").write_text(json.dumps(config))
    assert main(["-C", str(scratch.root), "import", "huggingface", str(folder), "churn", *ASKED]) == 0
    record = ClonedRegistry(scratch.root).record("churn", "1.0.0")
    assert record.document["extra"]["imported"]["file"]["path"] == "onnx/model.skops"
    assert list(record.signature.inputs.items()) == [("width", "int64"), ("length", "float64"), ("kind", "str")]
    odd_rows: tuple[object, ...] = ([], {"a": 3}, {"a": [[1]], "b": []}, {"a": [None]})
    for odd in odd_rows:
        (folder / "config.json").write_text(json.dumps({"sklearn": {"columns": [None, 3], "example_input": odd}}))
        assert main(["-C", str(scratch.root), "import", "huggingface", str(folder), "other", *ASKED[:-1]]) == 0
    assert "onnx/model.skops" not in capsys.readouterr().err


def test_what_mintmark_exports_comes_back_with_its_number_and_columns(scratch: Scratch, tmp_path: Path) -> None:
    assert main(["-C", str(scratch.root), "export", "iris@1.1.0", "--to", "huggingface", str(tmp_path / "out")]) == 0
    folder = next(path.parent for path in (tmp_path / "out").rglob("config.json"))
    assert main(["-C", str(scratch.root), "import", "huggingface", str(folder), "copy", *ASKED]) == 0
    record, before = (ClonedRegistry(scratch.root).record(model, "1.1.0") for model in ("copy", "iris"))
    assert record.signature.inputs == before.signature.inputs
    assert record.artifact.sha256 == before.artifact.sha256


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "no .skops, .onnx, .safetensors file is there"),
        ({"a.skops": b"", "b.onnx": b""}, "a.skops, b.onnx are there"),
        ({"config.json": b'{"sklearn": {"model": {"file": "/etc/passwd"}}}'}, "no .skops, .onnx"),
        (
            {"config.json": b'{"sklearn": {"model": {"file": "pytorch_model.bin"}}}'},
            "pytorch_model.bin: holds no skops",
        ),
        ({"config.json": b"{", "a.onnx": b""}, "config.json:1: is not valid JSON"),
        ({"README.md": b"---\nlicense: [\n---\n", "a.onnx": b""}, "README.md:"),
        ({"model.skops": b"\x80\x04."}, "did not come: "),
    ],
)
def test_what_no_folder_of_the_hub_holds_is_told(
    files: dict[str, bytes], sentence: str, scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hub").mkdir()
    for name, content in files.items():
        (tmp_path / "hub" / name).write_bytes(content)
    assert main(["-C", str(scratch.root), "import", "huggingface", str(tmp_path / "hub"), *ASKED]) == 1
    assert sentence in "".join(capsys.readouterr())


def test_a_link_out_of_the_folder_is_not_followed(
    scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/model.skops").symlink_to(scratch.object_of("iris", "1.1.0"))
    assert main(["-C", str(scratch.root), "import", "huggingface", str(tmp_path / "hub"), *ASKED]) == 1
    assert "is a symbolic link where a file belongs" in capsys.readouterr().out
