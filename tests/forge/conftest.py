"""A clone of a repository on the fake GitHub, with a branch and a tag, and the client that a workflow there has."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.scaffold.forge.fake_forge import FakeRepository

from mintmark.forge.github import GitHub
from mintmark.forge.opening import open_forge


@dataclass
class Clone:
    root: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(("git", *arguments), cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def push_change(self, branch: str, text: str, remote: str = "origin") -> str:
        self.git("switch", "--quiet", "-C", branch, "main")
        (self.root / "file").write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", text)
        self.git("push", "--quiet", remote, branch)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="session")
def _begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a test begins with: `hosted`, a bare repository, and `clone`, which has pushed to it."""
    folder = tmp_path_factory.mktemp("begun")
    hosted, made = folder / "hosted", Clone(folder / "clone")
    subprocess.run(("git", "init", "--quiet", "--bare", "-b", "main", "--template=", str(hosted)), check=True)
    clone = ("git", "clone", "--quiet", "--template=", str(hosted), str(made.root))
    subprocess.run(clone, check=True, capture_output=True)
    made.git("commit", "--quiet", "--allow-empty", "-m", "Begin")
    made.git("push", "--quiet", "origin", "HEAD:main")
    made.git("tag", "-a", "-m", "iris 1.0.0", "iris@v1.0.0")
    made.git("push", "--quiet", "origin", "iris@v1.0.0")
    made.push_change("topic", "topic")
    return folder


@pytest.fixture
def clone(on_github: FakeRepository, tmp_path: Path, _begun: Path) -> Clone:
    """A clone with `main`, the branch `topic` one commit ahead, and the tag `iris@v1.0.0` on main; all of it pushed."""
    for name in ("objects", "refs"):
        shutil.copytree(_begun / "hosted" / name, on_github.path / name, dirs_exist_ok=True)
    made = Clone(shutil.copytree(_begun / "clone", tmp_path / "clone"))
    config = made.root / ".git" / "config"
    config.write_text(config.read_text().replace(str(_begun / "hosted"), on_github.address))
    return made


@pytest.fixture
def github(clone: Clone) -> GitHub:
    """The client in a workflow of that repository."""
    forge = open_forge(clone.root)
    assert isinstance(forge, GitHub)
    return forge
