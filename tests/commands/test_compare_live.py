"""What callers got against what a shadow said: agreement without labels, the test of a review with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.serving.log.logged import journal
from tests.serving.log.of_repository import ROOT, answered, evaluation_rows

from mintmark.cli import main

SIDES = ("breast-cancer@production", "breast-cancer@staging")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each evaluation row was asked by itself; 1.1.0 served it, and 1.2.0 was the shadow."""
    folder = tmp_path_factory.mktemp("live")
    rows = evaluation_rows()
    written = journal(folder)
    for place in range(len(rows)):
        row = rows.iloc[[place]]
        written.record(answered("1.1.0", f"r{place}", row))
        if place:
            written.record(answered("1.2.0", f"r{place}", row, shadow=True, channel="staging"))
    written.record(answered("1.1.0", "r1", rows.iloc[[5]], time=1_800_000_100.0))  # an id that two requests had
    assert written.flush()
    return folder


def compare(log: Path, *arguments: str) -> int:
    return main(["-C", str(ROOT), "compare", "--live", str(log), *SIDES, *arguments])


def test_without_labels_agreement_is_told_and_rows_to_label(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = evaluation_rows()
    assert compare(log, "-o", str(tmp_path / "label.csv"), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["first"], found["second"]) == ("breast-cancer@1.1.0", "breast-cancer@1.2.0")
    assert found["rows"] == len(rows) - 2, "one row has no counterpart, and one id was used twice"
    one, other = (answered(version, "x", rows).answer for version in ("1.1.0", "1.2.0"))
    assert one is not None
    assert other is not None
    keep = [place for place in range(len(rows)) if place > 1]
    differing = [place for place in keep if one.predictions[place] != other.predictions[place]]
    told = found["agreement"]
    assert told["share"]["value"] == pytest.approx(1 - len(differing) / len(keep))
    assert told["share"]["low"] < told["share"]["value"] < told["share"]["high"] <= 1
    assert differing, "these two differ, else the rows to label are not tested"
    assert set(pd.read_csv(tmp_path / "label.csv")["id"]) == {f"r{place}" for place in differing}


def test_with_labels_the_test_of_a_review_decides(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = evaluation_rows()
    labels = pd.DataFrame({"id": [f"r{place}" for place in range(len(rows))], "diagnosis": rows["diagnosis"]})
    mistaken = labels.head(20).assign(diagnosis="benign")  # labels that somebody put right later
    pd.concat([mistaken, labels]).to_csv(tmp_path / "labels.csv", index=False)
    assert compare(log, "--labels", str(tmp_path / "labels.csv"), "--json") == 0
    live = json.loads(capsys.readouterr().out)
    assert live["labelled"] == len(rows) - 2
    asked = rows.iloc[2:].drop(columns=["row"], errors="ignore")
    asked.to_parquet(tmp_path / "rows.parquet", index=False)
    on = ["compare", "breast-cancer@1.1.0", "breast-cancer@1.2.0", "--on", str(tmp_path / "rows.parquet"), "--json"]
    assert main(["-C", str(ROOT), *on]) == 0
    (reviewed,) = json.loads(capsys.readouterr().out)["pairs"]
    assert live["judged"] == reviewed["judged"]
    assert live["is_known"] == reviewed["is_known"]
    standings = [
        [(each["name"], each["difference"]["standing"]) for each in one["metrics"]] for one in (live, reviewed)
    ]
    assert standings[0] == standings[1], "the same words as for rows that somebody brings"


def test_labels_by_inputs_and_labels_that_fit_nothing(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = evaluation_rows()
    by_inputs = rows[["mean radius", "mean texture", "diagnosis"]].drop_duplicates(["mean radius", "mean texture"])
    by_inputs.to_parquet(tmp_path / "inputs.parquet", index=False)
    assert compare(log, "--labels", str(tmp_path / "inputs.parquet"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["labelled"] > len(rows) * 0.9
    for content, says in (
        ("id,label\nr2,benign\n", 'no column "diagnosis"'),
        ("id,diagnosis\nnobody,benign\n", "no label for any"),
        ("what,diagnosis\nr2,benign\n", "neither the column id nor an input"),
    ):
        (tmp_path / "labels.csv").write_text(content)
        assert compare(log, "--labels", str(tmp_path / "labels.csv")) == 1
        assert says in capsys.readouterr().err


def test_what_the_log_does_not_have_is_a_sentence(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments: list[Any] = ["-C", str(ROOT), "compare", "--live", str(log)]
    assert main([*arguments, "breast-cancer@staging", "breast-cancer@production"]) == 1
    assert "has no answer of breast-cancer@staging as served" in capsys.readouterr().err
    assert main([*arguments, "breast-cancer@production", "digits@staging"]) == 2
