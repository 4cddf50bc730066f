"""Simulate creep: proposals that are each half a margin worse than the champion of their day, with and without anchor.

`python tests/bench/creep.py --runs 100` prints by how many points of accuracy the last champion is truly worse than
the first one, on average over the runs.

A candidate that passes becomes the champion. The rows stay the same all along, and the verdicts are those of a review:
each row is right or wrong, two models are compared on all 3,000 rows, and the margin is one point. The first champion
is right on 90 rows of 100. A candidate and its champion differ in being right on 6 of 100. Nothing but chance says
which rows these are, and there are three ways to say how (`WORLDS`):

- changed: a candidate is its champion with other answers to some rows. Each row that the champion has right is lost
  with one chance, and each that it has wrong is won with another. The chances follow from the true accuracies, so that
  luck on these rows does not last: a champion that was lucky here has more to lose here.
- trained: each version is a training of its own. Rows are easy or hard for all versions alike, and the rest is chance.
  The versions are not related otherwise.
- lasting: as "changed", but the chances follow from how many of these very rows the champion has right. So luck on
  these rows lasts for ever. No real rows do that; it is the worst that can happen.
"""

from __future__ import annotations

import argparse
import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mintmark.core.statistics.differences import judge_difference, paired_bootstrap
from mintmark.core.statistics.metrics import Outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    Right = NDArray[np.bool_]
    Make = Callable[[Right, float], Right]  # champion and its true accuracy -> a candidate that is half a margin worse

ROWS, PROPOSALS, MARGIN = 3_000, 20, 0.01
ACCURACY, DIFFERING = 0.9, 0.06
_SHARED = 0.952  # of a row's score, what all versions share: two with 90% then differ in being right on 6 of 100


def _changed(random: np.random.Generator, rows: int) -> tuple[Right, Make]:
    return random.random(rows) < ACCURACY, lambda champion, accuracy: _flipped(champion, accuracy, random)


def _lasting(random: np.random.Generator, rows: int) -> tuple[Right, Make]:
    first = random.random(rows) < ACCURACY
    return first, lambda champion, _: _flipped(champion, float(champion.mean()), random)


def _flipped(champion: Right, accuracy: float, random: np.random.Generator) -> Right:
    lost, won = (DIFFERING + MARGIN / 2) / 2, (DIFFERING - MARGIN / 2) / 2
    chance = np.where(champion, lost / accuracy, won / (1 - accuracy))
    return np.asarray(champion ^ (random.random(len(champion)) < chance))


def _trained(random: np.random.Generator, rows: int) -> tuple[Right, Make]:
    ease = random.normal(0, 1, rows)

    def train(accuracy: float) -> Right:
        score = _SHARED * ease + math.sqrt(1 - _SHARED**2) * random.normal(0, 1, rows)
        return np.asarray(score < NormalDist().inv_cdf(accuracy))

    return train(ACCURACY), lambda _, accuracy: train(accuracy - MARGIN / 2)


WORLDS = {"changed": _changed, "trained": _trained, "lasting": _lasting}


def creep(
    random: np.random.Generator, *, world: str, anchored: bool, rows: int = ROWS, resamples: int = 1_000
) -> float:
    """Return by how much the last of the champions is truly worse than the first, in accuracy."""
    first, make = WORLDS[world](random, rows)
    champion, loss = first, 0.0
    for _ in range(PROPOSALS):
        candidate = make(champion, ACCURACY - loss)
        rivals = [champion, *([first] if anchored and champion is not first else [])]
        if all(_passes(candidate, rival, resamples) for rival in rivals):
            champion, loss = candidate, loss + MARGIN / 2
    return loss


def _passes(candidate: Right, champion: Right, resamples: int) -> bool:
    pair = paired_bootstrap(["accuracy"], _outcomes(candidate), _outcomes(champion), resamples=resamples)
    found = judge_difference(pair["accuracy"], maximize=True, margin=MARGIN)
    return found.standing in ("better", "no worse")


def _outcomes(right: Right) -> Outcomes:
    truth = (np.arange(len(right)) % 2).astype(np.float64)
    return Outcomes(truth=truth, prediction=np.where(right, truth, 1 - truth), classes=(0, 1), positive=1)


def losses(runs: int, *, world: str, anchored: bool, rows: int = ROWS, seed: int = 12) -> float:
    """Return the mean loss over some runs."""
    random = np.random.default_rng(seed)
    return float(np.mean([creep(random, world=world, anchored=anchored, rows=rows) for _ in range(runs)]))


def main() -> None:
    """Print the table of docs/explanation/judging.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    print("| the versions | without the anchor | with it |\n|---|--:|--:|")
    for world in WORLDS:
        free, held = (losses(asked.runs, world=world, anchored=held, rows=asked.rows) for held in (False, True))
        print(f"| {world} | {100 * free:.2f} | {100 * held:.2f} |", flush=True)
    print(f"\n{PROPOSALS} proposals, {asked.rows:,} rows, {asked.runs} runs")


if __name__ == "__main__":
    main()
