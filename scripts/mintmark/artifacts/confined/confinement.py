"""Run a command that may be hostile in a process that reaches, keeps and leaves as little as the system allows.

The measures are `launcher`'s. What a system does not offer is left out and told in `Completed.isolation`.
"""

from __future__ import annotations

import json
import math
import os
import selectors
import signal
import site
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import one_line

if TYPE_CHECKING:
    from mintmark.artifacts.confined.fork_server import Forked, ForkServer

    _Process = subprocess.Popen[bytes] | Forked

_PACKAGE_PARENT = Path(__file__).resolve().parents[3]
_LAUNCH = "import sys; sys.path.append(sys.argv[1]); from mintmark.artifacts.confined.launcher import main; main()"
_KEPT = 64 << 10  # bytes of the end of what a command prints
_GRACE = 15.0  # seconds that the launcher has to end everything, before it is ended itself
_BLOCK = 64 << 10
_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup/cpu",
    "/sys/fs/cgroup/cpu.max",
)
_SHELL = (
    "/bin",
    "/usr/bin",
    "/usr/local/bin",
    "/usr/share/git-core",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
)
_REPOSITORY = (".git", ".dvc", "models/registry.yaml")
_STANDARD_LIBRARY = (
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("platstdlib"),
    sysconfig.get_config_var("DESTSHARED") or "",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a command may use.

    `memory` is the address space of each process in bytes, `seconds` the time in all, `cpu_seconds` that of each
    process (None: as long as `seconds`), `file_bytes` the size of each file that it writes. `processes` 1 allows
    threads and no further process; more counts processes and threads, where a user namespace counts them.
    """

    memory: int = 4 << 30
    seconds: float = 120.0
    cpu_seconds: int | None = None
    file_bytes: int = 512 << 20
    processes: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """How a command ended. `code` is negative for a signal, 127 where it could not be started.

    `stdout` and `stderr` are the last 64 KiB of what it printed. `isolation` tells what held it apart, such as
    {"files": "landlock", "network": "none"}.
    """

    code: int
    stdout: str
    stderr: str
    timed_out: bool = False
    isolation: Mapping[str, str] = field(default_factory=dict)

    def last_words(self) -> str:
        """Return the last line that it printed, rather of errors, in at most 500 printable characters."""
        lines = [line for text in (self.stdout, self.stderr) for line in text.splitlines() if line.strip()]
        return one_line(lines[-1].strip())[:500] if lines else ""


def run_confined(
    command: Sequence[str],
    *,
    cwd: Path,
    readable: Sequence[Path],
    writable: Sequence[Path],
    environment: Mapping[str, str],
    limits: Limits,
    network: bool = False,
) -> Completed:
    """Run a command and return how it ended; nothing that it started is left then. See `start_confined`."""
    started = start_confined(
        command,
        cwd=cwd,
        readable=readable,
        writable=writable,
        environment=environment,
        limits=limits,
        network=network,
    )
    with started:
        return started.finish()


def start_confined(
    command: Sequence[str],
    *,
    cwd: Path,
    readable: Sequence[Path],
    writable: Sequence[Path],
    environment: Mapping[str, str],
    limits: Limits,
    network: bool = False,
    fork_server: ForkServer | None = None,
) -> Started:
    """Start a command, whose time runs from now on; to be used as a context, which leaves nothing that it started.

    It reads and executes what lies at or below `readable`, writes (and reads) at or below `writable`, files or
    folders, and reaches no other: `python_paths()` is what a Python program needs besides. Of this process's
    environment it sees nothing: it gets `environment`, with PATH, LANG, HOME and TMPDIR where they are not given (the
    last two: the first writable folder, else `cwd`). `network` lets it reach other machines. With a `fork_server`, one
    of the workers that it knows is a fork of that; anything else, and where it is gone, is a new process.
    """
    ours, theirs = os.pipe()
    home = str(next((path for path in writable if path.is_dir()), cwd))
    places = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home}
    task = {
        "command": list(command),
        "cwd": str(cwd.resolve()),
        "readable": [str(path.resolve()) for path in (*readable, *writable)],
        "writable": [str(path.resolve()) for path in writable],
        "environment": {**places, **environment},
        "network": network,
        "memory": limits.memory,
        "seconds": limits.seconds,
        "cpu_seconds": math.ceil(limits.seconds) if limits.cpu_seconds is None else limits.cpu_seconds,
        "file_bytes": limits.file_bytes,
        "processes": limits.processes,
    }
    try:
        with open(theirs, "wb"):
            process, whose = _begin(theirs, fork_server)
    except BaseException:
        os.close(ours)
        raise
    started = Started(process, ours, limits.seconds)
    try:
        _hand_over(process, {**task, **whose})
    except BaseException:
        started.end()
        raise
    return started


class Started:
    """A command that runs. Until `finish` nobody reads what it prints, and it waits when that is more than 64 KiB."""

    def __init__(self, process: _Process, report: int, seconds: float) -> None:
        self._process, self._report, self._seconds = process, report, seconds
        self._begin = time.monotonic()

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def finish(self) -> Completed:
        """Wait for the end and return how it ended; only once."""
        try:
            stdout, stderr, said = _converse(self._process, self._seconds, self._report)
        finally:
            self.end()
        assumed = {  # where all were killed before they told
            "code": self._process.returncode or -signal.SIGKILL,
            "timed_out": time.monotonic() - self._begin > self._seconds,
        }
        texts = {"stdout": stdout.decode("utf-8", "replace"), "stderr": stderr.decode("utf-8", "replace")}
        return Completed(**{**texts, **assumed, **_read_report(said)})

    def end(self) -> None:
        """End it and everything that it started, if it runs."""
        if self._report >= 0:
            _end(self._process)
            os.close(self._report)
            self._report = -1


def python_paths() -> list[Path]:
    """Return the files and folders that a Python process with this one's packages reads.

    Folders of `sys.path` are among them, unless they hold a repository or the current folder.
    """
    libraries = [os.path.join(prefix, "lib") for prefix in (sys.base_prefix, sys.base_exec_prefix)]
    python = [sys.executable, os.path.join(sys.prefix, "pyvenv.cfg"), *_STANDARD_LIBRARY, *site.getsitepackages()]
    paths = map(Path, (*_SYSTEM, *libraries, *filter(None, python), *_own_folders()))
    return sorted({path.resolve() for path in (_PACKAGE_PARENT, *paths) if path.exists()})


def shell_paths() -> list[Path]:
    """Return what a command besides Python reads that starts others by the shell, as DVC does with stages and Git."""
    return [path.resolve() for path in map(Path, _SHELL) if path.exists()]


def python_environment(search_path: Sequence[Path] = ()) -> dict[str, str]:
    """Return the variables by which a Python process finds this one's packages, after those in `search_path`."""
    own = [str(_PACKAGE_PARENT), *_own_folders()]
    found = {os.path.realpath(folder) for folder in site.getsitepackages()}
    folders = [*map(str, search_path), *(folder for folder in own if os.path.realpath(folder) not in found)]
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(folders))} if folders else {}


def _own_folders() -> list[str]:
    """Return the entries of `sys.path` that a `.pth` file, a variable or a program added, but not the private ones."""
    standard = {os.path.realpath(folder) for folder in (*_STANDARD_LIBRARY, *site.getsitepackages())}
    return [
        entry
        for entry in sys.path
        if os.path.isdir(entry) and os.path.realpath(entry) not in standard and not _is_private(Path(entry).resolve())
    ]


def _is_private(folder: Path) -> bool:
    """Whether a folder holds, or is part of, what models must not see: a repository, a registry, the current folder."""
    within = any(part.name == ".dvc" or (part / "registry.yaml").exists() for part in (folder, *folder.parents))
    return within or Path.cwd().is_relative_to(folder) or any((folder / name).exists() for name in _REPOSITORY)


def _begin(report: int, fork_server: ForkServer | None) -> tuple[_Process, dict[str, int]]:
    """Return a launcher, and what its task says of where it comes from."""
    if fork_server is not None:
        with suppress(OSError):
            return fork_server.start(report), {"parent": fork_server.pid, "report": fork_server.report}
    return _start(report), {"parent": os.getpid(), "report": report}


def _start(report: int) -> subprocess.Popen[bytes]:
    # Isolated (-I) and without site (-S), Python reads neither variables nor anything from the current folder.
    return subprocess.Popen(
        (sys.executable, "-I", "-S", "-c", _LAUNCH, str(_PACKAGE_PARENT)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"LANG": "C.UTF-8"},
        pass_fds=(report,),
        start_new_session=True,
    )


def _hand_over(process: _Process, task: Mapping[str, Any]) -> None:
    assert process.stdin
    try:
        process.stdin.write(json.dumps(task).encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended at once; what it said tells why


def _converse(process: _Process, seconds: float, report: int) -> tuple[bytes, bytes, bytes]:
    """Return what the command and the launcher say, until the launcher has ended."""
    assert process.stdout
    assert process.stderr
    streams = {process.stdout.fileno(): b"", process.stderr.fileno(): b"", report: b""}
    deadline = time.monotonic() + seconds + _GRACE
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            ended = report not in selector.get_map()  # and what was written is there to be read
            ready = selector.select(0 if ended else left)
            if not ready:
                break
            for key, _ in ready:
                block = os.read(key.fd, _BLOCK)
                streams[key.fd] = (streams[key.fd] + block)[-_KEPT:]
                if not block:
                    selector.unregister(key.fd)
    stdout, stderr, said = streams.values()
    return stdout, stderr, said


def _end(process: _Process) -> None:
    """Have the launcher end everything, if it did not yet, and let go of it."""
    try:
        process.terminate()
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream and not stream.closed:
                stream.close()


def _read_report(said: bytes) -> dict[str, Any]:
    """Return what the launcher reported; what is not of its form came from elsewhere and is left out."""
    facts: dict[str, Any] = {}
    for line in said.splitlines():
        try:
            facts |= json.loads(line)
        except (TypeError, ValueError, RecursionError):
            continue
    forms = {"code": int, "timed_out": bool, "isolation": dict}
    return {name: facts[name] for name, form in forms.items() if type(facts.get(name)) is form}
