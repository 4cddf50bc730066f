"""Measure `mintmark serve` beside MLServer and MLflow: the same fitted models, one row a request, 16 connections.

Each server runs alone, in an environment of its own; wrk asks it over REST and ghz over gRPC. What the others need is
installed into a temporary folder. Run it by `make bench-serve`, on a machine with nothing else to do.
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE / "scripts"))

sys.path.insert(0, str(HERE))

from tests.bench.asking import Client, over_grpc, over_rest  # noqa: E402
from tests.bench.onnx_version import PACKAGES, with_onnx  # noqa: E402
from tests.scaffold.go_programs import go_program  # noqa: E402

import mintmark  # noqa: E402

MODELS = ("breast-cancer", "digits")
CONNECTIONS, SECONDS = 16, 8
PORT, GRPC_PORT = 18080, 18081
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
    """Requests a second with many connections, their 99th percentile, the median of a lonely one, and what it takes."""

    rate: float
    slowest: float  # seconds
    lonely: float  # seconds
    memory: float  # bytes
    ready: float  # seconds from the start


@dataclass(frozen=True, slots=True)
class Contender:
    """A server: how it is started, when it is ready, and where it is asked what; over gRPC where there is no path."""

    name: str
    command: Sequence[str]
    folder: Path
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
        mlserver = _environment(folder / "mlserver", MLSERVER)
        mlflow = _environment(folder / "mlflow", MLFLOW)
        exporter = _environment(folder / "exporter", PACKAGES)
        for model in wanted:
            contenders = _contenders(folder / model, model, mlserver, mlflow, exporter)
            found = {each.name: _measure(each, wrk, ghz, folder) for each in contenders if each.path or ghz}
            missed += _report(model, found)
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
    _write_mlserver(folder / "mlserver", model, folder / "model.joblib")
    _write_mlflow(folder / "mlflow", folder / "model.joblib", mlflow)
    as_onnx = with_onnx(HERE, folder, model, folder / "model.joblib", exporter)
    (folder / "constant.py").write_text(CONSTANT)
    serve = _serve(f"{model}@production")
    log = ("--log", str(folder / "log"))
    shadow = ("--shadow", f"{model}@staging")
    answers = (str(mlflow / "mlflow"), "models", "serve", "-m", str(folder / "mlflow"), "-p", str(PORT))
    infer, rows = f"/v2/models/{model}/infer", f"/models/{model}/predict"
    other = (str(mlserver / "mlserver"), "start", ".")
    return [
        Contender("mintmark", serve, HERE, "/ready", infer, tensor),
        Contender("  two processes", (*serve, "--workers", "2"), HERE, "/ready", infer, tensor),
        Contender("  ONNX", serve, as_onnx, "/ready", infer, tensor),
        Contender("  ONNX, two processes", (*serve, "--workers", "2"), as_onnx, "/ready", infer, tensor),
        Contender("  with a log", (*serve, *log), HERE, "/ready", infer, tensor),
        Contender("  with a shadow", (*serve, *shadow), HERE, "/ready", infer, tensor),
        Contender("  rows by name", serve, HERE, "/ready", rows, {"rows": row.to_dict("records")}),
        Contender("  MLflow's protocol", serve, HERE, "/ready", "/invocations", split),
        Contender("MLServer", other, folder / "mlserver", "/v2/health/ready", infer, tensor),
        Contender("mlflow models serve", (*answers, "--env-manager", "local"), folder, "/ping", "/invocations", split),
        Contender("a constant answer", (sys.executable, "constant.py", str(PORT)), folder, "/ready", infer, tensor),
        Contender("mintmark, gRPC", serve, HERE, "/ready", "", message),
        Contender("  two processes, gRPC", (*serve, "--workers", "2"), HERE, "/ready", "", message),
        Contender("MLServer, gRPC", other, folder / "mlserver", "/v2/health/ready", "", shares),
    ]


def _serve(*arguments: str) -> tuple[str, ...]:
    ports = ("--port", str(PORT), "--grpc-port", str(GRPC_PORT))
    return (sys.executable, "-m", "mintmark.cli", "serve", *arguments, *ports)


def _write_mlserver(folder: Path, model: str, artifact: Path) -> None:
    folder.mkdir()
    implementation = "mlserver_sklearn.SKLearnModel"
    about = {"name": model, "implementation": implementation, "parameters": {"uri": str(artifact)}}
    (folder / "model-settings.json").write_text(json.dumps(about))
    ports = {"http_port": PORT, "grpc_port": GRPC_PORT, "metrics_port": PORT + 2, "debug": False}
    (folder / "settings.json").write_text(json.dumps(ports))


def _write_mlflow(folder: Path, artifact: Path, programs: Path) -> None:
    code = (
        "import joblib, mlflow.sklearn, sys\n"
        "mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format='cloudpickle')\n"
    )
    subprocess.run((programs / "python", "-c", code, artifact, folder), check=True, capture_output=True)


# -- one server ------------------------------------------------------------------------------------------------------


def _measure(contender: Contender, wrk: str, ghz: str, folder: Path) -> Measured:
    with _running(contender) as (process, ready):
        ask = _client(contender, wrk, ghz, folder)
        ask(4, 2)  # what the first requests take is nobody's speed
        memory = _memory(process.pid)
        loaded, lonely = ask(CONNECTIONS, SECONDS), ask(1, 4)
        memory = max(memory, _memory(process.pid))
    return Measured(loaded.rate, loaded.slowest, lonely.usual, memory, ready)


def _client(contender: Contender, wrk: str, ghz: str, folder: Path) -> Client:
    if contender.path:
        return over_rest(wrk, folder, f"http://127.0.0.1:{PORT}{contender.path}", contender.body)
    return over_grpc(ghz, folder, PROTO, GRPC_PORT, contender.body)


@contextmanager
def _running(contender: Contender) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    end = time.monotonic() + 10  # until the processes of the one before are gone
    while taken := [port for port in (PORT, GRPC_PORT) if _listens(port)]:
        if time.monotonic() > end:
            raise SystemExit(f"something listens on port {taken[0]}; stop it, or it is what would be measured")
        time.sleep(0.1)
    programs = str(Path(contender.command[0]).parent)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    begin = time.monotonic()
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            contender.command, cwd=contender.folder, env=environment, stdout=words, stderr=words, start_new_session=True
        )
        try:
            while not _answers(contender.ready):
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


def _answers(path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as answer:
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
    serve = _serve(f"{model}@production", "--registry", str(remote), "--every", f"{POLL:g}s")
    took = []
    with _running(Contender("mintmark", serve, folder, "/ready", "", None)):
        for place in range(DEPLOYMENTS):
            number = numbers[place % 2]
            channel.write_text(f"version: {number}\n")
            _git(clone, "commit", "--quiet", "--all", "-m", f"Deploy {number}")
            time.sleep(0.7 * place)  # the look at the remote is not always as far away
            _git(clone, "push", "--quiet")
            begin = time.monotonic()
            while _served() != number:
                time.sleep(0.02)
            took.append(time.monotonic() - begin)
    return took


def _git(folder: Path, *arguments: str) -> None:
    person = ("-c", "user.name=Bench", "-c", "user.email=bench@mintmark.example")
    subprocess.run(("git", "-C", str(folder), *person, *arguments), check=True, capture_output=True)


def _served() -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/status", timeout=30) as answer:
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
    fastest = max(ours.rate, both.rate)
    onnx = max(found["  ONNX"].rate, found["  ONNX, two processes"].rate)
    logged, shadowed = found["  with a log"], found["  with a shadow"]
    floors = {
        "ten times the requests of MLServer": (fastest / theirs.rate, 10),
        "twenty times with ONNX": (onnx / theirs.rate, 20),
        "a fifth of its p99": (theirs.slowest / ours.slowest, 5),
        "no more memory": (theirs.memory / max(ours.memory, both.memory), 1),
        "a lonely request is not slower": (theirs.lonely / ours.lonely, 1),
        "ready within 3 s": (3 / ours.ready, 1),
        "the log costs a fifth at most": (logged.rate / ours.rate, 0.8),
        "a shadow costs 15% at most": (shadowed.rate / ours.rate, 0.85),
    }
    if "MLServer, gRPC" in found:
        calls = max(found["mintmark, gRPC"].rate, found["  two processes, gRPC"].rate)
        floors["three times its calls over gRPC"] = (calls / found["MLServer, gRPC"].rate, 3)
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
