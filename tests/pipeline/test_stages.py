"""The stage scripts in this process: sources, where a search computes, and what bad input gets."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.scaffold.marks import first_quick

from mintmark.core.question import Question, RecipeFault
from mintmark.errors import MintmarkError
from mintmark.training.recipe import Compute, Source

QUESTION = Question(task="regression", target="answer", metric="mae")


def load_stage(root, name):
    """The script as a module, from the copy in a repository."""
    spec = importlib.util.spec_from_file_location(f"stage_{name}", root / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stage(repository, monkeypatch):
    monkeypatch.chdir(repository.root)
    return lambda name: load_stage(repository.root, name)


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "values"),
    first_quick(
        [
            ("breast_cancer", (569, 31), "str", {"benign", "malignant"}),
            ("iris", (150, 5), "str", {"setosa", "versicolor", "virginica"}),
            ("wine", (178, 14), "str", {"class_0", "class_1", "class_2"}),
            ("digits", (1797, 65), "int64", set(range(10))),
            ("diabetes", (442, 11), "float64", None),
        ]
    ),
)
def test_bundled_data_sets_have_real_labels_and_units(stage, name, shape, dtype, values):
    frame = stage("prepare").load_bundled(name, "answer")
    assert frame.shape == shape
    assert str(frame["answer"].dtype) == dtype
    assert values is None or set(frame["answer"]) == values
    if name == "diabetes":
        assert frame["age"].between(18, 80).all()


def test_the_same_bundled_data_has_the_same_hash(stage):
    prepare = stage("prepare")
    source = Source(path="requirements.lock", dataset="wine")
    (one, _), (two, _) = prepare.read_source(source, QUESTION), prepare.read_source(source, QUESTION)
    assert one == two
    assert (one["path"], one["rows"]) == ("sklearn.datasets/wine", 178)


def test_files_are_read_in_the_order_of_their_names(stage, repository):
    folder = repository.root / "data/parts"
    folder.mkdir()
    pd.DataFrame({"x": [3]}).to_parquet(folder / "b.parquet")
    pd.DataFrame({"x": [1, 2]}).to_csv(folder / "a.csv", index=False)
    about, frame = stage("prepare").read_source(Source(path="data/parts", files="*"), QUESTION)
    assert frame["x"].tolist() == [1, 2, 3]
    assert (about["path"], about["rows"]) == ("data/parts/*", 3)
    (folder / "a.csv").rename(folder / "c.csv")
    moved, _ = stage("prepare").read_source(Source(path="data/parts", files="*"), QUESTION)
    assert moved["hash"] != about["hash"]


@pytest.mark.parametrize(
    ("split", "inputs", "carried"),
    first_quick(
        [
            ("{method: stratified, by: region, evaluation: 0.4}", ["age", "income", "region"], []),
            ("{method: group, by: age, evaluation: 0.4}", ["income", "region"], ["age"]),
            ("{method: time, by: age, evaluation: 0.4}", ["income", "region"], ["age"]),
        ]
    ),
)
def test_what_rows_are_grouped_or_ordered_by_is_no_input(stage, repository, split, inputs, carried):
    repository.replace("params.yaml", "      carry: [region]\n", "")
    repository.replace("params.yaml", "{method: stratified, evaluation: 0.4}", split)
    stage("prepare").prepare("churn")
    data = json.loads(repository.candidate()["data.json"])
    assert (data["inputs"], data["carried"]) == (inputs, carried)


@pytest.mark.parametrize(
    ("source", "content", "message"),
    first_quick(
        [
            (Source(path="data"), None, '"data" is a folder; add files:'),
            (Source(path="data", files="*.parquet"), None, r'no file fits "data/\*.parquet"'),
            (Source(path="data/nope.csv"), None, 'no file fits "data/nope.csv"'),
            (Source(path="data/x.txt"), b"a\n1\n", "neither .csv nor .parquet"),
            (Source(path="data/x.parquet"), b"PAR1 no", "data/x.parquet cannot be read"),
            (Source(path="data/x.csv"), b"", "data/x.csv cannot be read"),
            (Source(path="data/x.csv"), b"a,b\n", "data/x.csv holds no rows"),
            (Source(path="data/x.csv"), b"a,b\n1,\xff\n", "data/x.csv, line 2: cannot be read as utf-8"),
        ]
    ),
)
def test_a_source_that_cannot_be_read_is_a_fault(stage, repository, source, content, message):
    if content is not None:
        (repository.root / source.path).write_bytes(content)
    with pytest.raises(RecipeFault, match=message) as caught:
        stage("prepare").read_source(source, QUESTION)
    assert caught.value.place[0] == "source"


@pytest.mark.parametrize(
    ("name", "path", "old", "new", "message"),
    first_quick(
        [
            (
                "prepare",
                "models/churn/model.yaml",
                "target: left",
                "target: gone",
                r"params.yaml:5:5: .*no column .gone.",
            ),
            (
                "prepare",
                "params.yaml",
                "carry: [region]",
                "carry: [area]",
                r"params.yaml:7:15: .*carry\[0\]: .*no column",
            ),
            ("prepare", "params.yaml", "{income: median}", "{income: error}", "params.yaml:8:7: .* have no .income."),
            ("prepare", "params.yaml", "{income: median}", "{age: keep}", "params.yaml:8:7: .* have no .income."),
            ("tune", "params.yaml", "model__C", "model__c", "params.yaml:19:15: .*did you mean .model__C."),
            ("tune", "params.yaml", "[0.1, 10]", "[-1]", r"params.yaml:19:26: .*model__C\[0\]: The .C. parameter"),
            (
                "tune",
                "params.yaml",
                "sklearn.linear_model.",
                "sklearn.linear.",
                "params.yaml:15:19: .*there is no sklearn",
            ),
            (
                "train",
                "params.yaml",
                "LogisticRegression}",
                "LogisticRegression, C: 1}",
                "params.yaml:15:11: .*parameters",
            ),
            (
                "evaluate",
                "models/churn/model.yaml",
                "yes, gone",
                "nobody",
                "model.yaml:8:1: positive_class: 'nobody' is not",
            ),
            ("evaluate", "models/churn/model.yaml", "binary-class", "multiclass-class", None),
            (
                "evaluate",
                "models/churn/model.yaml",
                "task: binary-classification",
                "task: regression",
                "model.yaml:3:1: task",
            ),
            (
                "evaluate",
                "models/churn/model.yaml",
                "name: roc_auc, goal: maximize",
                "name: mae",
                "model.yaml:10:10: metric.name: mae is not",
            ),
            (
                "prepare",
                "models/churn/model.yaml",
                "entity_column: null",
                "entity_column: who",
                r"params.yaml:5:5: .*no column .who., which model.yaml names as entity_column",
            ),
            (
                "evaluate",
                "models/churn/model.yaml",
                "entity_column: null",
                "entity_column: who",
                "model.yaml:9:1: entity_column",
            ),
            ("evaluate", "models/churn/model.yaml", "slices:", "slice:", "model.yaml:12:1: slice: is not a field"),
        ]
    ),
)
def test_a_fault_names_file_and_line_and_writes_nothing(stage, repository, name, path, old, new, message):
    before = repository.candidate()
    repository.replace(path, old, new)
    module = stage(name)
    if message is None:  # two classes are also a case of many
        getattr(module, name)("churn")
        return
    with pytest.raises(MintmarkError, match=message) as caught:
        getattr(module, name)("churn")
    assert re.match(r"(params|models/churn/model)\.yaml:\d+:\d+: ", str(caught.value))
    assert repository.candidate() == before


@pytest.mark.parametrize(
    ("name", "file"), first_quick([("tune", "data.json"), ("train", "best.json"), ("evaluate", "data.json")])
)
def test_an_input_that_is_not_there_is_named(stage, repository, name, file):
    (repository.root / "models/churn/candidate" / file).unlink()
    with pytest.raises(MintmarkError, match=f"models/churn/candidate/{file}: there is no such file"):
        getattr(stage(name), name)("churn")


def test_a_model_that_predicts_nonsense_is_refused(stage):
    evaluate = stage("evaluate")
    question = Question(task="binary-classification", target="y", metric="f1")
    with pytest.raises(RecipeFault, match=r'cannot be measured against "y" of the evaluation rows: .*sum to 1'):
        evaluate.judge(pd.Series([0, 1]), np.array([0, 1]), np.array([[0.5, 0.5], [0.9, 0.9]]), [0, 1], question)
    with pytest.raises(RecipeFault, match=r"cannot be measured .*finite"):
        evaluate.judge(pd.Series([0.0, 1.0]), np.array([0.0, np.nan]), None, [], QUESTION)
    with pytest.raises(RecipeFault, match=r"'c' is not one of the classes \['a', 'b'\]"):
        evaluate.judge(pd.Series(["a", "c"]), np.array(["a", "b"]), None, ["a", "b"], question)
    with pytest.raises(RecipeFault, match=r"""all training rows have the "y" 'a'"""):
        evaluate.classes_of(SimpleNamespace(classes_=np.array(["a"])), question)


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes that can import Mintmark; a real scheduler on a real port."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, processes=True, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster


@pytest.mark.slow
def test_a_dask_cluster_finds_the_same(stage, repository, cluster):
    sequential = repository.candidate()
    address = cluster.scheduler_address.removeprefix("tcp")
    for compute in (f"dask{address}", "loky:2"):
        repository.replace("params.yaml", "    evaluate:", f"    compute: {compute}\n    evaluate:")
        (repository.root / "models/churn/candidate/best.json").unlink()
        stage("tune").tune("churn")
        found = repository.candidate()
        assert found["best.json"] == sequential["best.json"]
        assert found["trials.csv"] == sequential["trials.csv"]
        repository.replace("params.yaml", f"    compute: {compute}\n", "")


def test_the_work_is_done_by_the_workers(stage, cluster):
    import os

    import joblib

    compute = Compute(kind="dask", address=cluster.scheduler_address)
    with stage("tune").backend(compute):
        pids = set(joblib.Parallel()(joblib.delayed(os.getpid)() for _ in range(20)))
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2


@pytest.mark.slow
def test_a_cluster_that_does_not_answer(stage):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and held, not listened to: nobody else can answer there
        port = free.getsockname()[1]
        module = stage("tune")
        module.DASK_TIMEOUT = 1
        with (
            pytest.raises(MintmarkError, match=f"no Dask scheduler answers at tcp://127.0.0.1:{port} .*start it"),
            module.backend(Compute(kind="dask", address=f"tcp://127.0.0.1:{port}")),
        ):
            pass


def test_a_cluster_without_workers(stage):
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty,
        pytest.raises(MintmarkError, match="has no workers; start dask worker"),
        stage("tune").backend(Compute(kind="dask", address=empty.scheduler_address)),
    ):
        pass


def test_dask_that_is_not_installed(stage, monkeypatch):
    module = stage("tune")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(
            MintmarkError, match=r"needs the extra `dask`: pip install .*\[dask\].*; or write compute: loky:2"
        ),
        module.backend(Compute(kind="dask", address="tcp://x:1")),
    ):
        pass


@pytest.mark.long
def test_no_progress_bar_where_nobody_looks(repository):
    done = repository.run("python", "scripts/tune.py", "churn")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.slow
def test_a_progress_bar_on_a_terminal(repository):
    import os
    import pty
    import subprocess

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "scripts/tune.py", "churn"], cwd=repository.root, stdout=follower, stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    try:
        while block := os.read(leader, 65536):
            shown += block
    except OSError:
        pass  # the end, as Linux tells it
    os.close(leader)
    assert process.wait() == 0
    assert b"100%" in shown


def test_all_faults_are_told_by_the_first_stage_that_runs(stage, repository):
    """Of the estimator, the search space, the types, the missing values and the target: nobody mends one a run."""
    before = repository.candidate()
    for old, new in (
        ("missing: {columns: {income: median}}", "types: {region: number}"),
        ("sklearn.linear_model.Log", "sklearn.linear_model.Lag"),
        ("      space: {model__C: [0.1, 10]}", "      metric: mae\n      space: {model: [{class: sklearn.svm.SCV}]}"),
    ):
        repository.replace("params.yaml", old, new)
    repository.replace("models/churn/model.yaml", "yes, gone", "nobody")
    with pytest.raises(MintmarkError) as caught:
        stage("prepare").prepare("churn")
    told = str(caught.value).splitlines()
    assert len(told) == 6, "\n".join(told)
    for part in (
        "steps.model.class: there is no sklearn.linear_model.LagisticRegression in this environment; did you mean",
        "tune.space.model[0].class: there is no sklearn.svm.SCV in this environment; did you mean",
        "tune.metric: mae is not a metric of binary-classification",
        """prepare.types.region: "region" holds 'north' (row 0), which is no number""",
        'prepare.missing: 8 of 120 rows have no "income"',
        "prepare: positive_class is 'nobody'",
    ):
        assert any(part in line for line in told), part
    assert repository.candidate() == before


def test_an_index_that_pandas_wrote_is_no_input(stage, repository):
    rows = pd.read_csv(repository.root / "data/churn.csv")
    rows.to_csv(repository.root / "data/churn.csv")
    with pytest.raises(MintmarkError, match='"Unnamed: 0" has no name in the file: pandas writes its row numbers so'):
        stage("prepare").prepare("churn")
    repository.replace("params.yaml", "carry: [region]", "carry: [region]\n      id: 'Unnamed: 0'")
    stage("prepare").prepare("churn")
    assert json.loads(repository.candidate()["data.json"])["inputs"] == ["age", "income"]
