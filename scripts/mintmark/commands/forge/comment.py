"""`mintmark comment`: post the report of a pull request's run as one comment. Reads nothing of the pull request's code.

The event is GitHub's own word: which run ended, of which commit, and how. The artifact is whatever the run left, and a
pull request can change what its run does. So the number of the pull request comes from the API, the report is parsed
and written anew by this code, and the comment says first how the run ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.commands.forge.at_forge import fit, require_forge
from mintmark.commands.forge.event import find, read_event, require
from mintmark.commands.forge.run_report import read_report
from mintmark.core.finding import one_line
from mintmark.publishing.markdown import escape
from mintmark.publishing.review.markdown_report import format_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.core.judgement.review import Review
    from mintmark.forge.forge import Forge, PullRequest

KEY: Final = "review"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run of the checks that has ended, as the event tells of it."""

    number: int
    attempt: int
    address: str
    commit: str
    repository: str  # that holds the commit: a fork's, or this one
    passed: bool


def comment(root: Path, *, event: Path | None = None) -> int:
    """Post the report in the artifact of the run that the event tells of; 0 also where there is nobody to tell.

    Raises `ForgeError` where the forge refuses: the verdict of the checks is theirs and stays what it is.
    """
    run = _read_run(read_event(event))
    if isinstance(run, str):
        print(f"no comment: {run}")
        return 0
    forge = require_forge(root)
    requests = _requests_of(forge, run)
    if not requests:
        print(f"no comment: {run.commit[:10]} of {run.repository} is the head of no open pull request")
        return 0
    report = read_report(forge, run.number)
    if report is None and run.passed:
        print("no comment: the checks passed and left no report, as a change does that touches no model")
        return 0
    body = fit(format_comment(run, report), run.address)
    for request in requests:
        forge.comment(request.number, key=KEY, body=body)
        print(f"posted the report on {request.url}")
    return 0


def _read_run(event: Mapping[str, Any]) -> Run | str:
    """Return the run, or why it is not one to tell of: not of a pull request, of another repository, or cut short."""
    require(event, "workflow_run", dict)
    if (kind := require(event, "workflow_run.event", str)) != "pull_request":
        return f"the run is for {one_line(kind)}, and not for a pull request"
    if require(event, "workflow_run.repository.id", int) != require(event, "repository.id", int):
        return "the run is one of another repository"
    conclusion = find(event, "workflow_run.conclusion", str)
    if conclusion not in ("success", "failure"):
        return f"the run ended with {one_line(conclusion or 'nothing')}, so its report may be half a report"
    repository = find(event, "workflow_run.head_repository.full_name", str)
    if repository is None or not _REPOSITORY.match(repository):
        return "the repository that the commit came from is gone"
    commit = require(event, "workflow_run.head_sha", str)
    return Run(
        number=require(event, "workflow_run.id", int),
        attempt=find(event, "workflow_run.run_attempt", int) or 1,
        address=require(event, "workflow_run.html_url", str),
        commit=commit if _COMMIT.match(commit) else "",
        repository=repository,
        passed=conclusion == "success",
    )


def _requests_of(forge: Forge, run: Run) -> list[PullRequest]:
    """Return the open pull requests whose head is the run's commit now; a later run tells of a later commit."""
    found = forge.pull_requests_of(run.commit, head_repository=run.repository) if run.commit else ()
    return [request for request in found if request.state == "open" and request.head_commit == run.commit]


def format_comment(run: Run, report: Review | str | None) -> str:
    """Return the comment: how the run ended, and its report; a text says why that cannot be read."""
    again = f", attempt {run.attempt}" if run.attempt > 1 else ""
    ended = f"The [checks]({run.address}) of {run.commit} {'passed' if run.passed else 'failed'}{again}."
    match report:
        case None:
            return f"{ended} They left no report."
        case str():
            return f"{ended} Their report cannot be read. {escape(report, most=300)}"
    if run.passed == (report.verdict != "fail"):
        return f"{ended}\n\n{format_markdown(report)}"
    warning = "**The report below says otherwise. Look at the run before you believe either.**"
    return f"{ended} {warning}\n\n{format_markdown(report)}"
