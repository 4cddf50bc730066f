"""`mintmark site`: what it writes, says and refuses, as a person meets it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch

from mintmark.core import layout


def test_build_writes_a_site_and_says_where(scratch: Scratch, tmp_path: Path) -> None:
    result = scratch.run("site", "build", "-o", str(tmp_path / "public"))
    assert result.code == 0
    assert result.err.count("note: ") == 1
    assert "addresses.repository" in result.err
    assert result.out == f"{tmp_path / 'public'}: the site of 2 models and 4 versions\n"
    assert (tmp_path / "public" / "models" / "iris" / "1.1.0" / "index.html").is_file()


@pytest.mark.parametrize(
    ("name", "pages"),
    first_quick([("Acme/models", "https://acme.github.io/models"), ("Acme/acme.github.io", "https://acme.github.io")]),
)
def test_a_workflow_knows_the_addresses(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, pages: str
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", name)
    result = scratch.run("site", "build", "-o", str(tmp_path / "public"))
    assert (result.code, result.err) == (0, "")
    config = json.loads((tmp_path / "public" / "api/v1/config.json").read_text())
    assert (config["repository"], config["site"]) == (f"https://github.com/{name}", pages)


def test_a_broken_file_is_named_and_the_rest_is_built(scratch: Scratch, tmp_path: Path) -> None:
    scratch.edit(layout.version_path("iris", "1.0.0"), "parent: null", "parent: 7")
    result = scratch.run("site", "build", "-o", str(tmp_path / "public"))
    assert result.code == 1
    assert re.search(r"models/iris/versions/1\.0\.0/version\.yaml:\d+", result.err)
    assert "2 models and 4 versions" in result.out  # one of them has a page that says why it cannot be read


@pytest.mark.parametrize("option", ["--repository", "--site-url"])
@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://x", 'https://x/"onload="', "https://x y"])
def test_what_is_no_web_address_is_refused(scratch: Scratch, tmp_path: Path, option: str, address: str) -> None:
    result = scratch.run("site", "build", "-o", str(tmp_path / "public"), option, address)
    assert result.code == 2
    assert "no web address" in result.err
    assert not (tmp_path / "public").exists()


def test_a_past_day_has_a_site_of_its_own(scratch: Scratch, tmp_path: Path) -> None:
    assert scratch.run("site", "build", "-o", str(tmp_path / "then"), "--at", "2026-01-03").code == 0
    assert (tmp_path / "then" / "models" / "iris" / "1.0.0").is_dir()
    assert not (tmp_path / "then" / "models" / "iris" / "1.1.0").exists()


def test_fetch_brings_the_notes_that_a_clone_does_not_have(scratch: Scratch, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    scratch.git("clone", "--quiet", "--bare", ".", str(remote))
    scratch.git("notes", "--ref", "mintmark/reproduced", "add", "-m", "{}")
    scratch.git("push", "--quiet", str(remote), "refs/notes/mintmark/*")
    scratch.git("update-ref", "-d", "refs/notes/mintmark/reproduced")
    scratch.git("remote", "add", "origin", str(remote))
    assert scratch.run("site", "build", "-o", str(tmp_path / "public")).code == 0
    assert "notes" not in scratch.git("for-each-ref")
    assert scratch.run("site", "build", "-o", str(tmp_path / "public"), "--fetch").code == 0
    assert "refs/notes/mintmark/reproduced" in scratch.git("for-each-ref")


def test_outside_a_registry_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "mintmark.cli", "-C", str(tmp_path), "site", "build"), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "not inside a Git repository" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_serve_shows_the_registry_until_it_is_interrupted(scratch: Scratch) -> None:
    command = (sys.executable, "-u", "-m", "mintmark.cli", "site", "serve", "--port", "0")
    with (
        subprocess.Popen(
            command,
            cwd=scratch.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_mind_interrupts,
        ) as process,
        _ended(process),
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.match(r"(http://localhost:\d+/) shows this registry; Ctrl-C ends it", line)
        assert match, line + (process.stderr.read() if process.stderr and process.poll() is not None else "")
        with urllib.request.urlopen(f"{match[1]}models/iris/") as answer:
            assert b"The iris model" in answer.read()
        scratch.edit(layout.model_path("iris"), "The iris model", "Kinds of iris")
        deadline, page = time.monotonic() + 60, b""
        while b"Kinds of iris" not in page and time.monotonic() < deadline:
            with urllib.request.urlopen(f"{match[1]}models/iris/") as answer:
                page = answer.read()
            time.sleep(0.2)
        assert b"Kinds of iris" in page
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def _mind_interrupts() -> None:
    """A shell starts what runs in its background with Ctrl-C ignored, and so would this process be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()


@pytest.mark.slow
def test_a_build_shows_its_progress_on_a_terminal(scratch: Scratch, tmp_path: Path) -> None:
    own, other = pty.openpty()
    termios.tcsetwinsize(other, (24, 80))
    command = (sys.executable, "-m", "mintmark.cli", "site", "build", "-o", str(tmp_path / "public"))
    with subprocess.Popen(
        command, cwd=scratch.root, stdout=subprocess.DEVNULL, stderr=other, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(other)
        seen = _read_all(own)
        assert process.wait(60) == 0
    assert "models" in seen
    assert re.search(r"[12]/2", seen)


def _read_all(descriptor: int) -> str:
    parts = []
    ready = select.poll()  # which, unlike select.select, knows descriptors of any number
    ready.register(descriptor)
    while ready.poll(60_000):
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # what Linux answers when the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts).decode(errors="replace")
