"""The pipeline under real DVC: what it makes, what makes it run again, what goes to the store."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest
from sklearn import metrics as reference
from tests.scaffold.marks import first_quick

from mintmark.artifacts.skops.format import load_trusted
from mintmark.registry.schemas import accepts

STAGES = ["prepare", "tune", "train", "evaluate"]


def stale(repository):
    """The stages that `dvc repro` would begin with, as `dvc status` tells."""
    return sorted(name for name in json.loads(repository.dvc("status", "--json")) if "@" in name)


def read(repository, name, model="churn"):
    path = repository.root / "models" / model / "candidate" / name
    return json.loads(path.read_text()) if name.endswith(".json") else pd.read_parquet(path)


@pytest.mark.slow
def test_everything_that_others_read_is_made(repository):
    made = set(repository.candidate())
    assert made == {
        "train.parquet", "evaluation.parquet", "training-rows.parquet", "data.json", "trials.csv", "best.json", "model.skops", "metrics.json",
        "scores.json", "predictions.parquet", "profile.json", "signature.json", "plots/roc/roc.csv",
        "plots/precision_recall/precision_recall.csv", "plots/calibration/calibration.csv",
        "plots/confusion/confusion.csv", "plots/residuals/residuals.csv", "plots/predicted/predicted.csv", "cost.json",
    }  # fmt: skip
    metrics = read(repository, "metrics.json")
    assert accepts("metrics", metrics)
    assert metrics["slices"]["north"]["rows"] > 10
    assert set(metrics["importance"]) == {"age", "income"}
    assert metrics["importance"]["age"]["mean"] > metrics["importance"]["income"]["mean"]
    explained = metrics["explanation"]
    assert [(curve["input"], curve["class"]) for curve in explained["curves"]] == [
        (name, "yes, gone") for name in ("age", "income")
    ]
    by_age = explained["curves"][0]["answers"]
    assert by_age == sorted(by_age)
    assert [row["answer"] for row in explained["rows"]] == sorted(row["answer"] for row in explained["rows"])
    cost, artifact = read(repository, "cost.json"), repository.candidate()["model.skops"]
    assert cost["artifact"] == f"sha256:{hashlib.sha256(artifact).hexdigest()}"
    assert 0 < cost["latency_row_seconds"] < 10
    assert read(repository, "scores.json") == {name: m["value"] for name, m in metrics["metrics"].items()}


@pytest.mark.slow
def test_the_files_agree_with_one_another(repository):
    data, signature = read(repository, "data.json"), read(repository, "signature.json")
    rows, predictions = read(repository, "evaluation.parquet"), read(repository, "predictions.parquet")
    train = read(repository, "train.parquet")
    assert data["inputs"] == list(signature["inputs"]) == ["age", "income"]
    assert (data["target"], data["carried"]) == ("left", ["region"])
    assert [entry["rows"] for entry in data["lineage"]] == [120, 72, 48]
    assert sorted([*train["row"], *rows["row"]]) == list(range(120))
    assert predictions["row"].tolist() == rows["row"].tolist()
    assert predictions["truth"].tolist() == rows["left"].tolist()
    assert not train["income"].isna().any()
    assert data["cleaning"]["fills"]["income"] == pytest.approx(train["income"].median())

    model = load_trusted(repository.root / "models/churn/candidate/model.skops")
    assert model.predict(rows[data["inputs"]]).tolist() == predictions["prediction"].tolist()
    assert signature["classes"] == ["no", "yes, gone"]
    assert list(predictions.columns[3:]) == ["probability_no", "probability_yes, gone"]
    value = read(repository, "metrics.json")["metrics"]["roc_auc"]["value"]
    expected = reference.roc_auc_score(predictions["truth"] == "yes, gone", predictions["probability_yes, gone"])
    assert value == pytest.approx(expected, rel=1e-9)
    assert read(repository, "best.json")["parameters"]["model__C"] == model[-1].C


@pytest.mark.slow
def test_the_lineage_holds_the_hashes_of_the_files(repository):
    for entry in read(repository, "data.json")["lineage"]:
        content = (repository.root / entry["path"]).read_bytes()
        assert entry["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.slow
def test_a_second_run_does_nothing(repository):
    before = repository.candidate()
    output = repository.dvc("repro")
    assert output.count("didn't change, skipping") == 4
    assert "Running stage" not in output
    assert repository.candidate() == before


@pytest.mark.long
def test_a_forced_run_gives_the_same_bytes(repository):
    """In other processes, under another hash seed and number of threads; times are measured again and change nothing."""
    before, locked = repository.candidate(), (repository.root / "dvc.lock").read_bytes()
    output = repository.run(
        "dvc", "repro", "--force", PYTHONHASHSEED="17", OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2"
    )
    after = repository.candidate()
    assert before.pop("cost.json") != after.pop("cost.json")
    assert after == before
    assert (repository.root / "dvc.lock").read_bytes() == locked
    assert "is empty" not in output.stdout + output.stderr


@pytest.mark.slow
def test_git_is_left_clean_and_no_gitignore_is_scattered(repository):
    assert repository.run("git", "status", "--porcelain").stdout == ""
    ignores = sorted(p.relative_to(repository.root).as_posix() for p in repository.root.rglob(".gitignore"))
    assert ignores == [".dvc/.gitignore", ".gitignore"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "old", "new", "first"),
    first_quick(
        [
            ("models/churn/model.yaml", "purpose: Tell who leaves.", "purpose: Another purpose.", None),
            ("models/churn/model.yaml", "margin: 0.05", "margin: 0.01", None),
            ("models/churn/model.yaml", "equals: north", "equals: south", "evaluate"),
            ("models/churn/model.yaml", "name: roc_auc", "name: log_loss", "tune"),
            ("params.yaml", "[0.1, 10]", "[0.2, 10]", "tune"),
            ("params.yaml", "resamples: 200", "resamples: 300", "evaluate"),
            ("params.yaml", "    evaluate:", "    compute: loky:2\n    evaluate:", None),
            ("data/churn.csv", "north", "south", "prepare"),
            ("scripts/mintmark/core/statistics/metrics.py", '"""', '"""Now ', "evaluate"),
            ("scripts/mintmark/training/tuning.py", '"""', '"""Now ', "tune"),
            ("scripts/train.py", '"""', '"""Now ', "train"),
        ]
    ),
)
def test_only_what_depends_on_a_change_runs_again(repository, path, old, new, first):
    repository.replace(path, old, new)
    found = {name.partition("@")[0] for name in stale(repository)}
    assert found & set(STAGES) == found
    assert (min(found, key=STAGES.index) if found else None) == first


@pytest.mark.long
def test_another_model_is_a_section_and_a_model_yaml(repository):
    before = repository.candidate()
    repository.add_rent()
    assert stale(repository) == [f"{stage}@rent" for stage in sorted(STAGES)]
    repository.dvc("repro", "evaluate@rent")
    assert repository.candidate() == before
    assert stale(repository) == []
    assert set(repository.candidate("rent")) >= {"plots/residuals/residuals.csv", "plots/predicted/predicted.csv"}
    train, rows = read(repository, "train.parquet", "rent"), read(repository, "evaluation.parquet", "rent")
    assert train["month"].max() < rows["month"].min()
    data = read(repository, "data.json", "rent")
    assert (data["inputs"], data["carried"], data["source"]["path"]) == (["size"], ["month"], "data/rent/*.parquet")
    assert read(repository, "metrics.json", "rent")["metrics"]["r2"]["value"] > 0.9

    (repository.root / "data/rent/1.parquet").unlink()
    assert stale(repository) == ["prepare@rent"]


@pytest.mark.slow
def test_a_team_s_own_script_takes_the_place_of_a_stage(repository):
    """It knows nothing of Mintmark but where the files lie and how skops is written; the other stages go on with it."""
    (repository.root / "scripts/train.py").write_text(
        "import sys\n"
        "import pandas as pd\n"
        "import skops.io\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "folder = f'models/{sys.argv[1]}/candidate'\n"
        "rows = pd.read_parquet(f'{folder}/train.parquet')\n"
        "model = DecisionTreeClassifier(max_depth=2, random_state=1).fit(rows[['age', 'income']], rows['left'])\n"
        "skops.io.dump(model, f'{folder}/model.skops')\n"
    )
    output = repository.dvc("repro")
    assert [s for s in STAGES if f"Running stage '{s}@churn'" in output] == ["train", "evaluate"]
    assert b"DecisionTreeClassifier" in repository.candidate()["model.skops"]
    assert read(repository, "metrics.json")["metrics"]["accuracy"]["value"] > 0.6


@pytest.mark.slow
def test_what_a_reader_needs_goes_to_the_store_and_no_more(repository):
    repository.dvc("push")
    store = {p.read_bytes() for p in (repository.root / ".dvc/store/files/md5").rglob("*") if p.is_file()}
    files = repository.candidate()
    pushed = {name for name, content in files.items() if content in store}
    assert pushed == set(files) - {"train.parquet", "trials.csv", "cost.json"} - {
        name for name in files if name.startswith("plots/")
    }
    assert pushed >= {"model.skops", "predictions.parquet", "evaluation.parquet", "profile.json"}


@pytest.mark.long
def test_metrics_show_and_diff(repository):
    shown = json.loads(repository.dvc("metrics", "show", "--json"))
    files = shown[""]["data"]
    assert list(files) == ["models/churn/candidate/scores.json"]
    assert set(files["models/churn/candidate/scores.json"]["data"]) >= {"roc_auc", "f1", "log_loss"}
    assert repository.dvc("metrics", "diff") == ""
    repository.replace("params.yaml", "[0.1, 10]", "[0.0001]")
    repository.dvc("repro")
    changed = json.loads(repository.dvc("metrics", "diff", "--json"))["models/churn/candidate/scores.json"]
    assert changed["log_loss"]["new"] > changed["log_loss"]["old"]
    assert "log_loss" in repository.dvc("metrics", "diff")


@pytest.mark.long
def test_plots_show_and_diff(repository):
    done = repository.run("dvc", "plots", "show", "--json")
    assert done.stderr == ""
    shown = json.loads(done.stdout)
    names = {path.removeprefix("models/churn/candidate/") for path, plots in shown["data"].items() if plots}
    assert names == {
        "trials.csv", "plots/roc/roc.csv", "plots/precision_recall/precision_recall.csv",
        "plots/calibration/calibration.csv", "plots/confusion/confusion.csv",
    }  # fmt: skip
    assert not shown.get("errors")
    repository.replace("params.yaml", "[0.1, 10]", "[0.0001, 0.001]")
    repository.dvc("repro")
    done = repository.run("dvc", "plots", "diff", "--json")
    assert done.stderr == ""
    compared = json.loads(done.stdout)
    plot = next(plots for path, plots in compared["data"].items() if path.endswith("trials.csv"))[0]
    values = plot["content"]["data"]["values"]
    assert {value["rev"] for value in values} == {"HEAD", "workspace"}
    assert {"trial", "score"} <= set(values[0])


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "old", "new", "stage", "message"),
    [
        ("params.yaml", "grid", "gird", "tune", 'params.yaml:17:7: models.churn.tune.search: "gird" is not one of'),
        ("models/churn/model.yaml", "column: region", "column: regoin", "evaluate", "models/churn/model.yaml:"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(repository, path, old, new, stage, message):
    before = repository.candidate()
    repository.replace(path, old, new)
    done = repository.run("python", f"scripts/{stage}.py", "churn", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert repository.candidate() == before
    failed = repository.run("dvc", "repro", check=False)
    assert failed.returncode != 0
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr
