"""`mintmark compare`: two versions side by side, or a version and the candidate."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mintmark.commands.comparing.sides import Side, read_side
from mintmark.commands.text_columns import EMPTY, format_table
from mintmark.core.comparison import PARTS, basis_of, compare_records
from mintmark.core.finding import shorten
from mintmark.core.question import EVALUATION, PREDICTIONS, TRAINING_ROWS
from mintmark.core.words import numbers
from mintmark.core.words.comparisons import NO_VERDICT, relation
from mintmark.errors import MintmarkError, UsageError
from mintmark.extras import explain_missing
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mintmark.core.comparison import Comparison, Difference, MetricChange
    from mintmark.core.statistics.results import MetricResult, PairedDifference
    from mintmark.judging.trials.pairing import Pairing

_LONGEST = 40


def compare(
    root: Path,
    references: Sequence[str],
    *,
    at: str | None,
    as_json: bool,
    on: Path | None = None,
    unlabelled: Path | None = None,
    output: Path | None = None,
    live: str | None = None,
    labels: Path | None = None,
) -> int:
    """Print metrics with what a paired test says of them, and what else is not the same in both.

    With `on`, two or more versions are measured on the rows of that file. With `unlabelled`, the rows of that file that
    the two answer differently are written to `output`, and nothing is compared. With `live`, the answers that a
    prediction log has of both are held against each other, by `labels` where there are some.
    """
    if live is not None:
        return _compare_live(root, references, at, live, labels, output, on or unlabelled, as_json=as_json)
    if labels is not None:
        raise UsageError("--labels FILE goes with --live LOG")
    if len(references) < 2 or (len(references) > 2 and on is None):
        raise UsageError("compare takes two references; more of them go with --on DATA")
    if (unlabelled is None) != (output is None) or (unlabelled is not None and on is not None):
        raise UsageError("--unlabelled FILE and -o OUT go together, and without --on")
    registry = ClonedRegistry(root, at=at)
    if on is not None:
        from mintmark.commands.measuring.compare_on import compare_on

        return compare_on(registry, references, on, as_json=as_json)
    sides = read_side(registry, references[0]), read_side(registry, references[1])
    if unlabelled is not None and output is not None:
        return _pick(registry, *sides, unlabelled, output, as_json=as_json)
    pairing, why = _pair(registry, *sides)
    tested = _tests(pairing)
    measured = sides[0].measured(registry), sides[1].measured(registry)
    comparison = compare_records(sides[0].document, sides[1].document, tested, measured)
    primary = next((name for name, result in _results(pairing).items() if result.primary), "")
    names = sides[0].name, sides[1].name
    if as_json:
        print(json.dumps(_document(names, comparison, pairing, why), indent=2, ensure_ascii=False))
    else:
        notes = _notes(pairing, why, tested.get(primary))
        print(format_comparison(*names, comparison, notes=notes, primary=primary, tried=pairing is not None))
    return 0


def _compare_live(
    root: Path,
    references: Sequence[str],
    at: str | None,
    log: str,
    labels: Path | None,
    output: Path | None,
    other: Path | None,
    *,
    as_json: bool,
) -> int:
    if len(references) != 2 or other is not None:
        raise UsageError("--live LOG takes two references, and goes without --on and --unlabelled")
    from mintmark.commands.comparing.live import compare_live

    registry = ClonedRegistry(root, at=at)
    return compare_live(registry, references, log, labels=labels, output=output, as_json=as_json)


def _pick(registry: ClonedRegistry, first: Side, second: Side, data: Path, output: Path, *, as_json: bool) -> int:
    from mintmark.commands.comparing.unlabelled import pick_rows

    picked = pick_rows(registry, first, second, data, output)
    if as_json:
        print(json.dumps({"first": first.name, "second": second.name, "output": str(output), **asdict(picked)}))
        return 0
    of = f"{picked.differing:,} of {numbers.count(picked.rows, 'row')}"
    print(f"wrote {output}: {of}, which {first.name} and {second.name} answer differently.")
    print("For accuracy only these need a label: on every other row the two are both right or both wrong.")
    if picked.metric != "accuracy":
        print(f"The primary metric is {picked.metric}, for which all rows need one.")
    return 0


def _pair(registry: ClonedRegistry, first: Side, second: Side) -> tuple[Pairing | None, str]:
    """Hold the paired test; None with the reason where there can be none: both values still stand side by side."""
    basis = basis_of(first.document, second.document)
    if basis == "other models":
        return None, "They are two models: their metrics are not compared."
    if basis == "other rows":
        return None, "They were measured on other rows: their metrics are not compared."
    try:
        from mintmark.judging.trials.cases import Rules
        from mintmark.judging.trials.pairing import pair_stored

        rules = Rules.of(registry.model(first.model), registry.settings.trusted_names)
        wanted = (EVALUATION, PREDICTIONS, TRAINING_ROWS)
        one, other = (side.fetch(registry, wanted) for side in (first, second))
        return pair_stored(one, other, rules.question, rules.gates), ""
    except MintmarkError as error:
        return None, f"Not tested: {error}"
    except ModuleNotFoundError as error:
        missing = explain_missing(error, "a paired test", "registry")
        if missing is error:
            raise
        return None, f"Not tested: {missing}"


def _results(pairing: Pairing | None) -> dict[str, MetricResult]:
    evaluation = pairing.evaluation if pairing is not None else None
    return {result.name: result for result in evaluation.metrics} if evaluation is not None else {}


def _tests(pairing: Pairing | None) -> dict[str, PairedDifference]:
    """Return what the test says of each metric: nothing where nobody knows what one of the two was trained on."""
    if pairing is None or not pairing.is_known:
        return {}
    return {name: result.difference for name, result in _results(pairing).items() if result.difference is not None}


def _notes(pairing: Pairing | None, why: str, primary: PairedDifference | None) -> Iterator[str]:
    """Yield what the differences rest on, in sentences."""
    if pairing is None:
        yield why
        return
    yield from (f"{numbers.capital(note)}." for note in pairing.notes)
    if not pairing.is_known:
        yield "So nothing is called better or worse (R11)."
    elif primary is not None:
        rows, margin = numbers.count(pairing.judged, "row"), numbers.written(primary.margin)
        yield f"Paired bootstrap on {rows}; the primary metric has a margin of {margin}."
        plan = numbers.what_would_decide(primary.rows_needed, primary.margin)
        if primary.standing == "inconclusive" and plan:
            yield f"{numbers.capital(plan)}."


def _document(names: tuple[str, str], comparison: Comparison, pairing: Pairing | None, why: str) -> dict[str, Any]:
    rows = {
        "judged": pairing.judged if pairing is not None and pairing.evaluation is not None else None,
        "notes": [why] if pairing is None else list(pairing.notes),
    }
    return {"first": names[0], "second": names[1], "rows": rows, **asdict(comparison)}


def format_comparison(
    first: str, second: str, found: Comparison, *, notes: Iterator[str], primary: str, tried: bool
) -> str:
    """Return a comparison as text: the metrics as a table, then a table for each kind of difference.

    `tried` says that a paired test was held, so a metric without its result has no verdict.
    """
    rows = [_metric_cells(change, found, primary, tried=tried) for change in found.metrics]
    blocks = [format_table(("metric", first, second, "difference", ""), rows), "\n".join(notes)]
    for part, title in PARTS.items():
        differences: tuple[Difference, ...] = getattr(found, part)
        if differences:
            cells = [(d.name, _shown(d.first), _shown(d.second)) for d in differences]
            blocks.append(format_table((title, first, second), cells))
        else:
            blocks.append(f"{title.upper()}  the same")
    return "\n\n".join(blocks)


def _metric_cells(change: MetricChange, found: Comparison, primary: str, *, tried: bool) -> tuple[str, ...]:
    test = change.test
    told = EMPTY if change.difference is None else numbers.signed(change.difference)
    note = relation(found.basis, test.standing if test else None, primary=change.name == primary)
    if test is not None:
        told = numbers.difference(test.value, test.low, test.high)
    elif tried:
        note = NO_VERDICT
    both = change.first is not None and change.second is not None
    values = numbers.interval_of(change.first), numbers.interval_of(change.second)
    return (change.name, *values, told, note if both else "")


def _shown(value: Any) -> str:
    if value is None:
        return EMPTY
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shorten(text, _LONGEST)
