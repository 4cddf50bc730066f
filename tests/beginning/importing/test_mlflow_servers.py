"""`mintmark import mlflow` from real servers: the oldest that is supported, the first of the third series, the newest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from sklearn import __version__ as ours
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.registry.site_fixture import free_port
from tests.scaffold.mlflow_environment import NEWEST, OLDEST, mlflow_process, mlflow_programs, run_client
from tests.scaffold.pipeline import requirements
from tests.scaffold.registry import Scratch

from mintmark.cli import main
from mintmark.registry.clone import ClonedRegistry

LOG_MODELS = Path(__file__).with_name("log_models.py")


@contextmanager
def server(programs: Path, folder: Path) -> Iterator[str]:
    """An MLflow server with a data base and its own folder of artifacts."""
    store = f"sqlite:///{folder}/mlflow.db"
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = (programs / "mlflow", "server", "--backend-store-uri", store,
               "--artifacts-destination", f"{folder}/artifacts", "--port", str(port), "--workers", "1")  # fmt: skip
    with mlflow_process(folder, f"{address}/health", *command):
        yield address


@pytest.mark.long
@pytest.mark.parametrize("version", [OLDEST, "3.0.0", NEWEST])
def test_models_come_from_a_server(
    version: str, scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from skl2onnx import to_onnx

    programs = mlflow_programs(version, make=True)
    exported = tmp_path / "exported.onnx"
    rows = pd.DataFrame({"width": [-1.0, 1.0, 2.0], "length": [0.5, 0.1, 0.2]})
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, [0, 1, 1])
    exported.write_bytes(to_onnx(model, rows.astype("float32"), options={"zipmap": False}).SerializeToString())
    scratch.write("requirements.lock", requirements("onnx", "onnxruntime"))
    scratch.commit("Pin what is installed")
    with server(programs, tmp_path) as address:
        told = run_client(programs, LOG_MODELS, tmp_path, address, str(exported), MLFLOW_TRACKING_URI=address)
        asked = ("--task", "binary-classification", "--target", "left", "--as", "churn")
        assert main(["-C", str(scratch.root), "import", "mlflow", address, "Churn model", *asked, "--commit"]) == 1
        said = capsys.readouterr().out
        named = ("--channel", "challenger=staging", "--owner", "@ada", "--licence", "MIT")
        measured = ("--data", str(tmp_path / "rows.csv"), *asked[:-1], "measured", *named)
        scratch.git("switch", "-q", "main")
        assert main(["-C", str(scratch.root), "import", "mlflow", address, "Churn model", *measured, "--commit"]) == 1
        told_then = capsys.readouterr().out
        scratch.git("switch", "-q", "main")
        run = ("--run", told["runs"][1], *asked[:-1], "logged")
        assert main(["-C", str(scratch.root), "import", "mlflow", address, *run, "--commit"]) == 0
        assert ClonedRegistry(scratch.root).record("logged", "1.0.0").format == "onnx"
        scratch.git("switch", "-q", "import/churn")
    assert told["mlflow"] == version
    assert "3 -> 3.0.0" in said
    assert "cannot come: the flavour python_function has no form here" in said
    assert "production -> churn@1.0.0: enters no channel" in said
    assert "its run is deleted, and still told" in said
    registry = ClonedRegistry(scratch.root)
    came = [str(number) for number in registry.versions("churn")]
    assert came == (["1.0.0", "2.0.0", "4.0.0"] if told["sklearn"] == ours else ["2.0.0"]), said
    record = registry.record("churn", "2.0.0")
    assert (record.format, record.metrics["roc_auc"].value) == ("onnx", 0.93)
    imported = record.document["extra"]["imported"]
    assert (imported["run_id"], imported["run"]["params"]) == (told["runs"][1], {"C": "0.5", "scaler": "standard"})
    assert main(["-C", str(scratch.root), "validate", "--base", "main", "--steps"]) == 0
    _look_at_what_was_measured(scratch, told_then, converts=told["sklearn"] == ours)


def _look_at_what_was_measured(scratch: Scratch, told: str, *, converts: bool) -> None:
    scratch.git("switch", "-q", "import/measured")
    assert main(["-C", str(scratch.root), "validate", "--base", "main", "--steps"]) == 0
    registry = ClonedRegistry(scratch.root)
    came = [str(number) for number in registry.versions("measured")]
    assert came == (["1.0.0", "2.0.0", "4.0.0"] if converts else ["2.0.0"]), told
    channels = {"staging": "2.0.0", **({"production": "1.0.0"} if converts else {})}
    assert registry.channels("measured") == channels, told
    assert converts or "production is not followed: version 1 did not come" in told
    record = registry.record("measured", "2.0.0")
    assert record.metrics["roc_auc"].low is not None
    assert record.document["extra"]["imported"]["run"]["metrics"] == {"roc_auc": 0.93, "val_loss": 0.2}
