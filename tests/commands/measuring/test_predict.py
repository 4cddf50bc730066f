"""`mintmark predict` on real files with a real model: order, names, types, suffixes, and nothing half written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.scaffold.registry import Scratch, begin_committed

from mintmark.commands.measuring import row_files
from mintmark.core.signature.csv_form import recorded_form

SIGNATURE = {
    "inputs": {"width": "float64", "kind": "str"},
    "outputs": {"prediction": {"type": "str", "shape": [None]}},
    "classes": ["large", "small"],
}
ROWS = [("007", 1.5, "01"), ("008", 9.0, "1"), ("NA", 2.0, "01")]


@pytest.fixture(scope="module")
def model() -> bytes:
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.tree import DecisionTreeClassifier

    from mintmark.artifacts.skops.format import dump_canonical

    table = pd.DataFrame({"width": [1.0, 2.0, 8.0, 9.0], "kind": ["01", "1", "01", "1"]})
    columns = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    fitted = make_pipeline(columns, DecisionTreeClassifier(random_state=0)).fit(table, ["small"] * 2 + ["large"] * 2)
    return bytes(dump_canonical(fitted))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: bytes) -> Scratch:
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    made = begin_committed(tmp_path / "registry")
    made.add_model("box")
    made.add_version("box", "1.0.0", {"model.skops": model}, signature=SIGNATURE)
    monkeypatch.chdir(made.root)
    made.write("rows.csv", "id,kind,width\n" + "".join(f"{i},{k},{w}\n" for i, w, k in ROWS))
    return made


def test_a_csv_file_keeps_its_other_columns_as_they_are(made: Scratch) -> None:
    done = made.run("predict", "box@1.0.0", "rows.csv", "-o", "out.csv")
    assert (done.code, done.err) == (0, "")
    assert done.out == "wrote out.csv (3 predictions of box@1.0.0)\n"
    expected = (
        "id,prediction,probability_large,probability_small\n007,small,0.0,1.0\n008,large,1.0,0.0\nNA,small,0.0,1.0\n"
    )
    assert made.read("out.csv") == expected
    assert made.run("predict", "box@1.0.0", "rows.csv", "-o", "-").out == expected


def test_batches_and_formats_give_the_same(made: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame(ROWS, columns=["id", "width", "kind"])
    table.to_parquet(made.root / "rows.parquet")
    made.run("predict", "box@latest", "rows.parquet", "-o", "whole.parquet")
    monkeypatch.setattr(row_files.read_batches, "__kwdefaults__", {**row_files.read_batches.__kwdefaults__, "rows": 2})
    for source in ("rows.csv", "rows.parquet"):
        assert made.run("predict", "box@latest", source, "-o", "parts.parquet").code == 0
        pd.testing.assert_frame_equal(*(pd.read_parquet(made.root / f"{n}.parquet") for n in ("whole", "parts")))
    table[["kind", "width"]].to_csv(made.root / "alone.csv", index=False)
    out = made.run("predict", "box@latest", "alone.csv", "-o", "-").out
    assert [line.split(",")[0] for line in out.splitlines()] == ["row", "0", "1", "2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,sort,width\n1,01,2\n", 'there is no column "kind"'),
        ("kind,Width\n01,2\n", 'there is no column "width"; did you mean "Width"?'),
        ("kind,width\n01,2\n01,wide\n", "\"width\" wants numbers, and row 1 has the text 'wide'"),
        ("kind,width\n01,2\n01\n", "rows.csv:3: has 1 fields, and the header 2"),
        ("kind,width\n01,2,3\n", "rows.csv:2: has 3 fields"),
        ("kind,width,width\n01,2,3\n", 'rows.csv:1: names the column "width" 2 times'),
        ("kind,width\n", "has no rows"),
        ("", "is empty"),
        ("kind,width,prediction\n01,2,3\n", 'has a column "prediction"'),
        ("kind,width\nnew,2\n", "did not answer rows 0 to 0: Found unknown categories"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(made: Scratch, text: str, words: str) -> None:
    made.write("rows.csv", text)
    made.write("out.csv", "before")
    done = made.run("predict", "box@1.0.0", "rows.csv", "-o", "out.csv")
    assert (done.code, done.out) == (1, "")
    assert words in done.err
    assert made.read("out.csv") == "before"
    assert not list(made.root.glob(".mintmark-new-*"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["rows.txt", "-o", "out.csv"], 2, "neither .csv nor .parquet"),
        (["rows.csv", "-o", "out.txt"], 2, "neither .csv nor .parquet"),
        (["rows.csv", "-o", "rows.csv"], 2, "name another file"),
        (["none.csv", "-o", "out.csv"], 1, "cannot be read: No such file"),
        (["rows.csv", "-o", "none/out.csv"], 1, "cannot be written: No such file"),
        (["rows.csv"], 2, "-o/--output"),
    ],
)
def test_what_cannot_be_asked(made: Scratch, arguments: list[str], code: int, words: str) -> None:
    done = made.run("predict", "box@1.0.0", *arguments)
    assert (done.code, words in done.err) == (code, True), done.err


def test_numbers_are_read_exactly_and_other_words_stay(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("f,i,b,s,other\n0.1,9007199254740993,true,NA,1.50\n,1,FALSE,,\nNaN,2,0,01,x\n")
    types = {"f": "float64", "i": "int64", "b": "bool", "s": "str"}
    (batch,) = row_files.read_batches(path)
    table: Any = batch.as_types(types)
    assert table["f"].tolist()[0] == 0.1
    assert table["f"].isna().tolist() == [False, True, True]
    assert table["i"].tolist() == [9007199254740993, 1, 2]
    assert table["b"].tolist() == [True, False, False]
    assert table["s"].tolist() == ["NA", None, "01"]
    assert table["other"].tolist() == ["1.50", "", "x"]
    path.write_text("f\n1_000\n\uff11\n")
    assert next(row_files.read_batches(path)).as_types(types)["f"].tolist() == ["1_000", "\uff11"]


def german(**source: Any) -> dict[str, Any]:
    """The stages of a version that was made from a CSV file as German spreadsheets write it."""
    section = {"path": "d.csv", "separator": ";", "decimal": ",", "encoding": "latin-1", "missing": ["k.A."], **source}
    return {"prepare": {"cmd": "p", "params": {"params.yaml": {"models.box.source": section}}}}


def test_rows_are_read_as_the_source_of_the_version_was(made: Scratch, model: bytes) -> None:
    made.add_version("box", "1.1.0", {"model.skops": model}, signature=SIGNATURE, stages=german())
    made.path("rows.csv").write_bytes("größe;kind;width\nklein;01;1,5\ngroß;1;9,0\n".encode("latin-1"))
    done = made.run("predict", "box@1.1.0", "rows.csv", "-o", "-")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:2] == ["größe,prediction,probability_large,probability_small", "klein,small,0.0,1.0"]
    made.path("rows.csv").write_text("größe;kind;width\ngroß;1;9,0\n", encoding="utf-8")
    assert "\ngroß,large," in made.run("predict", "box@1.1.0", "rows.csv", "-o", "-").out
    made.path("rows.csv").write_text("width,kind\n9.0,1\n")
    assert "\n0,large," in made.run("predict", "box@1.1.0", "rows.csv", "-o", "-").out
    made.path("rows.csv").write_text("kind;width\n1;1.5\n")
    told = made.run("predict", "box@1.1.0", "rows.csv", "-o", "-").err
    assert "rows.csv: \"width\" wants numbers, and row 0 has the text '1.5'" in told
    made.path("rows.csv").write_text("kind;width\n01;k.A.\n")
    assert "wants numbers" not in made.run("predict", "box@1.1.0", "rows.csv", "-o", "-").err
    done = made.run("predict", "box@1.0.0", "rows.csv", "-o", "-")
    assert "rows.csv:1: has one column; its separator is ';', and that of the model's source ','" in done.err


@pytest.mark.parametrize("wrong", [{"encoding": "klingon"}, {"encoding": "rot13"}, {"separator": "ab"}, {"missing": 1}])
def test_what_a_record_says_of_its_source_ends_in_no_traceback(tmp_path: Path, wrong: dict[str, Any]) -> None:
    params = [stage["params"] for stage in german(**wrong).values()]
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    (batch,) = row_files.read_batches(path, forms=[recorded_form("box", params)], names=["a", "b"])
    assert batch.as_types({"a": "int64"})["a"].tolist() == [1]
