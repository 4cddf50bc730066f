"""The plugin in real MLflow: the oldest that works and the newest, its server, its pages, and `mlflow models serve`."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from sklearn.linear_model import LogisticRegression
from tests.beginning.importing.test_measured import SAID, tagged
from tests.registry.site_fixture import free_port
from tests.scaffold.brought import INPUTS, begin_empty, logistic_graph, rows
from tests.scaffold.mlflow_environment import NEWEST, OLDEST, mlflow_process, mlflow_programs, run_client
from tests.scaffold.registry import Scratch

from mintmark.artifacts.skops.format import dump_canonical
from mintmark.cli import main

ROOT = Path(__file__).parents[4]
CLIENT = Path(__file__).with_name("client.py")
PULL_REQUEST = "PERMISSION_DENIED: MLflow reads this Mintmark registry and does not write to it: open a pull request"


@pytest.mark.slow
@pytest.mark.parametrize("version", [NEWEST])
def test_a_client_reads_models_versions_and_aliases(scratch: Scratch, tmp_path: Path, version: str) -> None:
    programs = mlflow_programs(version, make=False)
    scratch.yank("iris", "1.0.0")
    scratch.write("models/iris/versions/1.2.0/version.yaml", "schema: [\n")
    scratch.write("models/wine/model.yaml", "name: [\n")
    scratch.commit("Break two files")
    told = run_client(programs, CLIENT, tmp_path, f"mintmark://{scratch.root}", "", "")
    assert told["models"]["iris"] == {
        "v1.0.0": "1", "v1.1.0": "2", "production": "2", "v1.2.0": "3", "staging": "3", "latest": "3",
    }  # fmt: skip
    assert told["latest"] == {"iris": ["3"], "wine": ["1"]}
    assert "models/wine/model.yaml:" in told["descriptions"]["wine"]
    broken, champion, yanked = told["versions"]["iris"]
    assert (broken["status"], champion["status"], champion["stage"]) == ("FAILED_REGISTRATION", "READY", "Production")
    assert "models/iris/versions/1.2.0/version.yaml:" in broken["message"]
    assert champion["tags"]["mintmark.reference"] == "iris@1.1.0"
    assert "@" not in champion["user"]
    assert "Trained on leaked labels" in yanked["description"]
    assert told["ordered"][0] == "iris 3"
    assert [found["number"] for found in told["by tag"]] == ["2"]
    assert told["page"] == ["iris"]
    refused = told["refused"]
    assert (
        refused["register"]
        == f"{PULL_REQUEST} (git switch -c add-another, then mintmark add another --data FILE --target COLUMN)"
    )
    assert refused["version"].endswith("(mintmark propose iris --open)")
    assert refused["alias"].endswith("(mintmark promote iris@1.0.0 production --open)")
    assert refused["delete"].startswith(PULL_REQUEST)
    assert refused["no model"].startswith('RESOURCE_DOES_NOT_EXIST: there is no model "nobody"; there are iris, wine')
    assert refused["no version"] == "RESOURCE_DOES_NOT_EXIST: iris has no version 99"
    assert refused["no alias"].startswith('RESOURCE_DOES_NOT_EXIST: iris has no alias "nowhere"; there are')


@pytest.mark.long
@pytest.mark.parametrize("version", [OLDEST, "3.0.0", NEWEST])
def test_mlflow_loads_what_mintmark_loads(tmp_path: Path, version: str) -> None:
    programs = mlflow_programs(version, make=True)
    head = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    told = run_client(programs, CLIENT, tmp_path, f"mintmark://{ROOT}?at={head}", str(ROOT), head)
    assert told["mlflow"] == version
    assert {name: found["same"] for name, found in told["loaded"].items()} == dict.fromkeys(told["loaded"], True)
    assert told["loaded"]["breast-cancer@v1.0.0"]["reference"] == "breast-cancer@1.0.0"
    assert min(found["rows"] for found in told["loaded"].values()) > 100


@pytest.mark.long
@pytest.mark.usefixtures("warm_programs")
def test_mlflow_loads_what_was_imported_and_what_was_registered(tmp_path: Path) -> None:
    """Of an imported version nobody may say the columns: rows go to it as they are."""
    programs, registry = mlflow_programs(NEWEST, make=True), begin_empty(tmp_path / "registry")
    table = rows(2)
    estimator = LogisticRegression().fit(table[INPUTS], table["kind"])
    files = {"a.onnx": logistic_graph(), "b.skops": dump_canonical(estimator)}
    place, at = tagged(tmp_path / "old", files, {"prod": 1, "staging": 2}), ("-C", str(registry.root))
    rows(1).to_csv(tmp_path / "rows.csv", index=False)
    rows(1)[INPUTS].to_csv(tmp_path / "inputs.csv", index=False)
    told = ("--task", "binary-classification", "--target", "kind", *SAID, "--commit")
    assert main([*at, "import", "gto", str(place), "trees", "--as", "said", *told]) == 0
    registry.git("switch", "-q", "main")
    registry.git("merge", "-q", "--ff-only", "import/said")
    measured = ("--data", str(tmp_path / "rows.csv"), *told, "--channel", "prod=production")
    assert main([*at, "import", "gto", str(place), "trees", "--as", "measured", *measured]) == 0
    registry.git("switch", "-q", "main")
    registry.git("merge", "-q", "--ff-only", "import/measured")
    references = ["said/1", "said@v2.0.0", "measured@production", "measured/2", "measured@v1.0.0", "measured/Staging"]
    place_and_rows = (str(registry.root), str(tmp_path / "inputs.csv"))
    found = run_client(programs, CLIENT.with_name("brought.py"), tmp_path, *place_and_rows, *references)
    expected = {"1": found["said/1"][1], "2": estimator.predict(rows(1)[INPUTS]).tolist()}
    for reference, (theirs, ours) in found.items():
        number = "2" if reference in ("said@v2.0.0", "measured/2", "measured/Staging") else "1"
        assert theirs == ours == expected[number], reference


@pytest.mark.long
def test_mlflows_server_and_pages_show_the_registry(scratch: Scratch, tmp_path: Path) -> None:
    programs, port = mlflow_programs(NEWEST, make=True), free_port()
    address = (
        "--registry-store-uri",
        f"mintmark://{scratch.root}",
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/t.db",
    )
    server = (programs / "mlflow", "server", *address, "--port", str(port), "--workers", "1")
    with mlflow_process(tmp_path, f"http://localhost:{port}/health", *server):
        told = run_client(programs, CLIENT, tmp_path, f"http://localhost:{port}", "", "")
        assert told["models"]["iris"]["production"] == "2"
        assert told["refused"]["alias"].startswith("PERMISSION_DENIED")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
            page = browser.new_page()
            page.goto(f"http://localhost:{port}/#/models/iris/versions/2")
            page.get_by_text("production").first.wait_for()
            assert "v1.1.0" in page.inner_text("body")
            browser.close()


@pytest.mark.long
def test_mlflow_serves_a_version(tmp_path: Path) -> None:
    programs, port = mlflow_programs(NEWEST, make=True), free_port()
    head = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    model = ("-m", "models:/breast-cancer@production", "--env-manager", "local", "--port", str(port))
    path = f"{programs}:/usr/bin:/bin"
    command = (
        "env",
        f"MLFLOW_REGISTRY_URI=mintmark://{ROOT}?at={head}",
        f"PATH={path}",
        programs / "mlflow",
        "models",
        "serve",
    )
    with mlflow_process(tmp_path, f"http://localhost:{port}/ping", *command, *model):
        row = dict.fromkeys(_inputs(), 1.0)
        answer = _ask(port, {"dataframe_records": [row]})
        assert answer["predictions"][0] in ("benign", "malignant")
        assert "mean radius" in str(
            _ask(port, {"dataframe_records": [{k: v for k, v in row.items() if k != "mean radius"}]})
        )


def _inputs() -> list[str]:
    from mintmark.registry.clone import ClonedRegistry

    return list(ClonedRegistry(ROOT, at="HEAD").resolve("breast-cancer@production").signature.inputs)


def _ask(port: int, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"http://localhost:{port}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        return json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        return json.load(error)
