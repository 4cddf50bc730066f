"""`mintmark compare`: two versions side by side, or a version and the candidate."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mintmark.commands.text_columns import EMPTY, format_table
from mintmark.core.comparison import compare_records
from mintmark.core.finding import shorten
from mintmark.core.reference import CANDIDATE
from mintmark.core.words.numbers import interval_of, signed
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.core.comparison import Comparison, Difference, MetricChange

_LONGEST = 40


def compare(root: Path, first: str, second: str, *, at: str | None, as_json: bool) -> int:
    """Print metrics with their differences, and what else is not the same in both."""
    registry = ClonedRegistry(root, at=at)
    names, records = [], []
    for reference in (first, second):
        name, record = _record(registry, reference)
        names.append(name)
        records.append(record)
    comparison = compare_records(*records)
    if as_json:
        document = {"first": names[0], "second": names[1], **asdict(comparison)}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print(format_comparison(names[0], names[1], comparison))
    return 0


def _record(registry: ClonedRegistry, text: str) -> tuple[str, Mapping[str, Any]]:
    reference = as_reference(text)
    if reference.selector == CANDIDATE:
        from mintmark.changing.candidate_record import read_candidate

        return str(reference), read_candidate(registry, reference.model)[0].document
    record = registry.resolve(reference)
    return record.reference, record.document


def format_comparison(first: str, second: str, comparison: Comparison) -> str:
    """Return a comparison as text: the metrics as a table, then a table for each kind of difference."""
    rows = [_metric_cells(change) for change in comparison.metrics]
    blocks = [format_table(("metric", first, second, "difference", ""), rows)]
    for title in ("parameters", "data", "code", "environment", "signature", "artifact"):
        differences: tuple[Difference, ...] = getattr(comparison, title)
        if differences:
            cells = [(d.name, _shown(d.first), _shown(d.second)) for d in differences]
            blocks.append(format_table((title, first, second), cells))
        else:
            blocks.append(f"{title.upper()}  the same")
    return "\n\n".join(blocks)


def _metric_cells(change: MetricChange) -> tuple[str, ...]:
    notes = {"better": "better", "worse": "worse", "same": "the same", "unknown": ""}
    note = notes[change.direction]
    if change.overlap and change.direction in ("better", "worse"):
        note += ", intervals overlap"
    difference = EMPTY if change.difference is None else signed(change.difference)
    return (change.name, _interval(change.first), _interval(change.second), difference, note)


def _interval(interval: Mapping[str, float] | None) -> str:
    return EMPTY if interval is None else interval_of(interval)


def _shown(value: Any) -> str:
    if value is None:
        return EMPTY
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shorten(text, _LONGEST)
