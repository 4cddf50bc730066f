"""`mintmark request`: carry out what a person without a terminal asks for, as a pull request. Merges nothing.

The person, the issue and the repository come from the event, which is GitHub's own word. What the person wrote is read
by a strict grammar, and carried out by the same functions as on a laptop, from the base branch.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.changing.commits import require_clean
from mintmark.commands.forge.at_forge import require_forge
from mintmark.commands.forge.event import find, read_event, require
from mintmark.commands.forge.workflow_commit import (
    Proposed,
    committing_as,
    open_request,
    push_head,
    pushed_before,
    require_base,
)
from mintmark.core.request import VERBS, Request, make_request, parse_form
from mintmark.errors import ForgeError, MintmarkError, UsageError
from mintmark.forge.workflow import plain_line, run_address
from mintmark.publishing.markdown import bullets, escape, quote
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.core.request import Verb
    from mintmark.forge.forge import Forge

_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Who asks for what, and where: in an issue, or (None) by a button. `fault` says why a form cannot be meant."""

    login: str
    number: int  # of the account
    issue: int | None
    request: Request | None
    fault: str = ""

    @property
    def branch(self) -> str:
        """The branch of this request and of no other, so that a run that is repeated finds what it left."""
        return (
            f"request/{self.issue}" if self.issue is not None else f"request/run-{os.environ.get('GITHUB_RUN_ID', 0)}"
        )


def request(root: Path, *, event: Path | None = None, verb: Verb | None = None) -> int:
    """Open the pull request that the event asks for, and answer in its issue; 0 also where it asks for nothing.

    `verb` is what a workflow's button asks for; else its inputs say it. Raises `MintmarkError`, after it was told in
    the issue, where the request cannot be granted.
    """
    asked = _read_asked(read_event(event), verb)
    if asked is None:
        print("nothing is asked for: the issue is no form of Mintmark")
        return 0
    forge = require_forge(root)
    try:
        answer = _grant(root, forge, asked)
    except ForgeError as error:  # nobody's fault: the run can be repeated, and finds what this one left
        if asked.issue is not None:
            forge.comment(asked.issue, key="request", body=f"The forge refused, so this waits:\n\n{_lines(str(error))}")
        raise
    except MintmarkError as error:
        _answer(forge, asked, f"This cannot be done:\n\n{_lines(str(error))}\n\nOpen another request once it can.")
        raise
    _answer(forge, asked, answer)
    return 0


def _read_asked(event: Mapping[str, Any], verb: Verb | None) -> Asked | None:
    """Return what the event asks for, None for an issue that is no form; raise `UsageError` for another event."""
    if find(event, "issue", dict) is not None:
        if find(event, "action", str) != "opened":
            return None
        who, issue = "issue.user", require(event, "issue.number", int)
        try:
            wanted, fault = parse_form(find(event, "issue.body", str) or ""), ""
        except ValueError as error:
            wanted, fault = None, str(error)
        if wanted is None and not fault:
            return None
    elif (inputs := find(event, "inputs", dict)) is not None:
        who, issue, fault = "sender", None, ""
        try:
            wanted = make_request(_verb(verb, inputs), {k: v for k, v in inputs.items() if isinstance(v, str)})
        except ValueError as error:
            raise UsageError(str(error)) from None
    else:
        raise UsageError("the event is neither an issue that was opened nor a workflow that somebody started")
    login = require(event, f"{who}.login", str)
    if not _LOGIN.match(login):
        raise MintmarkError("whoever asks is no person, and only a person may ask")
    return Asked(login=login, number=require(event, f"{who}.id", int), issue=issue, request=wanted, fault=fault)


def _verb(given: Verb | None, inputs: Mapping[str, object]) -> Verb:
    wanted = given or inputs.get("verb")
    found = next((verb for verb in VERBS if verb == wanted), None)
    if found is None:
        raise ValueError(f"What is asked for must be one of {', '.join(VERBS)}.")
    return found


def _grant(root: Path, forge: Forge, asked: Asked) -> str:
    """Return the answer to a request: which pull request it became, or that there is nothing to do."""
    if not forge.may_write(asked.login):
        raise MintmarkError(
            f"{asked.login} may not write to this repository, and whoever asks must be allowed to; somebody who is "
            "can ask for the same"
        )
    if asked.request is None:
        raise MintmarkError(asked.fault)
    registry = ClonedRegistry(root)
    base = require_base(registry)
    proposed = pushed_before(registry.root, asked.branch)
    if proposed is None:
        with committing_as(asked.login, asked.number):
            said = _carry_out(registry.root, asked.request)
        print("\n".join(map(plain_line, said.splitlines())))
        if git.current_branch(registry.root) == base:
            return f"There is nothing to do:\n\n{_lines(said)}"
        proposed = push_head(registry.root, asked.branch)
    return _opened(forge, asked, proposed, base)


def _carry_out(root: Path, wanted: Request) -> str:
    """Commit what is asked for on a branch of its own, and return what the command says."""
    from mintmark.commands.promote import promote
    from mintmark.commands.rollback import rollback
    from mintmark.commands.yank import yank

    said = io.StringIO()
    with redirect_stdout(said):
        match wanted.verb:
            case "propose":
                _propose(root, wanted)
            case "promote":
                promote(root, f"{wanted.model}@{wanted.version}", str(wanted.channel))
            case "rollback":
                rollback(root, wanted.model, wanted.channel, to=wanted.version)
            case "yank":
                reference = f"{wanted.model}@{wanted.version}"
                yank(root, reference, reason=wanted.reason, replacement=wanted.replacement)
    return said.getvalue()


def _propose(root: Path, wanted: Request) -> None:
    from mintmark.changing.pipeline_run import run_pipeline
    from mintmark.commands.propose import propose

    require_clean(root)
    ClonedRegistry(root).model(wanted.model)
    run_pipeline(root, wanted.model)
    propose(root, wanted.model, bump=wanted.bump, summary=wanted.reason or None, promote=wanted.enter)


def _opened(forge: Forge, asked: Asked, proposed: Proposed, base: str) -> str:
    opened = open_request(forge, proposed, base=base, body=_body(asked))
    print(f"opened the pull request: {opened.url}")
    return f"This became #{opened.number}. Nothing changes before that is merged."


def _body(asked: Asked) -> str:
    place = f" in #{asked.issue}" if asked.issue is not None else ""
    address = run_address()
    run = f" [The run]({address}) made the commit." if address else ""
    reason = asked.request.reason if asked.request else ""
    quoted = f"\n\n{quote(reason, most=4_000)}" if reason else ""
    return f"@{asked.login} asks for this{place}.{run}{quoted}"


def _answer(forge: Forge, asked: Asked, answer: str) -> None:
    if asked.issue is not None:
        forge.close_issue(asked.issue, reason=answer)


def _lines(text: str) -> str:
    return bullets(escape(line, most=500) for line in text.splitlines() if line.strip())
