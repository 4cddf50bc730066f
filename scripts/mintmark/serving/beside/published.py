"""Put what a collector tells of one process where all processes find it, by way of prometheus_client's shared files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping


class Published:
    """The metrics of a collector, added up over the processes that live; counters also over those that ended."""

    def __init__(self, collector: Any) -> None:
        self._collector = collector
        self._registry = CollectorRegistry()  # nobody reads it: what is shared is in files
        self._shared: dict[str, Any] = {}
        self._told: dict[tuple[str, tuple[str, ...]], float] = {}

    def publish(self) -> None:
        """Add what has come since the last time."""
        for family in self._collector.collect():
            if family.type == "histogram":
                self._add_to_histogram(family)
                continue
            for sample in family.samples:
                self._add(family, sample)

    def _add(self, family: Any, sample: Any) -> None:
        child = self._child(family, sample.labels)
        if isinstance(child, Gauge):
            child.set(sample.value)
        else:
            child.inc(self._more(sample))

    def _add_to_histogram(self, family: Any) -> None:
        """Add to the numbers behind a histogram, which itself takes one observation at a time.

        None of them falls in between: whoever reads them at that moment would see a counter that was set back.
        """
        before = 0.0
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            child = self._child(family, labels)
            if sample.name.endswith("_sum"):
                child._sum.inc(self._more(sample))
            elif sample.name.endswith("_bucket"):  # which counts what is in those before it too
                place = child._upper_bounds.index(float(sample.labels["le"]))
                more = self._more(sample)
                if part := more - before if place else more:
                    child._buckets[place].inc(part)
                before = more

    def _more(self, sample: Any) -> float:
        """Return what came to a sum since the last time."""
        key = (sample.name, tuple(sample.labels.values()))
        before, self._told[key] = self._told.get(key, 0.0), sample.value
        more: float = sample.value - before
        return more

    def _child(self, family: Any, labels: Mapping[str, str]) -> Any:
        shared = self._shared.get(family.name)
        if shared is None:
            shared = self._shared[family.name] = self._make(family, tuple(labels))
        return shared.labels(**labels) if labels else shared

    def _make(self, family: Any, names: tuple[str, ...]) -> Any:
        about = (family.name, family.documentation, names)
        if family.type == "counter":
            return Counter(*about, registry=self._registry)
        if family.type == "histogram":
            bounds = dict.fromkeys(float(sample.labels["le"]) for sample in family.samples if "le" in sample.labels)
            return Histogram(*about, buckets=tuple(bounds), registry=self._registry)
        mode = "livemax" if family.name.endswith("_degraded") else "livesum"
        return Gauge(*about, registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]
