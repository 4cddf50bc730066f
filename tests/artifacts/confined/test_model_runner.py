"""Models that behave answer as they do at home; models that attack get nothing, and leave nothing."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from tests.scaffold.marks import first_quick, others_long

from mintmark.artifacts.confined.confinement import Limits
from mintmark.artifacts.confined.model_answers import (
    format_answer,
)
from mintmark.artifacts.confined.model_runner import ModelProcess, run_model
from mintmark.artifacts.confined.worker_runs import ModelRunError
from mintmark.artifacts.skops.format import dump_canonical, load_trusted
from mintmark.core.judgement.answers import Answer, ModelRun
from mintmark.errors import InvalidRegistryError, MintmarkError

SECRET = "the evaluation labels"
AGENT = "hostile_models.Agent"
MODULE = '''
class Agent:
    """Does what its attributes say, when it is loaded and when it is asked."""

    def __init__(self, load, predict):
        self.load, self.predict_code = load, predict

    def __setstate__(self, state):
        self.__dict__.update(state)
        exec(self.load)

    def predict(self, table):
        scope = {"table": table}
        exec(self.predict_code, scope)
        return scope["answer"]
'''


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Where run_model works; nothing may be left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="session")
def search_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search_path")
    (folder / "hostile_models.py").write_text(MODULE)
    return folder


@pytest.fixture
def agent(search_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
    """A skops file of a class that somebody trusted by mistake."""
    monkeypatch.syspath_prepend(str(search_path))
    module = importlib.import_module("hostile_models")
    return lambda *, load="", predict="": dump_canonical(module.Agent(textwrap.dedent(load), textwrap.dedent(predict)))


@pytest.fixture
def ask(agent: Callable[..., bytes], search_path: Path) -> Callable[..., ModelRun]:
    def run(
        table: pd.DataFrame | None = None, *, load: str = "", predict: str = "answer = [0]", **limits: Any
    ) -> ModelRun:
        tables = {"rows": pd.DataFrame({"x": [1.0]}) if table is None else table}
        return run_model(
            agent(load=load, predict=predict), "skops", tables, trusted=[AGENT], search_path=[search_path],
            limits=Limits(**{"seconds": 100, **limits}),
        )  # fmt: skip

    return run


def rows(count: int = 300) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    chance = np.random.default_rng(0)
    table = pd.DataFrame(chance.random((count, 4)), columns=list("abcd"))
    table["colour"] = pd.Series(chance.choice(["red", "green", "blue"], count), dtype=object)
    return table, (table["a"] + table["b"] > 1).to_numpy().astype(int) + (table["c"] > 0.7).to_numpy()


def same(run: ModelRun, name: str, model: Any, table: pd.DataFrame) -> None:
    """Every prediction and probability of a run is, to the last bit, what the model gives in this process."""
    answer = run.answers[name]
    assert answer.error is None
    expected = model.predict(table)
    assert answer.prediction == expected.tolist()
    assert [type(value) for value in answer.prediction] == [type(value) for value in expected.tolist()]
    if hasattr(model, "predict_proba"):
        assert answer.probabilities == model.predict_proba(table).tolist()
    else:
        assert answer.probabilities is None


# Models that behave


def models() -> dict[str, Any]:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.svm import SVC

    table, target = rows()
    numbers = list("abcd")
    text = make_column_transformer(
        (TfidfVectorizer(analyzer="char"), "colour"), (OneHotEncoder(), ["colour"]), ("passthrough", numbers)
    )
    names = np.array(["none", "one", "two; or [more]"])
    return {
        "forest": RandomForestClassifier(20, random_state=0, n_jobs=-1).fit(table[numbers], target),
        "boosting": HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(table[numbers], table["a"] * 7),
        "text": make_pipeline(text, LogisticRegression()).fit(table, names[target]),
        "no probabilities": SVC().fit(table[numbers], target == 2),
    }


@pytest.mark.parametrize("name", others_long(["forest", "boosting", "text", "no probabilities"]))
def test_a_model_answers_exactly_as_it_does_in_this_process(tmp_path, name):
    table, _ = rows()
    table = table if name == "text" else table[list("abcd")]
    data = dump_canonical(models()[name])
    (tmp_path / "model.skops").write_bytes(data)
    model = load_trusted(data)
    tables = {"evaluation": table, "other": table.iloc[::-7]}
    run = run_model(tmp_path / "model.skops", "skops", tables)
    for asked in tables:
        same(run, asked, model, tables[asked])
    assert run.classes == tuple(np.asarray(getattr(model, "classes_", [])).tolist())
    assert set(run.cost) == {"load_seconds", "latency_row_seconds", "latency_batch_seconds", "batch_rows"}
    assert run.cost["batch_rows"] == 1000
    assert 0 < run.cost["load_seconds"] < 60
    assert 0 < run.cost["latency_row_seconds"] <= run.cost["latency_batch_seconds"] * 5 < 300
    assert run.isolation["time"] == "wall clock and CPU"


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_tables_arrive_as_they_were_sent(ask):
    objects = {
        "text": ["a", None, "", "ä\u2028\ud800"],
        "mixture": [1, "a", 2.5, None],
        "gaps": ["a", float("nan"), None, "b"],
        "nothing": [None] * 4,
        "truth": [True, None, False, True],
        "large": [2**70, -1, 0, 1],
    }
    table = pd.DataFrame(
        {
            **{name: pd.Series(values, dtype=object) for name, values in objects.items()},
            "words": pd.Series(["a", "b", None, ""], dtype="str"),
            "small": np.array([1, 2, 3, 4], "int8"),
            "single": np.array([0.1, np.nan, np.inf, 4], "float32"),
            "flag": [True, False, True, False],
            "whole": pd.Series([1, None, 3, 4], dtype="Int64"),
            "kind": pd.Series(["x", "y", "x", None], dtype="category"),
            "day": pd.to_datetime(["2026-01-01", "2026-02-03", None, "2026-01-01"]),
        },
        index=[3, 1, 4, 1],
    )
    predict = """
        answer = [f"{table.index.tolist()} {table.shape}"]
        answer += [f"{name} {table[name].dtype} {table[name].tolist()}" for name in table]
        answer = [text.encode("ascii", "backslashreplace").decode() for text in answer]
    """

    def described(frame: pd.DataFrame) -> list[str]:
        scope: dict[str, Any] = {"table": frame}
        exec(textwrap.dedent(predict), scope)
        return list(scope["answer"])

    assert ask(table, predict=predict).answers["rows"].prediction == described(table)


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_an_error_for_one_table_leaves_the_others(agent, search_path):
    predict = """
        if len(table) == 0 or "x" not in table:
            raise ValueError(f"no rows\\nor {table.columns.tolist()} " + "\\x1b[31m" + "x" * 1000)
        answer = table["x"].tolist() if len(table) < 4 else [[1, 2], [3, 4]] if len(table) == 4 else [{}]
    """
    sizes = {"fine": 3, "square": 4, "none": 0, "objects": 5}
    tables = {name: pd.DataFrame({"x": np.arange(size)}) for name, size in sizes.items()}
    tables["missing"] = tables["fine"][[]]
    run = run_model(agent(predict=predict), "skops", tables, trusted=[AGENT], search_path=[search_path])
    assert run.answers["fine"] == Answer(prediction=[0, 1, 2])
    for name, begins in {
        "none": "ValueError: no rows or ['x'] \\x1b[31mxxx",
        "missing": "ValueError: no rows or [] ",
        "square": "ValueError: the model gives values of shape (2, 2), not one for each row",
        "objects": "ValueError: the model gives values that are neither text nor numbers (dict)",
    }.items():
        answer = run.answers[name]
        assert (answer.prediction, answer.probabilities) == ((), None)
        assert answer.error is not None
        assert answer.error.startswith(begins)
        assert len(answer.error) <= 500
    assert set(run.cost) == {"load_seconds"}  # no table is named evaluation


def linear_classifier(*, zip_map: bool) -> bytes:
    """P(no) = 1 - P(yes), written in the order (yes, no)."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, number, text = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.STRING
    labels, domain = ["yes", "no"], "ai.onnx.ml"
    nodes = [
        helper.make_node(
            "LinearClassifier", ["x"], ["label", "p"], domain=domain, classlabels_strings=labels,
            coefficients=[1.0, 2.0, -1.0, -2.0], intercepts=[0.0, 0.5], multi_class=0, post_transform="SOFTMAX",
        )
    ]  # fmt: skip
    outputs = [helper.make_tensor_value_info("label", text, ["n"])]
    if zip_map:
        nodes.append(helper.make_node("ZipMap", ["p"], ["map"], domain=domain, classlabels_strings=labels))
        kind = helper.make_map_type_proto(text, helper.make_tensor_type_proto(number, []))
        outputs.append(helper.make_value_info("map", helper.make_sequence_type_proto(kind)))
    else:
        outputs.append(helper.make_tensor_value_info("p", number, ["n", 2]))
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", number, ["n", 2])], outputs)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 3)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


@pytest.mark.usefixtures("warm_models")
@pytest.mark.parametrize("zip_map", first_quick([False, True]))
def test_an_onnx_model_answers_with_its_classes_in_the_order_of_its_probabilities(zip_map):
    table = pd.DataFrame({"a": [1.0, -3.0, 0.2], "b": [0.5, 1.0, -0.4]})
    run = run_model(linear_classifier(zip_map=zip_map), "onnx", {"evaluation": table})
    scores = table.to_numpy() @ [1.0, 2.0]
    answer = run.answers["evaluation"]
    assert answer.prediction == ["yes" if score > 0.25 else "no" for score in scores]
    assert run.classes == (("no", "yes") if zip_map else ("yes", "no"))
    assert answer.probabilities is not None
    yes = [row[run.classes.index("yes")] for row in answer.probabilities]
    assert np.allclose(yes, 1 / (1 + np.exp(0.5 - 2 * scores)), atol=1e-6)


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_an_onnx_model_without_probabilities_gives_none():
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=1)], "g",
        [helper.make_tensor_value_info("x", number, ["n", 1])], [helper.make_tensor_value_info("y", number, ["n", 1])],
    )  # fmt: skip
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    run = run_model(data, "onnx", {"evaluation": pd.DataFrame({"a": [1.5]})})
    assert run.answers["evaluation"] == Answer(prediction=[1.5])
    assert run.classes == ()


# Models that are refused


@pytest.mark.parametrize("artifact_format", ["safetensors", "data", "pickle"])
def test_what_is_no_model_cannot_be_run(artifact_format):
    with pytest.raises(ModelRunError, match=rf"^model\.{artifact_format}: is {artifact_format}, which holds no model"):
        run_model(b"", artifact_format, {})


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_types_that_nobody_trusts_are_refused_and_their_code_does_not_run(agent, search_path, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(agent(load="import time; time.sleep(1000)"))
    with pytest.raises(InvalidRegistryError, match=r"hostile_models\.Agent is not on the list") as caught:
        run_model(path, "skops", {}, search_path=[search_path])
    (finding,) = caught.value.findings
    assert (finding.path, finding.rule, finding.where) == (str(path), "R8", "schema.json")


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_functions_that_run_code_on_load_are_refused(dumped, skops_file):
    file = skops_file(dumped["logistic"])
    file.find("LogisticRegression").update(
        __loader__="OperatorFuncNode", __module__="os", __class__="system", attrs=file.find("StandardScaler")
    )
    with pytest.raises(InvalidRegistryError, match=r"model\.skops: .*os\.system|model\.skops: schema\.json"):
        run_model(file.bytes(), "skops", {"rows": pd.DataFrame(np.zeros((1, 4)))})


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_pickles_and_other_bytes_than_the_record_names_are_refused(dumped, tmp_path):
    with pytest.raises(InvalidRegistryError, match="is a pickle"):
        run_model(b"\x80\x04K\x01.", "skops", {})
    with pytest.raises(ModelRunError, match=r"^model\.skops: its sha256 is .* the record says 0000"):
        run_model(dumped["tree"], "skops", {}, sha256="0" * 64)
    with pytest.raises(ModelRunError, match="is not a file"):
        run_model(tmp_path / "gone", "skops", {})


# Models that attack


@pytest.mark.slow
def test_a_valid_model_that_asks_for_terabytes_is_out_of_memory(skops_file):
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    table, target = rows()
    table = table[list("abcd")]
    file = skops_file(dump_canonical(make_pipeline(PolynomialFeatures(), Ridge()).fit(table, target)))
    count = file.attributes("PolynomialFeatures")["_n_out_full"]
    assert json.loads(count["content"]) == 15
    count["content"] = str(10**10)
    with pytest.raises(ModelRunError, match=r"^model\.skops: needs more than 4 GiB of memory; "):
        run_model(file.bytes(), "skops", {"rows": table})


@pytest.mark.slow
@pytest.mark.parametrize("when", ["load", "predict"])
def test_a_model_that_takes_all_memory_is_out_of_memory(ask, when):
    code = "kept = [bytearray(100 << 30)]"
    with pytest.raises(ModelRunError, match=r"^model\.skops: needs more than 3\.5 GiB of memory; "):
        ask(**{when: code}, memory=7 << 29)


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
@pytest.mark.parametrize("when", first_quick(["load", "predict"]))
def test_a_model_that_never_ends_is_ended(ask, when):
    with pytest.raises(ModelRunError, match=r"^model\.skops: did not finish in 3 seconds; "):
        ask(**{when: "while True: pass"}, seconds=3)


def test_reads_writes_and_connections_fail(ask, tmp_path, monkeypatch, temporary):
    """One model tries everything; it answers with what came of each attempt."""
    tree = tmp_path / "tree"
    (tree / "models/iris").mkdir(parents=True)
    (tree / "labels.csv").write_text(SECRET)
    (tree / "models/registry.yaml").touch()
    monkeypatch.chdir(tree)
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        attempts = [
            f"open({str(tree / 'labels.csv')!r}).read()",
            "open('labels.csv').read()",
            "open('../labels.csv').read()",
            "open('../../tree/labels.csv').read()",
            f"os.listdir({str(tree)!r})",
            f"open({str(Path(__file__).parents[3] / 'README.md')!r}).read()",
            f"open({str(Path(__file__).parents[3] / '.git/config')!r}).read()",
            f"open('/proc/{os.getpid()}/environ').read()",
            "os.environ['GITHUB_TOKEN']",
            f"open({str(tree / 'new')!r}, 'w')",
            f"open({str(tree / 'labels.csv')!r}, 'w')",
            f"os.remove({str(tree / 'labels.csv')!r})",
            "open('new', 'w')",
            "open('job.json', 'w')",
            "os.remove('answer.json')",
            "os.symlink('/etc/passwd', 'link')",
            "__import__('tempfile').mkdtemp()",
            f"__import__('socket').create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)",
            "os.fork()",
            "__import__('subprocess').run(['sh', '-c', 'true'])",
            "os.kill(os.getppid(), 9)",
            f"os.kill({os.getpid()}, 9)",
        ]
        predict = """
            import os
            answer = []
            for attempt in table["attempt"]:
                try:
                    answer.append(f"got {eval(attempt)}")
                except (OSError, KeyError) as error:
                    answer.append(type(error).__name__)
        """
        run = ask(pd.DataFrame({"attempt": attempts}), predict=predict)
        if "landlock" not in run.isolation["files"] or run.isolation["system calls"] == "none":
            pytest.skip(f"this system holds little apart: {run.isolation}")
        with pytest.raises(TimeoutError):
            server.accept()
    outcomes = dict(zip(attempts, run.answers["rows"].prediction, strict=True))
    assert {attempt: outcome for attempt, outcome in outcomes.items() if str(outcome).startswith("got")} == {}
    assert (tree / "labels.csv").read_text() == SECRET
    assert sorted(path.name for path in tree.iterdir()) == ["labels.csv", "models"]


@pytest.mark.slow
def test_an_allowed_vectorizer_that_opens_files_reads_none(tmp_path):
    """No type need be trusted for this: `input="filename"` is a parameter of scikit-learn's own."""
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    labels = tmp_path / "labels.csv"
    labels.write_text("a b c")
    table = pd.DataFrame({"path": [str(labels), str(labels)]})
    reader = make_column_transformer((CountVectorizer(input="filename", analyzer="char"), "path"))
    data = dump_canonical(make_pipeline(reader, LogisticRegression()).fit(table, [0, 1]))
    assert load_trusted(data).predict(table).shape == (2,)  # it does work where it may
    run = run_model(data, "skops", {"rows": table})
    if "landlock" not in run.isolation["files"]:
        pytest.skip(f"this system keeps no files apart: {run.isolation}")
    assert str(run.answers["rows"].error).startswith("PermissionError: ")


@pytest.mark.usefixtures("warm_models")
@pytest.mark.parametrize(
    ("load", "reason"),
    others_long(
        [
            (
                "import os; os.write(2, b'last \\x1b[31mwords\\n'); os._exit(3)",
                r"code 3 and without an answer: last \\x1b\[31mwords",
            ),
            ("import ctypes; ctypes.string_at(0)", "died of SIGSEGV"),
            ("import os; os.kill(os.getpid(), 40)", "died of signal 40"),
            ("open('answer.json', 'w').write('{\"findings\": []}'); import os; os._exit(0)", "has other parts than"),
            ("open('answer.json', 'w').write('garbage'); import os; os._exit(0)", "wrote is not JSON"),
            (
                "import os\nwith open('answer.json', 'wb', 0) as file:\n    while True: file.write(b'x' * (1 << 20))",
                r"^model\.skops: .*File too large",
            ),
        ]
    ),
    ids=["words", "crash", "signal", "no findings", "garbage", "10 GB"],
)
def test_answers_that_are_none_are_told(ask, load, reason):
    with pytest.raises(ModelRunError, match=reason) as caught:
        ask(load=load)
    assert len(str(caught.value)) < 1000


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_gigabytes_of_output_are_dropped(ask):
    flood = (
        "import os\nblock = b'x' * (1 << 20)\nfor _ in range(500): os.write(1, block); os.write(2, block)\nanswer = [7]"
    )
    assert ask(predict=flood).answers["rows"].prediction == [7]


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_a_forged_answer_says_no_more_than_an_honest_one(ask):
    """What a model writes itself counts as what it predicted."""
    forged = {"classes": [], "answers": {"rows": format_answer([1.5])}, "cost": {"load_seconds": 0}}
    run = ask(load=f"open('answer.json', 'w').write({json.dumps(forged)!r}); import os; os._exit(0)")
    assert run.answers["rows"] == Answer(prediction=[1.5])
    assert "files" in run.isolation
    refusal = {"findings": [{"message": "x" * 5000, "where": ["a"], "rule": None}, 7] * 75}
    with pytest.raises(InvalidRegistryError) as caught:
        ask(load=f"open('answer.json', 'w').write({json.dumps(refusal)!r}); import os; os._exit(0)")
    assert len(caught.value.findings) == 100
    assert len(str(caught.value)) < 100_000


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_a_symbolic_link_in_the_place_of_the_answer_is_not_followed(agent, search_path, tmp_path):
    """Only where the system keeps no files apart can a model put one there."""
    secret = {"classes": [SECRET], "answers": {"rows": format_answer([1])}, "cost": {}}
    (tmp_path / "secret.json").write_text(json.dumps(secret))
    code = f"import os; os.remove('answer.json'); os.symlink({str(tmp_path / 'secret.json')!r}, 'answer.json'); os._exit(0)"
    (tmp_path / "model.skops").write_bytes(agent(load=code))
    program = f"""
        import ctypes, tempfile
        from pathlib import Path
        import pandas as pd
        from mintmark.artifacts.confined import seccomp
        from mintmark.artifacts.confined.model_runner import run_model
        seccomp._NUMBERS["landlock_create_ruleset"] = (444, 444)
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
        assert seccomp.install([seccomp.Refusal("landlock_create_ruleset"), seccomp.Refusal("unshare")])
        run_model(Path({str(tmp_path / "model.skops")!r}), "skops", {{"rows": pd.DataFrame({{"x": [1.0]}})}},
                  trusted=[{AGENT!r}], search_path=[Path({str(search_path)!r})])
    """
    done = subprocess.run((sys.executable, "-c", textwrap.dedent(program)), capture_output=True, text=True, check=False)
    if "AssertionError" in done.stderr:
        pytest.skip("this system has no seccomp to take Landlock away with")
    assert done.stderr.splitlines()[-1].endswith(
        "something else in the place of the answer; only Mintmark may write there, so do not use this file"
    )


def test_errors_of_a_model_are_errors_that_a_user_can_mend():
    assert issubclass(ModelRunError, MintmarkError)


# A process that is started before it is asked


def test_a_process_that_nobody_asks_loads_no_model_and_leaves_nothing(agent, search_path):
    known = set(psutil.Process().children(recursive=True))
    dumped = agent(load="while True: pass")
    with ModelProcess(dumped, "skops", trusted=[AGENT], search_path=[search_path]):
        started = set(psutil.Process().children(recursive=True)) - known
        assert started
    assert not any(process.is_running() for process in started)


@pytest.mark.long
def test_processes_that_run_beside_one_another_answer_for_their_own_model(agent, search_path):
    tables = {"rows": pd.DataFrame({"x": [1.0]})}
    first, second = (agent(predict=f"answer = [{number}]") for number in (1, 2))
    with (
        ModelProcess(first, "skops", trusted=[AGENT], search_path=[search_path]) as one,
        ModelProcess(second, "skops", trusted=[AGENT], search_path=[search_path]) as two,
    ):
        assert [process.ask(tables).answers["rows"].prediction for process in (two, one)] == [[2], [1]]


@pytest.mark.usefixtures("warm_models")
@pytest.mark.slow
def test_its_time_runs_while_nobody_asks(agent, search_path):
    with ModelProcess(
        agent(), "skops", trusted=[AGENT], search_path=[search_path], limits=Limits(seconds=1)
    ) as process:
        time.sleep(1.5)
        with pytest.raises(ModelRunError, match="did not finish in 1 seconds"):
            process.ask({})
