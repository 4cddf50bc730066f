"""DVC's own commands do not walk the version folders, and explicit pointers keep working (docs/decisions/0003)."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
CONTENT = b"a model\n"
MD5 = hashlib.md5(CONTENT).hexdigest()
POINTER = "models/iris/versions/1.0.0/model.skops.dvc"
OBJECT = f".dvc/store/files/md5/{MD5[:2]}/{MD5[2:]}"


def run(root: Path, *command: str) -> str:
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def dvc(root: Path, *arguments: str) -> str:
    return run(root, sys.executable, "-P", "-m", "dvc", *arguments)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "registry"
    (root / "models/iris/versions/1.0.0").mkdir(parents=True)
    run(root, "git", "init", "-q", "-b", "main")
    run(root, "git", "config", "user.email", "ada@example.org")
    run(root, "git", "config", "user.name", "Ada")
    (root / ".dvc").mkdir()
    for path in (".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore"):
        shutil.copy(HERE / path, root / path)
    (root / OBJECT).parent.mkdir(parents=True)
    (root / OBJECT).write_bytes(CONTENT)
    (root / POINTER).write_text(f"outs:\n- md5: {MD5}\n  size: {len(CONTENT)}\n  hash: md5\n  path: model.skops\n")
    (root / "models/iris/versions/1.0.0/version.yaml").write_text("schema: 1\n")
    (root / "models/iris/versions/1.0.0/metrics.json").write_text("{}\n")
    (root / "dvc.yaml").write_text("stages:\n  make:\n    cmd: echo made > made.txt\n    outs: [made.txt]\n")
    return root


@pytest.mark.slow
def test_repro_and_status_do_not_read_pointers_of_versions(root: Path) -> None:
    broken = root / "models/iris/versions/1.0.1/model.skops.dvc"
    broken.parent.mkdir()
    broken.write_text("outs: [")
    dvc(root, "repro", "-q")
    assert "up to date" in dvc(root, "repro") + dvc(root, "status")
    assert (root / "made.txt").read_text() == "made\n"


@pytest.mark.slow
def test_an_explicit_pointer_is_pulled_and_pushed(root: Path) -> None:
    dvc(root, "pull", POINTER)
    assert (root / "models/iris/versions/1.0.0/model.skops").read_bytes() == CONTENT
    shutil.rmtree(root / ".dvc/store")
    dvc(root, "push", POINTER)
    assert (root / OBJECT).read_bytes() == CONTENT


def test_git_tracks_records_and_no_pulled_bytes(root: Path) -> None:
    dvc(root, "pull", POINTER)
    run(root, "git", "add", "--all")
    tracked = run(root, "git", "ls-files", "models").split()
    assert tracked == [
        f"models/iris/versions/1.0.0/{name}" for name in ("metrics.json", "model.skops.dvc", "version.yaml")
    ]


@pytest.mark.slow
def test_gc_over_commits_keeps_released_objects(root: Path) -> None:
    unused = root / ".dvc/store/files/md5/00/00000000000000000000000000000a"
    unused.parent.mkdir()
    unused.write_bytes(b"unused")
    run(root, "git", "add", "--all")
    run(root, "git", "commit", "-q", "-m", "one version")
    dvc(root, "gc", "--all-branches", "--cloud", "--force")
    assert (root / OBJECT).read_bytes() == CONTENT
    assert not unused.exists(), "gc deleted nothing, so this test proves nothing"
