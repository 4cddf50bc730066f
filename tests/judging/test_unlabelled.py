"""`compare --unlabelled` writes the rows that two versions answer differently, as they are."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pytest
from tests.scaffold.registry import Scratch

ROWS = 400


def unlabelled(judged: Scratch, **changes: str) -> list[dict[str, str]]:
    """Rows of the data without their label, with a note of its own and the columns turned round."""
    rows = list(csv.DictReader(judged.read("data/loans.csv").splitlines()))[:ROWS]
    kept = [
        {"note": f"0{number}", **{name: row[name] for name in ("debt", "income", "age")}, **changes}
        for number, row in enumerate(rows)
    ]
    with judged.path("new.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(kept[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    return kept


def pick(judged: Scratch, *more: str, out: str = "label.csv") -> str:
    judged.git("switch", "--quiet", "better")
    arguments = ("loans@1.0.0", "loans@1.1.0", "--unlabelled", str(judged.path("new.csv")), "-o", str(judged.path(out)))
    done = judged.mintmark("compare", *arguments, *more)
    return f"{done.code} {done.text}"


def test_only_rows_that_are_answered_differently_are_written(judged: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unlabelled(judged)
    said = pick(judged)
    written = list(csv.DictReader(judged.read("label.csv").splitlines()))
    assert 0 < len(written) < ROWS / 2
    assert said.startswith("0 wrote ")
    assert f"{len(written)} of {ROWS} rows, which loans@1.0.0 and loans@1.1.0 answer differently." in said
    assert all(row in rows for row in written), "each as it is in the file: 01 stays 01"
    answers = []
    for version in ("1.0.0", "1.1.0"):
        out = judged.path(f"{version}.csv")
        assert judged.mintmark("predict", f"loans@{version}", str(judged.path("new.csv")), "-o", str(out)).code == 0
        answers.append([row["prediction"] for row in csv.DictReader(out.read_text().splitlines())])
    differ = [row["note"] for row, one, other in zip(rows, *answers, strict=True) if one != other]
    assert [row["note"] for row in written] == differ


@pytest.mark.slow
def test_a_table_of_parquet_and_json(judged: Scratch) -> None:
    unlabelled(judged)
    pd.read_csv(judged.path("new.csv")).to_parquet(judged.path("new.parquet"))
    judged.git("switch", "--quiet", "better")
    done = judged.mintmark(
        "compare", "loans@1.0.0", "loans@1.1.0", "--unlabelled", str(judged.path("new.parquet")),
        "-o", str(judged.path("label.parquet")), "--json",
    )  # fmt: skip
    document = json.loads(done.text)
    assert (document["rows"], document["metric"]) == (ROWS, "accuracy")
    assert len(pd.read_parquet(judged.path("label.parquet"))) == document["differing"] > 0


def test_what_cannot_be_picked_is_told_and_nothing_is_written(judged: Scratch) -> None:
    unlabelled(judged, age="old")
    assert '"age"' in pick(judged)
    judged.write("new.csv", "age,income\n30,1\n")
    assert '"debt"' in pick(judged)
    judged.write("new.csv", "age,income,debt\n")
    assert "has no rows" in pick(judged)
    assert "give it the suffix of new.csv" in pick(judged, out="label.parquet")
    assert "would be replaced" in pick(judged, out="new.csv")
    for out in ("label.csv", "label.parquet"):
        assert not judged.path(out).exists()
    done = judged.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "-o", "label.csv")
    assert (done.code, "go together" in done.text) == (2, True)
