"""`mintmark evaluate`: measure a registered version, or the candidate, on rows that somebody brings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mintmark.commands.comparing.sides import RECORD, read_side
from mintmark.commands.measuring.brought_rows import read_brought_rows
from mintmark.commands.text_columns import format_table
from mintmark.core.question import TRAINING_ROWS
from mintmark.core.words import numbers
from mintmark.errors import UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import format_json, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mintmark.commands.comparing.sides import Side
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.trials.cases import Rules
    from mintmark.judging.trials.evidence import Rows
    from mintmark.judging.trials.pairing import Answered


def evaluate(root: Path, reference: str, *, on: Path, output: Path | None, at: str | None, as_json: bool) -> int:
    """Print every metric with its interval, and write the record of it where one is asked for."""
    if output is not None and output.suffix != RECORD:
        raise UsageError(f"{output}: the record is JSON; call it {RECORD}")
    ((_, record),) = measure_on(ClonedRegistry(root, at=at), [reference], on)[2]
    if output is not None:
        write_atomically(output, format_json(record).encode())
    if as_json:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(format_evaluation(record)))
        if output is not None:
            print(f"\nwrote {output}")
    return 0


def measure_on(
    registry: ClonedRegistry, references: Sequence[str], on: Path
) -> tuple[Rules, Rows, list[tuple[Answered, dict[str, Any]]]]:
    """Return what judges, the rows, and the answers of each version with the record of its evaluation.

    Each model is run once, confined. Raises `UsageError` for references to several models, or twice to one version.
    """
    from mintmark.judging.trials.cases import Rules
    from mintmark.judging.trials.measuring import ask_about

    sides = [read_side(registry, text) for text in references]
    models = sorted({side.model for side in sides})
    if len(models) > 1:
        raise UsageError(f"{' and '.join(models)} are two models; the same rows cannot tell which is worth more")
    names = [side.name for side in sides]
    if len(set(names)) < len(names):
        raise UsageError(f"two references mean one version: {', '.join(names)}")
    model = registry.model(models[0])
    rules = Rules.of(model, registry.settings.trusted_names)
    versions = [_fetch(registry, side) for side in sides]
    rows = read_brought_rows(on, [version.record for version in versions], model)
    answers = [ask_about(version, rows, rules.question, rules.trusted) for version in versions]
    return rules, rows, [(each, _record(each, rows, rules, on)) for each in answers]


def _fetch(registry: ClonedRegistry, side: Side) -> FetchedVersion:
    return side.fetch(registry, (side.document["artifact"]["path"], TRAINING_ROWS))


def _record(answered: Answered, rows: Rows, rules: Rules, on: Path) -> dict[str, Any]:
    """Return the document that schemas/evaluation.schema.json describes."""
    from mintmark.judging.trials.measuring import measure_answer, seen_rows

    version = answered.version
    measured = measure_answer(answered, rows, rules.question)
    seen = seen_rows(version, rows, rules.question)
    return {
        "schema": 1,
        "reference": version.name,
        "artifact": {"sha256": version.record.artifact.sha256},
        "data": {"path": str(on), "sha256": rows.sha256, "rows": len(rows.table)},
        "trained_on": None if seen.rows is None else int(seen.rows.sum()),
        "trained_on_why": seen.why,
        "metric": rules.question.metric,
        **{name: value for name, value in measured.items() if name not in ("schema", "rows")},
    }


def format_evaluation(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield a record as text: what was measured on what, a table of metrics, and one of slices."""
    data = record["data"]
    rows = numbers.count(data["rows"], "row")
    yield f"{record['reference']} on {data['path']}: {rows} (sha256 {data['sha256'][:12]})\n{trained_on(record)}"
    cells = [(name, numbers.interval_of(found)) for name, found in record["metrics"].items()]
    yield format_table(("metric", "value"), cells)
    if record["slices"]:
        primary = record["metric"]
        lines = [
            (name, f"{found['rows']:,}", numbers.interval_of(found["metrics"].get(primary)))
            for name, found in record["slices"].items()
        ]
        yield format_table(("slice", "rows", primary), lines)
    yield from (f"{name} has no value: {reason}." for name, reason in record.get("undefined", {}).items())


def trained_on(record: Mapping[str, Any]) -> str:
    """Return in a sentence how many of the rows a version was trained on."""
    name, seen = record["reference"], record["trained_on"]
    if seen is None:
        return f"How many of them {name} was trained on is not known: {record['trained_on_why']}."
    if not seen:
        return f"None of them was in the training of {name}."
    were = "was" if seen == 1 else "were"
    return f"{seen:,} of them {were} in the training of {name}, so new rows may give other values."
