"""What a review decided, in Markdown: verdict, checks, behaviour tests, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.words.numbers import count, number, share
from mintmark.publishing.markdown import bold, bullets, code, details, escape, escape_html, quote, table
from mintmark.publishing.review.words import (
    VERDICTS,
    count_checks,
    describe_change,
    left_out,
    worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.judgement.checks import Check, CheckVerdict
    from mintmark.core.judgement.review import BehaviourResult, Review, Verdict

SIGNS: Final[dict[CheckVerdict, str]] = {"pass": "✅", "warn": "⚠️", "decide": "🟡", "fail": "❌"}
_VERDICT_SIGNS: Final[dict[Verdict, str]] = {"pass": "✅", "fail": "❌", "decide": "🟡"}
SENTENCE: Final = 300  # characters of a message that are shown
_SUMMARY: Final = 1_500
_MOST_SUBJECTS: Final = 5
_MOST_COLUMNS: Final = 8
_MOST_FAILURES: Final = 5
_MOST_UNFOLDED: Final = 12


def format_verdict(review: Review, most: int) -> str:
    """Return the heading with verdict and reason, what the change does, and how many checks came out how."""
    title = f"## {_VERDICT_SIGNS[review.verdict]} {VERDICTS[review.verdict]}: {escape(review.reason, most=SENTENCE)}"
    counted = count_checks(review.checks)
    change = escape(describe_change(review, min(most, _MOST_SUBJECTS)), most=2 * SENTENCE)
    return f"{title}\n\n{change}{f' Checks: {counted}.' if counted else ''}"


def format_open_checks(review: Review, most: int) -> str:
    """Return the checks that failed, are open or are to be noted, as a table with the worst first."""
    checks = [check for check in worst_first(review.checks) if check.verdict != "pass"]
    if not checks:
        return ""
    rows = [
        (SIGNS[check.verdict], code(check.name), escape(check.message, most=SENTENCE) + _where(check))
        for check in checks[:most]
    ]
    rest = checks[most:]
    more = f"\n\n{left_out(len(rest))} ({count_checks(rest)})." if rest else ""
    return "### Checks to look at\n\n" + table(("", "Check", "What was found"), rows) + more


def _where(check: Check) -> str:
    if not check.path:
        return ""
    return f"<br>{code(check.path if check.line is None else f'{check.path}:{check.line}', most=120)}"


def format_passed_checks(review: Review, most: int) -> str:
    """Return the checks that passed, folded."""
    passed = [check for check in review.checks if check.verdict == "pass"]
    if not passed:
        return ""
    rows = [(code(check.name), escape(check.message, most=SENTENCE)) for check in passed[:most]]
    body = table(("Check", "What was found"), rows) + more_than(passed, most)
    return details(f"✅ {count(len(passed), 'check')} passed", body)


def format_files(review: Review, most: int) -> str:
    """Return the files that the change touches beside the records that it is about; long lists are folded."""
    if not review.files:
        return ""
    rows = [(code(file.path, most=160), file.change, escape(file.what, most=120)) for file in review.files[:most]]
    body = table(("File", "Change", "Why it may be here"), rows) + more_than(review.files, most)
    title = f"{count(len(review.files), 'file')} beside the records"
    return f"### Files\n\n{body}" if len(review.files) <= _MOST_UNFOLDED else details(title, body)


def format_summary(review: Review, most: int) -> str:
    """Return the author's words as a quotation: literally, and cut where they are long."""
    if not review.summary.strip():
        return ""
    author = f"> {bold(review.author, most=120)} writes:\n>\n" if review.author else "> The author writes:\n>\n"
    cut = min(_SUMMARY, 50 * most)
    more = "\n>\n> _Cut here; the record has the whole text._" if len(review.summary.strip()) > cut else ""
    return f"### Summary by the author\n\n{author}{quote(review.summary, most=cut)}{more}"


def format_behaviour(review: Review, most: int) -> str:
    """Return the behaviour tests as a table, and under it the rows that did not behave."""
    if not review.behaviour:
        return ""
    results = worst_first(review.behaviour)
    rows = [
        (
            SIGNS[result.verdict],
            f"{code(result.name)}<br>{escape(result.kind, most=40)}",
            share(result.share),
            escape(result.message, most=SENTENCE),
        )
        for result in results[:most]
    ]
    parts = ["### Behaviour tests", table(("", "Test", "Share", "What was found"), rows, numeric=[2])]
    parts += [_failures(result) for result in results[:most] if any(result.failures)]
    return "\n\n".join(parts) + more_than(results, most)


def _failures(result: BehaviourResult) -> str:
    shown = result.failures[:_MOST_FAILURES]
    columns = list(dict.fromkeys(name for failure in shown for name in failure))
    kept = columns[:_MOST_COLUMNS]
    body = table([code(name, most=40) for name in kept], [[_value(row.get(name)) for name in kept] for row in shown])
    body += more_than(columns, _MOST_COLUMNS, "columns")
    if result.description:
        body = f"{escape(result.description, most=SENTENCE)}\n\n{body}"
    title = f"Where <code>{escape_html(result.name, most=80)}</code> does not hold ({len(result.failures):,})"
    return details(title, body, unfolded=result.verdict in ("fail", "decide"))


def _value(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return "" if value is None else escape(str(value), most=60)


def format_next_steps(review: Review, most: int) -> str:
    """Return what whoever reads the report should do."""
    if not review.next_steps:
        return ""
    steps = [escape(step, most=SENTENCE) for step in review.next_steps[:most]]
    return "### What to do next\n\n" + bullets(steps) + more_than(review.next_steps, most)


def more_than(items: Sequence[object], most: int, what: str = "") -> str:
    """Return the paragraph that says how many more there are than are shown; empty where all are."""
    return f"\n\n{left_out(len(items) - most, what)}." if len(items) > most else ""
