"""What a commit of the registry says to its reviewer: a message, and a table of metrics. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.core.words.comparisons import BASIS_WORDS
from mintmark.core.words.numbers import better, interval, signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.comparison import Basis
    from mintmark.core.model import Metric
    from mintmark.core.records import Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """A version that another one is set beside, and whether both were measured on the same rows."""

    label: str
    metrics: Mapping[str, Interval]
    basis: Basis


def _header(other: Beside) -> tuple[str, ...]:
    if other.basis != "same rows":
        return (f"{other.label}, {BASIS_WORDS[other.basis]}",)
    return (other.label, f"difference to {other.label.partition(' ')[0]}, {BASIS_WORDS[other.basis]}")


def metric_table(
    subject: tuple[str, Mapping[str, Interval]],
    others: Sequence[Beside],
    primary: Metric,
) -> str:
    """Return a Markdown table of the metrics of one version beside those of others, the primary metric first.

    Each of the others that was measured on the same rows also gets a column with the difference to it. No difference is
    called better or worse: the review tests that. Empty when there are no metrics.
    """
    label, metrics = subject
    header = ["metric", label, *(cell for other in others for cell in _header(other))]
    rows = [header, ["---"] * len(header)]
    for name in sorted(metrics, key=lambda name: (name != primary.name, name)):
        own = metrics[name]
        cells = [f"{name}{_goal(name, primary)}", interval(own.value, own.low, own.high)]
        for other in others:
            known = other.metrics.get(name)
            told = (
                [interval(known.value, known.low, known.high), signed(own.value - known.value)] if known else ["", ""]
            )
            cells += told if other.basis == "same rows" else told[:1]
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) if metrics else ""


def _goal(name: str, primary: Metric) -> str:
    if name != primary.name:
        return ""
    return f" (primary, {better(maximize=primary.maximize)})"


def message(subject: str, *paragraphs: str) -> str:
    """Return a commit message: a subject line, and the paragraphs that are not empty with blank lines between."""
    return "\n\n".join([subject, *(paragraph.strip() for paragraph in paragraphs if paragraph.strip())]) + "\n"
