"""Permutation importance: how much a metric loses when the values of one input are shuffled. Reads no files."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mintmark.core.statistics.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mintmark.core.statistics.metrics import Outcomes

_MOST_ROWS = 20_000  # that are predicted at once


def permutation_importance(
    inputs: pd.DataFrame,
    predict: Callable[[pd.DataFrame, int], Iterator[Outcomes]],
    score: Callable[[Outcomes], float],
    *,
    repeats: int,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Return by how much a score (more is better) drops when a column is shuffled: mean and deviation (Breiman 2001).

    A single shuffle has no deviation.

    `predict` takes several copies of the rows, one below the other, and how many those are, and yields the outcomes of
    each. Several threads call it, each for a column. The shuffles are those of scikit-learn's function of this name.
    """
    if repeats == 0:
        return {}
    column_seed = np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)
    whole = score(next(predict(inputs, 1)))

    def losses(position: int) -> np.ndarray:
        if inputs.iloc[:, position].nunique(dropna=False) <= 1:  # a shuffle changes nothing
            return np.zeros(repeats)
        orders = _orders(len(inputs), repeats, int(column_seed))
        return whole - np.array(list(_scores(inputs, position, orders, predict, score)))

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        lost = list(threads.map(losses, range(inputs.shape[1])))
    return {
        str(name): {
            "mean": rounded(float(each.mean())),
            **({"std": rounded(float(each.std()))} if repeats > 1 else {}),
        }
        for name, each in zip(inputs.columns, lost, strict=True)
    }


def _orders(rows: int, repeats: int, seed: int) -> list[np.ndarray]:
    """Return which row's value each row takes, for each repeat: every shuffle is one of the shuffle before."""
    generator, shuffle, order = np.random.RandomState(seed), np.arange(rows), np.arange(rows)
    orders = []
    for _ in range(repeats):
        generator.shuffle(shuffle)
        order = order[shuffle]
        orders.append(order)
    return orders


def _scores(
    inputs: pd.DataFrame,
    position: int,
    orders: list[np.ndarray],
    predict: Callable[[pd.DataFrame, int], Iterator[Outcomes]],
    score: Callable[[Outcomes], float],
) -> Iterator[float]:
    copies = max(1, _MOST_ROWS // len(inputs))
    name, values = inputs.columns[position], inputs.iloc[:, position]
    for start in range(0, len(orders), copies):
        some = orders[start : start + copies]
        shuffled = pd.concat([inputs] * len(some), ignore_index=True)
        shuffled[name] = pd.concat([values.iloc[order] for order in some], ignore_index=True)
        yield from map(score, predict(shuffled, len(some)))
