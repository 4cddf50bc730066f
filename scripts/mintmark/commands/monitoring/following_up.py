"""`mintmark monitor --open`: let follow what model.yaml says of an alarm: an issue, a rollback request, a new training.

Everything is known again by its fingerprint: a run that is lost, or that runs twice, repeats nothing. What a person
closed for a version and a cause stays closed; what ended by itself may come again.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from mintmark.commands.forge.at_forge import fit
from mintmark.commands.monitoring.issue_text import fault_body, fault_title, issue_body, issue_title, rest_body
from mintmark.commands.monitoring.retraining import WORKFLOW, start_retraining
from mintmark.commands.monitoring.rollback_requests import (
    Breach,
    causes,
    open_requests,
    propose_rollback,
    request_branch,
)
from mintmark.core.finding import one_line, without_credentials
from mintmark.core.words.numbers import count
from mintmark.forge.workflow import plain_line, run_address
from mintmark.monitoring.alarms import newest_revisions
from mintmark.publishing.markdown import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.forge.forge import Forge, Issue
    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.watching import ReadLabels, Watched
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.logged.reading import PredictionLog

LABEL: Final = "mintmark-monitor"
_MOST_OPEN: Final = 10  # issues about one version in one channel; one more lists the rest
_REST: Final = "more"
_LOG: Final = "log"  # begins the key of the issue about files that cannot be read; no model is called so with a version


class _Place(NamedTuple):
    model: str
    version: str
    channel: str

    def key(self, fingerprint: str) -> str:
        """What an issue is known by."""
        return f"{self.model}@{self.version}/{self.channel}/{fingerprint}"


def _parse_key(key: str) -> tuple[_Place, str] | None:
    name, _, rest = key.partition("/")
    model, _, version = name.partition("@")
    channel, _, fingerprint = rest.partition("/")
    return (_Place(model, version, channel), fingerprint) if model and version and channel and fingerprint else None


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowingUp:
    """What it takes: where models are registered, where people are told, and where rows and labels come from.

    `looked_at_all` says that no model and no days were named: only then can a log be called whole.
    """

    registry: ClonedRegistry
    forge: Forge
    log: PredictionLog
    read_labels: ReadLabels
    looked_at_all: bool = False

    def run(self, watched: Watched) -> None:
        """Open, update and close issues, and let requests and trainings follow."""
        known: dict[str, Issue] = {}
        # A person may have taken the label off an issue that is open.
        for issue in (*self.forge.issues(label=LABEL, closed=True), *self.forge.issues(label=None)):
            known.setdefault(issue.key, issue)
        documents: dict[_Place, list[WindowDocument]] = defaultdict(list)
        for each in newest_revisions(watched.documents):
            if each.role == "served":
                documents[_Place(each.model, each.version, each.channel)].append(each)
        wanted: set[str] = set()
        for breach in self._breaches(watched, documents):
            wanted |= self._follow(breach, known)
        for issue in known.values():
            parsed = _parse_key(issue.key)
            if issue.is_open and issue.key not in wanted and parsed is not None:
                why = self._why_over(*parsed, watched, documents)
                if why:
                    self._close(issue, why)
        self._close_requests(watched, documents)
        self._follow_faults(watched.faults, known)

    def _breaches(self, watched: Watched, documents: Mapping[_Place, Sequence[WindowDocument]]) -> Iterator[Breach]:
        places: dict[_Place, list[Alarm]] = defaultdict(list)
        for alarm in watched.open_alarms:
            places[_Place(alarm.model, alarm.version, alarm.channel)].append(alarm)
        for place, alarms in places.items():
            model = self.registry.model(place.model)
            if model.monitoring.on_breach != "note":
                yield Breach(
                    model=model,
                    version=place.version,
                    channel=place.channel,
                    alarms=tuple(alarms),
                    documents=tuple(documents.get(place, ())),
                )

    def _follow_faults(self, faults: Sequence[str], known: Mapping[str, Issue]) -> None:
        """Open one issue for what of the log cannot be read, and close it when all can."""
        where = without_credentials(self.log.where)
        key = f"{_LOG}/{hashlib.sha256(where.encode()).hexdigest()[:16]}"
        issue = known.get(key)
        if faults and (issue is None or issue.is_open):
            body = fit(fault_body(faults, where), None)
            found = self.forge.open_issue(key=key, label=LABEL, title=fault_title(where), body=body, once=True)
            print(plain_line(f"{found.title}: {found.url}"))
        elif issue is not None and issue.is_open and not faults and self.looked_at_all:
            self._close(issue, "Every file that was looked at can be read.")

    # -- one version in one channel --------------------------------------------------------------------------------

    def _follow(self, breach: Breach, known: Mapping[str, Issue]) -> set[str]:
        """Let follow what one version's alarms ask for; return the keys of the issues that are to stay open."""
        place = _Place(breach.model.name, breach.version, breach.channel)
        shown, rest = _shown(place, [alarm for alarm in breach.alarms if not _is_closed(place, alarm, known)], known)
        issues = {}
        for alarm in shown:
            before = known.get(place.key(alarm.fingerprint))
            issues[alarm] = before or self._open(place, alarm, breach, "")
        standing = [alarm for alarm, issue in issues.items() if issue.is_open]
        if standing or rest:
            follows = self._follows(replace(breach, alarms=(*standing, *rest)), [issues[each] for each in standing])
            for alarm in standing:
                self._open(place, alarm, breach, follows)
        keys = {place.key(alarm.fingerprint) for alarm in shown}
        if rest:
            keys.add(place.key(_REST))
            self._open_rest(place, rest, breach)
        return keys

    def _open(self, place: _Place, alarm: Alarm, breach: Breach, follows: str) -> Issue:
        issue = self.forge.open_issue(
            key=place.key(alarm.fingerprint),
            label=LABEL,
            title=issue_title(alarm),
            body=fit(issue_body(alarm, breach.documents, breach.model, follows), None),
            once=True,
        )
        if follows:
            print(plain_line(f"{issue.title}: {issue.url}"))
        return issue

    def _open_rest(self, place: _Place, rest: Sequence[Alarm], breach: Breach) -> None:
        title = f"{place.model}@{place.version} in {place.channel}: {count(len(rest), 'more alarm')}"
        body = fit(rest_body(rest, breach.model), None)
        self.forge.open_issue(key=place.key(_REST), label=LABEL, title=one_line(title), body=body, once=True)

    def _follows(self, breach: Breach, issues: Sequence[Issue]) -> str:
        """Return what follows in words, after it was done."""
        match breach.model.monitoring.on_breach:
            case "propose-rollback":
                return propose_rollback(self.registry, self.forge, self.log, breach, self.read_labels)
            case "retrain":
                return self._retrain(breach, issues)
        return "A person decides what follows (`monitoring.on_breach` in model.yaml)."

    def _retrain(self, breach: Breach, issues: Sequence[Issue]) -> str:
        """Start the pipeline, once for each cause; it leaves a proposal that is open to those who judge it."""
        base = self.registry.settings.base_branch
        if start_retraining(self.forge, breach.model.name, branch=base, issues=issues):
            print(f"started {WORKFLOW} for {breach.model.name}")
        return f"`{WORKFLOW}` was started. It proposes a version where the pipeline makes another one."

    # -- what is over ------------------------------------------------------------------------------------------------

    def _close_requests(self, watched: Watched, documents: Mapping[_Place, Sequence[WindowDocument]]) -> None:
        """Close the requests to go back whose causes are all over, before somebody merges one by mistake."""
        requests = open_requests(self.forge)
        branches = {request_branch(*place): place for place in self._places(documents)} if requests else {}
        for request in requests:
            place = branches.get(request.head)
            whys = [self._why_over(place, each, watched, documents) for each in causes(request)] if place else []
            if whys and all(whys):
                self.forge.close_pull_request(request.number, reason=_reason(whys[-1]))
                print(plain_line(f"closed: {request.title}"))

    def _places(self, documents: Mapping[_Place, Sequence[WindowDocument]]) -> Iterator[_Place]:
        """Yield where the versions of the models that were looked at may have been."""
        for model in {place.model for place in documents}:
            for version in self.registry.versions(model):
                for rule in self.registry.settings.channels:
                    yield _Place(model, str(version), rule.name)

    def _why_over(
        self,
        place: _Place,
        fingerprint: str,
        watched: Watched,
        documents: Mapping[_Place, Sequence[WindowDocument]],
    ) -> str:
        """Return why a cause is over, empty where this run cannot tell: its windows may be others."""
        if place.model not in {each.model for each in documents}:
            return ""
        model, channels = self.registry.model(place.model), self.registry.channels(place.model)
        if model.monitoring.on_breach == "note":
            return "model.yaml says that such alarms are notes."
        if self.registry.settings.channel(place.channel) is not None and channels.get(place.channel) != place.version:
            return f"{place.version} is not in {place.channel} any more."
        mine = [each for each in watched.alarms if each.fingerprint == fingerprint]
        if mine and not mine[-1].is_open:
            return f"The alarm is over: {mine[-1].why}."
        told = [each for each in documents.get(place, ()) if each.verdict not in ("not-enough-data", "not-over")]
        if mine or not told:
            return ""
        if fingerprint == _REST:
            return "The other alarms are over, or have issues of their own."
        raised = {each.fingerprint for each in told[-1].findings if each.severity in ("warning", "alarm")}
        return "" if fingerprint in raised else "The alarm is over: the last window does not have it."

    def _close(self, issue: Issue, why: str) -> None:
        self.forge.close_issue(issue.number, reason=_reason(why), ended=True)
        print(plain_line(f"closed: {issue.title}"))


def _reason(why: str) -> str:
    address = run_address()
    source = f"\n\n<sub>Found by `mintmark monitor` in [this run]({address}).</sub>" if address else ""
    return escape(why, most=500) + source


def _is_closed(place: _Place, alarm: Alarm, known: Mapping[str, Issue]) -> bool:
    """Whether a person closed the issue of this cause."""
    found = known.get(place.key(alarm.fingerprint))
    return found is not None and not found.is_open


def _shown(place: _Place, alarms: Sequence[Alarm], known: Mapping[str, Issue]) -> tuple[list[Alarm], list[Alarm]]:
    """Return the alarms that have or get an issue of their own, and those that one issue lists."""
    old = [alarm for alarm in alarms if place.key(alarm.fingerprint) in known]
    new = [alarm for alarm in alarms if place.key(alarm.fingerprint) not in known]
    room = max(0, _MOST_OPEN - len(old))
    return [*old, *new[:room]], new[room:]
