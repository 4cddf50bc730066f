"""Draw a candidate and its champion together, each metric as its own kind asks, and bound what no draw shows. Pure.

Drawing rows within the true classes leaves out how much the classes' shares vary, and what that adds does not shrink
with more rows. So rows are drawn from all alike; ROC AUC alone, which does not depend on the shares, is stratified.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.areas import areas_of, difference_bounds
from mintmark.core.statistics.cells import cells_of, draw_metrics, draw_wider
from mintmark.core.statistics.draws import Drawn, draw_models, metrics_over
from mintmark.core.statistics.intervals import AREA, has_enough, resample_counts
from mintmark.core.statistics.metric_names import LABEL_METRICS, PROBABILITY_METRICS
from mintmark.core.statistics.scores import (
    count_units,
    design_effect,
    expanded_level,
    normal_tail,
    t_quantile,
    tango_bounds,
    unseen_share,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mintmark.core.statistics.draws import Bounds
    from mintmark.core.statistics.metrics import Codes, Floats, Outcomes

ACCURACY: Final = "accuracy"
_EXPLAINED: Final = frozenset({"r2", "explained_variance"})  # 1 is the best, what is missing to it is the loss
_MOST_OF_AREAS: Final = 2_000  # resamples of ROC AUC, which are slow, and a formula bounds it as well
_NOTHING: Final = Drawn(values=np.empty(0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A metric over the same draws of both models, None for no champion; empty where the rows are too few.

    `units` is how many rows or entities were drawn, None where cells were. `bounds` gives, for a level on each side,
    the lower and the upper bound of candidate minus champion by a formula.
    """

    candidate: Drawn
    champion: Drawn | None = None
    units: int | None = None
    bounds: Bounds | None = None


def draw_pair(
    ours: Mapping[str, float],
    theirs: Mapping[str, float],
    sides: Sequence[Outcomes],
    *,
    clusters: Codes | None,
    resamples: int,
    seed: int,
) -> dict[str, Pair]:
    """Return the draws of each metric of `ours`; `theirs` has the champion's, where it is the second of `sides`.

    - accuracy: rows (of two models only four kinds), and Tango's score bounds;
    - other metrics of the confusion matrix: the joint cells of truth, candidate and champion (`cells`);
    - ROC AUC: rows within their true class, and the bounds of `areas.difference_bounds`;
    - any other: rows, the studentised bounds of averages, and what a row that nobody saw may change (`_unseen`).

    With `clusters` whole entities are drawn in place of rows and cells, and the formulas are widened for them.
    """
    few = {name: Pair(candidate=_NOTHING, champion=_NOTHING if name in theirs else None) for name in ours}
    names = [name for name in ours if has_enough(name, sides[0], clusters)]
    draws = _Draws(sides=sides, clusters=clusters, resamples=resamples, seed=seed)
    found, student = draws.rows(names)
    for part in (draws.cells, draws.right_and_wrong, draws.strata):
        for side, values in zip(found, part(names), strict=True):
            side |= {name: Drawn(values=drawn) for name, drawn in values.items()}
    bounds = _formulas({name: (ours[name], theirs[name]) for name in names if name in theirs}, draws)
    return few | {
        name: Pair(
            candidate=found[0][name],
            champion=found[1][name] if name in theirs else None,
            units=draws.units(name),
            bounds=_outer(bounds[name], student.get(name)) if name in bounds else None,
        )
        for name in names
    }


def _outer(formula: Bounds, student: Bounds | None) -> Bounds:
    """Return the outer bounds of both; of the studentised ones those that have an end."""
    if student is None:
        return formula

    def bounds(level: float) -> tuple[float, float]:
        (low, high), (lower, higher) = formula(level), student(level)
        return (min(low, lower) if math.isfinite(lower) else low), (
            max(high, higher) if math.isfinite(higher) else high
        )

    return bounds


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draws:
    """What is drawn from, and how often; each method takes of the metrics those that are its own."""

    sides: Sequence[Outcomes]
    clusters: Codes | None
    resamples: int
    seed: int

    def units(self, name: str) -> int | None:
        if self.clusters is None and name in LABEL_METRICS:
            return None
        return count_units(self.clusters, len(self.sides[0]))

    def cells(self, names: Iterable[str]) -> list[dict[str, Floats]]:
        labels = [name for name in names if name in LABEL_METRICS and name != ACCURACY]
        if self.clusters is not None or not labels:
            return [{} for _ in self.sides]
        return draw_metrics(labels, cells_of(self.sides), resamples=self.resamples, seed=self.seed)

    def right_and_wrong(self, names: Iterable[str]) -> list[dict[str, Floats]]:
        """The bootstrap of accuracy: how often rows are drawn is multinomial, by who has them right."""
        if self.clusters is not None or ACCURACY not in names:
            return [{} for _ in self.sides]
        right = np.stack([side.truth == side.prediction for side in self.sides], axis=1)
        kinds, counts = np.unique(right, axis=0, return_counts=True)
        rows = int(counts.sum())
        drawn = np.random.default_rng(self.seed).multinomial(rows, counts / rows, size=self.resamples)
        return [{ACCURACY: drawn @ column / rows} for column in kinds.T.astype(np.float64)]

    def rows(self, names: Iterable[str]) -> tuple[list[dict[str, Drawn]], dict[str, Bounds]]:
        """The bootstrap of rows or entities, and studentised bounds of the differences."""
        drawn = [name for name in names if self.clusters is not None or not (name in LABEL_METRICS or name == AREA)]
        if not drawn:
            return [{} for _ in self.sides], {}
        return draw_models(self._stream(self.resamples, None), self._given(drawn), self.clusters)

    def strata(self, names: Iterable[str]) -> list[dict[str, Floats]]:
        if self.clusters is not None or AREA not in names:
            return [{} for _ in self.sides]
        stream = self._stream(min(self.resamples, _MOST_OF_AREAS), self.sides[0].truth.astype(np.intp))
        return metrics_over(stream, self._given([AREA]))[0]

    def _given(self, names: Sequence[str]) -> list[tuple[Outcomes, list[str]]]:
        return [
            (side, [name for name in names if side.probabilities is not None or name not in PROBABILITY_METRICS])
            for side in self.sides
        ]

    def _stream(self, resamples: int, strata: Codes | None) -> Iterator[Floats]:
        rows = len(self.sides[0])
        return resample_counts(rows, resamples=resamples, seed=self.seed, strata=strata, clusters=self.clusters)


def _formulas(values: Mapping[str, tuple[float, float]], draws: _Draws) -> dict[str, Bounds]:
    """Return the bounds by formula of each metric that both models have."""
    if not values:
        return {}
    found = {
        name: _unseen(name, ours, theirs, draws) for name, (ours, theirs) in values.items() if name not in LABEL_METRICS
    }
    if AREA in values:
        found[AREA] = _area_bounds(values[AREA], draws)
    labels = [name for name in values if name in LABEL_METRICS]
    if not labels:
        return found
    right = [(side.truth == side.prediction).astype(np.float64) for side in draws.sides]
    design = design_effect(right[0] - right[1], draws.clusters)
    if ACCURACY in values:
        found[ACCURACY] = _score_bounds(right, design, draws)
    others = [name for name in labels if name != ACCURACY]
    for wider in _cell_draws(others, design, draws) if others else []:
        for name, bounds in wider.items():
            found[name] = _outer(found[name], bounds) if name in found else bounds
    return found


def _area_bounds(values: tuple[float, float], draws: _Draws) -> Bounds:
    (first, second), covariance = areas_of(values, tuple(draws.sides), draws.clusters)
    return lambda level: difference_bounds(first, second, covariance, level)


def _score_bounds(right: Sequence[Floats], design: float, draws: _Draws) -> Bounds:
    ours, theirs = float((right[0] > right[1]).sum()), float((right[1] > right[0]).sum())
    counts = ours / design, theirs / design, len(right[0]) / design
    if draws.clusters is None:
        return lambda level: tango_bounds(*counts, level)
    freedom = count_units(draws.clusters, len(right[0])) - 1
    return lambda level: tango_bounds(*counts, normal_tail(t_quantile(level, freedom)))


def _cell_draws(names: Sequence[str], design: float, draws: _Draws) -> Iterator[dict[str, Bounds]]:
    """Yield the bounds of the draws of cells that are not resampled: those of entities, and of the wider prior."""
    options = {"resamples": draws.resamples, "seed": draws.seed}
    parts = [draw_wider(names, draws.sides, design=design, **options)]
    if draws.clusters is not None:
        parts.append(draw_metrics(names, cells_of(draws.sides, design=design), **options))
    for ours, theirs in parts:
        yield {name: _cell_bounds(ours[name] - theirs[name], draws) for name in ours}


def _cell_bounds(differences: Floats, draws: _Draws) -> Bounds:
    units = count_units(draws.clusters, len(draws.sides[0]))

    def bounds(level: float) -> tuple[float, float]:
        reached = level if draws.clusters is None else expanded_level(level, units)
        low, high = np.quantile(differences, [reached, 1 - reached])
        return float(low), float(high)

    return bounds


def _unseen(name: str, ours: float, theirs: float, draws: _Draws) -> Bounds:
    """Bound what rows of a kind that is not among these may change: models that agree on all of them are not equal.

    As many rows as may differ when none does (`unseen_share`), on which the candidate is as far off again as the
    champion is in the mean. That last is a convention, because no sample tells it; it matters where nearly nothing
    differs.
    """
    units = count_units(draws.clusters, len(draws.sides[0]))
    if name == "average_precision":
        truth = draws.sides[0].truth
        units = min(units, int(np.unique(truth, return_counts=True)[1].min()))
    loss = 1 - theirs + 1 / units if name in _EXPLAINED or name == "average_precision" else abs(theirs)

    def bounds(level: float) -> tuple[float, float]:
        reach = unseen_share(level, units) * loss
        return ours - theirs - reach, ours - theirs + reach

    return bounds
