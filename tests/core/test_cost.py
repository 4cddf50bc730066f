"""What a version says that it costs, wherever it says so."""

from __future__ import annotations

from mintmark.core.cost import recorded_cost

RECORD = {"artifact": {"size": 200}}


def test_the_record_tells_the_times():
    record = {**RECORD, "cost": {"load_seconds": 0.5, "batch_rows": 1000}}
    expected = {"size": 200, "load_seconds": 0.5, "batch_rows": 1000}
    assert recorded_cost(record, None) == recorded_cost(record, {"cost": {"load_seconds": 9}}) == expected


def test_an_older_version_tells_them_in_its_metrics():
    assert recorded_cost(RECORD, {"cost": {"size": 7, "load_seconds": 0.5}}) == {"size": 200, "load_seconds": 0.5}


def test_where_nothing_was_measured_the_size_is_known():
    assert recorded_cost(RECORD, None) == recorded_cost(RECORD, {}) == {"size": 200}
