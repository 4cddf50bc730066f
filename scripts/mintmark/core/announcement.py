"""What a commit of the registry says to its reviewer: a message, and a table of metrics. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.words.numbers import better, interval, signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.model import Metric
    from mintmark.core.records import Interval


def metric_table(
    subject: tuple[str, Mapping[str, Interval]],
    others: Sequence[tuple[str, Mapping[str, Interval]]],
    primary: Metric,
) -> str:
    """Return a Markdown table of the metrics of one version beside those of others, the primary metric first.

    Each of the others also gets a column with the difference to it. Empty when there are no metrics.
    """
    label, metrics = subject
    header = [
        "metric",
        label,
        *(cell for other, _ in others for cell in (other, f"difference to {other.partition(' ')[0]}")),
    ]
    rows = [header, ["---"] * len(header)]
    for name in sorted(metrics, key=lambda name: (name != primary.name, name)):
        own = metrics[name]
        cells = [f"{name}{_goal(name, primary)}", interval(own.value, own.low, own.high)]
        for _, theirs in others:
            known = theirs.get(name)
            cells += (
                [interval(known.value, known.low, known.high), signed(own.value - known.value)] if known else ["", ""]
            )
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) if metrics else ""


def _goal(name: str, primary: Metric) -> str:
    if name != primary.name:
        return ""
    return f" (primary, {better(maximize=primary.maximize)})"


def message(subject: str, *paragraphs: str) -> str:
    """Return a commit message: a subject line, and the paragraphs that are not empty with blank lines between."""
    return "\n\n".join([subject, *(paragraph.strip() for paragraph in paragraphs if paragraph.strip())]) + "\n"
