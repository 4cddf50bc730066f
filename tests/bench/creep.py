"""Simulate creep: proposals that are each half a margin worse than the champion of their day, with and without anchor.

`python tests/bench/creep.py --runs 100` prints by how many points of accuracy the last champion is truly worse than
the first one, on average over the runs, and how many of 100 proposals pass that are as good as the champion.

A candidate that passes becomes the champion. The rows stay the same all along, and the verdicts are those of a review:
each row is right or wrong, two models are compared on all 3,000 rows, and the margin is one point. The first champion
is right on 90 rows of 100. A candidate and its champion differ in being right on 6 of 100. Nothing but chance says
which rows these are, and there are four ways to say how (`WORLDS`):

- changed: a candidate is its champion with other answers to some rows. Each row that the champion has right is lost
  with one chance, and each that it has wrong is won with another. The chances follow from the true accuracies, so that
  luck on these rows does not last: a champion that was lucky here has more to lose here.
- trained: each version is a training of its own. Rows are easy or hard for all versions alike, and the rest is chance.
  The versions are not related otherwise.
- lasting: as "changed", but the chances follow from how many of these very rows the champion has right. So luck on
  these rows lasts for ever. No real rows do that; it is the worst that can happen.
- apart: as "lasting", but a row changes once, as long as there are others. So what a version differs in from the first
  adds up, and so does its uncertainty. That is what sums of independent losses give.

Three rules for the anchor are compared (`RULES`): that of a review, the same at half the chance of a miss, and that of
a review with a measured loss of half a margin at most besides.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mintmark.core.statistics.differences import SEED, PairedResamples, judge_difference
from mintmark.core.statistics.scores import tango_bounds

if TYPE_CHECKING:
    from mintmark.core.statistics.results import PairedDifference

    Right = NDArray[np.bool_]
    Make = Callable[[Right, float], Right]  # champion and its true accuracy -> a candidate that is worse by the harm

ROWS, PROPOSALS, MARGIN = 3_000, 20, 0.01
ACCURACY, DIFFERING = 0.9, 0.06
_KINDS = ((True, True), (True, False), (False, True), (False, False))  # who has a row right: candidate, champion
_SHARED = 0.952  # of a row's score, what all versions share: two with 90% then differ in being right on 6 of 100


def _changed(random: np.random.Generator, rows: int, harm: float) -> tuple[Right, Make]:
    def make(champion: Right, accuracy: float) -> Right:
        return _flipped(champion, np.where(champion, accuracy, 1 - accuracy), harm, random)

    return random.random(rows) < ACCURACY, make


def _lasting(random: np.random.Generator, rows: int, harm: float) -> tuple[Right, Make]:
    def make(champion: Right, _: float) -> Right:
        return _flipped(champion, np.where(champion, champion.mean(), 1 - champion.mean()), harm, random)

    return random.random(rows) < ACCURACY, make


def _apart(random: np.random.Generator, rows: int, harm: float) -> tuple[Right, Make]:
    first = random.random(rows) < ACCURACY

    def make(champion: Right, _: float) -> Right:
        left = champion == first
        if (left & ~champion).mean() < DIFFERING:  # nearly all that were wrong have changed: begin again
            left = np.ones(rows, dtype=bool)
        shares = np.where(champion, (left & champion).mean(), (left & ~champion).mean())
        return _flipped(champion, np.where(left, shares, np.inf), harm, random)

    return first, make


def _flipped(champion: Right, shares: NDArray[np.float64], harm: float, random: np.random.Generator) -> Right:
    """Return other answers to some rows; `shares` has for each how many rows may change as it may."""
    lost, won = (DIFFERING + harm) / 2, (DIFFERING - harm) / 2
    chance = np.where(champion, lost, won) / shares
    return np.asarray(champion ^ (random.random(len(champion)) < chance))


def _trained(random: np.random.Generator, rows: int, harm: float) -> tuple[Right, Make]:
    ease = random.normal(0, 1, rows)

    def train(accuracy: float) -> Right:
        score = _SHARED * ease + math.sqrt(1 - _SHARED**2) * random.normal(0, 1, rows)
        return np.asarray(score < NormalDist().inv_cdf(accuracy))

    return train(ACCURACY), lambda _, accuracy: train(accuracy - harm)


WORLDS = {"changed": _changed, "trained": _trained, "apart": _apart, "lasting": _lasting}


def _no_worse(found: PairedDifference) -> bool:
    return found.standing in ("better", "no worse")


RULES: dict[str, Callable[[PairedDifference], bool]] = {
    "without": lambda _: True,
    "with it": _no_worse,
    "at half the level": lambda found: found.low is not None and found.low >= -MARGIN,
    "and half the margin": lambda found: _no_worse(found) and found.value >= -MARGIN / 2,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """What a chain of proposals came to: the true loss of the last champion, and how many passed."""

    loss: float
    passed: int


def chain(
    random: np.random.Generator, *, world: str, rule: str, harm: float, rows: int = ROWS, resamples: int = 1_000
) -> Chain:
    """Propose again and again what is worse than the champion of the day by `harm`, and see how far that leads."""
    first, make = WORLDS[world](random, rows, harm)
    champion, passed = first, 0
    for _ in range(PROPOSALS):
        candidate = make(champion, ACCURACY - passed * harm)
        if not _no_worse(_judge(candidate, champion, resamples)):
            continue
        if rule == "without" or champion is first or RULES[rule](_judge(candidate, first, resamples)):
            champion, passed = candidate, passed + 1
    return Chain(loss=passed * harm, passed=passed)


def _judge(candidate: Right, champion: Right, resamples: int) -> PairedDifference:
    """Return the verdict of a review, from the four kinds of rows that there are; its intervals are left out."""
    counts = [int(((candidate == ours) & (champion == theirs)).sum()) for ours, theirs in _KINDS]
    drawn = np.random.default_rng(SEED).multinomial(len(champion), np.array(counts) / len(champion), size=resamples)
    ours, theirs = (drawn @ np.array(_KINDS, dtype=np.float64)).T
    pair = PairedResamples(
        rows=len(champion),
        candidate=float(candidate.mean()),
        candidate_resamples=ours / len(champion),
        champion=float(champion.mean()),
        champion_resamples=theirs / len(champion),
        bounds=lambda level: tango_bounds(counts[1], counts[2], len(champion), level),
    )
    return judge_difference(pair, maximize=True, margin=MARGIN)


def losses(runs: int, *, world: str, rule: str, rows: int = ROWS, seed: int = 12) -> float:
    """Return the mean loss over some runs in which each proposal is half a margin worse."""
    random = np.random.default_rng(seed)
    return float(np.mean([chain(random, world=world, rule=rule, harm=MARGIN / 2, rows=rows).loss for _ in range(runs)]))


def equal_passes(runs: int, *, world: str, rule: str, rows: int = ROWS, seed: int = 12) -> float:
    """Return the share of proposals that pass where each is as good as the champion of its day."""
    random = np.random.default_rng(seed)
    passed = [chain(random, world=world, rule=rule, harm=0.0, rows=rows).passed for _ in range(runs)]
    return float(np.mean(passed)) / PROPOSALS


def main() -> None:
    """Print the two tables of docs/explanation/judging.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    for title, measured in (("points lost", losses), ("equal ones that pass", equal_passes)):
        print(f"| {title} | {' | '.join(RULES)} |\n|---|{'--:|' * len(RULES)}")
        for world in WORLDS:
            cells = [measured(asked.runs, world=world, rule=rule, rows=asked.rows) for rule in RULES]
            shown = [f"{100 * cell:.2f}" if measured is losses else f"{100 * cell:.0f}" for cell in cells]
            print(f"| {world} | {' | '.join(shown)} |", flush=True)
        print()
    print(f"{PROPOSALS} proposals, {asked.rows:,} rows, {asked.runs} runs")


if __name__ == "__main__":
    main()
