"""One version against another: bytes, claims, champion, gates and behaviour, for `propose` and `promote` alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.judgement.answers import ModelRun
from mintmark.core.judgement.behaviour import judge_behaviour, probes
from mintmark.core.judgement.checks import Check, CheckVerdict, check
from mintmark.core.judgement.claims import MOST_CELLS, MOST_RESAMPLES, dispute_claims, has_older_bounds
from mintmark.core.judgement.contests import Contender
from mintmark.core.judgement.gates import (
    check_baseline,
    check_cost,
    check_floors,
    check_leak,
    check_primary,
    check_slices,
    check_unknown,
    cost_results,
)
from mintmark.core.judgement.grading import is_constant, same_answers
from mintmark.core.judgement.opinion import Opinion, found, short
from mintmark.core.provenance.training_rows import SPREAD
from mintmark.core.question import PREDICTIONS
from mintmark.core.statistics.evaluation import measure
from mintmark.judging.hearing import attempt
from mintmark.judging.trials.anchor import judge_anchor
from mintmark.judging.trials.evidence import outcomes_of, stored_answer, take_inputs
from mintmark.judging.trials.pairing import contest_on
from mintmark.judging.trials.rivals import Rivals
from mintmark.judging.trials.running import ask_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from mintmark.artifacts.confined.model_runner import ModelProcess
    from mintmark.core.judgement.answers import Answer
    from mintmark.core.judgement.claims import Dispute
    from mintmark.core.judgement.review import Evaluation
    from mintmark.core.statistics.metrics import Outcomes
    from mintmark.judging.hearing import Judging
    from mintmark.judging.trials.cases import Case
    from mintmark.judging.trials.evidence import Rows

_JUDGED, _OWN = "evaluation", "own rows"
_MOST_DISPUTES = 10
_SEED = 20260601
_ONE_BY_CHANCE = SPREAD // 100  # rows: among more, one may pass for a row of the training (`seen`)
_OLDER_BOUNDS = "; the bounds of its intervals are of an older method, and only the values were computed again"
_MISFIT = "model.yaml does not fit the evaluation rows: "


def hold_trial(case: Case, process: ModelProcess | None) -> Judging[None]:
    """Ask the candidate's model in its process and judge what it answers; None: its format cannot be run."""
    tables = (yield from attempt(lambda: _tables(case), "model")) if process else {}
    if tables is None:
        return
    run = yield from _run_candidate(case, process, tables) if process else _take_stored(case)
    if run is None:
        return
    yield Opinion(isolation=run.isolation)
    answer = run.answers[_JUDGED]
    own_answer = run.answers[_OWN] if case.own is not None else answer
    yield from _judge_claims(case, run, own_answer)
    if case.is_proposal:
        yield from _judge_own_rows(case)
    rivals = Rivals(case)
    yield from _compare(case, rivals, run, case.judged, answer, case.judged_source)
    if case.anchor is not None:
        yield from judge_anchor(case, case.anchor, run, answer)
    if case.own is not None:
        for each in _compare(case, rivals, run, case.own, own_answer, "proposal"):
            yield Opinion(evaluations=each.evaluations) if case.has_grown else each
    if tables:
        yield _behaviour(case, run, tables)
    costs = {"size": float(case.candidate.record.artifact.size), **run.cost}
    results = cost_results(costs, case.costs, case.rules.gates)
    yield Opinion(cost=tuple(results), checks=tuple(check_cost(results, case.rules.gates)))


def _tables(case: Case) -> Mapping[str, pd.DataFrame]:
    """Return everything that the candidate is asked, at once."""
    inputs = take_inputs(case.candidate, case.judged, case.rules.question)
    tables = {_JUDGED: inputs, **probes(case.rules.behaviour, inputs, seed=_SEED)}
    if case.own is not None:
        tables[_OWN] = take_inputs(case.candidate, case.own, case.rules.question)
    return tables


def _run_candidate(case: Case, process: ModelProcess, tables: Mapping[str, pd.DataFrame]) -> Judging[ModelRun | None]:
    """Ask the candidate, and say whether it answers."""
    candidate = case.candidate
    run = yield from attempt(lambda: ask_model(process, candidate, tables), "model")
    if run is None:
        return None
    for name in (_JUDGED, *([_OWN] if case.own is not None else [])):
        error = run.answers[name].error
        if error is not None:
            yield found("model", "fail", f"the model cannot answer the {name}: {error}")
            return None
    if run.classes != candidate.classes:
        says = f"the model knows the classes {short(list(run.classes))}, the record {short(list(candidate.classes))}"
        path = layout.version_path(candidate.record.model, str(candidate.record.version))
        yield found("model", "fail", f"{says}; dvc repro, and propose it again", path)
        return None
    yield found("model", "pass", f"{candidate.name} was loaded and run in a process of its own")
    return run


def _take_stored(case: Case) -> Judging[ModelRun | None]:
    """Let the stored predictions stand for a model that cannot be run: its metrics are measured, and stay claims."""
    message = f"a {case.candidate.record.format} file cannot be run here, so nobody can check its predictions"
    yield found("model", "decide", message)
    if case.own is not None or PREDICTIONS not in case.candidate.files:
        return None
    answer = yield from attempt(lambda: stored_answer(case.candidate), "predictions")
    if answer is None:
        return None
    return ModelRun(classes=case.candidate.classes, answers={_JUDGED: answer}, cost={}, isolation={})


# -- what the proposal says of itself --------------------------------------------------------------------------------


def _judge_claims(case: Case, run: ModelRun, answer: Answer) -> Judging[None]:
    """R7: every claimed metric, and every stored prediction, is what the model gives."""
    rows, question = case.own or case.judged, case.rules.question
    says = "the predictions cannot be measured: "
    outcomes = yield from attempt(lambda: outcomes_of(answer, rows, question, run.classes), "predictions", says=says)
    if outcomes is None:
        return
    yield from _judge_stored(case, answer, rows)
    resamples, seed = int(case.claimed["resamples"]), int(case.claimed["seed"])
    most = min(MOST_RESAMPLES, MOST_CELLS // len(rows.table))
    if resamples > most:
        message = f"metrics.json says {resamples:,} resamples; {most:,} can be repeated here at most"
        yield found("claims", "fail", message)
        return
    measured = yield from attempt(
        lambda: measure(outcomes, rows.table, question, resamples=resamples, seed=seed), "claims", says=_MISFIT
    )
    if measured is not None:
        is_older = not case.is_proposal and has_older_bounds(case.claimed, measured)
        disputes = dispute_claims(case.claimed, measured, question.metric, bounds=not is_older)
        yield _disputes(case, list(disputes), note=_OLDER_BOUNDS if is_older else "")


def _judge_own_rows(case: Case) -> Judging[None]:
    """What a version says of itself is too good where rows that it was evaluated on were in its training (R11).

    Its metrics.json stays, and the site, the card and every later reader show it. So a person decides.
    """
    rows = case.own or case.judged
    seen = yield from attempt(lambda: case.sightings.of(case.candidate, rows), "clean rows", verdict="decide")
    if seen is not None and seen.rows is not None and seen.rows.any():
        message = (
            f"{int(seen.rows.sum()):,} of the {len(seen.rows):,} rows that {case.candidate.name} was evaluated on were "
            "in its own training, so metrics.json says too much; split by hash, by group or in time from a date, "
            "or write duplicates: drop, and dvc repro"
        )
        by_chance = int(seen.rows.sum()) <= len(seen.rows) // _ONE_BY_CHANCE
        yield found("clean rows", "warn" if by_chance else "decide", message)


def _disputes(case: Case, disputes: Sequence[Dispute], *, note: str) -> Opinion:
    if not disputes:
        return found("claims", "pass", f"every claimed metric comes out again, in all rows and in each slice{note}")
    path = layout.metrics_path(case.candidate.record.model, str(case.candidate.record.version))
    opinion = Opinion()
    for dispute in disputes[:_MOST_DISPUTES]:
        result = "nothing" if dispute.found is None else dispute.found
        opinion += found("claims", "fail", f"{dispute.place} claims {dispute.claimed}, and {result} comes out", path)
    if len(disputes) > _MOST_DISPUTES:
        opinion += found("claims", "fail", f"{len(disputes) - _MOST_DISPUTES} more claims are off")
    return opinion


def _judge_stored(case: Case, answer: Answer, rows: Rows) -> Judging[None]:
    """The stored predictions stand in for the model later, so they must be its own."""
    record = case.candidate.record
    path = layout.pointer_path(record.model, str(record.version), PREDICTIONS)
    if PREDICTIONS not in case.candidate.files:
        yield found("predictions", "fail", f"the record has no {PREDICTIONS}; mintmark propose stores it", path)
        return
    stored = yield from attempt(lambda: stored_answer(case.candidate), "predictions", path=path)
    if stored is None:
        return
    differ = same_answers(stored, answer, labels=case.rules.question.is_classification)
    if differ:
        message = f"{PREDICTIONS} is not what the model answers: {differ:,} of {len(rows.table):,} rows differ"
        yield found("predictions", "fail", message, path)
    elif is_constant(answer) and len(set(rows.table[case.rules.question.target])) > 1:
        yield found("predictions", "fail", "the model gives every row the same answer")
    else:
        yield found("predictions", "pass", "the stored predictions are what the model answers")


# -- candidate against champion --------------------------------------------------------------------------------------


def _compare(case: Case, rivals: Rivals, run: ModelRun, rows: Rows, answer: Answer, source: str) -> Judging[None]:
    question = case.rules.question
    where = "" if source == case.judged_source else " on the proposal's rows"
    says = f"the predictions cannot be measured{where}: "
    alone = yield from attempt(lambda: outcomes_of(answer, rows, question, run.classes), "predictions", says=says)
    if alone is None:
        return

    def both() -> tuple[Contender, Outcomes]:
        champion, classes = rivals.contender(rows, run.classes)
        return champion, outcomes_of(answer, rows, question, run.classes, classes)

    verdict: CheckVerdict = "fail" if case.champion is None else "decide"
    pair = yield from attempt(both, "champion", verdict=verdict, says=f"cannot be compared{where}: ")
    if pair is None:
        return
    champion, outcomes = pair
    sides = [case.candidate, *([] if case.champion is None else [case.champion])]
    clean = yield from attempt(lambda: case.sightings.clean(rows, sides), "clean rows", verdict="decide")
    if clean is None:
        return
    yield Opinion(checks=tuple(clean.checks(where)))
    if not clean.are_enough:
        return
    evaluation = yield from attempt(
        lambda: contest_on(
            clean,
            Contender(name=case.candidate.name, outcomes=outcomes),
            champion,
            rows,
            question,
            case.rules.gates,
            source=source,
            is_dummy=case.champion is None,
        ),
        "champion",
        says=f"{_MISFIT.removesuffix(': ')}{where}: ",
    )
    if evaluation is not None:
        checks = tuple(_verdicts(evaluation, case, champion.name, where, is_known=clean.are_known))
        yield Opinion(evaluations=(evaluation,), checks=checks)


def _verdicts(evaluation: Evaluation, case: Case, champion: str, where: str, *, is_known: bool) -> Iterator[Check]:
    """Yield what follows from one evaluation; on rows that the proposal brings itself a person has the last word.

    `is_known` says that each side tells which rows it was trained on. Without it nothing is better or worse (R11).
    """
    gates = case.rules.gates
    primary = next((metric for metric in evaluation.metrics if metric.primary), None)
    if primary is None:
        checks = [check("champion", "fail", f"{case.rules.question.metric} cannot be measured for this model")]
    elif not is_known:
        checks = [check_unknown(primary, champion)]
    elif case.champion is None:
        checks = [check_baseline(primary, champion.partition(": ")[2])]
    else:
        checks = [check_primary(primary, champion, uses=case.uses), *check_leak(primary, gates)]
    checks += [*check_floors(evaluation.metrics, gates), *check_slices(evaluation.slices)]
    for each in checks:
        verdict: CheckVerdict = "decide" if where and each.verdict == "fail" else each.verdict
        yield replace(each, verdict=verdict, message=f"{each.message}{where}")


# -- behaviour -------------------------------------------------------------------------------------------------------


def _behaviour(case: Case, run: ModelRun, tables: Mapping[str, pd.DataFrame]) -> Opinion:
    results = judge_behaviour(
        case.rules.behaviour,
        tables[_JUDGED],
        tables,
        run.answers,
        run.answers[_JUDGED],
        classes=run.classes,
        positive=case.rules.question.positive_class,
    )
    checks = (check("behaviour", result.verdict, result.message, subject=result.name) for result in results)
    return Opinion(behaviour=tuple(results), checks=tuple(checks))
