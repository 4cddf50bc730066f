"""The metrics of models over many draws of rows or cells, which all of them share, and what each draw tells. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.influence import influence
from mintmark.core.statistics.metrics import metric_value, metric_values
from mintmark.core.statistics.scores import count_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mintmark.core.statistics.metrics import Codes, Floats, Outcomes

    Bounds = Callable[[float], tuple[float, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A metric over the draws, and its bounds by formula: for a level on each side, the lower and the upper one.

    `farthest` is how far the metric goes down, and up, with one more row like the one that moves it most that way.
    """

    values: Floats
    bounds: Bounds | None = None
    farthest: tuple[float, float] = (0.0, 0.0)


def metrics_over(
    stream: Iterable[Floats], models: Sequence[tuple[Outcomes, Sequence[str]]], influences: Sequence[Influence] = ()
) -> tuple[list[dict[str, Floats]], list[Floats]]:
    """Return for each model its metrics (the names beside its outcomes) over all draws of a stream.

    And for each influence its standard error in every draw. The stream gives blocks of weights, each of shape (some
    draws, rows or cells), and is read once, block by block.
    """
    blocks: list[dict[str, list[Floats]]] = [{name: [] for name in names} for _, names in models]
    spreads: list[list[Floats]] = [[] for _ in influences]
    for weights in stream:
        for (outcomes, names), found in zip(models, blocks, strict=True):
            for name, values in metric_values(names, outcomes, weights).items():
                found[name].append(values)
        for each, parts in zip(influences, spreads, strict=True):
            parts.append(each.errors(weights))
    metrics = [{name: np.concatenate(parts) for name, parts in found.items()} for found in blocks]
    return metrics, [np.concatenate(parts) for parts in spreads]


def draw_models(
    stream: Iterable[Floats], models: Sequence[tuple[Outcomes, Sequence[str]]], clusters: Codes | None
) -> tuple[list[dict[str, Drawn]], dict[str, Bounds]]:
    """Return for each model its metrics over a stream of resamples, and bounds of first minus second for those of both.

    Where a metric has an influence, each draw tells its own error, and there are studentised bounds.
    """
    moved = [_influences(outcomes, names) for outcomes, names in models]
    both = [name for name in moved[0] if name in moved[-1]] if len(models) > 1 else []
    columns = [column for each in moved for column in each.values()]
    columns += [moved[0][name] - moved[1][name] for name in both]
    influences = [influence_of(column, clusters) for column in columns]
    reach = [{name: farthest(column, clusters) for name, column in each.items()} for each in moved]
    metrics, errors = metrics_over(stream, models, influences)
    told = iter(zip(influences, errors, strict=True))
    bounds = [
        {name: studentised_bounds(metric_value(name, outcomes), found[name], *next(told)) for name in each}
        for (outcomes, _), found, each in zip(models, metrics, moved, strict=True)
    ]
    gains: dict[str, Bounds] = {}
    for name in both:
        ours, theirs = (metric_value(name, outcomes) for outcomes, _ in models)
        of_both = studentised_bounds(ours - theirs, metrics[0][name] - metrics[1][name], *next(told))
        gains |= {name: of_both} if of_both is not None else {}
    drawn = [
        {
            name: Drawn(values=values, bounds=each.get(name), farthest=ends.get(name, (0.0, 0.0)))
            for name, values in found.items()
        }
        for found, each, ends in zip(metrics, bounds, reach, strict=True)
    ]
    return drawn, gains


def _influences(outcomes: Outcomes, names: Sequence[str]) -> dict[str, Floats]:
    found = {name: influence(name, outcomes) for name in names}
    return {name: moved for name, moved in found.items() if moved is not None}


def farthest(moved: Floats, clusters: Codes | None) -> tuple[float, float]:
    """Return how far down and up one more row, or entity, moves a metric, that is like the farthest there is."""
    sums = moved if clusters is None else np.bincount(clusters, moved)
    return max(0.0, -float(sums.min())) / len(moved), max(0.0, float(sums.max())) / len(moved)


@dataclass(frozen=True, kw_only=True, slots=True)
class Influence:
    """What rows add to a metric or a difference (`influence`), so that each draw tells its own error.

    `sums` and `squares` have a value for each row: its part of the sum, and of the sum of squares over the `units` that
    are drawn. Of an entity that is the square of its sum, in equal parts.
    """

    sums: Floats
    squares: Floats
    units: int

    def errors(self, counts: Floats) -> Floats:
        """Return the standard error in each resample, by the divisor n - 1."""
        sums, squares = (counts @ np.stack([self.sums, self.squares], axis=1)).T
        spread = np.maximum(0.0, squares - sums**2 / self.units) * self.units / (self.units - 1)
        found: Floats = np.sqrt(spread) / counts.sum(axis=1)
        return found


def influence_of(moved: Floats, clusters: Codes | None) -> Influence:
    """Return the influence of rows, or of the entities that they belong to."""
    if clusters is None:
        return Influence(sums=moved, squares=moved**2, units=len(moved))
    squares = np.bincount(clusters, moved)[clusters] ** 2 / np.bincount(clusters)[clusters]
    return Influence(sums=moved, squares=squares, units=count_units(clusters, len(moved)))


def studentised_bounds(value: float, values: Floats, moved: Influence, errors: Floats) -> Bounds | None:
    """Return the bounds of the studentised bootstrap (Efron and Tibshirani 1993, 12.5; Hall 1988).

    How many of its own errors each draw lies from the value is taken for how many the value lies from the truth. That
    follows a long tail, of which a sample without its last rows shows too little. None where nothing varies. A bound is
    infinite where many draws hold none of the rows that vary: so few rows tell no error.
    """
    error = float(moved.errors(np.ones((1, len(moved.sums))))[0])
    if not error > 0 or not math.isfinite(error):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = (values - value) / errors
    distances = distances[~np.isnan(distances)]

    def bounds(level: float) -> tuple[float, float]:
        low = np.quantile(distances, level, method="lower")  # not between two, of which one may be infinite
        high = np.quantile(distances, 1 - level, method="higher")
        return value - float(high) * error, value - float(low) * error

    return bounds if len(distances) else None
