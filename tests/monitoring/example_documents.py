"""Documents of windows that are built by hand, for tests of whatever reads documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mintmark.core.records import Interval
from mintmark.monitoring.documents import Finding, Window, WindowDocument, fingerprint, in_order, verdict_of
from mintmark.monitoring.measured import (
    Column,
    Estimate,
    Labels,
    Latency,
    Measured,
    MeasuredSlice,
    Performance,
    ReferenceCounts,
    Traffic,
    Unseen,
)

MODEL, VERSION, CHANNEL = "breast-cancer", "1.2.0", "production"
FIRST_DAY = datetime(2026, 3, 4, tzinfo=UTC)


def a_day(number: int = 0, *, is_over: bool = True) -> Window:
    start = FIRST_DAY + timedelta(days=number)
    return Window(start=start, end=start + timedelta(days=1), span="1d", is_over=is_over)


def a_finding(kind: Any = "missing", severity: Any = "alarm", *, column: str = "", words: str = "") -> Finding:
    return Finding(
        kind=kind,
        severity=severity,
        column=column,
        words=words or f"{column or kind}: {kind}.",
        fingerprint=fingerprint(MODEL, VERSION, CHANNEL, kind, column),
    )


def a_number(name: str = "worst area", **more: Any) -> Column:
    column = Column(
        name=name,
        kind="number",
        rows=1000,
        edges=(185.2, 400.0, 600.0, 4254.0),
        counts=(400, 300, 300),
        reference=ReferenceCounts(rows=370, missing=0, counts=(150, 110, 110)),
        distance=0.02,
        p_value=0.61,
        adjusted_p_value=1.0,
        drifted=False,
    )
    return replace(column, **more)


def a_document(number: int = 0, *findings: Finding, **more: Any) -> WindowDocument:
    """A day without faults of a version with two inputs, and labels for most of the rows."""
    window = more.pop("window", a_day(number))
    prediction = Column(
        name="prediction",
        kind="category",
        rows=1000,
        levels=("benign", "malignant"),
        counts=(630, 370, 0),
        reference=ReferenceCounts(rows=199, missing=0, counts=(142, 57, 0)),
        distance=0.08,
        p_value=0.02,
        adjusted_p_value=0.06,
        drifted=False,
    )
    measured = Measured(
        value=0.981,
        low=0.97,
        high=0.99,
        registered=Interval(value=0.99, low=0.975, high=0.999),
        better_by=-0.009,
        worse=False,
    )
    document = WindowDocument(
        model=MODEL,
        version=VERSION,
        channel=CHANNEL,
        window=window,
        metric="roc_auc",
        traffic=Traffic(
            requests=1000,
            rows=1000,
            logged=1000,
            read=1001,
            duplicates=1,
            statuses={"200": 998, "400": 2},
            latency=Latency(p50=0.004, p95=0.009, p99=0.02),
        ),
        columns=(a_number(), a_number("mean texture")),
        outputs=(prediction,),
        labels=Labels(rows=1000, labelled=900, matured=True, late=3),
        performance=Performance(
            rows=900,
            metrics={"roc_auc": measured},
            slices={"large-nuclei": MeasuredSlice(rows=0, reason="no row with a label")},
        ),
        estimate=Estimate(
            method="cbpe",
            assumption="the relation of inputs and target is still the one of the evaluation rows",
            rows=1000,
            metrics={"roc_auc": replace(measured, value=0.985)},
        ),
    )
    ordered = in_order(findings)
    return replace(document, findings=ordered, verdict=verdict_of(ordered, window), **more)


def a_broken_day(number: int) -> WindowDocument:
    """A day on which one input is missing in most rows, and another has values that nobody has seen."""
    broken = a_number(missing=900, counts=(40, 30, 30), drifted=None, reason="most rows have no value", distance=None,
                      p_value=None, adjusted_p_value=None)  # fmt: skip
    unseen = Column(name="site", kind="category", rows=1000, levels=("a", "b"), counts=(400, 300, 300),
                    unseen=Unseen(rows=300, levels={"c": 300}))  # fmt: skip
    return a_document(
        number,
        a_finding(column="worst area", words="worst area has no value in 90% of the rows; in the profile 0%."),
        a_finding("unseen", column="site", words='site has "c" in 30% of the rows, which the profile does not know.'),
        columns=(broken, unseen),
    )


def a_silent_day(number: int) -> WindowDocument:
    silent = a_finding("silence", words="No request came.")
    return a_document(number, silent, traffic=Traffic(silent=True), columns=(), outputs=(), labels=None,
                      performance=None, estimate=None)  # fmt: skip
