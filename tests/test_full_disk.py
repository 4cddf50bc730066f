"""A disk that is full, and a folder that is gone: one sentence, and nothing half written."""

from __future__ import annotations

import functools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.scaffold.marks import others_long
from tests.scaffold.registry import Scratch

from mintmark.arguments.parser import COMMANDS

_SMALL = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
# Mounts a small disk, lays a copy of the registry on it, fills it but for some kB, runs the command, and tells what is there.
_RUN = """
disk=$1 room=$2; shift 2
mount -t tmpfs -o size=24m none "$disk" || exit 99
cp -a "$REGISTRY" "$disk/registry" && cd "$disk/registry" || exit 99
mkdir "$disk/temporary" "$disk/out"
git status --porcelain > "$OUTSIDE/before"; git for-each-ref >> "$OUTSIDE/before"
dd if=/dev/zero of="$disk/room" bs=1k count=$room 2> "$OUTSIDE/dd"
dd if=/dev/zero of="$disk/fill" bs=4k 2> "$OUTSIDE/dd"
rm "$disk/room"
"$@"; code=$?
rm "$disk/fill"
git status --porcelain > "$OUTSIDE/after"; git for-each-ref >> "$OUTSIDE/after"
find "$disk" -name '*mintmark-*' -o -path "$disk/out/*" -o -path "$disk/temporary/*" > "$OUTSIDE/left"
exit $code
"""


@functools.cache
def _mounts() -> bool:
    try:
        done = subprocess.run((*_SMALL, 'mount -t tmpfs none "$0"', "/mnt"), capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def on_a_full_disk(
    scratch: Scratch, folder: Path, room: int, *arguments: str, temporary: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command on a disk with so many kB of room; DISK in its arguments is where the disk is.

    Its temporary folders are elsewhere, unless they are what is on the full disk.
    """
    if not _mounts():
        pytest.skip("needs user namespaces, and tmpfs in them")
    disk, outside = folder / "disk", folder / "outside"
    disk.mkdir()
    outside.mkdir()
    place = disk / "temporary" if temporary else outside
    environment = {**os.environ, "REGISTRY": str(scratch.root), "OUTSIDE": str(outside), "TMPDIR": str(place),
                   "MINTMARK_CACHE": str(disk / "cache")}  # fmt: skip
    command = (sys.executable, "-m", "mintmark.cli", *(argument.replace("DISK", str(disk)) for argument in arguments))
    done = subprocess.run(
        (*_SMALL, _RUN, "sh", str(disk), str(room), *command),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "space" in done.stderr, done.stderr
    assert (outside / "left").read_text() == ""
    assert (outside / "before").read_text() == (outside / "after").read_text()
    return done


@pytest.mark.parametrize(
    "arguments",
    [
        ("pull", "iris@1.0.0", "--all", "-o", "DISK/out/model"),
        ("bundle", "iris@1.0.0", "-o", "DISK/out/bundle"),
        ("card", "iris@1.0.0", "-o", "DISK/out/card.md"),
        ("promote", "iris@1.1.0", "staging", "--here"),
        ("yank", "iris@1.0.0", "--reason", "x"),
    ],
    ids=lambda arguments: arguments[0],
)
@pytest.mark.parametrize("room", [0, 16])
def test_a_full_disk_is_one_sentence(scratch: Scratch, tmp_path: Path, arguments: tuple[str, ...], room: int) -> None:
    on_a_full_disk(scratch, tmp_path, room, *arguments)


@pytest.mark.slow
@pytest.mark.parametrize("room", others_long([100, 0, 3000]))
@pytest.mark.parametrize("temporary", [False, True])
def test_a_full_disk_under_a_site(scratch: Scratch, tmp_path: Path, room: int, *, temporary: bool) -> None:
    on_a_full_disk(scratch, tmp_path, room, "site", "build", "-o", "DISK/out/site", temporary=temporary)


def test_a_file_that_may_not_grow(scratch: Scratch, tmp_path: Path) -> None:
    """As on a system without such namespaces: a limit of the process."""
    command = f"ulimit -f 0; exec {sys.executable} -m mintmark.cli card iris@1.0.0 -o {tmp_path}/card.md"
    done = subprocess.run(("sh", "-c", command), cwd=scratch.root, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert not (tmp_path / "card.md").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(scratch: Scratch) -> None:
    scratch.path("models/iris").chmod(0)
    try:
        done = scratch.process("list")
    finally:
        scratch.path("models/iris").chmod(0o755)
    assert done.code == 1
    assert "Traceback" not in done.err


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    """In every command, whatever it is asked."""
    gone = tmp_path / "gone"
    gone.mkdir()
    calls = [shlex.split(command.examples[0], comments=True)[1:] for name, command in COMMANDS.items()]
    calls = [call for call in calls if call[:1] != ["completion"]]
    program = (
        "import json, os, sys; from mintmark.cli import main\n"
        "os.chdir(sys.argv[1]); os.rmdir(sys.argv[1])\n"
        "print([main(call) for call in json.loads(sys.argv[2])])"
    )
    done = subprocess.run(
        (sys.executable, "-c", program, str(gone), json.dumps(calls)), capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{[1] * len(calls)}\n"
    assert done.stderr == "mintmark: the folder that you are in is gone; cd to one that is there\n" * len(calls)
