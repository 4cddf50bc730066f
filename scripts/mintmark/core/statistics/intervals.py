"""The 95% interval of each metric, vectorised over resamples and fixed by a seed. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.areas import (
    area_bounds,
    areas_of,
    enough_beside_the_largest,
    enough_of_each_class,
    logit_bounds,
    smallest_class,
)
from mintmark.core.statistics.cells import cells_of, draw_metrics, draw_wider
from mintmark.core.statistics.draws import Drawn, draw_models
from mintmark.core.statistics.metric_names import (
    LABEL_METRICS,
    LEAST_ENTITIES,
    LEAST_ROWS,
    UNBOUNDED,
    greater_is_better,
)
from mintmark.core.statistics.metrics import Codes, Floats, Outcomes, metric_value
from mintmark.core.statistics.scores import count_units, design_effect, expanded_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONFIDENCE = 0.95
METHOD = 4  # of the bounds, as metrics.json names it; docs/explanation/judging.md says what the older ones are
AREA, PRECISION = "roc_auc", "average_precision"
_TAIL = (1 - CONFIDENCE) / 2
_RANKED = frozenset({AREA, PRECISION})
_SURE = frozenset({"log_loss", "brier"})
_NOISE = 1e-12  # of a bound's size: what rounding alone makes of no width
_UNSEEN = 2  # rows like the farthest one, which may be there and have not been seen
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
    drawn = [
        name
        for name in values
        if is_resampled(name, clusters) and name != AREA and has_enough(name, outcomes, clusters)
    ]
    resampled: dict[str, Drawn] = {}
    if drawn:
        stream = resample_counts(len(outcomes), resamples=resamples, seed=seed, clusters=clusters)
        (resampled,), _ = draw_models(stream, [(outcomes, drawn)], clusters)
    return intervals_of(values, outcomes, resampled, resamples=resamples, seed=seed, clusters=clusters)


def is_resampled(name: str, clusters: Codes | None) -> bool:
    """Whether the rows of this metric are drawn; else its cells are. Nothing bounds the largest error there may be."""
    return name not in UNBOUNDED and (clusters is not None or name not in LABEL_METRICS)


def intervals_of(
    values: Mapping[str, float],
    outcomes: Outcomes,
    resampled: Mapping[str, Drawn],
    *,
    resamples: int,
    seed: int,
    clusters: Codes | None = None,
) -> dict[str, MetricInterval]:
    """Return the 95% interval of each metric; `resampled` has those whose rows (or entities) were drawn.

    - metrics of the confusion matrix: draws of its cells (for more than two classes the outer of two priors, and of
      both without their pull), with entities the resamples as well;
    - ROC AUC: by formula (`areas.area_bounds`), from 20 rows of each class on;
    - average precision: the expanded percentile interval of the resamples (Hesterberg 2015) and the logit bounds of
      their deviation, from 30 rows and 20 of each class on;
    - any other: the expanded percentile interval and the studentised one, from 30 rows on; for probabilities with 20
      rows that are not of the most frequent class, and for errors with what was not seen (`_with_unseen`).

    With entities none has an interval below 20 of them. There are no bounds where there would be no width, and a value
    is never outside its own.
    """
    units = count_units(clusters, len(outcomes))
    found = {name: MetricInterval(value=value, low=None, high=None) for name, value in values.items()}
    if clusters is not None and units < LEAST_ENTITIES:
        return found
    labels = [name for name in values if name in LABEL_METRICS]
    if labels:
        design = design_effect((outcomes.truth == outcomes.prediction).astype(np.float64), clusters)
        level = _TAIL if clusters is None else expanded_level(_TAIL, units)
        parts = [
            draw_metrics(labels, cells_of([outcomes], design=design), resamples=resamples, seed=seed)[0],
            draw_wider(labels, [outcomes], design=design, resamples=resamples, seed=seed)[0],
            {name: resampled[name].values for name in labels if name in resampled},
        ]
        for name in labels:
            of_name = [percentile_interval(values[name], part[name], level) for part in parts if name in part]
            if outcomes.positive is None:
                of_name += [_pulled_back(values[name], part[name], level) for part in parts if name in part]
            found[name] = _outer(*of_name)
    if AREA in values and enough_of_each_class(outcomes, clusters):
        (area,), _ = areas_of((values[AREA],), (outcomes,), clusters)
        found[AREA] = _with_bounds(values[AREA], *area_bounds(area, _TAIL))
    for name in resampled:
        if name not in LABEL_METRICS and name != AREA and has_enough(name, outcomes, clusters):
            found[name] = _resampled_interval(name, values[name], resampled[name], outcomes, clusters)
    return found


def _pulled_back(value: float, drawn: Floats, level: float) -> MetricInterval:
    """Return the interval of draws that are moved to where the value is their middle.

    A part of the prior for each of many classes pulls all draws to a half, and a mean over classes with three rows each
    then lies above the upper bound. Both count: this one, and the one that the prior gives.
    """
    found = percentile_interval(value, drawn, level)
    if found.low is None or found.high is None:
        return found
    pulled = value - float(np.nanmedian(drawn))
    low, high = max(0.0, found.low + pulled), min(1.0, found.high + pulled)
    return MetricInterval(value=value, low=min(low, value), high=max(high, value))


def _resampled_interval(
    name: str, value: float, drawn: Drawn, outcomes: Outcomes, clusters: Codes | None
) -> MetricInterval:
    """Return the outer of two intervals; none where the second has no end, because three rows carry all of the loss."""
    units = count_units(clusters, len(outcomes))
    found = percentile_interval(value, drawn.values, expanded_level(_TAIL, units))
    if found.low is None:
        return found
    if name == PRECISION:
        freedom = min(units, smallest_class(outcomes, clusters)) - 1
        deviation = float(np.nanstd(drawn.values, ddof=1))
        return _outer(found, _with_bounds(value, *logit_bounds(value, deviation, freedom, _TAIL)))
    if drawn.bounds is None:
        return found
    student = _with_bounds(value, *drawn.bounds(_TAIL))
    return student if student.low is None else _with_unseen(name, _outer(found, student), drawn)


def _with_unseen(name: str, found: MetricInterval, drawn: Drawn) -> MetricInterval:
    """Return the interval with two more rows like the farthest there is, on the worse side of an error.

    No few rows show how far the rare ones go, and an error has no largest: without this, one outlier in fifty leaves 87
    of 100 intervals on 100 rows. A convention, chosen by simulation; it shrinks with the number of rows.
    """
    if name in _SURE or found.low is None or found.high is None:
        return found
    down, up = drawn.farthest
    if greater_is_better(name):
        return MetricInterval(value=found.value, low=found.low - _UNSEEN * down, high=found.high)
    return MetricInterval(value=found.value, low=found.low, high=found.high + _UNSEEN * up)


def has_enough(name: str, outcomes: Outcomes, clusters: Codes | None) -> bool:
    """Whether rows are enough for an interval of a metric, of one model or of a difference."""
    if name in UNBOUNDED or (clusters is not None and count_units(clusters, len(outcomes)) < LEAST_ENTITIES):
        return False
    if name in LABEL_METRICS:
        return True
    if len(outcomes) < LEAST_ROWS:
        return False
    if name in _RANKED:
        return enough_of_each_class(outcomes, clusters)
    return name not in _SURE or enough_beside_the_largest(outcomes, clusters)


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
    if not (math.isfinite(low) and math.isfinite(high)) or high - low <= _NOISE * max(abs(low), abs(high)):
        return MetricInterval(value=value, low=None, high=None)
    return MetricInterval(value=value, low=min(low, value), high=max(high, value))


def _outer(*found: MetricInterval) -> MetricInterval:
    """Return the outer bounds of intervals of one value; those without bounds do not count."""
    lows = [each.low for each in found if each.low is not None]
    highs = [each.high for each in found if each.high is not None]
    return MetricInterval(value=found[0].value, low=min(lows, default=None), high=max(highs, default=None))
