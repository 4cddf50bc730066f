"""`mintmark retrain`: run the pipeline on the data of now, and open a proposal for each model that came out new.

A proposal of an earlier run that is still open is left to those who judge it. Merging stays a person's act.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from mintmark.changing.candidate_record import read_candidate
from mintmark.changing.commits import refuse_changed
from mintmark.changing.pipeline_run import run_pipeline
from mintmark.commands.candidates import registered_as
from mintmark.commands.forge.at_forge import require_forge
from mintmark.commands.forge.workflow_commit import (
    BOT,
    BOT_NUMBER,
    committing_as,
    open_request,
    push_head,
    pushed_before,
    require_base,
)
from mintmark.commands.propose import propose
from mintmark.core.bump import changes_between
from mintmark.core.finding import one_line, shorten
from mintmark.core.layout import pointer_path
from mintmark.core.question import PREDICTIONS
from mintmark.errors import MintmarkError
from mintmark.forge.workflow import run_address, write_summary
from mintmark.judging.reproducing.prediction_gap import compare_files
from mintmark.publishing.markdown import bullets, escape
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.pipeline import model_stages, read_lock

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.forge.forge import Forge, PullRequest

_BRANCH: Final = "retrain"
_LONGEST_NAME: Final = 100  # of a model that is none


def retrain(root: Path, models: list[str]) -> int:
    """Train models again, all that the pipeline makes where none is named; 1 where one of them could not be.

    An empty name names none, so that a workflow can pass on a field that was left empty.

    The base branch has to be checked out, with no change; it is again when this ends.
    """
    registry = ClonedRegistry(root)
    base = require_base(registry)
    refuse_changed(git.changed_paths(registry.root, [], untracked=False))
    forge = require_forge(root)
    failed = False
    told = []
    for model in list(filter(None, models)) or _made_by_the_pipeline(registry):
        try:
            told.append(f"{model}: {_retrain(registry.root, forge, base, model)}")
            print(told[-1], flush=True)
        except MintmarkError as error:
            failed = True
            told.append(f"{one_line(shorten(model, _LONGEST_NAME))}: {error}")
            print(f"mintmark: {told[-1]}", file=sys.stderr)
        finally:
            git.run_git("switch", "--quiet", "--discard-changes", base, cwd=registry.root)
    write_summary(bullets(escape(line, most=500) for line in told))
    return 1 if failed else 0


def _made_by_the_pipeline(registry: ClonedRegistry) -> list[str]:
    stages = read_lock(registry.root)
    return [model for model in registry.models() if model_stages(stages, model)]


def _retrain(root: Path, forge: Forge, base: str, model: str) -> str:
    """Return what came of one model, in words."""
    ClonedRegistry(root).model(model)
    branch = f"{_BRANCH}/{model}"
    waiting = _waiting(root, forge, branch)
    if waiting is not None:
        return f"#{waiting.number} waits already ({waiting.url}); merge or close it first"
    run_pipeline(root, model)
    same = _same(ClonedRegistry(root), model)
    if same is not None:
        return f"nothing changed: {same}"
    with committing_as(BOT, BOT_NUMBER):
        propose(root, model)
    proposed = push_head(root, branch, replace=True)
    opened = open_request(forge, proposed, base=base, body=_body())
    return f"opened {opened.url}"


def _same(registry: ClonedRegistry, model: str) -> str | None:
    """Return which version the candidate is, in words; None where it is a new one.

    Linear algebra may differ in its last digits between two processes, so another artifact that was made from the
    same data, parameters, code and packages is the same model if its predictions are, as `mintmark reproduce` has it.
    """
    known = registered_as(registry, model)
    if known is not None:
        return f"the model is {known}, byte for byte"
    latest = registry.latest(model)
    if latest is None:
        return None
    record = registry.record(model, str(latest))
    candidate, _ = read_candidate(registry, model)
    recorded, new = record.stored_file(PREDICTIONS), candidate.paths.get(PREDICTIONS)
    if recorded is None or new is None or changes_between(record.provenance, candidate.provenance):
        return None
    pointer = pointer_path(model, str(latest), PREDICTIONS)
    gap = compare_files(str(registry.store(record).fetch(recorded, pointer=pointer)), str(new))
    return None if gap.obstacle or gap.differing else f"the model predicts as {latest} does, made from the same sources"


def _waiting(root: Path, forge: Forge, branch: str) -> PullRequest | None:
    """Return the open proposal of an earlier run."""
    before = pushed_before(root, branch)
    if before is None:
        return None
    found = forge.pull_requests_of(before.commit)
    return next((request for request in found if request.state == "open" and request.head == branch), None)


def _body() -> str:
    address = run_address()
    run = f"[This run]({address})" if address else "`mintmark retrain`"
    return (
        f"{run} trained the model again on the data of now, and another one came out. The commit says what changed. "
        "Nobody has looked at it yet."
    )
