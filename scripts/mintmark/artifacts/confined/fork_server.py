"""Fork confined workers off a process whose imports are done: one begins in milliseconds, a new process in seconds.

The process is begun while its maker has no threads and holds no secrets yet. It keeps the modules and nothing else: no
open file, no variable, no argument of its command line. What it forks is the launcher, which confines itself as ever,
and then is the worker instead of executing it. A fork whose imports came from here sees the memory of its maker at that
moment, and no later one: so the strings that code held then can be found in it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import math
import os
import runpy
import select
import signal
import socket
import stat
import subprocess
import sys
import traceback
import warnings
from typing import IO, TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_OPTIONS: Final = ("-P", "-W", "ignore", "-m")  # of a Python whose worker can be forked
_WORKERS: Final = (
    "mintmark.artifacts.confined.model_worker",
    "mintmark.artifacts.confined.conversion_worker",
    "mintmark.training.brought.worker",
)
_ABOVE: Final = 16  # numbers of files from here on are nobody's yet
_PATIENCE: Final = 20.0  # seconds for what takes a millisecond; who takes longer is stopped or hangs
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ForkServer:
    """The process that forks; to be made by a process with one thread.

    It ends with the last process that has this object.
    """

    report: Final = 3  # the number under which a fork has the pipe for its report

    def __init__(self) -> None:
        self._channel, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(_PATIENCE)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _serve(its)
            finally:
                os._exit(1)
        its.close()
        self._handle = os.pidfd_open(self.pid)

    @classmethod
    def begin(cls) -> ForkServer | None:
        """Return one, None where the system has no handles of processes (Linux has, since 5.3) or no room for one."""
        try:
            os.close(os.pidfd_open(os.getpid()))
            return cls()
        except (AttributeError, OSError):
            return None

    def start(self, report: int) -> Forked:
        """Return a launcher, which reads its task from `stdin` and has the pipe `report` as number `report`.

        Raises `OSError` where none can be had: the process is gone, or does not answer, which ends it.
        """
        with contextlib.ExitStack() as open_files, contextlib.ExitStack() as theirs:
            files, given = [], []
            for is_for_reading in (True, False, False, False):
                read, write = os.pipe()
                mine, its = (write, read) if is_for_reading else (read, write)
                given.append(its)
                theirs.callback(os.close, its)
                files.append(open_files.enter_context(os.fdopen(mine, "wb" if is_for_reading else "rb")))
            *streams, answer = files
            try:
                socket.send_fds(self._channel, [b"fork"], [*given[:3], report, given[3]])
                theirs.close()
                if not is_ready(answer.fileno(), _PATIENCE):
                    raise TimeoutError("the process that forks does not answer")
            except TimeoutError:
                self._kill()  # what was sent it would hold open
                raise
            pid = int(os.read(answer.fileno(), 16) or 0)
            if pid == 0:
                raise ProcessLookupError("the process that forks is gone, or could not fork")
            forked = Forked(pid, answer, *streams)
            open_files.pop_all()
            return forked

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # it is this process's child, or its sibling
            os.waitpid(self.pid, 0)


class Forked:
    """A child of another process, by the part of `subprocess.Popen` that `confinement` needs.

    It is ended when nobody has `held` open any more.
    """

    def __init__(self, pid: int, held: IO[bytes], stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self._held = held
        self.returncode: int | None = None
        self._handle = os.pidfd_open(pid)

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raise `subprocess.TimeoutExpired` where that takes longer. Nobody knows its code."""
        if self.returncode is None:
            if not is_ready(self._handle, timeout):
                raise subprocess.TimeoutExpired("launcher", timeout or 0)
            os.close(self._handle)
            self._held.close()
            self.returncode = 0
        return self.returncode

    def _send(self, number: signal.Signals) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)


def is_ready(number: int, timeout: float | None) -> bool:
    """Whether a file can be read within so many seconds; `select.select` knows no number above 1023."""
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(None if timeout is None else math.ceil(1000 * timeout)))


def _serve(channel: socket.socket) -> NoReturn:
    """Fork a launcher for each message until nobody can send one any more."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)  # those who ask decide when it ends
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for what it forks
    channel = _keep_alone(channel)
    _forget_environment()
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    launchers: dict[int, int] = {}  # their handles, by a file that breaks when who asked for one has let go of it
    while True:
        for number, _event in poll.poll():
            if number == channel.fileno():
                _serve_one(channel, poll, launchers)
            else:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(launchers[number], signal.SIGTERM)
                poll.unregister(number)
                os.close(launchers.pop(number))
                os.close(number)


def _serve_one(channel: socket.socket, poll: select.poll, launchers: dict[int, int]) -> None:
    message, numbers, *_ = socket.recv_fds(channel, 16, 5)
    if not message:
        os._exit(0)
    try:
        if len(numbers) == 5:  # less where it may open no more files
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                channel.close()
                _be_launcher(numbers)
            handle = os.pidfd_open(pid)
            held = numbers.pop()
            launchers[held] = handle
            poll.register(held, 0)  # an error is told in any case
            os.write(held, b"%d" % pid)
    except OSError:  # nothing to fork with, or who asked is gone
        pass
    for number in numbers:
        os.close(number)


def _keep_alone(channel: socket.socket) -> socket.socket:
    """Close every file but one, also what whoever started the server left open; return that one."""
    kept = socket.socket(fileno=fcntl.fcntl(channel, fcntl.F_DUPFD, _ABOVE))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    for number in map(int, os.listdir("/proc/self/fd")):
        if number > 2 and number != kept.fileno():
            with contextlib.suppress(OSError):  # that by which they are listed is closed again
                os.set_inheritable(number, False)
    close_what_exec_closes()
    return kept


def _forget_environment() -> None:
    """Overwrite variables and arguments: /proc shows those with which a process began, whatever became of them."""
    import posix

    environment = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    places: list[int] = []
    while environment and (place := environment[len(places)]):
        places.append(place)
    values = [value for known in (posix.environ, os.environb) for value in known.values() if len(value) > 1]
    for value in values:  # first: `clear` decodes them, and memory that is free again holds what it held
        ctypes.memset(id(value) + bytes.__basicsize__ - 1, 0, len(value))
    os.environ.clear()
    posix.environ.clear()  # what Python read them from
    for place in places:
        ctypes.memset(place, 0, len(ctypes.string_at(place)))
    with open("/proc/self/stat", "rb") as file:
        *_, arguments, arguments_end, variables, variables_end, _ = file.read().split()
    for begin, end in ((int(arguments), int(arguments_end)), (int(variables), int(variables_end))):
        ctypes.memset(begin, 0, end - begin)
    title = b"mintmark: begins proofs"[: int(arguments_end) - int(arguments) - 1]
    ctypes.memmove(int(arguments), title, len(title))
    sys.argv, sys.orig_argv = [""], [""]


def _be_launcher(numbers: Sequence[int]) -> NoReturn:
    from mintmark.artifacts.confined import launcher

    for ending in _ENDINGS:
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    os.setsid()
    above = [fcntl.fcntl(number, fcntl.F_DUPFD, _ABOVE) for number in numbers[: ForkServer.report + 1]]
    for number in numbers:
        os.close(number)
    for place, number in enumerate(above):
        os.dup2(number, place)
        os.close(number)
    os.chdir("/")
    be_program(lambda: launcher.main(be_worker), {"LANG": "C.UTF-8"})


def be_worker(program: str, command: list[str], environment: Mapping[str, str]) -> None:
    """Be `python OPTIONS -m WORKER ARGUMENTS` from here on; execute what is something else, as `os.execvpe` does."""
    options, module = tuple(command[1:5]), command[5] if len(command) > 5 else ""
    if options != _OPTIONS or module not in _WORKERS:
        os.execvpe(program, command, environment)  # noqa: S606
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    sys.path[:0] = search_path(environment)
    sys.argv = [module, *command[6:]]
    be_program(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True), environment)


def search_path(environment: Mapping[str, str]) -> list[str]:
    """Return the folders that variables put before those in which Python looks for modules."""
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


def be_program(run: Callable[[], object], environment: Mapping[str, str]) -> NoReturn:
    """Run what takes the place of this fork of a process, with nothing of it but its modules, and end as it ends."""
    code = 1
    try:
        close_what_exec_closes()
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_IGN)  # as Python does when it starts
        os.environ.clear()
        os.environ.update(environment)
        atexit._clear()
        gc.enable()  # which the command line has switched off
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "r" if n == 0 else "w", closefd=False) for n in range(3))
        run()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def close_what_exec_closes() -> None:
    """Close what no other program would have, such as the pipe by which `subprocess.Popen` waits for it to begin.

    Each number but a file's stays open: pyarrow aborts a fork of the fork whose pipe it cannot close.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):
            if number < 3 or os.get_inheritable(number):
                continue
            if stat.S_ISREG(os.fstat(number).st_mode):
                os.close(number)
            else:
                os.dup2(nothing, number, inheritable=False)
