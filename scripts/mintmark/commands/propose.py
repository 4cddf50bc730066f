"""`mintmark propose MODEL`: make the candidate a version, in one commit that carries its bytes or pushes them first."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.changing.candidate_record import Candidate, read_candidate, record_files, stale_stages
from mintmark.changing.channel_files import point_channel
from mintmark.changing.commits import commit_files, read_author, require_ready
from mintmark.changing.lock import one_at_a_time
from mintmark.changing.model_state import read_standing, require_allowed
from mintmark.changing.proposed_files import files_left_out, files_to_include
from mintmark.commands.pull_request import conclude
from mintmark.core import layout
from mintmark.core.announcement import Beside, message, metric_table
from mintmark.core.bump import Changed, changes_between, default_bump, next_version, parent_among
from mintmark.core.comparison import basis_of
from mintmark.core.judgement.record_claims import dispute_texts
from mintmark.core.judgement.rules import check_change
from mintmark.core.moment import format_moment
from mintmark.core.provenance.training import is_trained_elsewhere
from mintmark.core.records import Interval, VersionRecord
from mintmark.core.version import Bump, Version, parse_version
from mintmark.core.words.comparisons import BASIS_WORDS
from mintmark.core.words.numbers import interval, signed
from mintmark.errors import MintmarkError, UsageError
from mintmark.forge.workflow import plain_line
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.documents import blob_oid
from mintmark.registry.dvc import read_config
from mintmark.registry.record_checks import contradictions
from mintmark.registry.snapshot import with_lines
from mintmark.registry.stored.candidate import candidate_files
from mintmark.registry.stored.limits import check_limits
from mintmark.registry.stored.pushing import push
from mintmark.registry.stored.remotes import object_paths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.changing.commits import NewCommit
    from mintmark.core.judgement.rules import ModelState

_MOST_NAMES = 6
_BRANCH = "propose/{model}-{number}"
_BESIDE_ANOTHER = "if another new model is merged first: git rebase, then mintmark resolve settles the conflicts"


def propose(
    root: Path,
    model: str,
    *,
    bump: Bump | None = None,
    version: str | None = None,
    summary: str | None = None,
    promote: bool = False,
    here: bool = False,
    open_pr: bool = False,
) -> int:
    """Register the candidate of a model under a new number; with `promote` also point the first channel at it.

    Raises `MintmarkError`, with nothing written, for everything that stands against it.
    """
    registry = ClonedRegistry(root)
    wanted = _wanted_version(version)
    with one_at_a_time(registry.root, "propose"):
        branch = None if here else _BRANCH
        proposed = commit_candidate(registry, model, branch, wanted=wanted, bump=bump, summary=summary, promote=promote)
        notes = [] if proposed.has_parent else [_BESIDE_ANOTHER]
        lines = (*proposed.summary.splitlines(), *proposed.notes, *notes)
        print("\n".join(map(plain_line, lines)))
        conclude(registry, proposed.commit, open_pr=open_pr)
    return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """A version that was committed: its summary, and in one line each what it goes without."""

    commit: NewCommit
    summary: str
    notes: tuple[str, ...]
    has_parent: bool


def commit_candidate(
    registry: ClonedRegistry,
    model: str,
    branch: str | None,
    *,
    wanted: Version | None = None,
    bump: Bump | None = None,
    summary: str | None = None,
    promote: bool = False,
    extra: Mapping[str, Any] | None = None,
) -> Proposed:
    """Commit the candidate of a model as a version; the caller holds the lock.

    `branch` is a new one ("{model}" and "{number}" in it are filled in), None the present one. `extra` is kept in the
    record: such a version is one of somewhere else, and may have the same files as the one before. Raises
    `MintmarkError`, with nothing written, for everything that stands against it.
    """
    require_ready(registry.root)
    state, candidate = _standing_and_candidate(registry, model)
    include = files_to_include(registry, model, candidate.stages)
    check_limits(registry.root, (*candidate.stored, *candidate.companions), registry.settings)
    plan = _plan(registry, state, candidate, wanted, bump, may_be_same=extra is not None)
    document, files = _record(registry, candidate, plan, summary, extra)
    require_allowed(list(dispute_texts(VersionRecord.from_dict(document))))
    after = state.proposed(plan.number, _digests(files, model, plan.number))
    if promote:
        channel = registry.settings.first_channel
        after = after.moved(channel, plan.number)
        path = layout.channel_path(model, channel)
        files[path] = point_channel(registry.tree.read(path), plan.number, path)
    require_allowed(check_change(state, after, registry.settings.channels))
    made = commit_files(
        registry.root,
        writes={**files, **_objects(registry, candidate)},
        message=_announce(registry, state, document, plan, promote=promote),
        branch=None if branch is None else branch.format(model=model, number=plan.number),
        include=include,
    )
    notes = (*candidate.notes, *files_left_out(registry, include))
    return Proposed(commit=made, summary=document["summary"], notes=notes, has_parent=plan.parent is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """The number of a proposal and why; `part` is None where a person chose the number itself."""

    number: str
    parent: VersionRecord | None
    changes: list[Changed]
    part: Bump | None


def _standing_and_candidate(registry: ClonedRegistry, model: str) -> tuple[ModelState, Candidate]:
    """Return both; raise `InvalidRegistryError` with all that stands against the candidate.

    What DVC needs a second for, to tell whether the pipeline is up to date, is also how long the history and the
    checks of the files take, so these run meanwhile.
    """
    candidate_files(registry, model)
    path = layout.model_path(model)
    require_allowed(with_lines(contradictions(path, registry.model(model).document), registry.tree))
    with ThreadPoolExecutor(1) as pool:
        stale = pool.submit(stale_stages, registry.root, model)
        state = read_standing(registry, model)
        candidate, faults = read_candidate(registry, model)
    require_allowed([*stale.result(), *faults])
    return state, candidate


def _plan(
    registry: ClonedRegistry,
    state: ModelState,
    candidate: Candidate,
    wanted: Version | None,
    bump: Bump | None,
    *,
    may_be_same: bool,
) -> _Plan:
    parent = _parent(registry, state, wanted)
    if not may_be_same:
        _require_another(candidate, parent)
    changes = [] if parent is None else changes_between(parent.provenance, candidate.provenance)
    part = bump or default_bump(changes)
    used = {*state.released, *state.versions}
    number = str(wanted or next_version(parent.version if parent else None, part, used))
    _refuse_number(state, number)
    return _Plan(number=number, parent=parent, changes=changes, part=None if wanted else part)


def _record(
    registry: ClonedRegistry,
    candidate: Candidate,
    plan: _Plan,
    summary: str | None,
    extra: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    return record_files(
        candidate,
        plan.number,
        str(plan.parent.version) if plan.parent else None,
        created=format_moment(_now()),
        author=read_author(registry.root),
        summary=(summary or "").strip() or _summary(registry, candidate, plan),
        extra=extra,
    )


def _wanted_version(version: str | None) -> Version | None:
    try:
        return None if version is None else parse_version(version)
    except ValueError as error:
        raise UsageError(f"--version {error}") from None


def _now() -> float:
    """Return the time in seconds since 1970; SOURCE_DATE_EPOCH stands in for the clock where it is set."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(fixed) if fixed.isdigit() else time.time()


def _parent(registry: ClonedRegistry, state: ModelState, wanted: Version | None) -> VersionRecord | None:
    chosen = parent_among(state.versions, state.yanked, wanted)
    return registry.record(state.model, chosen) if chosen else None


def _require_another(candidate: Candidate, parent: VersionRecord | None) -> None:
    if parent is None:
        return
    if {f.name: f.sha256 for f in parent.stored_files} == {f.name: f.sha256 for f in candidate.stored}:
        raise MintmarkError(
            f"nothing changed since {parent.reference}: the candidate has the same files; "
            "change data, parameters or code, then dvc repro"
        )


def _refuse_number(state: ModelState, number: str) -> None:
    """Refuse a number that is there; what else stands against a number is for the rules."""
    if number in state.versions:
        raise MintmarkError(f"{state.model} {number} is there already; leave --version out to get the next free number")


def _digests(files: dict[str, bytes], model: str, number: str) -> dict[str, str]:
    folder = layout.version_folder(model, number) + "/"
    return {path.removeprefix(folder): blob_oid(content) for path, content in files.items()}


def _objects(registry: ClonedRegistry, candidate: Candidate) -> dict[str, bytes]:
    """Return the objects that the commit carries (the embedded store); to any other remote they are pushed now."""
    embedded = read_config(registry.root).required_default.embedded_in(registry.root)
    files = (*candidate.stored, *candidate.companions)
    if embedded is None:
        push(registry.root, [(file, candidate.paths[file.name]) for file in files])
        return {}
    return {f"{embedded}/{object_paths(file.md5)[0]}": candidate.read(file) for file in files}


def _intervals(document: Any) -> dict[str, Interval]:
    return {name: Interval(**interval) for name, interval in document["metrics"].items()}


def _summary(registry: ClonedRegistry, candidate: Candidate, plan: _Plan) -> str:
    """Write what is new in one sentence: what changed, and what that did to the primary metric."""
    primary = registry.model(candidate.model).metric.name
    value = _intervals(candidate.document).get(primary)
    measured = f"{primary} {interval(value.value, value.low, value.high)}" if value else "no primary metric"
    parent, came = plan.parent, ", trained elsewhere" if is_trained_elsewhere(candidate.document) else ""
    if parent is None:
        return f"First version of {candidate.model}{came}: {measured}."
    what = ", ".join(change.kind for change in plan.changes) or "nothing but the result"
    before = parent.metrics.get(primary)
    beside = f", {_against(value, before, parent, candidate)}" if value and before else ""
    return f"Changed since {parent.version}{came}: {what}; {measured}{beside}."


def _against(value: Interval, before: Interval, parent: VersionRecord, candidate: Candidate) -> str:
    """Return the difference where both were measured on the same rows, else the other value: a review tests it."""
    basis = basis_of(parent.document, {"model": candidate.model, **candidate.document})
    if basis == "same rows":
        return f"{signed(value.value - before.value)} against {parent.version}, {BASIS_WORDS[basis]}"
    return f"{interval(before.value, before.low, before.high)} in {parent.version}, {BASIS_WORDS[basis]}"


def _announce(
    registry: ClonedRegistry, state: ModelState, document: dict[str, Any], plan: _Plan, *, promote: bool
) -> str:
    model, number, parent = document["model"], plan.number, plan.parent
    others = [_beside(parent, "parent", document)] if parent else []
    champion = state.channels.get(registry.settings.last_channel)
    if champion is not None and champion in state.versions and (parent is None or champion != str(parent.version)):
        others.append(_beside(registry.record(model, champion), "champion", document))
    return message(
        f"propose {model} {number}",
        document["summary"],
        metric_table((number, _intervals(document)), others, registry.model(model).metric),
        "\n".join(f"- {change.kind}: {_listed(change.names)}" for change in plan.changes),
        _reason(plan),
        f"Merging also points {registry.settings.first_channel} to it." if promote else "",
    )


def _beside(version: VersionRecord, role: str, document: dict[str, Any]) -> Beside:
    basis = basis_of(version.document, document)
    return Beside(label=f"{version.version} ({role})", metrics=version.metrics, basis=basis)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _reason(plan: _Plan) -> str:
    if plan.parent is None or plan.part is None:
        return ""
    step, usual = f"This is a {plan.part} version after {plan.parent.version}", default_bump(plan.changes)
    if plan.part != usual:
        return f"{step}, as the author asked. What changed makes it a {usual} one."
    return f"{step}, because of what changed."
