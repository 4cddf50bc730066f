"""What a version says that it costs, wherever it says so."""

from __future__ import annotations

from mintmark.core.cost import recorded_cost


def test_the_record_tells_the_times():
    recorded = {"load_seconds": 0.5, "batch_rows": 1000}
    expected = {"size": 200, "load_seconds": 0.5, "batch_rows": 1000}
    assert recorded_cost(200, recorded, None) == recorded_cost(200, recorded, {"cost": {"load_seconds": 9}}) == expected


def test_an_older_version_tells_them_in_its_metrics():
    assert recorded_cost(200, None, {"cost": {"size": 7, "load_seconds": 0.5}}) == {"size": 200, "load_seconds": 0.5}


def test_where_nothing_was_measured_the_size_is_known():
    assert recorded_cost(200, None, None) == recorded_cost(200, None, {}) == {"size": 200}
