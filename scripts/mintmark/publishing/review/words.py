"""What the reports of a review say in words: verdicts, changes, numbers. Plain text, not escaped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from mintmark.core.announcement import format_estimate, format_number
from mintmark.core.records import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.judgement.checks import Check, CheckVerdict
    from mintmark.core.judgement.review import CostResult, Evaluation, Review, Subject, Verdict
    from mintmark.core.records import Interval
    from mintmark.core.statistics.results import MetricResult, PairedDifference

VERDICTS: Final[dict[Verdict, str]] = {"pass": "Pass", "fail": "Fail", "decide": "A person must decide"}
REPORT_FILE: Final = "report.json"
CHECK_ORDER: Final[tuple[CheckVerdict, ...]] = ("fail", "decide", "warn", "pass")
SOURCES: Final = {"base": "evaluation rows of the base", "proposal": "evaluation rows that the proposal brings"}
_CHECK_WORDS: Final[dict[CheckVerdict, str]] = {"fail": "failed", "decide": "open", "warn": "to note", "pass": "passed"}
_COSTS: Final = {
    "size": "Size",
    "load_seconds": "Time to load",
    "latency_row_seconds": "Time for one row",
    "latency_batch_seconds": "Time for a batch",
}


class _HasVerdict(Protocol):
    @property
    def verdict(self) -> CheckVerdict: ...


_Judged = TypeVar("_Judged", bound=_HasVerdict)


def headline(review: Review) -> str:
    """`Pass: breast-cancer@1.2.0 is no worse than breast-cancer@1.1.0`."""
    return f"{VERDICTS[review.verdict]}: {review.reason}"


def worst_first(results: Iterable[_Judged]) -> list[_Judged]:
    """Return results with the failed ones first and the passed ones last, else in their order."""
    return sorted(results, key=lambda result: CHECK_ORDER.index(result.verdict))


def count(number: int, noun: str) -> str:
    """`1 check`, `1,200 checks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def count_checks(checks: Iterable[Check]) -> str:
    """`2 failed, 1 open, 9 passed`; empty without checks."""
    verdicts = [check.verdict for check in checks]
    numbers = [(verdicts.count(verdict), _CHECK_WORDS[verdict]) for verdict in CHECK_ORDER]
    return ", ".join(f"{number:,} {word}" for number, word in numbers if number)


def describe_change(review: Review, most: int) -> str:
    """Return in a sentence what a change does, with so many subjects: `Proposes iris@1.2.0, which enters staging`."""
    match review.kind:
        case "code":
            return "Changes code, and nothing that is registered."
        case "nothing":
            return "Changes nothing that a review looks at."
    subjects = [_describe_subject(review, subject) for subject in review.subjects[:most]]
    more = len(review.subjects) - len(subjects)
    listed = "; ".join(subjects) + (f"; and {more:,} more, see {REPORT_FILE}" if more else "")
    verb = {
        "propose": "Proposes",
        "promote": "Promotes",
        "rollback": "Rolls back",
        "withdraw": "Withdraws",
        "yank": "Yanks",
        "describe": "Edits the description of",
        "mixture": "Mixes changes that belong in pull requests of their own:",
    }[review.kind]
    return f"{verb} {listed}." if listed else f"{verb.removesuffix(':').removesuffix(' of')}."


def _describe_subject(review: Review, subject: Subject) -> str:
    name = f"{subject.model}@{subject.version}" if subject.version else subject.model
    if review.kind == "rollback" and subject.channel:
        instead = f" instead of {subject.incumbent}" if subject.incumbent else ""
        return f"{subject.channel} of {subject.model} to {subject.version}{instead}"
    if review.kind == "propose":
        enters = f", which enters {subject.channel}" if subject.channel else ""
        return f"{name}{enters}"
    moves = f" to {subject.channel}" if subject.channel else ""
    return f"{name}{moves}" + (f" instead of {subject.incumbent}" if moves and subject.incumbent else "")


def describe_rows(evaluation: Evaluation) -> str:
    """`200 evaluation rows of the base`."""
    return f"{evaluation.rows:,} {SOURCES.get(evaluation.source, f'evaluation rows of {evaluation.source}')}"


def primary_of(evaluation: Evaluation) -> MetricResult | None:
    """Return the primary metric, the first one where none says so, None without metrics."""
    return next((metric for metric in evaluation.metrics if metric.primary), next(iter(evaluation.metrics), None))


def is_version(reference: str) -> bool:
    """Whether a champion is a registered version; else it is a baseline."""
    return "@" in reference


def number(value: float | None) -> str:
    """Return a number as people compare it, in words where it is none; a dash for None."""
    if value is None:
        return "–"
    try:
        return format_number(value) if math.isfinite(value) else _unbounded(value)
    except OverflowError:  # a whole number that no float can hold
        return "beyond any measure"


def _unbounded(value: float) -> str:
    return "not a number" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"


def signed(value: float | None) -> str:
    """Return a difference in three digits: `+0.0012`, `-0.3`, `0`."""
    if value is not None and 0 < abs(value) < 1000:
        return f"{value:+.3g}"
    text = number(value)
    return f"+{text}" if text[0].isdigit() and value else text


def interval(found: Interval | None) -> str:
    """`0.9813 (0.95 to 0.99)`; a dash where there is nothing."""
    if found is None:
        return "–"
    return number(found.value) + (f" ({bounds(found)})" if bounds(found) else "")


def bounds(found: Interval) -> str:
    """`0.95 to 0.99`; empty where there is no interval."""
    return "" if found.low is None or found.high is None else f"{number(found.low)} to {number(found.high)}"


def difference_bounds(found: PairedDifference) -> str:
    """`-0.002 to +0.004`; empty where there is no interval."""
    return "" if found.low is None or found.high is None else f"{signed(found.low)} to {signed(found.high)}"


def direction(metric: MetricResult) -> str:
    """Say which way is better."""
    return "↑ more is better" if metric.maximize else "↓ less is better"


def explain_difference(metric: MetricResult, found: PairedDifference, champion: str) -> str:
    """Return why a difference stands as it does: the bound that counts against what is asked, and what would decide it.

    A champion must not be beaten by more than the margin; a constant answer in its place must be beaten.
    """
    parts = []
    margin = signed((-found.margin if metric.maximize else found.margin) or 0.0)
    if found.bound is not None:
        side, allowed = ("at least", "no lower than") if metric.maximize else ("at most", "no higher than")
        asked = f"{allowed} {margin} to be no worse"
        if not is_version(champion):
            asked = f"{'above' if metric.maximize else 'below'} 0 to be better than a constant answer"
        parts.append(f"The difference is {side} {signed(found.bound)} with 95% confidence; it must be {asked}.")
    if found.standing == "inconclusive":
        needed = "No number of" if found.rows_needed is None else f"Some {format_estimate(found.rows_needed)}"
        parts.append(f"{needed} rows would decide it.")
    return " ".join(parts)


def p_value(value: float | None) -> str:
    """Return a probability with two significant digits."""
    if value is None or not 0 <= value <= 1:
        return number(value)
    return "under 0.0001" if value < 0.0001 else f"{value:.2g}"


def share(value: float | None) -> str:
    """`0.995` is `99.5%`, and never 100% where a row is missing."""
    if value is None or not 0 <= value <= 1:
        return number(value)
    text = f"{100 * value:.3g}%"
    return "under 100%" if text == "100%" and value < 1 else text


def cost_name(name: str) -> str:
    """Return what a cost is called; its own name where we know none."""
    return _COSTS.get(name, name)


def cost_value(result: CostResult, value: float | None) -> str:
    """`14.2 kB`, `3.5 ms`."""
    if value is None or not -1e15 < value < 1e15:
        return number(value)
    return format_size(int(value)) if result.name == "size" else seconds(value)


def seconds(value: float) -> str:
    """`0.0035` is `3.5 ms`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if abs(value) >= size:
            return f"{format_number(value / size)} {unit}"
    return f"{format_number(value * 1e6)} µs"


def left_out(number: int, what: str = "") -> str:
    """`… and 480 more checks, see report.json`; `what` is in the plural."""
    noun = what.removesuffix("s") if number == 1 else what
    return f"… and {number:,} more{f' {noun}' if noun else ''}, see {REPORT_FILE}"
