"""What runs a model ends in time, says why, and leaves nothing: by real processes, and by a model that never ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from tests.scaffold.brought import INPUTS, endless_graph
from tests.scaffold.registry import begin_committed

BEGIN = "import os, signal, sys, time\nfrom mintmark.commands.measuring import deadline\n"


def start(program: str, *, cwd: Path) -> subprocess.Popen[str]:
    """A program that holds `work`, watched as the command line watches a command."""
    run = f"{BEGIN}{textwrap.dedent(program)}\nprint('ended with', deadline.run_watched(work))"
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen((sys.executable, "-c", run), cwd=cwd, start_new_session=True, **streams)


def finish(program: str, *, cwd: Path) -> tuple[str, str]:
    """What such a program prints, and its last line of errors."""
    out, err = start(program, cwd=cwd).communicate(timeout=120)
    return out, err.splitlines()[-1] if err else ""


def test_what_ends_by_itself_passes_through(tmp_path: Path) -> None:
    program = """
    def work():
        with deadline.within_deadline("it did not end", "wait"):
            print("done", flush=True)
        return 42
    print("begun")
    """
    assert finish(program, cwd=tmp_path) == ("begun\ndone\nended with 42\n", "")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("while True: pass", "it did not end within 0.5 seconds; wait"),
        ("time.sleep(600)", "it did not end within 0.5 seconds; wait"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "it did not end: its process died of SIGSEGV"),
    ],
    ids=["computes", "waits", "crashes"],
)
def test_what_does_not_end_is_ended_with_a_sentence_and_leaves_no_file(tmp_path: Path, does: str, says: str) -> None:
    program = f"""
    from pathlib import Path
    from mintmark.registry.files import open_atomically
    deadline.SECONDS = 0.5
    def work():
        with open_atomically("out.csv") as file, deadline.within_deadline("it did not end", "wait", folder=Path()):
            {does}
        return 0
    """
    out, err = finish(program, cwd=tmp_path)
    assert says in err
    assert (out, os.listdir(tmp_path)) == ("", [])


def test_only_the_time_of_a_block_counts_and_each_has_its_own(tmp_path: Path) -> None:
    program = """
    deadline.SECONDS = 2.0
    def work():
        for _ in range(3):
            with deadline.within_deadline("it did not end", "wait"):
                time.sleep(0.4)
            time.sleep(0.5)
        return 0
    """
    assert finish(program, cwd=tmp_path) == ("ended with 0\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_copy_outlives_the_process_that_a_person_ends(tmp_path: Path, number: int) -> None:
    program = """
    def work():
        print(os.getpid(), flush=True)
        while True: pass
    """
    process = start(program, cwd=tmp_path)
    assert process.stdout
    copy = int(process.stdout.readline())
    process.send_signal(number)
    assert process.communicate(timeout=60) == ("", "")  # its end closes what both print to
    assert process.returncode == -number
    for _ in range(6000):
        with suppress(ProcessLookupError):
            os.kill(copy, 0)
            time.sleep(0.01)
            continue
        return
    pytest.fail("the copy goes on")


def test_an_interrupt_ends_what_does_not_heed_it(tmp_path: Path) -> None:
    program = """
    deadline._GRACE = 0.2
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell ignores it
    def work():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("begun", flush=True)
        while True: pass
    """
    process = start(program, cwd=tmp_path)
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    _, err = process.communicate(timeout=60)
    assert err.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.slow
def test_predict_and_explain_end_a_model_that_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    made = begin_committed(tmp_path / "registry")
    made.add_model("box")
    table = pd.DataFrame({name: [0.5, 1.0] for name in INPUTS})
    table.to_parquet(tmp_path / "evaluation.parquet")
    outputs = {"prediction": {"type": "str", "shape": [None]}, "probabilities": {"type": "float64", "shape": [None, 2]}}
    signature = {"inputs": dict.fromkeys(INPUTS, "float64"), "outputs": outputs, "classes": ["elm", "oak"]}
    files = {"model.onnx": endless_graph(), "evaluation.parquet": (tmp_path / "evaluation.parquet").read_bytes()}
    made.add_version("box", "1.0.0", files, signature=signature)
    made.write("rows.csv", "width,height\n1,2\n3,4\n")
    # What takes seconds to import is there: the deadline shall be the model's.
    run = "import onnx, onnxruntime, pandas, sys; from mintmark.cli import main; deadline.SECONDS = 3; sys.exit(main())"
    told = {
        (
            "predict",
            "box@1.0.0",
            "rows.csv",
            "-o",
            "out.csv",
        ): "did not answer rows 0 to 1 within 3 seconds; give it fewer",
        ("explain", "box@1.0.0", "rows.csv"): "did not answer all that explains row 0 within 3 seconds; make the model",
    }
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    asked = [subprocess.Popen((sys.executable, "-c", BEGIN + run, *each), cwd=made.root, **streams) for each in told]
    for process, words in zip(asked, told.values(), strict=True):
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (1, "")
        assert err.startswith(f"mintmark: rows.csv: box@1.0.0 {words}")
        assert err.count("\n") == 1
    assert not made.path("out.csv").exists()
