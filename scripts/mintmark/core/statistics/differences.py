"""How a candidate compares with its champion on the same rows: a paired bootstrap, and what follows from it. Pure.

A difference is candidate minus champion, in the metric's own unit. A gain is the difference turned round where less is
better, so that a gain above zero is always an improvement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.records import Interval
from mintmark.core.statistics.intervals import MetricInterval, intervals_of, is_resampled, percentile_interval
from mintmark.core.statistics.metric_names import PROBABILITY_METRICS
from mintmark.core.statistics.metrics import Codes, Floats, Outcomes, metric_value
from mintmark.core.statistics.pairs import draw_pair
from mintmark.core.statistics.results import PairedDifference, RowsPlan, Standing
from mintmark.core.statistics.scores import expanded_level, t_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mintmark.core.statistics.draws import Drawn

RESAMPLES: Final = 10_000
SEED: Final = 1979  # any number, as long as it stays: the same predictions then always get the same verdict
MOST_ROWS: Final = 10**9  # to ask for more is no advice
_LEVEL: Final = 0.05  # of a one-sided bound
_Z_BOUND: Final = 1.6448536269514722  # of a one-sided 95% bound
_Z_POWER: Final = 0.8416212335729143  # of a power of 80%
_NOISE: Final = 1e-9  # of a metric's size: another machine, or another order of a sum, may change it by so much
_LEAST_LEVEL: Final = 1e-9
_HALF: Final = 0.5
_LEVEL_STEPS: Final = 20
_FARTHEST: Final = 1e150  # its square is still a number, which keeps a wild prediction wrong instead of undefined


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedResamples:
    """A metric of n rows, and of every resample of them (NaN where it is not defined).

    Both models see the same resamples in the same order. The champion's part is None where there is no champion, or
    where it does not have this metric. The ranges are the 95% intervals of each, without them those of the resamples.

    `units` is how many rows or entities were drawn, None where cells were: percentiles of few reach farther then, and
    at least as far as Student's t. `bounds` are those of a formula, and the outer ones count. The resamples are empty
    where the rows are too few.
    """

    rows: int
    candidate: float
    candidate_resamples: Floats
    champion: float | None = None
    champion_resamples: Floats | None = None
    candidate_range: Interval | None = None
    champion_range: Interval | None = None
    units: int | None = None
    bounds: Callable[[float], tuple[float, float]] | None = None

    @property
    def candidate_interval(self) -> Interval:
        """The candidate's metric with its two-sided 95% interval."""
        return self.candidate_range or _interval(percentile_interval(self.candidate, self.candidate_resamples))

    @property
    def champion_interval(self) -> Interval | None:
        """The champion's metric with its two-sided 95% interval."""
        if self.champion is None or self.champion_resamples is None:
            return None
        return self.champion_range or _interval(percentile_interval(self.champion, self.champion_resamples))


def _interval(found: MetricInterval) -> Interval:
    return Interval(value=found.value, low=found.low, high=found.high)


def paired_bootstrap(
    names: Sequence[str],
    candidate: Outcomes,
    champion: Outcomes | None,
    *,
    clusters: Codes | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, PairedResamples]:
    """Return every metric that is defined for the candidate, over resamples that both models share.

    How a metric is resampled, and what else bounds it, `pairs.draw_pair` says. `clusters` has a code for each
    row, one for all rows of an entity. A metric is left out where the rows do not define it (ROC AUC of a single class,
    anything of no rows) and where it needs probabilities that the candidate does not give. Predictions beyond 1e150
    count as 1e150.

    Raises `ValueError` where the two models did not answer the same question: other truth, classes or length.
    """
    _check(candidate, champion, clusters)
    candidate = _within_reach(candidate)
    ours, theirs = _values(names, candidate), {}
    if champion is not None:
        champion = _within_reach(champion)
        theirs = _values(ours, champion)
    if not ours:
        return {}
    codes = None if clusters is None else np.unique(clusters, return_inverse=True)[1].astype(np.intp)
    sides = [candidate] if champion is None else [candidate, champion]
    drawn = draw_pair(ours, theirs, sides, clusters=codes, resamples=resamples, seed=seed)
    ranges = [
        intervals_of(values, side, _of_rows(part, codes), resamples=resamples, seed=seed, clusters=codes)
        for values, side, part in (
            (ours, candidate, {name: drawn[name].candidate for name in ours}),
            (theirs, sides[-1], {name: drawn[name].champion for name in theirs}),
        )
    ]
    return {
        name: PairedResamples(
            rows=len(candidate),
            candidate=value,
            candidate_resamples=drawn[name].candidate.values,
            champion=theirs.get(name),
            champion_resamples=_values_of(drawn[name].champion),
            candidate_range=_interval(ranges[0][name]),
            champion_range=_interval(ranges[1][name]) if name in theirs else None,
            units=drawn[name].units,
            bounds=drawn[name].bounds,
        )
        for name, value in ours.items()
    }


def _values_of(drawn: Drawn | None) -> Floats | None:
    return None if drawn is None else drawn.values


def _of_rows(drawn: Mapping[str, Drawn | None], clusters: Codes | None) -> dict[str, Drawn]:
    return {
        name: each
        for name, each in drawn.items()
        if each is not None and len(each.values) and is_resampled(name, clusters)
    }


def _check(candidate: Outcomes, champion: Outcomes | None, clusters: Codes | None) -> None:
    if clusters is not None and len(clusters) != len(candidate):
        raise ValueError(f"there are {len(candidate)} rows and the clusters of {len(clusters)}")
    if champion is not None:
        check_pair(candidate, champion)


def check_pair(candidate: Outcomes, champion: Outcomes) -> None:
    """Raise `ValueError` unless both models answered the same rows of the same question."""
    if (candidate.classes, candidate.positive) != (champion.classes, champion.positive):
        raise ValueError("candidate and champion do not have the same classes")
    if not np.array_equal(candidate.truth, champion.truth):
        raise ValueError("candidate and champion did not predict the same rows: their truth differs")


def _within_reach(outcomes: Outcomes) -> Outcomes:
    if outcomes.classes:
        return outcomes
    return replace(outcomes, prediction=np.clip(outcomes.prediction, -_FARTHEST, _FARTHEST))


def _values(names: Iterable[str], outcomes: Outcomes) -> dict[str, float]:
    """Return the metrics that these outcomes define."""
    if not len(outcomes):
        return {}
    possible = [name for name in names if outcomes.probabilities is not None or name not in PROBABILITY_METRICS]
    values = {name: metric_value(name, outcomes) for name in possible}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def judge_difference(resampled: PairedResamples, *, maximize: bool, margin: float) -> PairedDifference:
    """Say whether the candidate is better, no worse or worse than the champion by more than a margin, or none of these.

    The bounds are those of the percentile bootstrap (Efron and Tibshirani 1993, 13.3); the standing follows CONSORT's
    reading of non-inferiority (Piaggio et al. 2012, JAMA 308:2594) with one-sided 95% bounds of the gain:

    - better: the lower bound lies above zero;
    - no worse: it lies at or above minus the margin;
    - worse: the upper bound lies below minus the margin;
    - inconclusive: none of these, or fewer than half the resamples define the metric (there are no bounds then).

    A part in 10^9 of the metric counts as nothing, so that rounding decides no verdict. `margin` is in the metric's own
    unit. Raises `ValueError` without a champion, and for a margin that is not a finite number from zero.
    """
    return _Gain.of(resampled, maximize=maximize, margin=margin, by_students_t=False).difference


def judge_slice(resampled: PairedResamples, *, maximize: bool, margin: float) -> tuple[PairedDifference, float]:
    """Return the difference as `judge_difference` has it, and the one-sided p-value of being worse by more than margin.

    The p-value is the least level at which the upper bound says worse. So it is at most 0.05 where the standing is
    worse, and nowhere else. Student's t counts here where cells are drawn as well. Never less than one more resample
    could tell (Davison and Hinkley 1997, ch. 4). 1 where there are no bounds.
    """
    gain = _Gain.of(resampled, maximize=maximize, margin=margin, by_students_t=True)
    return gain.difference, gain.p_value


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gain:
    """A gain and its bounds at any level, which the standing and the p-value are both read from.

    `draws` has the gains of the resamples that define the metric, None where they are fewer than half.
    """

    resampled: PairedResamples
    value: float
    draws: Floats | None
    maximize: bool
    margin: float
    by_students_t: bool

    @classmethod
    def of(cls, resampled: PairedResamples, *, maximize: bool, margin: float, by_students_t: bool) -> _Gain:
        if not 0 <= margin < math.inf:
            raise ValueError(f"a margin is a finite number from zero, not {margin}")
        value, draws = _gains(resampled, maximize=maximize)
        return cls(
            resampled=resampled,
            value=value,
            draws=draws,
            maximize=maximize,
            margin=margin,
            by_students_t=by_students_t or resampled.units is not None,
        )

    @property
    def difference(self) -> PairedDifference:
        sign, margin = 1 if self.maximize else -1, self.margin
        standing = self.standing(_LEVEL)
        if self.draws is None or standing is None:
            return PairedDifference(
                value=sign * self.value, low=None, high=None, bound=None, margin=margin, standing="inconclusive"
            )
        low, high = sorted(sign * bound for bound in self.bounds(self.draws, _LEVEL / 2))
        return PairedDifference(
            value=sign * self.value,
            low=low,
            high=high,
            bound=sign * self.bounds(self.draws, _LEVEL)[0],
            margin=margin,
            standing=standing,
            rows_needed=_rows_needed(self.draws, margin, self.resampled) if standing == "inconclusive" else None,
        )

    @property
    def p_value(self) -> float:
        draws = self.draws
        if draws is None or self.standing(_LEVEL) is None:
            return 1.0
        worse = -self.margin - _noise(self.resampled)
        return max(1 / (1 + len(draws)), _least_level(lambda level: self.bounds(draws, level)[1] < worse))

    def standing(self, level: float) -> Standing | None:
        """Return what the bounds at a one-sided level say; None where there are none, or where they have no width."""
        if self.draws is None:
            return None
        lower, upper = self.bounds(self.draws, level)
        noise = _noise(self.resampled)
        if upper - lower <= noise:  # no evidence is no certainty
            return None
        return _standing(lower, upper, self.margin, noise)

    def bounds(self, draws: Floats, level: float) -> tuple[float, float]:
        """Return the lower and the upper bound of the gain at a one-sided level, the outer ones of all."""
        units, sign = self.resampled.units or self.resampled.rows, 1 if self.maximize else -1
        reached = level if self.resampled.units is None else expanded_level(level, units)
        low, high = (float(bound) for bound in np.quantile(draws, (reached, 1 - reached)))
        lows, highs = [low], [high]
        if self.by_students_t and units > 1:
            reach = t_quantile(level, units - 1) * _error(draws, units)
            if math.isfinite(reach):  # the square of a wild prediction is no number
                lows, highs = [*lows, self.value - reach], [*highs, self.value + reach]
        if self.resampled.bounds is not None:
            one, other = sorted(sign * bound for bound in self.resampled.bounds(level))
            lows, highs = [*lows, one], [*highs, other]
        return min(lows), max(highs)


def _least_level(holds: Callable[[float], bool]) -> float:
    """Return the least level from which on something holds; 1 where that is above a half.

    5% is looked at first, so that this agrees with the standing, which is read there.
    """
    low, high = (_LEAST_LEVEL, _LEVEL) if holds(_LEVEL) else (_LEVEL, _HALF)
    if high == _HALF and not holds(high):
        return 1.0
    for _ in range(_LEVEL_STEPS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _gains(resampled: PairedResamples, *, maximize: bool) -> tuple[float, Floats | None]:
    """Return the gain, and those of the resamples that define it; None where they are fewer than half."""
    if resampled.champion is None or resampled.champion_resamples is None:
        raise ValueError("there is no champion to compare with")
    sign = 1 if maximize else -1
    gains = sign * (resampled.candidate_resamples - resampled.champion_resamples)
    defined = gains[np.isfinite(gains)]
    enough = 0 < len(gains) <= 2 * len(defined)
    return sign * (resampled.candidate - resampled.champion), defined if enough else None


def _error(gains: Floats, units: int) -> float:
    """Return the standard error: the deviation of the bootstrap, whose divisor is n in place of n - 1."""
    return _deviation(gains) * math.sqrt(units / (units - 1))


def _noise(resampled: PairedResamples) -> float:
    return _NOISE * max(abs(resampled.candidate), abs(resampled.champion or 0.0))


def _standing(lower: float, upper: float, margin: float, noise: float) -> Standing:
    if lower > noise:
        return "better"
    if lower >= -margin - noise:
        return "no worse"
    return "worse" if upper < -margin - noise else "inconclusive"


def _rows_needed(gains: Floats, margin: float, resampled: PairedResamples) -> RowsPlan | None:
    """Return on how many rows two models that are in truth equal are found no worse, with a power of 80%.

    That is n ((z.95 + z.80) SE / margin)^2 of the usual formula (Julious 2004, Statistics in Medicine 23:1921, for
    non-inferiority), with the standard deviation of the bootstrap as SE. The gain that was measured is no part of it:
    it is mostly noise where the standing is inconclusive, and a plan divided by it goes anywhere.

    `low` and `high` bound it with 90% confidence. The variance of a sample variance is (k + 2/n) of its square, k the
    excess kurtosis of the mean (Cramer 1946, 27.4), which the resamples show with a standard error of (24/B)^(1/2).
    None where there is no margin, and where it would take more than a billion rows.
    """
    deviation = _deviation(gains)
    if margin <= _noise(resampled) or deviation <= _noise(resampled) or deviation / margin > MOST_ROWS:
        return None
    rows = resampled.rows * ((_Z_BOUND + _Z_POWER) * deviation / margin) ** 2
    excess = float(np.mean(((gains - gains.mean()) / deviation) ** 4)) - 3
    spread = max(excess, 0.0) + math.sqrt(24 / len(gains)) + 2 / resampled.rows
    factor = math.exp(_Z_BOUND * math.sqrt(spread))
    if rows * factor > MOST_ROWS:
        return None
    return RowsPlan(rows=math.ceil(rows), low=math.ceil(rows / factor), high=math.ceil(rows * factor))


def _deviation(gains: Floats) -> float:
    largest = float(np.abs(gains).max())
    if largest == 0:
        return 0.0
    return largest * float(np.std(gains / largest, ddof=1))  # the square of a wild gain is no number
