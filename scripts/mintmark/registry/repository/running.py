"""Run the `git` command, and tell its refusals from its answers. Knows no command of it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from mintmark.errors import MintmarkError
from mintmark.registry.repository.git_settings import git_environment

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import IO

_Result = TypeVar("_Result")
_PIECE = 1 << 18
_IGNORED_DAMAGE = b"ignoring broken ref"  # Git goes on without what it could not read, and exits with 0


class GitError(MintmarkError):
    """Git refused; the message holds its own words, `code` its exit code where it said nothing at all.

    `output` is what it had written by then.
    """

    def __init__(self, message: str, code: int | None = None, output: bytes = b"") -> None:
        super().__init__(message)
        self.code, self.output = code, output


def run_git(
    *arguments: str, cwd: Path | str, data: bytes | None = None, environment: Mapping[str, str] | None = None
) -> bytes:
    """Run one Git command and return its output; raise `GitError` with Git's own words when it fails."""
    return start_git(*arguments, cwd=cwd, data=data, environment=environment)()


def start_git(
    *arguments: str, cwd: Path | str, data: bytes | None = None, environment: Mapping[str, str] | None = None
) -> Callable[[], bytes]:
    """Start one Git command and return the function that waits for its output, or raises as `run_git` does.

    It runs with the settings that are relied on here, whatever the user's are. `environment` is added to its variables.
    """
    process = _popen(arguments, cwd, environment, asks=data is not None)

    def wait() -> bytes:
        output, complaint = process.communicate(data)
        _require_success(arguments[0], process.returncode, complaint, output)
        return output

    return wait


def start_fields(
    *arguments: str,
    cwd: Path | str,
    environment: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[list[str]]:
    """Start one Git command whose fields end in a zero byte; what is returned yields them as they come, many at once.

    Nobody holds all of a large answer so. Git waits while nobody takes its output. `settings` are this
    command's own. Raises as `run_git` does.
    """
    process = _popen(arguments, cwd, environment, settings=settings)
    complaint = in_background(lambda: process.stderr.read() if process.stderr is not None else b"")

    def fields() -> Iterator[list[str]]:
        rest = b""
        with process:
            try:
                while process.stdout is not None and (piece := process.stdout.read(_PIECE)):
                    whole, end, rest = (rest + piece).rpartition(b"\0")
                    if end:
                        yield whole.decode("utf-8", "surrogateescape").split("\0")
            except GeneratorExit:
                process.kill()
                raise
            words = complaint()  # before its pipe is closed
        _require_success(arguments[0], process.returncode, words)
        if rest:
            yield [rest.decode("utf-8", "surrogateescape")]

    return fields()


@contextmanager
def git_answers(*arguments: str, cwd: Path | str) -> Iterator[tuple[Callable[[str], None], IO[bytes]]]:
    """Start one Git command that answers questions; give the function that asks them, and what the answers come from.

    No more is to be asked at a time than a pipe has room for, 64 KiB. Raises as `run_git` does, at the first answer
    that does not come.
    """
    process = _popen(arguments, cwd, None, asks=True)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    questions, complaint = process.stdin, in_background(process.stderr.read)

    def ask(text: str) -> None:
        questions.write(text.encode())
        questions.flush()

    with process:
        try:
            yield ask, process.stdout
        except (BrokenPipeError, IndexError) as error:  # Git has ended; it says why
            process.kill()
            with suppress(BrokenPipeError):  # what could not be asked
                questions.close()
            raise GitError(f"git {arguments[0]}: {' '.join(complaint().decode('utf-8', 'replace').split())}") from error
        except BaseException:
            process.kill()
            complaint()
            raise
        questions.close()
        words = complaint()
    _require_success(arguments[0], process.returncode, words)


def _popen(
    arguments: tuple[str, ...],
    cwd: Path | str,
    environment: Mapping[str, str] | None,
    *,
    asks: bool = False,
    settings: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    import subprocess  # reading one record from the work tree needs no Git, and need not pay for it

    try:
        return subprocess.Popen(
            ("git", *arguments),
            cwd=cwd,
            stdin=subprocess.PIPE if asks else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=git_environment(cwd, environment, settings),
        )
    except (OSError, ValueError) as error:  # a name that is too long, or holds what no name can
        raise _not_started(arguments[0], cwd, error) from None


def _require_success(command: str, code: int, complaint: bytes, output: bytes = b"") -> None:
    if code != 0 or _IGNORED_DAMAGE in complaint:
        words = " ".join(complaint.decode("utf-8", "replace").split())
        what = words or f"failed with exit code {code}"
        raise GitError(f"git {command}: {what}", code if not words else None, output)


def _not_started(command: str, cwd: Path | str, error: OSError | ValueError) -> MintmarkError:
    if not os.path.isdir(cwd):
        return MintmarkError(f"{cwd}: there is no such folder")
    if isinstance(error, FileNotFoundError):
        return MintmarkError("git is not installed, or not on the PATH; install Git 2.38 or newer")
    return GitError(f"git {command}: {error.strerror if isinstance(error, OSError) else error}")


def in_background(wait: Callable[[], _Result]) -> Callable[[], _Result]:
    """Wait in a thread while this process does something else, such as reading a pipe, which when full stops Git."""
    from threading import Thread

    output: list[_Result] = []
    faults: list[MintmarkError] = []

    def drain() -> None:
        try:
            output.append(wait())
        except MintmarkError as error:
            faults.append(error)

    thread = Thread(target=drain, daemon=True)
    thread.start()

    def result() -> _Result:
        thread.join()
        for fault in faults:
            raise fault
        return output[0]

    return result


def ask_git(*arguments: str, cwd: Path | str) -> str | None:
    """Ask Git what it may deny, and return its answer as a stripped text; None where it denies it.

    It does that with exit code 1 and not a word. Whatever else goes wrong raises `GitError`: a question that Git
    refuses to answer has no empty answer.
    """
    try:
        return git_text(*arguments, cwd=cwd)
    except GitError as error:
        if error.code != 1:
            raise
        return None


def git_text(*arguments: str, cwd: Path | str) -> str:
    """Run one Git command and return its output as a stripped text."""
    return run_git(*arguments, cwd=cwd).decode("utf-8", "surrogateescape").strip()


def try_git(*arguments: str, cwd: Path | str) -> None:
    """Run a Git command that may fail without harm: nothing is asked by it."""
    try:
        run_git(*arguments, cwd=cwd)
    except GitError:
        return
