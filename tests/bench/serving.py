"""Measure `mintmark serve` beside MLServer and MLflow: the same fitted models, one row a request, 16 connections.

Each server runs alone, in an environment of its own, and wrk asks it. What the others need is installed into a
temporary folder. Run it by `make bench-serve`, on a machine with nothing else to do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE / "scripts"))

sys.path.insert(0, str(HERE))

from tests.bench.onnx_version import PACKAGES, with_onnx  # noqa: E402

import mintmark  # noqa: E402

MODELS = ("breast-cancer", "digits")
CONNECTIONS, SECONDS = 16, 8
PORT = 18080
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
SCRIPT = """
wrk.method = "POST"
wrk.body = io.open(os.getenv("BODY"), "rb"):read("*a")
wrk.headers["Content-Type"] = "application/json"
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
    """A server: how it is started, where it is asked and what it is sent."""

    name: str
    command: Sequence[str]
    folder: Path
    ready: str
    path: str
    body: Any


def main() -> int:
    """Print the table with its floors; 1 where one is missed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is not installed; apt-get install wrk", file=sys.stderr)
        return 2
    wanted = sys.argv[1:] or list(MODELS)
    missed = 0
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        mlserver = _environment(folder / "mlserver", MLSERVER)
        mlflow = _environment(folder / "mlflow", MLFLOW)
        exporter = _environment(folder / "exporter", PACKAGES)
        (folder / "post.lua").write_text(SCRIPT)
        for model in wanted:
            contenders = _contenders(folder / model, model, mlserver, mlflow, exporter)
            found = {each.name: _measure(each, wrk, folder) for each in contenders}
            missed += _report(model, found)
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
    tensor = {"name": "x", "shape": [1, len(columns)], "datatype": "FP64", "data": values[0]}
    split = {"dataframe_split": {"columns": columns, "data": values}}
    _write_mlserver(folder / "mlserver", model, folder / "model.joblib")
    _write_mlflow(folder / "mlflow", folder / "model.joblib", mlflow)
    as_onnx = with_onnx(HERE, folder, model, folder / "model.joblib", exporter)
    (folder / "constant.py").write_text(CONSTANT)
    serve = (
        sys.executable,
        "-m",
        "mintmark.cli",
        "serve",
        f"{model}@production",
        "--port",
        str(PORT),
        "--grpc-port",
        "off",
    )
    served = (
        str(mlflow / "mlflow"),
        "models",
        "serve",
        "-m",
        str(folder / "mlflow"),
        "-p",
        str(PORT),
        "--env-manager",
        "local",
    )
    infer = f"/v2/models/{model}/infer"
    return [
        Contender("mintmark (v2)", serve, HERE, "/ready", infer, {"inputs": [tensor]}),
        Contender("mintmark (v2, ONNX)", serve, as_onnx, "/ready", infer, {"inputs": [tensor]}),
        Contender("mintmark (rows)", serve, HERE, "/ready", f"/models/{model}/predict", {"rows": row.to_dict("records")}),
        Contender("mintmark (MLflow)", serve, HERE, "/ready", "/invocations", split),
        Contender("MLServer (v2)", (str(mlserver / "mlserver"), "start", "."), folder / "mlserver", "/v2/health/ready", infer, {"inputs": [tensor]}),
        Contender("mlflow models serve", served, folder, "/ping", "/invocations", split),
        Contender("a constant answer", (sys.executable, "constant.py", str(PORT)), folder, "/ready", infer, {"inputs": [tensor]}),
    ]  # fmt: skip


def _write_mlserver(folder: Path, model: str, artifact: Path) -> None:
    folder.mkdir()
    implementation = "mlserver_sklearn.SKLearnModel"
    about = {"name": model, "implementation": implementation, "parameters": {"uri": str(artifact)}}
    (folder / "model-settings.json").write_text(json.dumps(about))
    ports = {"http_port": PORT, "grpc_port": PORT + 1, "metrics_port": PORT + 2, "debug": False}
    (folder / "settings.json").write_text(json.dumps(ports))


def _write_mlflow(folder: Path, artifact: Path, programs: Path) -> None:
    code = (
        "import joblib, mlflow.sklearn, sys\n"
        "mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format='cloudpickle')\n"
    )
    subprocess.run((programs / "python", "-c", code, artifact, folder), check=True, capture_output=True)


# -- one server ------------------------------------------------------------------------------------------------------


def _measure(contender: Contender, wrk: str, folder: Path) -> Measured:
    body = folder / "body.json"
    body.write_text(json.dumps(contender.body))
    with _running(contender) as (process, ready):
        ask = _asking(wrk, folder, contender.path, body)
        ask(4, 2)  # what the first requests take is nobody's speed
        memory = _memory(process.pid)
        rate, slowest, _ = ask(CONNECTIONS, SECONDS)
        _, _, lonely = ask(1, 4)
        memory = max(memory, _memory(process.pid))
    return Measured(rate, slowest, lonely, memory, ready)


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
            while not _answers(contender.ready):
                if process.poll() is not None or time.monotonic() - begin > 120:
                    words.seek(0)
                    raise SystemExit(f"{contender.name} does not start:\n{words.read().decode()[-2000:]}")
                time.sleep(0.05)
            yield process, time.monotonic() - begin
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _asking(wrk: str, folder: Path, path: str, body: Path) -> Callable[[int, int], tuple[float, float, float]]:
    def ask(connections: int, seconds: int) -> tuple[float, float, float]:
        """Return requests a second, and the 99th percentile and the median of their times."""
        command = (
            wrk,
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--latency",
            "--timeout",
            "30s",
            "-s",
            str(folder / "post.lua"),
        )
        done = subprocess.run(
            (*command, f"http://127.0.0.1:{PORT}{path}"), env={**os.environ, "BODY": str(body)}, capture_output=True, text=True, check=True
        )  # fmt: skip
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise SystemExit(f"{path} answered with errors:\n{done.stdout}")
        rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        assert rate is not None, done.stdout
        return float(rate[1]), _percentile(done.stdout, 99), _percentile(done.stdout, 50)

    return ask


def _percentile(text: str, wanted: int) -> float:
    found = re.search(rf"\b{wanted}%\s+([\d.]+)(us|ms|s)", text)
    assert found is not None, text
    return float(found[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[found[2]]


def _memory(pid: int) -> float:
    """Return the resident memory of a process and all below it, in bytes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    own = re.search(r"VmRSS:\s+(\d+)", status)
    return (int(own[1]) * 1024 if own else 0) + sum(_memory(int(child)) for child in children)


# -- what is said of it ----------------------------------------------------------------------------------------------


def _report(model: str, found: dict[str, Measured]) -> int:
    """Print a table of one model, and return how many floors are missed."""
    print(f"\n{model}: one row a request")
    print(f"{'':22}{'requests/s':>11}{'p99':>10}{'one alone':>11}{'memory':>9}{'ready':>8}")
    for name, each in found.items():
        times = f"{each.slowest * 1e3:8.1f}ms{each.lonely * 1e3:9.1f}ms"
        print(f"{name:22}{each.rate:11,.0f}{times}{each.memory / 1e6:7.0f}MB{each.ready:7.1f}s")
    ours, theirs = found["mintmark (v2)"], found["MLServer (v2)"]
    floors = {
        "ten times the requests of MLServer": ours.rate / theirs.rate >= 10,
        "twenty times with ONNX": found["mintmark (v2, ONNX)"].rate / theirs.rate >= 20,
        "a fifth of its p99": ours.slowest <= theirs.slowest / 5,
        "no more memory": ours.memory <= theirs.memory,
        "a lonely request is not slower": ours.lonely <= theirs.lonely,
        "ready within 3 s": ours.ready <= 3,
    }
    times = ", ".join(
        f"{found[name].rate / theirs.rate:.1f} ({name})" for name in ("mintmark (v2)", "mintmark (v2, ONNX)")
    )
    print(f"  times the requests of MLServer: {times}")
    for words, holds in floors.items():
        print(f"  {'yes' if holds else 'NO ':4}{words}")
    return sum(not holds for holds in floors.values())


if __name__ == "__main__":
    sys.exit(main())
