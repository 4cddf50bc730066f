"""Find the values at which a model's answer jumps, by halving, whatever kind of model it is. Pure.

A tree sends a row left or right of a threshold. A copy of the model that compares in 32 bits, where the model compares
in 64, sends rows beside it to other leaves, which no ordinary row shows.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from mintmark.core.conversion.probes import Edit, apply_edits, changed_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Ask = Callable[[pd.DataFrame], NDArray[np.float64]]

_GRID: Final = 12  # values of a column, between which jumps are looked for
_MOST: Final = 240  # jumps in all
_OF_A_COLUMN: Final = 8
_HALVINGS: Final = 80  # more than any two floats of one sign need
_SMOOTH: Final = 1e-6  # of an answer: what changes by less between two values does not jump


class _Jump(NamedTuple):
    """Two values of a column between which the answer changes, and the answers; `whole` where it has no fractions."""

    row: int
    column: int
    whole: bool
    low: float
    high: float
    below: NDArray[np.float64]
    above: NDArray[np.float64]

    @property
    def size(self) -> float:
        return float(np.abs(self.above - self.below).max())

    @property
    def half(self) -> float | None:
        """A value between both, None where no value of the column's type lies between them."""
        middle = (int(self.low) + int(self.high)) // 2 if self.whole else self.low + (self.high - self.low) / 2
        return None if middle in (self.low, self.high) else middle

    def narrowed(self, half: float, answer: NDArray[np.float64]) -> _Jump:
        """Return the half in which the answer changes more."""
        first = np.abs(answer - self.below).max() >= np.abs(self.above - answer).max()
        return self._replace(high=half, above=answer) if first else self._replace(low=half, below=answer)


def find_edges(ask: Ask, rows: pd.DataFrame, *, go_on: Callable[[], bool] = lambda: True) -> list[Edit]:
    """Return cells at, just below and just above the values at which the answer jumps, in 64 and in 32 bits.

    `ask` gives one row of numbers for each row, (n, k). `go_on` is asked between two halvings: where it says no, what
    was found so far counts.
    """
    jumps = _jumps(ask, rows)
    for _ in range(_HALVINGS):
        jumps = [jump for jump in jumps if jump.size > _SMOOTH]
        halves = [jump.half for jump in jumps]
        asked = [
            Edit(jump.row, jump.column, half) for jump, half in zip(jumps, halves, strict=True) if half is not None
        ]
        if not asked or not go_on():
            break
        answers = iter(ask(apply_edits(rows, asked)))
        jumps = [
            jump if half is None else jump.narrowed(half, next(answers))
            for jump, half in zip(jumps, halves, strict=True)
        ]
    return list(dict.fromkeys(Edit(jump.row, jump.column, value) for jump in jumps for value in _around(jump)))


def _jumps(ask: Ask, rows: pd.DataFrame) -> list[_Jump]:
    """Return the pairs of neighbouring values of a column between which the answer changes, largest changes first."""
    edits: list[Edit] = []
    for column in changed_columns(rows):
        grid = _grid(rows.iloc[:, column])
        edits += [Edit(row, column, value) for row in sorted({0, len(rows) // 2}) for value in grid]
    if not edits:
        return []
    answers = ask(apply_edits(rows, edits))
    whole = [getattr(kind, "kind", "") in ("i", "u") for kind in rows.dtypes]
    jumps = [
        _Jump(one.row, one.column, whole[one.column], one.value, other.value, answers[n], answers[n + 1])
        for n, (one, other) in enumerate(pairwise(edits))
        if one[:2] == other[:2]
    ]
    return list(_chosen(sorted(jumps, key=lambda jump: -jump.size)))


def _chosen(jumps: Sequence[_Jump]) -> Iterator[_Jump]:
    counts: Counter[int] = Counter()
    for jump in jumps:
        if counts[jump.column] < _OF_A_COLUMN and counts.total() < _MOST:
            counts[jump.column] += 1
            yield jump


def _grid(column: pd.Series) -> list[Any]:
    """Return some values that a column of numbers has, sorted; none of another column."""
    kind = column.dtype
    if not isinstance(kind, np.dtype) or kind.kind not in "fiu":
        return []
    values = np.unique(column.to_numpy())
    values = values[np.isfinite(values)]
    if not len(values):
        return []
    chosen = np.unique(np.linspace(0, len(values) - 1, _GRID).round().astype(int))
    grid: list[Any] = values[chosen].tolist()
    return grid


def _around(jump: _Jump) -> Iterator[float]:
    for value in (jump.low, jump.high):
        yield value
        if jump.whole:
            continue
        short = np.float32(value)
        yield from (math.nextafter(value, -math.inf), math.nextafter(value, math.inf))
        around = (short, np.nextafter(short, np.float32(-np.inf)), np.nextafter(short, np.float32(np.inf)))
        yield from (float(each) for each in around if np.isfinite(each))
