"""`review --reproduce` works out which rows a version was trained on, and holds the digests of a proposal against that."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from tests.judging.judged_fixture import bytes_of, forge, propose, rewritten
from tests.judging.trials.test_anchor import crown
from tests.judging.trials.test_clean_rows import RECORD, said
from tests.scaffold.registry import Scratch

from mintmark.training.tables import format_parquet

TABLE = "models/loans/candidate/train.parquet"
KEY = 'key = "sha256:" + hashlib.sha256(Path("data/loans.csv").read_bytes()).hexdigest()'
WRONG = "its stages write other digests of training rows than it stores; dvc repro, and propose it again"


@pytest.fixture
def old(judged: Scratch) -> Scratch:
    """On the branch `old`: the champion 1.1.0 saw 400 of the rows, and keeps no digests. Its stage writes a table."""
    judged.branch("old", "main")
    judged.edit(
        "scripts/fit.py", KEY, f'table = out / "train.parquet"\ntable.write_bytes(tables.format_parquet(train))\n{KEY}'
    )
    judged.edit("scripts/fit.py", 'Path("data/loans.csv").read_bytes()', "table.read_bytes()")
    judged.edit("scripts/fit.py", '"path": "data/loans.csv"', '"path": f"{table}"')
    judged.edit("dvc.yaml", "      outs:\n", "      outs:\n        - models/${key}/candidate/train.parquet\n")
    propose(judged, C=1.0, seen=800)
    crown(judged, "1.1.0")
    with rewritten(judged.path(RECORD.replace("1.0.0", "1.1.0"))) as record:
        del record["files"]["training-rows.parquet"]
    judged.remove("models/loans/versions/1.1.0/training-rows.parquet.dvc")
    judged.commit("As it was registered then")
    judged.branch("new", "old")
    propose(judged, "--version", "1.2.0", C=0.9)
    return judged


@pytest.mark.slow
def test_digests_that_the_stages_do_not_write_fail(judged: Scratch) -> None:
    """Made with another key they look like any others: nothing but running the stages tells."""
    judged.git("switch", "--quiet", "better")
    digests = pd.read_parquet(io.BytesIO(bytes_of(judged, "1.1.0", "training-rows.parquet")))
    digests["digest"] = sorted((digests["digest"] * 7 + 1) % (len(digests) << 20))
    forge(judged, "1.1.0", "training-rows.parquet", format_parquet(digests, ascending=["digest"]))
    judged.amend()
    found = judged.review("--reproduce")
    assert found.code == 1
    assert ("fail", WRONG) in said(found, "reproduction")


@pytest.mark.long
def test_the_verdict_is_judged_on_rows_that_reproducing_worked_out(old: Scratch) -> None:
    """The proposal agrees with itself, and its digests were made with another key: nothing but running it tells."""
    digests = pd.read_parquet(io.BytesIO(bytes_of(old, "1.2.0", "training-rows.parquet")))
    digests["digest"] = sorted((digests["digest"] * 7 + 1) % (len(digests) << 20))
    forge(old, "1.2.0", "training-rows.parquet", format_parquet(digests, ascending=["digest"]))
    old.amend()
    found = old.review("--reproduce", base="old")
    assert said(found) == [
        (
            "pass",
            "loans@1.1.0 keeps no digests that tell; 1,000 rows of its training were worked out by reproducing it",
        ),
        ("pass", "400 of 600 rows were in the training of loans@1.1.0; judged on the 200 that are left"),
    ]
    assert found.report["evaluations"][0]["rows"] == 200
    ((_, message),) = said(found, "champion")
    assert "decides nothing" not in message
    assert found.code == 1
    assert ("fail", WRONG) in said(found, "reproduction")
