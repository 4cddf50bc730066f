"""Simulate creep: proposals that are each half a margin worse than the champion of their day, with and without anchor.

`python tests/bench/creep.py --runs 200` prints by how many points of accuracy the last champion is truly worse than
the first one, on average. A candidate that passes becomes the champion. The rows stay the same all along, and the
verdicts are those of a review.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from mintmark.core.statistics.differences import judge_difference, paired_bootstrap
from mintmark.core.statistics.metrics import Outcomes, class_outcomes

ROWS, PROPOSALS, MARGIN = 3_000, 20, 0.01
ACCURACY, DIFFERING = 0.9, 0.06
Right = NDArray[np.bool_]


def creep(random: np.random.Generator, *, anchored: bool, rows: int = ROWS, resamples: int = 1_000) -> float:
    """Return by how much the last of the champions is truly worse than the first, in accuracy."""
    first: Right = random.random(rows) < ACCURACY
    champion, loss = first, 0.0
    for _ in range(PROPOSALS):
        candidate = _worse(champion, random)
        rivals = [champion, *([first] if anchored and champion is not first else [])]
        if all(_passes(candidate, rival, resamples) for rival in rivals):
            champion, loss = candidate, loss + MARGIN / 2
    return loss


def _worse(champion: Right, random: np.random.Generator) -> Right:
    """Return who is right where a share of the answers differ, so that half a margin is lost in expectation."""
    accuracy = champion.mean()
    lost, won = (DIFFERING + MARGIN / 2) / 2, (DIFFERING - MARGIN / 2) / 2
    chance = np.where(champion, lost / accuracy, won / (1 - accuracy))
    return np.asarray(champion ^ (random.random(len(champion)) < chance))


def _passes(candidate: Right, champion: Right, resamples: int) -> bool:
    pair = paired_bootstrap(["accuracy"], _outcomes(candidate), _outcomes(champion), resamples=resamples)
    found = judge_difference(pair["accuracy"], maximize=True, margin=MARGIN)
    return found.standing in ("better", "no worse")


def _outcomes(right: Right) -> Outcomes:
    truth = np.arange(len(right)) % 2
    return class_outcomes(truth, np.where(right, truth, 1 - truth), None, [0, 1])


def losses(runs: int, *, anchored: bool, rows: int = ROWS, seed: int = 12) -> float:
    """Return the mean loss over some runs."""
    random = np.random.default_rng(seed)
    return float(np.mean([creep(random, anchored=anchored, rows=rows) for _ in range(runs)]))


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    print(f"{PROPOSALS} proposals, each half a margin of {100 * MARGIN:g} points worse, on {asked.rows:,} rows:")
    for anchored in (False, True):
        points = 100 * losses(asked.runs, anchored=anchored, rows=asked.rows)
        print(f"  {'with' if anchored else 'without'} the anchor: {points:.2f} points down")


if __name__ == "__main__":
    main()
