"""`mintmark compare A B C --on DATA`: versions on the same rows, each held against the first by a paired test."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mintmark.commands.measuring.evaluate import measure_on, trained_on
from mintmark.commands.text_columns import format_table
from mintmark.core.words import numbers
from mintmark.core.words.comparisons import NO_VERDICT, standing_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mintmark.core.statistics.results import MetricResult
    from mintmark.judging.trials.pairing import Pairing
    from mintmark.registry.clone import ClonedRegistry


def compare_on(registry: ClonedRegistry, references: Sequence[str], on: Path, *, as_json: bool) -> int:
    """Print what each version reaches on the rows, and what a paired test says of each against the first."""
    from mintmark.judging.trials.pairing import pair_answers

    rules, rows, measured = measure_on(registry, references, on)
    first = measured[0][0]
    pairs = {
        answered.version.name: pair_answers(first, answered, rows, rules.question, rules.gates)
        for answered, _ in measured[1:]
    }
    if as_json:
        document = {"records": [record for _, record in measured], "pairs": [pair_to_dict(p) for p in pairs.items()]}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(_format([record for _, record in measured], pairs)))
    return 0


def pair_to_dict(pair: tuple[str, Pairing]) -> dict[str, Any]:
    """Return a paired test and the name of its second side as plain values."""
    name, pairing = pair
    found = pairing.evaluation
    metrics = [] if found is None else [{"name": m.name, **_difference(m)} for m in found.metrics]
    about = {"version": name, "rows": pairing.rows, "judged": pairing.judged, "is_known": pairing.is_known}
    return {**about, "notes": list(pairing.notes), "metrics": metrics}


def _difference(result: MetricResult) -> dict[str, Any]:
    return {"primary": result.primary, "difference": None if result.difference is None else asdict(result.difference)}


def _format(records: Sequence[Mapping[str, Any]], pairs: Mapping[str, Pairing]) -> Iterator[str]:
    data = records[0]["data"]
    lines = [f"On {data['path']}: {numbers.count(data['rows'], 'row')} (sha256 {data['sha256'][:12]})"]
    yield "\n".join([*lines, *map(trained_on, records)])
    names = list(dict.fromkeys(name for record in records for name in record["metrics"]))
    cells = [(name, *(numbers.interval_of(record["metrics"].get(name)) for record in records)) for name in names]
    yield format_table(("metric", *(record["reference"] for record in records)), cells)
    for name, pairing in pairs.items():
        yield format_pair(name, records[0]["reference"], pairing)


def format_pair(name: str, first: str, pairing: Pairing) -> str:
    """Return a paired test of a version against the first as text."""
    notes = [f"{numbers.capital(note)}." for note in pairing.notes]
    if pairing.evaluation is None:
        return "\n".join([f"{name} against {first}: no paired test.", *notes])
    results = pairing.evaluation.metrics
    table = format_table((f"{name} against {first}", "difference", ""), [_cells(each, pairing) for each in results])
    rows = numbers.count(pairing.judged, "row")
    held = f"Paired test on {rows} that neither was trained on." if pairing.is_known else "No verdict (R11)."
    return "\n".join([table, *notes, held])


def _cells(result: MetricResult, pairing: Pairing) -> tuple[str, str, str]:
    found = result.difference
    if found is None:
        return result.name, "", NO_VERDICT
    told = numbers.difference(found.value, found.low, found.high)
    words = standing_in_words(found.standing, primary=result.primary) if pairing.is_known else NO_VERDICT
    return result.name, told, words
