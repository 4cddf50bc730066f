"""Systems that lack a measure: the kernel refuses the calls, and the rest goes on."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.artifacts.confined.confined_runs import CLOSING, DAEMON, MANY, SECRET, has_stopped

LACKING = """
    import ctypes, json, sys
    from pathlib import Path
    from mintmark.artifacts.confined import seccomp
    seccomp._NUMBERS["landlock_create_ruleset"] = (444, 444)
    seccomp._NUMBERS["prctl"] = (157, 167)
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
    refused = [seccomp.Refusal("prctl", when=22, argument=0) if name == "filters" else seccomp.Refusal(name)
               for name in sys.argv[2].split()]
    assert seccomp.install(refused)
    from mintmark.artifacts.confined.confinement import *
    room = Path.cwd()
    done = run_confined(
        (sys.executable, "-c", (room / "code.py").read_text(), *sys.argv[3:]), cwd=room, writable=(room,),
        readable=(*python_paths(), room.parent / "tree"), environment={},
        limits=Limits(processes=int(sys.argv[1]), seconds=60),
    )
    print(json.dumps([done.code, done.stdout, done.stderr, dict(done.isolation)]))
"""
Poorer = Callable[..., tuple[int, str, str, dict[str, str]]]


@pytest.fixture
def poorer(room: Path, needs: Callable[..., None]) -> Poorer:
    """Run a program in the room, on a system that lacks calls; the tree beside the room is for reading."""
    needs("system calls", "seccomp")

    def run(code: str, lacking: str, *arguments: object, processes: int = MANY) -> tuple[int, str, str, dict[str, str]]:
        (room / "code.py").write_text(textwrap.dedent(code))
        done = subprocess.run(
            (sys.executable, "-c", textwrap.dedent(LACKING), str(processes), lacking, *map(str, arguments)), cwd=room,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return tuple(json.loads(done.stdout))  # type: ignore[return-value]

    return run


def test_without_namespaces_daemons_are_found(room, poorer):
    code, _, complaint, told = poorer(DAEMON.format(ending="", closing=CLOSING), "unshare")
    assert code == 0, complaint
    assert told["processes"] == "orphans are found"
    assert has_stopped(room)


def test_without_namespaces_files_are_safe_all_the_same(tree, poorer, needs):
    needs("files", "landlock")
    code = """
        import os, sys
        for attempt in (
            lambda: open("../secret").read(),
            lambda: open("../tree/labels.csv", "a"),
            lambda: open("../tree/new", "w"),
            lambda: os.remove("../tree/labels.csv"),
        ):
            try:
                print("got", attempt())
            except OSError as error:
                print(type(error).__name__)
        print(open("../tree/labels.csv").read())
    """
    (tree.parent / "secret").write_text(SECRET)
    _, output, _, told = poorer(code, "unshare")
    assert told["files"] == "landlock"
    assert output.splitlines() == ["PermissionError"] * 4 + [SECRET]
    assert (tree / "labels.csv").read_text() == SECRET
    assert [path.name for path in tree.iterdir()] == ["labels.csv"]


def test_without_namespaces_one_process_changes_no_modes_and_signals_no_other(tree, poorer):
    code = """
        import os, signal, sys
        labels = "../tree/labels.csv"
        attempts = [lambda: os.chmod(labels, 0), lambda: os.utime(labels), lambda: os.chown(labels, os.getuid(), -1),
                    lambda: os.kill(os.getppid(), signal.SIGTERM), lambda: os.kill(-1, 0)]
        with open(labels) as file:
            number = file.fileno()
            attempts += [lambda: os.fchmod(number, 0), lambda: os.utime(number), lambda: os.fchown(number, -1, -1)]
            if hasattr(os, "setxattr"):
                attempts += [lambda: os.setxattr(labels, "user.x", b""), lambda: os.setxattr(number, "user.x", b"")]
            for attempt in attempts:
                try:
                    print("done", attempt())
                except PermissionError:
                    pass
        print("end")
    """
    os.utime(tree / "labels.csv", (0, 0))
    code, output, complaint, _ = poorer(code, "unshare", processes=1)
    assert (code, output) == (0, "end\n"), complaint
    assert (tree / "labels.csv").stat().st_mtime == 0


def test_without_namespaces_signals_stay_inside(poorer, isolation):
    if ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < 6:
        pytest.skip("this system's Landlock keeps no signals apart (Linux 6.12)")
    code, output, complaint, _ = poorer("import os; os.kill(os.getppid(), 9)", "unshare")
    assert (code, output) == (1, "")
    assert "PermissionError" in complaint


def test_without_namespaces_and_filters_landlock_closes_tcp(poorer, isolation):
    if "landlock TCP" not in isolation["network"]:
        pytest.skip("this system's Landlock keeps no network apart (Linux 6.7)")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
        _, _, complaint, told = poorer(code, "unshare filters", server.getsockname()[1])
        with pytest.raises(TimeoutError):
            server.accept()
    assert "PermissionError" in complaint
    assert told["network"] == "landlock TCP"


def test_without_landlock_the_report_says_so(poorer):
    code, output, complaint, told = poorer("print(1)", "landlock_create_ruleset unshare")
    assert (code, output) == (0, "1\n"), complaint
    assert (told["files"], told["network"]) == ("none", "no sockets")


def test_without_anything_the_report_says_so_and_the_command_runs(poorer):
    code, output, complaint, told = poorer("print(1)", "landlock_create_ruleset unshare filters")
    assert (code, output) == (0, "1\n"), complaint
    assert (told["files"], told["network"], told["system calls"]) == ("none", "none", "none")
    assert told["memory"] == "address space limit"
