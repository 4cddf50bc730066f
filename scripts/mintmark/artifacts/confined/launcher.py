"""The program that confines itself, becomes a command and outlives it to end what it left. `confinement` starts it.

It reads its task as JSON from standard input and nothing else, and answers through one pipe with lines of JSON:
`isolation` before the command begins, then `code` (negative: a signal) and `timed_out`. It takes three forms:

    launcher        outside; waits for its time to be over or the command to end, then kills whatever is left
      init          process 1 of a PID namespace, where there is one: with it, all others in there end
        command     confined for good, then replaced by the command
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import stat
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from mintmark.artifacts.confined import landlock, seccomp

_LINUX = sys.platform == "linux"
_NAMESPACES = {"mount": 0x00020000, "ipc": 0x08000000, "pid": 0x20000000, "network": 0x40000000}
_USER_NAMESPACE = 0x10000000
_PARENT_DEATH_SIGNAL, _DROP_CAPABILITY, _SUBREAPER, _NO_NEW_PRIVS = 1, 24, 36, 38
_AMBIENT, _CLEAR_ALL, _CAPABILITY_VERSION = 47, 4, 0x20080522
_PRIVATE, _BIND, _RECURSIVE = 1 << 18, 1 << 12, 1 << 14
_NO_RIGHTS = 0b1110  # no set-user-ID, no devices, no programs; 1 is read-only
_MOUNT_SETATTR, _READ_ONLY, _AT_FDCWD, _AT_RECURSIVE = 442, 1, -100, 0x8000
_ITSELF, _SHARED = "/proc/self", "/dev/shm"  # noqa: S108
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_ENDINGS = (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SECONDS_TO_KILL = 10

Execute = Callable[[str, list[str], dict[str, str]], object]


class _Ended(Exception):  # noqa: N818 - a signal, which is no fault
    pass


def main(execute: Execute = os.execvpe) -> NoReturn:
    """Do the task on standard input; ends the process. `execute` has it become the command."""
    task = json.loads(sys.stdin.buffer.read())
    os.set_inheritable(task["report"], False)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    for ending in _ENDINGS:
        signal.signal(ending, _end)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    _die_with(task["parent"], signal.SIGTERM)
    _control(_SUBREAPER, 1)
    _launch(task, execute)
    os._exit(0)


def _end(number: int, _: FrameType | None) -> None:
    for ending in _ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise _Ended(number)


def _launch(task: dict[str, Any], execute: Execute) -> None:
    spaces = _enter_namespaces(network=task["network"])
    if "mount" in spaces and not _make_read_only(task["writable"]):
        spaces.discard("mount")
    lifeline, held = os.pipe()
    own = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(held)
        if "pid" in spaces:
            _be_init(task, spaces, lifeline, execute)
        _die_with(own, signal.SIGKILL)
        os.setpgid(0, 0)
        _become(task, spaces, execute)
    status, timed_out = _wait(child, task["seconds"])
    if "pid" not in spaces:
        _kill_descendants(child)
        _report(task, code=_code(status))
    _report(task, timed_out=timed_out)


def _wait(child: int, seconds: float) -> tuple[int, bool]:
    """Return the child's status, and whether its time was over before it ended."""
    timed_out = False
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
        return os.waitpid(child, 0)[1], False
    except _Ended as ended:
        timed_out = ended.args[0] == signal.SIGALRM
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        os.kill(child, signal.SIGKILL)
        return os.waitpid(child, 0)[1], timed_out
    except (ProcessLookupError, ChildProcessError):  # it ended at that very moment
        return 0, timed_out


def _be_init(task: dict[str, Any], spaces: set[str], lifeline: int, execute: Execute) -> NoReturn:
    """Start the command and wait for it. When this process ends, the kernel kills all others in its namespace."""
    _control(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if select.select([lifeline], [], [], 0)[0]:  # the launcher died before that call
        os._exit(1)
    for ending in _ENDINGS:
        signal.signal(ending, signal.SIG_DFL)  # which init ignores when they come from inside
    if "mount" in spaces and task["processes"] > 1:
        _mount_own(task, spaces)
    command = os.fork()
    if command == 0:
        _become(task, spaces, execute)
    while True:
        ended, status = os.wait()
        if ended == command:
            _report(task, code=_code(status))
            os._exit(0)


def _become(task: dict[str, Any], spaces: set[str], execute: Execute) -> None:
    """Give up every right that the command does not need, tell what holds, and become the command."""
    try:
        os.chdir(task["cwd"])
        os.umask(0o077)
        isolation = {**_confine(task, spaces), **_limit(task, spaces)}
        for number in (*_ENDINGS, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
        _report(task, isolation=isolation)
        execute(task["command"][0], task["command"], task["environment"])
    except BaseException as error:
        os.write(2, f"{task['command'][0]}: cannot be started: {error}\n".encode())
        os._exit(127)


def _confine(task: dict[str, Any], spaces: set[str]) -> dict[str, str]:
    _control(_NO_NEW_PRIVS, 1)
    for capability in range(64):
        if _control(_DROP_CAPABILITY, capability) != 0:
            break
    network, one = task["network"], task["processes"] == 1
    readable = (*task["readable"], _own_processes(one=one))
    shared = [_SHARED] if "shared memory" in spaces else []
    files = landlock.restrict(readable, (*task["writable"], *_DEVICES, *shared), network=network)
    calls = seccomp.install(seccomp.confining(children=not one, network=network))
    _drop_capabilities()
    return {
        "files": _joined(landlock=files, read_only_mounts="mount" in spaces),
        "network": "open"
        if network
        else _joined(namespace="network" in spaces, no_sockets=calls, landlock_TCP=files >= 4),
        "processes": _joined(
            namespace="pid" in spaces,
            orphans_are_found=_LINUX and "pid" not in spaces,
            one_process=one and calls,
            limited_number=not one and "user" in spaces,
        ),
        "system calls": _joined(seccomp=calls),
    }


def _drop_capabilities() -> None:
    """Give up what a new user namespace, or being root, gave: a program that is executed has none, a fork keeps all.

    Raises `OSError` where they cannot be given up. Sources: capset(2), capabilities(7).
    """
    if _LINUX:
        _control(_AMBIENT, _CLEAR_ALL)
        header, none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
        if _c("capset", header, none) != 0:
            raise PermissionError("its capabilities cannot be given up")


def _own_processes(*, one: bool) -> str:
    """Return what the command sees of /proc: scikit-learn reads the maps of its own process.

    A single process sees itself. Its folder stays open, because a right to it holds as long as the kernel keeps it.
    """
    if not (_LINUX and one and os.path.isdir(_ITSELF)):
        return "/proc"
    os.set_inheritable(os.open(_ITSELF, os.O_RDONLY | os.O_DIRECTORY), True)
    return _ITSELF


def _joined(**measures: object) -> str:
    return ", ".join(name.replace("_", " ") for name, holds in measures.items() if holds) or "none"


def _limit(task: dict[str, Any], spaces: set[str]) -> dict[str, str]:
    memory = _set_limit("RLIMIT_AS", task["memory"]) and _LINUX  # macOS takes the limit and does not keep it
    cpu = _set_limit("RLIMIT_CPU", task["cpu_seconds"], task["cpu_seconds"] + 5)
    _set_limit("RLIMIT_FSIZE", task["file_bytes"])
    _set_limit("RLIMIT_NOFILE", 1024)
    _set_limit("RLIMIT_CORE", 0)
    if "user" in spaces and task["processes"] > 1:  # elsewhere it counts whatever else the user runs
        _set_limit("RLIMIT_NPROC", task["processes"])
    return {
        "memory": "address space limit" if memory else "none",
        "time": "wall clock and CPU" if cpu else "wall clock",
    }


def _set_limit(name: str, soft: int, hard: int | None = None) -> bool:
    kind = getattr(resource, name)
    ceiling = resource.getrlimit(kind)[1]
    limits = [value if ceiling == resource.RLIM_INFINITY else min(value, ceiling) for value in (soft, hard or soft)]
    try:
        resource.setrlimit(kind, (limits[0], limits[1]))
    except (OSError, ValueError):
        return False
    return True


def _enter_namespaces(*, network: bool) -> set[str]:
    """Enter as many new namespaces as the system gives, and return their names; a user namespace opens the others.

    `user` is among them where it counts processes, which it does for anybody but root.
    """
    if not _LINUX:
        return set()
    wanted = {name: flag for name, flag in _NAMESPACES.items() if not (network and name == "network")}
    user, group = os.getuid(), os.getgid()
    if _c("unshare", ctypes.c_int(_USER_NAMESPACE | sum(wanted.values()))) == 0:
        for name, content in _identity(user, group).items():
            with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
                file.write(content)  # where that is refused the namespaces hold all the same
        return {*wanted} if user == 0 else {"user", *wanted}
    return {name for name, flag in wanted.items() if _c("unshare", ctypes.c_int(flag)) == 0}


def _identity(user: int, group: int) -> dict[str, str]:
    """Return what to write to the files of a user namespace so that user and group keep their numbers in it."""
    return {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}


def _make_read_only(writable: list[str]) -> bool:
    """Make all mounts read-only but what is writable: Landlock leaves modes, owners and times of files alone."""
    paths = [os.fsencode(path) for path in writable]
    return (
        _c("mount", None, b"/", None, ctypes.c_ulong(_PRIVATE | _RECURSIVE), None) == 0
        and all(_c("mount", path, path, None, ctypes.c_ulong(_BIND), None) == 0 for path in paths)
        and _set_mount(b"/", _AT_RECURSIVE, read_only=True)
        and all(_set_mount(path, 0, read_only=False) for path in paths)
    )


def _mount_own(task: dict[str, Any], spaces: set[str]) -> None:
    """Give the command a /proc that shows no other processes, and memory to share between its own, if possible.

    What the task may reach of the shared memory stays there: temporary folders, or all of a clone that lies in it.
    """
    _c("mount", b"proc", b"/proc", b"proc", ctypes.c_ulong(_NO_RIGHTS | _READ_ONLY), None)
    paths = sorted({task["cwd"], *task["readable"], *task["writable"]})
    kept = {path: os.open(path, os.O_PATH) for path in paths if path.startswith(f"{_SHARED}/")}
    program, target = task["command"][0], os.path.realpath(task["command"][0])
    if _c("mount", b"tmpfs", os.fsencode(_SHARED), b"tmpfs", ctypes.c_ulong(_NO_RIGHTS), b"size=256m") == 0:
        spaces.add("shared memory")
        for path, number in kept.items():
            _make_place(path, folder=stat.S_ISDIR(os.fstat(number).st_mode))
            _c("mount", b"/proc/self/fd/%d" % number, os.fsencode(path), None, ctypes.c_ulong(_BIND), None)
        if program.startswith(f"{_SHARED}/") and not os.path.lexists(program):  # a link, as in a virtual environment
            os.makedirs(os.path.dirname(program), exist_ok=True)
            os.symlink(target, program)
    for number in kept.values():
        os.close(number)


def _make_place(path: str, *, folder: bool) -> None:
    """Make the empty folder or file on which something is mounted, where it is not there yet."""
    os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
    if not folder and not os.path.lexists(path):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _set_mount(path: bytes, flags: int, *, read_only: bool) -> bool:
    on, off = (_READ_ONLY, 0) if read_only else (0, _READ_ONLY)
    attributes = (ctypes.c_uint64 * 4)(on, off, 0, 0)
    number, size = ctypes.c_long(_MOUNT_SETATTR), ctypes.c_size_t(ctypes.sizeof(attributes))
    return _c("syscall", number, ctypes.c_long(_AT_FDCWD), path, ctypes.c_long(flags), attributes, size) == 0


def _kill_descendants(child: int) -> None:
    """Kill the child's group and, on Linux, every process that was handed to this one when its parent ended."""
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    deadline = time.monotonic() + _SECONDS_TO_KILL
    while time.monotonic() < deadline:
        for orphan in _children():
            os.kill(orphan, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _children() -> list[int]:
    found = []
    for entry in os.listdir("/proc") if _LINUX else ():
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                parent = file.read().rpartition(b")")[2].split()[1]
        except (OSError, IndexError):
            continue
        if int(parent) == os.getpid():
            found.append(int(entry))
    return found


def _die_with(parent: int, number: int) -> None:
    _control(_PARENT_DEATH_SIGNAL, number)
    if os.getppid() != parent:  # it died before that call
        os._exit(1)


def _control(option: int, value: int) -> int:
    return _c("prctl", ctypes.c_int(option), *(ctypes.c_ulong(each) for each in (value, 0, 0, 0))) if _LINUX else -1


def _c(function: str, *arguments: object) -> int:
    """Call a function of the C library."""
    return int(getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments))


def _code(status: int) -> int:
    return os.waitstatus_to_exitcode(status)


def _report(task: dict[str, Any], **facts: object) -> None:
    os.write(task["report"], json.dumps(facts).encode() + b"\n")
