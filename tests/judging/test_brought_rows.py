"""`evaluate --on` and `compare --on`: real versions on rows that somebody brings, run confined."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from tests.judging.judged_fixture import nearly, rewritten
from tests.scaffold.registry import Scratch

from mintmark.registry.documents import parse_document


@pytest.fixture
def brought(judged: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """The branch with two versions, and the evaluation rows of both as a CSV file, in another order of columns."""
    judged.git("switch", "--quiet", "better")
    monkeypatch.chdir(judged.root)
    write_rows(judged, "rows.csv", evaluation_rows(judged))
    return judged


def evaluation_rows(judged: Scratch) -> list[dict[str, Any]]:
    import pandas as pd

    file = judged.object_of("loans", "1.0.0", "evaluation.parquet")
    return [dict(sorted(row.items())) for row in pd.read_parquet(file).to_dict("records")]


def write_rows(judged: Scratch, name: str, rows: list[dict[str, Any]], *, separator: str = ",") -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    judged.write(name, text.getvalue())


def test_the_rows_of_the_version_give_its_own_metrics(brought: Scratch) -> None:
    done = brought.mintmark("evaluate", "loans@1.0.0", "--on", "rows.csv", "-o", "found.json", "--json")
    assert done.code == 0, done.text
    record = json.loads(brought.read("found.json"))
    assert json.loads(done.text) == record
    assert parse_document("evaluation", brought.read("found.json").encode(), "found.json").findings == ()
    recorded = json.loads(brought.read("models/loans/versions/1.0.0/metrics.json"))
    values = {name: found["value"] for name, found in recorded["metrics"].items()}
    assert {name: found["value"] for name, found in record["metrics"].items()} == values
    assert (record["trained_on"], record["data"]["rows"], record["reference"]) == (0, 600, "loans@1.0.0")
    text = brought.mintmark("evaluate", "loans@1.0.0", "--on", "rows.csv").text
    assert "loans@1.0.0 on rows.csv: 600 rows" in text
    assert "None of them was in the training of loans@1.0.0." in text
    compared = brought.mintmark("compare", "loans@1.1.0", "found.json")
    assert "loans@1.0.0 on rows.csv" in compared.text
    assert "measured on other rows" in compared.text
    both = brought.mintmark("compare", "found.json", "found.json").text
    assert "Not tested: a record keeps no answers" in both
    with rewritten(brought.path("models/loans/versions/1.0.0/version.yaml")) as version:
        version["artifact"]["sha256"] = "0" * 64
    refused = brought.mintmark("compare", "loans@1.1.0", "found.json")
    assert (refused.code, "is about another artifact" in refused.text) == (1, True)


@pytest.mark.slow
def test_a_file_is_read_as_the_source_of_the_version_was_written(brought: Scratch) -> None:
    """Semicolons and decimal commas, as params.yaml of that day said: the same rows, and so the same metrics."""
    rows = [
        {name: str(value).replace(".", ",") if isinstance(value, float) else value for name, value in row.items()}
        for row in evaluation_rows(brought)
    ]
    write_rows(brought, "rows.csv", rows, separator=";")
    for version in ("1.0.0", "1.1.0"):
        with rewritten(brought.path(f"models/loans/versions/{version}/version.yaml")) as record:
            for stage in record["stages"].values():
                stage["params"]["params.yaml"]["models.loans"]["source"] = {"separator": ";", "decimal": ","}
    recorded = json.loads(brought.read("models/loans/versions/1.0.0/metrics.json"))["metrics"]["accuracy"]["value"]
    measured = json.loads(brought.mintmark("evaluate", "loans@1.0.0", "--on", "rows.csv", "--json").text)
    assert measured["metrics"]["accuracy"]["value"] == recorded
    pair = json.loads(brought.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "--on", "rows.csv", "--json").text)
    assert pair["records"][0]["metrics"]["accuracy"]["value"] == recorded
    assert pair["pairs"][0]["judged"] == 600


@pytest.mark.long
def test_several_versions_on_the_same_rows_are_tested_against_the_first(brought: Scratch) -> None:
    found = brought.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "loans@candidate", "--on", "rows.csv", "--json")
    assert found.code == 0, found.text
    document = json.loads(found.text)
    assert [record["reference"] for record in document["records"]] == ["loans@1.0.0", "loans@1.1.0", "loans@candidate"]
    stored = json.loads(brought.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "--json").text)
    tests = {metric["name"]: metric["test"] for metric in stored["metrics"]}
    for pair in document["pairs"]:
        assert (pair["judged"], pair["is_known"]) == (600, True)
        assert {metric["name"]: metric["difference"] for metric in pair["metrics"]} == nearly(tests)
    text = brought.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "--on", "rows.csv").text
    accuracy = next(line for line in text.splitlines() if line.startswith("accuracy") and "better" in line)
    assert accuracy.split()[-1] == "better"
    assert "Paired test on 600 rows that neither was trained on." in text


@pytest.mark.slow
def test_rows_of_the_training_are_counted_and_not_judged_on(brought: Scratch) -> None:
    source = list(csv.DictReader(io.StringIO(brought.read("data/loans.csv"))))
    write_rows(brought, "all.csv", source)
    record = json.loads(brought.mintmark("evaluate", "loans@1.0.0", "--on", "all.csv", "--json").text)
    assert (record["data"]["rows"], record["trained_on"]) == (1200, 600)
    text = brought.mintmark("compare", "loans@1.0.0", "loans@1.1.0", "--on", "all.csv").text
    assert "judged on the 600 that are left" in text


CHANGES: list[tuple[Any, str]] = [
    (lambda row: {**row, "paid": ""}, "in row 0, 1, 2, 3, 4 and 595 more;"),
    (lambda row: {name: value for name, value in row.items() if name != "paid"}, 'no column "paid" (target'),
    (
        lambda row: {("Income" if name == "income" else name): value for name, value in row.items()},
        'no column "income"; did you mean "Income"',
    ),
    (lambda row: {**row, "income": "high"}, "\"income\" wants numbers, and row 0 has the text 'high'"),
]
ASKED = [
    (["compare", "loans@1.0.0"], 2, "compare takes two references"),
    (["compare", "loans@1.0.0", "loans@1.1.0", "loans@candidate"], 2, "go with --on DATA"),
    (["compare", "loans@1.0.0", "loans@production", "--on", "rows.csv"], 2, "mean one version"),
    (["evaluate", "loans@1.0.0"], 2, "--on"),
    (["evaluate", "loans@9.0.0", "--on", "rows.csv"], 1, "no version 9.0.0"),
    (["evaluate", "loans@1.0.0", "--on", "none.csv"], 1, "cannot be read"),
    (["evaluate", "loans@1.0.0", "--on", "rows.csv", "-o", "found.yaml"], 2, "call it .json"),
]


def test_what_cannot_be_measured_is_refused_by_its_name(brought: Scratch) -> None:
    for arguments, code, words in ASKED:
        done = brought.run(*arguments)
        assert (done.code, words in done.err) == (code, True), done.err
    rows = evaluation_rows(brought)
    for change, words in CHANGES:
        write_rows(brought, "rows.csv", [change(row) for row in rows])
        done = brought.run("evaluate", "loans@1.0.0", "--on", "rows.csv")
        assert (done.code, done.out) == (1, "")
        assert words in done.err, done.err
