"""`mintmark import --data`: every version is measured here and proposed, and aliases become channels."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from tests.beginning.importing.mlflow_double import MlflowDouble, mlmodel, serving
from tests.beginning.importing.test_gto_and_huggingface import git
from tests.scaffold.brought import INPUTS, begin_empty, logistic_graph, rows
from tests.scaffold.registry import Scratch

from mintmark.artifacts.skops.format import dump_canonical
from mintmark.cli import main
from mintmark.registry.clone import ClonedRegistry

SAID = ("--owner", "@ada", "--licence", "MIT", "--purpose", "Tells trees.")


@pytest.fixture
def empty(tmp_path: Path) -> Scratch:
    return begin_empty(tmp_path / "registry")


@pytest.fixture
def holdout(tmp_path: Path) -> str:
    rows(1).to_csv(tmp_path / "holdout.csv", index=False)
    return str(tmp_path / "holdout.csv")


def tagged(folder: Path, files: dict[str, bytes], stages: dict[str, int]) -> Path:
    """A repository with GTO's tags: one version for each file, and stages of some."""
    git(folder.parent, "init", "-q", "-b", "main", folder.name)
    for number, (name, content) in enumerate(files.items(), 1):
        (folder / name).write_bytes(content)
        (folder / "artifacts.yaml").write_text(f"trees: {{type: model, path: {name}}}\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", name)
        git(folder, "tag", "-am", name, f"trees@v{number}.0.0")
    for stage, number in stages.items():
        git(folder, "tag", "-am", stage, f"trees#{stage}#1", f"trees@v{number}.0.0^{{}}")
    return folder


def bring(scratch: Scratch, place: Path, holdout: str, *more: str) -> int:
    asked = ("--data", holdout, "--target", "kind", *SAID, "--channel", "prod=production")
    return main(["-C", str(scratch.root), "import", "gto", str(place), "trees", *asked, *more])


@pytest.mark.slow
@pytest.mark.usefixtures("warm_programs")
def test_versions_are_measured_and_aliases_become_channels(
    empty: Scratch, tmp_path: Path, holdout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    empty.write_settings(limits={"file": "10 KB"})
    empty.commit("Keep files small")
    files = {
        "a.onnx": logistic_graph(),
        "b.onnx": logistic_graph((2.0, -0.9)),
        "c.onnx": _with_ballast(logistic_graph()),
    }
    place, before = tagged(tmp_path / "old", files, {"prod": 1, "staging": 2, "dev": 2}), empty.snapshot()
    assert bring(empty, place, holdout) == 0
    assert capsys.readouterr().out == (
        "trees in old: 3 versions, as trees here\n"
        '  models/trees/model.yaml is new: binary-classification of "kind"\n'
        "  each is measured on 120 rows of holdout.csv\n"
        "  v1.0.0 -> 1.0.0, of 2024-03-01T10:00:00Z: onnx\n"
        "  v2.0.0 -> 2.0.0, of 2024-03-01T10:00:00Z: onnx\n"
        "  v3.0.0 -> 3.0.0, of 2024-03-01T10:00:00Z: onnx\n"
        "  prod -> trees@1.0.0: enters staging, then production\n"
        "  dev -> trees@2.0.0: enters no channel, because this registry has no dev; --channel dev=NAME says which one"
        " it is (staging, production)\n"
        "  staging -> trees@2.0.0: enters staging\n"
        "nothing is written; --commit brings 3 versions and the moves of 2 channels, a commit each, on the branch"
        " import/trees\n"
    )
    assert empty.snapshot() == before
    assert bring(empty, place, holdout, "--only", "v1.0.0", "--commit") == 0
    assert empty.subjects("main..")[0] == "promote trees 1.0.0 to production"
    capsys.readouterr()
    # Stopped there, it goes on. What is too large leaves nothing behind.
    assert bring(empty, place, holdout, "--commit") == 1
    told = capsys.readouterr().out
    assert "v1.0.0 -> 1.0.0, of 2024-03-01T10:00:00Z: is here already\n" in told
    assert "v3.0.0 did not come: " in told
    assert empty.subjects("main..")[:2] == ["promote trees 2.0.0 to staging", "propose trees 2.0.0"]
    assert empty.git("status", "--porcelain") == ""
    assert empty.dvc("status", "register-trees").strip() == "Data and pipelines are up to date."
    registry = ClonedRegistry(empty.root)
    assert registry.channels("trees") == {"staging": "2.0.0", "production": "1.0.0"}
    first, second = (registry.record("trees", number) for number in ("1.0.0", "2.0.0"))
    assert first.metrics["roc_auc"].low is not None
    assert first.stored_file("evaluation.parquet") == second.stored_file("evaluation.parquet")
    told_of = second.document["extra"]["imported"]
    assert (told_of["from"], told_of["version"], told_of["created"]) == ("gto", "2.0.0", "2024-03-01T10:00:00Z")
    assert "of 2024-03-01T10:00:00Z as it says" in second.summary
    assert main(["-C", str(empty.root), "validate", "--base", "main", "--steps"]) == 0
    assert main(["-C", str(empty.root), "verify", "trees"]) == 0
    # Since it is merged, people here decide about its channels.
    empty.git("switch", "-q", "main")
    empty.git("merge", "-q", "--ff-only", "import/trees")
    git(place, "tag", "-am", "Back", "trees#prod#2", "trees@v2.0.0^{}")
    capsys.readouterr()
    assert bring(empty, place, holdout) == 0
    assert "does not enter production, because staging points to 2.0.0 on main" in capsys.readouterr().out


def _with_ballast(graph: bytes) -> bytes:
    """The graph with a text in it that nobody reads."""
    import onnx

    model = onnx.load_from_string(graph)
    model.doc_string = "x" * 12_000
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.long
def test_pickles_and_estimators_take_the_columns_that_they_were_fitted_on(
    empty: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen, table = rows(0), rows(1)
    seen["age"], table["age"] = range(len(seen)), range(len(table))
    table[["age", "height", "width", "kind"]].to_csv(tmp_path / "rows.csv", index=False)
    wide = RandomForestClassifier(n_estimators=3, random_state=0).fit(seen[[*INPUTS, "age"]], seen["kind"])
    files = {
        "model.skops": dump_canonical(LogisticRegression().fit(seen[INPUTS], seen["kind"])),
        "model.pkl": pickle.dumps(wide),
        "broken.pkl": b"cposix\nsystem\n(S'true'\ntR.",
        "model.onnx": logistic_graph((1.0, 1.0, 0.0)),
    }
    place = tagged(tmp_path / "old", files, {"prod": 2, "staging": 3})
    assert bring(empty, place, str(tmp_path / "rows.csv"), "--commit") == 1
    told = capsys.readouterr().out
    assert "v3.0.0 did not come: broken.pkl: " in told
    assert "staging is not followed: version v3.0.0 did not come\n" in told
    registry = ClonedRegistry(empty.root)
    first, second = (registry.record("trees", number) for number in ("1.0.0", "2.0.0"))
    assert (list(first.signature.inputs), list(second.signature.inputs)) == (INPUTS, [*INPUTS, "age"])
    assert first.stored_file("evaluation.parquet") == second.stored_file("evaluation.parquet")
    assert registry.record("trees", "4.0.0").format == "onnx"
    assert registry.channels("trees") == {"staging": "2.0.0", "production": "2.0.0"}
    assert second.document["extra"]["imported"]["file"]["converted"] == "to skops"
    for back in range(5, -1, -1):
        step = ("--base", f"HEAD~{back + 1}", "--head", f"HEAD~{back}")
        assert main(["-C", str(empty.root), "review", *step, "--author", "ada"]) in (0, 42), capsys.readouterr().out


def test_what_cannot_be_measured_is_told_before_anything_is_written(
    scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.write("requirements.lock", "")
    server = MlflowDouble(name="trees")
    server.add("1", mlmodel("sklearn", pickled_model="model.skops", serialization_format="skops"))
    table, before = rows(1).rename(columns={"height": "length"}), scratch.snapshot()
    with serving(server):
        for columns, more, sentence in (
            (["width", "kind"], SAID, 'cannot come: it takes "length", which the rows lack as an input'),
            (["width", "length", "kind"], ("--owner", "@ada"), "nobody says licence yet; --licence SPDX"),
            (["width", "length", "kind"], (*SAID, "--carry", "age"), "--carry age: the rows have no such column"),
            (["width", "length", "kind"], (*SAID, "--channel", "champion"), "write ALIAS=CHANNEL"),
            (["width", "length"], SAID, 'has no column "kind"'),
        ):
            table[columns].to_csv(tmp_path / "holdout.csv", index=False)
            asked = ("--data", str(tmp_path / "holdout.csv"), "--target", "kind", *more, "--commit")
            assert main(["-C", str(scratch.root), "import", "mlflow", server.address, "trees", *asked]) in (1, 2)
            assert sentence in "".join(capsys.readouterr())
    assert scratch.snapshot() == before


def test_a_model_that_nothing_here_runs_is_not_measured(
    scratch: Scratch, tmp_path: Path, holdout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "hub"
    folder.mkdir()
    (folder / "a.safetensors").write_bytes(b"")
    asked = ("--data", holdout, "--target", "kind", *SAID)
    assert main(["-C", str(scratch.root), "import", "huggingface", str(folder), *asked]) == 1
    assert "requirements.lock: is not there" in capsys.readouterr().err
    scratch.write("requirements.lock", "")
    assert main(["-C", str(scratch.root), "import", "huggingface", str(folder), *asked]) == 1
    assert "it is safetensors, which nothing here runs" in capsys.readouterr().out
