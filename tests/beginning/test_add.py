"""`mintmark add`: what it makes of rows, that the first `dvc repro` works, and that it overwrites nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.beginning.test_init import files_in, git, run
from tests.scaffold.once import Once
from tests.scaffold.warm import warm


def _begin(folder: Path) -> None:
    folder.mkdir()
    assert run(folder, "init", "--commit").code == 0


@pytest.fixture
def registry(once: Once, tmp_path: Path) -> Path:
    shutil.copytree(once.build("begun", _begin), tmp_path / "registry", symlinks=True)
    return tmp_path / "registry"


def odd_rows(count: int = 160) -> pd.DataFrame:
    """Rows with every oddity that a spreadsheet brings."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=count)
    frame = pd.DataFrame(
        {
            "": range(count),
            "row": [f"r{number}" for number in range(count)],
            "a.b": x,
            "${models}": draw.normal(size=count),
            'x: "y" #z': draw.normal(size=count),
            "ünï cöde": draw.choice(["ä", "b b", "ß'"], count),
            "when": pd.date_range("2025-01-01", periods=count).strftime("%Y-%m-%d"),
            "note": [f"text {number}" for number in range(count)],
            "const": 1,
            "empty": np.nan,
            "yes": draw.choice([True, False], count),
            "PLZ": [f"0{number % 7}123" for number in range(count)],
            "- 1": draw.normal(size=count),
            "null": draw.normal(size=count),
            "patient": draw.integers(0, 50, count),
            "goal{{x}}": np.where(x + draw.normal(size=count) > 0.8, "Ja", "Nein"),
        }
    )
    frame.loc[3:20, "a.b"] = np.nan
    frame.loc[5:9, "ünï cöde"] = None
    frame.loc[[7, 8], "goal{{x}}"] = None
    return frame


def section_of(registry: Path, model: str) -> dict[str, object]:
    section: dict[str, object] = yaml.safe_load((registry / "params.yaml").read_text())["models"][model]
    return section


def add_odd(registry: Path) -> None:
    text = odd_rows().to_csv(index=False, sep=";", decimal=",", lineterminator="\r\n")
    (registry.parent / "odd ü & co.csv").write_bytes(text.encode("cp1252"))
    done = run(registry, "add", "odd", "--data", "../odd ü & co.csv", "--target", "goal{{x}}")
    assert done.code == 0, done.text


def test_odd_rows_become_a_recipe_that_prepare_takes(registry: Path) -> None:
    add_odd(registry)
    section = section_of(registry, "odd")
    assert section["source"] == {"path": "data/odd ü & co.csv", "separator": ";", "decimal": ",", "encoding": "cp1252"}
    prepare = section["prepare"]
    assert prepare["id"] == "row"
    assert prepare["drop"] == ["Unnamed: 0", "note", "const", "empty"]
    assert prepare["carry"] == ["when"]
    assert prepare["split"]["method"] == "hash"
    model = yaml.safe_load((registry / "models/odd/model.yaml").read_text())
    assert (model["task"], model["positive_class"], model["entity_column"]) == (
        "binary-classification",
        "Ja",
        "patient",
    )
    made = warm.run("dvc", "repro", "prepare@odd", cwd=registry)
    assert made.code == 0, made.text


@pytest.mark.long
def test_the_first_repro_of_odd_rows_works(registry: Path) -> None:
    add_odd(registry)
    params = registry / "params.yaml"
    params.write_text(params.read_text().replace("resamples: 2000", "resamples: 200\n      importance_repeats: 1"))
    made = warm.run("dvc", "repro", cwd=registry)
    assert made.code == 0, made.text
    assert (registry / "models/odd/candidate/metrics.json").exists()
    git(registry, "add", "-A")
    git(registry, "commit", "-qm", "Describe odd")
    refused = run(registry, "propose", "odd")
    assert refused.code == 1
    assert "purpose: is still blank; write what the model is for" in refused.err
    assert "BLANK" not in git(registry, "log", "--format=%B")


def test_blanks_are_named(registry: Path, tmp_path: Path) -> None:
    odd_rows().to_csv(tmp_path / "rows.csv", index=False)
    done = run(registry, "add", "odd", "--data", "../rows.csv", "--target", "a.b", "--owner", "@ada")
    assert "blank: purpose, licence in models/odd/model.yaml" in done.out
    assert '18 rows left out: without "a.b"\n' in done.out
    text = (registry / "models/odd/model.yaml").read_text()
    assert text.count("# BLANK: ") == 2
    told = run(registry, "validate")
    assert told.code == 0
    assert "models/odd/model.yaml:9:1: purpose: is still blank; write what the model is for" in told.out


@pytest.mark.parametrize(
    ("target", "task", "metric"),
    [
        ("price", "regression", "mae"),
        ("count", "regression", "mae"),
        ("stars", "multiclass-classification", "log_loss"),
        ("kind", "multiclass-classification", "log_loss"),
        ("paid", "binary-classification", "roc_auc"),
        ("zero_one", "binary-classification", "roc_auc"),
    ],
)
def test_the_task_follows_from_the_target(registry: Path, tmp_path: Path, target: str, task: str, metric: str) -> None:
    draw = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "size": draw.normal(size=150), "price": draw.normal(size=150), "count": draw.integers(0, 90, 150),
            "stars": draw.integers(1, 6, 150), "kind": draw.choice(["a", "b", "c"], 150),
            "paid": draw.choice([True, False], 150), "zero_one": draw.integers(0, 2, 150),
        }
    )  # fmt: skip
    frame.to_parquet(tmp_path / "rows.parquet")
    assert run(registry, "add", "model", "--data", "../rows.parquet", "--target", target).code == 0
    model = yaml.safe_load((registry / "models/model/model.yaml").read_text())
    assert (model["task"], model["metric"]["name"]) == (task, metric)
    assert (model["positive_class"] is not None) == task.startswith("binary")


def test_a_second_model_leaves_the_first_as_it_is(registry: Path, tmp_path: Path) -> None:
    odd_rows().to_csv(tmp_path / "rows.csv", index=False)
    (registry / "params.yaml").write_text(
        "schema: 1\nmodels: # ours\n  mine: {seed: 1, source: {path: data/rows.csv}, prepare: {split: {method: random, evaluation: 0.3}},\n"
        "    estimator: {class: sklearn.linear_model.Ridge}, tune: {search: grid, folds: 5, space: {}}, evaluate: {}}\n"
        "\n# what follows\nextra: {a: 1} # kept\n"
    )
    before = (registry / "params.yaml").read_text()
    (registry / "models/mine").mkdir()
    (registry / "models/mine/model.yaml").write_text("")
    assert run(registry, "add", "mine", "--data", "../rows.csv", "--target", "a.b").code == 1
    done = run(registry, "add", "second", "--data", "../rows.csv", "--target", "null")
    assert done.code == 0, done.text
    after = (registry / "params.yaml").read_text()
    head, _, tail = before.partition("\n# what follows")
    assert after.startswith(head)
    assert after.endswith("\n# what follows" + tail)
    assert set(yaml.safe_load(after)["models"]) == {"mine", "second"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("odd", "--data", "../rows.csv", "--target", "nul"), 'has no column "nul"; did you mean "null"?'),
        (("odd", "--data", "../rows.csv", "--target", "note"), '"note" holds 160 different texts'),
        (("odd", "--data", "../rows.csv", "--target", "const"), '"const" holds one value'),
        (("odd", "--data", "../none.csv", "--target", "x"), "../none.csv: No such file"),
        (("odd", "--data", "../broken.csv", "--target", "a"), "line 3: has 3 fields, and the header has 2"),
        (("odd", "--data", "../rows.xlsx", "--target", "a"), "is neither .csv nor .parquet; save it"),
        (("odd", "--data", "../rows.tsv", "--target", "a"), "is neither .csv nor .parquet; call it .csv"),
        (("odd", "--data", "../lines.csv", "--target", "b"), "lines.csv: the name of the column 'a\\nz' holds a sign"),
        (("Odd Name", "--data", "../rows.csv", "--target", "null"), "is not a name of lower-case letters"),
        (("../odd", "--data", "../rows.csv", "--target", "null"), "is not a name of lower-case letters"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    registry: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    odd_rows().to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "broken.csv").write_text("a,b\n1,2\n1,2,3\n")
    (tmp_path / "lines.csv").write_text('"a\nz",b\n1,2\n2,3\n')
    for name in ("rows.xlsx", "rows.tsv"):
        (tmp_path / name).write_bytes(b"PK")
    before = files_in(registry)
    done = run(registry, "add", *arguments)
    assert done.code in (1, 2)
    assert words in done.err
    assert "Traceback" not in done.err
    assert files_in(registry) == before
    assert git(registry, "status", "--porcelain") == ""


def test_it_commits_what_it_wrote_and_nothing_else(registry: Path, tmp_path: Path) -> None:
    odd_rows().to_csv(tmp_path / "rows.csv", index=False)
    (registry / "other.txt").write_text("other\n")
    (registry / "mintmark.txt").write_text("changed\n")
    assert run(registry, "add", "odd", "--data", "../rows.csv", "--target", "null", "--commit").code == 0
    changed = git(registry, "show", "--name-only", "--format=%s").split("\n")
    assert changed == ["Describe odd", "", "data/rows.csv", "models/odd/model.yaml", "params.yaml"]
    assert git(registry, "status", "--porcelain").split("\n") == ["M mintmark.txt", "?? other.txt"]


def test_a_copy_of_the_rows_overwrites_no_other_file(registry: Path, tmp_path: Path) -> None:
    odd_rows().to_csv(tmp_path / "rows.csv", index=False)
    (registry / "data").mkdir()
    (registry / "data/rows.csv").write_text("theirs\n")
    done = run(registry, "add", "odd", "--data", "../rows.csv", "--target", "null")
    assert done.code == 1
    assert "data/rows.csv: is in the way of a copy" in done.err
    assert (registry / "data/rows.csv").read_text() == "theirs\n"


def test_rows_that_git_ignores_are_not_committed_by_surprise(registry: Path) -> None:
    with (registry / ".gitignore").open("a") as file:
        file.write("/data/\n")
    (registry / "data").mkdir()
    odd_rows().to_csv(registry / "data/rows.csv", index=False)
    refused = run(registry, "add", "odd", "--data", "data/rows.csv", "--target", "null", "--commit")
    assert refused.code == 2
    assert "is ignored by Git" in refused.err
    done = run(registry, "add", "odd", "--data", "data/rows.csv", "--target", "null")
    assert "dvc add data/rows.csv" in done.out
    assert subprocess.run(("git", "check-ignore", "-q", "data/rows.csv"), cwd=registry, check=False).returncode == 0
