"""Put what a collector tells of one process where all processes find it, by way of prometheus_client's shared files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from collections.abc import Mapping


class Published:
    """The metrics of a collector, added up over the processes that live; counters also over those that ended."""

    def __init__(self, collector: Any) -> None:
        self._collector = collector
        self._registry = CollectorRegistry()  # nobody reads it: what is shared is in files
        self._shared: dict[str, Counter | Gauge] = {}
        self._told: dict[tuple[str, tuple[str, ...]], float] = {}

    def publish(self) -> None:
        """Add what has come since the last time."""
        for family in self._collector.collect():
            for sample in family.samples:
                self._add(family, sample.labels, sample.value)

    def _add(self, family: Any, labels: Mapping[str, str], value: float) -> None:
        shared = self._shared.get(family.name)
        if shared is None:
            shared = self._shared[family.name] = self._make(family, tuple(labels))
        child = shared.labels(**labels) if labels else shared
        if isinstance(child, Gauge):
            child.set(value)
            return
        key = (family.name, tuple(labels.values()))
        child.inc(value - self._told.get(key, 0.0))
        self._told[key] = value

    def _make(self, family: Any, names: tuple[str, ...]) -> Counter | Gauge:
        if family.type == "counter":
            return Counter(family.name, family.documentation, names, registry=self._registry)
        mode = "livemax" if family.name.endswith("_degraded") else "livesum"
        return Gauge(family.name, family.documentation, names, registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]
