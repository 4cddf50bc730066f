"""What Prometheus reads: requests, latencies, what is served, swaps and queues. Knows no protocol."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections import defaultdict, deque
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.utils import floatToGoString

from mintmark.serving.beside.published import Published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mintmark.serving.following.follower import Follower
    from mintmark.serving.slots import Slots

_SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client keeps what several processes count
_RECENT = 1000
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one server process."""

    def __init__(self, slots: Slots, follower: Follower) -> None:
        self._registry = CollectorRegistry()
        self._collectors: list[Any] = []
        self._published: list[Published] = []
        self._publishing = threading.Lock()
        self._requests = _Requests()
        self.add(self._requests, is_shared=True)
        self.add(_State(slots, follower))

    def add(self, collector: Any, *, is_shared: bool = False) -> None:
        """Tell what a collector yields, too: of several processes the sum, else that of the one that is asked."""
        if is_shared and _SHARED in os.environ:
            self._published.append(Published(collector))
            return
        self._collectors.append(collector)
        self._registry.register(collector)

    def count(self, model: str, version: str, protocol: str, code: int | str, seconds: float, rows: int) -> None:
        """Count one request; `model` and `version` are empty where it named none that is served. In the loop alone."""
        self._requests.kinds[model, version, protocol, code].count(seconds, rows)

    def speed(self, model: str, version: str) -> tuple[int, float | None, float | None]:
        """Return how many requests a version answered, and the median and 99th percentile of the last ones (s)."""
        kinds = [kind for key, kind in self._requests.ordered() if key[:2] == (model, version)]
        recent = sorted(seconds for kind in kinds for seconds in [*kind.recent])
        if not recent:
            return 0, None, None
        return sum(kind.answered for kind in kinds), recent[len(recent) // 2], recent[len(recent) * 99 // 100]

    def publish(self) -> None:
        """Let the other processes know what this one counted; to be called every second or so."""
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


class _Requests:
    """How requests ended, by model, version, protocol and code. To count one takes a look-up, without a lock."""

    def __init__(self) -> None:
        self.kinds: defaultdict[tuple[str, str, str, int | str], _Kind] = defaultdict(_Kind)

    def ordered(self) -> list[tuple[tuple[str, str, str, str], _Kind]]:
        """Return what was counted, in an order that does not change."""
        named = [
            ((model, version, protocol, str(code)), kind)
            for (model, version, protocol, code), kind in [*self.kinds.items()]
        ]
        return sorted(named, key=itemgetter(0))

    def collect(self) -> Iterator[Any]:
        """Yield the metrics, as prometheus_client asks a collector."""
        names = ("model", "version", "protocol", "code")
        requests = CounterMetricFamily("mintmark_requests", "Requests by how they ended.", labels=names)
        rows = CounterMetricFamily("mintmark_rows", "Rows predicted.", labels=names[:2])
        took = HistogramMetricFamily(
            "mintmark_request_seconds", "Seconds from a whole request to its answer.", labels=("model", "protocol")
        )
        kinds = self.ordered()
        for key, kind in kinds:
            requests.add_metric(key, kind.requests)
        for place, group in _grouped(kinds, lambda key: key[:2]).items():
            if any(place):
                rows.add_metric(place, sum(kind.rows for kind in group))
        for place, group in _grouped(kinds, lambda key: (key[0], key[2])).items():
            buckets = accumulate(map(sum, zip(*(kind.buckets for kind in group), strict=True)))
            named = zip((*map(floatToGoString, _BUCKETS), "+Inf"), buckets, strict=True)
            took.add_metric(place, [*named], sum(kind.seconds for kind in group))
        yield from (requests, rows, took)


def _grouped(kinds: Iterable[tuple[Any, _Kind]], part: Callable[[Any], tuple[str, str]]) -> dict[Any, list[_Kind]]:
    groups: dict[Any, list[_Kind]] = defaultdict(list)
    for key, kind in kinds:
        groups[part(key)].append(kind)
    return groups


class _Kind:
    """The counts of one kind of request."""

    __slots__ = ("answered", "buckets", "recent", "requests", "rows", "seconds")

    def __init__(self) -> None:
        self.recent: deque[float] = deque(maxlen=_RECENT)
        self.requests = self.answered = self.rows = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(_BUCKETS) + 1)

    def count(self, seconds: float, rows: int) -> None:
        """Count a request that took so long."""
        self.requests += 1
        self.seconds += seconds
        self.buckets[bisect_left(_BUCKETS, seconds)] += 1
        if rows:
            self.rows += rows
            self.answered += 1
            self.recent.append(seconds)


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
            place = [slot.model, slot.channel]
            current = slot.current
            if current is not None:
                serving.add_metric([*place, current.version, current.commit], 1)
                queue.add_metric(place, current.waiting)
            degraded.add_metric(place, float(bool(slot.fault)))
            swaps.add_metric(place, slot.swaps)
        reachable = GaugeMetricFamily("mintmark_registry_reachable", "0 where the registry could not be read.")
        reachable.add_metric([], float(not self._follower.unreachable))
        yield from (serving, degraded, swaps, queue, reachable)
