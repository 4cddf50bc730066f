"""Hold a candidate against the anchor, the first champion, so that many small losses do not add up.

Twenty proposals, each half a margin worse than the champion of its day, pass one by one. The anchor stays where it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mintmark.core.judgement.gates import check_primary
from mintmark.core.judgement.opinion import Opinion, found, short
from mintmark.judging.hearing import attempt
from mintmark.judging.trials.pairing import Answered, pair_answers
from mintmark.judging.trials.rivals import Rivals

if TYPE_CHECKING:
    from mintmark.core.judgement.answers import Answer, ModelRun
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.hearing import Judging
    from mintmark.judging.trials.cases import Case
    from mintmark.judging.trials.pairing import Pairing


def judge_anchor(case: Case, anchor: FetchedVersion, run: ModelRun, answer: Answer) -> Judging[None]:
    """Say whether the candidate is no worse than the anchor, on the rows that neither was trained on."""

    def pair() -> Pairing:
        rows, rules = case.judged, case.rules
        classes, its_answer = Rivals(replace(case, champion=anchor, own=None)).answer(anchor, rows)
        first = Answered(version=anchor, answer=its_answer, classes=classes)
        second = Answered(version=case.candidate, answer=answer, classes=run.classes)
        return pair_answers(first, second, rows, rules.question, rules.gates, sightings=case.sightings)

    if set(anchor.classes) != set(run.classes):
        message = f"the anchor {anchor.name} knows other classes ({short(list(anchor.classes))})"
        yield found("anchor", "decide", f"{message} than {short(list(run.classes))}; decide by hand")
        return
    says = f"{anchor.name} cannot be compared with: "
    pairing = yield from attempt(pair, "anchor", verdict="decide", says=says)
    if pairing is None:
        return
    primary = next((each for each in pairing.evaluation.metrics if each.primary), None) if pairing.evaluation else None
    if primary is None or not pairing.is_known:
        why = "; ".join(pairing.notes) or f"{case.rules.question.metric} cannot be measured"
        yield found("anchor", "decide", f"{anchor.name} cannot be compared with: {why}; decide by hand")
        return
    yield Opinion(checks=(check_primary(primary, f"the anchor {anchor.name}", name="anchor"),))
