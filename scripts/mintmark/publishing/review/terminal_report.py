"""The report of a review as plain text for a terminal: the verdict, what it rests on, what to do. Prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.core.finding import one_line, shorten
from mintmark.core.words.numbers import difference, interval
from mintmark.publishing.review.words import (
    describe_change,
    describe_rows,
    explain_difference,
    headline,
    left_out,
    primary_of,
    worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.core.judgement.checks import Check, CheckVerdict
    from mintmark.core.judgement.review import Evaluation, Review, Verdict

_MARKS: Final[dict[CheckVerdict, str]] = {"pass": "✓", "warn": "!", "decide": "?", "fail": "✗"}
_VERDICT_MARKS: Final[dict[Verdict, str]] = {"pass": "✓", "decide": "?", "fail": "✗"}
_MOST_CHECKS: Final = 50
_MOST_EVALUATIONS: Final = 5
_MOST_FILES: Final = 40
_FILES_A_LINE: Final = 8
_MOST_STEPS: Final = 10
_MOST_SUBJECTS: Final = 5
_LONGEST: Final = 1_000


def format_terminal(review: Review) -> str:
    """Return the verdict, the primary metric, the checks with the worst first, and the next steps, a line for each."""
    lines = [f"{_VERDICT_MARKS[review.verdict]} {headline(review)}", f"  {describe_change(review, _MOST_SUBJECTS)}"]
    lines += _file_lines(review)
    for evaluation in review.evaluations[:_MOST_EVALUATIONS]:
        lines += _primary_lines(evaluation)
    checks = worst_first(review.checks)
    lines += [_check_line(check) for check in checks[:_MOST_CHECKS]]
    if len(checks) > _MOST_CHECKS:
        lines.append(f"  {left_out(len(checks) - _MOST_CHECKS, 'checks')}")
    lines += [f"next: {step}" for step in review.next_steps[:_MOST_STEPS]]
    return "\n".join(one_line(shorten(line, _LONGEST)) for line in lines) + "\n"


def _file_lines(review: Review) -> Iterator[str]:
    """Yield the files that a change touches beside its records, some to a line."""
    names = [file.path for file in review.files[:_MOST_FILES]]
    for start in range(0, len(names), _FILES_A_LINE):
        yield f"  {'with' if not start else '    '} {', '.join(names[start : start + _FILES_A_LINE])}"
    if len(review.files) > _MOST_FILES:
        yield f"       {left_out(len(review.files) - _MOST_FILES, 'files')}"


def _primary_lines(evaluation: Evaluation) -> Iterator[str]:
    metric = primary_of(evaluation)
    if metric is None:
        return
    yield f"  {metric.name} on {describe_rows(evaluation)}:"
    yield f"    {evaluation.candidate}: {interval(metric.candidate.value, metric.candidate.low, metric.candidate.high)}"
    if metric.champion is not None:
        yield f"    {evaluation.champion}: {interval(metric.champion.value, metric.champion.low, metric.champion.high)}"
    if metric.difference is not None:
        found = metric.difference
        reason = explain_difference(metric, found, evaluation.champion)
        yield f"    difference: {difference(found.value, found.low, found.high)}, {found.standing}. {reason}".rstrip()


def _check_line(check: Check) -> str:
    line = "" if check.line is None else f":{check.line}"
    place = f" ({check.path}{line})" if check.path else ""
    return f"{_MARKS[check.verdict]} {check.name}: {check.message}{place}"
