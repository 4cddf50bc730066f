"""A review while it is being written: checks and evidence gathered so far. Judges nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mintmark.core.finding import shorten
from mintmark.core.judgement.checks import Check, CheckVerdict
from mintmark.core.judgement.review import (
    BehaviourResult,
    CostResult,
    Evaluation,
    Kind,
    LineageStep,
    Reproduction,
    Review,
    Subject,
    Table,
    Uses,
    overall,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.core.finding import Finding
    from mintmark.judging.span import Span


_LONGEST = 201  # with the ellipsis


def short(value: object) -> str:
    """Return a value as a cell of a table shows it: nothing for None, cut at 200 characters."""
    return "" if value is None else shorten(str(value), _LONGEST)


@dataclass(slots=True)
class Draft:
    """What a review holds when it is done, in lists that can still grow; see `core.review.Review`."""

    kind: Kind
    subjects: list[Subject] = field(default_factory=list)
    summary: str = ""
    checks: list[Check] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    behaviour: list[BehaviourResult] = field(default_factory=list)
    cost: list[CostResult] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    lineage: list[LineageStep] = field(default_factory=list)
    uses: list[Uses] = field(default_factory=list)
    isolation: Mapping[str, str] = field(default_factory=dict)
    reproduction: Reproduction | None = None
    next_steps: list[str] = field(default_factory=list)

    def note(self, name: str, verdict: CheckVerdict, message: str, path: str = "", line: int | None = None) -> None:
        """Add a check."""
        self.checks.append(Check(name=name, verdict=verdict, message=message, path=path, line=line))

    def note_findings(self, name: str, findings: Iterable[Finding]) -> bool:
        """Add a check for each finding; return whether none of them is an error."""
        clean = True
        for finding in findings:
            where = f"{finding.where}: " if finding.where else ""
            is_error = finding.severity == "error"
            verdict: CheckVerdict = "fail" if is_error else "warn"
            label = f"{name} {finding.rule}" if finding.rule else name
            self.note(label, verdict, f"{where}{finding.message}", finding.path, finding.line)
            clean = clean and not is_error
        return clean

    @property
    def has_failed(self) -> bool:
        """Whether the verdict is certain to be fail."""
        return any(check.verdict == "fail" for check in self.checks)

    def finish(self, span: Span, judge: str, author: str | None) -> Review:
        """Return the review with its verdict, and the reason for it in one line."""
        verdict = overall(self.checks)
        return Review(
            verdict=verdict,
            reason=self._reason(verdict),
            kind=self.kind,
            base=span.base,
            head=span.head,
            judge=judge,
            subjects=tuple(self.subjects),
            author=author,
            summary=self.summary,
            checks=tuple(self.checks),
            evaluations=tuple(self.evaluations),
            behaviour=tuple(self.behaviour),
            cost=tuple(self.cost),
            tables=tuple(self.tables),
            lineage=tuple(self.lineage),
            uses=tuple(self.uses),
            isolation=dict(self.isolation),
            reproduction=self.reproduction,
            next_steps=(*_ANSWERS.get(verdict, ()), *self.next_steps),
        )

    def _reason(self, verdict: str) -> str:
        """The first check of the kind that decided, and how many more there are; of a pass what speaks for it."""
        decisive = [check for check in self.checks if check.verdict == verdict]
        if verdict == "pass":
            telling = [check for check in decisive if check.name in _TELLING]
            return telling[-1].message if telling else _NOTHING.get(self.kind, "nothing speaks against it")
        more = len(decisive) - 1
        first = decisive[0]
        where = f"{first.path}: " if verdict == "fail" and first.path else ""  # what a finding's message is about
        return f"{first.name}: {where}{first.message}{f' (and {more} more)' if more else ''}"


# The checks that say best why something passes, and what to say where there is none of them.
_TELLING = ("champion", "history")
_NOTHING: Mapping[Kind, str] = {
    "code": "no model, channel or gate changes",
    "describe": "no gate is loosened",
    "withdraw": "no channel points to it",
    "yank": "nobody is on it",
    "nothing": "nothing changes",
}
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "decide": ("Approve the pull request to answer the open checks. The exit code stays 42.",),
}
