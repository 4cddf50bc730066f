"""What a killed process leaves behind goes with the next one; what a process has, or somebody else made, stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mintmark.registry.files import write_atomically
from mintmark.temporary import TemporaryFolder, new_file, sweep_own_folders

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

HOLD = """
import sys, time
from pathlib import Path
from mintmark.temporary import TemporaryFolder, new_file
inside = Path(sys.argv[1]) if len(sys.argv) > 1 else None
kept = TemporaryFolder("held", inside=inside)
(kept.path / "in it").write_text("x")
print(kept.path, new_file(inside)[1] if inside else "", flush=True)
time.sleep(60)
"""
# Ends a command in the middle, as a kill -9 does: the function that is named never returns.
KILLED = """
import os, signal, sys
module, _, name = sys.argv[1].rpartition(".")
module = __import__(module, fromlist=[name])
calls, real = 0, getattr(module, name)
def kill(*arguments, **options):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **options)
setattr(module, name, kill)
from mintmark.cli import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, by this process and by those that it starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def hold(*arguments: str) -> tuple[subprocess.Popen[str], list[Path]]:
    holder = subprocess.Popen((sys.executable, "-c", HOLD, *arguments), stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    return holder, [Path(path) for path in holder.stdout.readline().split()]


def kill(holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.communicate()


def test_nothing_stays(place: Path) -> None:
    with TemporaryFolder("judge") as one, TemporaryFolder("judge") as other:
        (one / "a").mkdir()
        assert one != other
        assert one.parent == other.parent == place / f"mintmark-{os.geteuid()}"
        assert one.parent.stat().st_mode & 0o777 == 0o700
    assert list(place.iterdir()) == []
    forgotten = TemporaryFolder("model").path
    assert not forgotten.exists()


def test_the_next_process_takes_away_what_a_killed_one_left(place: Path) -> None:
    holder, (path,) = hold()
    with TemporaryFolder("other") as own:
        sweep_own_folders()
        assert path.is_dir()  # its process is there
        kill(holder)
        sweep_own_folders()
        assert not path.exists()
        assert own.is_dir()  # this process has it
    assert list(place.iterdir()) == []


def test_what_a_process_of_a_killed_one_made_again_goes_too(place: Path) -> None:
    """It went on writing by the path of a folder that was gone: among this user's own, the mode does not matter."""
    made = place / f"mintmark-{os.geteuid()}" / "site-aaaaaaaa/site"
    made.mkdir(parents=True)
    sweep_own_folders()
    assert list(place.iterdir()) == []


def test_a_process_that_inherits_a_folder_keeps_it() -> None:
    folder = TemporaryFolder("judge")
    with subprocess.Popen(("sleep", "60"), pass_fds=(folder.handle,)) as child:
        os.close(os.dup(folder.handle))
        path = folder.path
        folder._finalizer.detach()  # as if this process were killed
        os.close(folder.handle)
        sweep_own_folders()
        assert path.is_dir()
        child.kill()
    sweep_own_folders()
    assert not path.exists()


def test_what_somebody_else_made_stays(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    others = [".mintmark-held-backup", ".mintmark-held-12345678x", "mintmark-held-12345678", ".mintmark-other-12345678",
              ".mintmark-new-12345678x", ".mintmark-held-mybackup"]  # fmt: skip
    for name in others:
        (folder / name).mkdir()
    (folder / ".mintmark-held-aaaaaaaa").symlink_to(tmp_path)
    os.mkfifo(folder / ".mintmark-new-aaaaaaaa")
    before = sorted(folder.iterdir())
    holder, left = hold(str(folder))
    kill(holder)
    with TemporaryFolder("held", inside=folder):
        write_atomically(folder / "file", b"x")
    assert not [path for path in left if path.exists()]
    assert sorted(folder.iterdir()) == sorted([*before, folder / "file"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_another_user_stays(tmp_path: Path) -> None:
    folder = tmp_path / ".mintmark-held-aaaaaaaa"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with TemporaryFolder("held", inside=tmp_path):
        assert folder.is_dir()


@pytest.mark.parametrize("what", ["file", "link", "open"])
def test_a_place_that_is_not_ours_is_not_used(place: Path, what: str) -> None:
    own = place / f"mintmark-{os.geteuid()}"
    if what == "file":
        own.write_text("mine")
    elif what == "link":
        own.symlink_to(place)
    else:
        own.mkdir()
        own.chmod(0o777)
    sweep_own_folders()
    with TemporaryFolder("judge") as folder:
        assert folder.parent == place
    assert list(place.iterdir()) == [own]


def test_an_unfinished_file_is_left_to_its_process(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    handle, path = new_file(folder)
    write_atomically(folder / "a", b"x")
    assert Path(path).exists()
    os.close(handle)  # it ended
    write_atomically(folder / "b", b"x")
    assert not Path(path).exists()


def left_behind(*folders: Path) -> list[str]:
    return [str(path) for folder in folders for path in folder.rglob("*") if "mintmark-" in path.name]


PULL = ("pull", "iris@1.0.0", "--all", "-o")
BUNDLE = ("bundle", "iris@1.0.0", "--archive", "-o")


@pytest.mark.parametrize(
    ("command", "step", "calls"),
    [
        (PULL, "os.fsync", 1),
        (PULL, "os.fchmod", 2),
        (PULL, "tempfile.mkstemp", 2),
        (BUNDLE, "zipfile.ZipFile", 1),
        (BUNDLE, "os.replace", 1),
    ],
)
def test_killed_anywhere_and_run_again(
    scratch: Scratch, tmp_path: Path, place: Path, command: tuple[str, ...], step: str, calls: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    cache, output = tmp_path / "cache", tmp_path / "output"
    monkeypatch.setenv("MINTMARK_CACHE", str(cache))
    whole = ("-C", str(scratch.root), *command, str(output))
    killed = subprocess.run((sys.executable, "-c", KILLED, step, str(calls), *whole), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = scratch.process(*whole)
    assert done.code == 0, done.err
    assert left_behind(place, cache, output, scratch.root) == []
    assert len(list(output.iterdir())) == len(done.out.splitlines())
