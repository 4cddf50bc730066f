"""Ask a version about rows that somebody brings, and measure what it answers. The model runs confined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.judgement.answers import AnswerFault
from mintmark.core.judgement.claims import MOST_CELLS
from mintmark.core.question import RecipeFault
from mintmark.core.statistics.evaluation import measure
from mintmark.errors import MintmarkError
from mintmark.judging.trials.clean_rows import Sighting, Sightings
from mintmark.judging.trials.evidence import outcomes_of, take_inputs
from mintmark.judging.trials.pairing import Answered
from mintmark.judging.trials.running import ask_model, start_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.question import Question
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.trials.evidence import Rows

RESAMPLES: Final = 2000
SEED: Final = 20260601
_ROWS: Final = "rows"


def ask_about(version: FetchedVersion, rows: Rows, question: Question, trusted: Sequence[str]) -> Answered:
    """Run the model of a version once on rows; raise `MintmarkError` where they do not fit or it gives no answer."""
    inputs = take_inputs(version, rows, question)
    with start_model(version, trusted) as process:
        if process is None:
            raise MintmarkError(f"{version.name}: a {version.record.format} file cannot be run")
        run = ask_model(process, version, {_ROWS: inputs})
    answer = run.answers[_ROWS]
    if answer.error is not None:
        raise MintmarkError(f"{version.name} does not answer these rows: {answer.error}")
    return Answered(version=version, answer=answer, classes=run.classes)


def measure_answer(answered: Answered, rows: Rows, question: Question) -> dict[str, Any]:
    """Return every metric with its interval, in all rows and in each slice, as metrics.json has them.

    Raises `MintmarkError` where the answers, or a slice, do not fit the rows.
    """
    resamples = max(1, min(RESAMPLES, MOST_CELLS // len(rows.table)))
    try:
        outcomes = outcomes_of(answered.answer, rows, question, answered.classes)
        return measure(outcomes, rows.table, question, resamples=resamples, seed=SEED)
    except AnswerFault as fault:
        raise MintmarkError(f"{answered.version.name} cannot be measured on these rows: {fault}") from None
    except RecipeFault as fault:
        raise MintmarkError(f"model.yaml does not fit these rows: {fault.message}") from None


def seen_rows(version: FetchedVersion, rows: Rows, question: Question) -> Sighting:
    """Return which of the rows a version was trained on, as far as it keeps digests of them."""
    return Sightings(question).of(version, rows)
