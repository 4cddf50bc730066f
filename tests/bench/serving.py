"""Measure `mintmark serve` beside MLServer and MLflow: the same fitted models, one row a request, 16 connections.

Each server has an environment of its own. All of them run, and one at a time is asked, for two seconds in turn and so
in several rounds: what else the machine does then falls on all alike. wrk asks over REST and ghz over gRPC. What the
others need is installed into a temporary folder. Run it by `make bench-serve`, on a machine with nothing else to do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import joblib
import pandas as pd
import pytest

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE / "scripts"))

sys.path.insert(0, str(HERE))

from tests.bench.asking import Client, Speed, over_grpc, over_rest  # noqa: E402
from tests.bench.onnx_version import PACKAGES, with_onnx  # noqa: E402
from tests.scaffold.go_programs import go_program  # noqa: E402

import mintmark  # noqa: E402

MODELS = ("breast-cancer", "digits")
CONNECTIONS = 16
ROUNDS, SECONDS = 9, 2
PORTS = count(18080)
PROTO = HERE / "scripts/mintmark/serving/grpc/open_inference.proto"
GHZ = ("github.com/bojand/ghz/cmd/ghz", "v0.120.0")
POLL = 2.0  # seconds between two looks at a remote
DEPLOYMENTS = 5
MLSERVER = ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop<0.22")  # newer loops end its workers
MLFLOW = ("mlflow==3.*",)
CONSTANT = """
import sys, uvicorn
async def app(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"300")]})
    await send({"type": "http.response.body", "body": b" " * 300})
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", lifespan="off", access_log=False)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests a second with many connections, their 99th percentile, the median of a lonely one, and what it takes.

    Of the second and the third the median of all rounds.
    """

    rates: Sequence[float]  # of each round
    slowest: float  # seconds
    lonely: float  # seconds
    memory: float  # bytes
    ready: float  # seconds from the start

    @property
    def rate(self) -> float:
        """The median of all rounds."""
        return median(self.rates)

    def beside(self, other: Measured) -> float:
        """How many times the other's rate: the median of all rounds, as the machine changes between them."""
        return median(one / two for one, two in zip(self.rates, other.rates, strict=True))


class Ports(NamedTuple):
    """Where a server listens."""

    rest: int
    grpc: int


@dataclass(frozen=True, slots=True)
class Contender:
    """A server: how it is started, when it is ready, and where it is asked what; over gRPC where there is no path."""

    name: str
    command: Sequence[str]
    folder: Path
    ports: Ports
    ready: str
    path: str
    body: Any


def main() -> int:
    """Print the tables with their floors; 1 where one is missed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is not installed; apt-get install wrk", file=sys.stderr)
        return 2
    try:
        ghz = str(go_program(*GHZ))
    except pytest.skip.Exception as error:
        print(f"gRPC is not measured: {error}", file=sys.stderr)
        ghz = ""
    wanted = sys.argv[1:] or list(MODELS)
    missed = 0
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        os.environ["MINTMARK_CACHE"] = str(folder / "cache")  # no version has proved itself here before
        mlserver = _environment(folder / "mlserver", MLSERVER)
        mlflow = _environment(folder / "mlflow", MLFLOW)
        exporter = _environment(folder / "exporter", PACKAGES)
        for model in wanted:
            contenders = _contenders(folder / model, model, mlserver, mlflow, exporter)
            missed += _report(
                model, _measure([each for each in contenders if each.path or ghz], wrk, ghz, folder / model)
            )
        missed += _report_deployments(_deployments(folder, wanted[0]))
    return min(missed, 1)


def _environment(folder: Path, packages: Sequence[str]) -> Path:
    """Make an environment with a server and the scikit-learn that fitted the models; return its folder of programs."""
    from importlib.metadata import version

    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        raise SystemExit("uv, which sets up the other servers, is not here; make setup brings it")
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", folder), check=True)
    same = [f"{name}=={version(name)}" for name in ("scikit-learn", "joblib")]
    install = (uv, "pip", "install", "--quiet", "--python", folder / "bin/python", *packages, *same)
    subprocess.run(install, check=True)
    return folder / "bin"


def _contenders(folder: Path, model: str, mlserver: Path, mlflow: Path, exporter: Path) -> list[Contender]:
    folder.mkdir()
    loaded = mintmark.load(f"{model}@production", path=HERE)
    files = mintmark.pull(f"{model}@production", folder / "pulled", path=HERE, all_files=True)
    columns = list(loaded.signature.inputs)
    row = pd.read_parquet(files / "evaluation.parquet")[columns].head(1)
    values = row.to_numpy(dtype=float).tolist()
    joblib.dump(loaded.estimator, folder / "model.joblib")
    about = {"name": "x", "shape": [1, len(columns)], "datatype": "FP64"}
    tensor = {"inputs": [{**about, "data": values[0]}]}
    message = {"model_name": model, "inputs": [{**about, "contents": {"fp64_contents": values[0]}}]}
    shares = {**message, "outputs": [{"name": "predict_proba"}]}  # MLServer's own labels do not fit its messages
    split = {"dataframe_split": {"columns": columns, "data": values}}
    _write_mlflow(folder / "mlflow", folder / "model.joblib", mlflow)
    as_onnx = with_onnx(HERE, folder, model, folder / "model.joblib", exporter)
    (folder / "constant.py").write_text(CONSTANT)
    infer, rows = f"/v2/models/{model}/infer", f"/models/{model}/predict"

    def ours(name: str, path: str, body: Any, *options: str, registry: Path = HERE) -> Contender:
        ports = _new_ports()
        return Contender(name, _serve(ports, f"{model}@production", *options), registry, ports, "/ready", path, body)

    def theirs(name: str, path: str, body: Any) -> Contender:
        ports = _new_ports()
        _write_mlserver(folder / name, model, folder / "model.joblib", ports)
        return Contender(
            name, (str(mlserver / "mlserver"), "start", "."), folder / name, ports, "/v2/health/ready", path, body
        )

    two, split_ports, constant = ("--workers", "2"), _new_ports(), _new_ports()
    answers = (str(mlflow / "mlflow"), "models", "serve", "-m", str(folder / "mlflow"), "-p", str(split_ports.rest))
    return [
        ours("mintmark", infer, tensor),
        ours("  with a log", infer, tensor, "--log", str(folder / "log")),
        ours("  with a shadow", infer, tensor, "--shadow", f"{model}@staging"),
        ours("  two processes", infer, tensor, *two),
        ours("  ONNX", infer, tensor, registry=as_onnx),
        ours("  ONNX, two processes", infer, tensor, *two, registry=as_onnx),
        ours("  rows by name", rows, {"rows": row.to_dict("records")}),
        ours("  MLflow's protocol", "/invocations", split),
        theirs("MLServer", infer, tensor),
        Contender("mlflow models serve", (*answers, "--env-manager", "local"), folder, split_ports, "/ping", "/invocations", split),
        Contender("a constant answer", (sys.executable, "constant.py", str(constant.rest)), folder, constant, "/ready", infer, tensor),
        ours("mintmark, gRPC", "", message),
        ours("  two processes, gRPC", "", message, *two),
        theirs("MLServer, gRPC", "", shares),
    ]  # fmt: skip


def _new_ports() -> Ports:
    """Return two ports on which nobody listens."""
    free = (port for port in PORTS if not _listens(port))
    return Ports(next(free), next(free))


def _serve(ports: Ports, *arguments: str) -> tuple[str, ...]:
    where = ("--port", str(ports.rest), "--grpc-port", str(ports.grpc))
    return (sys.executable, "-m", "mintmark.cli", "serve", *arguments, *where)


def _write_mlserver(folder: Path, model: str, artifact: Path, ports: Ports) -> None:
    folder.mkdir()
    implementation = "mlserver_sklearn.SKLearnModel"
    about = {"name": model, "implementation": implementation, "parameters": {"uri": str(artifact)}}
    (folder / "model-settings.json").write_text(json.dumps(about))
    where = {"http_port": ports.rest, "grpc_port": ports.grpc, "metrics_port": _new_ports().rest, "debug": False}
    (folder / "settings.json").write_text(json.dumps(where))


def _write_mlflow(folder: Path, artifact: Path, programs: Path) -> None:
    code = (
        "import joblib, mlflow.sklearn, sys\n"
        "mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format='cloudpickle')\n"
    )
    subprocess.run((programs / "python", "-c", code, artifact, folder), check=True, capture_output=True)


# -- the servers -----------------------------------------------------------------------------------------------------


def _measure(contenders: Sequence[Contender], wrk: str, ghz: str, folder: Path) -> dict[str, Measured]:
    """Start all, ask them in turn, and return what was measured by name."""
    with ExitStack() as running:
        started = {each.name: running.enter_context(_running(each)) for each in contenders}
        ask = {each.name: _client(each, wrk, ghz, folder) for each in contenders}
        for client in ask.values():
            client(4, 2)  # what the first requests take is nobody's speed
        many = [{name: _rested(client) for name, client in ask.items()} for _ in range(ROUNDS)]
        one = [{name: client(1, 1) for name, client in ask.items()} for _ in range(3)]
        return {
            name: Measured(
                rates=[speeds[name].rate for speeds in many],
                slowest=median(speeds[name].slowest for speeds in many),
                lonely=median(speeds[name].usual for speeds in one),
                memory=_memory(process.pid),
                ready=ready,
            )
            for name, (process, ready) in started.items()
        }


def _rested(client: Client) -> Speed:
    """Ask with many connections, once the server before has done what it does after its answers, such as a log."""
    time.sleep(1)
    return client(CONNECTIONS, SECONDS)


def _client(contender: Contender, wrk: str, ghz: str, folder: Path) -> Client:
    files = Path(tempfile.mkdtemp(dir=folder))
    if contender.path:
        return over_rest(wrk, files, f"http://127.0.0.1:{contender.ports.rest}{contender.path}", contender.body)
    return over_grpc(ghz, files, PROTO, contender.ports.grpc, contender.body)


@contextmanager
def _running(contender: Contender) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    programs = str(Path(contender.command[0]).parent)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    begin = time.monotonic()
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            contender.command, cwd=contender.folder, env=environment, stdout=words, stderr=words, start_new_session=True
        )
        try:
            while not _answers(contender.ports.rest, contender.ready):
                if process.poll() is not None or time.monotonic() - begin > 120:
                    words.seek(0)
                    raise SystemExit(f"{contender.name} does not start:\n{words.read().decode()[-2000:]}")
                time.sleep(0.05)
            yield process, time.monotonic() - begin
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _memory(pid: int) -> float:
    """Return the memory of a process and all below it, in bytes; what several share counts once."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        own = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return 0
    return (int(own[1]) * 1024 if own else 0) + sum(_memory(int(child)) for child in children)


# -- from a commit to an answer --------------------------------------------------------------------------------------


def _deployments(folder: Path, model: str) -> list[float]:
    """Return the seconds from a push to the first answer of the version that it deploys, by a server of its remote."""
    remote, clone = folder / "remote.git", folder / "clone"
    _git(folder, "clone", "--quiet", "--bare", str(HERE), str(remote))
    _git(folder, "clone", "--quiet", str(remote), str(clone))
    channel = clone / "models" / model / "channels/production.yaml"
    numbers = sorted(path.name for path in (clone / "models" / model / "versions").iterdir())[-2:]
    ports = _new_ports()
    serve = _serve(ports, f"{model}@production", "--registry", str(remote), "--every", f"{POLL:g}s")
    took = []
    with _running(Contender("mintmark", serve, folder, ports, "/ready", "", None)):
        for place in range(DEPLOYMENTS):
            number = numbers[place % 2]
            channel.write_text(f"version: {number}\n")
            _git(clone, "commit", "--quiet", "--all", "-m", f"Deploy {number}")
            time.sleep(0.7 * place)  # the look at the remote is not always as far away
            _git(clone, "push", "--quiet")
            begin = time.monotonic()
            while _served(ports.rest) != number:
                time.sleep(0.02)
            took.append(time.monotonic() - begin)
    return took


def _git(folder: Path, *arguments: str) -> None:
    person = ("-c", "user.name=Bench", "-c", "user.email=bench@mintmark.example")
    subprocess.run(("git", "-C", str(folder), *person, *arguments), check=True, capture_output=True)


def _served(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=30) as answer:
        return str(json.load(answer)["serving"][0]["version"])


# -- what is said of it ----------------------------------------------------------------------------------------------


def _report(model: str, found: dict[str, Measured]) -> int:
    """Print a table of one model, and return how many floors are missed."""
    print(f"\n{model}: one row a request")
    print(f"{'':22}{'requests/s':>11}{'p99':>10}{'one alone':>11}{'memory':>9}{'ready':>8}")
    for name, each in found.items():
        times = f"{each.slowest * 1e3:8.1f}ms{each.lonely * 1e3:9.1f}ms"
        print(f"{name:22}{each.rate:11,.0f}{times}{each.memory / 1e6:7.0f}MB{each.ready:7.1f}s")
    ours, theirs = found["mintmark"], found["MLServer"]
    both = found["  two processes"]  # as MLServer has: one that answers, one that predicts
    onnx = (found["  ONNX"], found["  ONNX, two processes"])
    served = [each for name, each in found.items() if name.startswith(("mintmark", "  "))]
    logged, shadowed = found["  with a log"], found["  with a shadow"]
    floors = {
        "ten times the requests of MLServer": (max(each.beside(theirs) for each in (ours, both)), 10),
        "twenty times with ONNX": (max(each.beside(theirs) for each in onnx), 20),
        "a fifth of its p99": (theirs.slowest / ours.slowest, 5),
        "no more memory": (theirs.memory / max(ours.memory, both.memory), 1),
        "a lonely request is not slower": (theirs.lonely / ours.lonely, 1),
        "ready within 3 s": (3 / median(each.ready for each in served), 1),
        "the log costs a fifth at most": (logged.beside(ours), 0.8),
        "a shadow costs 15% at most": (shadowed.beside(ours), 0.85),
    }
    if "MLServer, gRPC" in found:
        calls = (found["mintmark, gRPC"], found["  two processes, gRPC"])
        floors["three times its calls over gRPC"] = (max(each.beside(found["MLServer, gRPC"]) for each in calls), 3)
    return _tell(floors)


def _report_deployments(took: Sequence[float]) -> int:
    print(f"\nfrom a push to the first answer, in seconds: {', '.join(f'{each:.1f}' for each in took)}")
    return _tell({f"within the poll of {POLL:g} s and two more": ((POLL + 2) / max(took), 1)})


def _tell(floors: dict[str, tuple[float, float]]) -> int:
    for words, (reached, wanted) in floors.items():
        print(f"  {'yes' if reached >= wanted else 'NO ':4}{words} ({reached:.2f} of {wanted:g})")
    return sum(reached < wanted for reached, wanted in floors.values())


if __name__ == "__main__":
    sys.exit(main())
