"""`mintmark import SYSTEM`: bring the versions of a model from another registry, one commit each."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mintmark.beginning.asked import MARGINS, METRICS
from mintmark.beginning.bringing import Asked, read_evaluation, read_identity
from mintmark.beginning.brought_stage import brought_folder
from mintmark.beginning.importing.found import ImportRefused
from mintmark.beginning.importing.model_bytes import example_rows
from mintmark.beginning.importing.said_record import is_of
from mintmark.beginning.model_text import Said, format_identity, identity
from mintmark.changing.commits import commit_files, require_clean, require_ready
from mintmark.changing.lock import one_at_a_time
from mintmark.changing.model_state import read_standing
from mintmark.commands.bringing.followed_aliases import (
    Alias,
    Followed,
    commit_moves,
    follow_aliases,
    in_order,
    pending,
)
from mintmark.commands.bringing.import_sources import name_here, numbered, open_source, wanted_versions
from mintmark.commands.bringing.imported_versions import commit_said
from mintmark.commands.bringing.measured_versions import Measuring, commit_measured
from mintmark.commands.bringing.register import require_no_other
from mintmark.core import layout
from mintmark.core.announcement import message
from mintmark.core.finding import one_line
from mintmark.core.model import blanks_in
from mintmark.core.provenance.pins import LOCK as PINS
from mintmark.core.question import Question, Task
from mintmark.core.words import numbers
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.pipeline import LOCK, PIPELINE
from mintmark.registry.schemas import accepts, explain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mintmark.beginning.importing.found import FoundVersion, Source
    from mintmark.changing.commits import NewCommit
    from mintmark.core.judgement.rules import ModelState

_OPTIONS: Final = {"owners": "--owner @NAME", "purpose": "--purpose TEXT", "licence": "--licence SPDX"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the command line says of the model that comes: its name here, what it answers, and what it is measured on.

    `channels` says, as "ALIAS=CHANNEL", which channel an alias is here.
    """

    model: str | None
    target: str | None
    task: Task | None
    owners: Sequence[str]
    purpose: str | None
    licence: str | None
    data: Path | None = None
    entity: str | None = None
    carry: Sequence[str] = ()
    classes: Sequence[str] = ()
    channels: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """One version of the other registry: it comes, it is here already, or `why_not`."""

    version: FoundVersion
    is_here: bool = False
    why_not: str = ""

    @property
    def comes(self) -> bool:
        return not self.is_here and not self.why_not


def import_models(root: Path, *, system: str, only: list[str], commit: bool, **given: Any) -> int:
    """Bring the versions of a model of another registry; without `commit`, say what would come."""
    names = [field.name for field in fields(Wanted)]
    wanted = Wanted(**{name: given.pop(name) for name in names})
    return _bring(root, open_source(system, **given), only, wanted, commit=commit)


def _bring(root: Path, source: Source, only: Sequence[str], wanted: Wanted, *, commit: bool) -> int:
    registry = ClonedRegistry(root)
    model = wanted.model or name_here(source)
    named = _named_channels(wanted)
    branch = f"import/{model}"
    if commit:
        require_ready(registry.root)
        _refuse_half_done(registry.root, model, branch)
        require_clean(registry.root)
        _require_branch(registry.root, branch)
    found = wanted_versions(source, only)
    identity_here = os.path.lexists(registry.root / layout.model_path(model))
    measuring = None if wanted.data is None else _measuring(registry, source, model, wanted)
    described = None
    if not identity_here:
        described = _identity(source, model, wanted) if measuring is None else measuring.identity
    state = read_standing(registry, model) if identity_here else None
    versions = numbered(registry, state, source, found)
    steps = [_step(registry, state, source, version, model, measuring) for version in versions]
    followed = follow_aliases(registry, model, _aliases(registry, model, steps, measuring), named)
    _tell(source, model, steps, described, measuring)
    _tell_aliases(model, followed)
    coming = [step.version for step in steps if step.comes]
    moves = pending(state, followed)
    if not commit or not (coming or moves):
        print(_nothing_written(coming, moves, branch))
        return 0 if coming or all(step.is_here for step in steps) else 1
    if described is not None:
        _commit_identity(registry, model, described, _new_branch(registry.root, branch))
    failed = _commit_versions(registry, source, coming, model, branch, measuring)
    failed += _commit_moves(registry.root, model, followed, branch)
    blank = "" if measuring is not None else f"fill in what is blank in {layout.model_path(model)}, then "
    print(f"next: {blank}mintmark validate --base {registry.settings.base_branch} --steps")
    return 1 if failed or any(step.why_not for step in steps) else 0


def _nothing_written(coming: Sequence[FoundVersion], moves: Sequence[Followed], branch: str) -> str:
    """Return what `--commit` would do."""
    parts = [numbers.count(len(coming), "version")] if coming else []
    if moves:
        parts.append(f"the moves of {numbers.count(len(moves), 'channel')}")
    ending = f"; --commit brings {' and '.join(parts)}, a commit each, on the branch {branch}" if parts else ""
    return f"nothing is written{ending}"


def _named_channels(wanted: Wanted) -> dict[str, str]:
    named = {}
    for pair in wanted.channels:
        alias, mark, channel = pair.partition("=")
        if not (alias and mark and channel):
            raise UsageError(f"--channel {pair}: write ALIAS=CHANNEL, such as champion=production")
        named[alias] = channel
    return named


def _measuring(registry: ClonedRegistry, source: Source, model: str, wanted: Wanted) -> Measuring:
    """Return the rows that every version is measured on; raise where no version could be proposed."""
    assert wanted.data is not None
    require_no_other(registry.root, model)
    if not os.path.lexists(registry.root / PINS):
        raise MintmarkError(
            f"{PINS}: is not there, and a version that is measured says what measured it; make lock writes it"
        )
    rows, name = read_evaluation(wanted.data), str(wanted.data)
    asked = Asked(wanted.target, wanted.task, wanted.entity)
    document, question = read_identity(registry, model, rows, asked, name=name, said=_said(source, wanted))
    path = layout.model_path(model)
    blank = [key for key, _ in blanks_in(document)]
    if blank:
        here = os.path.lexists(registry.root / path)
        remedy = f"fill in {path}, and git commit it" if here else ", ".join(_OPTIONS[key] for key in blank)
        raise UsageError(f"a version that is measured is proposed, and nobody says {', '.join(blank)} yet; {remedy}")
    for column in wanted.carry:
        if column not in rows.columns:
            raise UsageError(f"--carry {column}: the rows have no such column")
    return Measuring(rows=rows, name=wanted.data.name, question=question, identity=document, carry=wanted.carry,
                     classes=wanted.classes)  # fmt: skip


def _said(source: Source, wanted: Wanted) -> Said:
    return Said(owners=tuple(wanted.owners), purpose=wanted.purpose or source.purpose or None, licence=wanted.licence)


def _aliases(registry: ClonedRegistry, model: str, steps: Sequence[_Step], measuring: Measuring | None) -> list[Alias]:
    found = []
    for step in steps:
        measured = measuring is not None and step.comes
        if step.is_here and step.version.aliases:
            measured = not registry.metrics(model, step.version.number).get("said_by")
        number = "" if step.why_not else step.version.number
        found += [Alias(name=name, number=number, version=step.version.name, measured=measured)
                  for name in step.version.aliases]  # fmt: skip
    return found


def _refuse_half_done(root: Path, model: str, branch: str) -> None:
    """Raise where a run that was killed left the files of a registration behind: nobody else's work is among them."""
    changed = git.changed_paths(root, [], untracked=False) - {LOCK}
    folder = brought_folder(model)
    own = {path for path in changed if path == PIPELINE or path.startswith(f"{folder}/")}
    if changed and own == changed and git.current_branch(root) == branch:
        remedy = f"git restore {PIPELINE} {LOCK} {folder}, and run this again"
        raise MintmarkError(f"{', '.join(sorted(own)[:3])}: left half done by a run that was stopped; {remedy}")


def _require_branch(root: Path, branch: str) -> None:
    """Raise where the branch of a former run is there, and another one is checked out: the rest belongs on it."""
    there = git.ask_git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", cwd=root)
    if there is not None and git.current_branch(root) != branch:
        raise MintmarkError(
            f"the branch {branch} of a former run is there; git switch {branch}, and run this again to bring the rest"
        )


def _new_branch(root: Path, branch: str) -> str | None:
    return None if git.current_branch(root) == branch else branch


def _identity(source: Source, model: str, asked: Wanted) -> dict[str, Any]:
    """Return a model.yaml of what was said there and asked for here; the rest is blank."""
    if asked.target is None or asked.task is None:
        raise UsageError(
            f"there is no {layout.model_path(model)} yet, so say what the model answers: --task and --target COLUMN"
        )
    question = Question(task=asked.task, target=asked.target, metric=METRICS[asked.task], positive_class=None,
                        entity_column=None)  # fmt: skip
    margin = MARGINS.get(asked.task, 0.0)  # of a regression it follows from rows, which are not here
    document = identity(model, question, _said(source, asked), margin=margin)
    if not accepts("model", document):
        raise InvalidRegistryError(explain("model", document, layout.model_path(model), {}))
    return document


def _step(
    registry: ClonedRegistry,
    state: ModelState | None,
    source: Source,
    version: FoundVersion,
    model: str,
    measuring: Measuring | None,
) -> _Step:
    if state is not None and version.number in state.versions:
        if is_of(registry.record(model, version.number).document.get("extra"), source, version):
            return _Step(version=version, is_here=True)
        return _Step(version=version, why_not=f"{model} {version.number} is another version here; --as another name")
    if state is not None and version.number in state.released:
        return _Step(version=version, why_not=f"{version.number} was here and was withdrawn, so its number is burnt")
    return _Step(
        version=version,
        why_not=version.why_not or (_lacks(version) if measuring is None else measuring.lacks(version.made)),
    )


def _lacks(version: FoundVersion) -> str:
    """Return what a version without evaluation rows lacks."""
    made = version.made
    if made is not None and made.form == "pickle" and example_rows(made) is None:
        return (
            "it is a pickle without an input example, and no rows prove that it converts; --data ROWS has some, or "
            "mintmark convert FILE --data ROWS makes skops of it"
        )
    return ""


def _tell(
    source: Source,
    model: str,
    steps: Sequence[_Step],
    described: Mapping[str, Any] | None,
    measuring: Measuring | None,
) -> None:
    print(f"{source.model} in {source.address}: {numbers.count(len(steps), 'version')}, as {model} here")
    if described is not None:
        print(f'  {layout.model_path(model)} is new: {described["task"]} of "{described["target"]}"')
    if measuring is not None:
        print(f"  each is measured on {numbers.count(len(measuring.rows), 'row')} of {measuring.name}")
    for step in steps:
        version = step.version
        made = version.made.form if version.made else "?"
        when = f", of {version.created}" if version.created else ""
        told = "is here already" if step.is_here else f"cannot come: {step.why_not}" if step.why_not else made
        number = f" -> {version.number}" if version.number else ""
        print(one_line(f"  {version.name}{number}{when}: {told}"))
        for note in version.notes if step.comes else ():
            print(one_line(f"      {note}"))


def _tell_aliases(model: str, followed: Sequence[Followed]) -> None:
    for each in followed:
        alias = each.alias
        place = f"{model}@{alias.number}" if alias.number else f"version {alias.version}"
        told = each.why_not or f"enters {', then '.join(each.channels)}"
        print(one_line(f"  {alias.name} -> {place}: {told}"))


def _tell_commit(made: NewCommit) -> None:
    print(f"committed {made.oid[:10]} on {made.branch}: {made.subject}")


def _commit_identity(registry: ClonedRegistry, model: str, document: Mapping[str, Any], branch: str | None) -> None:
    path = layout.model_path(model)
    with one_at_a_time(registry.root, "import"):
        text = message(f"describe {model}", "It comes from another registry. What nobody said there is blank.")
        writes = {path: format_identity(dict(document)).encode()}
        made = commit_files(registry.root, writes=writes, message=text, branch=branch)
    _tell_commit(made)


def _commit_versions(
    registry: ClonedRegistry,
    source: Source,
    versions: Sequence[FoundVersion],
    model: str,
    branch: str,
    measuring: Measuring | None,
) -> int:
    """Commit one version after the other, and return how many did not come; each is whole or not there."""
    failed = 0
    for version in versions:
        new = _new_branch(registry.root, branch)
        try:
            if measuring is None:
                made = commit_said(registry, source, version, model, branch=new)
            else:
                made = commit_measured(registry.root, source, version, model, measuring, branch=new)
        except (ImportRefused, MintmarkError) as fault:
            failed += 1
            print(one_line(f"{version.name} did not come: {fault}"))
            continue
        _tell_commit(made)
    return failed


def _commit_moves(root: Path, model: str, followed: Sequence[Followed], branch: str) -> int:
    """Let the channels follow the aliases of the versions that came, and return how many did not."""
    there = {str(version) for version in ClonedRegistry(root).versions(model)}
    failed = 0
    for each in in_order([each for each in followed if each.alias.number in there]):
        try:
            for made in commit_moves(root, model, each, branch=branch):
                _tell_commit(made)
        except MintmarkError as fault:
            failed += 1
            print(one_line(f"{each.alias.name} is not followed: {fault}"))
    for each in followed:
        if each.channels and each.alias.number not in there:
            print(f"{each.alias.name} is not followed: version {each.alias.version} did not come")
    return failed
