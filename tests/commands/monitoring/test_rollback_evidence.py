"""The version before is asked the logged rows again, and judged: what it takes, and what keeps anybody from telling."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.commands.monitoring.two_versions import (
    FIRST,
    MODEL,
    SECOND,
    TARGET,
    Change,
    answering,
    as_it_is,
    both_tables,
    days_ago,
    decision,
    requests_of,
)
from tests.scaffold.registry import Scratch
from tests.serving.log.logged import journal

from mintmark.commands.comparing.sides import read_side
from mintmark.commands.monitoring import rollback_evidence
from mintmark.commands.monitoring.logged_rows import read_logged_rows
from mintmark.commands.monitoring.monitor import watch_log
from mintmark.commands.monitoring.rollback_evidence import JudgedRollback, judge_rollback
from mintmark.core.question import TRAINING_ROWS
from mintmark.errors import MintmarkError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.logged.reading import PredictionLog

pytestmark = pytest.mark.slow


def without_a_clue(rows: pd.DataFrame) -> pd.DataFrame:
    """A `worst area` that speaks against all else, so that 1.1.0 cannot say anything with confidence."""
    train = both_tables()[0]
    scale, model = make_pipeline(StandardScaler(), LogisticRegression(C=10.0)).fit(train[SECOND], train[TARGET])
    weights = model.coef_[0]
    others = (scale.transform(rows[SECOND])[:, :-1] @ weights[:-1] + model.intercept_[0]) / -weights[-1]
    area = others * scale.scale_[-1] + scale.mean_[-1]
    return rows.assign(**{"worst area": np.clip(area, train["worst area"].min(), train["worst area"].max())})


def write(root: Path, folder: Path, change: Change, *, times: int = 1, **options: Any) -> Path:
    """A day of traffic, whose requests some proxy sends several times."""
    with answering(root, f"{MODEL}@1.1.0") as served:
        written = journal(folder, **options)
        for _ in range(times):
            for name, rows in requests_of(0):
                written.record(decision(served, name, change(rows), days_ago(1)))
        assert written.flush()
    return folder


def judge(root: Path, log: Path) -> JudgedRollback:
    registry = ClonedRegistry(root)
    documents = [each for each in watch_log(registry, [MODEL], str(log)).documents if each.traffic.rows]
    return judge_rollback(registry, PredictionLog(str(log)), documents, "1.0.0", lambda _: None)


def test_an_estimate_tells_both_apart_where_the_difference_is_large(two_versions: Scratch, tmp_path: Path) -> None:
    found = judge(two_versions.root, write(two_versions.root, tmp_path / "log", without_a_clue, times=2))
    assert (found.rows, found.with_labels, found.is_better) == (284, False, True), found
    assert found.metrics[0].standing == "better, as estimated"
    assert "each score means what it meant on the evaluation rows" in found.notes[0]


@pytest.mark.long
def test_rows_that_nobody_spoiled_make_no_version_better(two_versions: Scratch, tmp_path: Path) -> None:
    assert not judge(two_versions.root, write(two_versions.root, tmp_path / "log", as_it_is)).is_better


@pytest.mark.long
def test_many_rows_are_sampled_by_their_ids(
    two_versions: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write(two_versions.root, tmp_path / "log", as_it_is)
    monkeypatch.setattr("mintmark.commands.monitoring.logged_rows.MOST_ROWS", 100)
    found = [judge(two_versions.root, log) for _ in range(2)]
    assert found[0] == found[1]
    assert 60 < found[0].rows < 140


@pytest.mark.parametrize(("names", "why"), [(FIRST[:1], f'"{FIRST[0]}" as it was given (personal)'), (SECOND[-1:], "")])
def test_what_is_personal_cannot_be_asked_again(
    names: Sequence[str], why: str, two_versions: Scratch, tmp_path: Path
) -> None:
    """A column that the version before never reads may be hidden."""
    log = write(two_versions.root, tmp_path / "log", as_it_is, personal=lambda _: dict.fromkeys(names, "drop"))
    if not why:
        assert judge(two_versions.root, log).rows == 284
        return
    with pytest.raises(MintmarkError) as caught:
        judge(two_versions.root, log)
    assert why in str(caught.value)


def test_rows_of_another_artifact_are_not_taken_for_the_versions_own(two_versions: Scratch, tmp_path: Path) -> None:
    log = write(two_versions.root, tmp_path / "log", as_it_is)
    for file in log.rglob("*.parquet"):
        table = pq.read_table(file)
        about = json.loads(table.schema.metadata[b"mintmark.about"]) | {"artifact": "0" * 64}
        told = {**table.schema.metadata, b"mintmark.about": json.dumps(about).encode()}
        pq.write_table(table.replace_schema_metadata(told), file)
    with pytest.raises(MintmarkError, match=r"no rows of breast-cancer@1\.1\.0 that can be asked again"):
        judge(two_versions.root, log)


@pytest.mark.long
def test_rows_of_one_entity_are_judged_together(
    two_versions: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve patients are twelve things that are known, however many rows they have."""
    registry = ClonedRegistry(two_versions.root)
    log = write(two_versions.root, tmp_path / "log", without_a_clue)
    asked = [read_side(registry, f"{MODEL}@{number}") for number in ("1.1.0", "1.0.0")]
    versions = [side.fetch(registry, (side.document["artifact"]["path"], TRAINING_ROWS)) for side in asked]
    documents = [each for each in watch_log(registry, [MODEL], str(log)).documents if each.traffic.rows]
    rows = read_logged_rows(PredictionLog(str(log)), rollback_evidence._wanted(versions, documents))
    truth = pa.array(np.concatenate([each[TARGET].to_numpy() for _, each in requests_of(0)]))
    described = registry.model(MODEL)
    monkeypatch.setattr(type(registry), "model", lambda self, name: replace(described, entity_column="patient"))
    for entities, is_better in ((284, True), (12, False)):
        told = replace(rows, truth=truth, entities=[row % entities for row in range(len(rows))], are_hashed=True)
        found = rollback_evidence._with_labels(registry, versions, told)
        assert (found.is_better, found.rows, found.with_labels) == (is_better, 284, True), found
