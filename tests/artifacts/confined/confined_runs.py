"""What tests of the confinement share: whose processes there are, and how long to wait for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from mintmark.artifacts.confined.confinement import Completed

SECRET = "the evaluation labels"
MANY = 60  # processes
PATIENCE = 60.0  # seconds; what must not take long has a limit of its own
Run = Callable[..., Completed]


def processes(mark: str) -> list[int]:
    """The processes with a mark on their command line, if the system can tell."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def children() -> list[int]:
    """The children of this process, zombies too, but for those of other tests' fixtures."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == os.getpid() and words[0] == "Z":
            found.append(int(entry.name))
    return found


DAEMON = """
    import os, sys, time
    def beat():
        while True:
            with open("beat", "a") as file:
                file.write("x")
            time.sleep(0.01)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            {closing}
            beat()
        os._exit(0)
    os.wait()
    while not os.path.exists("beat"):
        time.sleep(0.01)
    {ending}
"""
CLOSING = "for number in range(20):\n                try: os.close(number)\n                except OSError: pass"


def has_stopped(room: Path) -> bool:
    """Whether a `DAEMON` has worked in a folder, and does no more."""
    size = (room / "beat").stat().st_size
    time.sleep(0.1)
    return (room / "beat").stat().st_size == size > 0
