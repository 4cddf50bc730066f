"""What the version before does on the rows that raised an alarm: replayed in a confined process, and judged.

With labels the paired test of a review judges. Without them each of both is estimated on the same rows, and only
intervals that do not meet tell the two apart. Opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.commands.comparing.sides import read_side
from mintmark.commands.measuring.brought_rows import truth_type
from mintmark.commands.monitoring.logged_rows import LoggedRows, Wanted, read_logged_rows
from mintmark.core.question import TRAINING_ROWS
from mintmark.core.signature.inputs import InputFault, fit_inputs
from mintmark.core.statistics.live import estimated_errors, estimated_performance
from mintmark.core.statistics.live.estimates import RESAMPLES
from mintmark.core.statistics.live.score_counts import count_scores
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.words import numbers
from mintmark.core.words.comparisons import NO_VERDICT, standing_in_words
from mintmark.errors import MintmarkError
from mintmark.judging.trials.cases import Rules
from mintmark.judging.trials.clean_rows import Sightings
from mintmark.judging.trials.evidence import Rows
from mintmark.judging.trials.measuring import ask_about
from mintmark.judging.trials.pairing import Answered, pair_answers
from mintmark.monitoring.column_counts import level_name
from mintmark.monitoring.known_versions import know_version
from mintmark.monitoring.performance import LEAST_LABELLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.statistics.live.estimates import Estimate
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.trials.pairing import Pairing
    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.known_versions import KnownVersion
    from mintmark.monitoring.labels import KnownLabels
    from mintmark.monitoring.watching import ReadLabels
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.logged.reading import PredictionLog

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class BothMetrics:
    """A metric of the version that answers and of the one before, on the same rows, in words."""

    name: str
    present: str
    before: str
    difference: str
    standing: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedRollback:
    """Whether the version before does better on the same rows; `notes` are sentences that say what that rests on."""

    present: str
    before: str
    rows: int
    with_labels: bool
    is_better: bool
    metrics: tuple[BothMetrics, ...]
    notes: tuple[str, ...]


def judge_rollback(
    registry: ClonedRegistry,
    log: PredictionLog,
    documents: Sequence[WindowDocument],
    before: str,
    read_labels: ReadLabels,
) -> JudgedRollback:
    """Replay the rows of windows of one version and channel through the version `before`, and judge both.

    Raises `MintmarkError` where nobody can tell: the log lacks an input, the version before does not answer.
    """
    model = documents[0].model
    sides = [read_side(registry, f"{model}@{version}") for version in (documents[0].version, before)]
    versions = [side.fetch(registry, (side.document["artifact"]["path"], TRAINING_ROWS)) for side in sides]
    known = know_version(registry, model, documents[0].version)
    matured = [each for each in documents if each.labels is not None and each.labels.matured]
    if sum(each.labels.labelled for each in matured if each.labels is not None) >= LEAST_LABELLED:
        labels = read_labels(known)
        if labels is not None:
            wanted = replace(_wanted(versions, matured, labels), entity=known.model.entity_column)
            rows = read_logged_rows(log, wanted)
            return _with_labels(registry, versions, rows)
    rows = read_logged_rows(log, _wanted(versions, documents))
    return _estimated(registry, versions, rows, [known, know_version(registry, model, before)])


def _wanted(
    versions: Sequence[FetchedVersion], documents: Sequence[WindowDocument], labels: KnownLabels | None = None
) -> Wanted:
    return Wanted(
        record=versions[0].record,
        channel=documents[0].channel,
        windows=[each.window for each in documents],
        rows=sum(each.traffic.rows for each in documents),
        needed=versions[1].inputs,
        labels=labels,
    )


# -- with labels -----------------------------------------------------------------------------------------------------


def _with_labels(registry: ClonedRegistry, versions: Sequence[FetchedVersion], rows: LoggedRows) -> JudgedRollback:
    rules = Rules.of(registry.model(versions[0].record.model), registry.settings.trusted_names)
    question = rules.question
    kind = truth_type(versions[0].record, is_classification=question.is_classification)
    table = rows.inputs.assign(**{question.target: [] if rows.truth is None else rows.truth.to_pylist()})
    try:
        table[question.target] = fit_inputs(table[[question.target]], {question.target: kind})[question.target]
    except InputFault as fault:
        raise MintmarkError(f"the labels do not fit: {fault} (target in model.yaml)") from None
    notes, sightings = [], None
    if question.entity_column is not None and rows.entities is None:
        entity = question.entity_column
        notes.append(f'Rows were taken as independent, for neither the log nor the labels hold "{entity}".')
        question = replace(question, entity_column=None)
    elif question.entity_column is not None:
        table[question.entity_column] = rows.entities
        if rows.are_hashed:
            sightings = Sightings(replace(question, slices=(), entity_column=None))
    asked = Rows(sha256="", table=table)
    present = Answered(version=versions[0], answer=rows.answer, classes=versions[0].classes)
    before = ask_about(versions[1], asked, question, rules.trusted)
    pairing = pair_answers(present, before, asked, question, rules.gates, sightings=sightings)
    metrics = tuple(_paired(pairing))
    primary = next((each for each in metrics if each.name == question.metric), None)
    return JudgedRollback(
        present=versions[0].name,
        before=versions[1].name,
        rows=pairing.judged,
        with_labels=True,
        is_better=pairing.is_known and primary is not None and primary.standing == "better",
        metrics=metrics,
        notes=(*_paired_notes(pairing), *notes),
    )


def _paired(pairing: Pairing) -> Any:
    for result in () if pairing.evaluation is None else pairing.evaluation.metrics:
        found, mine, theirs = result.difference, result.champion, result.candidate
        is_judged = found is not None and pairing.is_known
        yield BothMetrics(
            name=result.name,
            present="" if mine is None else numbers.interval(mine.value, mine.low, mine.high),
            before=numbers.interval(theirs.value, theirs.low, theirs.high),
            difference="" if found is None else numbers.difference(found.value, found.low, found.high),
            standing=standing_in_words(found.standing, primary=result.primary)
            if found is not None and is_judged
            else NO_VERDICT,
        )


def _paired_notes(pairing: Pairing) -> Any:
    yield from (f"{numbers.capital(note)}." for note in pairing.notes)
    if pairing.evaluation is None:
        yield "Too few rows are left for a paired test."
    elif not pairing.is_known:
        yield "So nothing is called better or worse (R11), and a person decides."
    else:
        yield f"Paired test on {numbers.count(pairing.judged, 'row')} with a label that neither was trained on."


# -- without labels --------------------------------------------------------------------------------------------------


def _estimated(
    registry: ClonedRegistry, versions: Sequence[FetchedVersion], rows: LoggedRows, known: Sequence[KnownVersion]
) -> JudgedRollback:
    model = known[0].model
    rules = Rules.of(model, registry.settings.trusted_names)
    replayed = ask_about(versions[1], Rows(sha256="", table=rows.inputs), rules.question, rules.trusted)
    scores = [
        _Scores.of(rows.answer, versions[0].classes, known[0]),
        _Scores.of(replayed.answer, replayed.classes, known[1]),
    ]
    usable = scores[0].usable & scores[1].usable
    if not usable.any():
        raise MintmarkError("there is no row for which both give a score that an estimate can use")
    metric = model.metric.name
    present, before = (_estimate(each, version, usable, metric) for each, version in zip(scores, known, strict=True))
    more_is_better = greater_is_better(metric)
    is_better = before.low > present.high if more_is_better else before.high < present.low
    told = BothMetrics(
        name=metric,
        present=numbers.interval(present.value, present.low, present.high),
        before=numbers.interval(before.value, before.low, before.high),
        difference=numbers.signed(before.value - present.value),
        standing="better, as estimated" if is_better else "not told apart",
    )
    module = estimated_performance if known[0].classes else estimated_errors
    return JudgedRollback(
        present=versions[0].name,
        before=versions[1].name,
        rows=int(usable.sum()),
        with_labels=False,
        is_better=is_better,
        metrics=(told,),
        notes=(
            f"Both are {module.ASSUMPTION}.",
            "They are told apart only where their intervals do not meet. Labels would decide.",
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """What a version said of rows: numbers or the places of classes, and the probabilities of a classifier."""

    said: NDArray[np.float64]
    shares: NDArray[np.float64] | None
    usable: NDArray[np.bool_]

    @classmethod
    def of(cls, answer: Answer, classes: Sequence[Any], known: KnownVersion) -> _Scores:
        """Take an answer apart; classes are paired by their names."""
        if not known.classes:
            said = np.array([_number(value) for value in answer.prediction])
            return cls(said, None, np.isfinite(said))
        if answer.probabilities is None:
            raise MintmarkError(f"{known.record.reference} gives no probabilities, so nothing can be estimated")
        names = {level_name(label): place for place, label in enumerate(known.classes)}
        said = np.array([float(names.get(level_name(value), np.nan)) for value in answer.prediction])
        order = [[level_name(label) for label in classes].index(name) for name in names]
        shares = np.asarray(answer.probabilities, dtype=np.float64)[:, order]
        with np.errstate(invalid="ignore"):
            within = ((shares >= -_ROUNDING) & (shares <= 1 + _ROUNDING)).all(axis=1)
        return cls(said, shares.clip(0, 1), np.isfinite(said) & within)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan


def _estimate(scores: _Scores, known: KnownVersion, usable: NDArray[np.bool_], metric: str) -> Estimate:
    evaluation, reference = known.evaluation, known.record.reference
    if evaluation is None:
        raise MintmarkError(f"{reference} keeps no predictions that an estimate could learn from")
    learned = known.learned(RESAMPLES)
    if learned is None:
        raise MintmarkError(f"{reference}: nothing can be estimated, for {known.no_estimate_reason}")
    counts: Any
    if scores.shares is not None:
        counts = count_scores(scores.shares[usable], scores.said[usable].astype(np.intp), known.positive)
    else:
        edges = estimated_errors.prediction_edges(evaluation.prediction)
        counts = estimated_errors.count_predictions(scores.said[usable], edges)
    found = learned.estimate(counts, (metric,))
    if metric not in found:
        raise MintmarkError(f"{reference}: {metric} cannot be estimated without labels")
    return found[metric]
