"""Let a process whose imports are done run Python programs as forks of itself, where a new one would import it all again.

A fork has the folder, variables, arguments, outputs and confinement that the new process would have. It lacks the start:
what a program forgets to import may be there, and PYTHONHASHSEED comes too late. Only a program that Python runs by
itself is forked, and anything else is started as it is.
"""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from mintmark.artifacts.confined.confinement import _start as start_anew
from mintmark.artifacts.confined.fork_server import be_program, be_worker, search_path

_STAGE = re.compile(r"python (scripts/\w+\.py)((?: [\w.-]+)*)")
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
    sys.path[:0] = [str(folder), *search_path(environment)]
    sys.argv = [program, *arguments]
    be_program(lambda: runpy.run_path(program, run_name="__main__"), environment)


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

    be_program(lambda: launcher.main(be_worker), {"LANG": "C.UTF-8"})
