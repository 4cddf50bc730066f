"""Let a process whose imports are done run Python programs as forks of itself, where a new one would import it all again.

A fork has the folder, variables, arguments, outputs and confinement that the new process would have. It lacks the start:
what a program forgets to import may be there, and PYTHONHASHSEED comes too late. Only a program that Python runs by
itself is forked, and anything else is started as it is.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import runpy
import shutil
import signal
import stat
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from mintmark.artifacts.confined.confinement import _start as start_anew

_STAGE = re.compile(r"python (scripts/\w+\.py)((?: [\w.-]+)*)")
_WORKERS = (
    "mintmark.artifacts.confined.model_worker",
    "mintmark.artifacts.confined.conversion_worker",
    "mintmark.training.brought.worker",
)
_MIND_FORKS = frozenset({"distributed", "grpc", "jax", "tensorflow", "torch"})


def fork_stages() -> None:
    """Have DVC, in this process, run stages of the form `python scripts/NAME.py MODEL` as forks of it."""
    import dvc.stage.run

    needed = {"check_output": subprocess.check_output, "CalledProcessError": subprocess.CalledProcessError}
    dvc.stage.run.subprocess = SimpleNamespace(Popen=_start_stage, **needed)


def _start_stage(command: list[str], *, env: Mapping[str, str], cwd: str, **how: Any) -> subprocess.Popen[bytes]:
    stage = _STAGE.fullmatch(command[-1])
    if stage is None or _python(env) != sys.executable:
        return subprocess.Popen(command, env=env, cwd=cwd, **how)
    program, arguments = stage[1], stage[2].split()
    become = partial(_become_program, program, arguments, env)
    return subprocess.Popen(command, env=env, cwd=cwd, preexec_fn=become, **how)


def _python(environment: Mapping[str, str]) -> str | None:
    return shutil.which("python", path=environment["PATH"])


def _become_program(program: str, arguments: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Be `python PROGRAM ARGUMENTS` from here on."""
    folder = Path(program).resolve().parent
    if (folder / "mintmark").exists():  # the registry's own, which a test may have changed
        for name in [name for name in sys.modules if name.partition(".")[0] == "mintmark"]:
            del sys.modules[name]
    sys.path[:0] = [str(folder), *_search_path(environment)]
    sys.argv = [program, *arguments]
    _end_as(lambda: runpy.run_path(program, run_name="__main__"), environment)


def start_launcher(report: int) -> subprocess.Popen[bytes]:
    """The launcher of a confined command as a fork of this process, and so the command: see `confinement._start`.

    Where this process holds what starts threads that do not outlive a fork, or is asked by a thread beside others, whose
    locks a fork would copy and never see released, it is a new process after all.
    """
    if threading.current_thread() is not threading.main_thread() or not _MIND_FORKS.isdisjoint(sys.modules):
        return start_anew(report)
    return subprocess.Popen(
        ("launcher",),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        pass_fds=(report,),
        start_new_session=True,
        preexec_fn=_become_launcher,
    )


def _become_launcher() -> NoReturn:
    from mintmark.artifacts.confined import launcher

    os.execvpe = _become_command  # type: ignore[assignment]
    _end_as(launcher.main, {"LANG": "C.UTF-8"})


def _become_command(
    program: str, command: list[str], environment: Mapping[str, str], *, exec_: Any = os.execvpe
) -> None:
    """Be `python OPTIONS -m WORKER ARGUMENTS` from here on, or execute what is something else."""
    if command[1:5] != ["-P", "-W", "ignore", "-m"] or command[5] not in _WORKERS:
        exec_(program, command, environment)
    worker, arguments = command[5], command[6:]
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    sys.path[:0] = _search_path(environment)
    sys.argv = [worker, *arguments]
    _end_as(lambda: runpy.run_module(worker, run_name="__main__", alter_sys=True), environment)


def _search_path(environment: Mapping[str, str]) -> list[str]:
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _close_what_exec_closes() -> None:
    """Among it is the pipe by which `Popen` waits for the new program to begin.

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


def _end_as(run: Callable[[], object], environment: Mapping[str, str]) -> NoReturn:
    """Run what takes the place of this fork of a process, with nothing of it but its modules, and end as it ends."""
    code = 1
    try:
        _close_what_exec_closes()
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_IGN)  # as Python does when it starts
        os.environ.clear()
        os.environ.update(environment)
        atexit._clear()
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
