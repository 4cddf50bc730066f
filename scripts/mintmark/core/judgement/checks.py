"""Every check that a review can print: its name, its question, and when it gives which verdict. Judges nothing.

The table is closed. `pass` means that nothing under the other verdicts is the case. docs/reference/review.md holds the
same table; a test compares the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

CheckVerdict = Literal["pass", "warn", "decide", "fail"]
CheckName = Literal[
    "merge",
    "kind",
    "rules",
    "record",
    "owner",
    "bytes",
    "dvc.lock",
    "evaluation data",
    "clean rows",
    "model",
    "predictions",
    "claims",
    "champion",
    "anchor",
    "leak cap",
    "floor",
    "slice",
    "behaviour",
    "cost",
    "gates",
    "settings",
    "judge",
    "history",
    "status",
    "channels",
    "replacement",
    "reproduction",
    "review",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckKind:
    """One entry of the table.

    `fail`, `decide` and `warn` say when it gives that verdict, empty where it never does. `passes`: whether it is also
    printed when nothing is wrong. `subject` is what its name goes on with (`floor: recall`), `ruled` says that the name
    may end in the rule that is broken (`rules R4`).
    """

    name: CheckName
    question: str
    fail: str = ""
    decide: str = ""
    warn: str = ""
    passes: bool = True
    subject: str = ""
    ruled: bool = False

    @property
    def verdicts(self) -> frozenset[CheckVerdict]:
        """Every verdict that it can give."""
        said: Sequence[tuple[CheckVerdict, object]] = (
            ("pass", self.passes), ("warn", self.warn), ("decide", self.decide), ("fail", self.fail),
        )  # fmt: skip
        return frozenset(verdict for verdict, when in said if when)

    @property
    def label(self) -> str:
        """The name as the reference shows it: `floor: METRIC`."""
        return f"{self.name}: {self.subject}" if self.subject else self.name


CHECKS: Final[dict[CheckName, CheckKind]] = {
    kind.name: kind
    for kind in (
        CheckKind(
            name="merge",
            question="Does it merge with the base as it is now?",
            fail="a file conflicts with the base (R12)",
            passes=False,
        ),
        CheckKind(
            name="kind",
            question="Is it one kind of change?",
            fail="it mixes kinds; the report says how to split it",
            passes=False,
        ),
        CheckKind(
            name="rules",
            question="Does the registry still keep its rules?",
            fail="a file breaks its schema or one of the rules R1 to R5, R8 and R9",
            warn="a file is valid and unusual",
            ruled=True,
        ),
        CheckKind(
            name="record",
            question="Can the record be read, and does it say what the version was made from?",
            fail="a record is missing or broken, or a field is not what it was made from (R7)",
            decide="it names an older requirements.lock of the base",
            warn="a record is valid and unusual",
            ruled=True,
        ),
        CheckKind(
            name="owner",
            question="Does the author own the model?",
            decide="somebody else asks for the change, or the base's model.yaml cannot be read",
            warn="nobody said who the author is, or somebody else asks for a rollback",
        ),
        CheckKind(
            name="bytes",
            question="Is every stored file there, and does it match its sha256?",
            fail="a file cannot be fetched, or its bytes are others",
        ),
        CheckKind(
            name="dvc.lock",
            question="Do the record, dvc.lock, dvc.yaml and the files at the head agree?",
            fail="one of them says something else than the others (R7)",
            ruled=True,
        ),
        CheckKind(
            name="evaluation data",
            question="Are the evaluation rows those of the base?",
            fail="the record stores no rows, its lineage names other rows, or the base's rows cannot be fetched",
            decide="they are the first rows of the model, or other rows than the base has, or dvc.lock names others",
        ),
        CheckKind(
            name="clean rows",
            question="Are there rows that neither model was trained on (R11)?",
            decide="nobody can tell which rows one of them was trained on, too few are left, or rows that the "
            "candidate was evaluated on are in its own training",
            warn="one row in 10,000 of those or fewer is in its own training, as may be by chance",
        ),
        CheckKind(
            name="model",
            question="Can the model be loaded and run?",
            fail="it is unsafe, cannot be loaded, needs too much time or memory, cannot answer the rows, or knows "
            "other classes than the record",
            decide="its format (safetensors, data) cannot be run, or the change removes the model's description",
            warn="a file is valid and unusual",
            ruled=True,
        ),
        CheckKind(
            name="predictions",
            question="Are the stored predictions what the model answers?",
            fail="they differ, are missing or cannot be measured, have other columns, rows or true values than belong "
            "to them, or every row gets the same answer",
        ),
        CheckKind(
            name="claims",
            question="Does every metric in metrics.json come out again?",
            fail="a metric, bound or slice is off by more than 1e-6 of its size (R7), or the primary metric or a slice "
            "is left out",
        ),
        CheckKind(
            name="champion",
            question="Is the model no worse than the one it would replace?",
            fail="it is worse by more than the margin; without a champion: not better than a constant answer",
            decide="the rows do not tell or are worn out, it cannot be compared, or the last channel is left empty",
        ),
        CheckKind(
            name="anchor",
            question="Is the model no worse than the anchor, the first champion?",
            fail="it is worse by more than the margin",
            decide="the rows do not tell, it cannot be compared, or nobody knows which rows the anchor was trained on",
        ),
        CheckKind(
            name="leak cap",
            question="Is the improvement believable?",
            decide="it is beyond `gates.leak_cap`",
        ),
        CheckKind(
            name="floor",
            subject="METRIC",
            question="Does the metric reach its floor?",
            fail="the bound of its 95% interval on the worse side misses `gates.floors`, or it cannot be measured",
            decide="the same, on rows that the proposal brings",
        ),
        CheckKind(
            name="slice",
            subject="NAME",
            question="Is the model no worse in this slice?",
            fail="it is worse by more than `gates.slice_margin` after Holm, or the slice has no rows",
            decide="the same, on rows that the proposal brings",
            warn="there are too few rows to judge, or the metric is not defined for them",
        ),
        CheckKind(
            name="behaviour",
            subject="NAME",
            question="Does this behaviour test of model.yaml hold?",
            fail="it does not hold, or does not fit the rows",
        ),
        CheckKind(
            name="cost",
            subject="NAME",
            question="Is this cost within its limit?",
            fail="it is beyond `gates.cost`, or was not measured",
        ),
        CheckKind(
            name="gates",
            question="Do gates, slices and behaviour tests stay as strict?",
            fail="the anchor moves to another version than the present champion",
            decide="one is loosened or changed, or those of the base cannot be read",
        ),
        CheckKind(
            name="settings",
            question="Do the settings of the registry stay?",
            decide="channels, trusted types or operators, limits, the base branch, what serves a channel or a remote "
            "change",
            passes=False,
        ),
        CheckKind(
            name="judge",
            question="Does what governs stay: who judges, who approves, what runs?",
            decide="a file changes that says so (the judge, schemas, workflows, CODEOWNERS, settings of Git or DVC, "
            "locks), or a link or a submodule comes",
            passes=False,
        ),
        CheckKind(
            name="history",
            question="Does history show what the change says?",
            fail="a commit does something to a version, a channel or a status and a later one takes that back, or "
            "several commits write one new version",
            decide="a rollback leaves the last channel without a version",
            warn="the base's own line of commits would be lost by a push",
        ),
        CheckKind(
            name="status",
            question="Is the version yanked?",
            decide="it may be used again",
        ),
        CheckKind(
            name="channels",
            question="Is nobody on the yanked version?",
            fail="a channel still points to it",
            passes=False,
        ),
        CheckKind(
            name="replacement",
            question="Can the replacement of the yanked version be used?",
            fail="it is not another version of the model, or it is yanked as well",
            passes=False,
        ),
        CheckKind(
            name="reproduction",
            question="Do the recorded stages make the version again (`--reproduce`)?",
            fail="the digests of training rows that it stores are not those of its training",
            decide="they fail or make something else, or this system cannot confine them",
        ),
        CheckKind(
            name="review",
            question="Could everything be looked at?",
            fail="Git or a file cannot be read, the time is over, or a bug ended the review; the message says which",
            passes=False,
        ),
    )
}
_RULE = re.compile(r" R[0-9]+\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One question that a review asked and its answer in a sentence. `path` and `line` say where to look, if anywhere.

    `name` is short and stable (`bytes`, `claims`, `floor: recall`, `rules R4`). Raises `ValueError` for a name that is
    not in the table, and for a verdict that the table does not list for it.
    """

    name: str
    verdict: CheckVerdict
    message: str
    path: str = ""
    line: int | None = None

    def __post_init__(self) -> None:
        if self.verdict not in kind_of(self.name).verdicts:
            raise ValueError(f"the check {self.name!r} never says {self.verdict!r}; CHECKS lists what it says")


def kind_of(name: str) -> CheckKind:
    """Return the entry of the table for the name of a check; raise `ValueError` where there is none."""
    for kind in CHECKS.values():
        if name.startswith(f"{kind.name}: ") if kind.subject else name == kind.name:
            return kind
        if kind.ruled and _RULE.sub("", name) == kind.name:
            return kind
    raise ValueError(f"{name!r} is not the name of a check; CHECKS lists them")


def check(
    name: CheckName,
    verdict: CheckVerdict,
    message: str,
    path: str = "",
    line: int | None = None,
    *,
    subject: str = "",
    rule: str = "",
) -> Check:
    """Return a check by its entry in the table, with the subject or the rule that its name goes on with."""
    full = f"{name}: {subject}" if CHECKS[name].subject else f"{name} {rule}" if rule else name
    return Check(name=full, verdict=verdict, message=message, path=path, line=line)
