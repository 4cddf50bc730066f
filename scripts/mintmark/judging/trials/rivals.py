"""Whom a candidate has to beat on given rows: the champion, or the best constant answer where there is none."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mintmark.core.judgement.contests import Contender
from mintmark.core.judgement.grading import dummy_answer
from mintmark.core.question import EVALUATION, PREDICTIONS
from mintmark.errors import MintmarkError
from mintmark.judging.trials.evidence import outcomes_of, stored_answer, take_inputs
from mintmark.judging.trials.running import ask_model, start_model

if TYPE_CHECKING:
    from mintmark.core.judgement.answers import Answer, ModelRun
    from mintmark.core.question import Label
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.trials.cases import Case
    from mintmark.judging.trials.evidence import Rows


class Rivals:
    """The champion of a case on each of its sets of rows.

    While a champion was evaluated on the very rows, its stored predictions stand in for running it again. Otherwise it
    is run, once for all rows: in a process of its own, because a candidate that shared it could forge its answers.
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    def contender(self, rows: Rows, classes: tuple[Label, ...]) -> tuple[Contender, list[Label]]:
        """Return who is to be beaten with its outcomes for rows, and the classes that both sides are measured in.

        Raises `MintmarkError` or `AnswerFault` where its answers are not to be had.
        """
        question, champion = self._case.rules.question, self._case.champion
        if champion is None:
            known = list(classes)
            answer, says = dummy_answer(rows.table[question.target], question, known)
            outcomes = outcomes_of(answer, rows, question, known)
            return Contender(name=f"dummy baseline: {says}", outcomes=outcomes), known
        own, answer = self.answer(champion, rows)
        both = [*classes, *(label for label in own if label not in classes)]
        return Contender(name=champion.name, outcomes=outcomes_of(answer, rows, question, own, both)), both

    def answer(self, champion: FetchedVersion, rows: Rows) -> tuple[tuple[Label, ...], Answer]:
        """Return the classes of the champion of this case, and what it answers to rows."""
        if not _must_run(champion, rows):
            return champion.classes, stored_answer(champion)
        take_inputs(champion, rows, self._case.rules.question)  # raises where it cannot be asked about these rows
        return self._run.classes, self._run.answers[rows.sha256]

    @cached_property
    def _run(self) -> ModelRun:
        """What the champion answers to all rows that it must be asked about and that have its inputs."""
        champion, rules = self._case.champion, self._case.rules
        assert champion is not None
        every = [rows for rows in (self._case.judged, self._case.own) if rows is not None and _must_run(champion, rows)]
        fitting = [rows for rows in every if set(champion.inputs) <= set(rows.table.columns)]
        tables = {rows.sha256: take_inputs(champion, rows, rules.question) for rows in fitting}
        with start_model(champion, rules.trusted) as process:
            if process is None:
                raise MintmarkError(f"a {champion.record.format} file cannot be run here")
            return ask_model(process, champion, tables)


def _must_run(champion: FetchedVersion, rows: Rows) -> bool:
    stored = champion.record.stored_file(EVALUATION)
    return stored is None or stored.sha256 != rows.sha256 or PREDICTIONS not in champion.files
