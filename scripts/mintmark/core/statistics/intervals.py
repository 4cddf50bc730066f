"""The 95% interval of each metric, vectorised over resamples and fixed by a seed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.areas import area_bounds, areas_of, enough_of_each_class
from mintmark.core.statistics.cells import cells_of, draw_metrics
from mintmark.core.statistics.draws import metrics_over
from mintmark.core.statistics.metric_names import LABEL_METRICS, LEAST_ENTITIES, LEAST_ROWS, UNBOUNDED
from mintmark.core.statistics.metrics import Codes, Floats, Outcomes, metric_value
from mintmark.core.statistics.scores import count_units, design_effect, expanded_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONFIDENCE = 0.95
METHOD = 2  # of the bounds, as metrics.json names it; files without it have percentiles of a stratified bootstrap
AREA = "roc_auc"
_TAIL = (1 - CONFIDENCE) / 2
_RANKED = frozenset({AREA, "average_precision"})
_NOISE = 1e-12  # of a bound's size: what rounding alone makes of no width
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
    """Return every metric that is defined for these rows, with its 95% interval; how, `intervals_of` says.

    `clusters` has a code for each row, one for all rows of an entity. All metrics see the same resamples.
    """
    values = {name: metric_value(name, outcomes) for name in names}
    values = {name: value for name, value in values.items() if np.isfinite(value)}
    drawn = [name for name in values if is_resampled(name, clusters) and name != AREA]
    resampled: dict[str, Floats] = {}
    if drawn:
        stream = resample_counts(len(outcomes), resamples=resamples, seed=seed, clusters=clusters)
        (resampled,) = metrics_over(stream, [(outcomes, drawn)])
    return intervals_of(values, outcomes, resampled, resamples=resamples, seed=seed, clusters=clusters)


def is_resampled(name: str, clusters: Codes | None) -> bool:
    """Whether the rows of this metric are drawn; else its cells are. Nothing bounds the largest error there may be."""
    return name not in UNBOUNDED and (clusters is not None or name not in LABEL_METRICS)


def intervals_of(
    values: Mapping[str, float],
    outcomes: Outcomes,
    resampled: Mapping[str, Floats],
    *,
    resamples: int,
    seed: int,
    clusters: Codes | None = None,
) -> dict[str, MetricInterval]:
    """Return the 95% interval of each metric; `resampled` has those whose rows (or entities) were drawn.

    - metrics of the confusion matrix: draws of its cells, with entities the outer of these and the resamples;
    - ROC AUC: by formula (`areas.area_bounds`), from 20 rows of each class on;
    - any other: the expanded percentile interval of the resamples (Hesterberg 2015), from 30 rows on.

    With entities none has an interval below 20 of them. There are no bounds where there would be no width, and a value
    is never outside its own.
    """
    units = count_units(clusters, len(outcomes))
    found = {name: MetricInterval(value=value, low=None, high=None) for name, value in values.items()}
    if clusters is not None and units < LEAST_ENTITIES:
        return found
    labels = [name for name in values if name in LABEL_METRICS]
    if labels:
        right = (outcomes.truth == outcomes.prediction).astype(np.float64)
        cells = cells_of([outcomes], design=design_effect(right, clusters))
        level = _TAIL if clusters is None else expanded_level(_TAIL, units)
        for name, drawn in draw_metrics(labels, cells, resamples=resamples, seed=seed)[0].items():
            found[name] = _outer(percentile_interval(values[name], drawn, level), resampled.get(name), level)
    if AREA in values and enough_of_each_class(outcomes, clusters):
        (area,), _ = areas_of((values[AREA],), (outcomes,), clusters)
        found[AREA] = _with_bounds(values[AREA], *area_bounds(area, _TAIL))
    for name in resampled:
        if name not in LABEL_METRICS and name != AREA and has_enough(name, outcomes, clusters):
            found[name] = percentile_interval(values[name], resampled[name], expanded_level(_TAIL, units))
    return found


def has_enough(name: str, outcomes: Outcomes, clusters: Codes | None) -> bool:
    """Whether rows are enough for an interval of a metric, of one model or of a difference."""
    if name in UNBOUNDED or (clusters is not None and count_units(clusters, len(outcomes)) < LEAST_ENTITIES):
        return False
    if name in LABEL_METRICS:
        return True
    return len(outcomes) >= LEAST_ROWS and (name not in _RANKED or enough_of_each_class(outcomes, clusters))


def percentile_interval(value: float, resampled: Floats, level: float = _TAIL) -> MetricInterval:
    """Return the resampled values (those that are defined) but for a share `level` at each end.

    Bounds are left out when fewer than half the resamples define the metric, and where there is no width.
    """
    defined = resampled[np.isfinite(resampled)]
    if 2 * len(defined) < len(resampled) or not len(defined):
        return MetricInterval(value=value, low=None, high=None)
    low, high = np.quantile(defined, [level, 1 - level])
    return _with_bounds(value, float(low), float(high))


def _with_bounds(value: float, low: float, high: float) -> MetricInterval:
    if high - low <= _NOISE * max(abs(low), abs(high)):
        return MetricInterval(value=value, low=None, high=None)
    return MetricInterval(value=value, low=min(low, value), high=max(high, value))


def _outer(found: MetricInterval, resampled: Floats | None, level: float) -> MetricInterval:
    if resampled is None:
        return found
    other = percentile_interval(found.value, resampled, level)
    lows, highs = (
        [bound for bound in pair if bound is not None] for pair in ((found.low, other.low), (found.high, other.high))
    )
    return MetricInterval(value=found.value, low=min(lows, default=None), high=max(highs, default=None))
