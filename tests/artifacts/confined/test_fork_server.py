"""A fork of a process whose imports are done is held apart as a new process is, and knows nothing of its maker's.

The process that forks must have no threads, and that of a test has: so each of these runs a program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.serving.running import until

BEGIN = """
import json, os, signal, socket, sys
from pathlib import Path
import pandas as pd, sklearn.linear_model
from mintmark.artifacts.confined import confinement
from mintmark.artifacts.confined.fork_server import ForkServer
from mintmark.artifacts.confined.model_runner import ModelProcess
from mintmark.artifacts.skops.format import dump_canonical, import_skops_alone
import_skops_alone()
listening = socket.create_server(("127.0.0.1", 0))
server = ForkServer.begin()
"""
ASK = '''
sys.path.append(os.getcwd())
Path("curious.py").write_text("""
import os, posix, sys
class Curious:
    def predict(self, table):
        return [self.look(place) for place in table["place"]]
    def look(self, place):
        if place == "files":
            places = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
            return " ".join(sorted(os.readlink(place) for place in places if os.path.lexists(place)))
        if place == "folder":
            return os.getcwd()
        known = {**os.environ, **posix.environ} if place == "variables" else open(place, "rb").read()
        return "knows" if "token of the cloud" in str(known) else "does not know"
""")
from curious import Curious
model = dump_canonical(Curious())
table = pd.DataFrame({"place": ["variables", "files", "folder", "/proc/self/environ"]})
def ask(fork_server):
    with ModelProcess(model, "skops", trusted=["curious.Curious"], search_path=[Path.cwd()], measure=False,
                      fork_server=fork_server) as process:
        run = process.ask({"rows": table})
    return {**dict(zip(table["place"], run.answers["rows"].prediction)), "isolation": dict(run.isolation)}
'''


def run(program: str, folder: Path) -> Any:
    """What a program prints as JSON."""
    environment = {**os.environ, "CLOUD_TOKEN": "a token of the cloud"}
    done = subprocess.run(
        (sys.executable, "-c", program), cwd=folder, env=environment, capture_output=True, check=False, timeout=100
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
    return run(BEGIN + ASK + program, tmp_path_factory.mktemp("curious"))


def test_a_fork_is_held_apart_as_a_new_process_is_which_answers_where_none_can_be_had(told: Any) -> None:
    assert told["forked"]["isolation"] == told["new"]["isolation"]


def test_a_fork_knows_neither_variables_nor_files_of_its_maker(told: Any) -> None:
    forked = told["forked"]
    assert forked["folder"] != told["new"]["folder"]
    assert [forked["variables"], forked["/proc/self/environ"]] == ["does not know"] * 2
    assert "socket" not in forked["files"]


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


@pytest.mark.slow
def test_models_that_attack_get_no_more_from_a_fork() -> None:
    attacks = "connections or never_ends or all_memory or forged or symbolic or nobody_asks or beside_one_another"
    place = Path(__file__).with_name("test_model_runner.py")
    program = (sys.executable, "-c", BEGIN + HOSTILE, str(place), attacks)
    done = subprocess.run(program, cwd=place.parents[3], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
