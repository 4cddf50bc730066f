"""What a commit of the registry says to its reviewer: numbers, tables of metrics, messages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.model import Metric
    from mintmark.core.records import Interval

_FEWEST_DIGITS = 4


def format_number(value: float) -> str:
    """Return a metric as people compare it: four significant digits, never in powers of ten where that reads worse."""
    text = f"{value:.{_FEWEST_DIGITS}g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e9 else text


def format_estimate(count: int) -> str:
    """Return a number of rows that is an estimate, as no more than that: 24,732 is `25,000`."""
    return f"{float(f'{count:.2g}'):,.0f}"


def format_interval(interval: Interval) -> str:
    """`0.9813 (0.95 to 0.99)`."""
    if interval.low is None or interval.high is None:
        return format_number(interval.value)
    return f"{format_number(interval.value)} ({format_number(interval.low)} to {format_number(interval.high)})"


def format_difference(new: Interval, old: Interval) -> str:
    """`+0.012`, `-0.3`, or `0` where the two are the same."""
    difference = new.value - old.value
    return f"{difference:+.3g}" if difference else "0"


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
        cells = [f"{name}{_goal(name, primary)}", format_interval(metrics[name])]
        for _, theirs in others:
            known = theirs.get(name)
            cells += [format_interval(known), format_difference(metrics[name], known)] if known else ["", ""]
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) if metrics else ""


def _goal(name: str, primary: Metric) -> str:
    if name != primary.name:
        return ""
    return " (primary, more is better)" if primary.maximize else " (primary, less is better)"


def message(subject: str, *paragraphs: str) -> str:
    """Return a commit message: a subject line, and the paragraphs that are not empty with blank lines between."""
    return "\n\n".join([subject, *(paragraph.strip() for paragraph in paragraphs if paragraph.strip())]) + "\n"
