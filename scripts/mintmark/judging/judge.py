"""Review a change: read its kind from the diff, hold it against the rules, and hand it to what judges that kind."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mintmark.about import __version__
from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.judgement.ownership import check_owner
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.judging.detours import note_detours
from mintmark.judging.draft import Draft
from mintmark.registry import git
from mintmark.registry.validation import validate_change

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mintmark.core.judgement.checks import CheckVerdict
    from mintmark.core.judgement.review import Kind, Review
    from mintmark.judging.span import Span

# Imported when it is wanted: a rollback must be green in seconds, and needs no numpy.
_REVIEWS: dict[Kind, str] = {
    "propose": "mintmark.judging.proposals:review_proposal",
    "promote": "mintmark.judging.proposals:review_promotion",
    "rollback": "mintmark.judging.movements:review_rollback",
    "withdraw": "mintmark.judging.movements:review_withdrawal",
    "yank": "mintmark.judging.movements:review_yank",
    "describe": "mintmark.judging.descriptions:review_description",
    "code": "mintmark.judging.descriptions:review_code",
}


def review_change(
    span: Span, *, author: str | None = None, teams: Collection[str] = (), reproduce: bool = False
) -> Review:
    """Return the review of what lies between base and head.

    `author` is the GitHub login of whoever asks for the change, `teams` the teams (`acme/ml`) that they belong to.
    With `reproduce`, a proposed version is made again from its recorded stages, which runs the proposal's code.
    """
    judge = f"mintmark {__version__} by the rules of {span.base[:10]}"
    found = span.kind
    draft = Draft(kind=found.kind, subjects=list(found.subjects))
    if found.kind == "mixture":
        _refuse_mixture(span, draft)
        return draft.finish(span, judge, author)
    try:
        _note_rules(span, draft)
        _note_owners(span, draft, author, teams)
        note_detours(span, draft)
        if found.kind in _REVIEWS and not (draft.has_failed and found.kind == "propose"):
            _load(_REVIEWS[found.kind])(span, draft)
        if reproduce and found.kind == "propose" and not draft.has_failed:
            _reproduce(span, draft)
    except InvalidRegistryError as error:
        draft.note_findings("record", error.findings)
    except MintmarkError as error:
        draft.note("review", "fail", str(error))
    return draft.finish(span, judge, author)


def _load(name: str) -> Callable[[Span, Draft], None]:
    module, _, function = name.partition(":")
    found: Callable[[Span, Draft], None] = getattr(import_module(module), function)
    return found


def _note_owners(span: Span, draft: Draft, author: str | None, teams: Collection[str]) -> None:
    """Note for each model whether the author owns it; owners are those of the base, and a rollback waits for nobody."""
    for model in dict.fromkeys(subject.model for subject in draft.subjects):
        if span.before.tree.read(layout.model_path(model)) is None:
            continue  # a model that is described here for the first time belongs to nobody yet
        try:
            owners = span.before.model(model).owners
        except InvalidRegistryError:
            path = layout.model_path(model)
            draft.note("owner", "decide", f"{path} of the base cannot be read, so nobody knows who owns {model}", path)
            continue
        draft.checks.append(check_owner(model, owners, author, teams, urgent=draft.kind == "rollback"))


def _refuse_mixture(span: Span, draft: Draft) -> None:
    parts = span.kind.parts
    draft.note("kind", "fail", f"this mixes {len(parts)} changes that are judged apart; split it")
    for number, part in enumerate(parts, 1):
        draft.next_steps.append(f"Pull request {number}, {part.kind}: {part.what}")


def _note_rules(span: Span, draft: Draft) -> None:
    report = validate_change(span.after, span.change, settings=span.settings)
    if draft.note_findings("rules", [*report.findings, *_links(span)]):
        draft.note("rules", "pass", "records, pointers, channels and bytes keep the rules R1 to R5 and R8 to R9")


def _links(span: Span) -> Iterator[Finding]:
    """Yield what takes the place of a whole model and is no folder, which lies above what is validated."""
    for path, _ in span.paths:
        if path.startswith(f"{layout.MODELS}/") and path.count("/") == 1:
            for found, entry in git.list_tree(span.root, span.head, path).items():
                if entry.mode in git.NO_FILES:
                    message = f"is {git.NO_FILES[entry.mode]} where a folder belongs; git rm it"
                    yield Finding(path=found, message=message, rule="R8")


def _reproduce(span: Span, draft: Draft) -> None:
    from mintmark.judging.reproducing.reproduction import reproduce_version

    subject = draft.subjects[0]
    record = span.after.record(subject.model, str(subject.version))
    if "none" in (draft.isolation.get("files"), draft.isolation.get("network")):
        message = "this system cannot confine the proposal's code, so it was not run; use Linux, or a container"
        draft.note("reproduction", "decide", message)
        return
    draft.reproduction = found = reproduce_version(span.root, record, span.head, config=span.config)
    verdict: CheckVerdict = "pass" if found.is_same else "decide"
    draft.note("reproduction", verdict, f"{found.outcome}: {found.message}")
