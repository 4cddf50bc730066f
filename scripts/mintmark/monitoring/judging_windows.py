"""Make the document of a window from what was counted in it: every finding, and the verdict. Reads nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.question import PROBABILITY
from mintmark.core.words import numbers
from mintmark.monitoring.counting import RowCounts
from mintmark.monitoring.documents import Finding, WindowDocument, fingerprint, in_order, verdict_of
from mintmark.monitoring.judging_columns import judge_columns
from mintmark.monitoring.latencies import latency_of
from mintmark.monitoring.measured import Labels, Traffic
from mintmark.monitoring.performance import LEAST_LABELLED, estimate_window, measure_window
from mintmark.monitoring.scanning import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.model import Model
    from mintmark.monitoring.column_counts import ColumnCounts
    from mintmark.monitoring.documents import FindingKind, Role, Severity, Window
    from mintmark.monitoring.judging_columns import JudgedColumns, Raised
    from mintmark.monitoring.known_versions import KnownVersion
    from mintmark.monitoring.measured import Estimate, Performance
    from mintmark.monitoring.reference_columns import ReferenceColumn
    from mintmark.monitoring.window_labels import WindowLabels

_SILENT: Final = "No request came."
_LEAST_REQUESTS: Final = 20
_Z: Final = 1.959963984540054  # of a two-sided 95% interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What was counted of one version in one channel and window, and what of the log could not be read.

    `unserved` is what the server counted of requests that no version could answer. `labels` are None where nobody gave
    any.
    """

    version: str
    channel: str
    role: Role
    window: Window
    rows: RowCounts = field(default_factory=RowCounts)
    seen: Seen = field(default_factory=Seen)
    unserved: Seen = field(default_factory=Seen)
    sample: float = 1.0
    personal: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    labels: WindowLabels | None = None


@dataclass(slots=True)
class _Judging:
    """A window while it is judged."""

    model: str
    counted: Counted
    metric: str = ""
    findings: list[Finding] = field(default_factory=list)

    def say(self, kind: FindingKind, severity: Severity, words: str, **about: str) -> None:
        told = {name: value for name, value in about.items() if value}
        print_of = fingerprint(self.model, self.counted.version, self.counted.channel, kind, *told.values())
        self.findings.append(Finding(kind=kind, severity=severity, words=words, fingerprint=print_of, **about))

    def document(self, **parts: Any) -> WindowDocument:
        counted = self.counted
        ordered = in_order(self.findings)
        return WindowDocument(
            model=self.model,
            version=counted.version,
            channel=counted.channel,
            role=counted.role,
            window=counted.window,
            verdict=verdict_of(ordered, counted.window),
            metric=self.metric,
            traffic=_traffic(counted),
            findings=ordered,
            **parts,
        )


def judge_window(counted: Counted, known: KnownVersion) -> WindowDocument:
    """Return the document of a window of a version that the registry has."""
    judging = _Judging(known.record.model, counted, known.model.metric.name)
    monitoring = known.model.monitoring
    _judge_traffic(judging, monitoring.thresholds.errors)
    is_thin = counted.rows.rows < monitoring.minimum_rows
    judged = _columns(counted, known)
    performance, labels = _performance(counted, known)
    estimate = estimate_window(counted.rows.scores, counted.rows.slices, known) if not is_thin else None
    if not is_thin:
        _judge_columns(judging, judged, _costs(performance, estimate, known.model))
        _judge_metrics(judging, performance, estimate, known)
    else:
        words = f"{numbers.count(counted.rows.rows, 'row')}; it takes {monitoring.minimum_rows:,} to say something."
        judging.say("not-enough-data", "not-enough-data", words)
    return judging.document(
        columns=judged.columns, outputs=judged.outputs, labels=labels, performance=performance, estimate=estimate
    )


def judge_unknown(model: Model, counted: Counted) -> WindowDocument:
    """Return the document of a window of a version that the registry does not have: only what came is told."""
    judging = _Judging(model.name, counted, model.metric.name)
    words = f"The log has answers of {model.name}@{counted.version}, which this registry does not have."
    judging.say("unknown-version", "warning", words)
    return judging.document()


def silent_window(
    model: Model, version: str, channel: str, window: Window, faults: tuple[str, ...] = ()
) -> WindowDocument:
    """Return the document of a window in which nobody asked a version that somebody asked before.

    `faults` say what of the log cannot be read: with some, nobody knows whether it was silent.
    """
    counted = Counted(version=version, channel=channel, role="served", window=window, faults=faults)
    judging = _Judging(model.name, counted, model.metric.name)
    _judge_traffic(judging, model.monitoring.thresholds.errors)
    judging.say("not-enough-data", "not-enough-data", "No row can be read." if faults else "No rows.")
    return judging.document()


# -- traffic ---------------------------------------------------------------------------------------------------------


def _traffic(counted: Counted) -> Traffic:
    seen, unserved = counted.seen, counted.unserved
    tally = seen.tally + unserved.tally
    statuses = dict(seen.statuses)
    for status, requests in unserved.statuses.items():
        statuses[status] = statuses.get(status, 0) + requests
    return Traffic(
        requests=tally.requests,
        rows=tally.rows,
        logged=tally.logged,
        dropped=tally.dropped,
        read=counted.rows.rows + seen.duplicates,
        duplicates=seen.duplicates,
        conflicts=seen.conflicts,
        untimed=counted.rows.untimed,
        statuses={f"{status:03}": requests for status, requests in sorted(statuses.items())},
        sample=counted.sample,
        silent=not tally.requests and not counted.rows.rows and not counted.faults,
        latency=latency_of(counted.rows.latency),
    )


def _judge_traffic(judging: _Judging, most: float) -> None:
    counted, traffic = judging.counted, _traffic(judging.counted)
    if traffic.silent and counted.window.is_over and not counted.faults:
        judging.say("silence", "alarm", _SILENT)
    if traffic.requests >= _LEAST_REQUESTS:
        failed, refused = traffic.failed, sum(n for status, n in traffic.statuses.items() if "400" <= status < "500")
        if at_least(failed, traffic.requests) > most:
            share = numbers.share(failed / traffic.requests)
            judging.say("errors", "alarm", f"{share} of the requests ended with a fault of the server's.")
        if at_least(refused, traffic.requests) > most:
            judging.say(
                "refused", "warning", f"{numbers.share(refused / traffic.requests)} of the requests were refused."
            )
    if traffic.untimed:
        of = int(counted.rows.latency.sum()) + traffic.untimed
        share = numbers.share(traffic.untimed / of)
        is_many = of >= _LEAST_REQUESTS and at_least(traffic.untimed, of) > most
        words = f"The log has no latency of {share} of its requests: it is missing, infinite or below zero there."
        judging.say("latency", "warning" if is_many else "note", words)
    if traffic.dropped:
        judging.say("dropped", "note", f"The log had no room for {numbers.count(traffic.dropped, 'request')}.")
    if traffic.conflicts:
        rows = numbers.count(traffic.conflicts, "row")
        judging.say("conflicts", "note", f"{rows} came again with another answer; the first one counts.")
    for number, fault in enumerate(counted.faults):
        judging.say("unreadable", "warning", fault, metric=str(number) if number else "")


def at_least(count: int, of: int) -> float:
    """Return the lower bound of a share (Wilson 1927, Journal of the American Statistical Association 22:209)."""
    square = _Z * _Z / of
    share = count / of
    return (share + square / 2 - _Z * math.sqrt(share * (1 - share) / of + square / of / 4)) / (1 + square)


# -- columns ---------------------------------------------------------------------------------------------------------


def _columns(counted: Counted, known: KnownVersion) -> JudgedColumns:
    rows, profile, signature = counted.rows, known.profile, known.record.signature
    hidden = {name: _HIDDEN[how] for name, how in counted.personal.items() if name in signature.inputs}
    inputs = {
        name: (None if name in hidden else rows.columns.get(name), profile.inputs.get(name))
        for name in signature.inputs
    }
    outputs: dict[str, tuple[ColumnCounts | None, ReferenceColumn | None]] = {
        "prediction": (rows.prediction, profile.prediction)
    }
    for name in map(str, known.classes):
        outputs[f"{PROBABILITY}{name}"] = (rows.probabilities.get(name), profile.probabilities.get(name))
    return judge_columns(
        inputs,
        outputs,
        known.model.monitoring.thresholds,
        watched=known.model.monitoring.columns,
        hidden=hidden,
        minimum_rows=known.model.monitoring.minimum_rows,
        with_drift=counted.window.is_over,
    )


_HIDDEN: Final = {"drop": "personal: it is not in the log", "hash": "personal: the log has a hash of it"}


def _judge_columns(judging: _Judging, judged: JudgedColumns, costs: bool | None) -> None:
    for each in judged.raised:
        judging.say(each.kind, _severity(each, costs), each.words, column=each.column)


def _severity(raised: Raised, costs: bool | None) -> Severity:
    """A value that is missing or unseen alarms at once; drift warns where it costs something, or nobody can tell."""
    if raised.is_hard:
        return "alarm"
    return "note" if costs is False else "warning"


def _costs(performance: Performance | None, estimate: Estimate | None, model: Model) -> bool | None:
    """Return whether the version is worse in this window, by labels or else as estimated; None if nobody can tell.

    What moved by more than the margin, and may have done so by chance, nobody can tell.
    """
    for found in (performance, estimate):
        measured = None if found is None else found.metrics.get(model.metric.name)
        if measured is not None and measured.worse is not None:
            has_moved = measured.better_by is not None and measured.better_by < -model.watched_margin
            return None if has_moved and not measured.worse else measured.worse
    return None


# -- metrics ---------------------------------------------------------------------------------------------------------


def _performance(counted: Counted, known: KnownVersion) -> tuple[Performance | None, Labels | None]:
    if counted.labels is None:
        return None, None
    found = counted.labels
    labels = found.labels(counted.rows.answered)
    if not labels.labelled:
        return None, labels
    rows = found.rows(counted.rows.labelled, known)
    why_not = ""
    if not labels.matured:
        why_not = "labels are still to come"
    elif len(rows.outcomes) < LEAST_LABELLED:
        why_not = f"{numbers.count(len(rows.outcomes), 'row')} with a label, and it takes {LEAST_LABELLED}"
    return measure_window(rows, known, why_not=why_not), labels


def _judge_metrics(
    judging: _Judging, performance: Performance | None, estimate: Estimate | None, known: KnownVersion
) -> None:
    metric = known.model.metric.name
    if performance is not None:
        for words, about in _worse(performance, metric, "with labels"):
            judging.say("performance", "warning", words, **about)
    if estimate is not None and judging.counted.window.is_over:
        for words, about in _worse(estimate, metric, "estimated without labels"):
            # Labels know better than an estimate.
            is_refuted = performance is not None and _costs(performance, None, known.model) is False
            judging.say("estimate", "note" if is_refuted else "warning", words, **about)


def _worse(found: Performance | Estimate, metric: str, how: str) -> Iterator[tuple[str, dict[str, str]]]:
    parts = [("", found.metrics), *((name, each.metrics) for name, each in found.slices.items())]
    for name, metrics in parts:
        measured = metrics.get(metric)
        if measured is None or not measured.worse:
            continue
        where = f" in the slice {name}" if name else ""
        told = numbers.interval(measured.value, measured.low, measured.high)
        before = "" if measured.registered is None else f", registered {numbers.number(measured.registered.value)}"
        yield f"{metric}{where} is {told} {how}{before}: it is worse.", {"slice": name, "metric": metric}
