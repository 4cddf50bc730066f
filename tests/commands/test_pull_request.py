from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch

from mintmark.commands.pull_request import compare_address
from mintmark.commands.rollback import rollback
from mintmark.errors import MintmarkError

BRANCH = "rollback/tiny-1.0.0-production"
PAGE = f"https://github.com/acme/models/compare/main...{BRANCH}?expand=1"

# gh needs an account, so a stand-in notes what it was called with. The push goes to a real repository.
GH = """#!/bin/sh
printf '%s\\n' "$@" > "{log}"
while [ "$#" -gt 0 ]; do [ "$1" = --body-file ] && cat "$2" > "{log}.body"; shift; done
echo https://github.com/acme/models/pull/7
exit {code}
"""


@pytest.fixture
def pushed(released: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """The registry with a bare repository as origin, and no gh on the PATH."""
    released.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    released.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    released.git("push", "--quiet", "origin", "main")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "sh", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tools))
    return released


def with_gh(scratch: Scratch, code: int = 0) -> Path:
    tools = Path(os.environ["PATH"])
    log = tools / "gh.log"
    (tools / "gh").write_text(GH.format(log=log, code=code))
    (tools / "gh").chmod(0o755)
    return log


def test_says_what_to_type(pushed: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    rollback(pushed.root, "tiny")
    out = capsys.readouterr().out
    assert f"on the new branch {BRANCH}: rollback tiny 1.0.0 in production\n" in out
    assert out.endswith(f"next: git push -u origin {BRANCH}, and open a pull request (--open does both)\n")


def test_says_what_to_type_on_the_base_branch(pushed: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    rollback(pushed.root, "tiny", here=True)
    assert capsys.readouterr().out.endswith("next: git push origin main\n")


def test_open_pushes_and_prints_the_address(pushed: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    registry = "models/registry.yaml"
    pushed.write(registry, pushed.read(registry) + "addresses: {repository: 'https://github.com/acme/models'}\n")
    pushed.commit()
    rollback(pushed.root, "tiny", open_pr=True)
    assert pushed.git("ls-remote", "origin", BRANCH).split()[0] == pushed.git("rev-parse", "HEAD")
    assert pushed.git("rev-parse", "--abbrev-ref", "@{upstream}") == f"origin/{BRANCH}"
    assert capsys.readouterr().out.endswith(f"next, open the pull request: {PAGE}\n")


def test_open_uses_gh_where_it_is(pushed: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    log = with_gh(pushed)
    rollback(pushed.root, "tiny", open_pr=True)
    assert log.read_text().splitlines()[:-1] == [
        *("pr", "create", "--base", "main", "--head", BRANCH),
        *("--title", "rollback tiny 1.0.0 in production", "--body-file"),
    ]
    body = log.with_suffix(".log.body").read_text()
    assert body.startswith("production of tiny goes from 1.1.0 to 1.0.0.\n")
    assert "opened the pull request: https://github.com/acme/models/pull/7" in capsys.readouterr().out


def test_when_gh_fails_the_commit_and_the_push_stay(pushed: Scratch) -> None:
    with_gh(pushed, code=4)
    with pytest.raises(MintmarkError, match="is pushed, but gh could not open the pull request"):
        rollback(pushed.root, "tiny", open_pr=True)
    assert pushed.git("ls-remote", "origin", BRANCH)
    assert pushed.subjects()[0] == "rollback tiny 1.0.0 in production"


def test_when_the_push_fails_the_commit_stays(pushed: Scratch) -> None:
    pushed.git("remote", "set-url", "origin", str(pushed.root / "nowhere"))
    with pytest.raises(MintmarkError, match=f"stays on {BRANCH}.*next: git push -u origin {BRANCH}") as raised:
        rollback(pushed.root, "tiny", open_pr=True)
    assert "\n" not in str(raised.value)
    assert pushed.subjects(BRANCH)[0] == "rollback tiny 1.0.0 in production"
    assert pushed.git("status", "--porcelain", "-uall") == ""


def test_without_a_remote(released: Scratch) -> None:
    with pytest.raises(MintmarkError, match=r"there is no remote to push it to; git remote add origin ADDRESS"):
        rollback(released.root, "tiny", open_pr=True)


def test_on_the_base_branch_there_is_nothing_to_open(pushed: Scratch) -> None:
    with pytest.raises(MintmarkError, match=r"the commit is on main itself.*next: git push"):
        rollback(pushed.root, "tiny", here=True, open_pr=True)


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://github.com/acme/models.git", "https://github.com/acme/models/compare/main...a/b?expand=1"),
        ("https://user:token@github.com/acme/models", "https://github.com/acme/models/compare/main...a/b?expand=1"),
        ("git@github.com:acme/models.git", "https://github.com/acme/models/compare/main...a/b?expand=1"),
        ("ssh://git@ghe.acme.com:2222/ml/models.git/", "https://ghe.acme.com/ml/models/compare/main...a/b?expand=1"),
        ("http://localhost:3000/acme/models", "http://localhost:3000/acme/models/compare/main...a/b?expand=1"),
        (
            "git@gitlab.com:acme/team/models.git",
            "https://gitlab.com/acme/team/models/-/merge_requests/new?merge_request%5Bsource_branch%5D=a%2Fb",
        ),
        ("git@bitbucket.org:acme/models.git", "https://bitbucket.org/acme/models/pull-requests/new?source=a%2Fb"),
        ("/srv/git/models.git", None),
        ("../models", None),
    ],
)
def test_addresses(remote: str, page: str | None) -> None:
    assert compare_address(remote, "main", "a/b") == page
