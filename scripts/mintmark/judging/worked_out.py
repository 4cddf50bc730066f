"""Work out which rows versions were trained on that keep no digests of them, by making their training tables again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.judgement.opinion import found
from mintmark.core.provenance.training import WHY_ELSEWHERE, is_trained_elsewhere
from mintmark.core.provenance.training_rows import BY_ENTITY, BY_ROW, count_of
from mintmark.core.question import TRAINING_ROWS
from mintmark.core.words.numbers import count
from mintmark.errors import MintmarkError
from mintmark.judging.deadline import begin_reproduction
from mintmark.judging.hearing import heard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.question import Question
    from mintmark.core.records import VersionRecord
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span
    from mintmark.judging.trials.clean_rows import TrainingRows


def work_out_rows(span: Span, model: str, versions: Iterable[str | None]) -> Judging[dict[str, TrainingRows | str]]:
    """Return, by their names, what the training tables of versions of the base tell, or why they tell nothing.

    Versions that keep digests themselves are left out, and those that are not there.
    """
    made: dict[str, TrainingRows | str] = {}
    there = {str(version) for version in span.before.versions(model)}
    for version in dict.fromkeys(versions):
        if version in there:
            yield from heard(
                _work_out(span, span.before.record(model, str(version)), made), "clean rows", verdict="decide"
            )
    return made


def _work_out(span: Span, record: VersionRecord, made: dict[str, TrainingRows | str]) -> Judging[None]:
    from mintmark.judging.reproducing.training_table import work_out_training

    question, name = span.before.model(record.model).question, record.reference
    if _keeps_enough(span, record, question):
        return
    if is_trained_elsewhere(record.document):
        made[name] = WHY_ELSEWHERE
        return
    begin_reproduction()
    commit = span.history(record.model).first_seen[str(record.version)].oid
    try:
        rows = work_out_training(span.root, record, commit, question, span.config)
    except MintmarkError as error:
        why = "; ".join(str(error).splitlines())
        made[name] = f"it keeps no digests that tell, and making its training table again tells nothing: {why}"
        return
    made[name] = rows
    known = f"{count(count_of(rows.digests, BY_ROW), 'row')} of its training"
    yield found("clean rows", "pass", f"{name} keeps no digests that tell; {known} were worked out by reproducing it")


def _keeps_enough(span: Span, record: VersionRecord, question: Question) -> bool:
    from mintmark.judging.trials.clean_rows import read_training_rows

    stored = record.stored_file(TRAINING_ROWS)
    if stored is None or question.entity_column is None:
        return stored is not None
    return count_of(read_training_rows(span.store(span.before).fetch(stored)), BY_ENTITY) > 0
