"""What a judge found, as a value, and how opinions add up to a review. Judges and reads nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import shorten
from mintmark.core.judgement.checks import CHECKS, Check, CheckName, CheckVerdict, check
from mintmark.core.judgement.review import Review, overall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.core.finding import Finding
    from mintmark.core.judgement.review import (
        BehaviourResult,
        CarriedFile,
        CostResult,
        Evaluation,
        Kind,
        LineageStep,
        Reproduction,
        Subject,
        Table,
        Uses,
        Verdict,
    )

_LISTS: Final = (
    "checks",
    "files",
    "evaluations",
    "behaviour",
    "cost",
    "tables",
    "lineage",
    "uses",
    "next_steps",
    "next_if_passed",
)
_LONGEST: Final = 201  # with the ellipsis


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """Checks, and the evidence for them. Opinions are added to one another and never changed.

    In a sum, lists follow one another; of `subjects`, `summary`, `isolation` and `reproduction` the last one given
    counts. `next_if_passed` are next steps for a change without a failed check.
    """

    checks: tuple[Check, ...] = ()
    files: tuple[CarriedFile, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    behaviour: tuple[BehaviourResult, ...] = ()
    cost: tuple[CostResult, ...] = ()
    tables: tuple[Table, ...] = ()
    lineage: tuple[LineageStep, ...] = ()
    uses: tuple[Uses, ...] = ()
    next_steps: tuple[str, ...] = ()
    next_if_passed: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    summary: str = ""
    isolation: Mapping[str, str] = field(default_factory=dict)
    reproduction: Reproduction | None = None

    def __add__(self, later: Opinion) -> Opinion:
        """Return both in one."""
        lists = {name: getattr(self, name) + getattr(later, name) for name in _LISTS}
        return Opinion(
            **lists,
            subjects=later.subjects or self.subjects,
            summary=later.summary or self.summary,
            isolation=later.isolation or self.isolation,
            reproduction=later.reproduction or self.reproduction,
        )

    @property
    def has_failed(self) -> bool:
        """Whether the verdict is certain to be fail."""
        return any(each.verdict == "fail" for each in self.checks)


def found(name: CheckName, verdict: CheckVerdict, message: str, path: str = "") -> Opinion:
    """Return the opinion that holds one check."""
    return Opinion(checks=(check(name, verdict, message, path),))


def found_faults(name: CheckName, findings: Iterable[Finding]) -> Opinion:
    """Return a check for each finding: errors fail, anything else warns."""
    return Opinion(checks=tuple(_fault(name, finding) for finding in findings))


def _fault(name: CheckName, finding: Finding) -> Check:
    where = f"{finding.where}: " if finding.where else ""
    verdict: CheckVerdict = "fail" if finding.severity == "error" else "warn"
    return check(
        name,
        verdict,
        f"{where}{finding.message}",
        finding.path,
        finding.line,
        rule=finding.rule if CHECKS[name].ruled else "",
    )


def short(value: object) -> str:
    """Return a value as a cell of a table shows it: nothing for None, cut at 200 characters."""
    return "" if value is None else shorten(str(value), _LONGEST)


def conclude(opinion: Opinion, *, kind: Kind, base: str, head: str, judge: str, author: str | None) -> Review:
    """Return the review that an opinion amounts to, with its verdict and the reason for it in one line."""
    verdict = overall(opinion.checks)
    if_passed = () if opinion.has_failed else opinion.next_if_passed
    return Review(
        verdict=verdict,
        reason=_reason(kind, verdict, opinion.checks),
        kind=kind,
        base=base,
        head=head,
        judge=judge,
        author=author,
        subjects=opinion.subjects,
        summary=opinion.summary,
        checks=opinion.checks,
        files=opinion.files,
        evaluations=opinion.evaluations,
        behaviour=opinion.behaviour,
        cost=opinion.cost,
        tables=opinion.tables,
        lineage=opinion.lineage,
        uses=opinion.uses,
        isolation=opinion.isolation,
        reproduction=opinion.reproduction,
        next_steps=(*_ANSWERS.get(verdict, ()), *opinion.next_steps, *if_passed),
    )


def _reason(kind: Kind, verdict: Verdict, checks: Sequence[Check]) -> str:
    """The first check of the kind that decided, and how many more there are; of a pass what speaks for it."""
    decisive = [each for each in checks if each.verdict == verdict]
    if verdict == "pass":
        telling = [each for each in decisive if each.name in _TELLING]
        return telling[-1].message if telling else _NOTHING.get(kind, "nothing speaks against it")
    more = len(decisive) - 1
    first = decisive[0]
    where = f"{first.path}: " if verdict == "fail" and first.path else ""  # what a finding's message is about
    return f"{first.name}: {where}{first.message}{f' (and {more} more)' if more else ''}"


# The checks that say best why something passes, and what to say where there is none of them.
_TELLING: Final = ("champion", "history")
_NOTHING: Final[Mapping[Kind, str]] = {
    "code": "no model, channel or gate changes",
    "describe": "no gate is loosened",
    "withdraw": "no channel points to it",
    "yank": "nobody is on it",
    "nothing": "nothing changes",
}
_ANSWERS: Final[Mapping[Verdict, tuple[str, ...]]] = {
    "decide": ("Approve the pull request to answer the open checks. The exit code stays 42.",),
}
