"""What only the author vouches for, and the clock that a record is held against."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.scaffold.documents import metrics_document, stored, version_document

from mintmark.core.judgement.record_claims import dispute_author, dispute_parent, dispute_texts, dispute_time
from mintmark.core.provenance.said import said_by_author
from mintmark.core.records import VersionRecord

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _record(**changes: object) -> VersionRecord:
    files = {name: stored(name, name.encode()) for name in ("model.skops", "predictions.parquet")}
    return VersionRecord.from_dict({**version_document("iris", "1.1.0", files, parent="1.0.0"), **changes})


@pytest.mark.parametrize(
    ("created", "says"),
    [
        ("2026-06-01T12:00:00Z", ""),
        ("2026-06-01T12:59:59Z", ""),
        ("2026-06-01T13:00:01Z", "in the future"),
        ("2026-05-01T11:30:00Z", ""),
        ("2026-05-01T10:59:59Z", "before its parent"),
        ("2026-02-30T12:00:00Z", "in no calendar"),
    ],
)
def test_a_time_lies_between_the_parent_and_the_clock(created: str, says: str) -> None:
    """An hour is allowed for clocks that differ."""
    found = list(dispute_time(_record(created=created), "2026-05-01T12:00:00Z", NOW))
    assert [says in finding.message for finding in found] == ([True] if says else [])


def test_a_parent_is_one_that_the_branch_or_the_base_had() -> None:
    record = _record()
    assert list(dispute_parent(record, [(["1.0.0"], ()), (["1.0.0", "1.0.5"], ())])) == []
    assert list(dispute_parent(record, [(["1.0.0", "1.0.5"], ["1.0.5"])])) == []
    assert [f.where for f in dispute_parent(record, [(["1.0.0", "1.0.5"], ())])] == ["parent"]


def test_an_author_is_named_by_a_commit_where_one_is_known() -> None:
    record = _record(author="Ada <ada@example.org>")
    assert list(dispute_author(record, {"Ada <ada@example.org>", "Bob <bob@example.org>"})) == []
    assert list(dispute_author(record, set())) == []
    assert [f.where for f in dispute_author(record, {"Bob <bob@example.org>"})] == ["author"]


def test_a_text_shows_what_it_holds() -> None:
    assert list(dispute_texts(_record(summary="One\r\ntwo\tthree \U0001f469\u200d\U0001f4bb"))) == []
    assert [f.where for f in dispute_texts(_record(summary="a\u202eb"))] == ["summary"]


def test_what_nobody_can_check_is_named() -> None:
    record = version_document("iris", "1.1.0", {"model.skops": stored("model.skops", b"x")}, parent=None)
    names = [said.name for said in said_by_author({**record, "extra": {}, "cost": {"load_seconds": 1}}, None)]
    assert {"author", "created", "summary", "environment.python", "cost", "extra"} <= set(names)
    measured = {**metrics_document(record["metrics"]), "importance": {"x": {"mean": 0.1, "std": 0.0}}}
    assert "importance in metrics.json" in [said.name for said in said_by_author(record, measured)]
