"""What GitHub shows beside the lines of a pull request: workflow commands, as a job prints them. Prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from mintmark.core.finding import one_line, shorten
from mintmark.publishing.review.words import count_checks, headline, left_out, worst_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.core.finding import Finding
    from mintmark.core.judgement.checks import Check
    from mintmark.core.judgement.review import Review

Level = Literal["error", "warning", "notice"]

MOST_OF_A_LEVEL: Final = 10  # of errors, and of warnings, GitHub shows no more for one step
_LONGEST: Final = 2_000


def format_annotation(finding: Finding) -> str:
    """Return a finding as the workflow command that GitHub shows beside the line."""
    where = f"{finding.where}: " if finding.where else ""
    properties = {"file": finding.path, "line": finding.line, "col": finding.column, "title": finding.rule or None}
    return _command("error" if finding.severity == "error" else "warning", where + finding.message, properties)


def format_annotations(review: Review) -> str:
    """Return a line for each check that did not pass, as many as GitHub shows, and one with the verdict.

    Failed checks are errors; open ones and those to note are warnings, the open ones first.
    """
    checks = worst_first(review.checks)
    failed = [check for check in checks if check.verdict == "fail"]
    doubtful = [check for check in checks if check.verdict in ("decide", "warn")]
    counted = count_checks(checks)
    verdict = _command("notice", _line(headline(review) + (f" ({counted})" if counted else "")), {"title": "Review"})
    return "\n".join([*_annotate("error", failed), *_annotate("warning", doubtful), verdict]) + "\n"


def _annotate(level: Level, checks: Sequence[Check]) -> Iterator[str]:
    shown = checks if len(checks) <= MOST_OF_A_LEVEL else checks[: MOST_OF_A_LEVEL - 1]
    for check in shown:
        place = {"file": _line(check.path) or None, "line": check.line if check.path else None}
        yield _command(level, _line(check.message), {**place, "title": _line(check.name) or None})
    if len(checks) > len(shown):
        yield _command(level, left_out(len(checks) - len(shown)), {})


def _line(text: str) -> str:
    return one_line(shorten(text, _LONGEST))


def _command(level: Level, message: str, properties: Mapping[str, object]) -> str:
    given = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items() if value is not None)
    return f"::{level}{' ' if given else ''}{given}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(value: object) -> str:
    return _escape(str(value)).replace(":", "%3A").replace(",", "%2C")
