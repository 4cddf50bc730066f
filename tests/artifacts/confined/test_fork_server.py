"""A fork of a process whose imports are done is held apart as a new process is, and knows nothing of its maker's.

The process that forks must have no threads, and that of a test has: so each of these runs a program.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.serving.running import until

IMPORTS = """
import pandas as pd, sklearn.linear_model
from mintmark.artifacts.confined.model_runner import ModelProcess
from mintmark.artifacts.skops.format import dump_canonical, import_skops_alone
import_skops_alone()
"""
BEGIN = """
import json, os, signal, socket, sys
from pathlib import Path
from mintmark.artifacts.confined import confinement
from mintmark.artifacts.confined.fork_server import ForkServer
listening = socket.create_server(("127.0.0.1", 0))
server = ForkServer.begin()
"""
ASK = '''
sys.path.append(os.getcwd())
Path("curious.py").write_text("""
import gc, os, posix, sys
class Curious:
    def predict(self, table):
        return [self.look(place) for place in table["place"]]
    def look(self, place):
        if place == "files":
            places = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
            return " ".join(sorted(os.readlink(place) for place in places if os.path.lexists(place)))
        if place == "folder":
            return os.getcwd()
        if place == "/proc/self/status":
            names = ("Cap", "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn")
            return "".join(sorted(line for line in open(place) if line.startswith(names)))
        if place == "/proc/self/cmdline":
            return open(place).read()
        if place == "collects":
            return str(gc.isenabled())
        known = {**os.environ, **posix.environ} if place == "variables" else open(place, "rb").read()
        return "knows" if "token of the cloud" in str(known) else "does not know"
""")
from curious import Curious
model = dump_canonical(Curious())
table = pd.DataFrame({"place": ["variables", "files", "folder", "collects", "/proc/self/environ",
                                "/proc/self/status", "/proc/self/cmdline"]})
def ask(fork_server):
    with ModelProcess(model, "skops", trusted=["curious.Curious"], search_path=[Path.cwd()], measure=False,
                      fork_server=fork_server) as process:
        run = process.ask({"rows": table})
    return {**dict(zip(table["place"], run.answers["rows"].prediction)), "isolation": dict(run.isolation)}
'''


def run(program: str, folder: Path) -> Any:
    """What a program prints as JSON, which has an argument and an open file that are nobody else's."""
    environment = {**os.environ, "CLOUD_TOKEN": "a token of the cloud"}
    command = (sys.executable, "-c", program, "https://user:password@host")
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            timeout=100,
            pass_fds=(inherited.fileno(),),
        )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    program = """
forked = ask(server)
os.kill(server.pid, signal.SIGKILL)
os.waitpid(server.pid, 0)
print(json.dumps({"forked": forked, "new": ask(server)}))
"""
    return run(IMPORTS + BEGIN + ASK + program, tmp_path_factory.mktemp("curious"))


def test_a_fork_is_held_apart_as_a_new_process_is_which_answers_where_none_can_be_had(told: Any) -> None:
    forked, new = told["forked"], told["new"]
    assert forked["isolation"] == new["isolation"]
    assert forked["/proc/self/status"] == new["/proc/self/status"]
    assert "CapEff:\t0000000000000000" in forked["/proc/self/status"]
    assert forked["collects"] == "True"


def test_a_fork_knows_neither_variables_nor_files_of_its_maker(told: Any) -> None:
    forked = told["forked"]
    assert forked["folder"] != told["new"]["folder"]
    assert [forked["variables"], forked["/proc/self/environ"]] == ["does not know"] * 2
    assert "socket" not in forked["files"]
    assert "password" not in forked["/proc/self/cmdline"]


STARTS = """
import resource, select, subprocess, time
from mintmark.artifacts.confined import fork_server
from mintmark.artifacts.confined.confinement import Limits, python_environment, python_paths, start_confined
def start(seconds=60):
    command = (sys.executable, "-P", "-W", "ignore", "-m", "mintmark.artifacts.confined.model_worker", os.getcwd(), "onnx")
    return start_confined(command, cwd=Path.cwd(), readable=(*python_paths(), Path.cwd()), writable=(),
                          environment=python_environment(), limits=Limits(seconds=seconds, cpu_seconds=60), fork_server=server)
def is_forked(started):
    return not isinstance(started._process, subprocess.Popen)
"""
MANY_FILES = """
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
with start() as started:
    assert started._process._handle > 1023
print(json.dumps(is_forked(started)))
"""
STOPPED = """
fork_server._PATIENCE = 0.5
server._channel.settimeout(0.5)
os.kill(server.pid, signal.SIGSTOP)
with start(1) as started:
    begin = time.monotonic()
    done = started.finish()
print(json.dumps([is_forked(started), done.timed_out, time.monotonic() - begin < 14]))
"""
ASKER_GOES = """
process = start()._process
read, write = os.pipe()
if os.fork() == 0:
    handle = start()._process._handle
    pid = next(line.split()[1] for line in open(f"/proc/self/fdinfo/{handle}") if line.startswith("Pid"))
    os.write(write, pid.encode())
    signal.pause()
handle = os.pidfd_open(int(os.read(read, 16)))
asker = next(int(child) for child in open(f"/proc/self/task/{os.getpid()}/children").read().split()
             if int(child) != server.pid)
os.kill(asker, signal.SIGKILL)
has_ended = select.select([handle], [], [], 50)[0]
print(json.dumps([bool(has_ended), process.returncode is None and not select.select([process._handle], [], [], 0)[0]]))
"""
NO_ROOM = """
with start():
    pass  # it has begun
resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, 4096))
with start() as none:
    pass
resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (4096, 4096))
with start() as again:
    pass
print(json.dumps([is_forked(none), is_forked(again)]))
"""


def test_a_fork_has_a_number_beyond_those_of_select(tmp_path: Path) -> None:
    assert run(BEGIN + STARTS + MANY_FILES, tmp_path) is True


def test_a_new_process_answers_where_the_one_that_forks_is_stopped(tmp_path: Path) -> None:
    assert run(BEGIN + STARTS + STOPPED, tmp_path) == [False, True, True]


def test_a_fork_ends_with_who_asked_for_it_though_others_go_on(tmp_path: Path) -> None:
    assert run(BEGIN + STARTS + ASKER_GOES, tmp_path) == [True, True]


def test_what_may_open_no_more_files_forks_again_later(tmp_path: Path) -> None:
    assert run(BEGIN + STARTS + NO_ROOM, tmp_path) == [False, True]


WITHOUT_STREAMS = """
from mintmark.artifacts.confined.fork_server import ForkServer
import os, sys
for number in range(3):
    os.close(number)
server = ForkServer.begin()
with open("pid", "w") as file:
    file.write(str(server.pid))
"""


def test_it_ends_with_its_maker_that_had_no_streams(tmp_path: Path) -> None:
    subprocess.run((sys.executable, "-c", WITHOUT_STREAMS), cwd=tmp_path, check=True, timeout=60)
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(int((tmp_path / "pid").read_text()))
        until(lambda: server.status() == psutil.STATUS_ZOMBIE)


ENDLESS = """
from mintmark.artifacts.confined.confinement import Limits, python_environment, python_paths, start_confined
started = start_confined((sys.executable, "-P", "-W", "ignore", "-m", "mintmark.artifacts.confined.model_worker",
                          os.getcwd(), "onnx"), cwd=Path.cwd(), readable=(*python_paths(), Path.cwd()), writable=(),
                         environment=python_environment(), limits=Limits(seconds=60), fork_server=server)
assert started._process.returncode is None
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_ends_with_who_asked_for_it_and_so_does_what_forked_it(tmp_path: Path) -> None:
    program = (sys.executable, "-c", BEGIN + ENDLESS)
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(json.loads(done.stdout))
        until(lambda: server.status() == psutil.STATUS_ZOMBIE)
    until(lambda: not [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(tmp_path)])


HOSTILE = """
import pytest
begin, forked = confinement._begin, []
def fork(report, _):
    found = begin(report, server)
    forked.append(found[1]["parent"] == server.pid)
    return found
confinement._begin = fork
code = pytest.main(["-q", "-p", "no:cacheprovider", sys.argv[1], "-k", sys.argv[2]])
sys.exit(code or not (forked and all(forked)))
"""


@pytest.mark.long
def test_models_that_attack_get_no_more_from_a_fork() -> None:
    attacks = "connections or never_ends or all_memory or forged or symbolic or nobody_asks or beside_one_another"
    place = Path(__file__).with_name("test_model_runner.py")
    program = (sys.executable, "-c", IMPORTS + BEGIN + HOSTILE, str(place), attacks)
    done = subprocess.run(program, cwd=place.parents[3], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
