"""Of a confined command nothing is left behind: no process, whatever it or its judge does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.artifacts.confined.confined_runs import CLOSING, DAEMON, MANY, PATIENCE, has_stopped, processes
from tests.scaffold.marks import first_quick

from mintmark.artifacts.confined.confinement import Limits, python_paths, run_confined


@pytest.mark.parametrize("ending", first_quick(["", "time.sleep(1000)", "os.kill(os.getpid(), 9)"]))
@pytest.mark.parametrize("closing", first_quick(["", CLOSING]), ids=["open", "closed"])
def test_daemons_do_not_survive(run, room, needs, ending, closing):
    needs("processes", "namespace", "orphans")
    done = run(
        DAEMON.format(ending=ending, closing=closing), processes=MANY, seconds=3 if "sleep" in ending else PATIENCE
    )
    assert done.timed_out is ("sleep" in ending), done.stderr
    assert has_stopped(room)


def test_one_process_starts_no_other(run, room, needs):
    needs("processes", "one process")
    code = """
        import os, subprocess, threading
        def clone():
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.syscall(56 if os.uname().machine == "x86_64" else 220, 17, 0, 0, 0, 0) < 0:
                raise OSError
        def clone3():
            import ctypes
            options = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)
            if ctypes.CDLL(None).syscall(435, options, 64) < 0:
                raise OSError
        for attempt in (
            os.fork, clone, clone3, lambda: subprocess.run(["true"]), lambda: os.posix_spawn("/bin/true", ["true"], {})
        ):
            try:
                attempt()
                print("started")
            except OSError:
                print("refused")
        thread = threading.Thread(target=print, args=("a thread",))
        thread.start()
        thread.join()
    """
    assert run(code).stdout.splitlines() == ["refused"] * 5 + ["a thread"]


@pytest.mark.slow
def test_a_fork_bomb_ends_with_its_time(run, needs):
    needs("processes", "namespace", "orphans")
    code = "import os, time\nif 0 in [os.fork() for _ in range(7)]: os.setsid()\ntime.sleep(1000)"
    assert run(code, processes=500, seconds=2).timed_out


JUDGE = """
    import signal, sys
    from pathlib import Path
    from mintmark.artifacts.confined.confinement import *
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
    code = "open('begun', 'w')\\nimport time\\ntime.sleep(1000)"
    try:
        done = run_confined((sys.executable, "-c", code, sys.argv[1]), cwd=Path.cwd(), readable=python_paths(),
                            writable=(Path.cwd(),), environment={}, limits=Limits())
        print(done.code)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.stdin.read()  # what it had started must not wait for its own end
"""


@pytest.mark.parametrize(
    ("victim", "number", "says"),
    [("judge", signal.SIGKILL, b""), ("judge", signal.SIGINT, b"interrupted\n"), ("launcher", signal.SIGKILL, b"-9\n")],
)
def test_everything_ends_when_what_holds_it_ends(room, needs, victim, number, says):
    needs("processes", "namespace")
    mark = uuid.uuid4().hex
    judge = subprocess.Popen(
        (sys.executable, "-c", textwrap.dedent(JUDGE), mark), cwd=room, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    wait_until(lambda: (room / "begun").exists())
    os.kill(judge.pid if victim == "judge" else child_of(judge.pid), number)
    assert judge.stdout
    assert judge.stdout.readline() == says
    wait_until(lambda: not (set(processes(mark)) - {judge.pid}))
    judge.communicate(timeout=PATIENCE)
    assert processes(mark) == []


def child_of(parent: int) -> int:
    for entry in Path("/proc").glob("[0-9]*"):
        if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
            return int(entry.name)
    raise AssertionError


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_several_run_at_once(room):
    outcomes: list[str] = []

    def one(number: int) -> None:
        done = run_confined(
            (sys.executable, "-c", f"print({number})"), cwd=room, readable=python_paths(), writable=(),
            environment={}, limits=Limits(),
        )  # fmt: skip
        outcomes.append(done.stdout)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["0\n", "1\n", "2\n", "3\n"]
