"""The client against `emulate`, a fake GitHub that somebody else maintains: a second opinion for the verbs that it has."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tests.scaffold.npm_packages import npm_program

from mintmark.forge.github import GitHub
from mintmark.forge.rest import RestApi

PINS = Path(__file__).with_name("emulate")  # package.json and its lock, with the digest of every package
REPOSITORY, TOKEN, TAG = "octocat/hello-world", "test_token_user1", "iris@v1.0.0"
SEED = f"""\
tokens:
  {TOKEN}: {{login: octocat, scopes: [repo, user]}}
github:
  users: [{{login: octocat}}]
  repos: [{{owner: octocat, name: hello-world, auto_init: true}}]
"""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RestApi]:
    if shutil.which("node") is None:
        pytest.skip("there is no Node to run emulate with")
    program = npm_program("emulate", PINS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "seed.yaml").write_text(SEED)
    command = (str(program), "start", "--service", "github", "--port", str(port), "--seed", "seed.yaml")
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        address = f"http://localhost:{port}"
        for _ in range(300):
            try:
                requests.get(address, timeout=5)
                break
            except requests.ConnectionError:
                if process.poll() is not None:
                    pytest.skip("emulate does not run with this Node")
                time.sleep(0.1)
        yield RestApi(address, TOKEN)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def push_branch(api: RestApi) -> str:
    """Make a branch `topic` with one commit, and the tag of a version, through the API."""
    path = f"repos/{REPOSITORY}/git"

    def made(kind: str, document: dict[str, object]) -> str:
        answer = api.send("POST", f"{path}/{kind}", document)
        assert isinstance(answer, dict)
        return str(answer.get("sha"))

    main = api.get(f"{path}/ref/heads/main")
    assert isinstance(main, dict)
    tip = main["object"]["sha"]
    blob = made("blobs", {"content": "topic\n", "encoding": "utf-8"})
    tree = made("trees", {"tree": [{"path": "file", "mode": "100644", "type": "blob", "sha": blob}]})
    commit = made("commits", {"message": "Change", "tree": tree, "parents": [tip]})
    made("refs", {"ref": "refs/heads/topic", "sha": commit})
    made("refs", {"ref": f"refs/tags/{TAG}", "sha": tip})
    return commit


@pytest.mark.slow
def test_what_emulate_has_works_there_too(api: RestApi, tmp_path: Path) -> None:
    github, commit = GitHub(REPOSITORY, api), push_branch(api)
    first = github.open_pull_request(branch="topic", base="main", title="Promote", body="Because.")
    second = github.open_pull_request(branch="topic", base="main", title="Promote it", body="Because.")
    assert (second.number, second.title) == (first.number, "Promote it")
    assert github.pull_requests_of(commit, head_repository=REPOSITORY) == [second]
    assert (github.approvals(first.number), github.check(commit, "gate")) == ([], None)
    assert (github.may_write("octocat"), github.may_write("nobody")) == (True, False)
    for body in ("red", "green"):
        github.comment(first.number, key="review", body=body)
    (comment,) = api.pages(f"repos/{REPOSITORY}/issues/{first.number}/comments")
    assert isinstance(comment, dict)
    assert comment["body"].endswith("green")
    issues = [github.open_issue(key="k", label="alarm", title="Damaged", body=body) for body in ("one", "two")]
    assert issues[0].number == issues[1].number
    assert github.issues(label="alarm") == issues[1:]
    github.close_issue(issues[0].number, reason="mended")
    assert github.issues(label="alarm") == []
    (tmp_path / "iris-1.0.0.zip").write_bytes(b"zip")
    files = [tmp_path / "iris-1.0.0.zip"]
    made = [github.publish_release(TAG, title="iris", body="", files=files, latest=True) for _ in range(2)]
    assert made[0] == made[1] == github.releases()[0]
    assert (made[0].draft, made[0].files) == (False, {"iris-1.0.0.zip": 3})
    assert github.settings("environments") is None
