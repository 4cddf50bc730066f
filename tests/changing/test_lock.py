from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mintmark.changing.lock import one_at_a_time
from mintmark.errors import MintmarkError

HOLD = """
import sys, time
from pathlib import Path
from mintmark.changing.lock import one_at_a_time
with one_at_a_time(Path(sys.argv[1]), "promote"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    subprocess.run(("git", "init", "--quiet", str(tmp_path)), check=True)
    return tmp_path


def test_the_second_command_says_who_is_at_work(root: Path) -> None:
    with subprocess.Popen((sys.executable, "-c", HOLD, str(root)), stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        message = f"mintmark promote, process {holder.pid}, since .* is at work"
        with pytest.raises(MintmarkError, match=message), one_at_a_time(root, "yank"):
            pass
        assert holder.poll() is None  # it still holds: nobody waited for its end
        os.kill(holder.pid, signal.SIGKILL)
    with one_at_a_time(root, "yank"):  # a killed command holds nothing
        pass


def test_released_after_an_error(root: Path) -> None:
    with pytest.raises(ValueError, match="x"), one_at_a_time(root, "yank"):
        raise ValueError("x")
    with one_at_a_time(root, "yank"):
        pass


def test_no_place_for_the_lock(root: Path) -> None:
    (root / ".git/mintmark").write_text("a file where a folder belongs")
    with pytest.raises(MintmarkError, match="cannot be written"), one_at_a_time(root, "yank"):
        pass
