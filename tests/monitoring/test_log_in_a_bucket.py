"""A log in S3: written by the journal, read by monitor, on a server that speaks its protocol (moto)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.monitoring.real_logs import MODEL
from tests.scaffold.mlflow_environment import install
from tests.scaffold.npm_packages import cache_folder
from tests.serving.log.of_repository import ROOT

from mintmark.cli import main

PACKAGES = ("moto[server]==5.2.5", "s3fs==2026.9.0")
SINCE, UNTIL = "2026-03-04", "2026-03-06"


@pytest.fixture(scope="module")
def programs() -> Path:
    """An environment with a client and a server of S3, which Mintmark's own does not have."""
    folder = cache_folder() / "s3" / "-".join(PACKAGES).replace("[server]", "")
    if not (folder / "bin/moto_server").exists():
        install(folder, *PACKAGES, f"{ROOT}[registry,serve,monitor]")
    install(folder, "--no-deps", f"{ROOT}")  # another checkout may have been there before
    return folder / "bin"


@pytest.fixture
def bucket(programs: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables with which S3's clients find a server of this test, which has one bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "server.log").open("w") as words:
        server = subprocess.Popen((programs / "moto_server", "-p", str(port)), stdout=words, stderr=words)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                request = urllib.request.Request(f"{address}/acme", method="PUT")
                urllib.request.urlopen(request, timeout=10).close()
                break
            except OSError:
                assert server.poll() is None, (tmp_path / "server.log").read_text()
                assert time.monotonic() < until, (tmp_path / "server.log").read_text()
                time.sleep(0.1)
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "ada",
            "AWS_SECRET_ACCESS_KEY": "lovelace",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.kill()
        server.wait()


def run(programs: Path, environment: dict[str, str], *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (programs / command[0], *command[1:]), env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )


def watched(programs: Path, environment: dict[str, str], where: str) -> dict[str, Any]:
    """What monitor says of a log and its labels below an address."""
    days = ("--since", SINCE, "--until", UNTIL)
    given = ("--log", f"{where}/log", "--labels", f"{where}/labels/march.csv", *days, "--json")
    done = run(programs, environment, "mintmark", "-C", str(ROOT), "monitor", MODEL, *given)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    for document in found["documents"]:
        assert document["labels"].pop("changed").startswith("20")  # when the file was written, which was twice
    return found


@pytest.mark.long
def test_a_log_in_s3_says_what_the_same_log_in_a_folder_says(
    programs: Path, bucket: dict[str, str], tmp_path: Path
) -> None:
    writer = Path(__file__).with_name("write_bucket_log.py")
    for where in ("s3://acme/watched", str(tmp_path)):
        done = run(programs, bucket, "python", writer, f"{where}/log", f"{where}/labels/march.csv")
        assert done.returncode == 0, done.stderr[-3000:]
    there, here = (watched(programs, bucket, where) for where in ("s3://acme/watched", str(tmp_path)))
    assert there == here
    first, second = there["documents"]
    assert (first["traffic"]["read"], first["labels"]["coverage"], second["traffic"]["read"]) == (199, 1.0, 199)
    assert there["faults"] == []
    empty = run(programs, bucket, "mintmark", "-C", str(ROOT), "monitor", "--log", "s3://acme/nothing")
    assert (empty.returncode, empty.stderr) == (1, "mintmark: s3://acme/nothing: there is no prediction log\n")


def test_without_the_library_of_a_bucket_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(ROOT), "monitor", "--log", "s3://acme/log"]) == 1
    assert capsys.readouterr().err == "mintmark: s3://acme/log: cannot be opened: Install s3fs to access S3\n"
