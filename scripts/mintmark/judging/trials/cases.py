"""Who stands against whom on which rows: builds the case of a proposal or a promotion from base and head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.cost import recorded_cost
from mintmark.core.judgement.opinion import Opinion, found, found_faults
from mintmark.core.named_columns import prepare_sections
from mintmark.core.provenance.training_rows import holds_all
from mintmark.core.question import EVALUATION, Question, RecipeFault, is_stable_split
from mintmark.errors import MintmarkError
from mintmark.judging.fetched import FetchedVersion, fetch_version, locked_rows
from mintmark.judging.hearing import attempt
from mintmark.judging.trials.clean_rows import Sightings
from mintmark.judging.trials.evidence import Rows, read_rows
from mintmark.registry import pipeline
from mintmark.registry.pipeline import LOCK
from mintmark.registry.record_checks import contradictions
from mintmark.registry.snapshot import with_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.behaviour_tests import BehaviourTest
    from mintmark.core.judgement.review import Uses
    from mintmark.core.model import Gates, Model
    from mintmark.core.records import StoredFile, VersionRecord
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span
    from mintmark.judging.trials.clean_rows import TrainingRows
    from mintmark.registry.clone import ClonedRegistry

_FIRST_ROWS = (
    "These are the first evaluation rows of this model. Every later version will be measured on them. "
    "Look at them before you approve."
)
_MOST = 1e300  # of a recorded cost, which nobody held against anything: JSON has numbers that no float can hold


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
    `costs` the champion's recorded cost. `is_proposal` says that the base does not have the candidate yet.
    `anchor` is whom it must not be worse than either, None where that is the champion or the candidate itself. `uses`
    counts the versions that were compared on the rows. `sightings` knows which of the rows each side was trained on.
    """

    rules: Rules
    candidate: FetchedVersion
    champion: FetchedVersion | None
    judged: Rows
    own: Rows | None
    claimed: Mapping[str, Any]
    costs: Mapping[str, float]
    sightings: Sightings
    judged_source: str = "base"
    is_proposal: bool = False
    anchor: FetchedVersion | None = None
    uses: int = 0
    has_grown: bool = False


def build_case(
    span: Span,
    candidate: FetchedVersion,
    side: ClonedRegistry,
    incumbent: str | None,
    *,
    proposed: bool,
    uses: Sequence[Uses] = (),
    known: Mapping[str, TrainingRows | str] | None = None,
) -> Judging[Case | None]:
    """Return the case of a candidate, whose record is on `side`, against the version `incumbent` of the base.

    `known` is what was read of the training rows of versions, or worked out by making them again. Says what is missing
    for the case; None where the candidate cannot be judged at all.
    """
    model = candidate.record.model
    described = span.before.model(model)
    contradictory = list(with_lines(contradictions(layout.model_path(model), described.document), span.before.tree))
    if contradictory:
        yield found_faults("rules", contradictory)
        return None
    rules = Rules.of(described, span.settings.trusted_names)
    champion = yield from _champion(span, model, incumbent)
    anchor = yield from _anchor(span, candidate.record, incumbent)
    own_file = candidate.record.stored_file(EVALUATION)
    if own_file is None:
        yield found("evaluation data", "fail", f"the record has no {EVALUATION}; mintmark propose stores it")
        return None
    own = read_rows(candidate.files[EVALUATION], own_file.sha256, rules.question)
    locked = locked_rows(span.before).get(model)
    pinned = yield from _pinned_rows(span, model, own_file, rules, locked)
    grown = proposed and pinned is not None and _has_grown(span, candidate.record, pinned, own, rules.question)
    yield _whose_rows(candidate, pinned, own_file, locked, proposed=proposed, grown=grown)
    other = pinned is not None and pinned.sha256 != own.sha256
    return Case(
        rules=rules,
        candidate=candidate,
        champion=champion,
        judged=pinned if pinned is not None else own,
        own=own if other else None,
        claimed=side.metrics(model, candidate.record.version),
        costs=recorded_costs(span, champion),
        judged_source="base" if pinned is not None or not proposed else "proposal",
        is_proposal=proposed,
        anchor=anchor,
        has_grown=grown,
        uses=sum(each.proposals for each in uses),
        sightings=Sightings(rules.question, known),
    )


def _anchor(span: Span, record: VersionRecord, incumbent: str | None) -> Judging[FetchedVersion | None]:
    """Return the anchor, None where that is the incumbent or the candidate itself."""
    model, anchor = record.model, span.anchor(record.model)
    if anchor is None or anchor in (incumbent, str(record.version)):
        return None
    gone = anchor not in {str(version) for version in span.before.versions(model)}
    if gone or anchor in span.before.yanked(model):
        what = "is not there any more" if gone else "is yanked"
        message = f"the anchor {model} {anchor} {what}; move it to the champion (anchor: in model.yaml)"
        yield found("anchor", "decide", message)
        return None
    says = f"{model} {anchor} cannot be compared with: "

    def fetch() -> FetchedVersion:
        return fetch_version(span.store(span.before), span.before.record(model, anchor))

    return (yield from attempt(fetch, "anchor", verdict="decide", says=says))


def _whose_rows(
    candidate: FetchedVersion, pinned: Rows | None, own: StoredFile, locked: str | None, *, proposed: bool, grown: bool
) -> Opinion:
    """Say whether the rows are the base's; of a version that the base has, they are."""
    path = layout.version_path(candidate.record.model, str(candidate.record.version))
    if not proposed:
        return found("evaluation data", "pass", "the rows are those of the base")
    if pinned is None:
        return found("evaluation data", "decide", _FIRST_ROWS)
    if grown:
        message = (
            "the proposal adds rows under the same split; those of the base decide, and the others count from then on"
        )
        return found("evaluation data", "pass", message, path)
    if pinned.sha256 != own.sha256:
        message = "the proposal brings other evaluation rows than the base has; the report shows both results"
        return found("evaluation data", "decide", message, path)
    if locked not in (None, own.md5):
        message = f"dvc.lock of the base names other evaluation rows (md5 {locked}) than this and earlier versions have"
        return found("evaluation data", "decide", message, path)
    return found("evaluation data", "pass", "the rows are those of the base")


def _has_grown(span: Span, record: VersionRecord, pinned: Rows, own: Rows, question: Question) -> bool:
    """Whether the proposal has all rows of the base and more, under a split that is stable and that it leaves alone."""
    if own.sha256 == pinned.sha256 or len(own.table) <= len(pinned.table):
        return False
    content = span.before.tree.read(LOCK)
    before = {} if content is None else pipeline.model_stages(pipeline.parse_lock(content), record.model)
    split, its_own = (
        next((each["split"] for each in sections if isinstance(each.get("split"), dict)), None)
        for sections in (
            prepare_sections(record.model, (stage.params for stage in stages))
            for stages in (before.values(), record.stages.values())
        )
    )
    if split is None or split != its_own or not is_stable_split(str(split.get("method")), split.get("from")):
        return False
    return holds_all(own.table, pinned.table, [*record.signature.inputs, question.target])


def _champion(span: Span, model: str, version: str | None) -> Judging[FetchedVersion | None]:
    """Return the version to beat. That it cannot be fetched is no fault of the candidate, and lets nothing pass."""
    if version is None:
        return None
    says = f"{model} {version} cannot be compared with: "

    def fetch() -> FetchedVersion:
        return fetch_version(span.store(span.before), span.before.record(model, version))

    return (yield from attempt(fetch, "champion", verdict="decide", says=says))


def _pinned_rows(span: Span, model: str, own: StoredFile, rules: Rules, locked: str | None) -> Judging[Rows | None]:
    """Return the evaluation rows of the base: those of its dvc.lock, else those of its last version that has any.

    The candidate's own rows are the base's where dvc.lock of the base names them, by the md5 `locked`.
    """
    if own.md5 == locked:
        return _rows_of(span, own, rules)
    for version in reversed(span.before.versions(model)):
        record = span.before.record(model, version)
        file = record.stored_file(EVALUATION)
        if file is None:
            continue
        says = f"the rows of {record.reference} cannot be fetched: "
        place = yield from attempt(partial(span.store(span.after).fetch, file), "evaluation data", says=says)
        if place is not None:
            return read_rows(place, file.sha256, rules.question)
    return None


def _rows_of(span: Span, file: StoredFile, rules: Rules) -> Rows:
    return read_rows(span.store(span.after).fetch(file), file.sha256, rules.question)


def recorded_costs(span: Span, champion: FetchedVersion | None) -> dict[str, float]:
    """Return what the record of a champion says that it costs, as far as it can be compared."""
    if champion is None:
        return {}
    record = champion.record
    cost = recorded_cost(record.artifact.size, record.cost, span.before.metrics(record.model, record.version))
    return {name: float(value) for name, value in cost.items() if name != "batch_rows" and value <= _MOST}
