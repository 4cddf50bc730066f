"""One version against another: bytes, claims, champion, gates and behaviour, for `propose` and `promote` alike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.judgement.answers import ModelRun
from mintmark.core.judgement.behaviour import judge_behaviour, probes
from mintmark.core.judgement.checks import Check, CheckVerdict
from mintmark.core.judgement.claims import MOST_CELLS, MOST_RESAMPLES, dispute_claims
from mintmark.core.judgement.contests import Contender, contest
from mintmark.core.judgement.gates import (
    check_baseline,
    check_cost,
    check_floors,
    check_leak,
    check_primary,
    check_slices,
    cost_results,
)
from mintmark.core.judgement.grading import AnswerFault, dummy_answer, is_constant, same_answers
from mintmark.core.judgement.review import BehaviourResult, CostResult, Evaluation
from mintmark.core.model import Gates
from mintmark.core.question import Question, RecipeFault
from mintmark.core.statistics.evaluation import measure
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.judging.evidence import RUNNABLE, Rows, ask, outcomes_of, stored_answer, take_inputs
from mintmark.judging.fetched import EVALUATION, PREDICTIONS, FetchedVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from mintmark.core.behaviour_tests import BehaviourTest
    from mintmark.core.judgement.answers import Answer
    from mintmark.core.model import Model

_JUDGED, _OWN = "evaluation", "own rows"
_MOST_DISPUTES = 10
_SEED = 20260601


@dataclass(slots=True)
class Trial:
    """What a trial found so far."""

    checks: list[Check] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    behaviour: list[BehaviourResult] = field(default_factory=list)
    cost: list[CostResult] = field(default_factory=list)
    isolation: Mapping[str, str] = field(default_factory=dict)

    def note(self, name: str, verdict: CheckVerdict, message: str, path: str = "") -> None:
        """Add a check."""
        self.checks.append(Check(name=name, verdict=verdict, message=message, path=path))


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What judges, all of it from the base: the question, the gates, the behaviour tests and the trusted types."""

    question: Question
    gates: Gates
    behaviour: Sequence[BehaviourTest]
    trusted: Sequence[str]

    @classmethod
    def of(cls, model: Model, trusted: Sequence[str]) -> Rules:
        """Take them from model.yaml; raise `MintmarkError` where it does not say what the model predicts."""
        try:
            question = model.question
        except RecipeFault as fault:
            raise MintmarkError(f"models/{model.name}/model.yaml: {fault.message}") from None
        return cls(
            question=question,
            gates=model.gates,
            behaviour=model.behaviour,
            trusted=trusted,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One trial: who stands against whom, on which rows.

    `judged` are the rows of the base; `own` those that the candidate's record is about, where they are others (then a
    person decides). `champion` is None where nothing holds the channel yet. `claimed` is the candidate's metrics.json,
    `costs` the champion's recorded cost.
    """

    rules: Rules
    candidate: FetchedVersion
    champion: FetchedVersion | None
    judged: Rows
    own: Rows | None
    claimed: Mapping[str, Any]
    costs: Mapping[str, float]
    judged_source: str = "base"


def hold_trial(case: Case) -> Trial:
    """Run the candidate's model in a process of its own and judge what it answers."""
    trial = Trial()
    runnable = case.candidate.record.format in RUNNABLE
    tables = _tables(case, trial) if runnable else {}
    run = _run_candidate(case, tables, trial) if runnable else _take_stored(case, trial)
    if run is None:
        return trial
    trial.isolation = run.isolation
    answer = run.answers[_JUDGED]
    own_answer = run.answers[_OWN] if case.own is not None else answer
    _check_claims(case, run, own_answer, trial)
    _compare(case, run, case.judged, answer, case.judged_source, trial)
    if case.own is not None:
        _compare(case, run, case.own, own_answer, "proposal", trial)
    if tables:
        _check_behaviour(case, run, tables, trial)
    costs = {"size": float(case.candidate.record.artifact.size), **run.cost}
    trial.cost = cost_results(costs, case.costs, case.rules.gates)
    trial.checks += check_cost(trial.cost, case.rules.gates)
    return trial


def _tables(case: Case, trial: Trial) -> Mapping[str, pd.DataFrame]:
    """Return everything that the candidate is asked, at once; none where it cannot be asked, which is noted."""
    try:
        inputs = take_inputs(case.candidate, case.judged, case.rules.question)
        tables = {_JUDGED: inputs, **probes(case.rules.behaviour, inputs, seed=_SEED)}
        if case.own is not None:
            tables[_OWN] = take_inputs(case.candidate, case.own, case.rules.question)
    except MintmarkError as error:
        trial.note("model", "fail", str(error))
        return {}
    return tables


def _run_candidate(case: Case, tables: Mapping[str, pd.DataFrame], trial: Trial) -> ModelRun | None:
    """Ask the candidate; that it does not answer is noted."""
    if not tables:
        return None
    candidate = case.candidate
    try:
        run = ask(candidate, tables, case.rules.trusted)
    except InvalidRegistryError:
        raise
    except MintmarkError as error:
        trial.note("model", "fail", str(error))
        return None
    answers = run.answers
    for name in (_JUDGED, *([_OWN] if case.own is not None else [])):
        if answers[name].error is not None:
            trial.note("model", "fail", f"the model cannot answer the {name}: {answers[name].error}")
            return None
    trial.note("model", "pass", f"{candidate.name} was loaded and run in a process of its own")
    return run


def _take_stored(case: Case, trial: Trial) -> ModelRun | None:
    """Let the stored predictions stand for a model that cannot be run: its metrics are measured, and stay claims."""
    message = f"a {case.candidate.record.format} file cannot be run here, so its predictions stay claims"
    trial.note("model", "decide", message)
    if case.own is not None or PREDICTIONS not in case.candidate.files:
        return None
    try:
        answer = stored_answer(case.candidate)
    except (AnswerFault, MintmarkError) as fault:
        trial.note("predictions", "fail", str(fault))
        return None
    return ModelRun(classes=case.candidate.classes, answers={_JUDGED: answer}, cost={}, isolation={})


# -- what the proposal says of itself --------------------------------------------------------------------------------


def _check_claims(case: Case, run: ModelRun, answer: Answer, trial: Trial) -> None:
    """R7: every claimed metric, and every stored prediction, is what the model gives."""
    rows = case.own or case.judged
    try:
        outcomes = outcomes_of(answer, rows, case.rules.question, run.classes)
    except AnswerFault as fault:
        trial.note("predictions", "fail", f"the predictions cannot be measured: {fault}")
        return
    _check_stored(case, answer, rows, trial)
    claimed = case.claimed
    resamples, seed = int(claimed["resamples"]), int(claimed["seed"])
    most = min(MOST_RESAMPLES, MOST_CELLS // len(rows.table))
    if resamples > most:
        trial.note("claims", "fail", f"the intervals claim more resamples than can be repeated here ({most:,})")
        return
    try:
        measured = measure(outcomes, rows.table, case.rules.question, resamples=resamples, seed=seed)
    except RecipeFault as fault:
        trial.note("claims", "fail", f"model.yaml does not fit the evaluation rows: {fault.message}")
        return
    disputes = list(dispute_claims(claimed, measured, case.rules.question.metric))
    for dispute in disputes[:_MOST_DISPUTES]:
        message = f"{dispute.place} claims {dispute.claimed}, and {_found(dispute.found)} comes out"
        path = layout.metrics_path(case.candidate.record.model, str(case.candidate.record.version))
        trial.note("claims", "fail", message, path)
    if len(disputes) > _MOST_DISPUTES:
        trial.note("claims", "fail", f"{len(disputes) - _MOST_DISPUTES} more claims are off")
    if not disputes:
        trial.note("claims", "pass", "every claimed metric comes out again, in all rows and in each slice")


def _found(value: object) -> str:
    return "nothing" if value is None else str(value)


def _check_stored(case: Case, answer: Answer, rows: Rows, trial: Trial) -> None:
    """The stored predictions stand in for the model later, so they must be its own."""
    record = case.candidate.record
    path = layout.pointer_path(record.model, str(record.version), PREDICTIONS)
    if PREDICTIONS not in case.candidate.files:
        trial.note("predictions", "fail", f"the record has no {PREDICTIONS}; mintmark propose stores it", path)
        return
    try:
        stored = stored_answer(case.candidate)
    except (AnswerFault, MintmarkError) as fault:
        trial.note("predictions", "fail", str(fault), path)
        return
    differ = same_answers(stored, answer, labels=case.rules.question.is_classification)
    if differ:
        message = f"{PREDICTIONS} is not what the model answers: {differ:,} of {len(rows.table):,} rows differ"
        trial.note("predictions", "fail", message, path)
    elif is_constant(answer) and len(set(rows.table[case.rules.question.target])) > 1:
        trial.note("predictions", "fail", "the model gives every row the same answer")
    else:
        trial.note("predictions", "pass", "the stored predictions are what the model answers")


# -- candidate against champion --------------------------------------------------------------------------------------


def _compare(case: Case, run: ModelRun, rows: Rows, answer: Answer, source: str, trial: Trial) -> None:
    question, gates = case.rules.question, case.rules.gates
    where = "" if source == case.judged_source else " on the proposal's rows"
    try:
        outcomes_of(answer, rows, question, run.classes)
    except AnswerFault as fault:
        trial.note("predictions", "fail", f"the predictions cannot be measured{where}: {fault}")
        return
    try:
        champion, classes = _champion(case, rows, run.classes)
        candidate = outcomes_of(answer, rows, question, run.classes, classes)
    except (AnswerFault, MintmarkError) as fault:
        verdict: CheckVerdict = "fail" if case.champion is None else "decide"
        trial.note("champion", verdict, f"cannot be compared{where}: {fault}")
        return
    try:
        evaluation = contest(
            Contender(name=case.candidate.name, outcomes=candidate),
            champion,
            rows.table,
            question,
            gates,
            source=source,
            sha256=rows.sha256,
            is_dummy=case.champion is None,
        )
    except RecipeFault as fault:
        trial.note("champion", "fail", f"model.yaml does not fit the evaluation rows{where}: {fault.message}")
        return
    trial.evaluations.append(evaluation)
    trial.checks += _verdicts(evaluation, case, champion.name, where)


def _verdicts(evaluation: Evaluation, case: Case, champion: str, where: str) -> Iterator[Check]:
    """Yield what follows from one evaluation; on rows that the proposal brings itself a person has the last word."""
    gates = case.rules.gates
    primary = next((metric for metric in evaluation.metrics if metric.primary), None)
    if primary is None:
        message = f"{case.rules.question.metric} cannot be measured for this model"
        checks = [Check(name="champion", verdict="fail", message=message)]
    elif case.champion is None:
        checks = [check_baseline(primary, champion.partition(": ")[2])]
    else:
        checks = [check_primary(primary, champion), *check_leak(primary, gates)]
    checks += [*check_floors(evaluation.metrics, gates), *check_slices(evaluation.slices)]
    for check in checks:
        verdict: CheckVerdict = "decide" if where and check.verdict == "fail" else check.verdict
        yield replace(check, verdict=verdict, message=f"{check.message}{where}")


def _champion(case: Case, rows: Rows, classes: tuple[object, ...]) -> tuple[Contender, list[object]]:
    """Return who is to be beaten with its outcomes for rows, and the classes that both sides are measured in.

    While a champion was evaluated on these very rows, its stored predictions stand in for running it again.
    """
    question, champion = case.rules.question, case.champion
    if champion is None:
        known = list(classes)
        answer, says = dummy_answer(rows.table[question.target], question, known)  # type: ignore[arg-type]
        outcomes = outcomes_of(answer, rows, question, known)
        return Contender(name=f"dummy baseline: {says}", outcomes=outcomes), known
    stored = champion.record.stored_file(EVALUATION)
    if stored is not None and stored.sha256 == rows.sha256 and PREDICTIONS in champion.files:
        own, answer = champion.classes, stored_answer(champion)
    else:
        run = ask(champion, {_JUDGED: take_inputs(champion, rows, question)}, case.rules.trusted)
        own, answer = run.classes, run.answers[_JUDGED]
    both = [*classes, *(label for label in own if label not in classes)]
    return Contender(name=champion.name, outcomes=outcomes_of(answer, rows, question, own, both)), both


# -- behaviour -------------------------------------------------------------------------------------------------------


def _check_behaviour(case: Case, run: ModelRun, tables: Mapping[str, pd.DataFrame], trial: Trial) -> None:
    trial.behaviour = judge_behaviour(
        case.rules.behaviour,
        tables[_JUDGED],
        tables,
        run.answers,
        run.answers[_JUDGED],
        classes=run.classes,
        positive=case.rules.question.positive_class,
    )
    for result in trial.behaviour:
        trial.note(f"behaviour: {result.name}", result.verdict, result.message)
