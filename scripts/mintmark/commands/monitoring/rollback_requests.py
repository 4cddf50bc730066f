"""Open a rollback request for a version that raised alarms, where the version before does better. Merges nothing."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mintmark.changing.model_state import read_standing
from mintmark.commands.forge.workflow_commit import (
    BOT,
    BOT_NUMBER,
    base_commit,
    committing_as,
    open_request,
    push_head,
    require_base,
)
from mintmark.commands.monitoring.issue_text import evidence, request_body
from mintmark.commands.monitoring.rollback_evidence import judge_rollback
from mintmark.commands.rollback import rollback
from mintmark.errors import MintmarkError
from mintmark.forge.marks import format_mark, read_mark
from mintmark.publishing.markdown import code, escape
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.commands.monitoring.rollback_evidence import JudgedRollback
    from mintmark.core.model import Model
    from mintmark.forge.forge import Forge, PullRequest
    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import FindingKind, WindowDocument
    from mintmark.monitoring.watching import ReadLabels
    from mintmark.registry.logged.reading import PredictionLog

# What another version may do better. It mends neither silence nor a request that fails or cannot be read.
_MENDED: Final[frozenset[FindingKind]] = frozenset(
    (
        "missing",
        "infinite",
        "constant",
        "out-of-range",
        "unseen",
        "drift",
        "prediction-drift",
        "estimate",
        "performance",
    )
)
_KEY: Final = "monitor"


def request_branch(model: str, version: str, channel: str) -> str:
    """Return the branch of a request to go back from a version in a channel."""
    return f"{_KEY}/{model}-{version}-{channel}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """One version in one channel whose alarms last: `documents` are all of its windows, in order of time."""

    model: Model
    version: str
    channel: str
    alarms: tuple[Alarm, ...]
    documents: tuple[WindowDocument, ...]

    @property
    def branch(self) -> str:
        """The branch of a request about this version in this channel."""
        return request_branch(self.model.name, self.version, self.channel)

    @property
    def mended(self) -> tuple[Alarm, ...]:
        """The alarms that another version may end."""
        return tuple(alarm for alarm in self.alarms if alarm.kind in _MENDED)

    def windows(self, alarms: Sequence[Alarm]) -> list[WindowDocument]:
        """Return the documents from the first to the last window of some alarms."""
        first, last = min(alarm.since for alarm in alarms), max(alarm.last for alarm in alarms)
        return [each for each in self.documents if first <= each.window.start <= last and each.traffic.rows]


def propose_rollback(
    registry: ClonedRegistry, forge: Forge, log: PredictionLog, breach: Breach, read_labels: ReadLabels
) -> str:
    """Return what came of it, as Markdown: a request, or why there is none.

    An open request is left alone, and one that a person closed is not opened again for the same causes.
    """
    if not breach.mended:
        return "Another version does not mend this, so no rollback is proposed."
    if registry.settings.channel(breach.channel) is None:
        return f"{code(breach.channel)} is no channel, so there is nothing to go back to."
    requests = forge.pull_requests_from(breach.branch)
    waiting = next((each for each in requests if each.state == "open"), None)
    if waiting is not None:
        return _waits(waiting)
    closed = [each for each in requests if not each.merged and causes(each)]
    refused = {name for each in closed for name in causes(each)}
    fresh = [alarm for alarm in breach.mended if alarm.fingerprint not in refused]
    if not fresh:
        return f"#{closed[0].number} proposed to go back and was closed, so no other request is opened."
    target = read_standing(registry, breach.model.name).rollback_target(breach.channel)
    if target is None:
        return f"No version before {code(breach.version)} held {code(breach.channel)} and can still be used."
    try:
        judged = judge_rollback(registry, log, breach.windows(fresh), target, read_labels)
    except MintmarkError as error:
        return (
            f"Nobody can tell whether {code(target)} would do better, so no request is opened: "
            f"{escape(str(error), most=500)}."
        )
    if not judged.is_better:
        return f"{code(target)} does no better, so no request is opened.\n\n{evidence(judged)}"
    return _open(registry, forge, breach, fresh, target, judged)


def open_requests(forge: Forge) -> Sequence[PullRequest]:
    """Return the requests of all models that nobody merged or closed yet."""
    return [each for each in forge.open_pull_requests(f"{_KEY}/") if causes(each)]


def causes(request: PullRequest) -> list[str]:
    """Return the fingerprints that a request was opened for, none where it was closed because these were over."""
    kind, _, names = (read_mark(request.body) or "").partition("/")
    return names.split() if kind == _KEY else []


def _open(
    registry: ClonedRegistry,
    forge: Forge,
    breach: Breach,
    alarms: Sequence[Alarm],
    target: str,
    judged: JudgedRollback,
) -> str:
    root, name, channel = registry.root, breach.model.name, breach.channel
    base = require_base(registry)
    now = ClonedRegistry(root, at=base_commit(root, base)).channel(name, channel)
    if now != breach.version:
        return f"{code(channel)} has moved to {code(str(now))} since, so no request is opened."
    try:
        with committing_as(BOT, BOT_NUMBER), redirect_stdout(io.StringIO()):
            rollback(root, name, channel, to=target)
        proposed = push_head(root, breach.branch, replace=True)
    finally:
        git.run_git("switch", "--quiet", "--discard-changes", base, cwd=root)
    mark = format_mark(f"{_KEY}/{' '.join(sorted(alarm.fingerprint for alarm in alarms))}")
    body = request_body(alarms, breach.windows(alarms), breach.model, judged)
    opened = open_request(forge, proposed, base=base, body=f"{mark}\n{body}")
    print(f"opened the pull request: {opened.url}")
    return _waits(opened)


def _waits(request: PullRequest) -> str:
    return f"#{request.number} proposes to go back, with the evidence. Merge it or close it."
