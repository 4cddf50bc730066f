"""Shapley values: what each input contributes to one answer, beside the mean answer. Reads no files.

Sampled by permutations as in Štrumbelj and Kononenko 2014 (Explaining prediction models and individual predictions with
feature contributions), each beside its reverse (Mitchell, Cooper, Frank and Holmes 2022, Sampling permutations for
Shapley value estimation). A row walks from a row of the background to itself, one input after the other, and each step
belongs to the input that changed. Every row of the background is walked from equally often, so the contributions add up
to the answer minus the mean answer exactly, whatever the sampling did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from mintmark.training.explaining.dependence import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mintmark.core.statistics.metrics import Codes, Floats
    from mintmark.training.explaining.dependence import Answers


class Contributions(NamedTuple):
    """Of one row: its answers and the mean ones, shape (outputs,), and those of each player, (players, outputs).

    `errors` are standard errors of the sampling, None where a single walk tells nothing of them.
    """

    answer: Floats
    base: Floats
    values: Floats
    errors: Floats | None


def contributions(
    row: pd.DataFrame, background: pd.DataFrame, players: Sequence[Sequence[str]], answers: Answers, *, seed: int
) -> Contributions:
    """Return what each player, a group of inputs that change together, contributes to the answers for one row.

    `row` has one row, with the columns of `background`; the players hold every column once.
    """
    walks = len(background)
    generator = np.random.RandomState(seed)
    orders = np.array([generator.permutation(len(players)) for _ in range(walks)])
    rows = pd.concat([background, row], ignore_index=True)
    starts, end = answers(background), answers(row)[0]
    steps = [_walk(rows, players, answers, way, starts, end) for way in (orders, orders[:, ::-1])]
    both = (steps[0] + steps[1]) / 2  # (walks, players, outputs)
    errors = both.std(axis=0, ddof=1) / np.sqrt(walks) if walks > 1 else None
    return Contributions(end, starts.mean(axis=0), both.mean(axis=0), errors)


def _walk(
    rows: pd.DataFrame, players: Sequence[Sequence[str]], answers: Answers, orders: Codes, starts: Floats, end: Floats
) -> Floats:
    """Return by how much the answers change with each player, for each walk; `orders` has a walk a row."""
    walks, count = orders.shape
    places = np.argsort(orders, axis=1)  # when each player changes
    path = [starts]
    batch = max(1, MOST_ROWS // walks)
    for first in range(1, count, batch):
        moments = np.arange(first, min(first + batch, count))
        taken = (places[None, :, :] < moments[:, None, None]).reshape(-1, count)
        path += list(answers(_mixed(rows, players, taken)).reshape(len(moments), walks, -1))
    path.append(np.broadcast_to(end, starts.shape))
    changes: Floats = np.diff(np.array(path), axis=0)[places, np.arange(walks)[:, None]]  # (walks, players, outputs)
    return changes


def _mixed(rows: pd.DataFrame, players: Sequence[Sequence[str]], taken: NDArray[np.bool_]) -> pd.DataFrame:
    """Return rows of the background, each with the values of the last row for the players that it has taken."""
    last = len(rows) - 1
    own = np.arange(len(taken)) % last
    parts = [
        rows[list(names)].iloc[np.where(taken[:, player], last, own)].reset_index(drop=True)
        for player, names in enumerate(players)
    ]
    return pd.concat(parts, axis=1)[list(rows.columns)]
