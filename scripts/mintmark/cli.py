"""Translate the command line into one command. The only place that catches `MintmarkError`; decides nothing itself."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, Any

from mintmark.terminal import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mintmark.arguments.command import Command

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 pass, 1 fail, 2 usage error, 42 a person must decide."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _print_anything()
    with redirect_stdout(escaped(sys.stdout)), redirect_stderr(escaped(sys.stderr)):
        return _run_and_tell(partial(_run, given, apart=arguments is None))


def _run_and_tell(work: Callable[[], int]) -> int:
    from mintmark.errors import MintmarkError

    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            return work()
    except MintmarkError as error:
        print(f"mintmark: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        _drop_output()
        return 0
    except KeyboardInterrupt:
        print("\nmintmark: interrupted", file=sys.stderr)
        return 130
    except OSError as error:
        sentence = _what_the_system_refused(error)
        if sentence is None:
            raise
        _drop_output()
        print(f"mintmark: {sentence}", file=sys.stderr)
        return 1


def _show_warning(otherwise: Callable[..., None], message: Warning | str, *place: object) -> None:
    from mintmark.errors import MintmarkWarning

    if isinstance(message, MintmarkWarning):
        print(f"warning: {message}", file=sys.stderr)
    else:
        otherwise(message, *place)


def _what_the_system_refused(error: OSError) -> str | None:
    """Return a sentence about a full disk or a place that may not be written; None for what is a fault of ours."""
    code = error.errno or next((full for full in _FULL if os.strerror(full) in str(error)), None)
    named = next((os.fsdecode(name) for name in (error.filename2, error.filename) if isinstance(name, str | bytes)), "")
    where = f"{named}: " if named else ""
    if code in _FULL:
        return f"{where}there is no space left on the disk; free some and run the command again"
    if code in _REFUSED:
        return f"{where}the system refuses it: {error.strerror}; allow it and run the command again"
    return None


def _require_current_folder() -> None:
    from mintmark.errors import MintmarkError

    try:
        os.getcwd()
    except OSError as error:
        why = "is gone" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise MintmarkError(f"the folder that you are in {why}; cd to one that is there") from None


def _print_anything() -> None:
    """Names of files and people need not be text that the terminal can show: escape what it cannot."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """What could not be printed must not be tried again, and complained of, when Python ends."""
    try:
        _flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flush() -> None:
    if sys.stdout is not None:  # the caller may have closed it
        sys.stdout.flush()


def _run(arguments: list[str], *, apart: bool) -> int:
    return _flushed(partial(_answer, arguments, apart=apart))


def _flushed(work: Callable[[], int]) -> int:
    try:
        code = work()
    except SystemExit:  # --help, or a wrong call
        _flush()
        raise
    try:
        _flush()
    except BrokenPipeError:  # the reader has seen enough, and the answer stays what it is
        _drop_output()
    return code


def _answer(arguments: list[str], *, apart: bool) -> int:
    """Run what the arguments name; `apart`, in a process of its own where a command runs a model.

    Who calls `main` with arguments is a program with threads, maybe, of which no copy can be made.
    """
    if arguments in (["--version"], ["-V"]):
        from mintmark.about import __version__

        print(f"mintmark {__version__}")
        return 0
    import gc
    from pathlib import Path

    from mintmark.arguments.parser import COMMANDS, build_parser, command_of
    from mintmark.temporary import sweep_own_folders

    parser = build_parser(only=command_of(arguments))
    values = vars(parser.parse_args(arguments))
    name = values.pop("command", None)
    if name is None:
        parser.print_help()
        return 2 if arguments else 0
    values["root"] = Path(values["root"])
    _require_current_folder()
    sweep_own_folders()
    gc.disable()  # a command lives for seconds and makes few cycles; looking for them takes a tenth of a large read
    work = partial(_do, name, COMMANDS[name], values)
    if not (apart and COMMANDS[name].runs_model):
        return work()
    from mintmark.commands.measuring.deadline import run_watched

    return run_watched(partial(_run_and_tell, partial(_flushed, work)))


def _do(name: str, command: Command, values: dict[str, Any]) -> int:
    try:
        result: int = command.load()(**values)
    except ModuleNotFoundError as error:
        from mintmark.extras import explain_missing

        raise explain_missing(error, f"mintmark {name}", command.extra) from None
    return result


if __name__ == "__main__":
    sys.exit(main())
