"""`mintmark explain` on real files with a real model: contributions that add up, and what it refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.scaffold.registry import Scratch, begin_committed

SIGNATURE = {
    "inputs": {"width": "float64", "kind": "str"},
    "outputs": {"prediction": {"type": "float64", "shape": [None]}},
}
TABLE = pd.DataFrame({"width": np.arange(40.0), "kind": ["a", "b"] * 20, "row": range(40)})


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from mintmark.artifacts.skops.format import dump_canonical

    columns = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    price = 2 * TABLE["width"] + 10 * (TABLE["kind"] == "b")
    content = bytes(dump_canonical(make_pipeline(columns, LinearRegression()).fit(TABLE[["width", "kind"]], price)))
    stored = io.BytesIO()
    TABLE.to_parquet(stored)
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    made = begin_committed(tmp_path / "registry")
    made.add_model("box", task="regression")
    files = {"model.skops": content, "evaluation.parquet": stored.getvalue()}
    made.add_version("box", "1.0.0", files, signature=SIGNATURE)
    made.add_version("box", "1.1.0", {"model.skops": content}, signature=SIGNATURE)
    monkeypatch.chdir(made.root)
    made.write("rows.csv", "id,kind,width\n7,b,30\n8,a,19.5\n")
    return made


def test_contributions_are_the_terms_of_a_linear_model_and_lead_to_the_answer(made: Scratch) -> None:
    done = made.run("explain", "box@1.0.0", "rows.csv", "--json")
    assert (done.code, done.err) == (0, "")
    first, second = json.loads(done.out)
    assert (first["by"], first["answer"], first["base"], first["background"]) == ("prediction", 70, 44, 40)
    assert [first["inputs"][name]["value"] for name in ("width", "kind")] == pytest.approx([21, 5])
    assert [second["inputs"][name]["value"] for name in ("width", "kind")] == pytest.approx([0, -5], abs=1e-6)


def test_a_row_is_told_with_its_values_and_the_largest_contribution_first(made: Scratch) -> None:
    done = made.run("explain", "box@1.0.0", "rows.csv")
    assert done.out.splitlines()[0] == "row 0: prediction 70, and 44 on average over 40 evaluation rows of box@1.0.0"
    assert [line.split()[:3] for line in done.out.splitlines()[2:4]] == [["width", "30", "+21"], ["kind", "b", "+5"]]


@pytest.mark.parametrize(
    ("reference", "rows", "message"),
    [
        ("box@1.0.0", "kind,width\n", "rows.csv: has no rows to explain"),
        ("box@1.0.0", "kind,width\n" + "a,1\n" * 21, "rows.csv: has more than 20 rows"),
        ("box@1.0.0", "kind\na\n", "width"),
        ("box@1.1.0", "kind,width\na,1\n", "box@1.1.0 keeps no evaluation.parquet"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(made: Scratch, reference: str, rows: str, message: str) -> None:
    made.write("rows.csv", rows)
    done = made.run("explain", reference, "rows.csv")
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
