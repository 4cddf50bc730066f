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
from mintmark.core.statistics.intervals import percentile_interval, resample_counts
from mintmark.core.statistics.metric_names import PROBABILITY_METRICS
from mintmark.core.statistics.metrics import Codes, Floats, Outcomes, metric_value, metric_values
from mintmark.core.statistics.results import PairedDifference, RowsPlan, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RESAMPLES: Final = 10_000
SEED: Final = 1979  # any number, as long as it stays: the same predictions then always get the same verdict
MOST_ROWS: Final = 10**9  # to ask for more is no advice
_Z_BOUND: Final = 1.6448536269514722  # of a one-sided 95% bound
_Z_POWER: Final = 0.8416212335729143  # of a power of 80%
_NOISE: Final = 1e-9  # of a metric's size: another machine, or another order of a sum, may change it by so much
_FARTHEST: Final = 1e150  # its square is still a number, which keeps a wild prediction wrong instead of undefined


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedResamples:
    """A metric of n rows, and of every resample of them (NaN where it is not defined).

    Both models see the same resamples in the same order. The champion's part is None where there is no champion, or
    where it does not have this metric.
    """

    rows: int
    candidate: float
    candidate_resamples: Floats
    champion: float | None = None
    champion_resamples: Floats | None = None

    @property
    def candidate_interval(self) -> Interval:
        """The candidate's metric with its two-sided 95% percentile interval."""
        return _interval(self.candidate, self.candidate_resamples)

    @property
    def champion_interval(self) -> Interval | None:
        """The champion's metric with its two-sided 95% percentile interval."""
        if self.champion is None or self.champion_resamples is None:
            return None
        return _interval(self.champion, self.champion_resamples)


def _interval(value: float, resampled: Floats) -> Interval:
    found = percentile_interval(value, resampled)
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

    Efron and Tibshirani 1993, ch. 13, paired: a row is drawn together with both of its predictions. Classification is
    stratified by the true class; `clusters` (a code for each row, one for all rows of an entity) takes the place of
    that. A metric is left out where the rows do not define it (ROC AUC of a single class, anything of no rows) and
    where it needs probabilities that the candidate does not give. Predictions beyond 1e150 count as 1e150.

    Raises `ValueError` where the two models did not answer the same question: other truth, classes or length.
    """
    _check(candidate, champion, clusters)
    candidate = _within_reach(candidate)
    ours = _values(names, candidate)
    models, theirs = [(candidate, tuple(ours))], {}
    if champion is not None:
        champion = _within_reach(champion)
        theirs = _values(ours, champion)
        models.append((champion, tuple(theirs)))
    if not ours:
        return {}
    strata = candidate.truth.astype(np.intp) if candidate.classes else None
    units = None if clusters is None else np.unique(clusters, return_inverse=True)[1].astype(np.intp)
    stream = resample_counts(len(candidate), resamples=resamples, seed=seed, strata=strata, clusters=units)
    found = _resample(models, stream)
    return {
        name: PairedResamples(
            rows=len(candidate),
            candidate=value,
            candidate_resamples=found[0][name],
            champion=theirs.get(name),
            champion_resamples=found[-1][name] if name in theirs else None,
        )
        for name, value in ours.items()
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


def _resample(
    models: Sequence[tuple[Outcomes, Sequence[str]]], stream: Iterable[Floats]
) -> Sequence[Mapping[str, Floats]]:
    """Return for each model its metrics over all resamples of the stream, which is read once and block by block."""
    blocks: list[dict[str, list[Floats]]] = [{name: [] for name in names} for _, names in models]
    for counts in stream:
        for (outcomes, names), found in zip(models, blocks, strict=True):
            for name, values in metric_values(names, outcomes, counts).items():
                found[name].append(values)
    return [{name: np.concatenate(parts) for name, parts in found.items()} for found in blocks]


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
    if not 0 <= margin < math.inf:
        raise ValueError(f"a margin is a finite number from zero, not {margin}")
    value, gains = _gains(resampled, maximize=maximize)
    sign = 1 if maximize else -1
    if gains is None:
        return PairedDifference(
            value=sign * value, low=None, high=None, bound=None, margin=margin, standing="inconclusive"
        )
    outer = sorted(sign * float(bound) for bound in np.quantile(gains, (0.025, 0.975)))
    lower, upper = (float(bound) for bound in np.quantile(gains, (0.05, 0.95)))
    standing = _standing(lower, upper, margin, _noise(resampled))
    return PairedDifference(
        value=sign * value,
        low=outer[0],
        high=outer[1],
        bound=sign * lower,
        margin=margin,
        standing=standing,
        rows_needed=_rows_needed(gains, margin, resampled) if standing == "inconclusive" else None,
    )


def _gains(resampled: PairedResamples, *, maximize: bool) -> tuple[float, Floats | None]:
    """Return the gain, and those of the resamples that define it; None where they are fewer than half."""
    if resampled.champion is None or resampled.champion_resamples is None:
        raise ValueError("there is no champion to compare with")
    sign = 1 if maximize else -1
    gains = sign * (resampled.candidate_resamples - resampled.champion_resamples)
    defined = gains[np.isfinite(gains)]
    enough = 0 < len(gains) <= 2 * len(defined)
    return sign * (resampled.candidate - resampled.champion), defined if enough else None


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
    if margin <= _noise(resampled) or deviation <= _noise(resampled) or not math.isfinite(deviation):
        return None
    rows = resampled.rows * ((_Z_BOUND + _Z_POWER) * deviation / margin) ** 2
    excess = float(np.mean(((gains - gains.mean()) / deviation) ** 4)) - 3
    spread = max(excess, 0.0) + math.sqrt(24 / len(gains)) + 2 / resampled.rows
    factor = math.exp(_Z_BOUND * math.sqrt(spread))
    if rows * factor > MOST_ROWS:
        return None
    return RowsPlan(rows=math.ceil(rows), low=math.ceil(rows / factor), high=math.ceil(rows * factor))


def _deviation(gains: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # of values near the end of the numbers
        return float(np.std(gains, ddof=1))


def regression_p_value(resampled: PairedResamples, *, maximize: bool, margin: float) -> float:
    """Return the one-sided p-value of the candidate being worse by more than a margin.

    The null hypothesis is that it is not; the p-value is the share of resamples in which it is not, the level at which
    the percentile bound reaches the margin (Efron and Tibshirani 1993, 15.4). One is added to both counts, so that it
    is never zero (Davison and Hinkley 1997, ch. 4). 1 where fewer than half the resamples define the metric.
    """
    _, gains = _gains(resampled, maximize=maximize)
    if gains is None:
        return 1.0
    passed = int((gains >= -margin - _noise(resampled)).sum())
    return (1 + passed) / (1 + len(gains))
