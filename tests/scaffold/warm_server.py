"""A process that has imported what commands import, and runs each command it is asked for in a fork of itself.

Of what such a command starts, DVC, its stages and confined models are forks too: see `forks`. The server does no work
of its own: no thread is started before a fork, and nothing that one command does reaches the next.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

sys.path.append(str(Path(__file__).parents[2]))
from tests.scaffold import forks
from tests.scaffold.warm import WARM_DVC, warm

sys.path.pop()

PRELOADED = (
    "mintmark.training.arithmetic",  # before NumPy
    "mintmark.cli",
    "mintmark.commands.promote",
    "mintmark.commands.propose",
    "mintmark.commands.review",
    "mintmark.commands.rollback",
    "mintmark.commands.yank",
    "dvc.cli",
    "dvc.commands.repro",
    "dvc.commands.status",
    "dvc.repo",
    "dvc.repo.reproduce",
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "skops.io",
    "sklearn.dummy",
    "sklearn.linear_model",
    "sklearn.metrics",
    "yaml",
)


def main() -> None:
    """Import what commands need, then do what standard input asks for."""
    asked, answered = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # a collection in a fork would copy every page
    _serve(asked, answered)


def _serve(asked: BinaryIO, answered: BinaryIO) -> None:
    """Read one request a line until there are no more; answer each with its exit code."""
    for line in asked:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line), asked, answered)
        _, status = os.waitpid(pid, 0)
        answered.write(b"%d\n" % os.waitstatus_to_exitcode(status))
        answered.flush()


def _become(request: dict[str, Any], asked: BinaryIO, answered: BinaryIO) -> None:
    """Be the command of a request: its folder, environment, arguments and outputs; never return."""
    code = 1
    try:
        os.close(asked.fileno())
        os.close(answered.fileno())
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environment"])
        for number, name in ((1, "stdout"), (2, "stderr")):
            with open(request[name], "wb") as file:
                os.dup2(file.fileno(), number)
        code = _exit_code(request["module"], request["arguments"])
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _fork_dvc() -> None:
    """Have Mintmark, in this process, run DVC as forks of another one, which never has a thread.

    It asks for DVC in a thread, and a fork made there would copy the locks that others hold, SQLite's among them.
    """
    asked, requests = (os.fdopen(number, mode) for number, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    answers, answered = (os.fdopen(number, mode) for number, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    if os.fork() == 0:
        requests.close()
        answers.close()
        _serve(asked, answered)
        os._exit(0)
    asked.close()
    answered.close()
    warm.ask_of(requests, answers)
    vars(importlib.import_module("mintmark.registry.dvc"))["subprocess"] = WARM_DVC


def _exit_code(module: str, arguments: list[str]) -> int:
    """What `python -m module arguments` would end with."""
    if module == "dvc":
        forks.fork_stages()
    else:
        vars(importlib.import_module("mintmark.artifacts.confined.confinement"))["_start"] = forks.start_launcher
        _fork_dvc()
    sys.argv = [str(importlib.import_module(module).__file__), *arguments]
    run: Callable[[list[str]], int | None] = importlib.import_module("dvc.cli" if module == "dvc" else module).main
    try:
        return run(arguments) or 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)


if __name__ == "__main__":
    main()
