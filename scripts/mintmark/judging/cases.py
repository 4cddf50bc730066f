"""Who stands against whom on which rows: builds the case of a proposal or a promotion from base and head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.errors import MintmarkError
from mintmark.judging.evidence import Rows, read_rows
from mintmark.judging.fetched import EVALUATION, FetchedVersion, fetch_version, locked_rows
from mintmark.judging.trial import Case, Rules
from mintmark.registry.stored.streams import ObjectError

if TYPE_CHECKING:
    from mintmark.core.records import StoredFile, VersionRecord
    from mintmark.judging.draft import Draft
    from mintmark.judging.span import Span
    from mintmark.registry.clone import ClonedRegistry

_FIRST_ROWS = (
    "These are the first evaluation rows of this model. Every later version will be measured on them. "
    "Look at them before you approve."
)
_MOST = 1e300  # of a recorded cost, which nobody held against anything: JSON has numbers that no float can hold


def build_case(
    span: Span, draft: Draft, candidate: FetchedVersion, side: ClonedRegistry, incumbent: str | None, *, proposed: bool
) -> Case | None:
    """Return the case of a candidate, whose record is on `side`, against the version `incumbent` of the base.

    What is missing for it is noted in the draft; None where it cannot be judged at all.
    """
    model = candidate.record.model
    rules = Rules.of(span.before.model(model), span.settings.trusted_types)
    champion = _champion(span, draft, model, incumbent)
    own_file = candidate.record.stored_file(EVALUATION)
    if own_file is None:
        draft.note("evaluation data", "fail", f"the record has no {EVALUATION}; mintmark propose stores it")
        return None
    own = read_rows(candidate.files[EVALUATION], own_file.sha256, rules.question)
    locked = locked_rows(span.before).get(model)
    pinned = _pinned_rows(span, draft, model, own_file, rules, locked)
    if pinned is None and proposed:
        draft.note("evaluation data", "decide", _FIRST_ROWS)
    elif pinned is not None and pinned.sha256 != own.sha256 and proposed:
        message = "the proposal brings other evaluation rows than the base has; both are reported below"
        draft.note("evaluation data", "decide", message, layout.version_path(model, str(candidate.record.version)))
    elif proposed and locked not in (None, own_file.md5):
        message = f"dvc.lock of the base names other evaluation rows (md5 {locked}) than this and earlier versions have"
        draft.note("evaluation data", "decide", message, layout.version_path(model, str(candidate.record.version)))
    else:
        draft.note("evaluation data", "pass", "the rows are those of the base")
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
    )


def _champion(span: Span, draft: Draft, model: str, version: str | None) -> FetchedVersion | None:
    """Return the version to beat. That it cannot be fetched is no fault of the candidate, and lets nothing pass."""
    if version is None:
        return None
    try:
        return fetch_version(span.store(span.before), span.before.record(model, version))
    except MintmarkError as error:
        draft.note("champion", "decide", f"{model} {version} cannot be compared with: {error}")
        return None


def _pinned_rows(
    span: Span, draft: Draft, model: str, own: StoredFile, rules: Rules, locked: str | None
) -> Rows | None:
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
        try:
            return _rows_of(span, file, rules)
        except ObjectError as error:
            draft.note("evaluation data", "fail", f"the rows of {record.reference} cannot be fetched: {error}")
    return None


def _rows_of(span: Span, file: StoredFile, rules: Rules) -> Rows:
    return read_rows(span.store(span.after).fetch(file), file.sha256, rules.question)


def recorded_costs(span: Span, champion: FetchedVersion | None) -> dict[str, float]:
    """Return what a champion's metrics.json says that it costs."""
    if champion is None:
        return {}
    cost = span.before.metrics(champion.record.model, champion.record.version).get("cost", {})
    return {name: float(value) for name, value in cost.items() if name != "batch_rows" and value <= _MOST}


def names_other_rows(record: VersionRecord) -> bool:
    """Whether the record's lineage names another file of evaluation rows than the one that it stores."""
    file = record.stored_file(EVALUATION)
    hashes = {entry["hash"] for entry in record.document["data"] if entry["role"] == "evaluation"}
    return file is not None and bool(hashes - {f"sha256:{file.sha256}"})
