from __future__ import annotations

from mintmark.core.announcement import message, metric_table
from mintmark.core.model import Metric
from mintmark.core.records import Interval

NEW = {"f1": Interval(value=0.9, low=0.85, high=0.95), "accuracy": Interval(value=0.98)}
OLD = {"f1": Interval(value=0.92)}


def test_table_has_the_primary_metric_first() -> None:
    table = metric_table(("1.1.0", NEW), [("1.0.0 (parent)", OLD)], Metric(name="f1", maximize=True))
    assert table.splitlines() == [
        "| metric | 1.1.0 | 1.0.0 (parent) | difference to 1.0.0 |",
        "| --- | --- | --- | --- |",
        "| f1 (primary, more is better) | 0.9 [0.85, 0.95] | 0.92 | -0.02 |",
        "| accuracy | 0.98 |  |  |",
    ]
    assert metric_table(("1.1.0", {}), [], Metric(name="f1", maximize=False)) == ""


def test_message() -> None:
    assert message("subject", "one\n", "", "two") == "subject\n\none\n\ntwo\n"
    assert message("subject") == "subject\n"
