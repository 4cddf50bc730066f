"""Simulate whether intervals and verdicts keep their promise, with the judge's own code.

`python tests/bench/coverage.py --samples 400` prints the table of docs/explanation/judging.md. For each kind of metric
and size: how many of 100 intervals hold the true value (95 are promised), how many models that are one margin worse
pass (5 may), how many equal ones pass, and how many samples have no interval. `--only` takes a word of a kind's name,
`--rows` the sizes, `--resamples` how often each sample is drawn from.

A kind is a world that rows are drawn from. Both models see the same signal and have noise of their own, as two trainings
on one table have. The worse one has less skill, is too sure of itself, or is off by more. How much takes off just the
margin is found in a million rows. A sample in which a metric has no interval counts among those that may pass, and never
passes.
"""

from __future__ import annotations

import argparse
import functools
import math
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from mintmark.core.statistics import intervals, pairs
from mintmark.core.statistics.differences import judge_difference, paired_bootstrap
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.statistics.metrics import Codes, Floats, Outcomes, metric_value, regression_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Sides = tuple[Outcomes, Outcomes, Codes | None]
    Draw = Callable[[np.random.Generator, int, float], Sides]

SIZES = (30, 100, 300, 1_000)
_TO_3000 = (*SIZES, 3_000)
POPULATION = 1_000_000  # rows that stand for all there are
_STEPS = 5  # of the secant method
HEAD = "| metric | rows | interval holds | harmful pass | equal pass | no interval |"
PASSES = ("better", "no worse")
_TOGETHER = 0.95  # the correlation of the two models' scores within a class


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A world: `draw(generator, rows, harm)` gives candidate, champion and entities; `harm` makes the candidate worse."""

    name: str
    metric: str
    draw: Draw
    margin: float
    sizes: tuple[int, ...] = SIZES


def _scores(generator: np.random.Generator, truth: Floats) -> Callable[[], Floats]:
    common = generator.normal(0, 1, truth.shape)
    return lambda: _TOGETHER * common + math.sqrt(1 - _TOGETHER**2) * generator.normal(0, 1, truth.shape)


def _two(truth: Floats, prediction: Floats, probabilities: Floats | None = None) -> Outcomes:
    return Outcomes(
        truth=truth.astype(np.float64),
        prediction=prediction.astype(np.float64),
        probabilities=probabilities,
        classes=(0, 1),
        positive=1,
    )


def two_classes(share: float, skill: float, *, too_sure: bool = False, digits: int | None = None) -> Draw:
    """Two normal scores, and the chance that follows from them; `digits` rounds it, which makes ties."""

    def draw(generator: np.random.Generator, rows: int, harm: float) -> Sides:
        truth = (generator.random(rows) < share).astype(np.float64)
        score, sides = _scores(generator, truth), []
        for worse in (harm, 0.0):
            own, steep = (skill, 1 + worse) if too_sure else (skill - worse, 1.0)
            logit = steep * (own * (score() + own * truth) - own * own / 2 + math.log(share / (1 - share)))
            chance = np.clip(1 / (1 + np.exp(-logit)), 1e-12, 1 - 1e-12)
            if digits is not None:
                chance = chance.round(digits)
            sides.append(_two(truth, chance > 0.5, np.c_[1 - chance, chance]))
        return sides[0], sides[1], None

    return draw


def many_classes(shares: Sequence[float], skill: float) -> Draw:
    """One normal score for each class, and the chances that follow from them."""
    prior = np.log(np.asarray(shares))

    def draw(generator: np.random.Generator, rows: int, harm: float) -> Sides:
        truth = generator.choice(len(shares), rows, p=shares)
        hot = np.eye(len(shares))[truth]
        score, sides = _scores(generator, hot), []
        for own in (skill - harm, skill):
            logit = own * (score() + own * hot) + prior
            chance = np.exp(logit - logit.max(axis=1, keepdims=True))
            chance /= chance.sum(axis=1, keepdims=True)
            sides.append(
                Outcomes(
                    truth=truth.astype(np.float64),
                    prediction=chance.argmax(axis=1).astype(np.float64),
                    probabilities=chance,
                    classes=tuple(range(len(shares))),
                )
            )
        return sides[0], sides[1], None

    return draw


def regression(errors: Callable[[np.random.Generator, int], Floats]) -> Draw:
    """A normal truth, and errors that are the same but for a part of each model's own."""

    def draw(generator: np.random.Generator, rows: int, harm: float) -> Sides:
        truth = 10 + 2 * generator.normal(0, 1, rows)
        common = errors(generator, rows)
        sides = [
            regression_outcomes(truth, truth + scale * (common + 0.3 * errors(generator, rows)))
            for scale in (1 + harm, 1.0)
        ]
        return sides[0], sides[1], None

    return draw


def of_entities(entities: int, draw_of: Callable[[Floats], Draw]) -> Draw:
    """So many entities of unequal size (the largest some 30 times the least), each with a shift of its own."""
    weights = 0.5 + 1 / np.arange(1, entities + 1)

    def draw(generator: np.random.Generator, rows: int, harm: float) -> Sides:
        count = entities if rows < POPULATION else rows // 20  # the population has new entities, and as unequal ones
        share = np.tile(weights, count // entities + 1)[:count]
        who = np.r_[np.arange(count), generator.choice(count, max(0, rows - count), p=share / share.sum())]
        candidate, champion, _ = draw_of(generator.normal(0, 1, count)[who])(generator, len(who), harm)
        return candidate, champion, who.astype(np.intp)

    return draw


def _shifted_labels(shift: Floats) -> Draw:
    """Accuracy and F1 where a model is right more often about some entities than about others."""

    def draw(generator: np.random.Generator, rows: int, harm: float) -> Sides:
        truth, toss = generator.integers(0, 2, rows), generator.random(rows)
        sides = []
        for worse in (harm, 0.0):
            own = toss + 0.05 * generator.normal(0, 1, rows)
            right = own < 0.8 + 0.1 * shift - worse
            sides.append(_two(truth, np.where(right, truth, 1 - truth)))
        return sides[0], sides[1], None

    return draw


def _shifted_errors(shift: Floats) -> Draw:
    return regression(lambda generator, rows: np.exp(0.5 * shift) * generator.normal(0, 1, rows))


def _shifted_chances(shift: Floats) -> Draw:
    """A model that knows some entities better than others."""

    def draw(generator: np.random.Generator, rows: int, harm: float) -> Sides:
        truth = (generator.random(rows) < 0.3).astype(np.float64)
        score, sides = _scores(generator, truth), []
        for own in (2.0 - harm, 2.0):
            logit = own * (score() + own * truth + 0.3 * shift) - own * own / 2 + math.log(0.3 / 0.7)
            chance = 1 / (1 + np.exp(-logit))
            sides.append(_two(truth, chance > 0.5, np.c_[1 - chance, chance]))
        return sides[0], sides[1], None

    return draw


def _exponential(generator: np.random.Generator, rows: int) -> Floats:
    return generator.exponential(1, rows) - 1


def _students(generator: np.random.Generator, rows: int) -> Floats:
    return generator.standard_t(5, rows)


def _lognormal(generator: np.random.Generator, rows: int) -> Floats:
    return generator.lognormal(0, 0.75, rows)


def _outliers(generator: np.random.Generator, rows: int) -> Floats:
    """One row in fifty is off by ten times as much."""
    return generator.normal(0, 1, rows) * np.where(generator.random(rows) < 0.02, 10, 1)


_RARE = (0.6, 0.25, 0.12, 0.03)
_UNEQUAL = (0.4, 0.2, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.02)
KINDS = (
    Kind(name="accuracy, 50% positives", metric="accuracy", draw=two_classes(0.5, 2.0), margin=0.02, sizes=_TO_3000),
    Kind(name="accuracy, 10%", metric="accuracy", draw=two_classes(0.1, 2.0), margin=0.02, sizes=_TO_3000),
    Kind(name="balanced accuracy, 10%", metric="balanced_accuracy", draw=two_classes(0.1, 2.0), margin=0.03),
    Kind(name="recall, 10%", metric="recall", draw=two_classes(0.1, 2.5), margin=0.05),
    Kind(name="precision, 10%", metric="precision", draw=two_classes(0.1, 3.0), margin=0.05),
    Kind(name="F1, 50%", metric="f1", draw=two_classes(0.5, 2.0), margin=0.02),
    Kind(name="F1, 10%", metric="f1", draw=two_classes(0.1, 2.5), margin=0.05, sizes=_TO_3000),
    Kind(name="F1, four classes, one of 3%", metric="f1", draw=many_classes(_RARE, 2.0), margin=0.03, sizes=(30, 100)),
    Kind(name="balanced accuracy, four classes, one of 3%", metric="balanced_accuracy", draw=many_classes(_RARE, 2.0), margin=0.03, sizes=(30, 100)),
    Kind(name="balanced accuracy, ten classes", metric="balanced_accuracy", draw=many_classes((0.1,) * 10, 3.0), margin=0.03, sizes=(30, 100)),
    Kind(name="F1, ten classes", metric="f1", draw=many_classes((0.1,) * 10, 3.0), margin=0.03, sizes=(30, 100)),
    Kind(name="F1, ten classes, two of 2%", metric="f1", draw=many_classes(_UNEQUAL, 3.0), margin=0.03, sizes=(100, 300)),
    Kind(name="ROC AUC 0.92, 50%", metric="roc_auc", draw=two_classes(0.5, 2.0), margin=0.02),
    Kind(name="ROC AUC 0.92, 50%, many ties", metric="roc_auc", draw=two_classes(0.5, 2.0, digits=1), margin=0.02),
    Kind(name="ROC AUC 0.98, 10%", metric="roc_auc", draw=two_classes(0.1, 2.9), margin=0.01),
    Kind(name="ROC AUC 0.995, 30%", metric="roc_auc", draw=two_classes(0.3, 3.65), margin=0.005),
    Kind(name="ROC AUC, four classes, one of 3%", metric="roc_auc", draw=many_classes(_RARE, 2.0), margin=0.02),
    Kind(name="average precision, 20%", metric="average_precision", draw=two_classes(0.2, 2.0), margin=0.03),
    Kind(name="average precision, 50%", metric="average_precision", draw=two_classes(0.5, 2.0), margin=0.02),
    Kind(name="log loss, 3%", metric="log_loss", draw=two_classes(0.03, 2.0), margin=0.02),
    Kind(name="log loss, 10%", metric="log_loss", draw=two_classes(0.1, 2.0), margin=0.02, sizes=_TO_3000),
    Kind(name="log loss, 10%, too sure", metric="log_loss", draw=two_classes(0.1, 2.0, too_sure=True), margin=0.02),
    Kind(name="log loss, 50%", metric="log_loss", draw=two_classes(0.5, 2.0), margin=0.02),
    Kind(name="log loss, four classes, one of 3%", metric="log_loss", draw=many_classes(_RARE, 2.0), margin=0.03),
    Kind(name="Brier score, 10%", metric="brier", draw=two_classes(0.1, 2.0), margin=0.005),
    Kind(name="MAE", metric="mae", draw=regression(_exponential), margin=0.03, sizes=_TO_3000),
    Kind(name="MAE, one outlier in fifty", metric="mae", draw=regression(_outliers), margin=0.03),
    Kind(name="MAPE", metric="mape", draw=regression(_exponential), margin=0.005),
    Kind(name="RMSE", metric="rmse", draw=regression(_exponential), margin=0.05),
    Kind(name="RMSE, errors of Student's t5", metric="rmse", draw=regression(_students), margin=0.05),
    Kind(name="MSE, lognormal errors", metric="mse", draw=regression(_lognormal), margin=0.2),
    Kind(name="R2", metric="r2", draw=regression(_exponential), margin=0.03),
    Kind(name="explained variance", metric="explained_variance", draw=regression(_students), margin=0.03),
    Kind(name="accuracy, 20 unequal entities", metric="accuracy", draw=of_entities(20, _shifted_labels), margin=0.05, sizes=(300,)),
    Kind(name="accuracy, 60 unequal entities", metric="accuracy", draw=of_entities(60, _shifted_labels), margin=0.05, sizes=(300, 1_000)),
    Kind(name="F1, 20 unequal entities", metric="f1", draw=of_entities(20, _shifted_labels), margin=0.05, sizes=(300,)),
    Kind(name="F1, 60 unequal entities", metric="f1", draw=of_entities(60, _shifted_labels), margin=0.05, sizes=(300, 1_000)),
    Kind(name="MAE, 20 unequal entities", metric="mae", draw=of_entities(20, _shifted_errors), margin=0.05, sizes=(300,)),
    Kind(name="MAE, 60 unequal entities", metric="mae", draw=of_entities(60, _shifted_errors), margin=0.05, sizes=(300, 1_000)),
    Kind(name="log loss, 20 unequal entities", metric="log_loss", draw=of_entities(20, _shifted_chances), margin=0.03, sizes=(300,)),
    Kind(name="log loss, 60 unequal entities", metric="log_loss", draw=of_entities(60, _shifted_chances), margin=0.03, sizes=(300, 1_000)),
    Kind(name="ROC AUC, 60 unequal entities", metric="roc_auc", draw=of_entities(60, _shifted_chances), margin=0.03, sizes=(300, 1_000)),
)  # fmt: skip


def true_values(kind: Kind, harm: float) -> tuple[float, float]:
    """Return the metric of candidate and champion in a very large sample, the same rows for any `harm`."""
    ours, theirs, _ = kind.draw(np.random.default_rng(1), POPULATION, harm)
    return metric_value(kind.metric, ours), metric_value(kind.metric, theirs)


@functools.cache
def harm_of_a_margin(kind: Kind) -> tuple[float, float]:
    """Return what makes the candidate worse by just the margin, and the true metric of the champion."""
    sign = 1 if greater_is_better(kind.metric) else -1
    harm, found = 0.1, [(0.0, -kind.margin)]
    for _ in range(_STEPS):
        ours, theirs = true_values(kind, harm)
        found.append((harm, sign * (theirs - ours) - kind.margin))
        (before, then), (last, now) = found[-2:]
        harm = last if now == then else last - now * (last - before) / (now - then)
    return harm, theirs


@functools.lru_cache(maxsize=2)
def _blocks(rows: int, resamples: int, seed: int) -> list[Floats]:
    return list(intervals.resample_counts(rows, resamples=resamples, seed=seed))


def _remembered(draw: Callable[..., Iterator[Floats]]) -> Callable[..., Iterator[Floats]]:
    """The resamples of so many rows are the same for any sample, because a seed fixes them: draw them once."""

    def counts(rows: int, *, resamples: int, seed: int, **groups: Any) -> Iterator[Floats]:
        if any(group is not None for group in groups.values()):
            return draw(rows, resamples=resamples, seed=seed, **groups)
        return iter(_blocks(rows, resamples, seed))

    return counts


@dataclass(kw_only=True, slots=True)
class Rates:
    """Counts of one line: samples, those with an interval, intervals that hold, harmful and equal models that pass."""

    samples: int = 0
    bounded: int = 0
    held: int = 0
    harmful: int = 0
    equal: int = 0


def simulate(kind: Kind, rows: int, *, samples: int, resamples: int) -> Rates:
    """Return how often the promises hold over so many samples."""
    with mock.patch.object(pairs, "resample_counts", _remembered(intervals.resample_counts)):
        return _simulate(kind, rows, samples, resamples)


def _simulate(kind: Kind, rows: int, samples: int, resamples: int) -> Rates:
    rates, (harm, true) = Rates(samples=samples), harm_of_a_margin(kind)
    for seed in range(samples):
        for is_harmful in (True, False):
            *sides, clusters = kind.draw(np.random.default_rng((rows, seed)), rows, harm if is_harmful else 0.0)
            found = paired_bootstrap([kind.metric], *sides, clusters=clusters, resamples=resamples).get(kind.metric)
            if found is None or found.champion is None:
                continue
            judged = judge_difference(found, maximize=greater_is_better(kind.metric), margin=kind.margin)
            passed = judged.standing in PASSES
            if is_harmful:
                rates.harmful += passed
                continue
            rates.equal += passed
            interval = found.champion_interval
            if interval is not None and interval.low is not None and interval.high is not None:
                rates.bounded += 1
                rates.held += interval.low <= true <= interval.high
    return rates


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}"


def lines(name: str, sizes: Sequence[int], *, samples: int, resamples: int) -> list[str]:
    """Return the lines of one kind, in Markdown."""
    (kind,) = [kind for kind in KINDS if kind.name == name]
    found = []
    for rows in [rows for rows in kind.sizes if rows in sizes]:
        rates = simulate(kind, rows, samples=samples, resamples=resamples)
        cells = (
            kind.name,
            f"{rows:,}",
            _percent(rates.held, rates.bounded) if 20 * rates.bounded >= samples else "-",
            _percent(rates.harmful, samples),
            _percent(rates.equal, samples),
            _percent(samples - rates.bounded, samples),
        )
        found.append(f"| {' | '.join(cells)} |")
    return found


def table(kinds: Sequence[Kind], sizes: Sequence[int], *, samples: int, resamples: int) -> Iterator[str]:
    """Yield the lines of the table, from as many processes as there are processors."""
    yield HEAD
    yield "|---|--:|--:|--:|--:|--:|"
    of_one = functools.partial(lines, sizes=sizes, samples=samples, resamples=resamples)
    with ProcessPoolExecutor() as processes:
        for found in processes.map(of_one, [kind.name for kind in kinds]):
            yield from found


def main() -> None:
    """Print the table for the asked sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100, help="samples of each line (100)")
    parser.add_argument("--resamples", type=int, default=400, help="resamples of each sample (400)")
    parser.add_argument("--rows", type=int, nargs="*", default=_TO_3000, help="sizes of a sample")
    parser.add_argument("--only", default="", help="only kinds whose name has this word in it")
    options = parser.parse_args()
    start = time.monotonic()
    kinds = [kind for kind in KINDS if options.only.lower() in kind.name.lower()]
    for each in table(kinds, options.rows, samples=options.samples, resamples=options.resamples):
        print(each, flush=True)
    print(f"\n{options.samples} samples a line, {options.resamples:,} resamples, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
