"""A release that is stopped anywhere, refused by the remote, or overtaken by another one at its work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands.delivery.test_release import fresh_clone, refs
from tests.scaffold.marks import first_quick, others_long
from tests.scaffold.registry import Scratch

# A `git` that counts its calls and, at one of them, does something before it or after it.
GIT = """\
#!/bin/sh
count=$(cat "$COUNTER" 2>/dev/null || echo 0)
count=$((count + 1))
echo "$count" > "$COUNTER"
now=no
[ "$AT" != "$count" ] || now=yes
case "$*" in $MATCH) [ -e "$COUNTER.met" ] || now=yes; touch "$COUNTER.met";; esac
[ $now$WHEN != yesbefore ] || eval "$THEN"
"$REAL" "$@"
code=$?
[ $now$WHEN != yesafter ] || eval "$THEN"
exit $code
"""


class CountedGit:
    """A folder for the PATH of a process, with a `git` that acts at its nth call, or at the first one that matches."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.counter = folder, folder / "calls"
        (folder / "git").write_text(GIT)
        (folder / "git").chmod(0o755)

    @property
    def calls(self) -> int:
        return int(self.counter.read_text())

    def release(
        self, scratch: Scratch, *, at: int = 0, match: str = "", when: str = "before", then: str = "kill -9 $PPID"
    ) -> subprocess.CompletedProcess[str]:
        for path in (self.counter, self.counter.with_suffix(".met")):
            path.unlink(missing_ok=True)
        environment = {
            **os.environ, "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}", "REAL": str(shutil.which("git")),
            "COUNTER": str(self.counter), "AT": str(at), "MATCH": match, "WHEN": when, "THEN": then,
        }  # fmt: skip
        command = (sys.executable, "-m", "mintmark.cli", "release")
        return subprocess.run(command, cwd=scratch.root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def counted(tmp_path: Path) -> CountedGit:
    return CountedGit(tmp_path / "counted")


@pytest.fixture
def again(published: Scratch, tmp_path: Path) -> Scratch:
    """The same registry with a remote of its own, where everything was released in one go."""
    other = published.copy(tmp_path / "again")
    shutil.copytree(tmp_path / "origin.git", tmp_path / "again.git")
    other.git("remote", "set-url", "origin", str(tmp_path / "again.git"))
    assert other.run("release").code == 0
    return other


def outcome(scratch: Scratch) -> tuple[list[str], list[str], str]:
    """What everybody sees: each tag with its commit and its object, the subjects on `deploy`, and its files."""
    told = [line for line in refs(scratch).splitlines() if "refs/tags/" in line]
    scratch.git("fetch", "--quiet", "origin", "deploy")
    return told, scratch.subjects("FETCH_HEAD"), scratch.git("rev-parse", "FETCH_HEAD^{tree}")


def kill_and_run_again(published: Scratch, again: Scratch, counted: CountedGit, at: int, when: str) -> None:
    killed = counted.release(published, at=at, when=when)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = published.run("release")
    assert (done.code, done.err) == (0, "")
    assert outcome(published) == outcome(again)


def test_killed_in_the_middle_and_run_again(published: Scratch, again: Scratch, counted: CountedGit) -> None:
    kill_and_run_again(published, again, counted, at=20, when="after")


@pytest.mark.long
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_and_run_again(
    published: Scratch, again: Scratch, counted: CountedGit, tmp_path: Path, when: str
) -> None:
    shutil.copytree(tmp_path / "origin.git", tmp_path / "start.git")
    fresh = published.copy(tmp_path / "fresh")
    assert counted.release(published).returncode == 0
    calls = counted.calls
    assert calls > 40
    first = {"before": 1, "after": 3}[when]
    for at in range(first, calls + 1, 5):  # each takes two seconds
        for folder, start in ((published.root, fresh.root), (tmp_path / "origin.git", tmp_path / "start.git")):
            shutil.rmtree(folder)
            shutil.copytree(start, folder, symlinks=True)
        kill_and_run_again(published, again, counted, at, when)


@pytest.mark.parametrize("refused", others_long([1, 6, 11]))
def test_refused_by_the_remote_and_run_again(published: Scratch, again: Scratch, tmp_path: Path, refused: int) -> None:
    """The tenth push is that of the last tag, the eleventh that of `deploy`."""
    hook = tmp_path / "origin.git/hooks/pre-receive"
    counter = tmp_path / "pushes"
    hook.write_text(
        f"#!/bin/sh\necho x >> {counter}\n[ $(wc -l < {counter}) -ne {refused} ] || {{ echo full >&2; exit 1; }}\n"
    )
    hook.chmod(0o755)
    done = published.run("release")
    assert done.code == 1
    assert "could not be pushed" in done.err
    assert "full" in done.err
    assert "mintmark release" in done.err
    assert len(counter.read_text().splitlines()) == refused
    done = published.run("release")
    assert (done.code, done.err) == (0, "")
    assert outcome(published) == outcome(again)
    assert len(counter.read_text().splitlines()) == 12


@pytest.mark.slow
def test_two_at_once_from_two_clones(published: Scratch, again: Scratch, tmp_path: Path) -> None:
    clones = [fresh_clone(published, tmp_path / f"clone-{number}") for number in range(2)]
    command = (sys.executable, "-m", "mintmark.cli", "release")
    running = [
        subprocess.Popen(command, cwd=clone.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for clone in clones
    ]
    for process in running:
        _, complaint = process.communicate()
        assert (process.returncode, complaint) == (0, "")
    assert outcome(published) == outcome(again)


@pytest.mark.parametrize("ref", first_quick(["refs/tags", "refs/heads/deploy"]))
def test_overtaken_by_another_run(
    published: Scratch, again: Scratch, counted: CountedGit, tmp_path: Path, ref: str
) -> None:
    """Just before a push, somebody else releases everything from another clone: the tags are objects of theirs then."""
    other = fresh_clone(published, tmp_path / "other")
    told = tmp_path / "other.txt"
    theirs = f"PATH=${{PATH#*:}} GIT_COMMITTER_NAME=Grace {sys.executable} -m mintmark.cli -C {other.root} release"
    done = counted.release(published, match=f"push*{ref}*", then=f"({theirs}) > {told} 2>&1")
    assert (done.returncode, done.stderr) == (0, ""), told.read_text()
    assert "released" in told.read_text()
    tags, subjects, tree = outcome(published)
    expected = outcome(again)
    assert [line.split("\t")[1] for line in tags] == [line.split("\t")[1] for line in expected[0]]
    assert [line for line in tags if line.endswith("^{}")] == [line for line in expected[0] if line.endswith("^{}")]
    assert (subjects, tree) == expected[1:]
    assert published.run("release").out.startswith("there was nothing to release")


@pytest.mark.slow
def test_a_number_that_somebody_took_by_hand_is_passed_over(
    published: Scratch, counted: CountedGit, tmp_path: Path
) -> None:
    """The name is taken at the very moment of the push. It stays theirs, and ours takes the next number."""
    other = fresh_clone(published, tmp_path / "other")
    first = published.git("rev-list", "--max-parents=0", "HEAD")
    other.git("tag", "-a", "-m", "by hand", "iris#production#4", first)
    by_hand = other.git("rev-parse", "refs/tags/iris#production#4")
    theirs = f"$REAL -C {other.root} push --quiet origin refs/tags/iris#production#4"
    done = counted.release(published, match="push*production#4*", then=theirs)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{by_hand}\trefs/tags/iris#production#4\n" in refs(published)
    assert "refs/tags/iris#production#5" in refs(published)
    assert "refs/tags/iris#staging#6" in refs(published)
