"""What clients of KServe, MLServer and MLflow send is understood, and they understand what is answered."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.serving.log.of_repository import ROOT, evaluation_rows
from tests.serving.running import Server, ask_app, serving
from tests.serving.served import Shares, app_of, version_of

PACKAGES = {
    "kserve": ("kserve==0.21.*",),
    "mlserver": ("mlserver==1.7.1", "pandas"),
    "mlflow": ("mlflow==3.*",),
}
CACHE = Path.home() / ".cache/mintmark-tests/clients"


def environment(kind: str) -> Path:
    """Return the Python of an environment with a client whose pins clash with ours; it is made once."""
    folder = CACHE / kind
    python = folder / "bin/python"
    if not (folder / "made").exists():
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        if uv is None:
            pytest.skip("uv, which makes an environment for this client, is not here")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run((uv, "venv", "--quiet", "--python", sys.executable, folder), check=True)
        subprocess.run((uv, "pip", "install", "--quiet", "--python", python, *PACKAGES[kind]), check=True)
        (folder / "made").touch()
    return python


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(ROOT, tmp_path / "logs", "breast-cancer@production") as served:
        yield served


@pytest.mark.long
@pytest.mark.parametrize("kind", PACKAGES)
def test_a_client_of_somebody_else_works_unchanged(kind: str, server: Server) -> None:
    columns = list(server.ask("/models/breast-cancer").json["inputs"])
    row = evaluation_rows()[columns].iloc[0].to_dict()
    wanted = server.ask("/models/breast-cancer/predict", {"rows": [row]}).json["predictions"][0]
    shares = list(wanted["probabilities"].values())
    script = Path(__file__).parent / "foreign_client.py"
    command = (environment(kind), script, kind, server.url, str(server.grpc_port), json.dumps(row))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) == (1 if kind == "mlflow" else 4)
    for way, answer in found.items():
        if kind == "mlflow":
            assert answer == [wanted["prediction"]]
            continue
        assert answer[0] == [wanted["prediction"]], way
        assert answer[1] == [pytest.approx(shares, abs=1e-12)], way


AGE = {"name": "age", "shape": [1], "datatype": "INT64", "data": [7]}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"model_name": "people", "model_version": None}, None),  # KServe's client
        ({"model_name": "people", "model_version": "1.0.0"}, None),
        ({"id": None, "parameters": None, "outputs": None}, None),  # MLServer's types
        ({"model_version": "2.0.0"}, 'model_version is "2.0.0", and people@1.0.0 answers'),
        ({"model_name": 7}, '"model_name" is not known'),
        ({"model_nam": "people"}, '"model_nam" is not known'),
    ],
    ids=repr,
)
def test_what_clients_add_to_a_request(
    changed: dict[str, Any], fault: str | None, executor: ThreadPoolExecutor
) -> None:
    app = app_of(version_of(Shares(), {"age": "int64"}, executor, classes=("even", "odd")))
    told = ask_app(app, "/v2/models/people/infer", {"inputs": [AGE], **changed})
    if fault is None:
        assert (told.code, told.json["outputs"][0]["data"]) == (200, ["odd"])
    else:
        assert told.code == 400
        assert fault in told.json["error"]
