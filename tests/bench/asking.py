"""Ask a server with a client that is quicker than it, by wrk over REST and by ghz over gRPC."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_SCRIPT = """
wrk.method = "POST"
wrk.body = io.open(os.getenv("BODY"), "rb"):read("*a")
wrk.headers["Content-Type"] = "application/json"
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """Requests a second; the 99th percentile and the median of their times, in seconds."""

    rate: float
    slowest: float
    usual: float


class Client(Protocol):
    """Asks one thing over and over, by so many connections for so many seconds."""

    def __call__(self, connections: int, seconds: int) -> Speed: ...


def over_rest(wrk: str, folder: Path, url: str, body: Any) -> Client:
    """Return a client that posts `body` as JSON; `folder` is for its files."""
    script, given = folder / "post.lua", folder / "body.json"
    script.write_text(_SCRIPT)
    given.write_text(json.dumps(body))

    def ask(connections: int, seconds: int) -> Speed:
        options = (f"-c{connections}", f"-d{seconds}s", "-t1", "--latency", "--timeout", "30s", "-s", str(script))
        environment = {**os.environ, "BODY": str(given)}
        done = subprocess.run((wrk, *options, url), env=environment, capture_output=True, text=True, check=True)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise SystemExit(f"{url} answered with errors:\n{done.stdout}")
        rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        assert rate is not None, done.stdout
        return Speed(float(rate[1]), _percentile(done.stdout, 99), _percentile(done.stdout, 50))

    return ask


def _percentile(text: str, wanted: int) -> float:
    found = re.search(rf"\b{wanted}%\s+([\d.]+)(us|ms|s)", text)
    assert found is not None, text
    return float(found[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[found[2]]


def over_grpc(ghz: str, folder: Path, proto: Path, port: int, message: Any) -> Client:
    """Return a client that calls ModelInfer with `message`, on one core as wrk does; `folder` is for its files."""
    given = folder / "message.json"
    given.write_text(json.dumps(message))

    def ask(connections: int, seconds: int) -> Speed:
        options = ("-c", str(connections), "--connections", str(connections), "-z", f"{seconds}s", "--cpus", "1")
        call = ("--proto", str(proto), "--call", "inference.GRPCInferenceService/ModelInfer", "-D", str(given))
        command = (ghz, "--insecure", *call, *options, "--duration-stop", "wait", "-O", "json", f"127.0.0.1:{port}")
        done = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        if done["statusCodeDistribution"].keys() != {"OK"}:
            raise SystemExit(f"port {port} answered with errors:\n{done['errorDistribution']}")
        times = {each["percentage"]: each["latency"] / 1e9 for each in done["latencyDistribution"]}
        return Speed(done["rps"], times[99], times[50])

    return ask
