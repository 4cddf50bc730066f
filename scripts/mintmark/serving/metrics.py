"""What Prometheus reads: requests, latencies, what is served, swaps and queues. Knows no protocol."""

from __future__ import annotations

import os
import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from mintmark.serving.beside.published import Published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.serving.following.follower import Follower
    from mintmark.serving.slots import Slots

_SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client keeps what several processes count
_RECENT = 1000
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one server process."""

    def __init__(self, slots: Slots, follower: Follower) -> None:
        self._registry = CollectorRegistry()
        names = ("model", "version", "protocol", "code")
        self._requests = Counter("mintmark_requests", "Requests by how they ended.", names, registry=self._registry)
        self._rows = Counter("mintmark_rows", "Rows predicted.", ("model", "version"), registry=self._registry)
        self._seconds = Histogram(
            "mintmark_request_seconds",
            "Seconds from a whole request to its answer.",
            ("model", "protocol"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._recent: dict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=_RECENT))
        self._counted: dict[tuple[str, str], int] = defaultdict(int)
        self._known: dict[Any, Any] = {}  # to look a child up by its labels takes longer than to count
        self._collectors: list[Any] = []
        self._published: list[Published] = []
        self._publishing = threading.Lock()
        self.add(_State(slots, follower))

    def add(self, collector: Any, *, is_shared: bool = False) -> None:
        """Tell what a collector yields, too: of several processes the sum, else that of the one that is asked."""
        if is_shared and _SHARED in os.environ:
            self._published.append(Published(collector))
            return
        self._collectors.append(collector)
        self._registry.register(collector)

    def count(self, model: str, version: str, protocol: str, code: int | str, seconds: float, rows: int) -> None:
        """Count one request; `model` and `version` are empty where it named none that is served."""
        key = (model, version, protocol, code)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = (
                self._requests.labels(model, version, protocol, str(code)),
                self._seconds.labels(model, protocol),
                self._rows.labels(model, version),
            )
        found[0].inc()
        found[1].observe(seconds)
        if rows:
            found[2].inc(rows)
            self._recent[model, version].append(seconds)
            self._counted[model, version] += 1

    def speed(self, model: str, version: str) -> tuple[int, float | None, float | None]:
        """Return how many requests a version answered, and the median and 99th percentile of the last thousand (s)."""
        recent = sorted(self._recent.get((model, version), ()))
        if not recent:
            return 0, None, None
        return self._counted[model, version], recent[len(recent) // 2], recent[len(recent) * 99 // 100]

    def publish(self) -> None:
        """Let the other processes know what this one counted beside requests; to be called every second or so."""
        with self._publishing:
            for each in self._published:
                each.publish()

    def text(self) -> bytes:
        """Return all of it in the text format of Prometheus; of several processes, the counts of all together."""
        if _SHARED not in os.environ:
            return generate_latest(self._registry)
        self.publish()
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        for collector in self._collectors:
            together.register(collector)
        return generate_latest(together)


class _State:
    """What is true when it is asked for, and costs nothing until then."""

    def __init__(self, slots: Slots, follower: Follower) -> None:
        self._slots, self._follower = slots, follower

    def collect(self) -> Iterator[Any]:
        """Yield the gauges, as prometheus_client asks a collector."""
        names = ["model", "channel"]
        serving = GaugeMetricFamily(
            "mintmark_serving", "The version that answers.", labels=[*names, "version", "commit"]
        )
        degraded = GaugeMetricFamily("mintmark_degraded", "1 where something keeps a channel back.", labels=names)
        swaps = CounterMetricFamily("mintmark_swaps", "Versions that took over.", labels=names)
        queue = GaugeMetricFamily("mintmark_queue_rows", "Rows that wait for their model.", labels=names)
        for slot in self._slots:
            place = [slot.model, str(slot.reference.selector)]
            current = slot.current
            if current is not None:
                serving.add_metric([*place, current.version, current.commit], 1)
                queue.add_metric(place, current.waiting)
            degraded.add_metric(place, float(bool(slot.fault)))
            swaps.add_metric(place, slot.swaps)
        reachable = GaugeMetricFamily("mintmark_registry_reachable", "0 where the registry could not be read.")
        reachable.add_metric([], float(not self._follower.unreachable))
        yield from (serving, degraded, swaps, queue, reachable)
