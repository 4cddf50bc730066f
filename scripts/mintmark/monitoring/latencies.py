"""Count how long answers took, in bins that add up. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.monitoring.measured import Latency

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mintmark.core.statistics.metrics import Floats

_LEAST, _MOST = 1e-6, 1e5  # seconds
_RATIO: Final = math.log(1.05)
BINS: Final = math.ceil(math.log(_MOST / _LEAST) / _RATIO)


def count_latencies(seconds: Floats) -> NDArray[np.int64]:
    """Return how many latencies lie in each bin, which is a twentieth wide; what is no time lies in none."""
    known = seconds[is_time(seconds)]
    places = np.floor(np.log(np.clip(known, _LEAST, _MOST) / _LEAST) / _RATIO).astype(np.intp)
    return np.bincount(np.minimum(places, BINS - 1), minlength=BINS).astype(np.int64)


def is_time(seconds: Floats) -> NDArray[np.bool_]:
    """Whether each latency is one that an answer can take: neither missing nor infinite nor below zero."""
    found: NDArray[np.bool_] = np.isfinite(seconds) & (seconds >= 0)
    return found


def latency_of(counts: NDArray[np.int64]) -> Latency | None:
    """Return what most answers stayed under, to within a twentieth; None where there are no answers."""
    total = int(counts.sum())
    if not total:
        return None
    reached = np.cumsum(counts)
    p50, p95, p99 = (
        _LEAST * math.exp(_RATIO * (int(np.searchsorted(reached, share * total)) + 1)) for share in (0.5, 0.95, 0.99)
    )
    return Latency(p50=p50, p95=p95, p99=p99)
