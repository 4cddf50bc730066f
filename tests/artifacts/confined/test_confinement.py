"""Attacks on the confinement, with plain commands. Whatever one tries must fail, and nothing may be left behind."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import textwrap
from pathlib import Path

import pytest
from tests.artifacts.confined.confined_runs import MANY, PATIENCE, SECRET

from mintmark.artifacts.confined.confinement import Limits, python_environment, python_paths, run_confined, shell_paths

ROOT = Path(__file__).parents[3]


# What it gets


def test_a_command_runs_and_its_end_and_words_come_back(run, room):
    done = run("import sys; print('out'); print('err', file=sys.stderr); open('file', 'w').write('x'); sys.exit(3)")
    assert (done.code, done.stdout, done.stderr, done.timed_out) == (3, "out\n", "err\n", False)
    assert (room / "file").read_text() == "x"
    assert set(done.isolation) == {"files", "network", "processes", "system calls", "memory", "time"}
    assert done.isolation["time"] == "wall clock and CPU"


def test_a_signal_is_a_negative_code(run):
    assert run("import os; os.kill(os.getpid(), 9)").code == -signal.SIGKILL
    assert run("import os; os.abort()", processes=MANY).code == -signal.SIGABRT


def test_a_command_that_is_not_there_says_so(room):
    done = run_confined(
        ("no-such-command",), cwd=room, readable=python_paths(), writable=(), environment={}, limits=Limits()
    )
    assert done.code == 127
    assert done.last_words().startswith("no-such-command: cannot be started: ")


def test_nothing_of_the_environment_is_inherited(run, room, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = run("import json, os; print(json.dumps(dict(os.environ)))")
    given = json.loads(done.stdout)
    given.pop("LC_CTYPE", None)  # Python's own
    assert given.keys() - {"__CF_USER_TEXT_ENCODING"} == {"PATH", "LANG", "HOME", "TMPDIR"}
    assert given["HOME"] == given["TMPDIR"] == str(room)


def test_what_is_given_comes_before_what_is_assumed(room):
    done = run_confined(
        (sys.executable, "-c", "import os; print(os.environ['HOME'], os.environ['OTHER'])"), cwd=room,
        readable=python_paths(), writable=(room,), environment={"HOME": "/nowhere", "OTHER": "x"}, limits=Limits(),
    )  # fmt: skip
    assert done.stdout == "/nowhere x\n"


def test_nothing_is_imported_from_the_current_folder(run, room, tmp_path, monkeypatch):
    for name in ("json", "ctypes", "site", "sitecustomize", "mintmark", "resource"):
        for folder in (room, tmp_path):
            (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run_confined(
        (sys.executable, "-P", "-c", "import json; print('fine')"), cwd=room, readable=python_paths(),
        writable=(room,), environment={}, limits=Limits(),
    )  # fmt: skip
    assert (done.code, done.stdout) == (0, "fine\n")
    assert not (tmp_path / "ran").exists()


def test_several_processes_share_work_where_they_are_allowed(room, needs):
    program = """
        import joblib, multiprocessing, subprocess
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(2) as pool:
                print(pool.map(abs, [-1, -2]), joblib.cpu_count() > 0, flush=True)
            print(subprocess.run("echo $((1 + 1)) | cat", shell=True, capture_output=True, text=True).stdout)
    """
    needs("files", "read only mounts")  # which come with memory to share
    (room / "program.py").write_text(textwrap.dedent(program))
    done = run_confined(
        (sys.executable, "program.py"), cwd=room, readable=(*python_paths(), *shell_paths()), writable=(room,),
        environment={}, limits=Limits(processes=MANY, seconds=PATIENCE),
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["[1, 2] True", "2"], done.stderr


# What it may use


@pytest.mark.slow
def test_memory_is_limited(run, needs):
    needs("memory", "address space limit")
    done = run("bytearray(100 << 30)")
    assert (done.code, done.last_words()) == (1, "MemoryError")
    slowly = "kept = []\nwhile True: kept.append(bytearray(10 << 20))"
    assert run(slowly, memory=1 << 30).last_words() == "MemoryError"


def test_limits_cannot_be_raised(run):
    code = """
        import resource
        for name in ("AS", "CPU", "FSIZE", "NOFILE"):
            kind = getattr(resource, "RLIMIT_" + name)
            hard = resource.getrlimit(kind)[1]
            try:
                resource.setrlimit(kind, (hard + 1, hard + 1))
            except (OSError, ValueError):
                print("refused")
    """
    assert run(code).stdout.split() == ["refused"] * 4


@pytest.mark.slow
def test_time_is_limited_whatever_it_does_about_signals(run):
    code = """
        import signal, time
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(1000)
    """
    done = run(code, seconds=1)
    assert (done.code, done.timed_out) == (-signal.SIGKILL, True)


@pytest.mark.slow
def test_processor_time_is_limited(run):
    done = run("while True: pass", cpu_seconds=1)
    assert (done.code, done.timed_out) == (-signal.SIGXCPU, False)


def test_files_are_limited_in_size(run, room):
    code = """
        block = b"x" * (1 << 20)
        with open("big", "wb", buffering=0) as file:
            for _ in range(10_000):
                file.write(block)
    """
    done = run(code, file_bytes=3 << 20)
    assert "File too large" in done.stderr
    assert (room / "big").stat().st_size == 3 << 20


def test_one_file_may_be_all_that_is_writable(room, needs):
    needs("files", "landlock")
    answer = room / "answer"
    answer.touch()
    code = """
        import os
        open("answer", "w").write("mine")
        for attempt in (lambda: open("other", "w"), lambda: os.remove("answer"), lambda: os.rename("answer", "b"),
                        lambda: os.symlink("/etc/passwd", "c")):
            try:
                attempt()
                print("done")
            except OSError:
                pass
    """
    done = run_confined(
        (sys.executable, "-c", textwrap.dedent(code)), cwd=room, readable=(*python_paths(), room), writable=(answer,),
        environment={}, limits=Limits(),
    )  # fmt: skip
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert [path.name for path in room.iterdir()] == ["answer"]
    assert answer.read_text() == "mine"


def test_floods_of_output_are_cut_and_cost_no_memory(run):
    code = """
        import sys
        block = "0123456789abcdef" * 4096
        for _ in range(3200):
            sys.stdout.write(block)
            sys.stderr.write(block)
        sys.stdout.write("the end")
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = run(code)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000 * (
        1024 if sys.platform == "darwin" else 1
    )
    assert done.code == 0
    assert len(done.stdout) == len(done.stderr) == 64 << 10
    assert done.stdout.endswith("the end")


def test_output_that_is_no_text_is_shown_as_well_as_it_goes(run):
    done = run("import os; os.write(1, bytes(range(256))); os.write(2, b'\\x1b[31m\\xff words\\n')")
    assert len(done.stdout) == 256
    assert done.last_words() == "\\x1b[31m\ufffd words"


# What a Python process needs


def test_repositories_and_the_current_folder_are_not_for_reading(tmp_path, monkeypatch):
    hidden = ["repository", "registry", "registry/models", "registry/models/iris", "repository/.dvc/cache", "here", "."]
    for name in ("repository/.git", "registry/models/iris", "repository/.dvc/cache", "here/below", "package"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "registry/models/registry.yaml").touch()
    monkeypatch.chdir(tmp_path / "here/below")
    for name in (*hidden, "package"):
        monkeypatch.syspath_prepend(str(tmp_path / name))
    monkeypatch.syspath_prepend("")
    paths = python_paths()
    assert [path for path in paths if path.is_relative_to(tmp_path)] == [tmp_path / "package"]
    assert not [path for path in paths if ROOT.is_relative_to(path)]
    assert not [path for path in paths if path.is_relative_to(ROOT / "models") or path.is_relative_to(ROOT / ".dvc")]
    found = python_environment()["PYTHONPATH"].split(os.pathsep)
    assert str(tmp_path / "package") in found
    assert not {str(tmp_path / name) for name in hidden} & set(found)


def test_the_packages_of_this_process_are_found(room):
    program = "import numpy, mintmark; print(mintmark.__file__)"
    done = run_confined(
        (sys.executable, "-P", "-c", program), cwd=room, readable=python_paths(), writable=(),
        environment=python_environment(), limits=Limits(seconds=PATIENCE),
    )  # fmt: skip
    import mintmark

    assert done.stdout.strip() == mintmark.__file__, done.stderr
