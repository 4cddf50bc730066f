"""What the reports of a review say in words: verdicts, changes, why a difference counts. Plain text, not escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from mintmark.core.words.numbers import capital, signed, what_would_decide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.judgement.checks import Check, CheckVerdict
    from mintmark.core.judgement.review import Evaluation, Review, Subject, Verdict
    from mintmark.core.statistics.results import MetricResult, PairedDifference

VERDICTS: Final[dict[Verdict, str]] = {"pass": "Pass", "fail": "Fail", "decide": "A person must decide"}
REPORT_FILE: Final = "report.json"
CHECK_ORDER: Final[tuple[CheckVerdict, ...]] = ("fail", "decide", "warn", "pass")
SOURCES: Final = {"base": "evaluation rows of the base", "proposal": "evaluation rows that the proposal brings"}
_CHECK_WORDS: Final[dict[CheckVerdict, str]] = {"fail": "failed", "decide": "open", "warn": "to note", "pass": "passed"}


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
        case "unknown":
            return "Could not be looked at."
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


def explain_difference(metric: MetricResult, found: PairedDifference, champion: str) -> str:
    """Return why a difference stands as it does: the bound that counts against what is asked, and what would decide it.

    A champion must not be beaten by more than the margin; a constant answer in its place must be beaten.
    """
    parts: list[str] = []
    margin = signed((-found.margin if metric.maximize else found.margin) or 0.0)
    if found.bound is not None:
        side, allowed = ("at least", "no lower than") if metric.maximize else ("at most", "no higher than")
        asked = f"{allowed} {margin} to be no worse"
        if not is_version(champion):
            asked = f"{'above' if metric.maximize else 'below'} 0 to be better than a constant answer"
        parts.append(f"The difference is {side} {signed(found.bound)} with 95% confidence; it must be {asked}.")
    if found.standing == "inconclusive" and is_version(champion):
        plan = what_would_decide(found.rows_needed, found.margin)
        parts += [f"{capital(plan)}."] if plan else []
    return " ".join(parts)


def left_out(number: int, what: str = "") -> str:
    """`… and 480 more checks, see report.json`; `what` is in the plural."""
    noun = what.removesuffix("s") if number == 1 else what
    return f"… and {number:,} more{f' {noun}' if noun else ''}, see {REPORT_FILE}"
