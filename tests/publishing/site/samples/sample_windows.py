"""Windows of models in production, made up: quiet ones, a silence, drift, an alarm, texts that attack."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.monitoring.example_documents import a_day, a_document, a_number
from tests.publishing.site.samples.sample_versions import HOSTILE
from tests.scaffold.registry import Scratch

from mintmark.core.records import Interval
from mintmark.monitoring.documents import (
    Finding,
    WindowDocument,
    fingerprint,
    format_document,
    in_order,
    verdict_of,
)
from mintmark.monitoring.measured import Measured, MeasuredSlice, Traffic

REGISTERED = Interval(value=0.93, low=0.9, high=0.96)


def a_window(
    model: str, version: str, day: int, *told: tuple[Any, Any, str, str], metric: str = "roc_auc", value: float = 0.92,
    labelled: bool = True, worse: bool = False, **more: Any,
) -> WindowDocument:  # fmt: skip
    """A day of a model; `told` are findings as kind, severity, column and words."""
    channel = more.get("channel", "production")
    findings = in_order(
        [
            Finding(
                kind=kind,
                severity=severity,
                column=column,
                words=words,
                fingerprint=fingerprint(model, version, channel, kind, column),
            )
            for kind, severity, column, words in told
        ]
    )
    window = replace(a_day(day), end=a_day(day).start + timedelta(days=1))
    plain = a_document(day)
    measured = Measured(value=value, low=value - 0.03, high=min(1.0, value + 0.03), registered=REGISTERED, worse=worse,
                        better_by=value - 0.93)  # fmt: skip
    assert plain.performance is not None
    assert plain.estimate is not None
    small = MeasuredSlice(rows=300, metrics={metric: measured})
    slices = {"small": small, "few": MeasuredSlice(rows=0, reason="no row")}
    made: dict[str, Any] = {
        "performance": replace(plain.performance, metrics={metric: measured}, slices=slices) if labelled else None,
        "labels": plain.labels if labelled else None,
        "estimate": replace(plain.estimate, metrics={metric: replace(measured, value=value - 0.01)}),
        "metric": metric,
        **more,
    }
    return replace(plain, model=model, version=version, window=window, findings=findings,
                   verdict=verdict_of(findings, window), **made)  # fmt: skip


def sample_windows() -> list[WindowDocument]:
    """Two weeks of iris, a drift of price that lasts, and an alarm whose words attack."""
    iris = [a_window("iris", "1.0.0", day) for day in range(4)]
    quiet: dict[str, Any] = {"traffic": Traffic(silent=True), "columns": (), "outputs": (), "estimate": None}
    silence = "silence", "alarm", "", "No request came."
    iris.append(a_window("iris", "1.1.0", 4, silence, labelled=False, **quiet))
    iris += [a_window("iris", "1.1.0", day, value=0.94, labelled=day < 9) for day in range(5, 12)]
    iris += [a_window("iris", "1.1.0", day, channel="staging") for day in range(2)]
    words = '"worst area" has drifted: 31% of the rows would have to lie elsewhere (p 0.001).'
    drift = "drift", "warning", "worst area", words
    drifted = a_number(counts=(900, 90, 10), distance=0.31, p_value=0.0001, adjusted_p_value=0.001, drifted=True)
    price = [a_window("price", "1.0.0", day, metric="mae", value=0.9) for day in range(3)]
    price += [
        a_window("price", "1.0.0", day, drift, metric="mae", columns=(drifted,), labelled=False) for day in range(3, 6)
    ]
    words = " ".join(HOSTILE.split())
    attack = a_window(
        "hostile",
        "1.0.0",
        0,
        ("out-of-range", "alarm", HOSTILE, words),
        columns=(a_number(HOSTILE, reason=HOSTILE, drifted=None, distance=None, p_value=None, adjusted_p_value=None),),
    )
    assert attack.estimate is not None
    return [*iris, *price, replace(attack, estimate=replace(attack.estimate, assumption=HOSTILE))]


def put_on_branch(scratch: Scratch, files: dict[str, str]) -> None:
    """Write files to the branch `monitoring` of this clone, without touching the work tree."""
    lines = [
        "commit refs/heads/monitoring",
        "committer Ada <ada@example.org> 1772600000 +0000",
        "data 5",
        "watch",
    ]
    stream = "\n".join(lines).encode() + b"\n"
    for path, text in sorted(files.items()):
        content = text.encode()
        stream += f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
    scratch.git("fast-import", "--quiet", "--force", data=stream)


def put_windows(scratch: Scratch, windows: list[WindowDocument]) -> None:
    """Publish documents as `mintmark monitor --publish` does, in a commit of a fixed date."""
    put_on_branch(scratch, {each.path: format_document(each) for each in windows})
