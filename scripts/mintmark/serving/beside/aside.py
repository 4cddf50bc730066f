"""What happens beside the path of requests: the prediction log, and the shadows that see them too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from mintmark.serving.beside.decisions import Decision
from mintmark.serving.beside.shadowing import Shadow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.serving.log.journal import Journal
    from mintmark.serving.rows import BoundRows
    from mintmark.serving.served_version import Answer, ServedVersion
    from mintmark.serving.slots import Slot, Slots


class Call(Protocol):
    """A request in some protocol: whom it asked, what, and how it ended (as a status of HTTP)."""

    id: str
    slot: Slot | None
    version: ServedVersion | None
    bound: BoundRows | None
    answer: Answer | None
    size: int
    status: int
    error: str


class Aside:
    """Takes every request for predictions once it is answered. Without a journal and shadows it does nothing."""

    def __init__(self, journal: Journal | None = None, shadows: Slots | None = None) -> None:
        self.journal = journal
        self.shadows = [Shadow(slot, None if journal is None else journal.record) for slot in shadows or ()]
        self.is_idle = journal is None and not self.shadows

    def record(self, decision: Decision) -> None:
        """Log a request, and show it to the shadows. Costs microseconds, and never fails or waits."""
        if self.journal is not None:
            self.journal.record(decision)
        for shadow in self.shadows:
            shadow.see(decision)

    def record_call(self, call: Call, seconds: float) -> None:
        """Take note of a request for predictions in any protocol, once it is answered; one for no model counts not."""
        slot = call.slot
        if slot is None:
            return
        self.record(
            Decision(
                call.id,
                time.time() - seconds,
                slot.model,
                slot.channel,
                call.version,
                call.bound,
                call.answer,
                seconds,
                call.status,
                call.error,
                call.size,
            )
        )

    def start(self) -> None:
        """Begin to write and to shadow."""
        if self.journal is not None:
            self.journal.start()
        for shadow in self.shadows:
            shadow.start()

    def stop(self) -> None:
        """End the shadows, then write what is queued."""
        for shadow in self.shadows:
            shadow.stop()
        if self.journal is not None:
            self.journal.stop()

    def collect(self) -> Iterator[Any]:
        """Yield the metrics, as prometheus_client asks a collector."""
        if self.journal is not None:
            yield from _log_metrics(self.journal)
        if self.shadows:
            yield from _shadow_metrics(self.shadows)


def _log_metrics(journal: Journal) -> Iterator[Any]:
    yield CounterMetricFamily("mintmark_log_rows", "Rows written to the log.", value=journal.written)
    yield CounterMetricFamily("mintmark_log_dropped", "Requests that the log had no room for.", value=journal.dropped)
    yield CounterMetricFamily(
        "mintmark_log_failures", "Times that the log could not be written.", value=journal.failures
    )
    yield GaugeMetricFamily("mintmark_log_queue", "Requests that wait to be logged.", value=journal.waiting)


def _shadow_metrics(shadows: list[Shadow]) -> Iterator[Any]:
    labels = ["model", "channel"]
    requests = CounterMetricFamily(
        "mintmark_shadow_requests", "Requests of shadows by what became of them.", labels=[*labels, "result"]
    )
    rows = CounterMetricFamily(
        "mintmark_shadow_rows", "Rows of shadows by whether they say the same.", labels=[*labels, "same"]
    )
    queue = GaugeMetricFamily("mintmark_shadow_queue", "Requests that wait for a shadow.", labels=labels)
    degraded = GaugeMetricFamily("mintmark_shadow_degraded", "1 where something keeps a shadow back.", labels=labels)
    for shadow in shadows:
        place = [shadow.slot.model, shadow.slot.channel]
        for result, number in sorted(shadow.seen.items()):
            requests.add_metric([*place, result], number)
        rows.add_metric([*place, "true"], shadow.same)
        rows.add_metric([*place, "false"], shadow.differing)
        queue.add_metric(place, shadow.waiting)
        degraded.add_metric(place, float(bool(shadow.slot.fault)))
    yield from (requests, rows, queue, degraded)
