"""Bootstrap intervals of metrics, vectorised over resamples and fixed by a seed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.metrics import Codes, Floats, Outcomes, metric_value, metric_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONFIDENCE = 0.95
_CELLS = 2_000_000  # of a block of counts: 16 MB, however many rows and resamples there are


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricInterval:
    """A metric and the bounds of its interval; the bounds are None where too few resamples define it."""

    value: float
    low: float | None
    high: float | None


def resample_counts(
    rows: int, *, resamples: int, seed: int, strata: Codes | None = None, clusters: Codes | None = None
) -> Iterator[Floats]:
    """Yield blocks of counts, each of shape (some resamples, rows): how often a row is drawn. `resamples` rows in all.

    The bootstrap of Efron (1979): each resample draws as many rows as there are, with replacement. With `strata` (a
    code for each row) every stratum is drawn from by itself and keeps its size; with `clusters` whole clusters are
    drawn, as many as there are (Davison and Hinkley 1997, 3.8). The same seed gives the same counts.
    """
    generator = np.random.default_rng(seed)
    groups = _members(strata if clusters is None else None, rows)
    units = rows if clusters is None else int(clusters.max()) + 1
    block = max(1, _CELLS // max(rows, 1))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        if clusters is None:
            yield _draw(generator, groups, size, rows)
        else:
            yield _draw(generator, [np.arange(units)], size, units)[:, clusters]


def _members(strata: Codes | None, rows: int) -> list[Codes]:
    if strata is None:
        return [np.arange(rows)]
    return [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]


def _draw(generator: np.random.Generator, groups: Sequence[Codes], size: int, units: int) -> Floats:
    offsets = (np.arange(size) * units)[:, None]
    drawn = [members[generator.integers(0, len(members), size=(size, len(members)))] for members in groups]
    flat = (np.concatenate(drawn, axis=1) + offsets).ravel()
    return np.bincount(flat, minlength=size * units).reshape(size, units).astype(np.float64)


def metric_intervals(
    names: Sequence[str],
    outcomes: Outcomes,
    *,
    resamples: int,
    seed: int,
    clusters: Codes | None = None,
) -> dict[str, MetricInterval]:
    """Return every metric that is defined for these rows, with its 95% percentile interval.

    Efron and Tibshirani 1993, ch. 13. Classification is stratified by the true class, so that no resample loses one;
    `clusters` (a code for each row) takes the place of that. All metrics see the same resamples. Bounds are left out
    when fewer than half the resamples define the metric.
    """
    values = {name: metric_value(name, outcomes) for name in names}
    defined = [name for name in names if np.isfinite(values[name])]
    strata = outcomes.truth.astype(np.intp) if outcomes.classes else None
    blocks: dict[str, list[Floats]] = {name: [] for name in defined}
    for counts in resample_counts(len(outcomes), resamples=resamples, seed=seed, strata=strata, clusters=clusters):
        for name, resampled in metric_values(defined, outcomes, counts).items():
            blocks[name].append(resampled)
    return {name: percentile_interval(values[name], np.concatenate(blocks[name])) for name in defined}


def percentile_interval(value: float, resampled: Floats, confidence: float = CONFIDENCE) -> MetricInterval:
    """Return the central share of the resampled values (those that are defined)."""
    defined = resampled[np.isfinite(resampled)]
    if 2 * len(defined) < len(resampled):
        return MetricInterval(value=value, low=None, high=None)
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return MetricInterval(value=value, low=float(low), high=float(high))
