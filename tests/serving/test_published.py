"""What several processes count together is never set back, not even for the blink between two numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import generate_latest, values
from prometheus_client.core import HistogramMetricFamily

from mintmark.serving.beside.published import Published


class Times:
    """A histogram whose buckets a test sets."""

    def __init__(self) -> None:
        self.buckets = [0, 0, 0]

    def collect(self) -> Iterator[Any]:
        counts = zip(("0.1", "1.0", "+Inf"), self.buckets, strict=True)
        family = HistogramMetricFamily("times", "Times.", labels=("model",))
        family.add_metric(("iris",), [*counts], 0.5)
        family.add_metric(("digits",), [("0.1", 1), ("1.0", 1), ("+Inf", 1)], 0.1)
        yield family


def test_no_bucket_is_set_back_while_others_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[float] = []
    inc = values.MutexValue.inc

    def add(value: Any, amount: float) -> None:
        added.append(amount)
        inc(value, amount)

    monkeypatch.setattr(values.MutexValue, "inc", add)
    times = Times()
    published = Published(times)
    for times.buckets in ([1, 3, 3], [4, 9, 11]):
        published.publish()
    assert min(added) >= 0
    told = generate_latest(published._registry).decode()
    for bound, count in (("0.1", 4), ("1.0", 9), ("+Inf", 11)):
        assert f'times_bucket{{le="{bound}",model="iris"}} {count}.0' in told
        assert f'times_bucket{{le="{bound}",model="digits"}} 1.0' in told
