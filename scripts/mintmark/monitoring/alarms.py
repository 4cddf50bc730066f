"""Which alarms follow from documents of windows, and which of them are over. Pure.

An alarm of a window is one at once. A warning becomes an alarm in the second window in a row: what happens once may be
chance. An alarm is over when a later window of the same version can be judged and does not have it, or when another
version has taken the channel.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mintmark.monitoring.documents import KINDS, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mintmark.monitoring.documents import Finding, FindingKind, WindowDocument


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmPolicy:
    """When a warning becomes an alarm: in how many windows in a row it has to be there."""

    in_a_row: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One cause of trouble of one version in one channel, from the window that raised it.

    `since` is the start of the first of the windows in a row that have it, `raised` that of the window in which it
    became an alarm, `last` that of the last one that has it, and `windows` how many these are. `words` are those of the
    last one. `ended` is the start of the window in which it was over, None while it is open, and `why` says how.
    """

    model: str
    version: str
    channel: str
    kind: FindingKind
    fingerprint: str
    words: str
    since: datetime
    raised: datetime
    last: datetime
    windows: int
    column: str = ""
    slice: str = ""
    metric: str = ""
    ended: datetime | None = None
    why: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.ended is None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        times = {name: format_time(getattr(self, name)) for name in ("since", "raised", "last")}
        return {
            "model": self.model,
            "version": self.version,
            "channel": self.channel,
            "kind": self.kind,
            "fingerprint": self.fingerprint,
            "words": self.words,
            **times,
            "windows": self.windows,
            "column": self.column,
            "slice": self.slice,
            "metric": self.metric,
            "ended": None if self.ended is None else format_time(self.ended),
            "why": self.why,
        }


@dataclass(slots=True)
class _Course:
    """What became of one cause so far."""

    since: datetime
    raised: datetime | None = None
    windows: list[tuple[datetime, Finding]] = field(default_factory=list)


def alarms_of(
    documents: Iterable[WindowDocument],
    policy: AlarmPolicy = AlarmPolicy(),
    *,
    holders: Mapping[tuple[str, str], str | None] | None = None,
) -> list[Alarm]:
    """Return the alarms of served versions, by model, channel and time; those that are over too.

    Documents may come in any order, and the newest revision of a window counts. `holders` tells which version is in a
    channel of a model now; an alarm of another one is over.
    """
    places: dict[tuple[str, str], list[WindowDocument]] = defaultdict(list)
    for document in newest_revisions(documents):
        if document.role == "served":
            places[document.model, document.channel].append(document)
    found = [
        alarm
        for place in sorted(places)
        for alarm in _of_channel(places[place], policy, (holders or {}).get(place, ""))
    ]
    return sorted(found, key=_order)


def _order(alarm: Alarm) -> tuple[str, str, datetime, str, int, str, str]:
    kind = KINDS.index(alarm.kind)
    return (alarm.model, alarm.channel, alarm.raised, alarm.version, kind, alarm.column, alarm.slice)


def newest_revisions(documents: Iterable[WindowDocument]) -> list[WindowDocument]:
    """Return one document for each window, the one of the highest revision, in the order of documents."""
    newest: dict[str, WindowDocument] = {}
    for document in documents:
        known = newest.get(document.path)
        if known is None or known.revision < document.revision:
            newest[document.path] = document
    return sorted(newest.values(), key=lambda each: each.sort_key)


def _of_channel(documents: Sequence[WindowDocument], policy: AlarmPolicy, holder: str | None) -> Iterator[Alarm]:
    versions = dict.fromkeys(document.version for document in documents)
    for version in versions:
        mine = [document for document in documents if document.version == version]
        last = mine[-1].window.start
        after = next((each for each in documents if each.window.start > last and each.version != version), None)
        yield from _of_version(mine, policy, after, holder)


def _of_version(
    documents: Sequence[WindowDocument], policy: AlarmPolicy, after: WindowDocument | None, holder: str | None
) -> Iterator[Alarm]:
    courses: dict[str, _Course] = {}
    for document in documents:
        start = document.window.start
        present = {each.fingerprint: each for each in document.findings if each.severity in ("warning", "alarm")}
        for gone in [name for name, course in courses.items() if name not in present and _tells(document, course)]:
            yield from _alarm(document, courses.pop(gone), ended=start, why="the next window does not have it")
        for name, finding in present.items():
            course = courses.setdefault(name, _Course(since=start))
            course.windows.append((start, finding))
            if course.raised is None and (finding.severity == "alarm" or len(course.windows) >= policy.in_a_row):
                course.raised = start
    version = documents[-1].version
    for course in courses.values():
        if after is not None:
            yield from _alarm(documents[-1], course, ended=after.window.start, why=f"{after.version} answers now")
        elif holder and holder != version:
            yield from _alarm(
                documents[-1], course, ended=documents[-1].window.end, why=f"{holder} is in the channel now"
            )
        else:
            yield from _alarm(documents[-1], course)


def _tells(document: WindowDocument, course: _Course) -> bool:
    """Whether a window without a cause says that it is over: one that has too few rows, or still runs, does not."""
    if course.windows[-1][1].kind == "silence":
        return not document.traffic.silent
    return document.window.is_over and all(each.severity != "not-enough-data" for each in document.findings)


def _alarm(
    document: WindowDocument, course: _Course, *, ended: datetime | None = None, why: str = ""
) -> Iterator[Alarm]:
    """Yield the alarm of a course that raised one."""
    if course.raised is None:
        return
    last, finding = course.windows[-1]
    yield Alarm(
        model=document.model,
        version=document.version,
        channel=document.channel,
        kind=finding.kind,
        fingerprint=finding.fingerprint,
        words=finding.words,
        since=course.since,
        raised=course.raised,
        last=last,
        windows=len(course.windows),
        column=finding.column,
        slice=finding.slice,
        metric=finding.metric,
        ended=ended,
        why=why,
    )
