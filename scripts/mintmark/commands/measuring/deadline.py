"""End the process that runs a model where the model takes longer than it may. Knows no model.

The work is done by a copy of this process, made before anything heavy is in it: that costs a millisecond. C code heeds
no signal and no thread, so nothing but the end of its process ends it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from mintmark.errors import MintmarkError
from mintmark.temporary import sweep_files, sweep_own_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS: Final = 300.0  # as `register` gives a model
_LOOK: Final = 1.0  # seconds between two looks whether the copy is still there
_GRACE: Final = 2.0  # seconds in which an interrupted copy ends by itself
_PIECE: Final = 1 << 16

_watcher: socket.socket | None = None  # in the copy: whom to tell what begins and what is over


def run_watched(work: Callable[[], int]) -> int:
    """Return what `work` returns, which a copy of this process does and which tells its own errors.

    Only for a process without threads. Raises `MintmarkError` where a block `within_deadline` took longer than it may,
    or the copy died.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # or both would print what waits
    ours, its = socket.socketpair()
    copy = os.fork()
    if not copy:
        ours.close()
        _be_copy(work, its)
    its.close()
    with ours:
        return _watch(ours, copy)


@contextmanager
def within_deadline(what: str, remedy: str, *, folder: Path | None = None) -> Iterator[None]:
    """Have the process that watches this one end it where the block takes longer than `SECONDS`; unwatched, it may.

    `what` ("box@1.0.0 did not load") begins the sentence for that, and `remedy` ends it. What the end leaves unfinished
    in `folder` is taken away.
    """
    _tell([what, remedy, None if folder is None else str(folder)])
    try:
        yield
    finally:
        _tell(None)


def _tell(what: list[str | None] | None) -> None:
    if _watcher is not None:
        with suppress(OSError):  # it is gone, and this process ends with it
            _watcher.sendall(json.dumps(what).encode() + b"\n")


def _be_copy(work: Callable[[], int], watcher: socket.socket) -> NoReturn:
    global _watcher
    _watcher = watcher
    threading.Thread(target=_end_with, args=(watcher,), daemon=True).start()
    code = 1
    try:
        code = work()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _end_with(watcher: socket.socket) -> None:
    """End when the process is gone that watches this one, however it ended."""
    with suppress(OSError):
        watcher.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _watch(channel: socket.socket, copy: int) -> int:
    """Return the copy's code when it has ended; end it where it does not."""
    heard = _Heard()
    try:
        overdue = heard.until_over(channel, copy)
    except KeyboardInterrupt:  # which a terminal sends to the copy too
        return _interrupted(heard, copy)
    if overdue:
        os.kill(copy, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    if code >= 0 and not overdue:
        return code
    heard.take_away()
    if overdue:
        raise MintmarkError(f"{heard.what} within {SECONDS:g} seconds; {heard.remedy}")
    died = f"its process died of {signal.Signals(-code).name}, as it does where memory runs out"
    if not heard.what:
        raise MintmarkError(f"{died}; free some, and run the command again")
    raise MintmarkError(f"{heard.what}: {died}; {heard.remedy}")


def _interrupted(heard: _Heard, copy: int) -> int:
    """Return the code of a copy that was interrupted as well, or end one that does not heed that, and go on."""
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline:
        if _has_ended(copy):
            code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
            if code >= 0:
                return code
            break
        time.sleep(0.01)
    else:
        os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)
    heard.take_away()
    raise KeyboardInterrupt


def _has_ended(copy: int) -> bool:
    return os.waitid(os.P_PID, copy, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class _Heard:
    """What the copy said last: `what` it does, with the `remedy`; nothing where no deadline runs."""

    def __init__(self) -> None:
        self.what = self.remedy = ""
        self._folder: str | None = None

    def until_over(self, channel: socket.socket, copy: int) -> bool:
        """Return when the copy has ended (False), or as soon as its time is over (True)."""
        left, said = SECONDS, b""
        channel.settimeout(_LOOK)
        while True:
            since = time.monotonic()
            try:
                piece = channel.recv(_PIECE)
            except TimeoutError:
                # A process that a person halted (Ctrl-Z) uses no time meanwhile.
                left -= min(time.monotonic() - since, _LOOK) if self.what else 0
                if left <= 0:
                    return True
                if _has_ended(copy):  # and a process that it started holds on to the channel
                    return False
                continue
            if not piece:
                return False
            *lines, said = (said + piece).split(b"\n")
            if lines:
                left = SECONDS
                self._understand(lines[-1])

    def _understand(self, line: bytes) -> None:
        said = json.loads(line)
        self.what, self.remedy, folder = said or ("", "", None)
        self._folder = folder or self._folder

    def take_away(self) -> None:
        """Take away what the copy left unfinished."""
        sweep_own_folders()
        if self._folder is not None:
            sweep_files(self._folder)
