"""Pairs of predictions about the same rows, and what a comparison says of them."""

from __future__ import annotations

import numpy as np

from mintmark.core.statistics.differences import RESAMPLES, PairedResamples, paired_bootstrap
from mintmark.core.statistics.metrics import class_outcomes

PASSES = ("better", "no worse")


def classes(truth, prediction, probability=None):
    """Outcomes of two classes, 0 and 1."""
    table = None if probability is None else np.c_[1 - probability, probability]
    return class_outcomes(np.asarray(truth, dtype=int), np.asarray(prediction, dtype=int), table, [0, 1])


def scored(truth, seed, *, skill=1.5):
    generator = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-(skill * (2 * truth - 1) + generator.normal(0, 1.5, len(truth)))))
    return classes(truth, probability > 0.5, probability)


def made(gains, *, maximize=True, rows=100, level=0.5):
    """Resamples with these gains (NaN: not defined) around their mean."""
    gains = np.asarray(gains, dtype=float)
    sign = 1 if maximize else -1
    return PairedResamples(
        rows=rows,
        candidate=level + sign * float(np.nanmean(gains)),
        candidate_resamples=level + sign * gains,
        champion=level,
        champion_resamples=np.full(len(gains), level),
    )


PAIRS = 400
APART = 0.06  # of the rows, on which exactly one of the two models is right


def judged(rows, *, gain, seed, resamples=RESAMPLES):
    """The resampled accuracies of PAIRS pairs of models.

    The candidate's true accuracy is that of the champion plus `gain`, and exactly one is right on APART of the rows.
    """
    generator = np.random.default_rng(seed)
    truth = np.arange(rows) % 2
    found = []
    for _ in range(PAIRS):
        toss, both = generator.random(rows), generator.random(rows) < 0.9
        ours, theirs = toss < (APART + gain) / 2, toss > 1 - (APART - gain) / 2
        sides = (ours | (both & ~theirs), theirs | (both & ~ours))
        pair = [classes(truth, np.where(side, truth, 1 - truth)) for side in sides]
        found.append(paired_bootstrap(["accuracy"], *pair, resamples=resamples)["accuracy"])
    return found


def random_pair(seed, rows):
    generator = np.random.default_rng(seed)
    truth = np.r_[0, 1, generator.integers(0, 2, rows - 2)]
    return scored(truth, seed), scored(truth, seed + 1)
