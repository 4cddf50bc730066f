from __future__ import annotations

from mintmark.core.announcement import Beside, message, metric_table
from mintmark.core.comparison import Basis
from mintmark.core.model import Metric
from mintmark.core.records import Interval

NEW = {"f1": Interval(value=0.9, low=0.85, high=0.95), "accuracy": Interval(value=0.98)}
OLD = {"f1": Interval(value=0.92)}


def beside(basis: Basis) -> Beside:
    return Beside(label="1.0.0 (parent)", metrics=OLD, basis=basis)


def test_table_has_the_primary_metric_first() -> None:
    table = metric_table(("1.1.0", NEW), [beside("same rows")], Metric(name="f1"))
    assert table.splitlines() == [
        "| metric | 1.1.0 | 1.0.0 (parent) | difference to 1.0.0, not tested |",
        "| --- | --- | --- | --- |",
        "| f1 (primary, more is better) | 0.9 [0.85, 0.95] | 0.92 | -0.02 |",
        "| accuracy | 0.98 |  |  |",
    ]
    assert metric_table(("1.1.0", {}), [], Metric(name="f1")) == ""


def test_what_was_measured_on_other_rows_has_no_difference() -> None:
    table = metric_table(("1.1.0", NEW), [beside("other rows")], Metric(name="f1"))
    assert table.splitlines() == [
        "| metric | 1.1.0 | 1.0.0 (parent), measured on other rows |",
        "| --- | --- | --- |",
        "| f1 (primary, more is better) | 0.9 [0.85, 0.95] | 0.92 |",
        "| accuracy | 0.98 |  |",
    ]


def test_message() -> None:
    assert message("subject", "one\n", "", "two") == "subject\n\none\n\ntwo\n"
    assert message("subject") == "subject\n"
