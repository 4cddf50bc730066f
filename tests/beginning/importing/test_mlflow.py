"""`mintmark import mlflow` without evaluation rows: what comes, what is said of it, and what cannot come."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LogisticRegression
from tests.beginning.importing.mlflow_double import MlflowDouble, mlmodel, run, serving
from tests.scaffold.registry import Scratch

from mintmark.cli import main
from mintmark.registry.clone import ClonedRegistry

ASKED = ("--task", "binary-classification", "--target", "left")
SKOPS = mlmodel("sklearn", pickled_model="model.skops", sklearn_version="1.6.0", serialization_format="skops")
PICKLE = mlmodel("sklearn", pickled_model="model.pkl", sklearn_version="1.6.0", serialization_format="cloudpickle")


@pytest.fixture
def server(scratch: Scratch) -> Iterator[MlflowDouble]:
    double = MlflowDouble(aliases={"champion": "2", "production": "1"})
    double.add("1", SKOPS, {"model.skops": scratch.artifact, "requirements.txt": b"scikit-learn==1.6.0\nskops\n"})
    double.add("2", SKOPS, {"model.skops": scratch.artifact}, description="With fewer columns.", user_id="ada")
    double.runs["run-1"] = run("run-1")
    with serving(double):
        yield double


def bring(scratch: Scratch, server: MlflowDouble, *more: str) -> int:
    return main(["-C", str(scratch.root), "import", "mlflow", server.address, server.name, *more])


def test_the_plan_writes_nothing(scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str]) -> None:
    before = scratch.snapshot()
    assert bring(scratch, server, *ASKED) == 0
    assert capsys.readouterr().out == (
        f"Churn model in {server.address}: 2 versions, as churn-model here\n"
        '  models/churn-model/model.yaml is new: binary-classification of "left"\n'
        "  1 -> 1.0.0, of 2023-11-14T22:13:20Z: skops\n"
        "  2 -> 2.0.0, of 2023-11-14T22:13:20Z: skops\n"
        "      its run run-2 is gone, and its parameters and metrics with it\n"
        "  production -> churn-model@1.0.0: enters no channel, because nobody measured it here on rows\n"
        "  champion -> churn-model@2.0.0: enters no channel, because nobody measured it here on rows\n"
        "nothing is written; --commit brings 2 versions, a commit each, on the branch import/churn-model\n"
    )
    assert scratch.snapshot() == before


def test_each_version_is_a_commit_that_keeps_what_was_said(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring(scratch, server, *ASKED, "--as", "churn", "--commit") == 0
    assert scratch.subjects("main..import/churn") == [
        "propose churn 2.0.0", "propose churn 1.0.0", "describe churn"
    ]  # fmt: skip
    record = ClonedRegistry(scratch.root).record("churn", "1.0.0")
    assert record.metrics["roc_auc"].value == 0.91
    assert record.environment.packages == {"scikit-learn": "1.6.0"}
    told = record.document["extra"]["imported"]
    assert (told["from"], told["version"], told["run_id"], told["created"]) == (
        "mlflow", "1", "run-1", "2023-11-14T22:13:20Z"
    )  # fmt: skip
    assert told["run"]["params"] == {"C": "0.1"}
    assert told["run"]["metrics"] == {"lift": 3.0, "roc_auc": 0.91}
    assert told["run"]["datasets"][0]["digest"] == "ab12"
    assert "of 2023-11-14T22:13:20Z as it says" in record.summary
    assert ClonedRegistry(scratch.root).record("churn", "2.0.0").metrics == {}
    assert not scratch.path("models/churn/channels").exists()
    assert "Says who will leave." in scratch.read("models/churn/model.yaml")
    capsys.readouterr()
    assert main(["-C", str(scratch.root), "validate", "--base", "main", "--steps"]) == 0
    assert main(["-C", str(scratch.root), "verify", "churn"]) == 0
    assert main(["-C", str(scratch.root), "show", "churn@2.0.0"]) == 0
    assert main(["-C", str(scratch.root), "card", "churn@1.0.0"]) == 0
    assert "Said by mlflow; nobody measured it here." in capsys.readouterr().out
    assert main(["-C", str(scratch.root), "promote", "churn@1.0.0", "staging", "--here"]) == 1
    assert "nobody measured" in capsys.readouterr().err


@pytest.mark.slow
def test_a_review_asks_a_person_and_lets_it_enter_no_channel(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ("--owner", "@ada", "--licence", "MIT")
    assert bring(scratch, server, *ASKED, *told, "--only", "1", "--commit") == 0
    scratch.git("branch", "-f", "main", "HEAD~1")
    review = ("-C", str(scratch.root), "review", "--base", "main", "--head")
    assert main([*review, "HEAD"]) == 42
    said = capsys.readouterr().out
    assert "churn-model@1.0.0: its metrics are said by mlflow, and it has no rows to measure them on" in said
    scratch.set_channel("churn-model", "staging", "1.0.0")
    scratch.amend()
    assert main([*review, "HEAD"]) == 1
    assert "so it may not enter staging" in capsys.readouterr().out
    scratch.git("reset", "-q", "--hard", "HEAD~1")


def test_stopped_and_run_again_it_brings_the_rest(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring(scratch, server, *ASKED, "--only", "1", "--commit") == 0
    first = scratch.head
    scratch.git("switch", "-q", "main")
    assert bring(scratch, server, *ASKED, "--commit") == 1
    assert "git switch import/churn-model" in capsys.readouterr().err
    scratch.git("switch", "-q", "import/churn-model")
    server.add("3", SKOPS, {"model.skops": scratch.artifact})
    assert bring(scratch, server, "--commit") == 0
    assert "1 -> 1.0.0, of 2023-11-14T22:13:20Z: is here already\n" in capsys.readouterr().out
    assert scratch.subjects(f"{first}..") == ["propose churn-model 3.0.0", "propose churn-model 2.0.0"]
    assert bring(scratch, server, "--commit") == 0
    assert "nothing is written\n" in capsys.readouterr().out


def test_another_version_with_this_number_is_left_alone(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    before = scratch.head
    assert bring(scratch, server, "--as", "iris", "--only", "1", "--commit") == 1
    assert "cannot come: iris 1.0.0 is another version here; --as another name" in capsys.readouterr().out
    assert scratch.head == before


def test_what_cannot_come_is_named_with_the_reason_and_the_others_come(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    server.add("3", mlmodel("xgboost", data="model.xgb"))
    server.add("4", SKOPS)
    server.add("5", SKOPS, status="FAILED_REGISTRATION")
    server.add("6", PICKLE, {"model.pkl": b"\x80\x04."})
    server.add("7", json.dumps({"flavors": {"sklearn": {"pickled_model": "../../etc/passwd"}}}))
    server.add("8", SKOPS)
    del server.files["8", "MLmodel"]
    server.add("9", mlmodel("onnx", data="model.onnx"), {"model.onnx": scratch.artifact})
    server.add("10", json.dumps({"flavors": {"python_function": {"loader_module": "mine"}}}))
    assert bring(scratch, server, *ASKED, "--commit") == 1
    told = capsys.readouterr().out
    for sentence in (
        "3 -> 3.0.0, of 2023-11-14T22:13:20Z: cannot come: the flavour xgboost has no form here: docs/how-to/",
        "5.0.0, of 2023-11-14T22:13:20Z: cannot come: MLflow says FAILED_REGISTRATION of it",
        "cannot come: it is a pickle without an input example",
        "cannot come: the flavour sklearn in MLmodel names no file below it",
        "cannot come: its files are not there any more",
        "cannot come: the flavour python_function has no form here: it is code of its own",
        "4 did not come: model.skops is not there any more; log it again, or leave it out: --only",
        "9 did not come: model.onnx holds skops, and is said to be onnx; log the model again",
    ):
        assert sentence in told
    assert scratch.subjects("main..") == [
        "propose churn-model 2.0.0", "propose churn-model 1.0.0", "describe churn-model"
    ]  # fmt: skip
    assert not any("passwd" in path for path in server.asked)


@pytest.mark.long
def test_a_pickle_with_an_input_example_is_converted_in_a_process_apart(
    scratch: Scratch, server: MlflowDouble, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"width": random.normal(size=40), "length": random.normal(size=40)})
    model = LogisticRegression().fit(rows, (rows["width"] > 0).astype(int))
    example = json.dumps({"columns": ["width", "length"], "data": rows.to_numpy().tolist()}).encode()
    server.add("3", PICKLE, {"model.pkl": pickle.dumps(model), "input_example.json": example})
    bomb = b"cposix\nsystem\n(S'touch %s'\ntR." % str(tmp_path / "ran").encode()
    server.add("4", PICKLE, {"model.pkl": bomb, "input_example.json": example})
    assert bring(scratch, server, *ASKED, "--only", "3", "--only", "4", "--commit") == 1
    record = ClonedRegistry(scratch.root).record("churn-model", "3.0.0")
    assert (record.format, record.document["extra"]["imported"]["file"]["converted"]) == ("skops", "to skops")
    assert not (tmp_path / "ran").exists()


def test_what_a_run_logged_comes_without_a_registered_model(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    """MLflow 3 links models to a run, MLflow 2 keeps their folders in a tag."""
    server.runs = {"new": run("new"), "old": run("old", start_time=1698000000000), "none": run("none")}
    server.runs["new"]["outputs"] = {"model_outputs": [{"model_id": "m-12"}]}
    folders = json.dumps([{"artifact_path": path} for path in ("model", "spare", "../../etc", "model")])
    server.runs["old"]["data"]["tags"] = [{"key": "mlflow.log-model.history", "value": folders}]
    for place in (("m-12", ""), ("old", "model/")):
        server.files[place[0], f"{place[1]}MLmodel"] = SKOPS.encode()
        server.files[place[0], f"{place[1]}model.skops"] = scratch.artifact
    asked = ["-C", str(scratch.root), "import", "mlflow", server.address, *ASKED, "--as", "churn"]
    runs = [word for name in ("new", "old", "none", "gone") for word in ("--run", name)]
    assert main([*asked, *runs, "--commit"]) == 1
    told = capsys.readouterr().out
    assert told.startswith(f"4 runs in {server.address}: 5 versions, as churn here\n")
    for line in (
        "  old/model -> 1.0.0: skops\n",
        "  old/spare: cannot come: its files are not there any more",
        "  new -> 2.0.0, of 2023-11-14T22:13:20Z: skops\n",
        "  none: cannot come: it logged no model",
        "  gone: cannot come: its run gone is gone",
    ):
        assert line in told
    registry = ClonedRegistry(scratch.root)
    assert [str(number) for number in registry.versions("churn")] == ["1.0.0", "2.0.0"]
    record = registry.record("churn", "2.0.0")
    assert record.summary == "The model linear of the run new in mlflow, of 2023-11-14T22:13:20Z as it says."
    imported = record.document["extra"]["imported"]
    assert (imported["run_id"], imported["model_id"], imported["run"]["params"]) == ("new", "m-12", {"C": "0.1"})
    assert main([*asked, "--run", "new"]) == 0
    assert "new -> 2.0.0, of 2023-11-14T22:13:20Z: is here already\n" in capsys.readouterr().out
    for wrong, sentence in (
        (["--run", "../x"], "is no id of a run"),
        (["--run", "new", "--tracking", "http://127.0.0.1"], "leave NAME and --tracking out"),
    ):
        assert main([*asked, *wrong]) == 2
        assert sentence in capsys.readouterr().err
    assert main([*asked[:-2], "--run", "new"]) == 2
    assert "--as MODEL says what it is called here" in capsys.readouterr().err


def test_hostile_answers_are_refused_in_a_sentence(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        b"[1]": "does not answer as MLflow does",
        b"[" * 100_000: "does not answer as MLflow does",
        b'{"registered_model": 7}': 'has no model "Churn model"',
        b'{"registered_model": {"aliases": [null, {"alias": 3, "version": {}}]}}': "has no version",
    }
    real = server.answer
    for body, sentence in answers.items():
        monkeypatch.setattr(server, "answer", lambda path, query, body=body: (200, body)
                            if "registered-models/get" in path else (200, b'{"model_versions": 9}'))  # fmt: skip
        assert bring(scratch, server, *ASKED) == 1
        assert sentence in capsys.readouterr().err
    monkeypatch.setattr(server, "answer", real)
    server.versions = [{**server.versions[0], "version": version} for version in ("1/../2", "-1", "9" * 40, None)]
    assert bring(scratch, server, *ASKED) == 1
    assert "has no version" in capsys.readouterr().err


def test_the_password_goes_to_the_server_and_nowhere_else(
    scratch: Scratch, server: MlflowDouble, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-token")
    assert bring(scratch, server, *ASKED) == 0
    assert set(server.headers) == {"Bearer a-token"}
    server.headers.clear()
    server.address = server.address.replace("//", "//ada:secret@")
    assert bring(scratch, server, *ASKED, "--commit") == 0
    assert server.headers[0].startswith("Basic ")
    assert "secret" not in capsys.readouterr().out
    record = yaml.safe_load(scratch.read("models/churn-model/versions/1.0.0/version.yaml"))
    assert "secret" not in json.dumps(record)


@pytest.mark.parametrize("address", ["sqlite:///mlflow.db", "./mlruns", "databricks"])
def test_a_folder_or_a_data_base_is_no_server(
    scratch: Scratch, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert main(["-C", str(scratch.root), "import", "mlflow", address, "churn"]) == 2
    assert "mlflow server --backend-store-uri" in capsys.readouterr().err
