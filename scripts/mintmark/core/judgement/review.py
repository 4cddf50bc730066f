"""What a review found, as values: the verdict, the checks that made it, and the evidence. Judges and prints nothing.

Every text here is plain: names and messages may come from a proposal, and whoever shows them escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.judgement.checks import Check, CheckVerdict
    from mintmark.core.records import Interval
    from mintmark.core.statistics.results import CrossCheck, Curve, MetricResult, PairedDifference

Kind = Literal[
    "propose", "promote", "rollback", "withdraw", "yank", "describe", "code", "nothing", "mixture", "unknown"
]
Verdict = Literal["pass", "fail", "decide"]

EXIT_CODES: Final[dict[Verdict, int]] = {"pass": 0, "fail": 1, "decide": 42}


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceResult:
    """The primary metric in one slice. `p_value` is of the slice being worse by more than its margin, Holm-adjusted."""

    name: str
    rows: int
    verdict: CheckVerdict
    message: str
    candidate: Interval | None = None
    champion: Interval | None = None
    difference: PairedDifference | None = None
    p_value: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BehaviourResult:
    """One behaviour test of model.yaml: `share` of the rows that behaved, and up to five rows that did not.

    Each of `failures` is one row: column names (those that matter) with values, and what was predicted.
    """

    name: str
    kind: str
    verdict: CheckVerdict
    message: str
    description: str = ""
    share: float | None = None
    failures: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CostResult:
    """One cost of the candidate: `size` in bytes, the others (`load_seconds`, ...) in seconds."""

    name: str
    value: float
    verdict: CheckVerdict
    limit: float | None = None
    champion: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A small table of plain values: what differs, before and after, who is on a version."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Candidate against champion on one set of rows.

    `champion` is a reference (`iris@1.4.2`) or `dummy baseline`; `source` says whose rows these are (`base`, or
    `proposal` where the proposal changes them), `sha256` which file. `metrics` has the primary metric first.
    """

    candidate: str
    champion: str
    source: str
    sha256: str
    rows: int
    metrics: Sequence[MetricResult]
    slices: Sequence[SliceResult] = ()
    cross_checks: Sequence[CrossCheck] = ()
    curves: Sequence[Curve] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LineageStep:
    """One recorded stage: what it read and what it wrote, each as (path, hash)."""

    stage: str
    command: str
    inputs: Sequence[tuple[str, str]]
    outputs: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Uses:
    """How many proposals were compared on one set of evaluation rows, this one included."""

    sha256: str
    proposals: int
    verdict: CheckVerdict
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduction:
    """What came of running the recorded stages again: `identical bytes`, `same predictions` or `different`.

    `parts_at` names the first stage whose outputs differ, None where none does. `files` has for each output its path
    and whether its bytes are the same. `wrong_rows` says why the stored digests of training rows are not those of the
    training, and is empty where they are, or where nobody can tell.
    """

    outcome: Literal["identical bytes", "same predictions", "different", "failed"]
    message: str
    parts_at: str | None = None
    files: Sequence[tuple[str, bool]] = ()
    environment: Sequence[tuple[str, str, str]] = ()  # package, recorded, installed; only those that differ
    wrong_rows: str = ""

    @property
    def is_same(self) -> bool:
        """Whether the stages make the version again, as far as anybody who uses it can tell."""
        return self.outcome in ("identical bytes", "same predictions")


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedFile:
    """A file that a change touches beside the records that it is about: `what` says why it may be there."""

    path: str
    change: Literal["added", "changed", "deleted"]
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a change is about: a model, the version that it brings or moves, and the channel that moves."""

    model: str
    version: str | None = None
    incumbent: str | None = None
    channel: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """One review of one change, complete.

    `base` and `head` are full commit ids. `reason` says in one line why the verdict is what it is. `next_steps` are
    sentences for whoever reads the report.
    """

    verdict: Verdict
    reason: str
    kind: Kind
    base: str
    head: str
    judge: str  # which code judged: `mintmark 0.1.0 of the base 1a2b3c4d5e`
    subjects: Sequence[Subject] = ()
    author: str | None = None
    summary: str = ""  # of the version, as its author wrote it: Markdown that must not get through
    checks: Sequence[Check] = ()
    files: Sequence[CarriedFile] = ()
    evaluations: Sequence[Evaluation] = ()
    behaviour: Sequence[BehaviourResult] = ()
    cost: Sequence[CostResult] = ()
    tables: Sequence[Table] = ()
    lineage: Sequence[LineageStep] = ()
    uses: Sequence[Uses] = ()
    isolation: Mapping[str, str] = field(default_factory=dict)
    reproduction: Reproduction | None = None
    next_steps: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 42 a person must decide."""
        return EXIT_CODES[self.verdict]


def overall(checks: Sequence[Check]) -> Verdict:
    """Return the verdict that checks add up to: one failure fails, one open question is a person's."""
    verdicts = {check.verdict for check in checks}
    return "fail" if "fail" in verdicts else "decide" if "decide" in verdicts else "pass"
