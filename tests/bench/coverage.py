"""Simulate whether intervals and verdicts keep their promise, with the judge's own code beside the rule it had before.

`python tests/bench/coverage.py --samples 400` prints the tables of docs/explanation/judging.md: for each metric and
size, how many of 100 intervals hold the true value (95 are promised), how many models that are one margin worse pass
(5 may), and how many equal ones pass. `--resamples` and `--rows` make it smaller or larger. `--only` takes a family.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.differences import judge_difference, paired_bootstrap
from mintmark.core.statistics.intervals import metric_intervals, resample_counts
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.statistics.metrics import (
    Outcomes,
    class_outcomes,
    metric_value,
    metric_values,
    regression_outcomes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZES = (30, 100, 300, 1_000, 3_000)
POPULATION = 400_000  # rows that stand for all there are
PASSES = ("better", "no worse")
_REDRAWN = ("mae", "log_loss", "brier", "average_precision")


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A world: `draw(generator, rows, harm)` gives candidate and champion; `harm` moves the candidate's skill."""

    name: str
    metric: str
    draw: Callable[[np.random.Generator, int, float], tuple[Outcomes, Outcomes]]
    margin: float


def _two_classes(share: float, skill: float, bias: float = 0.0) -> Callable[..., tuple[Outcomes, Outcomes]]:
    def draw(generator: np.random.Generator, rows: int, harm: float) -> tuple[Outcomes, Outcomes]:
        truth = (generator.random(rows) < share).astype(int)
        common = generator.normal(0, 1, rows)
        sides = []
        for own in (skill - harm, skill):
            score = 0.95 * common + math.sqrt(1 - 0.95**2) * generator.normal(0, 1, rows) + own * truth
            logit = own * score - own * own / 2 + math.log(share / (1 - share)) + bias
            chance = np.clip(1 / (1 + np.exp(-logit)), 1e-12, 1 - 1e-12)
            sides.append(class_outcomes(truth, (chance > 0.5).astype(int), np.c_[1 - chance, chance], [0, 1]))
        return sides[0], sides[1]

    return draw


def _regression(generator: np.random.Generator, rows: int, harm: float) -> tuple[Outcomes, Outcomes]:
    truth = generator.normal(0, 1, rows)
    common = generator.exponential(1, rows) - 1
    sides = [
        regression_outcomes(truth, truth + scale * (common + 0.3 * generator.normal(0, 1, rows)))
        for scale in (1 + harm, 1.0)
    ]
    return sides[0], sides[1]


FAMILIES = (
    Family(name="accuracy, 50%", metric="accuracy", draw=_two_classes(0.5, 2.0), margin=0.02),
    Family(name="accuracy, 10%", metric="accuracy", draw=_two_classes(0.1, 2.0), margin=0.02),
    Family(name="balanced accuracy, 10%", metric="balanced_accuracy", draw=_two_classes(0.1, 2.0), margin=0.03),
    Family(name="recall, 10%", metric="recall", draw=_two_classes(0.1, 2.5), margin=0.05),
    Family(name="precision, 10%", metric="precision", draw=_two_classes(0.1, 3.0), margin=0.05),
    Family(name="F1, 50%", metric="f1", draw=_two_classes(0.5, 2.0), margin=0.02),
    Family(name="F1, 10%", metric="f1", draw=_two_classes(0.1, 2.5), margin=0.05),
    Family(name="ROC AUC 0.92, 50%", metric="roc_auc", draw=_two_classes(0.5, 2.0), margin=0.02),
    Family(name="ROC AUC 0.98, 10%", metric="roc_auc", draw=_two_classes(0.1, 2.9), margin=0.01),
    Family(name="ROC AUC 0.995, 30%", metric="roc_auc", draw=_two_classes(0.3, 3.65), margin=0.005),
    Family(name="average precision, 20%", metric="average_precision", draw=_two_classes(0.2, 2.0), margin=0.03),
    Family(name="log loss, 10%", metric="log_loss", draw=_two_classes(0.1, 2.0), margin=0.02),
    Family(name="log loss, 50%", metric="log_loss", draw=_two_classes(0.5, 2.0), margin=0.02),
    Family(name="Brier, 10%", metric="brier", draw=_two_classes(0.1, 2.0), margin=0.005),
    Family(name="MAE", metric="mae", draw=_regression, margin=0.03),
)


def true_values(family: Family, harm: float) -> tuple[float, float]:
    """Return the metric of candidate and champion in a very large sample, the same rows for any `harm`."""
    sides = family.draw(np.random.default_rng(1), POPULATION, harm)
    return metric_value(family.metric, sides[0]), metric_value(family.metric, sides[1])


def harm_of_a_margin(family: Family) -> float:
    """Return what makes the candidate worse by just the margin, found by bisection."""
    sign = 1 if greater_is_better(family.metric) else -1
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        ours, theirs = true_values(family, middle)
        low, high = (middle, high) if sign * (theirs - ours) < family.margin else (low, middle)
    return (low + high) / 2


def before(metric: str, sides: tuple[Outcomes, Outcomes], resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the resampled metrics of both by the rule of before: percentiles of rows drawn within the true classes."""
    strata = sides[0].truth.astype(np.intp) if sides[0].classes else None
    stream = resample_counts(len(sides[0]), resamples=resamples, seed=1979, strata=strata)
    found = [[metric_values([metric], side, counts)[metric] for side in sides] for counts in stream]
    ours, theirs = (np.concatenate(part) for part in zip(*found, strict=True))
    return ours, theirs


@dataclass(kw_only=True, slots=True)
class Rates:
    """Counts of one line of the table; `judged` has how many samples define the metric."""

    judged: int = 0
    bounded: int = 0
    held: int = 0
    held_before: int = 0
    harmful: int = 0
    harmful_before: int = 0
    equal: int = 0
    equal_before: int = 0


def simulate(family: Family, rows: int, *, samples: int, resamples: int) -> Rates:
    """Return how often the promises hold over so many samples."""
    rates, harm = Rates(), harm_of_a_margin(family)
    maximize = greater_is_better(family.metric)
    true = true_values(family, 0.0)[1]
    for seed in range(samples):
        for is_harmful in (True, False):
            sides = family.draw(np.random.default_rng((rows, seed)), rows, harm if is_harmful else 0.0)
            found = paired_bootstrap([family.metric], *sides, resamples=resamples).get(family.metric)
            if found is None or found.champion is None:
                continue
            standing = judge_difference(found, maximize=maximize, margin=family.margin).standing
            ours, theirs = before(family.metric, sides, resamples)
            gains = (ours - theirs) if maximize else (theirs - ours)
            gains = gains[np.isfinite(gains)]
            passed_before = bool(len(gains)) and float(np.quantile(gains, 0.05)) >= -family.margin - 1e-9
            if is_harmful:
                rates.judged += 1
                rates.harmful += standing in PASSES
                rates.harmful_before += passed_before
                continue
            rates.equal += standing in PASSES
            rates.equal_before += passed_before
            defined = theirs[np.isfinite(theirs)]
            low, high = np.quantile(defined, [0.025, 0.975])
            rates.held_before += bool(low <= true <= high)
            interval = metric_intervals([family.metric], sides[1], resamples=resamples, seed=1979)[family.metric]
            if interval.low is not None and interval.high is not None:
                rates.bounded += 1
                rates.held += interval.low <= true <= interval.high
    return rates


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}" if whole else "none"


def table(families: Sequence[Family], sizes: Sequence[int], *, samples: int, resamples: int) -> Iterator[str]:
    """Yield the lines of the table, in Markdown."""
    yield "| metric, positives | rows | interval holds: before | now | harmful pass: before | now | equal pass: before | now |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for family in families:
        for rows in sizes:
            r = simulate(family, rows, samples=samples, resamples=resamples)
            cells = (
                family.name,
                f"{rows:,}",
                _percent(r.held_before, r.judged),
                _percent(r.held, r.bounded),
                _percent(r.harmful_before, r.judged),
                _percent(r.harmful, r.judged),
                _percent(r.equal_before, r.judged),
                _percent(r.equal, r.judged),
            )
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table for the asked size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100, help="samples of each line (100)")
    parser.add_argument("--resamples", type=int, default=1_000, help="resamples of each sample (1,000)")
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES, help="sizes of a sample")
    parser.add_argument("--only", default="", help="only families whose name has this word in it")
    options = parser.parse_args()
    start = time.monotonic()
    families = [family for family in FAMILIES if options.only.lower() in family.name.lower()]
    for line in table(families, options.rows, samples=options.samples, resamples=options.resamples):
        print(line, flush=True)
    print(f"\n{options.samples} samples a line, {options.resamples:,} resamples, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
