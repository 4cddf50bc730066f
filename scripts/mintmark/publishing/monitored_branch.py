"""The branch `monitoring`: the documents of windows, added and never rewritten. Judges nothing.

A window that is told again becomes the next revision of its document, and the one before stays in the history of the
branch. The same documents add nothing. Months that ended 90 days ago are folded into one document each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mintmark.core.words.numbers import count
from mintmark.monitoring.documents import format_document
from mintmark.monitoring.stored.files import branch_files
from mintmark.monitoring.stored.label_order import doubtful_labels, follow_labels, older_labels
from mintmark.monitoring.stored.months import FOLDED_AFTER, fold, format_month, is_old, month_path
from mintmark.monitoring.stored.parsing import MOST_BYTES, parse_stored, place_of
from mintmark.publishing.machine_branch import Addition, add_to_branch
from mintmark.publishing.release.remote import MONITORING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mintmark.core.finding import Finding
    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.stored.files import StoredFiles
    from mintmark.monitoring.stored.months import MonthDocument
    from mintmark.publishing.release.remote import Remote

_AGAIN: Final = "mintmark monitor --publish"
_SOME_DAYS: Final = timedelta(days=10)
_TOLD: Final = 50  # documents that a message names


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitoringPlan:
    """What the branch lacks. `written` are documents, each with its revision, and `folded` months.

    `notes` say which documents were not taken, and `findings` what on the branch is none of ours.
    """

    tip: str | None
    additions: tuple[Addition, ...] = ()
    written: tuple[WindowDocument, ...] = ()
    folded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def publish_documents(remote: Remote, documents: Sequence[WindowDocument], *, now: datetime) -> MonitoringPlan:
    """Add documents to the branch of a remote, in one push, and return what was added."""
    return add_to_branch(remote, MONITORING, lambda: plan_documents(remote, documents, now=now), again=_AGAIN)


def plan_documents(remote: Remote, documents: Sequence[WindowDocument], *, now: datetime) -> MonitoringPlan:
    """Hold documents against the branch, as the remote has it now."""
    tip = remote.list().refs.get(MONITORING)
    if tip is None:
        known = _Known()
    else:
        remote.fetch({MONITORING: tip})
        known = _read(branch_files(remote.root, tip), documents, now)
    notes: list[str] = []
    written = list(_newer(documents, known, notes))
    folded = list(_folds(known, written, now))
    additions = [*_windows_commit(written), *_months_commit(folded)]
    return MonitoringPlan(
        tip=tip,
        additions=tuple(additions),
        written=tuple(written),
        folded=tuple(month.path for month, _ in folded),
        notes=tuple(notes),
        findings=tuple(known.findings),
    )


@dataclass(slots=True)
class _Known:
    """What the branch has, as far as it matters: windows and months by path, and places that cannot be read."""

    windows: dict[str, WindowDocument] = field(default_factory=dict)
    months: dict[str, MonthDocument] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def _read(files: StoredFiles, documents: Sequence[WindowDocument], now: datetime) -> _Known:
    """Read what the documents may replace, and what is old enough to be folded."""
    wanted = {path for each in documents for path in (each.path, month_path(each))}
    limit = f"{now - FOLDED_AFTER + _SOME_DAYS:%Y%m}"  # no month after it is folded
    some = {path: oid for path, oid in files.files.items() if path in wanted or _may_fold(path, limit)}
    months = {_month_beside(path) for path in some}
    some |= {path: oid for path, oid in files.files.items() if path in months}
    known = _Known(findings=list(files.findings))
    for path, content in replace(files, files=some).read():
        windows, month, finding = parse_stored(path, content, files.shown(path))
        if finding is not None:
            known.findings.append(finding)
            known.broken.add(path)
        elif month is not None:
            known.months[path] = month
        else:
            known.windows[path] = windows[0]
    return known


def _may_fold(path: str, limit: str) -> bool:
    place = place_of(path)
    return place is not None and not place.is_month and path.rpartition("/")[2][:6] <= limit


def _month_beside(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name[:6]}-{name.rpartition('-')[2]}"


def _newer(documents: Iterable[WindowDocument], known: _Known, notes: list[str]) -> Iterator[WindowDocument]:
    """Yield the documents that tell something new, each with its revision."""
    for document in documents:
        old = known.windows.get(document.path)
        month = known.months.get(month_path(document))
        if month is not None and any(each.path == document.path for each in month.windows):
            notes.append(f"{document.path}: its month is folded, and stays as it is")
            continue
        if old is None:
            yield replace(document, revision=1)
            continue
        labels = follow_labels(document.labels, old.labels)
        if format_document(replace(document, revision=old.revision, labels=labels)) == format_document(old):
            continue
        if fault := _less(document, old):
            notes.append(f"{document.path}: {fault}; the published document stays")
        else:
            notes += [f"{document.path}: {doubt}" for doubt in doubtful_labels(document.labels, old.labels)]
            yield replace(document, revision=old.revision + 1, labels=labels)


def _less(document: WindowDocument, old: WindowDocument) -> str:
    """Return why a document knows less of a window than the one that is there, an empty text where it does not."""
    if document.traffic.read < old.traffic.read:
        return f"the log has {document.traffic.read:,} of the {old.traffic.read:,} rows that were read before"
    return older_labels(document.labels, old.labels)


def _folds(
    known: _Known, written: Sequence[WindowDocument], now: datetime
) -> Iterator[tuple[MonthDocument, tuple[str, ...]]]:
    """Yield each month that is to be folded, with the places of its windows."""
    newest: Mapping[str, WindowDocument] = {**known.windows, **{each.path: each for each in written}}
    old = [each for each in newest.values() if is_old(each, now) and month_path(each) not in known.broken]
    for month in fold(old, known.months):
        if len(format_month(month).encode()) <= MOST_BYTES:
            yield month, tuple(each.path for each in old if month_path(each) == month.path)


def _windows_commit(written: Sequence[WindowDocument]) -> Iterator[Addition]:
    if written:
        models = dict.fromkeys(each.model for each in written)
        subject = f"watch {next(iter(models))}" if len(models) == 1 else f"watch {len(models):,} models"
        lines = [f"{each.path}, revision {each.revision}: {each.verdict}" for each in written]
        yield Addition(
            message=_message(f"{subject}: {count(len(written), 'window')}", lines),
            files={each.path: format_document(each).encode() for each in written},
        )


def _months_commit(folded: Sequence[tuple[MonthDocument, tuple[str, ...]]]) -> Iterator[Addition]:
    if folded:
        yield Addition(
            message=_message(f"fold {count(len(folded), 'month')}", [month.path for month, _ in folded]),
            files={month.path: format_month(month).encode() for month, _ in folded},
            removed=tuple(path for _, paths in folded for path in paths),
        )


def _message(subject: str, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _TOLD:,} more"] if len(lines) > _TOLD else []
    return "\n".join([subject, "", *lines[:_TOLD], *more]) + "\n"
