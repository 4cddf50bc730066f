"""Which forge a clone has: what the variables of a workflow say, else the address of its remote."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mintmark.errors import ForgeError
from mintmark.forge.opening import open_forge


@pytest.fixture
def root(tmp_path: Path) -> Path:
    subprocess.run(("git", "init", "--quiet", str(tmp_path)), check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/acme/models.git", "acme/models"),
        ("https://x-access-token:secret@github.com/acme/models", "acme/models"),
        ("git@github.com:acme/models.git", "acme/models"),
        ("ssh://git@github.com:22/acme/models.git/", "acme/models"),
        ("ssh://git@github.com/acme/models", "acme/models"),
        ("https://github.com.evil.example/acme/models.git", None),
        ("https://gitlab.com/acme/models.git", None),
        ("https://github.com/acme/group/models.git", None),
        ("/srv/git/acme/models.git", None),
        ("../models.git", None),
        ("file:///srv/github.com/acme/models", None),
    ],
)
def test_the_remote_says_which_forge(root: Path, remote: str, expected: str | None) -> None:
    subprocess.run(("git", "remote", "add", "origin", remote), cwd=root, check=True)
    found = open_forge(root)
    assert repr(found) == (f"GitHub('{expected}', 'https://api.github.com')" if expected else "None")


def test_without_a_remote_there_is_no_forge(root: Path) -> None:
    assert open_forge(root) is None


def test_a_workflow_says_it_by_variables(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/models")
    assert repr(open_forge(root)) == "GitHub('acme/models', 'https://api.github.com')"
    monkeypatch.setenv("GITHUB_API_URL", "https://ghe.example.org/api/v3")
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    found = repr(open_forge(root))
    assert found == "GitHub('acme/models', 'https://ghe.example.org/api/v3')"
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/../../user")
    with pytest.raises(ForgeError, match="owner/name"):
        open_forge(root)


def test_a_server_of_ones_own_is_known_by_its_address(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(("git", "remote", "add", "origin", "git@ghe.example.org:acme/models.git"), cwd=root, check=True)
    assert open_forge(root) is None
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://ghe.example.org")
    monkeypatch.setenv("GITHUB_API_URL", "https://ghe.example.org/api/v3")
    assert repr(open_forge(root)) == "GitHub('acme/models', 'https://ghe.example.org/api/v3')"
