"""Two versions of a model on the same rows: the paired test of a review, without its verdict. Runs no model.

As in a review, it is held on the rows that neither was trained on (R11), and decides nothing where that is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mintmark.core.judgement.answers import AnswerFault
from mintmark.core.judgement.contests import Contender, contest
from mintmark.core.question import EVALUATION, PREDICTIONS, RecipeFault
from mintmark.errors import MintmarkError
from mintmark.judging.trials.clean_rows import Sightings, undecided
from mintmark.judging.trials.evidence import outcomes_of, read_rows, stored_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.judgement.review import Evaluation
    from mintmark.core.model import Gates
    from mintmark.core.question import Label, Question
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.trials.clean_rows import CleanRows
    from mintmark.judging.trials.evidence import Rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A version, what it answers to given rows, and the order of classes that its probabilities have."""

    version: FetchedVersion
    answer: Answer
    classes: Sequence[Label]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """What a paired test says of two versions.

    `rows` were asked of both and `judged` are those that the test is held on. `notes` say in sentences why these and
    no others. `evaluation` is None where too few are left; where it is not known what one of them was trained on, every
    standing in it is `inconclusive` and `is_known` is false.
    """

    rows: int
    judged: int
    notes: tuple[str, ...]
    evaluation: Evaluation | None
    is_known: bool


def pair_stored(first: FetchedVersion, second: FetchedVersion, question: Question, gates: Gates) -> Pairing:
    """Compare two versions by their stored predictions; the second is the candidate, the first the champion.

    Both were evaluated on the same rows, which the caller knows by their sha256. Raises `MintmarkError` where a file is
    not there, or does not hold what it should.
    """
    for version in (first, second):
        missing = next((name for name in (EVALUATION, PREDICTIONS) if name not in version.files), None)
        if missing:
            raise MintmarkError(f"{version.name} keeps no {missing}")
    stored = second.record.stored_file(EVALUATION)
    rows = read_rows(second.files[EVALUATION], stored.sha256 if stored else "", question)
    try:
        sides = [Answered(version=each, answer=stored_answer(each), classes=each.classes) for each in (first, second)]
    except AnswerFault as fault:
        raise MintmarkError(str(fault)) from None
    return pair_answers(sides[0], sides[1], rows, question, gates)


def pair_answers(
    first: Answered,
    second: Answered,
    rows: Rows,
    question: Question,
    gates: Gates,
    *,
    sightings: Sightings | None = None,
) -> Pairing:
    """Compare the answers of two versions to rows, on those that neither was trained on.

    `sightings` is what is known of that already. Slices are left out: a review judges them. Raises `MintmarkError`
    where an answer cannot be measured.
    """
    question = replace(question, slices=())
    known = [*second.classes, *(label for label in first.classes if label not in second.classes)]
    clean = (sightings or Sightings(question)).clean(rows, [second.version, first.version])
    judged, notes = int(clean.mask.sum()), tuple(check.message for check in clean.checks())
    found = Pairing(rows=len(rows.table), judged=judged, notes=notes, evaluation=None, is_known=clean.are_known)
    if not clean.are_enough:
        return found
    try:
        ours, theirs = (
            Contender(name=side.version.name, outcomes=outcomes_of(side.answer, rows, question, side.classes, known))
            for side in (second, first)
        )
        evaluation = contest_on(clean, ours, theirs, rows, question, gates, source="base")
    except (AnswerFault, RecipeFault, ValueError) as fault:
        raise MintmarkError(str(fault)) from None
    return replace(found, evaluation=evaluation)


def contest_on(
    clean: CleanRows,
    candidate: Contender,
    champion: Contender,
    rows: Rows,
    question: Question,
    gates: Gates,
    *,
    source: str,
    is_dummy: bool = False,
) -> Evaluation:
    """Return the contest of two sides on the clean ones of the rows that both answered; see `contests.contest`.

    It decides nothing where nobody knows which of the rows one of them was trained on.
    """
    ours, theirs = (replace(side, outcomes=side.outcomes.take(clean.mask)) for side in (candidate, champion))
    table = rows.table[clean.mask].reset_index(drop=True)
    found = contest(ours, theirs, table, question, gates, source=source, sha256=rows.sha256, is_dummy=is_dummy)
    return found if clean.are_known else undecided(found)
